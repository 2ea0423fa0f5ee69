"""What a fact says about a criterion: met, not met, or nothing, because it is missing.

Owns the ten operators. Decimals compare as decimals, dates as dates, regions by ISO 3166-2 prefix, and patterns run
in RE2, whose linear time is the time limit. Refuses to rule: a finding is a party's, this only reads claims.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import re2

from ledger.domain.terms import Criterion, Definition, FactType, FactValue, Operator

Test = Callable[[Any], bool]
"""Whether a value that is there meets a criterion."""

_COMPILED: Final[dict[int, tuple[Definition, tuple[tuple[str, str, Test], ...]]]] = {}
_MOST_COMPILED: Final = 512


def meets(criterion: Criterion, value: FactValue | None, fact_type: FactType | None = None) -> bool | None:
    """Whether the value of its fact meets the criterion; None where the fact is missing (or a blank string).

    Without its declared type a fact is read as the criterion's value looks. A value of another kind does not meet.
    """
    if _is_missing(value):
        return None
    return _compile(criterion, fact_type)(value)


def evaluate(definition: Definition, facts: Mapping[str, FactValue]) -> dict[str, bool | None]:
    """By criterion id, whether the facts meet it; None where its fact is missing. Facts as `check_facts` returns."""
    found: dict[str, bool | None] = {}
    for identifier, fact, test in _tests(definition):
        value = facts.get(fact)
        missing = value is None or (value.__class__ is str and _is_missing(value))
        found[identifier] = None if missing else test(value)
    return found


def _is_missing(value: FactValue | None) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _tests(definition: Definition) -> tuple[tuple[str, str, Test], ...]:
    """Compiled once for each definition value; holding the value keeps its id from being given to another."""
    entry = _COMPILED.get(id(definition))
    if entry is not None and entry[0] is definition:
        return entry[1]
    declared = definition.facts
    tests = tuple(
        (c.id, c.fact, _compile(c, declared[c.fact].type if c.fact in declared else None)) for c in definition.criteria
    )
    if len(_COMPILED) >= _MOST_COMPILED:
        _COMPILED.clear()
    _COMPILED[id(definition)] = (definition, tests)
    return tests


def _compile(criterion: Criterion, fact_type: FactType | None) -> Test:
    return _BUILDERS[criterion.operator](criterion.value, fact_type)


def _negated(test: Test) -> Test:
    return lambda value: not test(value)


def _among(wanted: tuple[FactValue, ...], fact_type: FactType | None) -> Test:
    """True and 1 are different facts, and so are the strings "1.0" and "1.00"; as decimals they are the same."""
    if fact_type is FactType.DECIMAL:
        amounts = frozenset(Decimal(str(value)) for value in wanted)
        return lambda value: _decimal(value) in amounts
    values = frozenset((type(value), value) for value in wanted)
    return lambda value: (type(value), value) in values


def _between(low: FactValue | None, high: FactValue | None) -> Test:
    bounds = [bound for bound in (low, high) if bound is not None]
    if all(isinstance(bound, str) and _is_date(bound) for bound in bounds):
        # ISO dates of one form sort as the days they name.
        return lambda value: _is_date(value) and (low is None or value >= low) and (high is None or value <= high)
    if all(type(bound) is int for bound in bounds):
        return _between_numbers(low, high)
    least, most = (None if bound is None else Decimal(str(bound)) for bound in (low, high))
    return _between_numbers(least, most)


def _between_numbers(low: Any, high: Any) -> Test:
    def test(value: Any) -> bool:
        number = value if type(value) is int else _decimal(value)
        return number is not None and (low is None or number >= low) and (high is None or number <= high)

    return test


def _matching(pattern: str) -> Test:
    """On bytes and without captures it takes a third of the time; job titles and trades repeat, so it remembers."""
    search = _pattern(pattern).search

    @lru_cache(maxsize=1024)
    def test(value: Any) -> bool:
        return isinstance(value, str) and search(value.encode(errors="replace")) is not None

    return test


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    return re2.compile(pattern, options)


def _within(regions: tuple[str, ...]) -> Test:
    """A country covers its subdivisions: "GB" covers "GB-KEN", and not the other way round."""
    whole = frozenset(region.upper() for region in regions)
    parts = tuple(f"{region}-" for region in whole)

    def test(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        region = value.strip().upper()
        return region in whole or region.startswith(parts)

    return test


def _is_date(value: object) -> bool:
    return isinstance(value, str) and len(value) == 10 and value[4] == "-" and value[7] == "-"


def _decimal(value: object) -> Decimal | None:
    if type(value) is int:
        return Decimal(value)
    if not isinstance(value, str):
        return None
    try:
        number = Decimal(value)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


_BUILDERS: Final[dict[Operator, Callable[[Any, FactType | None], Test]]] = {
    Operator.EQUALS: lambda wanted, fact_type: _among((wanted,), fact_type),
    Operator.NOT_EQUALS: lambda wanted, fact_type: _negated(_among((wanted,), fact_type)),
    Operator.IN: _among,
    Operator.NOT_IN: lambda wanted, fact_type: _negated(_among(wanted, fact_type)),
    Operator.AT_LEAST: lambda wanted, _: _between(wanted, None),
    Operator.AT_MOST: lambda wanted, _: _between(None, wanted),
    Operator.BETWEEN: lambda wanted, _: _between(*wanted),
    Operator.MATCHES: lambda wanted, _: _matching(wanted),
    Operator.PRESENT: lambda _wanted, _type: lambda _value: True,
    Operator.WITHIN_REGION: lambda wanted, _: _within(wanted),
}
