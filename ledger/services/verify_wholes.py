"""Appointments whole, for verification: each row with its events, accruals, lines and prospect.

Owns the reading in portions of identifiers, so that memory stays flat however long the record is. What belongs to no
appointment that is there comes along with its portion and is told.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, Table, and_, select, true

from ledger.domain.lifecycle import Appointment, Event, EventKind, apply
from ledger.services.verify import PORTION, UNREADABLE, Fault, Look, explained
from ledger.store import tables as t
from ledger.store.lookups import line_of_accrual

STRAY: Final = "nothing without its appointment"
NONE: Final[tuple[Any, ...]] = ()
PERSONAL: Final = (
    "name",
    "email",
    "phone",
    "company_name",
    "company_domain",
    "company_number",
    "region",
    "facts",
    "consent",
    "lead_created_at",
)
"""What the commitment in the first event covers."""


@dataclass(frozen=True)
class Whole:
    """One appointment with all that is on record about it. `accruals` have `line_amount` (None: on no document)."""

    row: Row[Any]
    events: tuple[Row[Any], ...]
    accruals: tuple[Row[Any], ...]
    prospect: Row[Any] | None

    @property
    def where(self) -> str:
        return f"appointment {self.row.id} ({self.row.reference})"

    @cached_property
    def moves(self) -> "Moves":
        """What the events do, one after the other, as far as they can be made."""
        made: list[tuple[Appointment | None, Event]] = []
        state: Appointment | None = None
        for row in self.events:
            try:
                event = Event(EventKind(row.kind), row.effective_at, row.actor, row.payload)
                after = apply(state, event)
            except UNREADABLE as error:
                return Moves(made, None, f"event {row.number} cannot be: {explained(error)}")
            made.append((state, event))
            state = after
        return Moves(made, state, None if made else "has no events")


@dataclass(frozen=True, slots=True)
class Moves:
    """Each event with the state before it, and the state in the end; `broken` says why there is none."""

    made: list[tuple[Appointment | None, Event]]
    state: Appointment | None
    broken: str | None


def wholes(look: Look) -> Iterator[Whole | Fault]:
    """Every appointment by its identifier."""
    appointment, after = t.appointment.c, None
    while True:
        query = select(t.appointment).order_by(appointment.id).limit(PORTION)
        rows = look.connection.execute(query if after is None else query.where(appointment.id > after)).all()
        until = rows[-1].id if len(rows) == PORTION else None
        events = _belonging(look, _EVENTS, t.appointment_event, after, until)
        accruals = _belonging(look, _ACCRUALS, t.accrual, after, until)
        prospects = _belonging(look, _PROSPECTS, t.prospect, after, until)
        for row in rows:
            person = prospects.pop(row.id, NONE)
            yield Whole(row, events.pop(row.id, NONE), accruals.pop(row.id, NONE), person[0] if person else None)
        for what, left in (("events", events), ("accruals", accruals), ("a prospect", prospects)):
            for identity in left:
                yield Fault(STRAY, f"{what} of an appointment that is not there", f"appointment {identity}")
        if until is None:
            return
        after = until


event, accrual, prospect = t.appointment_event.c, t.accrual.c, t.prospect.c
_EVENTS: Final = select(
    event.appointment_id, event.number, event.kind, event.effective_at, event.actor, event.payload
).order_by(event.appointment_id, event.number)
_PROSPECTS: Final = select(
    prospect.appointment_id, *(prospect[name] for name in PERSONAL), prospect.salt, prospect.erased_at
).order_by(prospect.appointment_id)
_ACCRUALS: Final = (
    select(
        accrual.id,
        accrual.appointment_id,
        accrual.agreement_id,
        accrual.kind,
        accrual.state,
        accrual.effective_at,
        accrual.month,
        accrual.position,
        accrual.confirmed,
        accrual.base,
        accrual.bonus,
        accrual.share,
        accrual.amount,
        accrual.currency,
        t.document_line.c.amount.label("line_amount"),
    )
    .join_from(t.accrual, t.document_line, line_of_accrual(), isouter=True)
    .where(accrual.appointment_id.is_not(None))
    .order_by(accrual.appointment_id, accrual.recorded_at, accrual.id)
)


def _belonging(
    look: Look, query: Select[Any], table: Table, after: UUID | None, until: UUID | None
) -> dict[UUID, tuple[Row[Any], ...]]:
    """The rows of the appointments in (after, until], by appointment."""
    owner = table.c.appointment_id
    inside = and_(true() if after is None else owner > after, true() if until is None else owner <= until)
    found: Iterable[Row[Any]] = look.connection.execute(query.where(inside))
    return {identity: tuple(rows) for identity, rows in groupby(found, key=lambda row: row.appointment_id)}
