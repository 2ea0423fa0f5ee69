"""`/v1/agreements`: one buyer, one supplier, one definition; price, tax, payment and billing, by version.

The buyer (or an admin) proposes versions, each side accepts with a key of its own, either may end it for the future.
Nobody accepts for somebody else.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select

from api.auth import ADMIN, BUYER, FINANCE, PARTIES
from api.endpoints import Resource
from api.narrowing import narrowed
from api.resources.definitions import owner, terms_of
from api.schemas import agreements as schemas
from api.schemas import filters
from api.schemas import payments as money
from api.units import Answer, Command, Query, with_id
from invoices import payments
from ledger.domain.errors import Malformed, Refused
from ledger.services import agreement_reading as reading
from ledger.services import agreements, parties
from ledger.services.agreement_reading import AgreementView
from ledger.services.contracts import timelines
from ledger.store import tables as t

blueprint = Resource("agreements", description="What a supplier and a buyer agreed on: price, tax, payment, billing.")

WRITERS = {ADMIN, BUYER}
READERS = {ADMIN, *PARTIES}


@blueprint.command("/agreements", roles=WRITERS, takes=schemas.AgreementBody, answers=schemas.Agreement, status=201)
def create_agreement(command: Command) -> Answer:
    """Propose an agreement: version 1, which counts once both sides have accepted it.

    There is one agreement for a buyer, a supplier and a definition; a second one is a conflict that names the first.
    """
    named, document = terms_of(command.body, "supplier", "buyer")
    buyer_id, _ = owner(command.connection, command.principal, named["buyer"])
    if named["supplier"] is None:
        raise Malformed.at("/supplier", "Missing data for required field.")
    supplier_id = parties.supplier_named(command.connection, named["supplier"])
    agreement_id = agreements.create_agreement(
        command.connection, supplier_id, buyer_id, document, now=command.now, actor=command.principal.actor
    )
    return replace(_shown(command, agreement_id), headers=with_id("/v1/agreements", agreement_id))


@blueprint.listing("/agreements", roles=READERS, item=schemas.AgreementSummary, arguments=filters.AgreementFilters)
def list_agreements(query: Query) -> Answer:
    """List agreements, newest first, with the versions that count now."""
    column = t.agreement.c
    found = narrowed(
        reading.heads(query.principal),
        query.arguments,
        equal={"definition": t.definition.c.slug},
        parties={"supplier": column.supplier_id, "buyer": column.buyer_id},
    )
    page = query.page(found, [column.id], lambda row: row)
    rows: list[RowMapping] = page.body["items"]
    known = timelines(query.connection, [row["id"] for row in rows])
    items = [summary(row, reading.counting(known[row["id"]], query.now)) for row in rows]
    return replace(page, body={**page.body, "items": items})


@blueprint.query("/agreements/<uuid:agreement_id>", roles=READERS, answers=schemas.Agreement, versioned=True)
def show_agreement(query: Query, agreement_id: UUID) -> Answer:
    """Show an agreement: its versions, who accepted what, and what counts now."""
    return _shown(query, agreement_id)


@blueprint.command(
    "/agreements/<uuid:agreement_id>/versions",
    roles=WRITERS,
    takes=schemas.AgreementVersionBody,
    answers=schemas.Agreement,
    status=201,
)
def add_agreement_version(command: Command, agreement_id: UUID) -> Answer:
    """Propose the next version. Until both sides have accepted it, the last accepted one counts."""
    head = _held(command, agreement_id)
    named, document = terms_of(command.body, "supplier", "buyer")
    for party, slug in named.items():
        if slug not in (None, head[party]):
            raise Refused.by(party, f"{party}_changed", f"the agreement's {party} is {head[party]!r} and stays so")
    agreements.add_version(command.connection, agreement_id, document, now=command.now, actor=command.principal.actor)
    return _shown(command, agreement_id)


@blueprint.command(
    "/agreements/<uuid:agreement_id>/accept",
    roles=PARTIES,
    takes=schemas.AcceptanceBody,
    answers=schemas.Agreement,
)
def accept_agreement(command: Command, agreement_id: UUID) -> Answer:
    """Accept a version together with a definition version, for the side whose key it is.

    What is accepted is named by the hash of both. Once more changes nothing; an offer that a newer one has replaced
    is no longer open.
    """
    _held(command, agreement_id)
    party = command.principal.party
    assert party is not None, "the roles of this command are the parties'"
    agreements.accept(
        command.connection,
        agreement_id,
        command.body["version"],
        party,
        at=command.now,
        now=command.now,
        actor=command.principal.actor,
        definition_version=command.body["definition_version"],
    )
    return _shown(command, agreement_id)


@blueprint.command(
    "/agreements/<uuid:agreement_id>/end", roles=READERS, takes=schemas.EndBody, answers=schemas.Agreement
)
def end_agreement(command: Command, agreement_id: UUID) -> Answer:
    """End an agreement for the future. What was booked before is finished under it."""
    _held(command, agreement_id)
    agreements.end(command.connection, agreement_id, command.body["from"] or command.now, now=command.now)
    return _shown(command, agreement_id)


@blueprint.command(
    "/agreements/<uuid:agreement_id>/deposits",
    roles={FINANCE},
    takes=money.DepositBody,
    answers=money.DepositReceived,
    status=201,
)
def receive_deposit(command: Command, agreement_id: UUID) -> Answer:
    """Record a deposit that the supplier got as security. Invoices draw on it before anything is due."""
    deposit_id = payments.receive_deposit(
        command.connection, agreement_id, **command.body, actor=command.principal.actor, now=command.now
    )
    row = command.connection.execute(select(t.deposit).where(t.deposit.c.id == deposit_id)).one()
    pair = (row.supplier_id, row.buyer_id, row.currency)
    return Answer(
        {
            "id": row.id,
            "agreement": row.agreement_id,
            "amount": row.amount,
            "currency": row.currency,
            "received_on": row.received_on,
            "balance": payments.deposit_of(command.connection, pair),
        }
    )


def summary(head: Mapping[Any, Any], counts: tuple[int, int] | None) -> dict[str, Any]:
    """An agreement as a list shows it."""
    return {
        "id": head["id"],
        "supplier": head["supplier"],
        "buyer": head["buyer"],
        "definition": head["definition"],
        "counts": None if counts is None else {"version": counts[0], "definition_version": counts[1]},
        "ended_from": head["ended_from"],
        "created_at": head["created_at"],
    }


def rendered(view: AgreementView) -> dict[str, Any]:
    """An agreement whole."""
    versions = [
        {
            "version": version.number,
            "effective_from": version.effective_from,
            "hashes": [{"definition_version": number, "hash": value} for number, value in version.hashes.items()],
            "created_at": version.created_at,
            "document": version.document,
        }
        for version in view.versions
    ]
    acceptances = [
        {
            "party": row.party,
            "version": row.agreement_version,
            "definition_version": row.definition_version,
            "hash": row.hash,
            "accepted_at": row.accepted_at,
        }
        for row in view.acceptances
    ]
    return {**summary(view.head, view.counts), "versions": versions, "acceptances": acceptances}


def _shown(unit: Query | Command, agreement_id: UUID) -> Answer:
    view = reading.view(unit.connection, agreement_id, unit.principal, unit.now)
    return Answer(rendered(view), version=view.revision)


def _held(command: Command, agreement_id: UUID) -> RowMapping:
    """The agreement's head, if it is theirs and as `If-Match` says, held until the command is done."""
    head = reading.head(command.connection, agreement_id, command.principal)
    agreements.lock(command.connection, agreement_id)
    if command.expected_version is not None:
        view = reading.view(command.connection, agreement_id, command.principal, command.now)
        view.check_revision(command.expected_version)
    return head
