"""The lines of a document as CSV, for whoever checks them in a spreadsheet.

Owns the columns and their plain form: UTF-8, one header, amounts as decimals in major units, instants in UTC. Refuses
to hand a spreadsheet a formula, and lines that do not add up to their document.
"""

import csv
import io
from collections.abc import Sequence
from typing import Final

from invoices.document import Document, Line
from invoices.totals import check_sums
from ledger.domain.money import format_plain

COLUMNS: Final = (
    "number", "line", "kind", "reference", "appointment", "service_at", "outcome", "confirmed", "definition", "version",
    "price", "share", "amount", "currency", "corrects_line", "note",
)  # fmt: skip
"""`share` is in basis points (10000 is all of the price); `confirmed` are labels joined by semicolons."""
_FORMULA_STARTS: Final = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What a spreadsheet may take for a formula, full-width forms included."""


def lines_csv(document: Document, lines: Sequence[Line]) -> bytes:
    """Header and one row per line. Raises TotalsDisagree when the lines do not sum to the document's net total."""
    check_sums(document, lines)
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    rows.writerows(_row(document, line) for line in lines)
    return text.getvalue().encode("utf-8", errors="replace")


def _row(document: Document, line: Line) -> tuple[str | int, ...]:
    return (
        guarded(document.number),
        line.number,
        line.kind,
        guarded(line.reference),
        guarded(line.appointment_id),
        "" if line.service_at is None else line.service_at.isoformat().replace("+00:00", "Z"),
        guarded(line.outcome),
        guarded("; ".join(line.confirmed)),
        guarded(line.definition),
        line.definition_version,
        format_plain(line.price, document.currency),
        line.share,
        format_plain(line.amount, document.currency),
        document.currency,
        "" if line.corrects_line is None else line.corrects_line,
        guarded(line.note),
    )


def guarded(text: str | None) -> str:
    """Text that a spreadsheet shows and never computes: a leading apostrophe before what may start a formula."""
    plain = text or ""
    return f"'{plain}" if plain[:1] in _FORMULA_STARTS else plain
