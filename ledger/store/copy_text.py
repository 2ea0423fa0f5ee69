"""Rows as PostgreSQL's COPY reads them, column by column.

Owns the text format: a value is written once where a whole column has no other, an instant once however many columns
hold it, and texts are searched for what has to be escaped all at once. Refuses values that no column of ours holds.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from psycopg import Binary, DataError

Values = Sequence[Any]
Words = Callable[[Values], Sequence[str]]

_NULL: Final = "\\N"
_NUL: Final = "\0"
_ESCAPED: Final = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))


def copy_text(columns: Sequence[Values]) -> bytes:
    """All rows of the columns, which have some. Raises DataError for a NUL in a text."""
    line, varying = list[str](), list[Sequence[str]]()
    instants: dict[int, str] = {}
    for values in columns:
        if values[0] is values[-1] and values.count(values[0]) == len(values):
            line.append(_column(values[:1], instants)[0].replace("%", "%%"))
        else:
            line.append("%s")
            varying.append(_column(values, instants))
    row = "\t".join(line) + "\n"
    lines = map(row.__mod__, zip(*varying, strict=True)) if varying else [row % ()] * len(columns[0])
    return "".join(lines).encode()


def _column(values: Values, instants: dict[int, str]) -> Sequence[str]:
    kinds = set(map(type, values))
    if len(kinds) > 1 and type(None) in kinds:
        there = iter(_column([value for value in values if value is not None], instants))
        return [_NULL if value is None else next(there) for value in values]
    writers = set(map(_words_of, kinds))
    if len(writers) > 1:
        return [_column((value,), instants)[0] for value in values]
    (words,) = writers
    if words is _instants:
        return [instants.get(id(each)) or instants.setdefault(id(each), each.isoformat()) for each in values]
    return words(values)


def _words_of(kind: type) -> Words:
    words = _WORDS.get(kind)
    if words is None:
        words = next((_WORDS[each] for each in kind.__mro__ if each in _WORDS), None)
        if words is None:
            raise TypeError(f"{kind.__name__} is no value of a column")
        _WORDS[kind] = words
    return words


def _texts(values: Values) -> Sequence[str]:
    whole = _NUL.join(values)
    if whole.count(_NUL) != len(values) - 1:  # where PostgreSQL would take the text to end
        raise DataError("a text cannot contain NUL")
    if not any(mark in whole for mark, _ in _ESCAPED):
        return values
    for mark, escaped in _ESCAPED:
        whole = whole.replace(mark, escaped)
    return whole.split(_NUL)


def _instants(values: Values) -> Sequence[str]:
    return [value.isoformat() for value in values]


_WORDS: Final[dict[type, Words]] = {
    type(None): lambda values: [_NULL] * len(values),
    str: _texts,
    bool: lambda values: ["t" if value else "f" for value in values],
    int: lambda values: list(map(str, values)),
    UUID: lambda values: ["%032x" % value.int for value in values],  # noqa: UP031 - the fastest way
    datetime: _instants,
    date: lambda values: list(map(date.isoformat, values)),
    Decimal: lambda values: list(map(str, values)),
    Binary: lambda values: [f"\\\\x{value.obj.hex()}" for value in values],
}
