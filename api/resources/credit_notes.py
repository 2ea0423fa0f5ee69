"""`/v1/credit-notes`: credits outside a dispute, with four eyes above the operator's limit.

Finance asks for them; what is above the limit waits until somebody else of finance approves. What a dispute gives back
comes by itself, with the billing run.
"""

from uuid import UUID

from sqlalchemy import true

from api.auth import ADMIN, FINANCE, PARTIES, visible
from api.endpoints import Resource
from api.schemas import payments as schemas
from api.units import Answer, Command, Query, settings, with_id
from invoices import credits_by_hand
from invoices.credits_by_hand import Wanted
from ledger.reports import credits as report
from ledger.services import access
from ledger.store import tables as t

blueprint = Resource("credit-notes", description="Credits outside a dispute: asked for, approved, issued.")

READERS = {ADMIN, FINANCE, *PARTIES}


@blueprint.command("/credit-notes", roles={FINANCE}, takes=schemas.CreditBody, answers=schemas.CreditByHand, status=201)
def create_credit_note(command: Command) -> Answer:
    """Credit lines of an invoice, or all that is left of it. Above the limit it waits for somebody else's approval."""
    body, connection = command.body, command.connection
    request_id = credits_by_hand.ask(
        connection,
        body["invoice"],
        None if body["lines"] is None else [Wanted(**each) for each in body["lines"]],
        body["reason"],
        limit=settings().credit_limit,
        person=access.person(connection, command.principal),
        now=command.now,
    )
    return Answer(report.one(connection, request_id, true()), headers=with_id("/v1/credit-notes", request_id))


@blueprint.listing("/credit-notes", roles=READERS, item=schemas.CreditByHand, arguments=schemas.CreditFilters)
def list_credit_notes(query: Query) -> Answer:
    """List credits outside disputes, newest first; a party sees those that are issued."""
    sees = visible(query.principal, t.credit_request)
    if not query.principal.is_operator:
        sees &= report.in_state(report.ISSUED)
    if "state" in query.arguments:
        sees &= report.in_state(query.arguments["state"])
    return query.page(report.credits_by_hand().where(sees), [t.credit_request.c.id], report.as_json)


@blueprint.query("/credit-notes/<uuid:credit_id>", roles={ADMIN, FINANCE}, answers=schemas.CreditByHand)
def show_credit_note(query: Query, credit_id: UUID) -> Answer:
    """Show one credit: what was asked for, by whom, and the note that it became."""
    return Answer(report.one(query.connection, credit_id, true()))


@blueprint.command("/credit-notes/<uuid:credit_id>/approve", roles={FINANCE}, answers=schemas.CreditByHand)
def approve_credit_note(command: Command, credit_id: UUID) -> Answer:
    """Approve a credit that somebody else asked for; the note is issued with it."""
    person = access.person(command.connection, command.principal)
    credits_by_hand.approve(command.connection, credit_id, person=person, now=command.now)
    return Answer(report.one(command.connection, credit_id, true()))
