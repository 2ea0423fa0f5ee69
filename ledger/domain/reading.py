"""Reading an untrusted document field by field, and every fault in it.

Owns `Fields`, which reads one JSON object strictly: a wrong type, a missing or unknown field, a value out of range
is a fault with its JSON pointer, and reading goes on with a stand-in. Refuses to guess: no coercion, no float,
a boolean is no integer. What was read is only to be used if no fault was found.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from ledger.domain.calendar import parse_instant
from ledger.domain.errors import FieldError, Malformed
from ledger.domain.terms import Span, Unit

T = TypeVar("T")
Choice = TypeVar("Choice", bound=StrEnum)

LONGEST: Final[dict[Unit, int]] = {
    Unit.MINUTES: 5_256_000,
    Unit.HOURS: 87_600,
    Unit.DAYS: 3_650,
    Unit.BUSINESS_DAYS: 2_500,
}
"""About ten years: the longest length of time that a contract may name."""
_MOST_64_BIT: Final = 2**63 - 1
_DEEPEST: Final = 32
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NOTHING: Final = Span(Unit.MINUTES, 0)


class Faults:
    """What is wrong with a document, in the order of reading."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def add(self, pointer: str, detail: str) -> None:
        self.errors.append(FieldError(pointer, detail))

    def raise_if_any(self, subject: str) -> None:
        """Raises `Malformed` with every fault found so far, the first of each place."""
        if self.errors:
            first = {error.pointer: error for error in reversed(self.errors)}
            raise Malformed(reversed(first.values()), f"{subject} does not follow its schema.")


class Fields:
    """The fields of one JSON object at `pointer`. Each reader returns a stand-in after a fault.

    A `default` makes a field optional; the `optional_…` readers take a missing field and null alike as None.
    """

    def __init__(self, value: object, pointer: str, faults: Faults) -> None:
        self.pointer = pointer
        self.faults = faults
        self.sound = isinstance(value, Mapping)
        self._values: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        self._read: set[str] = set()
        if not self.sound:
            faults.add(pointer, "must be an object")

    def at(self, key: str | int) -> str:
        return f"{self.pointer}/{escaped(key)}"

    def fault(self, key: str, detail: str) -> None:
        self.faults.add(self.at(key), detail)

    def has(self, key: str) -> bool:
        """Whether the field is there and not null."""
        self._read.add(key)
        return self._values.get(key) is not None

    def raw(self, key: str) -> Any:
        self._read.add(key)
        return self._values.get(key)

    def names(self) -> tuple[str, ...]:
        return tuple(self._values)

    def text(self, key: str, *, longest: int = 200, pattern: str | None = None, default: str | None = None) -> str:
        if default is not None and not self._there(key):
            return default
        value = self._required(key)
        if not isinstance(value, str):
            return self._wrong(key, "must be a string", "")
        return self._checked_text(key, value, longest, pattern)

    def optional_text(self, key: str, *, longest: int = 200, pattern: str | None = None) -> str | None:
        return self.text(key, longest=longest, pattern=pattern) if self.has(key) else None

    def integer(self, key: str, low: int, high: int = _MOST_64_BIT) -> int:
        value = self._required(key)
        if type(value) is not int:
            return self._wrong(key, "must be a whole number", low)
        if not low <= value <= high:
            detail = f"must be {low} or more" if high == _MOST_64_BIT else f"must be between {low} and {high}"
            return self._wrong(key, detail, low)
        return value

    def optional_integer(self, key: str, low: int, high: int = _MOST_64_BIT) -> int | None:
        return self.integer(key, low, high) if self.has(key) else None

    def boolean(self, key: str) -> bool:
        value = self._required(key)
        if not isinstance(value, bool):
            return self._wrong(key, "must be true or false", False)
        return value

    def choice(self, key: str, choices: type[Choice], *, default: Choice | None = None) -> Choice:
        if default is not None and not self._there(key):
            return default
        value = self._required(key)
        if not isinstance(value, str) or value not in choices.__members__.values():
            return self._wrong(key, _one_of(choices), next(iter(choices)))
        return choices(value)

    def choices(self, key: str, choices: type[Choice]) -> tuple[Choice, ...]:
        known = set(choices.__members__.values())
        found = self.texts(key)
        for index, name in enumerate(found):
            if name not in known:
                self.faults.add(f"{self.at(key)}/{index}", _one_of(choices))
        return tuple(choices(name) for name in found if name in known)

    def texts(self, key: str, *, optional: bool = False, longest: int = 200) -> tuple[str, ...]:
        """A list of different strings; left out, it is empty where `optional`."""
        if optional and not self.has(key):
            return ()
        found: list[str] = []
        for pointer, value in self.items(key):
            if not isinstance(value, str) or not value.strip() or len(value) > longest:
                self.faults.add(pointer, f"must be a string of 1 to {longest} characters")
            elif value in found:
                self.faults.add(pointer, f"{value!r} is named twice")
            else:
                found.append(value)
        return tuple(found)

    def items(self, key: str, *, most: int = 1000) -> Iterator[tuple[str, Any]]:
        """Pointer and value of every item of a list."""
        value = self._required(key)
        if not isinstance(value, list | tuple):
            self._wrong(key, "must be a list", None)
            return
        if len(value) > most:
            self.fault(key, f"must have at most {most} items")
            return
        for index, item in enumerate(value):
            yield f"{self.at(key)}/{index}", item

    def fields(self, key: str) -> "Fields":
        """The object in a field; a missing one is a fault, once, and not one for each of its fields."""
        value = self._required(key)
        if value is None:
            self._wrong(key, "must be an object", None)
            return _Absent(self.at(key))
        return Fields(value, self.at(key), self.faults)

    def optional_fields(self, key: str) -> "Fields | None":
        return self.fields(key) if self.has(key) else None

    def span(self, key: str) -> Span:
        value = self._required(key)
        if not isinstance(value, Mapping):
            return self._wrong(key, 'must be a length of time such as {"days": 14}', _NOTHING)
        if len(value) != 1:
            return self._wrong(key, "must have exactly one unit", _NOTHING)
        ((unit, count),) = value.items()
        if unit not in Unit.__members__.values():
            return self._wrong(key, f"{unit!r} is no unit: {_one_of(Unit)}", _NOTHING)
        longest = LONGEST[Unit(unit)]
        if type(count) is not int or not 0 <= count <= longest:
            self.faults.add(f"{self.at(key)}/{unit}", f"must be a whole number between 0 and {longest}")
            return _NOTHING
        return Span(Unit(unit), count)

    def optional_span(self, key: str) -> Span | None:
        return self.span(key) if self.has(key) else None

    def optional_instant(self, key: str) -> datetime | None:
        if not self.has(key):
            return None
        value = self.raw(key)
        found = _instant(value) if isinstance(value, str) else None
        return found or self._wrong(key, "must be an RFC 3339 instant with an offset", None)

    def day(self, key: str) -> date:
        value = self._required(key)
        found = iso_date(value) if isinstance(value, str) else None
        return found or self._wrong(key, "must be a date such as 2026-10-31", date.min)

    def optional_day(self, key: str) -> date | None:
        return self.day(key) if self.has(key) else None

    def close(self) -> None:
        """Every field that nobody read is unknown."""
        for key in self._values:
            if key not in self._read:
                self.faults.add(self.at(key), "is not a known field")

    def _there(self, key: str) -> bool:
        return key in self._values

    def _required(self, key: str) -> Any:
        self._read.add(key)
        if key not in self._values and self.sound:
            self.fault(key, "is missing")
        return self._values.get(key)

    def _wrong(self, key: str, detail: str, stand_in: T) -> T:
        if key in self._values:
            self.fault(key, detail)
        return stand_in

    def _checked_text(self, key: str, value: str, longest: int, pattern: str | None) -> str:
        if not value.strip():
            self.fault(key, "must not be empty")
        elif len(value) > longest:
            self.fault(key, f"must have at most {longest} characters")
        elif pattern is not None and not re.fullmatch(pattern, value):
            self.fault(key, f"must match {pattern}")
        return value


class _Absent(Fields):
    """Stands for an object that is not there: reading it finds no further faults."""

    def __init__(self, pointer: str) -> None:
        super().__init__({}, pointer, Faults())


def escaped(key: str | int) -> str:
    """A reference token of a JSON pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


def iso_date(text: str) -> date | None:
    """A date in the one form YYYY-MM-DD, else None."""
    if not _ISO_DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def is_printable(text: str) -> bool:
    """Whether a database and a canonical form can hold the text: no control characters, no lone surrogates."""
    return _UNPRINTABLE.search(text) is None


def check_plain(value: object, faults: Faults, pointer: str = "", depth: int = 0) -> None:
    """Finds what no document may hold: floats, numbers past 64 bits, text of several lines, bottomless nests.

    A line break in a label could write clauses of its own into the prose that parties sign.
    """
    if depth > _DEEPEST:
        faults.add(pointer, f"is nested deeper than {_DEEPEST} levels")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str) or not is_printable(key):
                faults.add(pointer, "has a key that is no printable string")
            else:
                check_plain(item, faults, f"{pointer}/{escaped(key)}", depth + 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            check_plain(item, faults, f"{pointer}/{index}", depth + 1)
    elif isinstance(value, str):
        if not is_printable(value) or "\n" in value or "\t" in value:
            faults.add(pointer, "must be one line of text without control characters")
    elif isinstance(value, int):
        if not -(2**63) <= value <= _MOST_64_BIT:
            faults.add(pointer, "does not fit into 64 bits")
    elif value is not None:
        faults.add(pointer, "must be a whole number or a decimal string" if isinstance(value, float) else "is no JSON")


def _instant(text: str) -> datetime | None:
    try:
        return parse_instant(text)
    except ValueError:
        return None


def _one_of(choices: type[StrEnum]) -> str:
    return "must be one of " + ", ".join(choices)
