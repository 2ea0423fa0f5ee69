"""The files that an accountant imports of a month: journal and invoices as CSV and XLSX, the journal as beancount.

Owns their forms: text never becomes a formula, amounts stay numbers, and a month of any size fits into memory.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import xlsxwriter
from sqlalchemy import Connection

from invoices.files import EPOCH
from invoices.lines_csv import guarded
from ledger.domain.calendar import Period
from ledger.domain.money import EXPONENTS, exponent
from ledger.reports import accounting, beancount

SHEETS: Final[tuple[tuple[str, Sequence[str], Callable[[Connection, Period], Iterator[tuple[Any, ...]]]], ...]] = (
    ("journal", accounting.JOURNAL, accounting.journal),
    ("invoices", accounting.INVOICES, accounting.invoices),
)
TOLD_EVERY: Final = 500
MOST_ROWS: Final = 1_048_575
"""What a worksheet holds below its header."""

Progress = Callable[[int, int | None], None]


def write(
    connection: Connection, period: Period, folder: Path, tell: Progress = lambda _done, _total: None
) -> Iterator[tuple[Path, int]]:
    """Writes every file into the folder; each path with how many rows it holds."""
    for name, columns, rows in SHEETS:
        count = write_sheet(folder / name, columns, rows(connection, period), tell)
        yield from ((folder / f"{name}.{form}", count) for form in ("csv", "xlsx"))
        if name == "journal":
            path = folder / "journal.beancount"
            with path.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(beancount.pages(connection, period))
            yield path, count


def archive(connection: Connection, period: Period) -> bytes:
    """The same files as one ZIP."""
    content = io.BytesIO()
    with TemporaryDirectory(prefix="accounting-") as folder, zipfile.ZipFile(content, "w") as bundle:
        for path, _ in write(connection, period, Path(folder)):
            entry = zipfile.ZipInfo(f"{period}-{path.name}", EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            bundle.writestr(entry, path.read_bytes())
    return content.getvalue()


def number_format(digits: int) -> str:
    """How a worksheet shows an amount: with as many digits after the point as its currency has."""
    return "#,##0" + ("." + "0" * digits if digits else "")


def write_sheet(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]], tell: Progress) -> int:
    """The rows as `path`.csv and `path`.xlsx; how many they are."""
    amounts = {index for index, name in enumerate(columns) if name in accounting.AMOUNTS}
    currency, count = columns.index("currency"), 0
    with ExitStack() as open_files:
        file = open_files.enter_context(path.with_suffix(".csv").open("w", encoding="utf-8", newline=""))
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        book = open_files.enter_context(xlsxwriter.Workbook(path.with_suffix(".xlsx"), options))
        bold = book.add_format({"bold": True})
        plain = {digits: book.add_format({"num_format": number_format(digits)}) for digits in set(EXPONENTS.values())}
        sheet = book.add_worksheet(path.name)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, columns, bold)
        table = csv.writer(file)
        table.writerow(columns)
        for count, row in enumerate(rows, 1):
            table.writerow([value if index in amounts else guarded(value) for index, value in enumerate(row)])
            if count > MOST_ROWS:
                continue  # a worksheet is full; the CSV holds everything
            decimal = plain[exponent(row[currency])]
            for index, value in enumerate(row):
                if index in amounts:
                    sheet.write_number(count, index, float(value), decimal)  # a workbook knows no other numbers
                else:
                    sheet.write_string(count, index, guarded(value))
            if count % TOLD_EVERY == 0:
                tell(count, None)
    return count
