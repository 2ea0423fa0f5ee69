"""Many rows at once, at the driver's own speed.

Owns INSERTs of whole rows past SQLAlchemy's per-row work, with the same column types: executemany on SQLite, COPY on
PostgreSQL where there are enough rows to pay for it. Every row of a call has the same columns.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table

WORTH_COPYING = 100
Processor = Callable[[Any], Any] | None


def insert_rows(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Inserts the rows. Raises what the database raises; its constraints and triggers apply as ever."""
    if not rows:
        return
    names = tuple(rows[0])
    dialect = connection.dialect
    if dialect.name == "postgresql":
        if len(rows) >= WORTH_COPYING:
            _copy(connection, table, names, rows)
        else:
            connection.execute(table.insert(), list(rows))
        return
    columns = ", ".join(f'"{name}"' for name in names)
    statement = f'INSERT INTO "{table.name}" ({columns}) VALUES ({", ".join("?" * len(names))})'  # noqa: S608 - names of our own tables and columns
    connection.exec_driver_sql(statement, _tuples(dialect, table, names, rows))


def _tuples(
    dialect: Dialect, table: Table, names: tuple[str, ...], rows: Sequence[dict[str, Any]]
) -> list[tuple[Any, ...]]:
    """The rows as the driver takes them, converted column by column."""
    columns = []
    for name, processor in zip(names, _processors(dialect, table, names), strict=True):
        values = [row[name] for row in rows]
        columns.append(values if processor is None else [processor(value) for value in values])
    return list(zip(*columns, strict=True))


@lru_cache(maxsize=256)
def _processors(dialect: Dialect, table: Table, names: tuple[str, ...]) -> tuple[Processor, ...]:
    return tuple(table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names)


def _copy(connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[dict[str, Any]]) -> None:
    columns = ", ".join(f'"{name}"' for name in names)
    driver = connection.connection.driver_connection
    assert driver is not None, "a connection in a transaction has its driver's"
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy:
        for row in _tuples(connection.dialect, table, names, rows):
            copy.write_row(row)
