"""The record behind "why was I billed this?": everything known of one appointment, gathered for `domain.explanation`.

Read-only: what is due is shown as settled, by a desk that writes nothing. Entries are found through their sources
(accruals, disputes, documents), which are indexed. Tells a reader the names of his own people alone; the other side
is a party.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, select

from ledger.domain.calendar import Period
from ledger.domain.explanation import Billed, Explanation, Happened, Posted, Proof, Record, Said, explain
from ledger.domain.journal import EntryKind
from ledger.domain.lifecycle import Event, EventKind, Party
from ledger.services import cases, private
from ledger.services.access import Principal, visible
from ledger.services.cases import Case
from ledger.services.desk import Desk
from ledger.store import tables as t
from ledger.store.lookups import line_of_accrual

DEBIT = t.account.alias("debit")
CREDIT = t.account.alias("credit")
SHOWN = ("id", "number", "kind", "period", "run_period", "issued_at")
ON_PAPER = (EntryKind.INVOICE.value, EntryKind.CREDIT_NOTE.value)


@dataclass(frozen=True, slots=True)
class Who:
    """Who acted. `name` is None for the other side's people and for what happens by rule."""

    party: Party
    organisation: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Explained:
    """The appointment as it stands (what is due settled), its explanation, and who the actors are."""

    case: Case
    explanation: Explanation
    people: Mapping[str, Who]


def of_appointment(
    connection: Connection, appointment_id: UUID, principal: Principal, now: datetime
) -> Explained | None:
    """The explanation, or None where there is no such appointment to see."""
    found = cases.load(connection, and_(t.appointment.c.id == appointment_id, visible(principal, t.appointment)))
    if not found:
        return None
    case = found[0]
    desk = Desk(connection, now, preview=True)
    desk.take(found)
    if case.state.next_due_at is not None and case.state.next_due_at <= now:
        desk.settle(now, agreement_id=case.pinned.agreement_id)
    events = [*_events(connection, case), *(Happened(event, None) for who, event in desk.foreseen if who == case.id)]
    accruals = _accruals(connection, case)
    record = Record(
        definition=case.pinned.definition,
        agreement=case.pinned.agreement,
        claimed=_claimed(connection, case),
        events=events,
        evidence=_evidence(connection, case),
        messages=_messages(connection, case),
        entries=_entries(connection, case, events, [row["id"] for row in accruals]),
        lines=_lines(connection, accruals),
    )
    explanation = explain(record)
    actors = {step.actor for step in explanation.steps}
    return Explained(case, explanation, _people(connection, actors, principal))


def _events(connection: Connection, case: Case) -> list[Happened]:
    event = t.appointment_event.c
    query = select(t.appointment_event).where(event.appointment_id == case.id).order_by(event.number)
    key = private.key_of(connection, case.id)
    return [
        Happened(
            Event(EventKind(row.kind), row.effective_at, row.actor, private.opened_payload(key, row.kind, row.payload)),
            row.recorded_at,
        )
        for row in connection.execute(query)
    ]


def _claimed(connection: Connection, case: Case) -> Mapping[str, Any]:
    """The facts as the supplier stated them; nothing once the person is erased."""
    prospect = t.prospect.c
    query = select(prospect.facts).where(prospect.appointment_id == case.id)
    return connection.execute(query).scalar_one_or_none() or {}


def _evidence(connection: Connection, case: Case) -> list[Proof]:
    item = t.evidence_item.c
    query = select(item.id, item.kind, item.grade, item.party, item.actor, item.received_at)
    rows = connection.execute(query.where(item.appointment_id == case.id).order_by(item.id))
    return [Proof(row.id, row.kind, row.grade, Party(row.party), row.actor, row.received_at) for row in rows]


def _messages(connection: Connection, case: Case) -> list[Said]:
    message = t.dispute_message.c
    query = (
        select(message.party, message.actor, message.body, message.sent_at)
        .join(t.dispute, t.dispute.c.id == message.dispute_id)
        .where(t.dispute.c.appointment_id == case.id)
        .order_by(message.id)
    )
    key = private.key_of(connection, case.id)
    return [
        Said(Party(row.party), row.actor, private.opened_text(key, row.body) or "", row.sent_at)
        for row in connection.execute(query)
    ]


def _accruals(connection: Connection, case: Case) -> Sequence[RowMapping]:
    """The appointment's accruals, each with the line it is on, if any."""
    accrual, line = t.accrual.c, t.document_line.c
    query = (
        select(accrual.id, line.document_id, line.number, line.amount)
        .outerjoin(t.document_line, line_of_accrual())
        .where(accrual.appointment_id == case.id)
        .order_by(accrual.effective_at, accrual.id)
    )
    return connection.execute(query).mappings().all()


def _entries(
    connection: Connection, case: Case, events: Sequence[Happened], accrual_ids: Sequence[UUID]
) -> list[Posted]:
    """Those of the appointment; a promise that comes back is posted under the other appointment's dispute."""
    disputes = {UUID(each.event.payload["dispute"]) for each in events if "dispute" in each.event.payload}
    sources = [*accrual_ids, *disputes]
    found = _posted(connection, and_(t.entry.c.source_id.in_(sources), t.entry.c.appointment_id == case.id))
    return [entry for _, entry in found]


def _lines(connection: Connection, accruals: Sequence[RowMapping]) -> list[Billed]:
    on_paper = [row for row in accruals if row["document_id"] is not None]
    ids = [row["document_id"] for row in on_paper]
    if not ids:
        return []
    document, original = t.document.c, t.document.alias("original")
    query = (
        select(*(document[name] for name in SHOWN), original.c.number.label("corrects"))
        .outerjoin(original, original.c.id == document.corrects_id)
        .where(document.id.in_(ids))
    )
    documents = {row["id"]: row for row in connection.execute(query).mappings()}
    entry = t.entry.c
    entries = dict(_posted(connection, and_(entry.source_id.in_(ids), entry.kind.in_(ON_PAPER))))
    return [_billed(row, documents[row["document_id"]], entries.get(row["document_id"])) for row in on_paper]


def _billed(line: RowMapping, document: RowMapping, entry: Posted | None) -> Billed:
    return Billed(
        document_id=document["id"],
        number=document["number"],
        kind=document["kind"],
        period=Period.from_number(document["run_period"] or document["period"]),
        line=line["number"],
        amount=line["amount"],
        issued_at=document["issued_at"],
        corrects=document["corrects"],
        entry=entry,
    )


def _posted(connection: Connection, condition: ColumnElement[bool]) -> list[tuple[UUID, Posted]]:
    """The entries with their transfers, each after its source, in the order in which they were made."""
    entry, transfer = t.entry.c, t.transfer.c
    query = (
        select(
            *(entry.id, entry.kind, entry.source_id, entry.effective_at, entry.recorded_at),
            *(transfer.amount, DEBIT.c.kind.label("debit"), CREDIT.c.kind.label("credit")),
        )
        .join(t.transfer, transfer.entry_id == entry.id)
        .join(DEBIT, DEBIT.c.id == transfer.debit_id)
        .join(CREDIT, CREDIT.c.id == transfer.credit_id)
        .where(condition)
        .order_by(entry.id, transfer.number)
    )
    grouped: dict[UUID, list[RowMapping]] = {}
    for row in connection.execute(query).mappings():
        grouped.setdefault(row["id"], []).append(row)
    return [(rows[0]["source_id"], _entry(rows)) for rows in grouped.values()]


def _entry(rows: Sequence[RowMapping]) -> Posted:
    first = rows[0]
    transfers = tuple((row["debit"], row["credit"], row["amount"]) for row in rows)
    kind = EntryKind(first["kind"])
    return Posted(first["id"], kind, first["effective_at"], first["recorded_at"], transfers)


def _people(connection: Connection, actors: Iterable[str], principal: Principal) -> dict[str, Who]:
    """What a reader may know of those who acted; actors that are neither a person nor a key are left out."""
    found: dict[str, Who] = {}
    for mark, table in (("user", t.user_account), ("key", t.api_key)):
        ids = [UUID(actor.partition(":")[2]) for actor in actors if actor.startswith(f"{mark}:")]
        query = (
            select(table.c.id, table.c.name, table.c.organisation_id, t.organisation.c.slug, t.organisation.c.kind)
            .outerjoin(t.organisation, t.organisation.c.id == table.c.organisation_id)
            .where(table.c.id.in_(ids))
        )
        for row in connection.execute(query) if ids else ():
            known = principal.is_operator or row.organisation_id == principal.organisation_id
            party = Party.OPERATOR if row.kind is None else Party(row.kind)
            found[f"{mark}:{row.id}"] = Who(party, row.slug, row.name if known else None)
    return found
