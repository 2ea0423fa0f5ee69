"""Marshmallow fields that take exactly what the contract says and nothing that merely resembles it.

Owns instants (RFC 3339 with an offset, UTC inside), whole numbers that are no booleans, floats or strings, money,
choices, identifiers and the checked texts of parties. Every field knows its JSON schema for the OpenAPI document.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any, Final
from uuid import UUID

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from ledger.domain import calendar
from ledger.domain.contacts import is_plain_address
from ledger.domain.money import Money as DomainMoney
from ledger.domain.money import is_currency

SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_BUT_LINES: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,12})?")


class Instant(fields.Field[datetime]):
    """A point in time. In: RFC 3339 with an offset. Out of `load`: aware UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if type(value) is not str:
            raise ValidationError("Needs an RFC 3339 instant with an offset, such as 2026-10-05T10:00:00Z.")
        try:
            return calendar.parse_instant(value)
        except ValueError:
            raise ValidationError("Needs an RFC 3339 instant with an offset, such as 2026-10-05T10:00:00Z.") from None


class Day(fields.Field[date]):
    """A calendar date, YYYY-MM-DD."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if type(value) is not str or not _DATE.fullmatch(value):
            raise ValidationError("Needs a date such as 2026-10-05.")
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValidationError("Needs a date such as 2026-10-05.") from None


class Whole(fields.Field[int]):
    """A whole number within bounds, both included. No booleans, floats or strings."""

    def __init__(self, *, minimum: int = -(2**63), maximum: int = 2**63 - 1, **kwargs: Any) -> None:
        super().__init__(validate=validate.Range(minimum, maximum), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int:
            raise ValidationError("Needs a whole number.")
        return value


class Digits(Whole):
    """A whole number in a query string, where everything is text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not str or not re.fullmatch("[0-9]{1,18}", value):
            raise ValidationError("Needs a whole number.")
        return int(value)


class Flag(fields.Field[bool]):
    """JSON's true or false and nothing that passes for them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if type(value) is not bool:
            raise ValidationError("Needs true or false.")
        return value


class Text(fields.Field[str]):
    """Text of `shortest` to `longest` characters, not blank, without control characters (but for `lines`)."""

    def __init__(
        self,
        *,
        longest: int = 200,
        shortest: int = 1,
        lines: bool = False,
        pattern: re.Pattern[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.longest, self.shortest, self.pattern = longest, shortest, pattern
        self._control = _CONTROL_BUT_LINES if lines else _CONTROL
        form = {} if pattern is None else {"pattern": f"^{pattern.pattern}$"}
        self.metadata = {"minLength": shortest, "maxLength": longest, **form, **self.metadata}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if type(value) is not str:
            raise ValidationError("Needs a string.")
        if not self.shortest <= len(value) <= self.longest:
            raise ValidationError(f"Needs {self.shortest} to {self.longest} characters.")
        if not value.isprintable() and self._control.search(value):
            raise ValidationError("Control characters are not taken.")
        if self.shortest and not value.strip():
            raise ValidationError("Must not be blank.")
        if self.pattern is not None and not self.pattern.fullmatch(value):
            raise ValidationError("Does not have the right form.")
        return value


class Slug(Text):
    """Lower-case letters and digits in words joined by hyphens; never in the form of a UUID."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=63, pattern=SLUG, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        slug = super()._deserialize(value, attr, data, **kwargs)
        if _UUID.fullmatch(slug):
            raise ValidationError("Does not have the right form.")
        return slug


class Identifier(fields.Field[UUID]):
    """A UUID in its usual form."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> UUID:
        if type(value) is not str or not _UUID.fullmatch(value):
            raise ValidationError("Needs a UUID.")
        return UUID(value)


class Names(Text):
    """Some of the known names, with commas between; loaded as a tuple."""

    def __init__(self, known: Iterable[str], **kwargs: Any) -> None:
        super().__init__(longest=100, **kwargs)
        self._known = tuple(known)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        names = super()._deserialize(value, attr, data, **kwargs).split(",")
        if not set(names) <= set(self._known):
            raise ValidationError(f"Needs some of {','.join(self._known)}, with commas between.")
        return tuple(names)


class Choice(fields.Field[str]):
    """One of a few strings. Given an enum's class, loads its member."""

    def __init__(self, choices: type[StrEnum] | Iterable[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices: dict[str, str] = {str(choice): choice for choice in choices}
        nothing = [None] if self.allow_none else []
        self.metadata = {"enum": [*self.choices, *nothing], **self.metadata}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if type(value) is not str or value not in self.choices:
            raise ValidationError(f"Needs one of {', '.join(self.choices)}.")
        return self.choices[value]


class DecimalText(Text):
    """An exact decimal as a string, since JSON's numbers are not exact everywhere."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=32, pattern=_DECIMAL, **kwargs)


class Currency(fields.Field[str]):
    """An ISO 4217 code with a known number of minor units."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if type(value) is not str or not is_currency(value):
            raise ValidationError("Needs an ISO 4217 currency.")
        return value


class MoneySchema(Schema):
    """An amount in minor units beside its currency."""

    class Meta:
        unknown = RAISE

    amount = Whole(required=True, metadata={"description": "Minor units: 18000 GBP is £180.00"})
    currency = Currency(required=True)


class Money(fields.Nested):
    """`{"amount": 18000, "currency": "GBP"}`, loaded as the domain's Money."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(MoneySchema, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, partial: Any = None, **kwargs: Any
    ) -> Any:
        loaded: Mapping[str, Any] = super()._deserialize(value, attr, data, partial, **kwargs)
        return DomainMoney(loaded["amount"], loaded["currency"])


_MONEY_SHAPE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"amount": {"type": "integer", "minimum": 1}, "currency": {"type": "string"}},
    "required": ["amount", "currency"],
    "additionalProperties": False,
}


class Amount(fields.Field[Any]):
    """More than nothing: whole minor units of the currency at hand, or money, whose currency must be that one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        nothing = [{"type": "null"}] if self.allow_none else []
        self.metadata = {"anyOf": [{"type": "integer", "minimum": 1}, _MONEY_SHAPE, *nothing], **self.metadata}
        self._whole, self._money = Whole(minimum=1), Money()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, dict):
            return self._whole.deserialize(value)
        money = self._money.deserialize(value)
        self._whole.deserialize(money.amount)
        return money


class Country(fields.Field[str]):
    """An ISO 3166-1 code of two letters."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if type(value) is not str or value not in countries():
            raise ValidationError("Needs an ISO 3166-1 country code of two letters.")
        return value


class TimeZone(fields.Field[str]):
    """An IANA time zone."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if type(value) is not str or not calendar.is_zone(value):
            raise ValidationError("Needs an IANA time zone, such as Europe/London.")
        return value


class Email(Text):
    """An e-mail address, tested offline and written in its usual form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=254, shortest=3, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        local, _, domain = text.rpartition("@")
        if is_plain_address(local, domain) and domain.rpartition(".")[2] not in SPECIAL_USE_DOMAIN_NAMES:
            return text
        try:
            return validate_email(text, check_deliverability=False, test_environment=True).normalized
        except EmailNotValidError:
            raise ValidationError("Needs an e-mail address.") from None


def local_instant(text: str, zone: str) -> datetime:
    """A form's wall-clock time (YYYY-MM-DDTHH:MM) in a zone as UTC; an offset may follow it.

    Raises ValidationError for a time that does not exist there, and for one that exists twice without its offset.
    """
    try:
        if re.search(r"(?:[zZ]|[+-]\d\d:\d\d)$", text):
            return calendar.parse_instant(text)
        local = datetime.fromisoformat(text)
        return calendar.from_local(local, zone)
    except ValueError as error:
        raise ValidationError(str(error)) from None


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """The ISO 3166-1 codes, from the time zone database."""
    table = (resources.files("tzdata.zoneinfo") / "iso3166.tab").read_text(encoding="utf-8")
    return frozenset(line.split("\t")[0] for line in table.splitlines() if not line.startswith("#"))


OPENAPI: Final[dict[type[fields.Field[Any]], tuple[str, str | None]]] = {
    Instant: ("string", "date-time"),
    Day: ("string", "date"),
    Whole: ("integer", "int64"),
    Flag: ("boolean", None),
    Text: ("string", None),
    Identifier: ("string", "uuid"),
    Choice: ("string", None),
    Currency: ("string", "iso-4217"),
    Country: ("string", "iso-3166-1-alpha-2"),
    TimeZone: ("string", "iana-time-zone"),
    Email: ("string", "email"),
}
"""JSON Schema type and format by field class, for the OpenAPI document."""
