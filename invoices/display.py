"""How values read on paper: money, shares, dates, names.

Owns the signs of display alone: a true minus, the currency's symbol, the locale's grouping. Refuses nothing; what
people wrote passes through `clean`.
"""

import re
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import get_currency_symbol

from invoices.document import Address
from invoices.text import clean
from ledger.domain.money import exponent

MINUS: Final = "\N{MINUS SIGN}"
DEFAULT_LOCALE: Final = "en_GB"
_CITY_FIRST: Final = frozenset(
    ["AE", "AU", "CA", "GB", "HK", "IE", "IN", "KW", "NZ", "SA", "SG", "TW", "UK", "US", "ZA"]
)
"""Countries that write the postcode after the town."""


@cache
def _symbols(locale: str) -> tuple[str, str]:
    found = Locale.parse(locale).number_symbols["latn"]
    return str(found["group"]), str(found["decimal"])


def amount(minor: int, currency: str, locale: str = DEFAULT_LOCALE) -> str:
    """Minor units without their currency: 137350 GBP is "1,373.50", negative ones with a true minus."""
    digits = exponent(currency)
    whole, fraction = divmod(abs(minor), 10**digits)
    text = f"{whole:,}.{fraction:0{digits}d}" if digits else f"{whole:,}"
    group, decimal = _symbols(locale)
    if (group, decimal) != (",", "."):
        text = text.translate({ord(","): group, ord("."): decimal})
    return MINUS + text if minor < 0 else text


def count(number: int, locale: str = DEFAULT_LOCALE) -> str:
    """How many: "1,200", in French "1 200"."""
    return f"{number:,}".replace(",", _symbols(locale)[0])


@cache
def _currency_affixes(currency: str, locale: str) -> tuple[str, str]:
    symbol = str(get_currency_symbol(currency, locale))
    pattern = Locale.parse(locale).currency_formats["standard"].pattern.partition(";")[0]
    before, after = re.split(r"[#,.0]+", pattern, maxsplit=1)
    gap = "\N{NO-BREAK SPACE}" if symbol[-1:].isalpha() and before.endswith("¤") else ""
    return before.replace("¤", symbol) + gap, after.replace("¤", symbol)


def money(minor: int, currency: str, locale: str = DEFAULT_LOCALE) -> str:
    """Minor units with the currency's sign: "£1,373.50", "−£12.00", "JP¥500", "KWD 1.250"."""
    before, after = _currency_affixes(currency, locale)
    return f"{MINUS if minor < 0 else ''}{before}{amount(abs(minor), currency, locale)}{after}"


@cache
def hundredths(basis_points: int, locale: str = DEFAULT_LOCALE) -> str:
    """10000 is "100", 6667 is "66.67"."""
    whole, fraction = divmod(basis_points, 100)
    digits = f"{fraction:02d}".rstrip("0")
    return f"{whole}{_symbols(locale)[1] + digits if digits else ''}"


def percent(basis_points: int, locale: str = DEFAULT_LOCALE) -> str:
    """10000 is "100 %" (with a no-break space)."""
    return f"{hundredths(basis_points, locale)}\N{NO-BREAK SPACE}%"


@cache
def day(value: date, locale: str = DEFAULT_LOCALE) -> str:
    """ "1 Dec 2026"; in French, which calls the first day so and never parts a date, "1er déc. 2026"."""
    text = str(format_skeleton("yMMMd", value, locale=locale))
    if not locale.startswith("fr"):
        return text
    return re.sub("^1 ", "1er ", text).replace(" ", "\N{NO-BREAK SPACE}")


@cache
def month(value: date, locale: str = DEFAULT_LOCALE) -> str:
    """ "October 2026"."""
    return str(format_date(value, "LLLL yyyy", locale=locale))


@cache
def period(first: date, last: date, locale: str = DEFAULT_LOCALE) -> str:
    """ "October 2026" for a whole calendar month, else "12 Oct – 3 Nov 2026"."""
    if (first.day, first.month, first.year) == (1, last.month, last.year) and (last + timedelta(days=1)).day == 1:
        return month(first, locale)
    return f"{day(first, locale)} – {day(last, locale)}"


def address(party: Address, locale: str = DEFAULT_LOCALE) -> list[str]:
    """The lines of an address as its country writes them, the country's name in the reader's language."""
    parts = clean(party.postcode), clean(party.city)
    town = " ".join(filter(None, reversed(parts) if party.country in _CITY_FIRST else parts))
    lines = (party.line1, party.line2, town, party.region, country(party.country, locale))
    return [line for line in map(clean, lines) if line]


def country(code: str, locale: str = DEFAULT_LOCALE) -> str:
    """The country's name; a code nobody knows stands as it is."""
    plain = clean(code)
    return str(Locale.parse(locale).territories.get(plain, plain))


@cache
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local_day(instant: datetime, time_zone: str, locale: str = DEFAULT_LOCALE) -> str:
    return day(instant.astimezone(zone(time_zone)).date(), locale)


def iban(text: str | None) -> str:
    """In groups of four, as banks print it."""
    plain = clean(text).replace(" ", "")
    return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))
