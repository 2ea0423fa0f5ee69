"""Rules of money: integers, one currency, one rounding."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.money import Money, exponent, format_plain, half_up, is_currency, parse_amount, share_of


def test_an_amount_is_a_whole_number_of_minor_units() -> None:
    assert str(Money(18000, "GBP")) == "180.00 GBP"


@pytest.mark.parametrize("amount", [1.0, True, "1", None])
def test_floats_booleans_and_strings_are_no_amount(amount: object) -> None:
    with pytest.raises(TypeError):
        Money(amount, "GBP")  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["GBX", "gbp", "", "XAU", "XXX"])
def test_a_code_that_is_no_currency_is_refused(code: str) -> None:
    assert not is_currency(code)
    with pytest.raises(ValueError, match="not an ISO 4217 currency"):
        Money(1, code)
    with pytest.raises(ValueError, match="not an ISO 4217 currency"):
        exponent(code)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="do not mix"):
        Money(1, "GBP") + Money(1, "EUR")
    with pytest.raises(ValueError, match="do not mix"):
        assert Money(1, "GBP") < Money(1, "EUR")
    with pytest.raises(TypeError):
        Money(1, "GBP") + 1  # type: ignore[operator]


def test_money_adds_compares_and_negates() -> None:
    a, b = Money(250, "GBP"), Money(100, "GBP")
    assert (a + b, a - b, -a) == (Money(350, "GBP"), Money(150, "GBP"), Money(-250, "GBP"))
    assert b < a and b <= a and a > b and a >= b
    assert a and not Money.zero("GBP")


def test_a_share_of_money_keeps_its_currency() -> None:
    assert Money(999, "GBP").share(2500) == Money(250, "GBP")


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(1, 2, 1), (-1, 2, -1), (3, 2, 2), (5, 2, 3), (-5, 2, -3), (1, 3, 0), (2, 3, 1), (1, -2, -1), (0, 7, 0)],
)
def test_a_half_goes_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    assert half_up(numerator, denominator) == rounded


def test_rounding_refuses_floats_and_zero_denominators() -> None:
    with pytest.raises(TypeError):
        half_up(0.5, 1)  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        half_up(1, 0)


@given(st.integers(), st.integers().filter(bool))
def test_rounding_is_never_more_than_a_half_off_and_is_symmetric(numerator: int, denominator: int) -> None:
    rounded = half_up(numerator, denominator)
    assert abs(Fraction(numerator, denominator) - rounded) <= Fraction(1, 2)
    assert half_up(-numerator, denominator) == -rounded


def test_a_quarter_of_an_odd_price_is_rounded_half_up_once() -> None:
    assert share_of(18001, 2500) == 4500
    assert share_of(18002, 2500) == 4501
    assert share_of(-18002, 2500) == -4501


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (18000, "GBP", "180.00"),
        (5, "GBP", "0.05"),
        (-5, "GBP", "-0.05"),
        (500, "JPY", "500"),
        (1234, "KWD", "1.234"),
        (12345, "CLF", "1.2345"),
    ],
)
def test_the_currency_says_how_many_digits_follow_the_point(amount: int, currency: str, text: str) -> None:
    assert format_plain(amount, currency) == text
    assert parse_amount(text, currency) == amount


@pytest.mark.parametrize("text", ["", "1,000", "1e3", "NaN", "1.2.3", "1.005", "--1", "0x1", "£5", "١"])
def test_an_amount_that_is_not_an_exact_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not an amount|digits after the point"):
        parse_amount(text, "GBP")


def test_fewer_digits_than_the_currency_has_are_fine() -> None:
    assert parse_amount("180", "GBP") == 18000
    assert parse_amount("1.5", "GBP") == 150


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1), st.sampled_from(["GBP", "JPY", "KWD", "CLF"]))
def test_a_printed_amount_reads_back_the_same(amount: int, currency: str) -> None:
    assert parse_amount(format_plain(amount, currency), currency) == amount
