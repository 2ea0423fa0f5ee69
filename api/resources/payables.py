"""`/v1/bank-statements`, `/v1/payment-files` and finance's reports: what is open, paid, and about to end."""

from dataclasses import asdict
from uuid import UUID

from flask import Response
from sqlalchemy import select

from api import uploads
from api.auth import ADMIN, FINANCE, PARTIES, SUPPLIER, visible
from api.endpoints import Resource
from api.schemas import payables as schemas
from api.units import Answer, Command, Query, with_id
from invoices import bank_statements, matching, payment_files, reminders, remittance, setting_aside
from ledger.domain.errors import Malformed, Unknown
from ledger.reports import bank as lines
from ledger.reports import open_items
from ledger.services import parties
from ledger.store import tables as t

blueprint = Resource("payables", description="Payments in bulk: bank statements in, SEPA files out; what is open.")

MOST_BYTES = 128 * 1024 * 1024
ROLES = {FINANCE, ADMIN}
bank = t.bank_line.c


@blueprint.command(
    "/bank-statements",
    roles={FINANCE},
    takes=schemas.StatementBody,
    answers=schemas.StatementTaken,
    limit=MOST_BYTES,
    reads=uploads.json_or_form,
)
def take_bank_statement(command: Command) -> Answer:
    """Take a camt.053 or CSV statement in: what names an invoice and its open amount becomes its payment.

    A CSV has the columns booked_on (2026-12-01), amount (negative where money left the account), currency, reference;
    counterparty, iban and id, the bank's own, may follow. With semicolons between them, decimals may have a comma.
    """
    read = bank_statements.read(command.body["content"].content)
    taken = matching.take_in(command.connection, read, actor=command.principal.actor, now=command.now)
    return Answer(asdict(taken))


@blueprint.listing("/bank-lines", roles=ROLES, item=schemas.BankLine, arguments=schemas.BankLineFilters)
def list_bank_lines(query: Query) -> Answer:
    """List lines of bank statements, newest first; `matched=no&set_aside=no` are those that wait for a hand."""
    stored = (bank[name] for name in schemas.BankLine().fields if name != "set_aside")
    found = select(*stored, lines.reason().label("set_aside"))
    for name, has in (("matched", lines.MATCHED), ("set_aside", lines.is_aside())):
        if name in query.arguments:
            found = found.where(has if query.arguments[name] == "yes" else ~has)
    return query.page(found, [bank.id], dict)


@blueprint.command("/bank-lines/<uuid:line_id>/assign", roles={FINANCE}, takes=schemas.AssignBody, status=204)
def assign_bank_line(command: Command, line_id: UUID) -> Answer:
    """Say by hand which document an unmatched line pays, or whose payment it returns."""
    matching.assign(
        command.connection, line_id, command.body["invoice"], actor=command.principal.actor, now=command.now
    )
    return Answer()


@blueprint.command("/bank-lines/<uuid:line_id>/set-aside", roles={FINANCE}, takes=schemas.AsideBody, status=204)
def set_bank_line_aside(command: Command, line_id: UUID) -> Answer:
    """Set a line aside that concerns no document, with the reason. It waits no longer, until it is taken back."""
    actor = command.principal.actor
    setting_aside.set_aside(command.connection, line_id, command.body["reason"], actor=actor, now=command.now)
    return Answer()


@blueprint.command("/bank-lines/<uuid:line_id>/take-back", roles={FINANCE}, status=204)
def take_bank_line_back(command: Command, line_id: UUID) -> Answer:
    """Take back a line that was set aside: it waits again."""
    setting_aside.take_back(command.connection, line_id, actor=command.principal.actor, now=command.now)
    return Answer()


@blueprint.command(
    "/payment-files", roles={FINANCE}, takes=schemas.PaymentFileBody, answers=schemas.PaymentFile, status=201
)
def create_payment_file(command: Command) -> Answer:
    """Make a file of SEPA transfers over what a buyer owes by a day. A document is in one file, unless named again."""
    body = command.body
    buyer_id = parties.organisation(command.connection, body["buyer"])["id"]
    made = payment_files.make(
        command.connection,
        buyer_id,
        body["due_by"],
        body["pay_on"],
        again=body["again"],
        actor=command.principal.actor,
        now=command.now,
    )
    return Answer({**asdict(made), "currency": payment_files.EURO}, headers=with_id("/v1/payment-files", made.id))


@blueprint.listing("/payment-files", roles=ROLES, item=schemas.ListedPaymentFile)
def list_payment_files(query: Query) -> Answer:
    """List the files of SEPA transfers that were made, newest first."""
    return query.page(payment_files.files(), [t.payment_file.c.id], dict)


@blueprint.query("/payment-files/<uuid:file_id>/xml", roles=ROLES, media_type="application/xml")
def download_payment_file(query: Query, file_id: UUID) -> Response:
    """Download the file as the bank takes it (pain.001.001.03)."""
    response = Response(payment_files.content(query.connection, file_id), mimetype="application/xml")
    response.headers["Content-Disposition"] = f'attachment; filename="payments-{file_id}.xml"'
    return response


@blueprint.query(
    "/remittances",
    roles={*ROLES, *PARTIES},
    arguments=schemas.RemittanceQuery,
    media_type="application/pdf",
    finds=True,
)
def download_remittance(query: Query) -> Response:
    """Download the remittance advice: what a supplier was paid on one day, document by document."""
    asked = query.arguments
    found = remittance.find(query.connection, **asked, sees=visible(query.principal, t.payment))
    if found is None:
        raise Unknown("nothing was paid so on that day")
    response = Response(remittance.render(found), mimetype="application/pdf")
    name = f"remittance-{asked['supplier']}-{asked['paid_on']}.pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blueprint.query("/reports/ageing", roles={*ROLES, *PARTIES}, answers=schemas.Items)
def show_ageing(query: Query) -> Answer:
    """Show what is open by supplier, buyer and currency, and for how long it has been due."""
    sees = visible(query.principal, t.document)
    return Answer({"items": open_items.ageing(query.connection, sees, query.now)})


@blueprint.query(
    "/reports/statement-of-account",
    roles={*ROLES, SUPPLIER},
    answers=schemas.Items,
    arguments=schemas.AccountQuery,
    finds=True,
)
def show_statement_of_account(query: Query) -> Answer:
    """Show every movement of what is payable to a supplier, with the balance after each."""
    named, own, organisation = query.arguments["supplier"], query.principal.organisation_id, t.organisation.c
    if named is None and own is None:
        raise Malformed.at("supplier", "name the supplier")
    found = query.connection.execute(
        select(organisation.id).where(
            organisation.id == own if named is None else organisation.slug == named,
            organisation.kind == "supplier",
            visible(query.principal, t.organisation),
        )
    ).scalar_one_or_none()
    if found is None:
        raise Unknown("there is no such supplier")
    return Answer({"items": open_items.account(query.connection, found, visible(query.principal, t.entry))})


@blueprint.query("/reports/reminders", roles=ROLES, answers=schemas.Items)
def show_reminders(query: Query) -> Answer:
    """Show self-billing agreements that end within 30 days or have ended: at 30, 14, 7 and 1 days."""
    return Answer({"items": reminders.reminders(query.connection, query.now)})
