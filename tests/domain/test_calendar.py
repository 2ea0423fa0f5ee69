"""Rules of time: windows, zones, working days, periods."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.domain.calendar import (
    Period,
    day_bounds,
    deadline,
    format_instant,
    from_local,
    is_calendar,
    is_within_before,
    is_working_day,
    is_zone,
    local_date,
    month_bounds,
    nth_working_day,
    parse_instant,
    require_aware,
    start_before,
    week_bounds,
    zone_of,
)
from ledger.domain.errors import Malformed
from ledger.domain.terms import Span, Unit

LONDON, ENGLAND = "Europe/London", "GB-ENG"
INSTANTS = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ZONES = st.sampled_from(
    ["Europe/London", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Pacific/Apia", "America/St_Johns"]
)


def at(text: str) -> datetime:
    return parse_instant(text)


def closes(anchor: str, unit: Unit, count: int, zone: str = LONDON, calendar: str = ENGLAND) -> str:
    return format_instant(deadline(at(anchor), Span(unit, count), zone, calendar))


def test_hours_and_minutes_elapse_whatever_the_clocks_do() -> None:
    assert closes("2026-03-28T12:00:00Z", Unit.HOURS, 24) == "2026-03-29T12:00:00Z"
    assert closes("2026-10-25T00:30:00Z", Unit.MINUTES, 60) == "2026-10-25T01:30:00Z"


def test_days_keep_the_time_on_the_clock_when_summer_time_begins() -> None:
    assert closes("2026-03-28T12:00:00Z", Unit.DAYS, 1) == "2026-03-29T11:00:00Z"


def test_days_keep_the_time_on_the_clock_when_summer_time_ends() -> None:
    assert closes("2026-10-24T11:00:00Z", Unit.DAYS, 1) == "2026-10-25T12:00:00Z"


def test_a_time_that_does_not_exist_moves_forward_by_the_gap() -> None:
    assert closes("2026-03-28T01:30:00Z", Unit.DAYS, 1) == "2026-03-29T01:30:00Z", "01:30 becomes 02:30 summer time"
    assert closes("2026-03-27T01:30:00Z", Unit.BUSINESS_DAYS, 1) == "2026-03-30T00:30:00Z"


def test_a_time_that_exists_twice_is_the_first() -> None:
    assert closes("2026-10-24T00:30:00Z", Unit.DAYS, 1) == "2026-10-25T00:30:00Z"


def test_an_anchor_in_the_second_of_two_equal_hours_keeps_its_time_on_the_clock() -> None:
    assert closes("2026-10-25T01:30:00Z", Unit.DAYS, 1) == "2026-10-26T01:30:00Z"
    assert closes("2026-10-25T01:30:00Z", Unit.BUSINESS_DAYS, 1) == "2026-10-26T01:30:00Z"
    assert closes("2027-10-31T01:30:00Z", Unit.DAYS, 0) == "2027-10-31T01:30:00Z"


@pytest.mark.parametrize("unit", list(Unit))
def test_a_window_of_zero_is_over_at_its_anchor(unit: Unit) -> None:
    assert closes("2026-04-04T10:00:00Z", unit, 0) == "2026-04-04T10:00:00Z"


def test_business_days_skip_weekends_and_bank_holidays() -> None:
    # Maundy Thursday; Good Friday and Easter Monday are bank holidays in England.
    assert closes("2026-04-02T14:00:00Z", Unit.BUSINESS_DAYS, 1) == "2026-04-07T14:00:00Z"
    assert closes("2026-04-02T14:00:00Z", Unit.BUSINESS_DAYS, 2) == "2026-04-08T14:00:00Z"


def test_a_part_of_a_country_has_its_own_holidays() -> None:
    # Easter Monday is a working day in Scotland; All Saints' Day is a holiday in Bavaria and not in Berlin.
    assert closes("2026-04-02T14:00:00Z", Unit.BUSINESS_DAYS, 1, calendar="GB-SCT") == "2026-04-06T14:00:00Z"
    assert not is_working_day(date(2027, 11, 1), "DE-BY")
    assert is_working_day(date(2027, 11, 1), "DE-BE")


def test_the_first_business_day_after_a_weekend_or_a_holiday_is_the_next_working_day() -> None:
    assert closes("2026-01-03T09:00:00Z", Unit.BUSINESS_DAYS, 1) == "2026-01-05T09:00:00Z"
    assert closes("2025-12-25T09:00:00Z", Unit.BUSINESS_DAYS, 1) == "2025-12-29T09:00:00Z"


def test_business_days_count_from_the_local_date_of_the_anchor() -> None:
    # 23:30 on Thursday in UTC is Friday in London's summer.
    assert closes("2026-06-04T23:30:00Z", Unit.BUSINESS_DAYS, 1) == "2026-06-07T23:30:00Z"


def test_weekends_are_those_of_the_calendar() -> None:
    assert not is_working_day(date(2026, 6, 5), "SA"), "a Friday"
    assert is_working_day(date(2026, 6, 7), "SA"), "a Sunday"


def test_a_business_day_keeps_the_time_on_the_clock_across_the_change_of_clocks() -> None:
    assert closes("2026-03-27T12:00:00Z", Unit.BUSINESS_DAYS, 1) == "2026-03-30T11:00:00Z"


def test_a_window_may_reach_across_years() -> None:
    monday = date(2025, 6, 30)
    after = nth_working_day(ENGLAND, monday, 600)
    assert after.year == 2027
    assert nth_working_day(ENGLAND, after, -600) == monday


def test_the_working_day_itself_is_not_counted() -> None:
    with pytest.raises(ValueError, match="never zero"):
        nth_working_day(ENGLAND, date(2026, 1, 5), 0)


def test_notice_is_counted_backwards_and_its_first_instant_is_late() -> None:
    start = at("2026-06-10T09:00:00Z")
    day = Span(Unit.HOURS, 24)
    assert start_before(start, day, LONDON, ENGLAND) == at("2026-06-09T09:00:00Z")
    assert is_within_before(at("2026-06-09T09:00:00Z"), start, day, LONDON, ENGLAND)
    assert not is_within_before(at("2026-06-09T08:59:59.999999Z"), start, day, LONDON, ENGLAND)
    assert not is_within_before(start, start, day, LONDON, ENGLAND)


def test_days_and_business_days_count_backwards_too() -> None:
    start = at("2026-04-07T09:00:00Z")
    assert start_before(start, Span(Unit.BUSINESS_DAYS, 1), LONDON, ENGLAND) == at("2026-04-02T09:00:00Z")
    assert start_before(at("2026-03-29T11:00:00Z"), Span(Unit.DAYS, 1), LONDON, ENGLAND) == at("2026-03-28T12:00:00Z")


def test_notice_of_no_time_is_never_late() -> None:
    start = at("2026-06-10T09:00:00Z")
    assert not is_within_before(start - timedelta(microseconds=1), start, Span(Unit.HOURS, 0), LONDON, ENGLAND)


def test_a_naive_instant_is_refused_wherever_it_is_offered() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    for call in (
        lambda: require_aware(naive),
        lambda: deadline(naive, Span(Unit.DAYS, 1), LONDON, ENGLAND),
        lambda: Period.of(naive, LONDON),
        lambda: local_date(naive, LONDON),
        lambda: format_instant(naive),
    ):
        with pytest.raises(ValueError, match="no offset"):
            call()


def test_any_offset_means_the_same_instant() -> None:
    tokyo = datetime(2026, 3, 28, 21, tzinfo=timezone(timedelta(hours=9)))
    assert deadline(tokyo, Span(Unit.DAYS, 1), LONDON, ENGLAND) == at("2026-03-29T11:00:00Z")
    assert deadline(tokyo, Span(Unit.DAYS, 0), LONDON, ENGLAND).tzinfo is UTC


@pytest.mark.parametrize("unit", list(Unit))
def test_a_window_beyond_the_calendar_is_refused(unit: Unit) -> None:
    with pytest.raises(Malformed, match="beyond the calendar"):
        deadline(at("9999-12-31T12:00:00Z"), Span(unit, 3000), "UTC", ENGLAND)


@given(INSTANTS, st.sampled_from(list(Unit)), st.integers(0, 40), ZONES)
@settings(max_examples=150)
def test_a_longer_window_never_closes_earlier(anchor: datetime, unit: Unit, count: int, zone: str) -> None:
    one, two = (deadline(anchor, Span(unit, n), zone, "US") for n in (count, count + 1))
    assert one < two or (zone == "Pacific/Apia" and one == two), "Samoa left out one day in 2011"


@given(INSTANTS, st.integers(1, 40))
@settings(max_examples=150)
def test_days_keep_the_time_on_the_clock_wherever_that_time_exists_once(anchor: datetime, count: int) -> None:
    here = anchor.astimezone(zone_of(LONDON))
    there = deadline(anchor, Span(Unit.DAYS, count), LONDON, ENGLAND).astimezone(zone_of(LONDON))
    assert there.date() == here.date() + timedelta(days=count)
    assert there.time() == here.time() or there.time().hour == 2


@given(INSTANTS, st.integers(1, 30))
@settings(max_examples=150)
def test_business_days_end_on_a_working_day_and_count_each_of_them(anchor: datetime, count: int) -> None:
    first = local_date(anchor, LONDON)
    last = nth_working_day(ENGLAND, first, count)
    days = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert is_working_day(last, ENGLAND)
    assert sum(is_working_day(day, ENGLAND) for day in days) == count


def test_a_period_is_a_month_of_a_zone() -> None:
    june = Period.parse("2016-06")
    assert (june.start(LONDON), june.end(LONDON)) == (at("2016-05-31T23:00:00Z"), at("2016-06-30T23:00:00Z"))
    assert (str(june), june.number, june.first_day) == ("2016-06", 201606, date(2016, 6, 1))


def test_periods_follow_one_another_across_the_year() -> None:
    december = Period(2016, 12)
    assert december.next() == Period(2017, 1)
    assert Period(2017, 1).previous() == december
    assert december < Period(2017, 1)
    assert Period.from_number(201612) == december
    assert Period(2016, 6).previous() == Period(2016, 5)


def test_the_first_instant_of_a_month_belongs_to_it_and_the_last_does_not_to_the_next() -> None:
    start = Period(2016, 7).start(LONDON)
    assert Period.of(start, LONDON) == Period(2016, 7)
    assert Period.of(start - timedelta(microseconds=1), LONDON) == Period(2016, 6)


@pytest.mark.parametrize("text", ["2016-13", "2016-1", "16-01", "2016-00", "2016-01-01", "", "0000-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a month"):
        Period.parse(text)


def test_days_and_weeks_are_those_of_the_zone() -> None:
    sunday = at("2026-03-29T12:00:00Z")
    assert day_bounds(sunday, LONDON) == (at("2026-03-29T00:00:00Z"), at("2026-03-29T23:00:00Z")), "a day of 23 hours"
    assert week_bounds(sunday, LONDON) == (at("2026-03-23T00:00:00Z"), at("2026-03-29T23:00:00Z"))
    assert month_bounds(sunday, LONDON) == (at("2026-03-01T00:00:00Z"), at("2026-03-31T23:00:00Z"))


def test_a_day_whose_midnight_does_not_exist_begins_when_the_clocks_go_forward() -> None:
    # Havana skips midnight on 8 March 2026.
    begin, end = day_bounds(at("2026-03-08T12:00:00Z"), "America/Havana")
    assert (begin, end) == (at("2026-03-08T05:00:00Z"), at("2026-03-09T04:00:00Z"))


@given(INSTANTS, ZONES)
@settings(max_examples=300)
def test_every_instant_lies_in_its_own_day_week_and_month(instant: datetime, zone: str) -> None:
    for bounds in (day_bounds, week_bounds, month_bounds):
        begin, end = bounds(instant, zone)
        assert begin <= instant < end
    period = Period.of(instant, zone)
    assert period.start(zone) <= instant < period.end(zone)


def test_clocks_that_go_back_across_midnight_leave_every_instant_in_one_day() -> None:
    # St John's went from 00:01 on 1 November 2009 back to 23:01 on 31 October.
    for minutes in range(0, 180, 5):
        instant = at("2009-11-01T01:00:00Z") + timedelta(minutes=minutes)
        begin, end = day_bounds(instant, "America/St_Johns")
        assert begin <= instant < end
        period = Period.of(instant, "America/St_Johns")
        assert period.start("America/St_Johns") <= instant < period.end("America/St_Johns")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-06-01T10:00:00+01:00", "2026-06-01T09:00:00Z"),
        ("2026-06-01t10:00:00z", "2026-06-01T10:00:00Z"),
        ("2026-06-01T10:00:00.5Z", "2026-06-01T10:00:00.500000Z"),
        ("2026-06-01T10:00:00.1234567Z", "2026-06-01T10:00:00.123456Z"),
    ],
)
def test_an_instant_is_read_with_its_offset_and_said_in_utc(text: str, utc: str) -> None:
    assert format_instant(parse_instant(text)) == utc


@pytest.mark.parametrize(
    "text",
    [
        *("2026-06-01T10:00:00", "2026-06-01", "2026-06-01T10:00Z", "2026-W01-1T10:00:00Z", "2026-02-30T10:00:00Z"),
        *("2026-06-01T24:01:00Z", "2026-06-01T10:00:60Z", "", "now", "0001-01-01T00:00:00+14:00", "20260601T100000Z"),
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an RFC 3339"):
        parse_instant(text)


def test_a_local_time_that_does_not_exist_is_refused_and_one_that_exists_twice_needs_its_offset() -> None:
    assert from_local(datetime(2026, 6, 1, 10), LONDON) == at("2026-06-01T09:00:00Z")  # noqa: DTZ001
    with pytest.raises(ValueError, match="does not exist"):
        from_local(datetime(2026, 3, 29, 1, 30), LONDON)  # noqa: DTZ001
    with pytest.raises(ValueError, match="exists twice"):
        from_local(datetime(2026, 10, 25, 1, 30), LONDON)  # noqa: DTZ001
    with pytest.raises(ValueError, match="no wall-clock time"):
        from_local(at("2026-06-01T10:00:00Z"), LONDON)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "europe/london", "../etc/passwd", "localtime", "GMT+25"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    assert not is_zone(name)
    with pytest.raises(ValueError, match=re.escape(repr(name))):
        zone_of(name)


@pytest.mark.parametrize("name", ["PT", "GB-ENG", "DE-BY", "US"])
def test_calendars_are_countries_and_their_parts(name: str) -> None:
    assert is_calendar(name)


@pytest.mark.parametrize("name", ["XX", "GB-XXX", "GB-", "gb", "", "PRT"])
def test_an_unknown_calendar_is_refused(name: str) -> None:
    assert not is_calendar(name)
    with pytest.raises(ValueError, match="not a calendar"):
        is_working_day(date(2026, 1, 1), name)
