"""The actions of a history file in the order of time, sorted on disk, so that a file of any size fits.

Owns the temporary database that sorts them: by instant, submissions before outcomes, what was submitted first before
what was submitted later, then by the order of the file. It is gone afterwards, however the import ends.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import orjson

from ledger.services.history_rows import HistoryRow

SUBMISSION, OUTCOME = 0, 1
WRITTEN_AT_ONCE = 10_000


class Action(NamedTuple):
    """What a row asks for at an instant: its submission, or its outcome."""

    at: datetime
    kind: int
    submitted_at: datetime
    row: HistoryRow


class Staging:
    """Actions come in by row and go out by time."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute("CREATE TABLE action (at TEXT, kind INTEGER, submitted_at TEXT, line INTEGER, cells BLOB)")
        self._waiting: list[tuple[str, int, str, int, bytes]] = []

    def add(self, row: HistoryRow, submitted_at: datetime, outcome_at: datetime | None) -> None:
        cells = orjson.dumps(row.cells)
        submitted = submitted_at.isoformat(timespec="microseconds")
        self._waiting.append((submitted, SUBMISSION, submitted, row.line, cells))
        if outcome_at is not None:
            self._waiting.append((outcome_at.isoformat(timespec="microseconds"), OUTCOME, submitted, row.line, cells))
        if len(self._waiting) > WRITTEN_AT_ONCE:
            self._write()

    def __len__(self) -> int:
        self._write()
        (count,) = self._database.execute("SELECT COUNT(*) FROM action").fetchone()
        return int(count)

    def batches(self, size: int) -> Iterator[list[Action]]:
        self._write()
        found = self._database.execute("SELECT * FROM action ORDER BY at, kind, submitted_at, line")
        while some := list(islice(found, size)):
            yield [
                Action(
                    datetime.fromisoformat(at),
                    kind,
                    datetime.fromisoformat(submitted),
                    HistoryRow(line, orjson.loads(cells)),
                )
                for at, kind, submitted, line, cells in some
            ]

    def _write(self) -> None:
        self._database.executemany("INSERT INTO action VALUES (?, ?, ?, ?, ?)", self._waiting)
        self._waiting = []


@contextmanager
def staging() -> Iterator[Staging]:
    """A staging in a temporary file, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="history-") as folder:
        database = sqlite3.connect(Path(folder) / "staging.db", isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.execute("BEGIN")
            yield Staging(database)
        finally:
            database.close()
