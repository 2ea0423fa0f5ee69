"""Months of trade and what they come to, worked out a second time: fractions, lists and the rulebook's sentences.

Owns a generator of histories that is the same every time, and a model that shares no code with the product.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import floor
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

MONTHS = ((2026, 1), (2026, 2), (2026, 3), (2026, 4), (2026, 5))
SHARES = {
    "attended": 10000,
    "cut_short": 5000,
    "prospect_no_show": 2500,
    "buyer_no_show": 10000,
    "both_absent": 0,
    "supplier_fault": 0,
    "access_failure": 2500,
    "technical_failure": 0,
    "cancelled_by_prospect": 0,
    "cancelled_by_buyer": 0,
    "cancelled_by_buyer_late": 5000,
    "cancelled_by_supplier": 0,
    "disqualified": 0,
}
HAPPENED = ("attended",) * 5 + ("", "", "cut_short", "prospect_no_show", "buyer_no_show", "access_failure",
            "both_absent", "disqualified", "cancelled_by_buyer", "cancelled_by_supplier")  # fmt: skip
"""An empty outcome is silence, which counts as attended."""


@dataclass(frozen=True)
class Trade:
    """One definition and the terms on it; `tiers` are (first position, minor units), `rate` is in basis points."""

    buyer: str
    definition: str
    currency: str
    zone: str
    category: str
    rate: int
    tiers: tuple[tuple[int, int], ...]
    bonus: int = 0
    minimum: int | None = None
    rebooking_days: int = 0
    deposit: int = 0
    shares: dict[str, int] = field(default_factory=dict)

    def share(self, outcome: str) -> int:
        return {**SHARES, **self.shares}[outcome]


TRADES = (
    Trade("bank", "visits", "GBP", "Europe/London", "S", 2000, ((1, 18000), (3, 16000), (6, 12345)), 2500,
          deposit=40000),
    Trade("bank", "calls", "GBP", "Europe/London", "S", 500, ((1, 3333),), 17),
    Trade("kraft", "solar", "EUR", "Europe/Berlin", "AE", 0, ((1, 9999), (4, 8888)), 501, 60000, rebooking_days=10),
    Trade("sakura", "roof", "JPY", "Asia/Tokyo", "S", 1000, ((1, 20001), (3, 15555)), 7,
          shares={"cut_short": 3333, "prospect_no_show": 2501}),
    Trade("gulf", "office", "KWD", "Asia/Kuwait", "Z", 0, ((1, 55555), (5, 50001)), 1250, 200000),
    Trade("klein", "heat", "EUR", "Europe/Berlin", "E", 0, ((1, 12050), (2, 11999)), shares={"disqualified": 1111}),
    Trade("nord", "lease", "GBP", "America/New_York", "O", 0, ((1, 7777),), 333, 20000, shares={"cut_short": 6667}),
)  # fmt: skip
SUPPLIERS = tuple(f"supplier-{number}" for number in range(1, 8))


@dataclass(frozen=True)
class Meeting:
    """One appointment as the history tells it."""

    supplier: str
    reference: str
    submitted_at: datetime
    starts_at: datetime
    outcome: str
    outcome_at: datetime | None
    owner: bool

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=30)

    def row(self, trade: Trade) -> dict[str, Any]:
        at = self.outcome_at
        return {
            "reference": self.reference,
            "supplier": self.supplier,
            "buyer": trade.buyer,
            "definition": trade.definition,
            "submitted_at": self.submitted_at.isoformat(),
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "channel": "outbound",
            "fact.employees": 42,
            "fact.title": "CFO",
            "fact.owner": str(self.owner).lower(),
            "outcome": self.outcome,
            "outcome_at": "" if at is None else at.isoformat(),
        }


def meetings(trade: Trade) -> list[Meeting]:
    """What a trade's suppliers did in these months; no two effects of a pair fall into the same instant."""
    random, made = Random(f"{trade.buyer}:{trade.definition}"), list[Meeting]()
    for supplier in SUPPLIERS:
        for year, month in MONTHS:
            for _ in range(random.randint(2, 8)):
                number = len(made) + 1
                starts_at = datetime(year, month, 1, 0, 0, number % 60, tzinfo=UTC)
                starts_at += timedelta(minutes=random.randrange(28 * 24 * 60))
                outcome, at = random.choice(HAPPENED), starts_at + timedelta(minutes=31 + random.randrange(240))
                if outcome.startswith("cancelled"):
                    at = starts_at - timedelta(hours=random.choice((1, 23, 24, 25, 70)))
                submitted_at = starts_at - timedelta(days=random.randint(5, 25))
                reference = f"{trade.definition}-{number}"
                owner = random.random() < 0.4
                made.append(
                    Meeting(supplier, reference, submitted_at, starts_at, outcome, at if outcome else None, owner)
                )
    return made


def rounded(amount: Fraction) -> int:
    """To the whole minor unit, a half up."""
    return floor(amount + Fraction(1, 2))


@dataclass
class Charge:
    """What one meeting, or one month's minimum, comes to, and when."""

    effective_at: datetime
    reference: str | None
    outcome: str | None
    base: int
    bonus: int
    share: int
    amount: int

    @property
    def line(self) -> tuple[Any, ...]:
        return (self.reference, self.outcome, self.base, self.bonus, self.share, self.amount)


def charges(trade: Trade, supplier: str, everything: Sequence[Meeting]) -> list[Charge]:
    """The pair's charges by effective time, positions counted anew every month; then what months are short of."""
    zone = ZoneInfo(trade.zone)
    effects = sorted(
        (effect for meeting in everything if meeting.supplier == supplier for effect in _effects(trade, meeting)),
        key=lambda effect: effect[0],
    )
    positions: dict[tuple[int, int], int] = {}
    made = []
    for at, meeting, outcome in effects:
        month = at.astimezone(zone).year, at.astimezone(zone).month
        position = positions.get(month, 0) + 1
        base = next(amount for first, amount in reversed(trade.tiers) if first <= position)
        bonus = trade.bonus if meeting.owner else 0
        share = trade.share(outcome)
        amount = rounded(Fraction((base + bonus) * share, 10_000))
        if amount:
            positions[month] = position
            made.append(Charge(at, meeting.reference, outcome, base, bonus, share, amount))
    return made + list(_shortfalls(trade, made))


def _effects(trade: Trade, meeting: Meeting) -> Iterator[tuple[datetime, Meeting, str]]:
    """When the meeting's outcome takes effect, and which it is; nothing for what is worth nothing."""
    at, outcome = meeting.outcome_at, meeting.outcome or "attended"
    if at is None:  # silence, a day after the slot's end
        at = meeting.ends_at + timedelta(hours=24)
    if outcome == "cancelled_by_buyer" and meeting.starts_at - at <= timedelta(hours=24):
        outcome = "cancelled_by_buyer_late"
    if outcome == "prospect_no_show" and trade.rebooking_days:  # waits until it cannot be rebooked, by the wall clock
        local = at.astimezone(ZoneInfo(trade.zone)) + timedelta(days=trade.rebooking_days)
        at = local.astimezone(UTC)
    if trade.share(outcome):
        yield at, meeting, outcome


def _shortfalls(trade: Trade, made: Sequence[Charge]) -> Iterator[Charge]:
    for year, month in MONTHS if trade.minimum is not None else ():
        start, end = month_of(trade, year, month), month_of(trade, year, month + 1)
        missing = (trade.minimum or 0) - sum(charge.amount for charge in made if start <= charge.effective_at < end)
        if missing > 0:
            at = end - timedelta(microseconds=1)
            yield Charge(at, None, None, missing, 0, 10000, missing)


def month_of(trade: Trade, year: int, month: int) -> datetime:
    """The month's first instant, where the definition is at home."""
    return datetime(year, month, 1, tzinfo=ZoneInfo(trade.zone)).astimezone(UTC)


@dataclass
class Bill:
    """A document: its lines in order, its VAT table of (category, rate, net, tax), its sums."""

    lines: list[tuple[Any, ...]]
    taxes: list[tuple[str, int, int, int]]
    prepaid: int = 0

    @property
    def sums(self) -> tuple[int, int, int, int, int]:
        net, tax = sum(row[2] for row in self.taxes), sum(row[3] for row in self.taxes)
        return net, tax, net + tax, self.prepaid, net + tax - self.prepaid


def invoices() -> dict[tuple[str, str, int, int], Bill]:
    """Every invoice by buyer, supplier, year and month."""
    made: dict[tuple[str, str, int, int], Bill] = {}
    known = {trade.definition: meetings(trade) for trade in TRADES}
    for buyer in dict.fromkeys(trade.buyer for trade in TRADES):
        theirs = [trade for trade in TRADES if trade.buyer == buyer]
        for supplier in SUPPLIERS:
            owed = {trade.definition: charges(trade, supplier, known[trade.definition]) for trade in theirs}
            deposit = sum(trade.deposit for trade in theirs)
            for year, month in MONTHS:
                bill = _bill(theirs, owed, year, month)
                if bill.lines:
                    bill.prepaid = min(deposit, bill.sums[2])
                    deposit -= bill.prepaid
                    made[buyer, supplier, year, month] = bill
    return made


def _bill(theirs: Sequence[Trade], owed: dict[str, list[Charge]], year: int, month: int) -> Bill:
    """What took effect before the month's end and is on no earlier bill; it is taken off what is owed."""
    taken: list[tuple[Charge, Trade]] = []
    for trade in theirs:
        end = month_of(trade, year, month + 1)
        taken += [(charge, trade) for charge in owed[trade.definition] if charge.effective_at < end]
        owed[trade.definition] = [charge for charge in owed[trade.definition] if charge.effective_at >= end]
    taken.sort(key=lambda each: each[0].effective_at)
    nets: dict[tuple[str, int], int] = {}
    for charge, trade in taken:
        nets[trade.category, trade.rate] = nets.get((trade.category, trade.rate), 0) + charge.amount
    taxes = [
        (category, rate, net, rounded(Fraction(net * rate, 10_000)))
        for (category, rate), net in sorted(nets.items(), key=lambda item: -item[0][1])
    ]
    return Bill([charge.line for charge, _ in taken], taxes)


def credited(bill: Bill, given: Sequence[int], before: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Net and tax of a credit note over amounts of one rate: what is left of the tax is the tax of what is left."""
    ((_, rate, net, tax),) = bill.taxes
    left = net - sum(net_before for net_before, _ in before) - sum(given)
    return sum(given), tax - rounded(Fraction(left * rate, 10_000)) - sum(tax_before for _, tax_before in before)


def last_day(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
