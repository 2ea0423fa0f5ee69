"""The lines of issued documents: taken from accruals in one statement, summed, digested, and read back in order.

Owns the one form in which a line is hashed, the same on both engines, and the way from a stored row to a
`document.Line`. An accrual becomes a line once; whatever is on a line already is never taken again.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    type_coerce,
)

from invoices.document import Line, LineKind
from ledger.domain.journal import AccrualKind, AccrualState
from ledger.domain.terms import Tax
from ledger.store import tables as t
from ledger.store.types import Instant

COPIED: Final = (
    "buyer_id",
    "supplier_id",
    "appointment_id",
    "kind",
    "reference",
    "service_at",
    "effective_at",
    "outcome",
    "confirmed",
    "definition",
    "definition_version",
    "base",
    "bonus",
    "share",
)
"""What a line repeats of its accrual, column by column."""
KINDS: Final[dict[str, LineKind]] = {
    AccrualKind.OUTCOME.value: "appointment",
    AccrualKind.RELEASED.value: "adjustment",
    AccrualKind.SHORTFALL.value: "shortfall",
    AccrualKind.CREDIT.value: "credit",
}
"""What an accrual's kind is called on paper."""
LABEL_SEPARATOR: Final = "\n"
"""Between the labels of the confirmed criteria in an accrual and a line; no label holds one."""
STREAMED: Final = 5_000
"""From this many rows on a result is read in portions of this size."""

accrual, line = t.accrual.c, t.document_line.c

Charges = Sequence[tuple[UUID, datetime, Tax]]
"""Agreement, the first instant that is too late, and the tax its lines bear."""


def billable(charges: Charges) -> ColumnElement[bool]:
    """Which accruals the agreements may be charged for: open, effective in time, on no line yet."""
    by_cut: dict[datetime, list[UUID]] = {}
    for agreement_id, cut, _ in charges:
        by_cut.setdefault(cut, []).append(agreement_id)
    in_time = [and_(accrual.agreement_id.in_(ids), accrual.effective_at < cut) for cut, ids in by_cut.items()]
    return and_(or_(*in_time), accrual.state == AccrualState.OPEN, accrual.amount > 0, ~on_a_line())


def on_a_line() -> ColumnElement[bool]:
    """Whether a document has the accrual already."""
    taken = t.document_line.alias("taken")
    return exists(select(1).where(taken.c.accrual_id == accrual.id).correlate(t.accrual))


def take_charges(connection: Connection, document_id: UUID, charges: Charges) -> int:
    """Makes every billable accrual a line, by effective time and order of submission. Returns how many."""
    order = func.row_number().over(order_by=(accrual.effective_at, accrual.appointment_id.nulls_last(), accrual.id))
    taxes = {tax for _, _, tax in charges}
    rows = select(
        literal(document_id, accrual.id.type),
        order,
        accrual.id,
        *(accrual[name] for name in COPIED),
        accrual.amount,
        _by_agreement(charges, {tax: tax.category.value for tax in taxes}),
        _by_agreement(charges, {tax: tax.rate for tax in taxes}),
    ).where(billable(charges))
    columns = ["document_id", "number", "accrual_id", *COPIED, "amount", "tax_category", "tax_rate"]
    return connection.execute(insert(t.document_line).from_select(columns, rows)).rowcount


def _by_agreement(charges: Charges, values: dict[Tax, Any]) -> ColumnElement[Any]:
    if len(set(values.values())) == 1:
        return literal(next(iter(values.values())))
    return case(*((accrual.agreement_id == agreement_id, values[tax]) for agreement_id, _, tax in charges))


def take_credits(connection: Connection, document_id: UUID, original_id: UUID, given: ColumnElement[bool]) -> int:
    """Makes these credit accruals of an original lines of a credit note, the newest corrected line first."""
    charged = t.document_line.alias("charged")
    order = func.row_number().over(order_by=(charged.c.number.desc(), accrual.effective_at, accrual.id))
    rows = (
        select(
            literal(document_id, accrual.id.type),
            order,
            accrual.id,
            *(accrual[name] for name in COPIED),
            -accrual.amount,
            charged.c.tax_category,
            charged.c.tax_rate,
            charged.c.document_id,
            charged.c.number,
        )
        .join_from(t.accrual, charged, charged.c.accrual_id == accrual.corrects_accrual_id)
        .where(charged.c.document_id == original_id, given, ~on_a_line())
    )
    columns = ["document_id", "number", "accrual_id", *COPIED, "amount", "tax_category", "tax_rate"]
    corrected = ["corrects_document_id", "corrects_number"]
    return connection.execute(insert(t.document_line).from_select(columns + corrected, rows)).rowcount


def nets(connection: Connection, document_id: UUID) -> dict[tuple[str, int], int]:
    """The sum of the lines per tax category and rate, in minor units."""
    query = (
        select(line.tax_category, line.tax_rate, cast(func.sum(line.amount), BigInteger))
        .where(line.document_id == document_id)
        .group_by(line.tax_category, line.tax_rate)
    )
    return {(category, rate): net for category, rate, net in connection.execute(query)}


def read(connection: Connection, document_id: UUID) -> Iterator[Line]:
    """The lines as they are printed, in their order, a portion of rows at a time."""
    query = select(t.document_line).where(line.document_id == document_id).order_by(line.number)
    for row in _streamed(connection, query):
        yield as_line(row)


def as_line(row: Row[Any]) -> Line:
    return Line(
        number=row.number,
        kind=KINDS[row.kind],
        reference=row.reference,
        appointment_id=None if row.appointment_id is None else str(row.appointment_id),
        service_at=row.service_at,
        outcome=row.outcome,
        confirmed=tuple(label for label in row.confirmed.split(LABEL_SEPARATOR) if label),
        definition=row.definition,
        definition_version=row.definition_version,
        price=row.base + row.bonus,
        share=row.share,
        amount=row.amount,
        corrects_line=row.corrects_number,
    )


def digest(connection: Connection, document_id: UUID) -> str:
    """SHA-256 over the lines in their order, one text each (`_text`), each closed by a line feed."""
    query = select(_text(connection.dialect.name)).where(line.document_id == document_id).order_by(line.number)
    hashed = hashlib.sha256()
    for (text,) in _streamed(connection, query):
        hashed.update(text.encode())
        hashed.update(b"\n")
    return f"sha256:{hashed.hexdigest()}"


def _streamed(connection: Connection, query: Select[Any]) -> Iterator[Row[Any]]:
    yield from connection.execution_options(yield_per=STREAMED).execute(query)


def _text(dialect: str) -> ColumnElement[str]:
    """Every column but the document and its parties, joined by `|`.

    Whole numbers in digits, instants as RFC 3339 in UTC with microseconds, identifiers as 32 hexadecimal digits, text
    after its length in characters and a colon, so that no text can pass for two; `-` is nothing.
    """
    pieces: list[Any] = []
    for name in HASHED:
        column = line[name]
        if isinstance(column.type, Instant):
            pieces.append(_instant(column, dialect))
        elif name in _IDENTIFIERS:
            pieces.append(_identifier(column, dialect))
        elif isinstance(column.type, String):
            pieces.append(cast(func.length(column), String).concat(":").concat(column))
        else:
            pieces.append(cast(column, String))
        if column.nullable:
            pieces[-1] = func.coalesce(pieces[-1], "-")
    text = pieces[0]
    for piece in pieces[1:]:
        text = text.concat("|").concat(piece)
    return type_coerce(text, String)


_IDENTIFIERS: Final = frozenset({"accrual_id", "appointment_id", "corrects_document_id"})
HASHED: Final = (
    "number",
    "accrual_id",
    "appointment_id",
    "kind",
    "reference",
    "service_at",
    "effective_at",
    "outcome",
    "confirmed",
    "definition",
    "definition_version",
    "base",
    "bonus",
    "share",
    "amount",
    "tax_category",
    "tax_rate",
    "corrects_document_id",
    "corrects_number",
)


def _instant(column: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
    if dialect == "sqlite":
        return type_coerce(column, String)
    return func.to_char(func.timezone("UTC", column), 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"', type_=String)


def _identifier(column: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
    if dialect == "sqlite":
        return type_coerce(column, String)
    return func.replace(cast(column, String), "-", "", type_=String)
