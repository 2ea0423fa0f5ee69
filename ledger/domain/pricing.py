"""What an outcome costs: the price of a position in the month, its bonuses, and the share that is owed.

Owns the price formula of the rulebook, section 4: base + bonuses of the confirmed bonus criteria, times the
share, rounded half up once. Refuses a position below one.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ledger.domain.lifecycle import CriterionFinding
from ledger.domain.money import share_of
from ledger.domain.terms import PriceSchedule


class Quote(NamedTuple):
    """Minor units of the definition's currency; `share` in basis points; `position` is 1-based within the month."""

    position: int
    base: int
    bonus: int
    share: int
    amount: int

    @property
    def price(self) -> int:
        return self.base + self.bonus


def base_price(schedule: PriceSchedule, position: int) -> int:
    """The base of the tier that `position` falls into."""
    if position < 1:
        raise ValueError("positions start at one")
    amount = schedule.tiers[0].amount
    for tier in schedule.tiers:
        if tier.start > position:
            break
        amount = tier.amount
    return amount


def bonus_price(schedule: PriceSchedule, criteria: Mapping[str, CriterionFinding]) -> int:
    """The bonuses of the criteria that are confirmed."""
    return sum(
        amount
        for criterion, amount in schedule.bonuses.items()
        if criteria.get(criterion) is CriterionFinding.CONFIRMED
    )


def quote(schedule: PriceSchedule, criteria: Mapping[str, CriterionFinding], share: int, position: int) -> Quote:
    """What `share` of the price at `position` comes to."""
    base = base_price(schedule, position)
    bonus = bonus_price(schedule, criteria)
    return Quote(position, base, bonus, share, share_of(base + bonus, share))
