"""Verification: small named checks over the whole record, each telling what is wrong and where.

Owns what a check may find and the run of many in one snapshot of the database. A fault is something that cannot have
come about by the rules; a notice is something that waits. Writes nothing. Refuses nothing: a row that cannot even be
read is a fault too.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select
from sqlalchemy.exc import NoResultFound

from ledger.domain.errors import IllegalMove, Malformed
from ledger.store.engine import reading

PORTION: Final = 1_000
"""Rows of a long result that are in memory at a time."""

UNREADABLE: Final = (
    AssertionError,
    AttributeError,
    IllegalMove,
    LookupError,
    Malformed,
    NoResultFound,
    TypeError,
    ValueError,
)
"""What the product's own readers raise for stored values that the product could not have written."""


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
    """What checks see: one snapshot of the database, and the time."""

    connection: Connection
    now: datetime

    def rows(self, query: Select[Any]) -> Iterator[Row[Any]]:
        """The rows of a query, a portion at a time."""
        yield from self.connection.execute(query.execution_options(yield_per=PORTION))


@dataclass(frozen=True, slots=True)
class Sweep:
    """One reading of the record, shared by the checks of these names."""

    checks: tuple[str, ...]
    find: Callable[[Look], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found; `checks` are the names of all that looked, in their order."""

    checks: tuple[str, ...]
    faults: tuple[Fault, ...]
    notices: tuple[Notice, ...]


Progress = Callable[[int, int], None]
"""Told how many checks are done, and of how many."""


def run(engine: Engine, sweeps: Sequence[Sweep], now: datetime, progress: Progress) -> Report:
    """Runs every sweep over one snapshot of the database."""
    with reading(engine) as connection:
        return look_over(connection, sweeps, now, progress)


def look_over(
    connection: Connection, sweeps: Sequence[Sweep], now: datetime, progress: Progress = lambda _done, _all: None
) -> Report:
    """Runs every sweep on what the connection sees; one that meets an unreadable row ends with a fault there."""
    checks = tuple(name for sweep in sweeps for name in sweep.checks)
    faults: list[Fault] = []
    notices: list[Notice] = []
    done = 0
    for sweep in sweeps:
        progress(done, len(checks))
        for found in _readable(sweep, Look(connection, now)):
            if isinstance(found, Fault):
                faults.append(found)
            else:
                notices.append(found)
        done += len(sweep.checks)
    progress(done, len(checks))
    return Report(checks, tuple(faults), tuple(notices))


def _readable(sweep: Sweep, look: Look) -> Iterator[Finding]:
    try:
        yield from sweep.find(look)
    except UNREADABLE as error:
        what = f"a stored value cannot be read, what comes after it was not checked: {explained(error)}"
        yield Fault(sweep.checks[0], what, ", ".join(sweep.checks))


def explained(error: Exception) -> str:
    """An exception of a reader in a few words."""
    return f"{type(error).__name__}: {error}"[:300]
