"""The sums on a document: price groups, VAT per category and rate, totals.

Owns the arithmetic of EN 16931 (BR-CO-10 to BR-CO-17) in minor units; every rounding is the domain's half up.
Refuses mixtures that the norm forbids and lines that do not add up to their document.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from invoices.document import CATEGORIES, Category, Document, Line, LineKind, TaxBreakdown, Totals
from ledger.domain.money import share_of

_KIND_ORDER = {"appointment": 0, "adjustment": 1, "credit": 2, "shortfall": 3}


class TotalsDisagree(ValueError):
    """The lines, the VAT table and the totals of a document tell different sums."""


@dataclass(frozen=True, slots=True)
class PriceGroup:
    """Lines of the same outcome, price and share on the first page; amounts in minor units.

    `unit` is the amount of each of them, None where they differ (parts of split accruals, arbitrated amounts);
    `confirmed` are the labels that were confirmed on every one, so that a price with bonuses explains itself.
    """

    kind: LineKind
    outcome: str | None
    price: int
    share: int
    count: int
    unit: int | None
    amount: int
    confirmed: tuple[str, ...]


def summarise(lines: Iterable[Line]) -> tuple[PriceGroup, ...]:
    """The price groups: appointments first, dearest first within an outcome; shortfalls last, a group of their own."""
    groups: dict[tuple[LineKind, str | None, int, int], list[Line]] = {}
    for line in lines:
        price, share = (0, 0) if line.kind == "shortfall" else (line.price, line.share)
        groups.setdefault((line.kind, line.outcome, price, share), []).append(line)
    biggest = Counter[tuple[LineKind, str | None]]()
    for (kind, outcome, _, _), members in groups.items():
        biggest[kind, outcome] += len(members)
    ordered = sorted(
        groups.items(),
        key=lambda item: (
            _KIND_ORDER[item[0][0]], -biggest[item[0][:2]], item[0][1] or "", -item[0][2], -item[0][3],
        ),
    )  # fmt: skip
    return tuple(_group(members, price, share) for (_, _, price, share), members in ordered)


def _group(members: Sequence[Line], price: int, share: int) -> PriceGroup:
    first = members[0]
    amounts = {line.amount for line in members}
    common = set(first.confirmed).intersection(*(line.confirmed for line in members))
    return PriceGroup(
        kind=first.kind,
        outcome=first.outcome,
        price=price,
        share=share,
        count=len(members),
        unit=first.amount if len(amounts) == 1 else None,
        amount=sum(line.amount for line in members),
        confirmed=tuple(label for label in first.confirmed if label in common),
    )


def tax_breakdown(parts: Iterable[tuple[Category, int, int, str | None]]) -> tuple[TaxBreakdown, ...]:
    """The VAT table of nets given as `(category, rate, net, exemption)`, rate in basis points, net in minor units.

    Nets are summed per category and rate and the tax is rounded once per row (BR-CO-17); a row tells every reason.
    Raises ValueError where category O meets another (BR-O-11), a category other than S has a rate, S has none, or E
    gives no reason.
    """
    nets: dict[tuple[Category, int], int] = {}
    reasons: dict[tuple[Category, int], dict[str, None]] = {}
    for category, rate, net, exemption in parts:
        _check_rate(category, rate, exemption)
        nets[category, rate] = nets.get((category, rate), 0) + net
        reasons.setdefault((category, rate), {}).update({exemption: None} if exemption else {})
    if len({category for category, _ in nets}) > 1 and any(category == "O" for category, _ in nets):
        raise ValueError("category O stands alone on its document (BR-O-11)")
    return tuple(
        TaxBreakdown(category, rate, net, share_of(net, rate), "; ".join(reasons[category, rate]) or None)
        for (category, rate), net in sorted(nets.items(), key=lambda item: (CATEGORIES.index(item[0][0]), -item[0][1]))
    )


def _check_rate(category: Category, rate: int, exemption: str | None) -> None:
    if (category == "S") != (rate > 0):
        raise ValueError(f"category {category} does not go with a rate of {rate} basis points")
    if category == "E" and not (exemption or "").strip():
        raise ValueError("category E needs the reason of its exemption (BR-E-10)")


def totals(taxes: Iterable[TaxBreakdown], *, prepaid: int = 0) -> Totals:
    """BR-CO-10, 13, 14, 15 and 16 over the rows of the VAT table; `prepaid` is the drawn deposit (BT-113)."""
    rows = tuple(taxes)
    net, tax = sum(row.net for row in rows), sum(row.tax for row in rows)
    return Totals(net=net, tax=tax, gross=net + tax, prepaid=prepaid, due=net + tax - prepaid)


def check_sums(document: Document, lines: Sequence[Line]) -> None:
    """Raises TotalsDisagree unless lines, VAT table and totals agree and the lines are numbered 1 to n."""
    nets = Counter[tuple[Category, int]]()
    for line in lines:
        nets[line.tax_category, line.tax_rate] += line.amount
    facts = (
        ("lines", nets.total(), "net total", document.totals.net),
        *(
            (f"lines at {tax.category} {tax.rate}", nets[tax.category, tax.rate], "VAT table", tax.net)
            for tax in document.taxes
        ),
        ("VAT table's nets", sum(row.net for row in document.taxes), "net total", document.totals.net),
        ("VAT table's taxes", sum(row.tax for row in document.taxes), "tax total", document.totals.tax),
    )
    for left, found, right, told in facts:
        if found != told:
            raise TotalsDisagree(f"{document.number}: the {left} sum to {found}, the {right} says {told}")
    if any(line.number != position for position, line in enumerate(lines, 1)):
        raise TotalsDisagree(f"{document.number}: the lines are not numbered 1 to {len(lines)} in order")
