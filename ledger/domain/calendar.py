"""When windows close, which day, week and month an instant belongs to, and what counts as a working day.

Owns the rules of the rulebook's "Windows": hours and minutes elapse, days keep the wall-clock time of a zone,
business days skip a calendar's weekends and holidays; a wall-clock time that does not exist moves forward by the
gap, one that exists twice is the first. Aware instants in, UTC out, half-open intervals. Refuses naive instants.
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import holidays

from ledger.domain.errors import Malformed
from ledger.domain.terms import Span, Unit

_MINUTES, _HOURS, _DAYS = Unit.MINUTES, Unit.HOURS, Unit.DAYS
"""Looked up once: windows are computed several times for every row of a history."""
_MIDNIGHT: Final = time()
_ONE_DAY: Final = timedelta(days=1)
_NOT_ZONES: Final = frozenset({"localtime", "Factory"})
"""Names that mean another thing on every machine."""
_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_PERIOD: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def deadline(anchor: datetime, span: Span, zone: str, calendar: str) -> datetime:
    """The UTC instant at which a window of `span` from `anchor` is over; what comes at that instant is late.

    A span of zero ends at the anchor itself. Raises `ValueError` for a naive anchor and `Malformed` where the
    result lies beyond the years 1 to 9999.
    """
    return _shifted(anchor, span, zone, calendar, 1)


def start_before(instant: datetime, span: Span, zone: str, calendar: str) -> datetime:
    """The UTC instant at which the last `span` before `instant` begins, by the same rules counted backwards.

    Notice: a cancellation at or after `start_before(slot_start, late_within, …)` is late.
    """
    return _shifted(instant, span, zone, calendar, -1)


def is_within_before(at: datetime, instant: datetime, span: Span, zone: str, calendar: str) -> bool:
    """Whether `at` lies inside the last `span` before `instant`; at the very instant it begins, it does."""
    return start_before(instant, span, zone, calendar) <= require_aware(at) < instant


def require_aware(instant: datetime) -> datetime:
    """The instant itself. Raises ValueError if it does not say how far from UTC it is."""
    if instant.utcoffset() is None:
        raise ValueError(f"{instant!r} has no offset from UTC")
    return instant


def parse_instant(text: str) -> datetime:
    """RFC 3339 with an offset, as UTC. Digits beyond microseconds are cut. Raises ValueError for anything else."""
    if not _RFC_3339.fullmatch(text):
        raise ValueError(f"{text!r} is not an RFC 3339 instant with an offset")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not an RFC 3339 instant with an offset") from None


def format_instant(instant: datetime) -> str:
    """RFC 3339 in UTC with a Z; microseconds only where there are any."""
    return require_aware(instant).astimezone(UTC).isoformat().replace("+00:00", "Z")


def from_local(local: datetime, zone: str) -> datetime:
    """A naive wall-clock time of a zone as UTC. Raises ValueError where it does not exist or exists twice."""
    if local.tzinfo is not None:
        raise ValueError(f"{local!r} is no wall-clock time: it has an offset")
    where = zone_of(zone)
    first, second = (local.replace(tzinfo=where, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    if first > second:
        raise ValueError(f"{local.isoformat()} does not exist in {zone}: the clocks go forward over it")
    raise ValueError(f"{local.isoformat()} exists twice in {zone}: say which by its offset")


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The IANA zone. Raises ValueError for an unknown name."""
    if not is_zone(name):
        raise ValueError(f"{name!r} is not an IANA time zone")
    return ZoneInfo(name)


def is_zone(name: str) -> bool:
    return name in _zones()


def is_calendar(name: str) -> bool:
    """Whether there are holidays for this country (`PT`) or subdivision (`GB-ENG`, `DE-BY`)."""
    country, dash, subdivision = name.partition("-")
    known = _calendars()
    return country in known and (not dash or subdivision in known[country])


def local_date(instant: datetime, zone: str) -> date:
    """The date that a calendar on the wall of the zone shows."""
    return require_aware(instant).astimezone(zone_of(zone)).date()


def is_working_day(day: date, calendar: str) -> bool:
    days = _working_days(calendar, day.year)
    place = bisect_left(days, day)
    return place < len(days) and days[place] == day


@lru_cache(maxsize=131_072)
def nth_working_day(calendar: str, day: date, n: int) -> date:
    """The n-th working day after `day` (before it, if n is negative), whether or not `day` is one itself."""
    if n == 0:
        raise ValueError("the working day itself is not counted: n is never zero")
    year = day.year
    days = _working_days(calendar, year)
    place = bisect_right(days, day) + n - 1 if n > 0 else bisect_left(days, day) + n
    while place >= len(days):
        place -= len(days)
        year += 1
        days = _working_days(calendar, year)
    while place < 0:
        year -= 1
        days = _working_days(calendar, year)
        place += len(days)
    return days[place]


def day_bounds(instant: datetime, zone: str) -> tuple[datetime, datetime]:
    """From midnight to midnight around the instant, in the zone; as UTC instants, half-open."""
    day = _day_of(instant, zone)
    return midnight(day, zone), midnight(day + _ONE_DAY, zone)


def week_bounds(instant: datetime, zone: str) -> tuple[datetime, datetime]:
    """The ISO week, Monday to Monday, around the instant, in the zone; as UTC instants, half-open."""
    day = _day_of(instant, zone)
    monday = day - timedelta(days=day.weekday())
    return midnight(monday, zone), midnight(monday + timedelta(days=7), zone)


def month_bounds(instant: datetime, zone: str) -> tuple[datetime, datetime]:
    """The calendar month around the instant, in the zone; as UTC instants, half-open."""
    period = Period.of(instant, zone)
    return period.start(zone), period.end(zone)


@lru_cache(maxsize=65_536)
def midnight(day: date, zone: str) -> datetime:
    """The UTC instant at which the day begins in the zone."""
    return datetime.combine(day, _MIDNIGHT, zone_of(zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A billing period: one calendar month. Where it begins and ends depends on the zone."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1 <= self.year <= 9998 and 1 <= self.month <= 12):
            raise ValueError(f"{self.year}-{self.month} is not a month")

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @classmethod
    def parse(cls, text: str) -> "Period":
        """From "2016-10". Raises ValueError for anything else."""
        match = _PERIOD.fullmatch(text)
        if not match:
            raise ValueError(f"{text!r} is not a month such as 2016-10")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, instant: datetime, zone: str) -> "Period":
        """The month in which the instant falls, in the zone."""
        day = _day_of(instant, zone)
        return cls(day.year, day.month)

    @classmethod
    def from_number(cls, number: int) -> "Period":
        """The inverse of `number`: 201610 is October 2016."""
        return cls(*divmod(number, 100))

    @property
    def number(self) -> int:
        return self.year * 100 + self.month

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    def start(self, zone: str) -> datetime:
        return midnight(self.first_day, zone)

    def end(self, zone: str) -> datetime:
        """The first instant that no longer belongs to the period."""
        return midnight(self.next().first_day, zone)

    def next(self) -> "Period":
        return Period(self.year + 1, 1) if self.month == 12 else Period(self.year, self.month + 1)

    def previous(self) -> "Period":
        return Period(self.year - 1, 12) if self.month == 1 else Period(self.year, self.month - 1)


def _shifted(anchor: datetime, span: Span, zone: str, calendar: str, direction: int) -> datetime:
    if anchor.tzinfo is not UTC:
        anchor = require_aware(anchor).astimezone(UTC)
    count, unit = span.count * direction, span.unit
    if count == 0:
        return anchor
    try:
        if unit is _HOURS:
            return anchor + timedelta(0, count * 3600)
        if unit is _MINUTES:
            return anchor + timedelta(0, count * 60)
        where = zone_of(zone)
        local = anchor.astimezone(where)
        if unit is _DAYS:
            # Arithmetic on an aware datetime moves the wall clock and forgets the fold: of two such times it means
            # the first, and in a gap it takes the offset from before it, which moves forward by the gap.
            return (local + timedelta(count)).astimezone(UTC)
        moved = datetime.combine(nth_working_day(calendar, local.date(), count), local.timetz())
        return (moved.replace(fold=0) if moved.fold else moved).astimezone(UTC)
    except OverflowError:
        raise Malformed(detail=f"{span.count} {unit} from {format_instant(anchor)} lies beyond the calendar") from None


def _day_of(instant: datetime, zone: str) -> date:
    """The day whose bounds hold the instant: the local date, save where clocks go back across midnight."""
    if instant.tzinfo is not UTC:
        require_aware(instant)
    local = instant.astimezone(zone_of(zone))
    day = local.date()
    if local.fold and midnight(day + _ONE_DAY, zone) <= instant:
        return day + _ONE_DAY
    return day


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - _NOT_ZONES)


@lru_cache(maxsize=1)
def _calendars() -> dict[str, list[str]]:
    return holidays.list_supported_countries(include_aliases=False)


@lru_cache(maxsize=2048)
def _working_days(calendar: str, year: int) -> tuple[date, ...]:
    """All working days of a year, in order.

    The library fills its objects year by year as they are asked, which threads must not share; a tuple they may.
    The years around it are filled too, since an observed holiday may fall into its neighbour.
    """
    if not is_calendar(calendar):
        raise ValueError(f"{calendar!r} is not a calendar of working days")
    if not 1 <= year <= 9999:
        raise OverflowError("beyond the calendar")
    country, _, subdivision = calendar.partition("-")
    years = [y for y in (year - 1, year, year + 1) if 1 <= y <= 9999]
    known = holidays.country_holidays(country, subdiv=subdivision or None, years=years, expand=False)
    first = date(year, 1, 1)
    length = (date(year, 12, 31) - first).days + 1
    return tuple(day for day in (first + timedelta(days=n) for n in range(length)) if known.is_working_day(day))
