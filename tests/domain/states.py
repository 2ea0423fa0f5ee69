"""Appointments in the middle of their lives, for tests: made by events alone, so that none is impossible.

Owns one Tuesday's slot, the terms of `documents.py` parsed, and the shortest way to each state.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from ledger.domain import decisions
from ledger.domain.definition import parse_definition
from ledger.domain.lifecycle import Appointment, CriterionFinding, Event, Finding, Party, Slot, apply
from ledger.domain.outcome import Findings
from ledger.domain.terms import Definition
from tests.domain.documents import definition_document

Document = dict[str, Any]

MET: dict[str, bool | None] = {"size": True, "role": True, "owner": True}
SUBMITTED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
START = datetime(2026, 3, 10, 10, tzinfo=UTC)
END = START + timedelta(minutes=30)
SLOT = Slot(START, END)
TICK = timedelta(microseconds=1)

ATTENDED = Findings(Finding.ATTENDED)
NO_SHOW = Findings(Finding.PROSPECT_NO_SHOW)
REFUTED = CriterionFinding.REFUTED
CONFIRMED = CriterionFinding.CONFIRMED


def terms(change: Callable[[Document], object] | None = None, **clauses: Any) -> Definition:
    """The definition, with whole clauses replaced by name or anything else by `change`."""
    document = definition_document(**clauses)
    if change is not None:
        change(document)
    return parse_definition(document)


def slot_at(start: datetime, minutes: int = 30) -> Slot:
    return Slot(start, start + timedelta(minutes=minutes))


def booked(
    definition: Definition,
    slot: Slot = SLOT,
    *,
    claims: dict[str, bool | None] | None = None,
    submitted_at: datetime = SUBMITTED_AT,
) -> Appointment:
    event = decisions.submitted(definition, claims or MET, slot, submitted_at, "acme-calls", "sha256:00")
    return apply(None, event)


def found(definition: Definition, state: Appointment, findings: Findings, at: datetime, attempts: int = 9) -> Event:
    return decisions.found(definition, state, findings, at, "north-bank", attempts)


def missed(definition: Definition, at: datetime = END, findings: Findings = NO_SHOW) -> Appointment:
    """The prospect did not come, and the buyer said so."""
    state = booked(definition)
    return apply(state, found(definition, state, findings, at))


def rescheduled(
    definition: Definition, state: Appointment, slot: Slot, at: datetime, asked_by: Party = Party.SUPPLIER
) -> Event:
    return decisions.rescheduled(definition, state, slot, asked_by, Party.SUPPLIER, at, "acme-calls", "as agreed")


def rebooked(definition: Definition, slot: Slot, at: datetime) -> Appointment:
    """Missed, then rebooked to `slot`."""
    state = missed(definition)
    return apply(state, rescheduled(definition, state, slot, at))


def cancelled(
    definition: Definition, state: Appointment, by: Party, at: datetime, stated_by: Party | None = None
) -> Event:
    return decisions.cancelled(definition, state, by, stated_by or by, at, "somebody", "no time")


def settled(definition: Definition, state: Appointment, proven: Findings | None = None) -> Appointment:
    """After the next thing that happens by rule."""
    event = decisions.fallen_due(definition, state, proven)
    assert event is not None
    return apply(state, event)
