"""Rates as exact fractions, how far chance may have moved them, and what an appointment may cost.

Pure and without floats: a rate is a numerator and a denominator, shown in basis points as well; money is integers. A
rate that was measured on nothing is none, and whatever rests on it is none too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Any, Final

from ledger.domain.money import BASIS_POINTS, half_up

PESSIMISTIC, REALISTIC, OPTIMISTIC = SCENARIOS = ("pessimistic", "realistic", "optimistic")
CHAIN: Final = ("contact", "booking", "delivery", "conversion")
"""From a dial to a sale: dials reach people, who book, come and qualify, and buy."""
_MOST: Final = 2**53 - 1
_Z_SQUARED: Final = (27_060, 10_000)
"""The square of 1.645: nine times in ten the true rate lies between the bounds."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`numerator` of `denominator`. It may exceed one, as sales of several appointments do."""

    numerator: int
    denominator: int

    @property
    def basis_points(self) -> int | None:
        """Rounded half up; None where it was measured on nothing."""
        return half_up(self.numerator * BASIS_POINTS, self.denominator) if self.denominator else None

    def as_json(self) -> dict[str, int | None]:
        return {"numerator": self.numerator, "denominator": self.denominator, "basis_points": self.basis_points}

    def bounds(self) -> tuple[int, int] | None:
        """The lower and the upper end of Wilson's interval in basis points; the fewer cases, the further apart."""
        if not self.denominator:
            return None
        n, hits = self.denominator, min(max(self.numerator, 0), self.denominator)
        z, one = _Z_SQUARED
        # (2·hits + z² ± z·sqrt(z² + 4·hits·(n − hits)/n)) / (2·(n + z²)), everything times `one`
        middle = 2 * hits * one + z
        spread = isqrt(z * (z + 4 * hits * (n - hits) * one // n))
        whole = 2 * (n * one + z)
        low, high = half_up((middle - spread) * BASIS_POINTS, whole), half_up((middle + spread) * BASIS_POINTS, whole)
        return max(low, 0), min(high, BASIS_POINTS)


def per(amount: int, count: int) -> int | None:
    """An amount of minor units for each of `count`, rounded half up; None for none."""
    return half_up(amount, count) if count else None


@dataclass(frozen=True, slots=True)
class Costs:
    """What the rates cannot tell: minor units, None where nobody says. `price` is what a qualified, attended
    appointment has cost so far."""

    price: int | None
    per_dial: int | None
    per_sale: int | None
    """What a sale is worth to the buyer."""


def scenario(name: str, rates: Mapping[str, Rate], costs: Costs) -> dict[str, Any]:
    """One scenario: every rate of `CHAIN` in basis points, and what follows for both sides.

    The buyer's break-even price is what a qualified, attended appointment brings in; the supplier's, what it costs to
    bring one about. Between the two there is a price that feeds both.
    """
    points = {step: _points(name, rates[step]) for step in CHAIN}
    worth = _times(costs.per_sale, points["conversion"])
    effort = costs.per_dial
    for step in ("contact", "booking", "delivery"):
        effort = _divided(effort, points[step])
    return {
        "scenario": name,
        "rates": points,
        "buyer": {
            "revenue_per_appointment": worth,
            "margin_per_appointment": _less(worth, costs.price),
            "cost_per_acquisition": _divided(costs.price, points["conversion"]),
            "break_even_price": worth,
        },
        "supplier": {
            "cost_per_appointment": effort,
            "margin_per_appointment": _less(costs.price, effort),
            "break_even_price": effort,
        },
    }


def _points(name: str, rate: Rate) -> int | None:
    bounds = rate.bounds()
    if bounds is None or name == REALISTIC:
        return rate.basis_points
    return bounds[0] if name == PESSIMISTIC else bounds[1]


def _times(amount: int | None, points: int | None) -> int | None:
    return None if amount is None or points is None else half_up(amount * points, BASIS_POINTS)


def _divided(amount: int | None, points: int | None) -> int | None:
    """None, too, for more than a client can count exactly: what hardly ever happens costs no price at all."""
    if amount is None or not points:
        return None
    quotient = half_up(amount * BASIS_POINTS, points)
    return quotient if quotient <= _MOST else None


def _less(amount: int | None, other: int | None) -> int | None:
    return None if amount is None or other is None else amount - other
