"""Money as integer minor units beside an ISO 4217 code, and the one way it is rounded.

Owns the currencies and their exponents (JPY has no minor unit, KWD three digits), half-up rounding and exact
plain strings. Refuses floats, booleans, unknown currencies and sums across currencies.
"""

import re
from dataclasses import dataclass
from typing import Final

BASIS_POINTS: Final = 10_000
"""100 %."""

_TWO_DIGITS: Final = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
    COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
    MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
    STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
_RETIRED_TWO_DIGITS: Final = "ANG BGN CUC HRK LTL LVL MRO SLL STD VEF ZWL"
"""Withdrawn since 2013; histories of those years are still told in them."""
_NO_DIGITS: Final = "BIF BYR CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"

EXPONENTS: Final[dict[str, int]] = {
    **dict.fromkeys((_TWO_DIGITS + _RETIRED_TWO_DIGITS).split(), 2),
    **dict.fromkeys(_NO_DIGITS.split(), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""Digits after the point by code. Metals, test codes and units of account without a minor unit are no money here."""


_PLAIN: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """`amount` in minor units (180.00 GBP is 18000); may be negative. Raises TypeError or ValueError where made."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError(f"an amount of money is a whole number of minor units, not {self.amount!r}")
        if self.currency not in EXPONENTS:
            raise ValueError(f"{self.currency!r} is not an ISO 4217 currency")

    @classmethod
    def zero(cls, currency: str) -> "Money":
        return cls(0, currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other).amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other).amount

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other).amount

    def __gt__(self, other: "Money") -> bool:
        return self.amount > self._same(other).amount

    def __ge__(self, other: "Money") -> bool:
        return self.amount >= self._same(other).amount

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        return f"{format_plain(self.amount, self.currency)} {self.currency}"

    def share(self, basis_points: int) -> "Money":
        return Money(share_of(self.amount, basis_points), self.currency)

    def _same(self, other: "Money") -> "Money":
        if not isinstance(other, Money):
            raise TypeError(f"money goes with money, not with {other!r}")
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other


def half_up(numerator: int, denominator: int) -> int:
    """The whole number nearest to the fraction; a half goes away from zero. The only rounding of money there is."""
    if type(numerator) is not int or type(denominator) is not int:
        raise TypeError("only whole numbers are rounded as money")
    if denominator == 0:
        raise ZeroDivisionError("a fraction needs a denominator other than zero")
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


def share_of(amount: int, basis_points: int) -> int:
    """`amount` (minor units) times a share or rate in basis points, rounded half up once."""
    return half_up(amount * basis_points, BASIS_POINTS)


def is_currency(code: str) -> bool:
    return code in EXPONENTS


def exponent(currency: str) -> int:
    """Digits after the point. Raises ValueError for what is no currency."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise ValueError(f"{currency!r} is not an ISO 4217 currency") from None


def format_plain(amount: int, currency: str) -> str:
    """Minor units as an exact decimal without grouping: 18000 GBP is "180.00", 500 JPY is "500"."""
    digits = exponent(currency)
    sign = "-" if amount < 0 else ""
    if digits == 0:
        return f"{sign}{abs(amount)}"
    whole, fraction = divmod(abs(amount), 10**digits)
    return f"{sign}{whole}.{fraction:0{digits}d}"


def parse_amount(text: str, currency: str) -> int:
    """An exact decimal string in minor units: "180.00" and "180" GBP are 18000.

    Raises ValueError for anything that is not a plain decimal or has more digits than the currency.
    """
    digits = exponent(currency)
    if not _PLAIN.fullmatch(text):
        raise ValueError(f"{text!r} is not an amount of money")
    whole, _, fraction = text.partition(".")
    kept, beyond = fraction[:digits], fraction[digits:]
    if beyond.strip("0"):
        raise ValueError(f"{currency} has {digits} digits after the point, {text!r} has more")
    return int(whole + kept.ljust(digits, "0"))
