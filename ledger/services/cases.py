"""An appointment in hand: its pinned terms, its state, and how both stand in the table.

Owns the mapping between `ledger.domain.lifecycle.Appointment` and the appointment row, in both directions, so that
a column is named in one place.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from ledger.domain.lifecycle import Appointment, CriterionFinding, Finding, Schedule, Slot, Verdict
from ledger.domain.outcome import disqualified
from ledger.domain.terms import Outcome
from ledger.services import contracts
from ledger.services.contracts import Pinned
from ledger.store import tables as t

DEADLINES = (
    "findings_at",
    "rebooking_at",
    "contest_at",
    "clawback_at",
    "reply_at",
    "decision_at",
    "replacement_at",
)
PLAIN = (
    "minutes",
    "verdict_by",
    "verdict_at",
    "share",
    "position",
    "price",
    "amount",
    "held",
    "credited",
    "reschedules",
    "rebookings",
    "counted_start",
    *DEADLINES,
    "replaces_id",
    "replaced_by_id",
    "version",
)
"""Columns that hold a field of the state as it is."""
_PLAIN_OF = attrgetter(*PLAIN)

_PINNED = ("agreement_id", "agreement_version", "definition_id", "definition_version")
_READ = (
    *_PINNED,
    "id",
    "reference",
    "channel",
    "source",
    "created_at",
    "submitted_at",
    "slots",
    "claims",
    "criteria",
    "schedule",
    "attendance",
    "verdict",
    "outcome",
    "dispute",
    "decided",
    *PLAIN,
)
"""The columns that make a case; the others repeat what these or the pinned terms say."""
_LOADED = select(*(t.appointment.c[name] for name in _READ))

IN_CHUNKS = 500
"""How many ids one statement names at the most."""


@dataclass(slots=True)
class Case:
    """One appointment of a unit of work. `stored` is the version that the table has, `loaded` the state, `created_at`
    when it was first written (0 and None where it is not there yet)."""

    id: UUID
    pinned: Pinned
    reference: str
    state: Appointment
    stored: int
    loaded: Appointment | None = None
    channel: str | None = None
    source: str | None = None
    created_at: datetime | None = None


def _case(row: Row[Any], pinned: Pinned) -> Case:
    columns: dict[str, Any] = dict(zip(_READ, row, strict=True))
    outcome = columns["outcome"]
    state = Appointment(
        submitted_at=columns["submitted_at"],
        slots=tuple(
            Slot(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in columns["slots"]
        ),
        claims=columns["claims"],
        criteria={name: CriterionFinding(value) for name, value in columns["criteria"].items()},
        schedule=Schedule(columns["schedule"]),
        attendance=Finding(columns["attendance"]),
        verdict=Verdict(columns["verdict"]),
        outcome=None if outcome is None else Outcome(outcome),
        dispute=columns["dispute"],
        decided=tuple(columns["decided"]),
        **{name: columns[name] for name in PLAIN},
    )
    return Case(
        columns["id"],
        pinned,
        columns["reference"],
        state,
        columns["version"],
        state,
        columns["channel"],
        columns["source"],
        columns["created_at"],
    )


def is_qualified(case: Case) -> bool:
    """No required criterion is refuted."""
    return not disqualified(case.pinned.definition, case.state.criteria)


def changing(case: Case) -> dict[str, Any]:
    """The columns that a move may change."""
    row: dict[str, Any] = dict(zip(PLAIN, _PLAIN_OF(case.state), strict=True))
    row["next_due_at"] = case.state.next_due_at
    for written in _WRITTEN.values():
        row.update(written(case))
    return row


def changed(case: Case) -> dict[str, Any]:
    """The columns that moves have changed since the table had it; what is as it was need not be written again."""
    state, before = case.state, case.loaded
    if before is None:
        return changing(case)
    plain = zip(PLAIN, _PLAIN_OF(state), _PLAIN_OF(before), strict=True)
    row: dict[str, Any] = {name: new for name, new, old in plain if new != old}
    if state.next_due_at != before.next_due_at:
        row["next_due_at"] = state.next_due_at
    for name, written in _WRITTEN.items():
        if getattr(state, name) != getattr(before, name):
            row.update(written(case))
    return row


def _slots(case: Case) -> dict[str, Any]:
    slots, last = case.state.slots, case.state.slot
    instants = [[s.starts_at.astimezone(UTC).isoformat(), s.ends_at.astimezone(UTC).isoformat()] for s in slots]
    return {"slots": instants, "starts_at": last.starts_at, "ends_at": last.ends_at}


def _criteria(case: Case) -> dict[str, Any]:
    return {"criteria": dict(case.state.criteria), "qualified": is_qualified(case)}


def _dispute(case: Case) -> dict[str, Any]:
    return {"dispute": None if case.state.dispute is None else dict(case.state.dispute)}


_WRITTEN: Mapping[str, Callable[[Case], dict[str, Any]]] = {
    "slots": _slots,
    "criteria": _criteria,
    "schedule": lambda case: {"schedule": case.state.schedule.value},
    "attendance": lambda case: {"attendance": case.state.attendance.value},
    "verdict": lambda case: {"verdict": case.state.verdict.value},
    "outcome": lambda case: {"outcome": None if case.state.outcome is None else case.state.outcome.value},
    "dispute": _dispute,
    "decided": lambda case: {"decided": list(case.state.decided)},
}
"""For each other field of the state: the columns that it is written to."""


def whole(case: Case, created_at: datetime) -> dict[str, Any]:
    """The whole row of a new appointment."""
    pinned = case.pinned
    row = changing(case)
    row.update(
        id=case.id,
        buyer_id=pinned.buyer_id,
        supplier_id=pinned.supplier_id,
        definition_id=pinned.definition_id,
        definition_version=pinned.definition_version,
        agreement_id=pinned.agreement_id,
        agreement_version=pinned.agreement_version,
        reference=case.reference,
        channel=case.channel,
        source=case.source,
        submitted_at=case.state.submitted_at,
        created_at=created_at,
        claims=case.state.claims,
        currency=pinned.definition.currency,
    )
    return row


def load(connection: Connection, condition: Any, *, newest: int | None = None) -> list[Case]:
    """The appointments that satisfy the condition, each with its pinned terms; with `newest` so many, newest first."""
    query = _LOADED.where(condition)
    if newest is not None:
        query = query.order_by(t.appointment.c.id.desc()).limit(newest)
    rows = connection.execute(query).all()
    return [_case(row, contracts.pinned(connection, *row[: len(_PINNED)])) for row in rows]


def load_many(connection: Connection, ids: Iterable[UUID]) -> list[Case]:
    wanted = list(ids)
    found: list[Case] = []
    for start in range(0, len(wanted), IN_CHUNKS):
        found += load(connection, t.appointment.c.id.in_(wanted[start : start + IN_CHUNKS]))
    return found
