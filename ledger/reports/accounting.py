"""What an accountant imports of a month: the journal, transfer by transfer, and the documents.

A month of the journal holds what is effective in it in the buyer's time zone; a month of documents, what its billing
runs issued. Read-only, row by row, so that a month of any size fits.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select

from ledger.domain.calendar import Period, format_instant, local_date
from ledger.domain.money import format_plain
from ledger.store import tables as t

JOURNAL: Final = (
    "entry", "date", "effective_at", "recorded_at", "kind", "supplier", "buyer", "debit", "credit", "amount",
    "currency", "reference", "document",
)  # fmt: skip
INVOICES: Final = (
    "number", "kind", "mode", "period", "supplier", "buyer", "issued_on", "due_on", "net", "tax", "gross", "prepaid",
    "due", "currency", "corrects", "hash",
)  # fmt: skip
AMOUNTS: Final = frozenset({"amount", "net", "tax", "gross", "prepaid", "due"})
"""Columns that hold plain decimals in major units."""
_ANY_ZONE: Final = timedelta(hours=15)
_AT_ONCE: Final = 2_000

_supplier = t.organisation.alias("supplier")
_buyer = t.organisation.alias("buyer")


def journal(connection: Connection, period: Period) -> Iterator[tuple[Any, ...]]:
    """The month's transfers in the order of time, as `JOURNAL`."""
    for row in movements(connection, period):
        yield (
            str(row.id), local_date(row.effective_at, row.time_zone).isoformat(), format_instant(row.effective_at),
            format_instant(row.recorded_at), row.kind, row.supplier, row.buyer, row.debit, row.credit,
            format_plain(row.amount, row.currency), row.currency, row.reference, row.number,
        )  # fmt: skip


def movements(connection: Connection, period: Period) -> Iterator[Any]:
    """The month's transfers in the order of time, each with its entry and the accounts' kinds."""
    entry, transfer = t.entry.c, t.transfer.c
    debit, credit = t.account.alias("debit"), t.account.alias("credit")
    query = (
        select(
            entry.id, entry.effective_at, entry.recorded_at, entry.kind, entry.currency,
            _supplier.c.slug.label("supplier"), _supplier.c.legal_name.label("supplier_name"),
            _buyer.c.slug.label("buyer"), _buyer.c.time_zone,
            debit.c.kind.label("debit"), credit.c.kind.label("credit"), transfer.amount,
            t.appointment.c.reference, t.document.c.number,
        )
        .join(t.transfer, transfer.entry_id == entry.id)
        .join(debit, debit.c.id == transfer.debit_id)
        .join(credit, credit.c.id == transfer.credit_id)
        .join(_supplier, _supplier.c.id == entry.supplier_id)
        .join(_buyer, _buyer.c.id == entry.buyer_id)
        .outerjoin(t.appointment, t.appointment.c.id == entry.appointment_id)
        .outerjoin(t.document, t.document.c.id == entry.source_id)
        .where(entry.effective_at >= period.start("UTC") - _ANY_ZONE)
        .where(entry.effective_at < period.end("UTC") + _ANY_ZONE)
        .order_by(entry.effective_at, entry.id, transfer.number)
    )  # fmt: skip
    for row in connection.execute(query.execution_options(yield_per=_AT_ONCE)):
        if Period.of(row.effective_at, row.time_zone) == period:
            yield row


def invoices(connection: Connection, period: Period) -> Iterator[tuple[Any, ...]]:
    """The month's documents by supplier and number, as `INVOICES`."""
    document, original = t.document.c, t.document.alias("original")
    query = (
        select(
            t.document,
            _supplier.c.slug.label("supplier"),
            _buyer.c.slug.label("buyer"),
            _buyer.c.time_zone,
            original.c.number.label("corrects"),
        )
        .join(_supplier, _supplier.c.id == document.supplier_id)
        .join(_buyer, _buyer.c.id == document.buyer_id)
        .outerjoin(original, original.c.id == document.corrects_id)
        .where(document.period == period.number)
        .order_by(_supplier.c.slug, document.number)
    )
    for row in connection.execute(query.execution_options(yield_per=_AT_ONCE)):
        amounts = (format_plain(amount, row.currency) for amount in (row.net, row.tax, row.gross, row.prepaid, row.due))
        yield (
            row.number, row.kind, row.mode, str(period), row.supplier, row.buyer, _day(row.issued_at, row.time_zone),
            row.due_on.isoformat(), *amounts, row.currency, row.corrects, row.hash,
        )  # fmt: skip


def _day(instant: datetime, zone: str) -> str:
    return local_date(instant, zone).isoformat()
