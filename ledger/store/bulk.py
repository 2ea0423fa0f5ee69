"""Many rows at once, at the driver's own speed.

Owns INSERTs and UPDATEs of whole rows past SQLAlchemy's per-row work, with the same column types: executemany, and
where there are enough rows to pay for it COPY on PostgreSQL, INSERTs of many rows on SQLite. Every row of a call has
the same columns.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Connection, Dialect, Table, Uuid
from sqlalchemy.types import TypeEngine

from ledger.domain.encoding import dumps
from ledger.store.behind import Patient
from ledger.store.copy_text import copy_text
from ledger.store.prepared import driver, is_listened_to, write

WORTH_COPYING = 100
VALUES_AT_ONCE = 4_000
"""How many values one INSERT has on SQLite: rows cost a fourth less together than one by one."""
Values = Sequence[Any]
Converter = Callable[[Values], Values] | None
Row = dict[str, Any]
Columns = Mapping[str, Values]
Names = tuple[str, ...]


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Inserts the rows. Raises what the database raises; its constraints and triggers apply as ever."""
    if rows:
        insert_columns(connection, table, _columns(rows))


def insert_columns(connection: Connection, table: Table, columns: Columns) -> None:
    """The same from the values of each column, of which there are some."""
    names = tuple(columns)
    if connection.dialect.name == "postgresql" and len(columns[names[0]]) >= WORTH_COPYING:
        _copy(connection, table, names, [_converted(connection.dialect, table, columns)])
        return
    values = _tuples(connection.dialect, table, columns)
    if connection.dialect.name == "sqlite":
        values = _insert_portions(connection, table, names, values)
    if values:
        execute(connection, _insert(connection.dialect, table, names), values)


def update_rows(connection: Connection, table: Table, rows: Sequence[Row], where: Sequence[Row]) -> int:
    """Sets the columns of `rows` wherever those of `where`, row by row, are equal. Returns how many were there."""
    if not rows:
        return 0
    dialect, names, keys = connection.dialect, tuple(rows[0]), tuple(where[0])
    changed, found = _tuples(dialect, table, _columns(rows)), _tuples(dialect, table, _columns(where))
    values = [(*new, *old) for new, old in zip(changed, found, strict=True)]
    return execute(connection, _update(dialect, table, names, keys), values)


def part_of(connection: Connection, table: Table, rows: Sequence[Row]) -> tuple[str, Iterator[Any]]:
    """An INSERT of all the rows and its values, to be part of a longer statement."""
    names = tuple(rows[0])
    values = _tuples(connection.dialect, table, _columns(rows))
    return _insert(connection.dialect, table, names, len(rows)), chain.from_iterable(values)


def execute(connection: Connection, statement: str, values: list[tuple[Any, ...]]) -> int:
    """Runs it for each of the values, which are as the driver takes them. Returns how many rows it touched."""
    if is_listened_to(connection):
        return connection.exec_driver_sql(statement, values if len(values) > 1 else values[0]).rowcount
    return write(connection, statement, values)


def _insert_portions(
    connection: Connection, table: Table, names: Names, values: list[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """Inserts them as many at a time as one statement takes, always as many, so that it is compiled once. The rest."""
    at_once = VALUES_AT_ONCE // len(names)
    whole = len(values) - len(values) % at_once
    for start in range(0, whole, at_once):
        some = tuple(chain.from_iterable(values[start : start + at_once]))
        execute(connection, _insert(connection.dialect, table, names, at_once), [some])
    return values[whole:]


@lru_cache(maxsize=256)
def _insert(dialect: Dialect, table: Table, names: Names, rows: int = 1) -> str:
    columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join([_mark(dialect)] * len(names))
    every = ", ".join([f"({marks})"] * rows)
    return f'INSERT INTO "{table.name}" ({columns}) VALUES {every}'  # noqa: S608 - our own tables and columns


@lru_cache(maxsize=256)
def _update(dialect: Dialect, table: Table, names: Names, keys: Names) -> str:
    new = ", ".join(f'"{name}" = {_mark(dialect)}' for name in names)
    old = " AND ".join(f'"{name}" = {_mark(dialect)}' for name in keys)
    return f'UPDATE "{table.name}" SET {new} WHERE {old}'  # noqa: S608 - our own tables and columns


def _mark(dialect: Dialect) -> str:
    return "?" if dialect.name == "sqlite" else "%s"


def _columns(rows: Sequence[Row]) -> Columns:
    return {name: list(map(itemgetter(name), rows)) for name in rows[0]}


def _tuples(dialect: Dialect, table: Table, columns: Columns) -> list[tuple[Any, ...]]:
    """The rows as the driver takes them."""
    return list(zip(*_converted(dialect, table, columns), strict=True))


def _converted(dialect: Dialect, table: Table, columns: Columns) -> list[Values]:
    """The columns as the driver takes them; a value that a whole column has is converted once."""
    converted = list[Values]()
    for values, convert in zip(columns.values(), _converters(dialect, table, tuple(columns)), strict=True):
        if convert is None:
            converted.append(values)
        elif values[0] is values[-1] and values.count(values[0]) == len(values):
            converted.append([*convert(values[:1])] * len(values))
        else:
            converted.append(convert(values))
    return converted


@lru_cache(maxsize=256)
def _converters(dialect: Dialect, table: Table, names: Names) -> tuple[Converter, ...]:
    return tuple(_converter(dialect, table.c[name].type) for name in names)


def _converter(dialect: Dialect, column_type: TypeEngine[Any]) -> Converter:
    """What SQLAlchemy's processor of the type does, for a column of values at once."""
    if isinstance(column_type, Uuid) and dialect.name == "sqlite":
        return _as_hex
    if isinstance(column_type, JSON):
        return partial(_as_json, column_type.none_as_null)
    processor = column_type.dialect_impl(dialect).bind_processor(dialect)
    return None if processor is None else lambda values: list(map(processor, values))


def _as_hex(values: Values) -> Values:
    return [None if value is None else "%032x" % value.int for value in values]  # noqa: UP031 - the fastest way


def _as_json(none_as_null: bool, values: Values) -> Values:
    return [None if value is None and none_as_null else dumps(value).decode() for value in values]


def copy_rows(connection: Connection, table: Table, portions: Iterable[Sequence[Values]]) -> None:
    """Inserts all rows of all portions by one COPY, whatever their number; on PostgreSQL alone.

    A row is its values in the order of the table's columns. One statement, so that rows may refer to later ones.
    """
    names = tuple(table.columns.keys())
    columns = (dict(zip(names, zip(*rows, strict=True), strict=True)) for rows in portions)
    _copy(connection, table, names, (_converted(connection.dialect, table, some) for some in columns))


def _copy(connection: Connection, table: Table, names: Names, portions: Iterable[Sequence[Values]]) -> None:
    columns = ", ".join(f'"{name}"' for name in names)
    statement = f'COPY "{table.name}" ({columns}) FROM STDIN'
    if isinstance(connection, Patient):
        connection.behind.order(statement, b"".join(map(copy_text, portions)))
        return
    with driver(connection) as line, line.cursor() as cursor, cursor.copy(statement) as copy:
        for some in portions:
            copy.write(copy_text(some))
