"""Disputes as people see them: those on record, with what is due as settled, and those that silence has opened since.

Silence that escalates opens its dispute at a deadline, whoever settles it when. Until then the row is foreseen, under
the id that it will have (`escalated_id`), and stands among the others. Nothing is written here.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Table, and_, case, or_, select, true

from ledger.domain.disputes import DisputeKind, escalated_at, escalated_id
from ledger.domain.lifecycle import EventKind, Verdict
from ledger.domain.terms import Silence
from ledger.services import cases, dispute_rows, private
from ledger.services.desk import Desk
from ledger.store import tables as t

AWAITS, WITH_ARBITER, CLOSED = "awaiting_reply", "with_arbiter", "closed"
Sees = Callable[[Table], ColumnElement[bool]]
"""From a table to the condition under which its rows are somebody's to see."""
Row = dict[str, Any]
dispute, appointment = t.dispute.c, t.appointment.c


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None means everything."""

    state: str | None = None
    kind: str | None = None
    appointment: UUID | None = None


def page(
    connection: Connection, sees: Sees, filters: Filters, now: datetime, *, limit: int, after: UUID | None = None
) -> tuple[list[Row], UUID | None]:
    """Up to `limit` disputes older than `after`, newest first, and the id to go on after (None: no more)."""
    items: list[Row] = []
    foreseen = _foreseen(connection, sees, filters, now)
    while True:
        stored = _stored(connection, and_(sees(t.dispute), _condition(filters, now, after)), limit)
        oldest = stored[-1]["id"] if len(stored) == limit else None
        between = [each for each in foreseen if _lies_between(each, after, oldest)][: limit + 1]
        rows = as_settled(connection, stored, [foreseen[each] for each in between], now)
        items += [row for row in rows if filters.state in (None, row["state"])]
        if len(items) > limit:
            return items[:limit], items[limit - 1]["id"]
        if oldest is None:
            return items, None
        after = oldest


def one(connection: Connection, dispute_id: UUID, sees: Sees, now: datetime) -> Row | None:
    """The dispute, or None where there is none to see."""
    stored = _stored(connection, and_(dispute.id == dispute_id, sees(t.dispute)), 1)
    foreseen = [] if stored else [opened_by_silence(connection, dispute_id, sees, now)]
    rows = as_settled(connection, stored, [each for each in foreseen if each is not None], now)
    return rows[0] if rows else None


def open_ones(
    connection: Connection, sees: Sees, now: datetime, limit: int, *, owing: Collection[str] = ()
) -> list[Row]:
    """First what waits for a reply of a kind in `owing`; then what waits for the arbiter, the earliest clock first."""
    owed = and_(dispute.reply_at > now, dispute.kind.in_(owing))
    due = or_(dispute.state == WITH_ARBITER, dispute.reply_at <= now)
    order = (case((owed, 0), (due, 1), else_=2), dispute.decision_at, dispute.reply_at, dispute.id)
    query = select(t.dispute).where(dispute.state != CLOSED, sees(t.dispute)).order_by(*order).limit(limit)
    stored = [dict(row) for row in connection.execute(query).mappings()]
    foreseen = _foreseen(connection, sees, Filters(), now)
    rows = as_settled(connection, stored, list(foreseen.values())[-limit:], now)

    def urgency(row: Row) -> tuple[Any, ...]:
        waits = row["state"] == AWAITS
        at = row["reply_at"] if waits else row["decision_at"]
        return not (waits and row["kind"] in owing), waits, at is None, at, row["id"]

    return sorted((row for row in rows if row["state"] != CLOSED), key=urgency)[:limit]


def opened_by_silence(connection: Connection, dispute_id: UUID, sees: Sees, now: datetime) -> UUID | None:
    """The appointment whose unsettled silence opens the dispute of this id."""
    try:
        begins, ends = escalated_at(dispute_id)
    except OverflowError:  # no instant of ours: an id that was made up
        return None
    found = _escalating(connection, sees, now, and_(appointment.findings_at >= begins, appointment.findings_at < ends))
    return found.get(dispute_id)


def as_settled(connection: Connection, stored: list[Row], silent: Iterable[UUID], now: datetime) -> list[Row]:
    """The rows with what is due as settled, and those that the silence on appointments opens; newest first."""
    rows = {row["id"]: row for row in stored}
    due = {row["appointment_id"] for row in stored if row["reply_at"] is not None and row["reply_at"] <= now}
    desk = Desk(connection, now, preview=True)
    desk.take(cases.load_many(connection, sorted(due | set(silent))))
    desk.settle(now)
    for appointment_id, event in desk.foreseen:
        if event.kind is EventKind.DISPUTE_OPENED:
            opened = dispute_rows.opened(desk.cases[appointment_id], event)
            rows[opened["id"]] = opened
        elif moved := dispute_rows.moved(event):
            rows[UUID(event.payload["dispute"])] |= moved
    keys = private.keys_of(connection, {row["appointment_id"] for row in rows.values() if row["decision_reason"]})
    for row in rows.values():
        row["decision_reason"] = private.opened_text(keys.get(row["appointment_id"]), row["decision_reason"])
    return [rows[each] for each in sorted(rows, reverse=True)]


def _stored(connection: Connection, condition: ColumnElement[bool], limit: int) -> list[Row]:
    query = select(t.dispute).where(condition).order_by(dispute.id.desc()).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def _condition(filters: Filters, now: datetime, after: UUID | None) -> ColumnElement[bool]:
    """What every row on the list satisfies; what else it lets through is sorted out once it is settled."""
    conditions: list[ColumnElement[bool]] = [true()]
    if after is not None:
        conditions.append(dispute.id < after)
    if filters.state is not None:
        conditions.append(or_(dispute.state == filters.state, and_(dispute.state == AWAITS, dispute.reply_at <= now)))
    if filters.kind is not None:
        conditions.append(dispute.kind == filters.kind)
    if filters.appointment is not None:
        conditions.append(dispute.appointment_id == filters.appointment)
    return and_(*conditions)


def _lies_between(dispute_id: UUID, after: UUID | None, oldest: UUID | None) -> bool:
    return (after is None or dispute_id < after) and (oldest is None or dispute_id > oldest)


def _foreseen(connection: Connection, sees: Sees, filters: Filters, now: datetime) -> dict[UUID, UUID]:
    """The disputes that unsettled silence has opened, newest first, each with its appointment."""
    if filters.kind not in (None, DisputeKind.ESCALATED_SILENCE) or filters.state not in (None, WITH_ARBITER):
        return {}
    condition = true() if filters.appointment is None else appointment.id == filters.appointment
    found = _escalating(connection, sees, now, condition)
    return {each: found[each] for each in sorted(found, reverse=True)}


def _escalating(connection: Connection, sees: Sees, now: datetime, condition: ColumnElement[bool]) -> dict[UUID, UUID]:
    """Goes by the agreements whose terms escalate, so that each one's due appointments are found by their index."""
    version, agreement = t.definition_version.c, t.agreement.c
    escalates = version.document["verification"]["silence"].as_string() == Silence.ESCALATE.value
    versions = select(version.definition_id, version.number).where(escalates)
    terms = {(row.definition_id, row.number) for row in connection.execute(versions)}
    concerned = agreement.definition_id.in_({definition_id for definition_id, _ in terms})
    agreements = connection.execute(select(agreement.id).where(sees(t.agreement), concerned)).scalars().all()
    found: dict[UUID, UUID] = {}
    for start in range(0, len(agreements), cases.IN_CHUNKS):
        query = select(
            appointment.id, appointment.findings_at, appointment.definition_id, appointment.definition_version
        ).where(
            appointment.agreement_id.in_(agreements[start : start + cases.IN_CHUNKS]),
            appointment.next_due_at <= now,
            appointment.verdict == Verdict.PENDING.value,
            condition,
        )
        for row in connection.execute(query):
            if (row.definition_id, row.definition_version) in terms:
                found[escalated_id(row.id, row.findings_at)] = row.id
    return found
