"""Amounts of money and percentages as people type them: with a point or a comma, in the currency itself.

Owns what is said of one that cannot be read: the amount, the currency, and how it is written. Refuses to guess: a comma
before three digits may part thousands, so it is no decimal comma.
"""

import re
from typing import Final

from api.languages import gettext, ngettext
from ledger.domain.money import exponent, format_plain

_AMOUNT: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,6})|,([0-9]{1,2}|[0-9]{4,6}))?")


def read_amount(text: str, currency: str) -> int | None:
    """Minor units; None for what is no amount of this currency."""
    found, digits = _AMOUNT.fullmatch(text), exponent(currency)
    if found is None:
        return None
    decimals = found[2] or found[3] or ""
    return None if len(decimals) > digits else int(found[1] + decimals.ljust(digits, "0"))


def misread_amount(text: str, currency: str) -> str:
    """What is wrong with an amount that could not be read."""
    digits = exponent(currency)
    if text and _AMOUNT.fullmatch(text):
        if not digits:
            return gettext("%(typed)s %(currency)s has decimals; %(currency)s has none.", typed=text, currency=currency)
        return ngettext(
            "%(typed)s %(currency)s has more than %(n)s decimal.",
            "%(typed)s %(currency)s has more than %(n)s decimals.",
            digits,
            typed=text,
            currency=currency,
        )
    example = format_plain(180 * 10**digits, currency)
    return gettext("Write the amount in %(currency)s, such as %(example)s.", currency=currency, example=example)


def misread_percent() -> str:
    return gettext("Write the percentage as a number, such as 20 or 12.5.")
