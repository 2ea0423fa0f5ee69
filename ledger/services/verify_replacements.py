"""Checks of replacements: what keeps a promise is worth nothing, and every promise is kept once, by the next in time.

Owns what can be told only of two appointments together. That a promise has its decision, and what keeps it its
verdict, is told by the events, which `verify_appointments` replays.
"""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Row, and_, or_, select

from ledger.domain import replacements
from ledger.domain.lifecycle import Event, EventKind, apply
from ledger.domain.terms import Outcome
from ledger.services.verify import Fault, Look, Sweep
from ledger.store import tables as t

WORTH, PAIRS, ORDER = "replacements worth nothing", "promises and replacements", "promises kept in order"
appointment, event = t.appointment.c, t.appointment_event.c
PROMISING: Final = (EventKind.DISPUTE_DECIDED.value, EventKind.REPLACEMENT_REVIVED.value)


def _where(row: Any) -> str:
    return f"appointment {row.id} ({row.reference})"


def worth(look: Look) -> Iterator[Fault]:
    """Replacements that are paid for, or were not attended."""
    wrong = or_(appointment.amount != 0, appointment.outcome.is_distinct_from(Outcome.ATTENDED.value))
    query = select(t.appointment).where(appointment.replaces_id.is_not(None), wrong)
    for row in look.rows(query):
        yield Fault(WORTH, f"keeps a promise, but is {row.outcome} and worth {row.amount}", _where(row))


def pairs(look: Look) -> Iterator[Fault]:
    """Replacements and what they replace that do not name each other, or are of different agreements."""
    other = t.appointment.alias("other")
    for mine, theirs, named in (
        (appointment.replaces_id, other.c.replaced_by_id, "replaces"),
        (appointment.replaced_by_id, other.c.replaces_id, "is replaced by"),
    ):
        query = (
            select(appointment.id, appointment.reference, mine.label("named"))
            .join_from(
                t.appointment,
                other,
                and_(other.c.id == mine, other.c.agreement_id == appointment.agreement_id, theirs == appointment.id),
                isouter=True,
            )
            .where(mine.is_not(None), other.c.id.is_(None))
        )
        for row in look.rows(query):
            yield Fault(PAIRS, f"{named} {row.named}, which says otherwise", _where(row))


def order(look: Look) -> Iterator[Fault]:
    """Appointments that became attended while an open promise waited for one, and were paid for."""
    promised = look.connection.execute(select(t.appointment).where(appointment.replacement_at.is_not(None))).all()
    for promise in promised:
        made = look.connection.execute(
            select(event.effective_at, event.recorded_at)
            .where(event.appointment_id == promise.id, event.kind.in_(PROMISING))
            .order_by(event.number.desc())
            .limit(1)
        ).one()
        passed = select(t.appointment).where(
            appointment.agreement_id == promise.agreement_id,
            appointment.outcome == Outcome.ATTENDED.value,
            appointment.verdict_at >= made.effective_at,
            appointment.replaces_id.is_(None),
            appointment.id != promise.id,
        )
        for row in look.connection.execute(passed).all():
            if any(made.effective_at <= e.effective_at < promise.replacement_at for e in _attended(look, row, made)):
                yield Fault(ORDER, f"was attended while a replacement was owed for {promise.id}", _where(row))


def _attended(look: Look, row: Row[Any], made: Any) -> Iterator[Event]:
    """The events since the promise with which the appointment became attended.

    Which of two events came first that took effect and were recorded in one instant, nothing tells.
    """
    events = select(t.appointment_event).where(event.appointment_id == row.id).order_by(event.number)
    state = None
    for each in look.connection.execute(events).all():
        happened = Event(EventKind(each.kind), each.effective_at, each.actor, each.payload)
        at_once = (each.recorded_at, each.effective_at) == (made.recorded_at, made.effective_at)
        before = at_once or each.recorded_at < made.recorded_at
        if state is not None and not before and replacements.becomes_attended(state, happened):
            yield happened
        state = apply(state, happened)


SWEEPS = (Sweep((WORTH,), worth), Sweep((PAIRS,), pairs), Sweep((ORDER,), order))
