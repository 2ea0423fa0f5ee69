"""Rules of caps: so many of a supplier's slots a day, week and month, counted in the definition's own zone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from ledger.domain.errors import Refused
from ledger.domain.lifecycle import Party
from tests.services.market import ATTENDED, DAY, MONDAY, NO_SHOW, TUESDAY, Change, Market

HOUR = timedelta(hours=1)


def caps(**limits: int) -> Change:
    return lambda document: document["intake"].update(caps=limits)


def full(span: str) -> list[tuple[str, str]]:
    return [(f"intake.caps.{span}", "cap_reached")]


def refusal_of(move: Any, *arguments: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refusal:
        move(*arguments)
    return [(violation.clause, violation.code) for violation in refusal.value.violations]


@pytest.mark.parametrize(
    ("span", "inside", "outside"),
    [
        # midnight in London is 23:00Z in summer: the same day, week and month are those of the wall
        ("day", [(6, 14, 23), (6, 15, 22)], (6, 15, 23)),
        ("week", [(6, 14, 23), (6, 21, 22)], (6, 21, 23)),
        ("month", [(5, 31, 23), (6, 30, 22)], (6, 30, 23)),
    ],
)
def test_a_cap_counts_the_slots_that_start_within_its_span_of_the_definitions_zone(
    engine: Engine, span: str, inside: list[tuple[int, int, int]], outside: tuple[int, int, int]
) -> None:
    market = Market(engine, caps(**{span: 2}))
    slots = [datetime(2026, *parts, tzinfo=UTC) for parts in inside]
    for number, starts_at in enumerate(slots):
        market.taken("acme-calls", f"S-{number}", starts_at=starts_at)
    for number, starts_at in enumerate(slots):
        assert market.refused("acme-calls", f"T-{number}", starts_at=starts_at) == full(span)
    market.taken("acme-calls", "S-9", starts_at=datetime(2026, *outside, tzinfo=UTC))


def test_every_full_cap_is_named(engine: Engine) -> None:
    market = Market(engine, caps(day=1, week=1, month=1))
    market.taken("acme-calls", "S-1")
    assert market.refused("acme-calls", "S-2") == full("day") + full("week") + full("month")


def test_a_cap_is_each_suppliers_and_each_definitions_own(engine: Engine) -> None:
    market = Market(engine, caps(day=1), slugs=("loans", "cards"))
    market.taken("acme-calls", "S-1", definition="loans")
    market.taken("best-leads", "S-2", definition="loans")
    market.taken("acme-calls", "S-3", definition="cards")
    assert market.refused("acme-calls", "S-4", definition="loans") == full("day")


def test_a_cancelled_slot_is_free_again_and_one_that_took_place_is_not(engine: Engine) -> None:
    market = Market(engine, caps(day=2))
    first, second = market.taken("acme-calls", "S-1"), market.taken("acme-calls", "S-2")
    market.cancel(first, MONDAY + HOUR)
    market.taken("acme-calls", "S-3", at=MONDAY + HOUR)
    market.find(second, ATTENDED, TUESDAY + HOUR)
    assert market.refused("acme-calls", "S-4", at=TUESDAY + HOUR, starts_at=TUESDAY + 2 * HOUR) == full("day")


def test_a_refused_submission_uses_nothing_up(engine: Engine) -> None:
    market = Market(engine, lambda d: (caps(day=1)(d), d["intake"].update(submit_before={"hours": 2})))
    late = {"at": TUESDAY - HOUR, "starts_at": TUESDAY}
    assert market.refused("acme-calls", "S-1", **late) == [("intake.submit_before", "submitted_too_late")]
    market.taken("acme-calls", "S-2")


def test_a_reschedule_keeps_the_caps_of_the_spans_that_it_enters(engine: Engine) -> None:
    market = Market(engine, caps(day=1, week=2))
    market.taken("acme-calls", "S-1", starts_at=TUESDAY + DAY)
    moved = market.taken("acme-calls", "S-2", starts_at=TUESDAY)
    assert refusal_of(market.move, moved, TUESDAY + DAY + HOUR, MONDAY + HOUR) == full("day")
    market.move(moved, TUESDAY + HOUR, MONDAY + HOUR)  # the day and the week it is counted in already
    market.move(moved, TUESDAY + 2 * DAY, MONDAY + HOUR)
    market.taken("acme-calls", "S-3", starts_at=TUESDAY + 7 * DAY)
    assert market.refused("acme-calls", "S-4", starts_at=TUESDAY) == full("week")


def test_a_reschedule_frees_the_day_that_it_leaves(engine: Engine) -> None:
    market = Market(engine, caps(day=1))
    moved = market.taken("acme-calls", "S-1")
    market.move(moved, TUESDAY + DAY, MONDAY + HOUR)
    market.taken("acme-calls", "S-2", starts_at=TUESDAY)
    assert market.refused("acme-calls", "S-3", starts_at=TUESDAY + DAY) == full("day")


def test_a_rebooking_keeps_the_caps_too(engine: Engine) -> None:
    market = Market(engine, caps(day=1))
    missed = market.taken("acme-calls", "S-1")
    market.taken("acme-calls", "S-2", starts_at=TUESDAY + DAY)
    market.find(missed, NO_SHOW, TUESDAY + HOUR)
    assert refusal_of(market.move, missed, TUESDAY + DAY + HOUR, TUESDAY + HOUR) == full("day")
    market.move(missed, TUESDAY + 2 * DAY, TUESDAY + HOUR)
    assert market.kinds(missed) == ["submitted", "found", "rebooked"]


def test_a_cancelled_rebooking_leaves_no_slot_behind(engine: Engine) -> None:
    market = Market(engine, caps(day=1))
    missed = market.taken("acme-calls", "S-1")
    market.find(missed, NO_SHOW, TUESDAY + HOUR)
    market.move(missed, TUESDAY + 2 * DAY, TUESDAY + HOUR)
    market.cancel(missed, TUESDAY + DAY, Party.BUYER)
    market.taken("acme-calls", "S-2", at=TUESDAY + DAY, starts_at=TUESDAY + 2 * DAY + HOUR)
