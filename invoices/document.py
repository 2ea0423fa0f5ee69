"""A document as it was issued: both parties, the terms, the totals and the lines, frozen.

Owns the values that the issuing transaction stores as JSON and that every rendering reads back; nothing here looks
anything up. Refuses what could not have been issued: naive instants, amounts that are no whole minor units, unknown
kinds, currencies and tax categories.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Literal, Self

from invoices.brand import PLAIN, Brand
from invoices.languages import LANGUAGES, Language
from ledger.domain.money import BASIS_POINTS, exponent

DocumentKind = Literal["invoice", "credit_note", "statement"]
Mode = Literal["self_billed", "statement"]
LineKind = Literal["appointment", "shortfall", "adjustment", "credit"]
Category = Literal["S", "Z", "E", "AE", "O"]
Json = dict[str, Any]

DOCUMENT_KINDS: Final = ("invoice", "credit_note", "statement")
MODES: Final = ("self_billed", "statement")
LINE_KINDS: Final = ("appointment", "shortfall", "adjustment", "credit")
CATEGORIES: Final = ("S", "Z", "E", "AE", "O")
TYPE_CODES: Final = (389, 261, None)
"""UNTDID 1001: self-billed invoice, self-billed credit note; a statement is neither."""


@dataclass(frozen=True, slots=True)
class Address:
    """The EN 16931 parts of a postal address; `country` is ISO 3166-1 alpha-2, empty when it was never told."""

    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    postcode: str | None = None
    region: str | None = None
    country: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """The parts without which no letter arrives (some countries have no postcodes)."""
        parts = {"street": self.line1, "city": self.city, "country": self.country}
        return tuple(name for name, value in parts.items() if not (value or "").strip())

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Party:
    """A buyer or a supplier as it stood on the day of issue."""

    slug: str
    legal_name: str
    address: Address
    vat_id: str | None = None
    vat_registered: bool = False
    tax_number: str | None = None
    registration_number: str | None = None
    iban: str | None = None
    bic: str | None = None
    email: str | None = None
    time_zone: str = "UTC"

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "address": Address.from_json(data["address"])})


@dataclass(frozen=True, slots=True)
class Line:
    """One accrual, or one part of an original's line given back.

    `price` (base and bonuses) and `amount` are minor units, `share` basis points, `service_at` the slot's start in
    UTC; `confirmed` holds the labels of the criteria that were confirmed; the tax is the line's own (BT-151, BT-152).
    On a credit note `amount` is positive and `corrects_line` is the number of the original's line.
    """

    number: int
    kind: LineKind
    reference: str | None
    appointment_id: str | None
    service_at: datetime | None
    outcome: str | None
    confirmed: tuple[str, ...]
    definition: str
    definition_version: int
    price: int
    share: int
    amount: int
    tax_category: Category
    tax_rate: int
    corrects_line: int | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        _one_of("kind of line", self.kind, LINE_KINDS)
        _one_of("tax category", self.tax_category, CATEGORIES)
        _whole(self, "number", "definition_version", "price", "share", "amount", "tax_rate")
        if self.service_at is not None:
            _aware("service_at", self.service_at)
        if not 0 <= self.share <= BASIS_POINTS:
            raise ValueError(f"a share is 0 to {BASIS_POINTS} basis points, not {self.share}")

    def to_json(self) -> Json:
        data = {name: getattr(self, name) for name in _LINE_FIELDS}
        data["service_at"] = None if self.service_at is None else _instant_text(self.service_at)
        data["confirmed"] = list(self.confirmed)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        at = data["service_at"]
        service_at = None if at is None else _instant(at)
        return cls(**{**data, "confirmed": tuple(data["confirmed"]), "service_at": service_at})


_LINE_FIELDS: Final = tuple(field.name for field in fields(Line))


@dataclass(frozen=True, slots=True)
class TaxBreakdown:
    """One row of the VAT table (BG-23): `net` and `tax` in minor units, `rate` in basis points."""

    category: Category
    rate: int
    net: int
    tax: int
    exemption: str | None = None

    def __post_init__(self) -> None:
        _one_of("tax category", self.category, CATEGORIES)
        _whole(self, "rate", "net", "tax")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Totals:
    """BT-109, BT-110, BT-112, BT-113 and BT-115 in minor units; positive on credit notes too."""

    net: int
    tax: int
    gross: int
    prepaid: int
    due: int

    def __post_init__(self) -> None:
        _whole(self, "net", "tax", "gross", "prepaid", "due")
        if self.gross != self.net + self.tax:
            raise ValueError(f"gross {self.gross} is not net {self.net} + tax {self.tax} (BR-CO-15)")
        if self.due != self.gross - self.prepaid:
            raise ValueError(f"due {self.due} is not gross {self.gross} - prepaid {self.prepaid} (BR-CO-16)")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Correction:
    """The original that a credit note corrects (BG-3), or the voided document that a re-issue stands for."""

    id: str
    number: str
    issued_on: date

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "issued_on": date.fromisoformat(data["issued_on"])})


@dataclass(frozen=True, slots=True)
class Document:
    """Everything on the paper but the lines, which are a sequence of their own.

    `period` is "2016-10"; `period_start` and `period_end` are its first and last day, both inclusive. Dates are in
    `time_zone` (the buyer's). `words` are the law's phrases, `chain_head` the ledger's head when it was issued.
    `accept_by` is when silence accepts a self-billed document, `replaces` the voided one that it stands for,
    `language` the recipient's, `brand` how it looks.
    """

    id: str
    number: str
    kind: DocumentKind
    mode: Mode
    type_code: int | None
    period: str
    period_start: date
    period_end: date
    time_zone: str
    issued_at: datetime
    due_on: date | None
    currency: str
    supplier: Party
    buyer: Party
    totals: Totals
    taxes: tuple[TaxBreakdown, ...]
    corrects: Correction | None = None
    words: tuple[str, ...] = ()
    chain_head: str | None = None
    replaces: Correction | None = None
    accept_by: datetime | None = None
    language: Language = "en"
    brand: Brand = PLAIN

    def __post_init__(self) -> None:
        _one_of("kind of document", self.kind, DOCUMENT_KINDS)
        _one_of("mode", self.mode, MODES)
        _one_of("type code", self.type_code, TYPE_CODES)
        _one_of("language", self.language, LANGUAGES)
        _aware("issued_at", self.issued_at)
        exponent(self.currency)
        if self.period_end < self.period_start:
            raise ValueError(f"the period ends {self.period_end}, before it starts {self.period_start}")
        if (self.corrects is not None) != (self.kind == "credit_note"):
            raise ValueError("a credit note, and nothing else, corrects an original")

    def to_json(self) -> Json:
        """A JSON object that `from_json` turns back into an equal value; instants in UTC, dates as ISO days."""
        return {each.name: _json(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError for what `to_json` could not have written."""
        due, accept_by = data["due_on"], data["accept_by"]
        values = {
            **data,
            "period_start": date.fromisoformat(data["period_start"]),
            "period_end": date.fromisoformat(data["period_end"]),
            "due_on": None if due is None else date.fromisoformat(due),
            "issued_at": _instant(data["issued_at"]),
            "supplier": Party.from_json(data["supplier"]),
            "buyer": Party.from_json(data["buyer"]),
            "totals": Totals.from_json(data["totals"]),
            "taxes": tuple(TaxBreakdown.from_json(tax) for tax in data["taxes"]),
            **{name: data[name] and Correction.from_json(data[name]) for name in ("corrects", "replaces")},
            "accept_by": None if accept_by is None else _instant(accept_by),
            "words": tuple(data["words"]),
            "brand": Brand.from_json(data["brand"]) if "brand" in data else PLAIN,  # none before there were brands
        }
        return cls(**values)


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return _instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_json(each) for each in value]
    if is_dataclass(value):
        return {each.name: _json(getattr(value, each.name)) for each in fields(value)}
    return value


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    _aware("instant", instant)
    return instant.astimezone(UTC)


def _instant_text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _aware(name: str, instant: datetime) -> None:
    if instant.utcoffset() is None:
        raise ValueError(f"{name} {instant} names no offset: an instant is aware")


def _whole(value: object, *names: str) -> None:
    for name in names:
        if type(number := getattr(value, name)) is not int:
            raise TypeError(f"{name} is a whole number, not {number!r}")


def _one_of(what: str, value: object, known: tuple[object, ...]) -> None:
    if value not in known:
        raise ValueError(f"{value!r} is no {what}; known are {', '.join(str(each) for each in known)}")
