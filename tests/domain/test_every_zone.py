"""Every change of the clocks in every time zone, 2018 to 2028: windows, days and local times against a plain search."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from ledger.domain.calendar import day_bounds, deadline, from_local, is_zone
from ledger.domain.terms import Span, Unit

FROM, UNTIL = datetime(2018, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
LOOK, SECOND, DAY = timedelta(days=12), timedelta(seconds=1), timedelta(days=1)
AROUND = [timedelta(minutes=minutes) for minutes in (-61, -60, -31, -30, -1, 0, 1, 29, 30, 59, 60, 90)]


def changes(zone: ZoneInfo) -> Iterator[tuple[datetime, timedelta, timedelta]]:
    """The first second by the new clock, and how far from UTC the clock was before and is after."""

    def offset(instant: datetime) -> timedelta:
        found = instant.astimezone(zone).utcoffset()
        assert found is not None
        return found

    looks = [FROM + LOOK * n for n in range((UNTIL - FROM) // LOOK)]
    for before, after in pairwise(looks):
        if offset(before) != offset(after):
            low, high = before, after
            while high - low > SECOND:
                middle = (low + (high - low) // 2).replace(microsecond=0)
                low, high = (low, middle) if offset(middle) != offset(low) else (middle, high)
            yield high, offset(low), offset(high)


def zones() -> Iterator[tuple[str, ZoneInfo, list[tuple[datetime, timedelta, timedelta]]]]:
    """A zone for each history of its clocks: most names are other names of one."""
    known = set()
    for name in sorted(filter(is_zone, available_timezones())):
        zone = ZoneInfo(name)
        found = list(changes(zone))
        if found and tuple(found) not in known:
            known.add(tuple(found))
            yield name, zone, found


def meant(wall: datetime, offsets: tuple[timedelta, timedelta], zone: ZoneInfo) -> list[datetime]:
    """The instants at which the clock on the wall shows this, in their order."""
    tried = sorted({(wall - offset).replace(tzinfo=UTC) for offset in offsets})
    return [instant for instant in tried if instant.astimezone(zone).replace(tzinfo=None) == wall]


def test_every_change_of_clocks_in_every_zone() -> None:
    seen = 0
    for name, zone, found in zones():
        for at, before, after in found:
            for aside in AROUND:
                wall = (at + aside + max(before, after)).replace(tzinfo=None)
                shown = meant(wall, (before, after), zone)
                anchor = (wall - DAY - before).replace(tzinfo=UTC)
                if anchor.astimezone(zone).replace(tzinfo=None) != wall - DAY:
                    continue  # two changes within a day
                closes = deadline(anchor, Span(Unit.DAYS, 1), name, "GB")
                assert closes == (shown[0] if shown else (wall - before).replace(tzinfo=UTC)), (name, wall)
                if len(shown) == 1:
                    assert from_local(wall, name) == shown[0], (name, wall)
                else:
                    with pytest.raises(ValueError, match="exists twice" if shown else "does not exist"):
                        from_local(wall, name)
                begins, ends = day_bounds(at + aside, name)
                assert begins <= at + aside < ends, (name, wall)
                assert day_bounds(ends, name)[0] == ends, (name, wall)
                seen += 1
    assert seen > 5_000
