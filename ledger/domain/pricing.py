"""What an outcome costs: the price of a position in the month, its bonuses, and the share that is owed.

Owns the price formula of the rulebook, section 4: base + bonuses of the confirmed bonus criteria, times the
share, rounded half up once; and what a part of it says of its own price. Refuses a position below one.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple, Self

from ledger.domain.lifecycle import CriterionFinding
from ledger.domain.money import BASIS_POINTS, share_of
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


class Told(NamedTuple):
    """What an accrual, and so its line, tells of its price; `confirmed` are labels of criteria."""

    base: int
    bonus: int
    share: int
    confirmed: tuple[str, ...]

    @property
    def amount(self) -> int:
        return share_of(self.base + self.bonus, self.share)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """What a row tells, its labels one to a line."""
        return cls(row["base"], row["bonus"], row["share"], tuple(filter(None, row["confirmed"].split("\n"))))

    def columns(self) -> dict[str, Any]:
        return {**self._asdict(), "confirmed": "\n".join(self.confirmed)}


def part_of(whole: Told, amount: int, *, bonuses: Collection[str] = (), left: Told | None = None) -> Told:
    """What a part of what was priced tells, so that its price times its share is its amount.

    `left` is the other part: what a decision leaves, or what has accrued before; `bonuses` are the labels with one.
    A part that is neither such a rest, nor the base or the bonuses alone, is its own price.
    """
    parts = (whole, *_rests(whole, left), *_halves(whole, bonuses))
    fitting = (each for each in parts if min(each.base, each.bonus, each.share) >= 0 and each.amount == amount)
    return next(fitting, whole._replace(base=amount, bonus=0, share=BASIS_POINTS))


def _rests(whole: Told, left: Told | None) -> Iterator[Told]:
    if left is not None:
        lost = tuple(label for label in whole.confirmed if label not in left.confirmed)
        yield Told(whole.base - left.base, whole.bonus - left.bonus, whole.share, lost)
        yield whole._replace(share=whole.share - left.share)


def _halves(whole: Told, bonuses: Collection[str]) -> Iterator[Told]:
    if bonuses:
        yield whole._replace(bonus=0, confirmed=tuple(label for label in whole.confirmed if label not in bonuses))
        yield whole._replace(base=0, confirmed=tuple(label for label in whole.confirmed if label in bonuses))


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
