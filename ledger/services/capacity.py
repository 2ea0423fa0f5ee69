"""How full the caps are that a slot enters: the agreement's booked slots of its day, week and month.

Owns the count for submissions and moves alike, in the definition's zone. Where a chain is counted already, it stays.
"""

from collections.abc import Callable
from datetime import datetime

from ledger.domain.calendar import day_bounds, month_bounds, week_bounds
from ledger.domain.intake import CLEAR, Standing
from ledger.services.contracts import Pinned
from ledger.services.desk import Desk

Bounds = Callable[[datetime, str], tuple[datetime, datetime]]


def standing(desk: Desk, pinned: Pinned, starts_at: datetime, moved_from: datetime | None = None) -> Standing:
    """Booked slots per capped span that the new start enters; `moved_from` is where the chain is counted so far."""
    definition = pinned.definition
    caps = definition.intake.caps
    if not caps.any:
        return CLEAR
    desk.lock((pinned.agreement_id,))

    def booked(cap: int | None, bounds: Bounds) -> int:
        start, end = bounds(starts_at, definition.time_zone)
        if cap is None or (moved_from is not None and start <= moved_from < end):
            return 0
        return desk.booked.count(pinned.agreement_id, start, end)

    return Standing(
        day=booked(caps.day, day_bounds), week=booked(caps.week, week_bounds), month=booked(caps.month, month_bounds)
    )
