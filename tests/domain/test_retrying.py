from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.retrying import GIVES_UP_AFTER, LONGEST_PAUSE, next_attempt, pause

AT = datetime(2026, 10, 5, 9, tzinfo=UTC)
EXPIRES = AT + GIVES_UP_AFTER


def test_the_first_retry_comes_within_seconds_and_later_ones_ever_more_rarely() -> None:
    waits = [next_attempt(number, AT, EXPIRES, 0.5) for number in range(1, 10)]
    assert waits[0] == AT + timedelta(seconds=5)
    assert waits == sorted(waits, key=lambda at: at or AT)
    assert waits[-1] == AT + timedelta(hours=8)


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=40, max_size=40))
def test_an_event_is_tried_for_three_days_whatever_the_chance(jitters: list[float]) -> None:
    at, attempts = AT, 0
    for jitter in jitters:
        attempts += 1
        following = next_attempt(attempts, at, EXPIRES, jitter)
        if following is None:
            break
        assert at < following <= EXPIRES
        at = following
    assert at == EXPIRES
    assert 12 < attempts < 25


@pytest.mark.parametrize(("failures", "seconds"), [(1, 5), (2, 10), (4, 40)])
def test_an_endpoint_rests_twice_as_long_after_each_failure(failures: int, seconds: int) -> None:
    assert pause(failures, 0.5) == timedelta(seconds=seconds)
    assert pause(failures, 0.0) < pause(failures, 0.99)


def test_a_rest_does_not_grow_for_ever() -> None:
    assert pause(10_000, 0.99) < 1.2 * LONGEST_PAUSE
