"""History files: CSV (gzip allowed) or NDJSON, read row by row; nothing of the file stays in memory.

Owns the columns of a history file and what a single row must look like. Refuses a file that cannot be read as one
as a whole, and rows that break the schema one by one, naming the column; the file goes on.
"""

import csv
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple

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
LONGEST_LINE = 1_000_000
"""In characters; a longer line is no row, and is never held in memory."""
GZIP_MAGIC = b"\x1f\x8b"
OUTCOMES = frozenset(outcome.value for outcome in Outcome)
KNOWN = frozenset(COLUMNS)
_SLUG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_parsed = lru_cache(maxsize=16_384)(parse_instant)
"""Each instant is read up to three times, and appointments start on the hour; cells are short."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class HistoryRow(NamedTuple):
    """One row as read: `line` is the line of the file that it begins on; `fault` says why it cannot be read."""

    line: int
    cells: Mapping[str, Any]
    fault: str | None = None


def read_rows(path: Path) -> Iterator[HistoryRow]:
    """The rows of a file, in its order. Raises `Malformed` where the file itself cannot be read as one."""
    with _readable(), _open(path) as stream:
        lines = _lines(stream)
        first = next(lines, "")
        if first.lstrip().startswith("{"):
            yield from _ndjson(first, lines)
        else:
            yield from _csv(first, lines)


def columns_of(path: Path, facts: Iterable[str]) -> tuple[str, ...]:
    """The columns of the file: a CSV's header; for NDJSON all that a row may have. Raises `Malformed`."""
    with _readable(), _open(path) as stream:
        first = next(_lines(stream), "")
    if first.lstrip().startswith("{"):
        return (*COLUMNS, *(FACT + name for name in facts))
    return tuple(next(csv.reader([first]), []))


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise Malformed.at("", f"the history file is not UTF-8: {error.reason} at byte {error.start}") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Malformed.at("", f"the history file is not whole gzip: {error}") from error


def _open(path: Path) -> IO[str]:
    with path.open("rb") as probe:
        compressed = probe.read(2) == GZIP_MAGIC
    if compressed:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _lines(stream: IO[str]) -> Iterator[str]:
    for number, line in enumerate(iter(lambda: stream.readline(LONGEST_LINE + 1), ""), 1):
        if len(line) > LONGEST_LINE:
            raise Malformed.at("", f"line {number} of the history file is longer than {LONGEST_LINE} characters")
        yield line


def _ndjson(first: str, lines: Iterator[str]) -> Iterator[HistoryRow]:
    number = 0
    for text in (text for some in ((first,), lines) for text in some):
        number += 1
        if not text.strip():
            continue
        try:
            cells = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            yield HistoryRow(number, {}, f"this line is no JSON: {error}")
            continue
        if isinstance(cells, dict):
            yield HistoryRow(number, cells)
        else:
            yield HistoryRow(number, {}, "this line is no JSON object")


def _csv(first: str, lines: Iterator[str]) -> Iterator[HistoryRow]:
    header = next(csv.reader([first]), [])
    _check_header(header)
    reader = csv.reader(lines)
    while True:
        begins = reader.line_num + 2
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield HistoryRow(begins, {}, f"this row is no CSV: {error}")
            continue
        if len(values) == len(header):
            yield HistoryRow(begins, dict(zip(header, values, strict=True)))
        elif values:
            cells = dict.fromkeys(header, "") | dict(zip(header, values, strict=False))
            yield HistoryRow(begins, cells, f"{len(values)} cells where the header has {len(header)}")


def _check_header(header: list[str]) -> None:
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


def check_row(row: HistoryRow) -> tuple[datetime, datetime | None]:
    """When the row was submitted and when its outcome came. Raises `Malformed` naming every column that is wrong."""
    cells, errors = row.cells, list[FieldError]()
    if row.fault is not None:
        raise Malformed.at("", row.fault)
    errors += _cell_faults(cells)
    errors += [FieldError(f"/{name}", "is missing") for name in REQUIRED if not cells.get(name)]
    errors += [
        FieldError(f"/{name}", "must be a slug of at most 63 letters and digits, joined by - . or _")
        for name in ("supplier", "buyer")
        if not is_slug(cells.get(name) or "x")
    ]
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


def is_slug(name: object) -> bool:
    return isinstance(name, str) and _SLUG.fullmatch(name) is not None and not _UUID.fullmatch(name)


def _cell_faults(cells: Mapping[str, Any]) -> Iterable[FieldError]:
    if not _is_plain(cells):
        for name, value in cells.items():
            if isinstance(value, str):
                if len(value) > LONGEST_CELL or not (
                    value.isprintable() or name not in KNOWN or not _CONTROL.search(value)
                ):
                    yield FieldError(f"/{name}", f"must be one line of text of at most {LONGEST_CELL} characters")
            elif value is not None and name in KNOWN:
                yield FieldError(f"/{name}", "must be text")
    for name in cells:
        if name not in KNOWN and not name.startswith(FACT):
            yield FieldError(f"/{name}", "is not a column of a history file")


def _is_plain(cells: Mapping[str, Any]) -> bool:
    """Whether all of the row together is short and printable, as nearly every row is: then each of its cells is."""
    try:
        text = "".join(cells.values())
    except TypeError:
        return False
    return len(text) <= LONGEST_CELL and text.isprintable()


def _instant(cells: Mapping[str, Any], name: str, errors: list[FieldError]) -> datetime | None:
    try:
        return _parsed(cells[name])
    except (Malformed, ValueError):
        errors.append(FieldError(f"/{name}", "must be an RFC 3339 instant with an offset"))
        return None


@lru_cache(maxsize=256)
def _facts_among(columns: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The columns that hold facts, each with the fact's name; all rows of a CSV have the same."""
    return tuple((name, name.removeprefix(FACT)) for name in columns if name.startswith(FACT))


def slot_of(row: HistoryRow) -> Slot:
    """The slot of a row that was checked."""
    return Slot(_parsed(row.cells["starts_at"]), _parsed(row.cells["ends_at"]))


def submission(row: HistoryRow, definition: Definition) -> Submission:
    """The row's submission. Raises `Malformed` for facts that the definition does not declare or cannot read."""
    cells = row.cells
    claimed = {fact: cells[name] for name, fact in _facts_among(tuple(cells))}
    texts = {fact: value for fact, value in claimed.items() if isinstance(value, str)}
    read = facts_from_text(definition, texts)
    if len(texts) < len(claimed):
        read.update(check_facts(definition, {fact: claimed[fact] for fact in claimed if fact not in texts}))
    return Submission(
        reference=cells["reference"],
        slot=slot_of(row),
        prospect=Prospect(
            name=cells.get("prospect_name") or None,
            email=cells.get("prospect_email") or None,
            phone=cells.get("prospect_phone") or None,
            company=Company(cells.get("prospect_company") or None),
            region=cells.get("prospect_country") or None,
        ),
        channel=cells.get("channel") or None,
        source=cells.get("source") or None,
        facts=read,
    )
