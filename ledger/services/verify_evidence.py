"""Checks of what evidence did: it spoke for the silent as it shows, and opened the dispute that it had to.

Looks only at appointments with independent evidence (grade A). What came when decides, as it did then.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select

from ledger.domain import attendance
from ledger.domain.attendance import PROOF, Reading
from ledger.domain.lifecycle import Appointment, Event, EventKind, Finding, Verdict, apply
from ledger.domain.terms import Definition, Silence
from ledger.services import cases, readings
from ledger.services.verify import UNREADABLE, Fault, Look, Sweep
from ledger.store import tables as t

SPOKEN, OPENED = "evidence for the silent", "contradictions disputed"
evidence, happened = t.evidence_item.c, t.appointment_event.c
FEW: Final = 200
"""Appointments that are in memory at a time, with their events and evidence."""


def effects(look: Look) -> Iterator[Fault]:
    """Appointments on which independent evidence did not have the effect that it must have."""
    after: UUID | None = None
    while True:
        query = select(evidence.appointment_id).where(evidence.grade == PROOF).distinct()
        if after is not None:
            query = query.where(evidence.appointment_id > after)
        found = list(look.connection.execute(query.order_by(evidence.appointment_id).limit(FEW)).scalars())
        if not found:
            return
        after = found[-1]
        yield from _portion(look, found)


def _portion(look: Look, ids: list[UUID]) -> Iterator[Fault]:
    said = readings.gather(look.connection, ids)
    events: dict[UUID, list[Row[Any]]] = {}
    query = select(t.appointment_event).where(happened.appointment_id.in_(ids))
    for row in look.connection.execute(query.order_by(happened.appointment_id, happened.number)):
        events.setdefault(row.appointment_id, []).append(row)
    for case in cases.load_many(look.connection, ids):
        where = f"appointment {case.id} ({case.reference})"
        with suppress(*UNREADABLE):  # events that cannot be read are told by `verify_appointments`
            yield from _told(case.pinned.definition, events.get(case.id, []), said.get(case.id, []), where)


def _told(definition: Definition, events: list[Row[Any]], said: list[Reading], where: str) -> Iterator[Fault]:
    state: Appointment | None = None
    for row in events:
        event = Event(EventKind(row.kind), row.effective_at, row.actor, row.payload)
        speaks = definition.verification.silence is Silence.EVIDENCE_THEN_ACCEPT
        if state is not None and event.kind is EventKind.DEEMED and speaks:
            before = [reading for reading in said if reading.received_at < event.effective_at]
            proven = attendance.proven(definition, state.slot, before, event.effective_at)
            means = Finding.ATTENDED if proven is None else proven.attendance
            if event.payload["attendance"] != means:
                yield Fault(SPOKEN, f"silence meant {event.payload['attendance']}, the evidence shows {means}", where)
        state = apply(state, event)
    if state is not None and state.verdict is Verdict.GIVEN and not _was_disputed(events):
        yield from _undisputed(definition, state, said, where)


def _was_disputed(events: list[Row[Any]]) -> bool:
    """Whether a dispute followed the last finding, even one that was withdrawn."""
    turns = [row.kind for row in events if row.kind in (EventKind.FOUND, EventKind.DISPUTE_OPENED)]
    return bool(turns) and turns[-1] == EventKind.DISPUTE_OPENED


def _undisputed(definition: Definition, state: Appointment, said: list[Reading], where: str) -> Iterator[Fault]:
    """A finding that stands against what had come when it could still be contested."""
    assert state.verdict_at is not None, "a verdict was given at some time"
    closes = state.contest_at or state.verdict_at
    came = [r.received_at for r in said if r.grade == PROOF and state.verdict_at < r.received_at < closes]
    at = max(came, default=state.verdict_at)
    shown = attendance.shown(definition, state.slot, [each for each in said if each.received_at <= at], at)
    if attendance.contradiction(definition, state, shown) is not None:
        assert shown is not None
        yield Fault(OPENED, f"found {state.attendance}, the evidence shows {shown.attendance}: no dispute", where)


SWEEPS = (Sweep((SPOKEN, OPENED), effects),)
