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

from sqlalchemy import Connection, Result, select

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
_OWN = ("id", "reference", "channel", "source", "created_at")
_READ = (*_PINNED, *_OWN, *Appointment._fields)
"""The columns that make a case; the others repeat what these or the pinned terms say."""
LOADED = select(*(t.appointment.c[name] for name in _READ))

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


def _slots_of(written: Iterable[tuple[str, str]]) -> tuple[Slot, ...]:
    return tuple([Slot(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in written])


_CRITERIA = {each.value: each for each in CriterionFinding}
_OUTCOMES: dict[str | None, Outcome | None] = {None: None, **{each.value: each for each in Outcome}}
_AS_NAMED: Mapping[str, Callable[[Any], Any]] = {
    "slots": _slots_of,
    "criteria": lambda found: {name: _CRITERIA[value] for name, value in found.items()},
    "schedule": {each.value: each for each in Schedule}.__getitem__,
    "attendance": {each.value: each for each in Finding}.__getitem__,
    "verdict": {each.value: each for each in Verdict}.__getitem__,
    "outcome": _OUTCOMES.__getitem__,
    "decided": tuple,
}
"""What stands in a column, as the domain names it: enums are looked up, since a page of many asks so often."""


def of(connection: Connection, read: Mapping[str, Sequence[Any]]) -> list[Case]:
    """What the columns of `LOADED` hold, whatever was read beside them."""
    if not read:
        return []
    columns = {**read, **{name: map(named, read[name]) for name, named in _AS_NAMED.items()}}
    states = map(Appointment._make, zip(*map(columns.__getitem__, Appointment._fields), strict=True))
    pinned = list[Pinned]()
    before: Sequence[Any] = ()
    for key in zip(*map(read.__getitem__, _PINNED), strict=True):
        pinned.append(pinned[-1] if key == before else contracts.pinned(connection, *key))
        before = key
    own = zip(*map(read.__getitem__, _OWN), strict=True)
    return [
        Case(identity, terms, reference, state, state.version, state, channel, source, created_at)
        for (identity, reference, channel, source, created_at), terms, state in zip(own, pinned, states, strict=True)
    ]


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


def load(connection: Connection, condition: Any) -> list[Case]:
    """The appointments that satisfy the condition, each with its pinned terms."""
    return of(connection, by_column(connection.execute(LOADED.where(condition))))


def by_column(found: Result[Any]) -> dict[str, Sequence[Any]]:
    """What a statement found, by the names of its columns; nothing where there are no rows."""
    names, rows = found.keys(), found.all()
    return dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}


def load_many(connection: Connection, ids: Iterable[UUID]) -> list[Case]:
    wanted = list(ids)
    found: list[Case] = []
    for start in range(0, len(wanted), IN_CHUNKS):
        found += load(connection, t.appointment.c.id.in_(wanted[start : start + IN_CHUNKS]))
    return found
