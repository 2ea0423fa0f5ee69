"""Rules of price: the tier of the position, the bonuses that were confirmed, the share, rounded once."""

from typing import Any

import pytest

from ledger.domain.agreement import parse_agreement
from ledger.domain.lifecycle import CriterionFinding
from ledger.domain.pricing import Told, base_price, bonus_price, part_of, quote
from ledger.domain.terms import PriceSchedule
from tests.domain.documents import agreement_document

CONFIRMED = {"owner": CriterionFinding.CONFIRMED}


def schedule(**price: Any) -> PriceSchedule:
    document = agreement_document()
    document["price"] |= price
    return parse_agreement(document).price


GRADUATED = schedule()


@pytest.mark.parametrize(("position", "base"), [(1, 18000), (50, 18000), (51, 16000), (9999, 16000)])
def test_the_base_is_that_of_the_tier_which_the_position_falls_into(position: int, base: int) -> None:
    assert base_price(GRADUATED, position) == base


def test_a_single_tier_is_a_flat_price() -> None:
    flat = schedule(tiers=[{"from": 1, "amount": 18000}])
    assert {base_price(flat, position) for position in (1, 50, 51, 1000)} == {18000}


def test_positions_start_at_one() -> None:
    with pytest.raises(ValueError, match="start at one"):
        base_price(GRADUATED, 0)


@pytest.mark.parametrize("finding", CriterionFinding)
def test_only_a_confirmed_bonus_criterion_earns_its_bonus(finding: CriterionFinding) -> None:
    earned = 2500 if finding is CriterionFinding.CONFIRMED else 0
    assert bonus_price(GRADUATED, {"owner": finding, "size": CriterionFinding.CONFIRMED}) == earned


def test_the_share_is_taken_of_base_and_bonuses_together() -> None:
    quoted = quote(GRADUATED, CONFIRMED, 5000, 51)
    assert (quoted.position, quoted.base, quoted.bonus, quoted.price) == (51, 16000, 2500, 18500)
    assert (quoted.share, quoted.amount) == (5000, 9250)


def test_the_amount_is_rounded_half_up_once_and_not_part_by_part() -> None:
    odd = schedule(tiers=[{"from": 1, "amount": 101}], bonuses={"owner": 101})
    assert quote(odd, {}, 5000, 1).amount == 51
    assert quote(odd, CONFIRMED, 5000, 1).amount == 101
    assert quote(odd, CONFIRMED, 2500, 1).amount == 51  # 50.5; rounded apart it would be 50


@pytest.mark.parametrize(("share", "amount"), [(0, 0), (4999, 0), (5000, 1), (10000, 1)])
def test_a_share_of_the_smallest_price_is_all_or_nothing(share: int, amount: int) -> None:
    assert quote(schedule(tiers=[{"from": 1, "amount": 1}]), {}, share, 1).amount == amount


def test_a_large_price_loses_no_minor_unit() -> None:
    large = schedule(tiers=[{"from": 1, "amount": 10**14 - 1}])
    assert quote(large, {}, 9999, 1).amount == 99_989_999_999_999


WHOLE = Told(18000, 2500, 10000, ("10 to 250 people", "budget agreed"))


@pytest.mark.parametrize(
    ("amount", "left", "told"),
    [
        (20500, None, WHOLE),
        (2500, Told(18000, 0, 10000, WHOLE.confirmed[:1]), Told(0, 2500, 10000, WHOLE.confirmed[1:])),
        (10250, WHOLE._replace(share=5000), WHOLE._replace(share=5000)),
        (20500, WHOLE._replace(share=0), WHOLE),
        (18000, None, Told(18000, 0, 10000, WHOLE.confirmed[:1])),
        (2500, None, Told(0, 2500, 10000, WHOLE.confirmed[1:])),
        (7001, None, Told(7001, 0, 10000, WHOLE.confirmed)),
    ],
    ids=["whole", "a refuted bonus", "half of the share", "all of it", "the base", "the bonus", "anything else"],
)
def test_a_part_of_a_price_says_what_its_amount_is_made_of(amount: int, left: Told | None, told: Told) -> None:
    assert part_of(WHOLE, amount, bonuses={"budget agreed"}, left=left) == told
    assert told.amount == amount
