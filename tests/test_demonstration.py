"""At whatever instant a demonstration is made, something of everything is open in it; planned, not yet played."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from api.demo import RUN_AFTER, closing, quarrels, story, terms
from ledger.domain.calendar import Period, deadline, local_date
from ledger.domain.definition import parse_definition
from ledger.domain.terms import Span

DAYS = [
    datetime(year, month, day, tzinfo=UTC)
    for year, month, day in (
        *((2025, 12, 24), (2025, 12, 27), (2026, 1, 1), (2026, 1, 2), (2026, 2, 28), (2026, 3, 29), (2026, 4, 1)),
        *((2026, 4, 2), (2026, 4, 5), (2026, 4, 7), (2026, 5, 4), (2026, 5, 31), (2026, 8, 31), (2026, 10, 25)),
        *((2026, 11, 28), (2026, 12, 1), (2026, 12, 28), (2026, 12, 31), (2027, 1, 4), (2028, 2, 29)),
    )
]
"""Month ends, changes of the clocks, weekends, and the days around holidays."""
TERMS = parse_definition(terms.finance_review())


@pytest.mark.parametrize("day", DAYS, ids=lambda day: f"{day:%Y-%m-%d}")
def test_something_of_everything_is_open_at_every_instant(day: datetime) -> None:
    for hours in (0, 1, 3, 8, 15.99, 23.99):
        everything_is_open(day + timedelta(hours=hours))


def everything_is_open(now: datetime) -> None:
    start = Period.of(now - RUN_AFTER, "UTC").previous().previous().start("UTC")
    told = {tale.plot: tale for tale in story.ends(story.TROUPES[0], Random(1), {"GB": 0}, now)}
    definition, slots = (
        parse_definition(terms.finance_review()),
        {plot: tale.submission.slot for plot, tale in told.items()},
    )
    times = {plot: [at for at, _ in tale.steps()] for plot, tale in told.items()}

    def over(at: datetime, window: Span) -> datetime:
        return deadline(at, window, definition.time_zone, definition.calendar)

    assert all(start < at[0] < slots[plot].starts_at for plot, at in times.items()), "submitted in time"
    assert slots["silent"].starts_at <= now < over(slots["silent"].ends_at, definition.verification.window)
    *_, missed = times["prospect_no_show"]
    assert missed <= now < over(missed, definition.rebooking.within)
    _, found = times["found_today"]
    assert (
        slots["found_today"].ends_at < found < now < over(slots["found_today"].ends_at, definition.verification.window)
    )
    assert Period.of(found, "UTC") >= Period.of(now - RUN_AFTER, "UTC"), "no run before now has taken it"
    _, refuted = times["disqualified"]
    assert refuted <= now < over(refuted, definition.dispute.contest_window)
    _, _, opened, *later = times[quarrels.CONTESTED]
    assert opened <= now < max(later), "the arbiter has not decided yet"
    assert slots[closing.AHEAD].starts_at > now


def test_an_appointment_begins_in_working_hours() -> None:
    sunday_night = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    begins = closing.latest(sunday_night, "Europe/Berlin", "DE")
    assert begins == datetime(2026, 3, 27, 15, 30, tzinfo=UTC), "the Friday before, in winter time still"
    assert closing.latest(begins - timedelta(seconds=1), "Europe/Berlin", "DE") == begins - timedelta(minutes=30)
    easter_monday = datetime(2026, 4, 6, 15, tzinfo=UTC)
    assert f"{local_date(closing.latest(easter_monday, 'Europe/London', 'GB-ENG'), 'Europe/London')}" == "2026-04-02"
