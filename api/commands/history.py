"""`import`: takes a history in, row by row, and says beside the file what was refused and why.

Owns the file of refused rows: there only if there are any, safe to open in a spreadsheet. Refused rows are results
(exit 0); unusable terms or a file that is no history are faults (exit 1).
"""

import csv
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import click
import orjson
from sqlalchemy import Engine

from api.commands import current_settings, now, opened
from api.terminal import Failure, json_option, print_json, print_table, progress
from invoices.lines_csv import guarded
from ledger.domain.errors import FieldError, Malformed
from ledger.services.history import Import, Summary
from ledger.services.history_batch import RefusedRow
from ledger.services.history_parties import check_terms
from ledger.services.history_rows import columns_of

readable = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
ABOUT = ("line", "stage", "clauses", "reasons")


@click.command("import")
@click.argument("file", type=readable)
@click.option("--definition", type=readable, required=True, help="The definition's terms document, JSON.")
@click.option("--agreement", type=readable, required=True, help="The agreement's terms document, JSON.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be taken in.")
@click.option("--refused", type=click.Path(dir_okay=False, path_type=Path), help="Default: FILE.refused.csv")
@json_option
def take_history(
    file: Path, definition: Path, agreement: Path, dry_run: bool, refused: Path | None, as_json: bool
) -> None:
    """Take a history in: CSV (gzip allowed) or NDJSON, one appointment a row."""
    terms, commercial = _document(definition, "--definition"), _document(agreement, "--agreement")
    beside = refused or file.with_name(f"{file.name}.refused.csv")
    inputs = {path.resolve() for path in (file, definition, agreement)}
    if beside.resolve() in inputs or not beside.parent.is_dir():
        raise click.BadParameter("must be a new file in a folder that is there", param_hint="--refused")
    settings = current_settings()
    _check(terms, commercial, definition, agreement)
    rows = RefusedFile(beside, file, tuple(terms["facts"]))
    try:
        with opened(settings) as engine, rows:
            summary = _run(engine, settings.contact_secret, file, terms, commercial, rows, dry_run, as_json)
    except Malformed as refusal:
        raise Failure(refusal) from refusal
    _show(summary, beside if summary.refused else None, dry_run, as_json)


def _run(
    engine: Engine,
    secret: bytes,
    file: Path,
    terms: Mapping[str, Any],
    commercial: Mapping[str, Any],
    rows: "RefusedFile",
    dry_run: bool,
    quiet: bool,
) -> Summary:
    with ExitStack() as bars:
        reading = bars.enter_context(counting("Reading", quiet))
        taking = bars.enter_context(counting("Taking in", quiet))
        return Import(
            engine,
            terms,
            commercial,
            secret,
            now(),
            dry_run=dry_run,
            on_refused=rows.add,
            on_read=lambda rows_read: reading(rows_read, None),
            on_progress=taking,
        ).run(file)


@contextmanager
def counting(label: str, quiet: bool) -> Iterator[Any]:
    """A bar that is told how much is done and of how much; it appears with the first word."""
    with ExitStack() as stack:
        shown: list[Any] = []
        done_before = 0

        def tell(done: int, total: int | None) -> None:
            nonlocal done_before
            if not shown:
                shown.append(stack.enter_context(progress(label, total, quiet=quiet)))
            shown[0](done - done_before)
            done_before = done

        yield tell


@dataclass
class RefusedFile:
    """The refused rows beside their reasons: made with the first of them, and gone from an earlier import."""

    path: Path
    source: Path
    facts: tuple[str, ...]
    _stack: ExitStack = field(default_factory=ExitStack)
    _rows: Any = None
    _columns: tuple[str, ...] = ()

    def __enter__(self) -> "RefusedFile":
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, refused: RefusedRow) -> None:
        if self._rows is None:
            self._columns = columns_of(self.source, self.facts)
            file: IO[str] = self._stack.enter_context(self.path.open("w", encoding="utf-8", newline=""))
            self._rows = csv.writer(file)
            self._rows.writerow([*ABOUT, *map(guarded, self._columns)])
        clauses = dict.fromkeys(violation.clause for violation in refused.violations)
        reasons = "; ".join(f"{v.clause}: {v.detail} ({v.code})" for v in refused.violations)
        cells = refused.row.cells
        self._rows.writerow(
            [
                refused.row.line,
                refused.stage,
                guarded("; ".join(clauses)),
                guarded(reasons),
                *(_cell(cells.get(name)) for name in self._columns),
            ]
        )


def _cell(value: object) -> str:
    """A cell as the file had it, numbers as numbers."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if _is_number(text) else guarded(text)


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal() and text.isascii()


def _document(path: Path, option: str) -> dict[str, Any]:
    try:
        document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise click.BadParameter(f"{path} is no JSON: {error}", param_hint=option) from None
    if not isinstance(document, dict):
        raise click.BadParameter(f"{path} is no JSON object", param_hint=option)
    return document


def _check(terms: dict[str, Any], commercial: dict[str, Any], definition: Path, agreement: Path) -> None:
    """Refuses unusable terms before the database is touched, naming the document and the field."""
    try:
        check_terms(terms, commercial)
    except Malformed as refusal:
        named = [FieldError(error.pointer, error.detail) for error in refusal.errors]
        where = f"the terms of {definition.name} and {agreement.name} cannot be used: {refusal.detail}"
        raise Failure(Malformed(named, where, code="unusable_terms")) from refusal


def _show(summary: Summary, beside: Path | None, dry_run: bool, as_json: bool) -> None:
    told = {**asdict(summary), "clauses": dict(summary.clauses.most_common())}
    if as_json:
        print_json({**told, "dry_run": dry_run, "refused_file": None if beside is None else str(beside)})
        return
    clauses = told.pop("clauses")
    print_table(("history", "count"), list(told.items()))
    if clauses:
        click.echo()
        print_table(("refused by clause", "rows"), list(clauses.items()))
        click.echo(f"Refused rows, each with its reasons: {beside}")
    if dry_run:
        click.echo("This was a dry run: nothing was written.")
