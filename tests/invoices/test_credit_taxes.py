"""What credit notes give back of an original's tax, against fractions: never a minor unit too much or too little."""

from fractions import Fraction
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from invoices.credit_notes import credited_taxes
from invoices.document import Category
from invoices.totals import tax_breakdown, totals
from tests.invoices.samples import make_document, make_lines

RATES: tuple[tuple[Category, int], ...] = (("S", 2000), ("S", 777), ("Z", 0))
NETS = st.lists(st.integers(1, 10**9), min_size=len(RATES), max_size=len(RATES))
PARTS = st.lists(st.lists(st.integers(0, 10_000), min_size=len(RATES), max_size=len(RATES)), max_size=6)


def exact(net: int, rate: int) -> int:
    return floor(Fraction(net * rate, 10_000) + Fraction(1, 2))


@given(NETS, PARTS)
def test_after_every_note_the_tax_left_is_the_tax_of_what_is_left(nets: list[int], parts: list[list[int]]) -> None:
    """Notes over any shares of what is left, and one over all the rest, which leaves nothing."""
    taxes = tax_breakdown([(category, rate, net, None) for (category, rate), net in zip(RATES, nets, strict=True)])
    original = make_document(make_lines(1), taxes=taxes, totals=totals(taxes))
    left: dict[tuple[Category, int], int] = {(tax.category, tax.rate): tax.net for tax in taxes}
    before: dict[tuple[str, int], tuple[int, int]] = {}
    for shares in [*parts, [10_000] * len(RATES)]:
        taken: dict[tuple[str, int], int] = {
            key: left[key] * share // 10_000 for key, share in zip(left, shares, strict=True)
        }
        for row in credited_taxes(original, before, taken):
            key = row.category, row.rate
            net, tax = before.get(key, (0, 0))
            before[key] = net + row.net, tax + row.tax
            left[key] -= row.net
            assert row.tax >= 0
            assert abs(row.tax - Fraction(row.net * row.rate, 10_000)) <= 1
            assert before[key][1] == exact(nets[list(left).index(key)], row.rate) - exact(left[key], row.rate)
    assert set(left.values()) == {0}
    assert before == {(tax.category, tax.rate): (tax.net, tax.tax) for tax in taxes}
