"""Verification: small named checks over the whole record, each telling what is wrong and where.

Owns what a check is, what it may find, and the run of many in one snapshot of the database. A fault is something
that cannot have come about by the rules; a notice is something that waits. Refuses nothing and writes nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select

from ledger.store.engine import reading

PORTION: Final = 2_000
"""Rows of a long result that are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something is wrong: the check that found it, what it is, and the row or file."""

    check: str
    what: str
    where: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something waits, and nothing is wrong with that."""

    check: str
    what: str
    where: str


Finding = Fault | Notice


@dataclass(frozen=True, slots=True)
class Look:
    """What a check sees: one snapshot of the database, and the time."""

    connection: Connection
    now: datetime
    check: str

    def rows(self, query: Select[Any]) -> Iterator[Row[Any]]:
        """The rows of a query, a portion at a time."""
        yield from self.connection.execute(query.execution_options(yield_per=PORTION))

    def fault(self, what: str, where: object) -> Fault:
        return Fault(self.check, what, str(where))

    def notice(self, what: str, where: object) -> Notice:
        return Notice(self.check, what, str(where))


@dataclass(frozen=True, slots=True)
class Check:
    """A check by its name."""

    name: str
    find: Callable[[Look], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the checks found; `checks` are their names in the order they ran."""

    checks: tuple[str, ...]
    faults: tuple[Fault, ...]
    notices: tuple[Notice, ...]


Progress = Callable[[int, int], None]
"""Told how many checks are done, and of how many."""


def run(
    engine: Engine, checks: Sequence[Check], now: datetime, progress: Progress = lambda _done, _all: None
) -> Report:
    """Runs the checks over one snapshot."""
    faults: list[Fault] = []
    notices: list[Notice] = []
    with reading(engine) as connection:
        for done, check in enumerate(checks):
            progress(done, len(checks))
            for found in check.find(Look(connection, now, check.name)):
                if isinstance(found, Fault):
                    faults.append(found)
                else:
                    notices.append(found)
    progress(len(checks), len(checks))
    return Report(tuple(check.name for check in checks), tuple(faults), tuple(notices))
