"""How full the caps are that a slot enters: the agreement's booked slots of its day, week and month.

Owns the count for submissions and moves alike, in the definition's zone. Where a chain is counted already, it stays.
"""

from datetime import datetime

from ledger.domain.calendar import day_bounds, month_bounds, week_bounds
from ledger.domain.intake import CLEAR, Standing
from ledger.services.contracts import Pinned
from ledger.services.desk import Desk


def standing(desk: Desk, pinned: Pinned, starts_at: datetime, moved_from: datetime | None = None) -> Standing:
    """Booked slots per capped span that the new start enters; `moved_from` is where the chain is counted so far."""
    definition = pinned.definition
    caps = definition.intake.caps
    if not caps.any:
        return CLEAR
    desk.lock((pinned.agreement_id,))
    capped = {"day": (caps.day, day_bounds), "week": (caps.week, week_bounds), "month": (caps.month, month_bounds)}
    spans = {name: bounds(starts_at, definition.time_zone) for name, (cap, bounds) in capped.items() if cap is not None}
    entered = {
        name: (start, end)
        for name, (start, end) in spans.items()
        if moved_from is None or not start <= moved_from < end
    }
    desk.booked.read(pinned.agreement_id, entered.values())
    full = {name: desk.booked.count(pinned.agreement_id, start, end) for name, (start, end) in entered.items()}
    return Standing(day=full.get("day", 0), week=full.get("week", 0), month=full.get("month", 0))
