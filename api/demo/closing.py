"""When the story ends, something of everything is still open: one appointment of each agreement for every such end.

Owns the times of these last scenes, set back from `now` over nights, weekends and holidays by the working hours of the
agreement's calendar, so that each is where it should be at whatever instant a demonstration is made.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from api.demo import quarrels
from ledger.domain.calendar import deadline, from_local, local_date, nth_working_day
from ledger.domain.terms import Span, Unit

HOURS: Final = tuple(time(half // 2, 30 * (half % 2)) for half in range(18, 34))
"""When appointments begin, half past four the last."""
NOTICE: Final = Span(Unit.BUSINESS_DAYS, 3)
"""From a submission to its slot."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What becomes of it, in how many hours at most everything is told that makes it so."""

    plot: str
    hours: int


SCENES: Final = (
    Scene("silent", 1),  # awaits findings
    Scene("prospect_no_show", 2),  # can be rebooked
    Scene("found_today", 3),  # billable, in no run yet
    Scene("disqualified", 28),  # contestable
    Scene(quarrels.CONTESTED, 48),  # disputed
)
AHEAD: Final = "attended"
"""What one that is booked will come to."""


def scenes(now: datetime, zone: str, calendar: str) -> Iterator[tuple[str, datetime, datetime]]:
    """For each the plot, when it was submitted and when its slot begins; the last is still to come."""
    for scene in SCENES:
        starts_at = latest(now - timedelta(hours=scene.hours), zone, calendar)
        day = nth_working_day(calendar, local_date(starts_at, zone), -NOTICE.count)
        yield scene.plot, from_local(datetime.combine(day, HOURS[4]), zone), starts_at
    submitted_at = latest(now - timedelta(minutes=1), zone, calendar)
    yield AHEAD, submitted_at, deadline(submitted_at, NOTICE, zone, calendar)


def latest(at: datetime, zone: str, calendar: str) -> datetime:
    """The last beginning of an appointment that is not after `at`."""
    day = nth_working_day(calendar, local_date(at, zone) + timedelta(days=1), -1)
    while True:
        begun = [begins for hour in HOURS if (begins := from_local(datetime.combine(day, hour), zone)) <= at]
        if begun:
            return begun[-1]
        day = nth_working_day(calendar, day, -1)
