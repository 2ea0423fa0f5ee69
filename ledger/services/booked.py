"""How many slots of an agreement that are still on start within a span, what a unit of work has changed included.

Owns the counts behind the caps (rulebook, section 2): a span is counted in the books once, and the starts that came
and went since are kept beside it in order, so that a history of any length asks no more than it has spans.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, select

from ledger.domain.lifecycle import Appointment, Schedule
from ledger.store import tables as t
from ledger.store.prepared import Prepared, at_once

Span = tuple[UUID, datetime, datetime]

_STORED = Prepared(
    select(func.count().label("slots"))
    .select_from(t.appointment)
    .where(
        t.appointment.c.agreement_id == bindparam("agreement"),
        t.appointment.c.starts_at >= bindparam("start"),
        t.appointment.c.starts_at < bindparam("end"),
        t.appointment.c.schedule == Schedule.BOOKED.value,
    )
)


class Booked:
    """The counts of one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stored: dict[Span, int] = {}
        self._came: dict[UUID, list[datetime]] = defaultdict(list)
        self._went: dict[UUID, list[datetime]] = defaultdict(list)

    def count(self, agreement_id: UUID, start: datetime, end: datetime) -> int:
        """Of the agreement's slots, those that start in [start, end)."""
        self.read(agreement_id, [(start, end)])
        span = (agreement_id, start, end)
        return self._stored[span] + self._changed(span)

    def read(self, agreement_id: UUID, spans: Iterable[tuple[datetime, datetime]]) -> None:
        """Counts those that were not counted yet in the books, all at once."""
        new = [span for start, end in spans if (span := (agreement_id, start, end)) not in self._stored]
        asked = [(_STORED, {"agreement": agreement_id, "start": start, "end": end}) for _, start, end in new]
        for span, (found,) in zip(new, at_once(self._connection, asked), strict=True):
            self._stored[span] = found.slots

    def note(self, agreement_id: UUID, before: Appointment | None, after: Appointment) -> None:
        """A move, which may have changed when a slot starts, or that it does."""
        old, new = _start(before), _start(after)
        if old != new:
            if old is not None:
                insort(self._went[agreement_id], old)
            if new is not None:
                insort(self._came[agreement_id], new)

    def written(self) -> None:
        """What was noted is in the books now."""
        self._stored = {span: stored + self._changed(span) for span, stored in self._stored.items()}
        self._came.clear()
        self._went.clear()

    def forget(self) -> None:
        """Counts anew."""
        self._stored.clear()

    def _changed(self, span: Span) -> int:
        agreement_id, start, end = span
        came, went = (starts[agreement_id] for starts in (self._came, self._went))
        return _within(came, start, end) - _within(went, start, end)


def _within(starts: list[datetime], start: datetime, end: datetime) -> int:
    return bisect_left(starts, end) - bisect_left(starts, start)


def _start(state: Appointment | None) -> datetime | None:
    return state.slot.starts_at if state is not None and state.schedule is Schedule.BOOKED else None
