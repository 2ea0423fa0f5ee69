"""Moving house: everything that an SQLite file holds, into an empty PostgreSQL.

Owns the order of the tables and the proof: what was copied is read back and compared before anything is committed.
Triggers and constraints of the new database stay on, so that they have seen every row. Nobody writes to the old one
meanwhile. Refuses a database that is not empty; a failure in the middle leaves it so.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, func, select, text

from ledger.domain.errors import Conflict
from ledger.store.bulk import copy_rows
from ledger.store.tables import metadata

PORTION: Final = 1_000
"""Rows that are in memory at a time."""


@dataclass(slots=True)
class Contents:
    """How many rows a table has, and a sum of their hashes that does not depend on their order."""

    rows: int = 0
    sum: int = 0

    def add(self, row: Row[Any]) -> None:
        digest = blake2b(repr(tuple(row)).encode(), digest_size=16).digest()
        self.rows, self.sum = self.rows + 1, (self.sum + int.from_bytes(digest)) % 2**128


@dataclass(slots=True)
class Copying:
    """From one connection's database to another's, table by table, those first that others refer to."""

    source: Connection
    target: Connection
    tables: Sequence[Table] = field(default_factory=lambda: metadata.sorted_tables)

    def check_empty(self) -> None:
        """Raises `Conflict` (`copy_not_empty`) naming the tables that hold something."""
        full = [table.name for table in self.tables if self.target.execute(select(1).select_from(table)).first()]
        if full:
            raise Conflict(f"the other database is not empty: {', '.join(full)}", code="copy_not_empty")

    def count(self) -> int:
        """How many rows there are to be copied."""
        return sum(self.source.execute(select(func.count()).select_from(table)).scalar_one() for table in self.tables)

    def go(self, progress: Callable[[int], None]) -> int:
        """Copies everything, telling after each portion how many rows it was. How many rows there were."""
        copied = 0
        for table in self.tables:
            contents = Contents()
            copy_rows(self.target, table, self._portions(table, contents, progress))
            if contents.rows:
                # The guards of the tables to come look things up in this one, and planners judge by what they know.
                self.target.execute(text(f'ANALYZE "{table.name}"'))
            if contents_of(self.target, table) != contents:
                raise Conflict(f"{table.name} does not read the same in the other database", code="copy_differs")
            copied += contents.rows
        return copied

    def _portions(
        self, table: Table, contents: Contents, progress: Callable[[int], None]
    ) -> Iterator[Sequence[Row[Any]]]:
        for rows in self.source.execute(select(table).execution_options(yield_per=PORTION)).partitions():
            for row in rows:
                contents.add(row)
            yield rows
            progress(len(rows))


def contents_of(connection: Connection, table: Table) -> Contents:
    """What the table holds, as the product reads it."""
    contents = Contents()
    for row in connection.execute(select(table).execution_options(yield_per=PORTION)):
        contents.add(row)
    return contents
