"""Rates and scenarios: exact, without floats, and nothing where nothing was measured."""

import pytest

from ledger.domain.rates import CHAIN, Costs, Rate, scenario

FEW = {step: Rate(numerator, 20) for step, numerator in zip(CHAIN, (4, 5, 10, 2), strict=True)}


def test_a_rate_is_a_fraction_and_rounds_half_up_in_basis_points() -> None:
    assert Rate(1, 3).as_json() == {"numerator": 1, "denominator": 3, "basis_points": 3333}
    assert Rate(1, 32).basis_points == 313
    assert Rate(0, 0).basis_points is None


@pytest.mark.parametrize(
    ("rate", "bounds"),
    [
        # by hand, Wilson at z = 1.645: (2·5 + 2.706 ± 1.645·sqrt(2.706 + 4·5·5/10)) / (2·12.706)
        (Rate(5, 10), (2693, 7307)),
        (Rate(500, 1000), (4740, 5260)),
        (Rate(0, 10), (0, 2130)),
        (Rate(10, 10), (7870, 10000)),
    ],
)
def test_the_more_was_measured_the_closer_are_the_bounds(rate: Rate, bounds: tuple[int, int]) -> None:
    assert rate.bounds() == bounds


def test_a_realistic_scenario_is_what_was_measured() -> None:
    told = scenario("realistic", FEW, Costs(price=18_000, per_dial=50, per_sale=400_000))
    assert told["rates"] == {"contact": 2000, "booking": 2500, "delivery": 5000, "conversion": 1000}
    assert told["buyer"] == {
        "revenue_per_appointment": 40_000,
        "margin_per_appointment": 22_000,
        "cost_per_acquisition": 180_000,
        "break_even_price": 40_000,
    }
    # 50 a dial / 20 % / 25 % / 50 %
    assert told["supplier"] == {
        "cost_per_appointment": 2_000,
        "margin_per_appointment": 16_000,
        "break_even_price": 2_000,
    }


def test_the_pessimist_earns_less_than_the_optimist() -> None:
    costs = Costs(price=18_000, per_dial=50, per_sale=400_000)
    worst, best = (scenario(name, FEW, costs) for name in ("pessimistic", "optimistic"))
    assert worst["buyer"]["break_even_price"] < 40_000 < best["buyer"]["break_even_price"]
    assert worst["supplier"]["break_even_price"] > 2_000 > best["supplier"]["break_even_price"]


def test_what_hardly_ever_happens_has_no_price() -> None:
    never = {step: Rate(1, 10_000) for step in CHAIN}
    told = scenario("realistic", never, Costs(price=18_000, per_dial=10**12, per_sale=0))
    assert told["supplier"]["break_even_price"] is None


def test_what_was_not_measured_or_not_told_stays_open() -> None:
    told = scenario("optimistic", FEW | {"contact": Rate(0, 0)}, Costs(price=None, per_dial=50, per_sale=None))
    assert told["rates"]["contact"] is None
    assert set(told["buyer"].values()) == set(told["supplier"].values()) == {None}
