"""What a supplier claims about a prospect, held against the types that the definition declares.

Owns which values a fact of each type may have, in JSON and in the cells of a history file. Refuses undeclared
names, booleans as numbers, floats, and numbers past 64 bits; every fault is named, not the first alone.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from ledger.domain.errors import FieldError, Malformed
from ledger.domain.reading import escaped, is_printable, iso_date
from ledger.domain.terms import Definition, Fact, FactType, FactValue

LONGEST_TEXT: Final = 2_000
_DECIMAL: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_INTEGER: Final = re.compile(r"-?[0-9]{1,19}")
_LEAST, _MOST = -(2**63), 2**63 - 1


def check_facts(definition: Definition, facts: Mapping[str, Any], pointer: str = "/facts") -> dict[str, FactValue]:
    """The facts of a submission as they are stored: decimals and dates as strings, nulls left out.

    Raises `Malformed` naming every fact that is not declared or not of its type.
    """
    found: dict[str, FactValue] = {}
    errors: list[FieldError] = []
    declared = definition.facts
    for name, value in facts.items():
        fact = declared.get(name)
        if fact is None:
            errors.append(FieldError(f"{pointer}/{escaped(name)}", "is not a fact of this definition"))
        elif value is not None:
            stored = _READERS[fact.type](value)
            if stored is None or (fact.choices and stored not in fact.choices):
                errors.append(FieldError(f"{pointer}/{escaped(name)}", expectation(fact)))
            else:
                found[name] = stored
    if errors:
        raise Malformed(errors)
    return found


def facts_from_text(definition: Definition, cells: Mapping[str, str], pointer: str = "/facts") -> dict[str, FactValue]:
    """The same from the cells of a CSV file, where everything is text and an empty cell is no fact."""
    found: dict[str, Any] = {}
    for name, cell in cells.items():
        text = cell.strip()
        if text:
            fact = definition.facts.get(name)
            found[name] = _typed(fact.type, text) if fact is not None else text
    return check_facts(definition, found, pointer)


def stored(fact_type: FactType, value: object) -> FactValue | None:
    """A single value as it is stored, or None where it is not of the type."""
    return _READERS[fact_type](value)


def expectation(fact: Fact) -> str:
    """What a value of this fact must be, for a person."""
    return f"must be one of {', '.join(fact.choices)}" if fact.choices else _EXPECTED[fact.type]


def _integer(value: object) -> FactValue | None:
    return value if type(value) is int and _LEAST <= value <= _MOST else None


def _decimal(value: object) -> FactValue | None:
    if type(value) is int:
        value = str(value)
    return value if isinstance(value, str) and _DECIMAL.fullmatch(value) else None


def _boolean(value: object) -> FactValue | None:
    return value if isinstance(value, bool) else None


def _text(value: object) -> FactValue | None:
    return value if isinstance(value, str) and len(value) <= LONGEST_TEXT and is_printable(value) else None


def _day(value: object) -> FactValue | None:
    return value if isinstance(value, str) and iso_date(value) else None


def _typed(fact_type: FactType, text: str) -> object:
    if fact_type is FactType.INTEGER and _INTEGER.fullmatch(text):
        return int(text)
    if fact_type is FactType.BOOLEAN:
        return _BOOLEANS.get(text.lower(), text)
    return text


_READERS: Final[dict[FactType, Callable[[object], FactValue | None]]] = {
    FactType.INTEGER: _integer,
    FactType.DECIMAL: _decimal,
    FactType.BOOLEAN: _boolean,
    FactType.STRING: _text,
    FactType.CHOICE: _text,
    FactType.DATE: _day,
}
_EXPECTED: Final = {
    FactType.INTEGER: "must be a whole number of at most 64 bits",
    FactType.DECIMAL: 'must be a decimal as a string, such as "120.50"',
    FactType.BOOLEAN: "must be true or false",
    FactType.STRING: f"must be a printable string of at most {LONGEST_TEXT} characters",
    FactType.CHOICE: "must be one of the choices",
    FactType.DATE: "must be a date such as 2026-10-31",
}
_BOOLEANS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
