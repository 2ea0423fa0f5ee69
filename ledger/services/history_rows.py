"""History files: CSV (gzip allowed) or NDJSON, read row by row and put into the order of time.

Owns the columns of a history file and the staging that sorts a file of any size on disk. Refuses rows that break
the schema, one by one, naming the column; the file goes on.
"""

import csv
import gzip
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson

from ledger.domain.calendar import parse_instant
from ledger.domain.errors import FieldError, Malformed
from ledger.domain.facts import check_facts, facts_from_text
from ledger.domain.intake import Company, Prospect, Submission
from ledger.domain.lifecycle import Slot
from ledger.domain.terms import Definition, Outcome

COLUMNS = (
    "reference",
    "supplier",
    "buyer",
    "definition",
    "submitted_at",
    "starts_at",
    "ends_at",
    "channel",
    "source",
    "prospect_name",
    "prospect_email",
    "prospect_phone",
    "prospect_company",
    "prospect_country",
    "outcome",
    "outcome_at",
)
REQUIRED = ("reference", "supplier", "buyer", "submitted_at", "starts_at", "ends_at")
FACT = "fact."
LONGEST_CELL = 2_000
GZIP_MAGIC = b"\x1f\x8b"
SUBMISSION, OUTCOME = 0, 1
OUTCOMES = frozenset(outcome.value for outcome in Outcome)
KNOWN = frozenset(COLUMNS)


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One row as read: `line` counts rows from 1, the header not counted."""

    line: int
    cells: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """What a row asks for at an instant: its submission, or its outcome."""

    at: datetime
    kind: int
    row: HistoryRow


def read_rows(path: Path) -> Iterator[HistoryRow]:
    """The rows of a file, in its order. Raises `Malformed` where the file itself cannot be read as one."""
    with _open(path) as stream:
        first = stream.readline()
        if first.lstrip().startswith("{"):
            yield from _ndjson(first, stream)
        else:
            yield from _csv(first, stream)


def _open(path: Path) -> IO[str]:
    with path.open("rb") as probe:
        compressed = probe.read(2) == GZIP_MAGIC
    if compressed:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _ndjson(first: str, stream: IO[str]) -> Iterator[HistoryRow]:
    number = 0
    for text in _lines(first, stream):
        if not text.strip():
            continue
        number += 1
        try:
            cells = orjson.loads(text)
        except orjson.JSONDecodeError:
            cells = {"": "this line is no JSON"}
        yield HistoryRow(number, cells if isinstance(cells, dict) else {"": "this line is no JSON object"})


def _lines(first: str, stream: IO[str]) -> Iterator[str]:
    yield first
    yield from stream


def _csv(first: str, stream: IO[str]) -> Iterator[HistoryRow]:
    header = next(csv.reader([first]), [])
    faults = [FieldError(f"/{name}", "this column is missing") for name in REQUIRED if name not in header]
    faults += [
        FieldError(f"/{name}", "this column is not known")
        for name in header
        if name not in COLUMNS and not name.startswith(FACT)
    ]
    if len(set(header)) < len(header):
        faults.append(FieldError("", "a column is there twice"))
    if faults:
        raise Malformed(faults, "the header of the history file is wrong")
    for number, values in enumerate(csv.reader(stream), 1):
        if len(values) == len(header):
            yield HistoryRow(number, dict(zip(header, values, strict=True)))
        elif values:
            yield HistoryRow(number, {"": f"{len(values)} cells where the header has {len(header)}"})


def check_row(row: HistoryRow) -> tuple[datetime, datetime | None]:
    """When the row was submitted and when its outcome came. Raises `Malformed` naming every column that is wrong."""
    cells, errors = row.cells, list[FieldError]()
    if "" in cells:
        raise Malformed.at("", str(cells[""]))
    errors += _cell_faults(cells)
    errors += [FieldError(f"/{name}", "is missing") for name in REQUIRED if not cells.get(name)]
    if errors:
        raise Malformed(errors)
    submitted_at = _instant(cells, "submitted_at", errors)
    starts_at, ends_at = _instant(cells, "starts_at", errors), _instant(cells, "ends_at", errors)
    if starts_at and ends_at and ends_at <= starts_at:
        errors.append(FieldError("/ends_at", "must be after starts_at"))
    outcome, outcome_at = cells.get("outcome"), None
    if outcome:
        if outcome not in OUTCOMES:
            errors.append(FieldError("/outcome", f"is none of {', '.join(sorted(OUTCOMES))}"))
        outcome_at = _instant(cells, "outcome_at", errors) if cells.get("outcome_at") else None
        if not cells.get("outcome_at"):
            errors.append(FieldError("/outcome_at", "is missing, though there is an outcome"))
    if errors or submitted_at is None:
        raise Malformed(errors)
    return submitted_at, outcome_at


def _cell_faults(cells: Mapping[str, Any]) -> Iterator[FieldError]:
    for name, value in cells.items():
        if isinstance(value, str):
            if len(value) > LONGEST_CELL or "\0" in value:
                yield FieldError(f"/{name}", f"must be text of at most {LONGEST_CELL} characters")
        elif value is not None and name in KNOWN:
            yield FieldError(f"/{name}", "must be text")
        if name not in KNOWN and not name.startswith(FACT):
            yield FieldError(f"/{name}", "is not a column of a history file")


def _instant(cells: Mapping[str, Any], name: str, errors: list[FieldError]) -> datetime | None:
    try:
        return parse_instant(cells[name]).astimezone(UTC)
    except (Malformed, ValueError):
        errors.append(FieldError(f"/{name}", "must be an RFC 3339 instant with an offset"))
        return None


def submission(row: HistoryRow, definition: Definition) -> Submission:
    """The row's submission. Raises `Malformed` for facts that the definition does not declare or cannot read."""
    cells = row.cells
    facts = {name[len(FACT) :]: value for name, value in cells.items() if name.startswith(FACT)}
    texts = {name: value for name, value in facts.items() if isinstance(value, str)}
    others = {name: value for name, value in facts.items() if not isinstance(value, str)}
    read = facts_from_text(definition, texts)
    if others:
        read.update(check_facts(definition, others))
    return Submission(
        reference=cells["reference"],
        slot=Slot(_utc(cells["starts_at"]), _utc(cells["ends_at"])),
        prospect=Prospect(
            name=cells.get("prospect_name") or None,
            email=cells.get("prospect_email") or None,
            phone=cells.get("prospect_phone") or None,
            company=Company(name=cells.get("prospect_company") or None),
            region=cells.get("prospect_country") or None,
        ),
        channel=cells.get("channel") or None,
        source=cells.get("source") or None,
        facts=read,
    )


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


class Staging:
    """The actions of a file, sorted by time on disk (ties: submission first, then the order of the file)."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute("CREATE TABLE action (at TEXT, kind INTEGER, line INTEGER, cells BLOB)")
        self._waiting: list[tuple[str, int, int, bytes]] = []

    def add(self, row: HistoryRow, submitted_at: datetime, outcome_at: datetime | None) -> None:
        cells = orjson.dumps(row.cells)
        self._waiting.append((submitted_at.isoformat(timespec="microseconds"), SUBMISSION, row.line, cells))
        if outcome_at is not None:
            self._waiting.append((outcome_at.isoformat(timespec="microseconds"), OUTCOME, row.line, cells))
        if len(self._waiting) > 10_000:
            self.write()

    def write(self) -> None:
        self._database.executemany("INSERT INTO action VALUES (?, ?, ?, ?)", self._waiting)
        self._waiting = []

    def __len__(self) -> int:
        self.write()
        (count,) = self._database.execute("SELECT COUNT(*) FROM action").fetchone()
        return int(count)

    def batches(self, size: int) -> Iterator[list[Action]]:
        self.write()
        found = self._database.execute("SELECT at, kind, line, cells FROM action ORDER BY at, kind, line")
        while some := list(islice(found, size)):
            yield [
                Action(datetime.fromisoformat(at), kind, HistoryRow(line, orjson.loads(cells)))
                for at, kind, line, cells in some
            ]


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
