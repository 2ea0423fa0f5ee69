from dataclasses import replace

import pytest

from invoices.document import Category
from invoices.totals import TotalsDisagree, check_sums, summarise, tax_breakdown, totals
from tests.invoices.samples import make_document, make_lines


def test_vat_is_rounded_half_up_once_per_category_and_rate() -> None:
    cents = [("S", 2000, 1, None)] * 3  # 0.2 each would round to nothing; 0.6 together rounds to one
    (row,) = tax_breakdown(cents)  # type: ignore[arg-type]
    assert (row.net, row.tax) == (3, 1)


@pytest.mark.parametrize(("net", "rate", "tax"), [(250, 1000, 25), (25, 1000, 3), (24, 1000, 2), (-25, 1000, -3)])
def test_a_half_goes_away_from_zero(net: int, rate: int, tax: int) -> None:
    assert tax_breakdown([("S", rate, net, None)])[0].tax == tax


def test_rows_are_summed_by_category_and_rate() -> None:
    rows = tax_breakdown([("S", 2000, 100, None), ("Z", 0, 50, None), ("S", 500, 10, None), ("S", 2000, 100, None)])
    assert [(row.category, row.rate, row.net, row.tax) for row in rows] == [
        ("S", 2000, 200, 40),
        ("S", 500, 10, 1),
        ("Z", 0, 50, 0),
    ]


def test_category_o_stands_alone() -> None:
    with pytest.raises(ValueError, match="BR-O-11"):
        tax_breakdown([("O", 0, 100, None), ("Z", 0, 100, None)])


@pytest.mark.parametrize(("category", "rate"), [("Z", 2000), ("E", 700), ("AE", 1900), ("O", 1), ("S", 0)])
def test_only_the_standard_category_has_a_rate(category: Category, rate: int) -> None:
    with pytest.raises(ValueError, match="basis points"):
        tax_breakdown([(category, rate, 100, "a reason")])


def test_an_exemption_gives_its_reason() -> None:
    with pytest.raises(ValueError, match="BR-E-10"):
        tax_breakdown([("E", 0, 100, " ")])
    assert tax_breakdown([("E", 0, 100, "§ 19 UStG")])[0].exemption == "§ 19 UStG"


def test_totals_follow_the_norm() -> None:
    sums = totals(tax_breakdown([("S", 2000, 1373500, None)]), prepaid=48200)
    assert (sums.net, sums.tax, sums.gross, sums.prepaid, sums.due) == (1373500, 274700, 1648200, 48200, 1600000)


def test_nothing_sums_to_nothing() -> None:
    assert totals(()).due == 0


def test_lines_are_summed_by_outcome_price_and_share() -> None:
    lines = make_lines(40)
    groups = summarise(lines)
    assert sum(group.count for group in groups) == 40
    assert sum(group.amount for group in groups) == sum(line.amount for line in lines)
    assert len({(group.outcome, group.price, group.share) for group in groups}) == len(groups)
    assert all(group.unit is not None and group.count * group.unit == group.amount for group in groups)


def test_the_commonest_outcome_comes_first_and_its_dearest_price_before_the_others() -> None:
    groups = summarise(make_lines(40))
    assert [(group.outcome, group.price) for group in groups[:3]] == [
        ("attended", 20500),
        ("attended", 18000),
        ("prospect_no_show", 20500),
    ]


def test_a_group_names_what_was_confirmed_on_every_one_of_its_lines() -> None:
    first, second = make_lines(2)
    (group,) = summarise([first, replace(second, confirmed=second.confirmed[:1])])
    assert group.confirmed == ("10 to 250 people",)


def test_amounts_that_differ_within_a_group_have_no_unit() -> None:
    first, second = make_lines(2)
    (group,) = summarise([first, replace(second, amount=17999)])
    assert (group.unit, group.amount) == (None, 35999)


def test_a_shortfall_is_a_group_of_its_own_and_comes_last() -> None:
    line = make_lines(1)[0]
    shortfall = replace(line, kind="shortfall", reference=None, price=500, amount=500, confirmed=())
    groups = summarise([shortfall, replace(shortfall, price=700, amount=700), line])
    assert [(group.kind, group.count, group.amount) for group in groups] == [
        ("appointment", 1, 18000),
        ("shortfall", 2, 1200),
    ]


def test_lines_taxes_and_totals_must_agree() -> None:
    lines = make_lines(3)
    document = make_document(lines)
    check_sums(document, lines)
    with pytest.raises(TotalsDisagree, match="the lines sum to"):
        check_sums(document, lines[:2])
    with pytest.raises(TotalsDisagree, match="taxes"):
        check_sums(replace(document, taxes=(replace(document.taxes[0], tax=1),)), lines)
    with pytest.raises(TotalsDisagree, match="numbered"):
        check_sums(document, (lines[1], lines[0], lines[2]))
