"""`export`: the journal and the documents of a month as CSV and XLSX, in a folder of their own.

Owns the two forms: text never becomes a formula, amounts stay numbers, and a workbook of any size fits into memory.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import xlsxwriter
from sqlalchemy import Connection

from api.commands import opened
from api.commands.billing import period_argument
from api.commands.history import counting
from api.terminal import json_option, print_json, print_table
from invoices.lines_csv import guarded
from ledger.domain.calendar import Period
from ledger.reports import accounting
from ledger.store.engine import reading

SHEETS: tuple[tuple[str, Sequence[str], Callable[[Connection, Period], Iterator[tuple[Any, ...]]]], ...] = (
    ("journal", accounting.JOURNAL, accounting.journal),
    ("invoices", accounting.INVOICES, accounting.invoices),
)
TOLD_EVERY = 500
MOST_ROWS = 1_048_575
"""What a worksheet holds below its header."""


@click.command("export")
@period_argument
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="Default: export-PERIOD")
@json_option
def export_period(period: Period, folder: Path | None, as_json: bool) -> None:
    """Write what an accountant imports: journal and invoices as CSV and XLSX."""
    target = folder or Path(f"export-{period}")
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.BadParameter(f"{target}: {error.strerror}", param_hint="--to") from None
    written: list[tuple[str, int]] = []
    with opened() as engine, reading(engine) as connection, counting("Exporting", as_json) as tell:
        for name, columns, rows in SHEETS:
            count = write_sheet(target / name, columns, rows(connection, period), tell)
            written += [(str(target / f"{name}.{form}"), count) for form in ("csv", "xlsx")]
    if as_json:
        print_json([{"file": file, "rows": count} for file, count in written])
    else:
        print_table(("file", "rows"), written)


def write_sheet(
    path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]], tell: Callable[[int, int | None], None]
) -> int:
    """The rows as `path`.csv and `path`.xlsx; how many they are."""
    amounts = {index for index, name in enumerate(columns) if name in accounting.AMOUNTS}
    count = 0
    with ExitStack() as open_files:
        file = open_files.enter_context(path.with_suffix(".csv").open("w", encoding="utf-8", newline=""))
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        book = open_files.enter_context(xlsxwriter.Workbook(path.with_suffix(".xlsx"), options))
        bold, decimal = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00##"})
        sheet = book.add_worksheet(path.name)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, columns, bold)
        table = csv.writer(file)
        table.writerow(columns)
        for count, row in enumerate(rows, 1):
            table.writerow([value if index in amounts else guarded(value) for index, value in enumerate(row)])
            if count > MOST_ROWS:
                continue  # a worksheet is full; the CSV holds everything
            for index, value in enumerate(row):
                if index in amounts:
                    sheet.write_number(count, index, float(value), decimal)  # a workbook knows no other numbers
                else:
                    sheet.write_string(count, index, guarded(value))
            if count % TOLD_EVERY == 0:
                tell(count, None)
    return count
