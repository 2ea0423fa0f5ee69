"""Voiding a document: a credit note over all that is left of it, and a re-issue by the terms that count now.

Owns the order: what is left is given back and becomes owed once more, the note takes the one, a new document that names
the old one takes the other, in one transaction. Done once: a second void gives the same two. The old document never
changes. Refuses where the re-issue could not be issued now, so that nothing is left without its document.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select

from invoices import giving_back, groups, lines
from invoices.credit_notes import issue_credit_note, reference
from invoices.document import Document
from invoices.giving_back import Given
from invoices.groups import Group
from invoices.issuing import Draft, issue
from invoices.line_digest import written
from ledger.domain.calendar import Period
from ledger.domain.errors import IllegalMove, Refused, Violation
from ledger.domain.terms import BillingMode
from ledger.services import chain, contracts
from ledger.services.desk import Desk
from ledger.store import tables as t
from ledger.store.types import new_id


@dataclass(frozen=True, slots=True)
class Voided:
    """The credit note and the re-issue of a voided document."""

    credit_note_id: UUID
    reissue_id: UUID


def void(connection: Connection, document_id: UUID, *, reason: str | None = None, actor: str, now: datetime) -> Voided:
    """Voids the document, or tells what voided it before; who did, and why, is on record.

    Raises `Unknown`, `IllegalMove` or `Refused`.
    """
    row = giving_back.original(connection, document_id)
    if row.kind == "credit_note":
        raise IllegalMove("a credit note is not voided; what it gave back can be charged again", code="not_voidable")
    before = _before(connection, document_id)
    if before is not None:
        return before
    agreement_ids = giving_back.agreements_of(connection, document_id)
    desk = Desk(connection, now)
    desk.lock(agreement_ids)
    left = [(each, each.left) for each in giving_back.charged_lines(connection, document_id).values() if each.left]
    if not left:
        raise IllegalMove("everything on the document was given back already", code="credited")
    group = _group(connection, agreement_ids, now)
    zones = {terms.agreement_id: terms.definition.time_zone for terms in group.agreements}
    given = giving_back.give_back(connection, desk.postings, left, zones, now)
    owed = giving_back.charge_again(connection, desk.postings, left, zones, now)
    desk.flush()
    head = chain.head(connection)
    note = issue_credit_note(
        connection,
        document_id,
        given.condition(),
        Period.of(now, row.content["time_zone"]),
        once_per_run=None,
        run_id=None,
        chain_head=head,
        now=now,
    )
    assert note is not None, "there are credits to take"
    done = Voided(note.id, _reissue(connection, row, group, owed, head, now))
    parties = {"buyer_id": group.buyer_id, "supplier_id": group.supplier_id}
    record = {"document_id": document_id, **parties, "reason": reason, "recorded_at": now, "actor": actor}
    connection.execute(insert(t.document_void), record)
    return done


def _before(connection: Connection, document_id: UUID) -> Voided | None:
    document = t.document.c
    again = connection.execute(select(document.id).where(document.replaces_id == document_id)).scalar_one_or_none()
    if again is None:
        return None
    notes = select(document.id).where(document.corrects_id == document_id, document.id < again)
    note: UUID = connection.execute(notes.order_by(document.id.desc()).limit(1)).scalar_one()
    return Voided(note, again)


def _group(connection: Connection, agreement_ids: list[UUID], now: datetime) -> Group:
    """The group by the terms now. Raises `Refused` where there is more than one, or where it would be parked."""
    in_force = contracts.in_force(connection, now)
    found = groups.group(in_force[each] for each in agreement_ids if each in in_force)
    if len(found) != 1:
        detail = "its agreements are billed by different terms now; credit it and let the next run charge"
        raise Refused.by("billing", "terms_differ", detail)
    group = found[0]
    _, _, reasons = groups.standing(connection, group, now)
    if reasons:
        raise Refused([Violation("billing", reason.code, reason.detail) for reason in reasons])
    return group


def _reissue(
    connection: Connection, row: Any, group: Group, owed: Given, chain_head: str | None, now: datetime
) -> UUID:
    original, document_id = Document.from_json(row.content), new_id()
    parties = groups.organisations(connection, (group.supplier_id, group.buyer_id))
    charges = group.charges_until(now + timedelta(microseconds=1))
    lines.take_charges(connection, document_id, charges, between=(owed.first, owed.last))
    taken = written(connection, document_id)
    draft = Draft(
        id=document_id,
        kind="statement" if group.mode is BillingMode.STATEMENT else "invoice",
        mode=group.mode,
        period=Period.from_number(row.period),
        supplier_id=group.supplier_id,
        buyer_id=group.buyer_id,
        supplier=groups.printed_party(parties[group.supplier_id].party, untaxed=group.untaxed),
        buyer=groups.printed_party(parties[group.buyer_id].party, untaxed=group.untaxed),
        currency=group.currency,
        payment_days=group.payment_days,
        taxes=group.tax_table(taken.nets),
        lines=taken,
        once_per_run=None,
        run_id=None,
        chain_head=chain_head,
        replaces=reference(original),
        accept_by=group.accept_by(now),
    )
    return issue(connection, [draft], now)[0].id
