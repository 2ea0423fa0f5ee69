from datetime import UTC, date, datetime

import pytest

from invoices import display
from invoices.text import clean


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (137350, "GBP", "£1,373.50"),
        (-1200, "GBP", "−£12.00"),
        (5, "EUR", "€0.05"),
        (500, "JPY", "JP¥500"),
        (1250, "KWD", "KWD\N{NO-BREAK SPACE}1.250"),
        (0, "GBP", "£0.00"),
    ],
)
def test_money_shows_its_sign_its_currency_and_its_own_decimals(minor: int, currency: str, shown: str) -> None:
    assert display.money(minor, currency) == shown


def test_amounts_in_a_column_leave_the_currency_out() -> None:
    assert display.amount(-123456789, "GBP") == "−1,234,567.89"
    assert display.amount(1234567, "JPY") == "1,234,567"


def test_the_locale_sets_the_marks() -> None:
    assert display.amount(123456789, "EUR", "de_DE") == "1.234.567,89"
    assert display.money(123456, "EUR", "de_DE") == "1.234,56\N{NO-BREAK SPACE}€"


def test_counts_are_grouped_as_the_locale_has_it() -> None:
    assert [display.count(1200, locale) for locale in ("en_GB", "de_DE", "fr_FR")] == [
        "1,200", "1.200", "1\N{NARROW NO-BREAK SPACE}200",
    ]  # fmt: skip


def test_shares_and_rates() -> None:
    assert [display.hundredths(share) for share in (10000, 6667, 50, 3330, 0)] == ["100", "66.67", "0.5", "33.3", "0"]
    assert display.percent(2000) == "20\N{NO-BREAK SPACE}%"


def test_a_whole_month_is_named_and_a_part_of_one_is_not() -> None:
    assert display.period(date(2026, 10, 1), date(2026, 10, 31)) == "October 2026"
    assert display.period(date(2026, 10, 1), date(2026, 10, 30)) == "1 Oct 2026 – 30 Oct 2026"
    assert display.period(date(2026, 12, 1), date(2026, 12, 31)) == "December 2026"


def test_a_service_falls_on_the_day_it_has_where_it_took_place() -> None:
    late = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    assert display.local_day(late, "Europe/Berlin") == "1 Nov 2026"
    assert display.local_day(late, "Europe/London") == "31 Oct 2026"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Acme\u202e dtL", "Acme dtL"),
        ("a\x00b\x1bc", "abc"),
        (" two \n lines\t", "two lines"),
        ("\ud800lone", "lone"),
        (None, ""),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_text_cannot_change_how_a_page_reads(text: str | None, shown: str) -> None:
    assert clean(text) == shown


def test_an_iban_is_grouped_as_banks_print_it() -> None:
    assert display.iban("DE02120300000000202051") == "DE02 1203 0000 0000 2020 51"


def test_an_unknown_country_stands_as_it_is() -> None:
    assert display.country("GB") == "United Kingdom"
    assert display.country("QQ") == "QQ"
