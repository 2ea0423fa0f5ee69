"""An appointment in hand: its pinned terms, its state, and how both stand in the table.

Owns the mapping between `ledger.domain.lifecycle.Appointment` and the appointment row, in both directions, so that
a column is named in one place.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
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

_CRITERIA = {each.value: each for each in CriterionFinding}
_SCHEDULES = {each.value: each for each in Schedule}
_FINDINGS = {each.value: each for each in Finding}
_VERDICTS = {each.value: each for each in Verdict}
_OUTCOMES: dict[str | None, Outcome | None] = {None: None, **{each.value: each for each in Outcome}}
"""What stands in a column, as the domain names it: looked up, since a page of many asks so often."""

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
    identity, reference, channel, source, created_at, *said = row[len(_PINNED) :]
    submitted_at, slots, claims, criteria, schedule, attendance, verdict, outcome, dispute, decided, *plain = said
    state = Appointment(
        submitted_at=submitted_at,
        slots=tuple([Slot(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in slots]),
        claims=claims,
        criteria={name: _CRITERIA[value] for name, value in criteria.items()},
        schedule=_SCHEDULES[schedule],
        attendance=_FINDINGS[attendance],
        verdict=_VERDICTS[verdict],
        outcome=_OUTCOMES[outcome],
        dispute=dispute,
        decided=tuple(decided),
        **dict(zip(PLAIN, plain, strict=True)),
    )
    return Case(identity, pinned, reference, state, state.version, state, channel, source, created_at)


def is_qualified(case: Case) -> bool:
    """No required criterion is refuted."""
    return not disqualified(case.pinned.definition, case.state.criteria)


def changing(case: Case) -> dict[str, Any]:
    """The columns that a move may change."""
    return {column: values[0] for column, values in _changing([case]).items()}


def _changing(many: Sequence[Case]) -> dict[str, Sequence[Any]]:
    """The same of many appointments, column by column."""
    states = [case.state for case in many]
    columns: dict[str, Sequence[Any]] = dict(zip(PLAIN, zip(*map(_PLAIN_OF, states), strict=True), strict=True))
    columns["next_due_at"] = [state.next_due_at for state in states]
    for written in _WRITTEN.values():
        columns.update({column: list(map(of, many)) for column, of in written.items()})
    return columns


def changed(case: Case) -> dict[str, Any]:
    """The columns that moves have changed since the table had it; what is as it was need not be written again."""
    state, before = case.state, case.loaded
    if before is None:
        return changing(case)
    row: dict[str, Any] = {}
    for name, new, old in zip(Appointment._fields, state, before, strict=True):
        if new is old or new == old:
            continue
        if name in _WRITTEN:
            row.update({column: of(case) for column, of in _WRITTEN[name].items()})
        else:
            row[name] = new
    if state.next_due_at != before.next_due_at:
        row["next_due_at"] = state.next_due_at
    return row


def _slots(case: Case) -> list[list[str]]:
    return [[s.starts_at.astimezone(UTC).isoformat(), s.ends_at.astimezone(UTC).isoformat()] for s in case.state.slots]


_WRITTEN: Mapping[str, Mapping[str, Callable[[Case], Any]]] = {
    "slots": {
        "slots": _slots,
        "starts_at": lambda case: case.state.slots[-1].starts_at,
        "ends_at": lambda case: case.state.slots[-1].ends_at,
    },
    "criteria": {"criteria": lambda case: dict(case.state.criteria), "qualified": is_qualified},
    "schedule": {"schedule": lambda case: case.state.schedule.value},
    "attendance": {"attendance": lambda case: case.state.attendance.value},
    "verdict": {"verdict": lambda case: case.state.verdict.value},
    "outcome": {"outcome": lambda case: None if case.state.outcome is None else case.state.outcome.value},
    "dispute": {"dispute": lambda case: None if case.state.dispute is None else dict(case.state.dispute)},
    "decided": {"decided": lambda case: list(case.state.decided)},
}
"""For each other field of the state: the columns that it is written to."""


def whole(created: Sequence[Case], created_at: datetime) -> dict[str, Sequence[Any]]:
    """The whole rows of new appointments, column by column."""
    terms = [case.pinned for case in created]
    return _changing(created) | {
        **{name: list(map(attrgetter(name), terms)) for name in ("buyer_id", "supplier_id", *_PINNED)},
        **{name: list(map(attrgetter(name), created)) for name in ("id", "reference", "channel", "source")},
        "submitted_at": [case.state.submitted_at for case in created],
        "claims": [case.state.claims for case in created],
        "currency": [pinned.definition.currency for pinned in terms],
        "created_at": [created_at] * len(created),
    }


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
