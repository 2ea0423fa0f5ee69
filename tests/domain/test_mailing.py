"""When people are written to, and of what."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ledger.domain.mailing import (
    GATHERED_FOR,
    MEANT_FOR,
    REMINDED,
    MailKind,
    digest_of,
    end_of,
    falls_short,
    marks_passed,
)

UNTIL = date(2026, 10, 31)


def test_every_kind_is_meant_for_somebody_and_waits_no_longer_than_an_hour() -> None:
    assert MEANT_FOR.keys() == GATHERED_FOR.keys() == set(MailKind)
    assert all(MEANT_FOR.values()) and max(GATHERED_FOR.values()) <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("now", "zone", "due"),
    [
        ("2026-03-28T12:00", "Europe/London", "2026-03-28T07:00"),
        ("2026-03-29T12:00", "Europe/London", "2026-03-29T06:00"),  # clocks go forward in that night
        ("2026-03-10T23:30", "Asia/Tokyo", "2026-03-10T22:00"),  # it is Wednesday there
        ("2026-03-11T02:00", "America/New_York", "2026-03-10T11:00"),
    ],
)
def test_a_digest_is_due_at_seven_by_the_readers_clock(now: str, zone: str, due: str) -> None:
    number, at = digest_of(datetime.fromisoformat(now).replace(tzinfo=UTC), zone)
    assert at == datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert digest_of(at, zone) == (number, at)
    assert digest_of(at + timedelta(days=1), zone)[0] == number + 1


@pytest.mark.parametrize(
    ("left", "marks"),
    [(31, []), (30, [30]), (14, [30, 14]), (8, [30, 14]), (1, [30, 14, 7, 1]), (-30, [30, 14, 7, 1]), (-31, [])],
)
def test_a_mark_counts_from_its_day_until_a_month_after_the_end(left: int, marks: list[int]) -> None:
    assert [mark for mark, _ in marks_passed(UNTIL, left)] == marks


def test_each_mark_of_each_end_has_a_number_of_its_own_that_names_the_end() -> None:
    numbers = [number for day in range(40) for _, number in marks_passed(UNTIL + timedelta(days=day), 0)]
    assert len(set(numbers)) == 40 * len(REMINDED)
    assert {end_of(number) for _, number in marks_passed(UNTIL, 0)} == {UNTIL}


@pytest.mark.parametrize(
    ("changes", "short"),
    [
        ({}, False),
        ({"share": 9999}, True),
        ({"share": None}, True),
        ({"criteria": {"bonus": "refuted"}}, True),
        ({"criteria": {"bonus": "unproven"}}, False),
        ({"share": 0, "by": "supplier"}, False),
        ({"share": 0, "by": "rule"}, True),
    ],
    ids=["all accepted", "a share", "left open", "a bonus refuted", "unproven", "his own word", "silence rejects"],
)
def test_a_supplier_hears_of_verdicts_that_take_something_away(changes: dict[str, Any], short: bool) -> None:
    assert falls_short({"by": "buyer", "share": 10000, "criteria": {"bonus": "confirmed"}, **changes}) is short
