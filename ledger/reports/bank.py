"""Lines of bank statements: those that wait for a hand, and those that were matched, with their documents."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, RowMapping, exists, select

from ledger.store import tables as t

line, payment, document = t.bank_line.c, t.payment.c, t.document.c


def waiting(connection: Connection, *, limit: int, after: UUID | None = None) -> Sequence[RowMapping]:
    """Lines that have no payment, newest first."""
    query = select(t.bank_line).where(line.unmatched.is_not(None), ~exists().where(payment.bank_line_id == line.id))
    if after is not None:
        query = query.where(line.id < after)
    return connection.execute(query.order_by(line.id.desc()).limit(limit)).mappings().all()


def matched(connection: Connection, *, limit: int) -> Sequence[RowMapping]:
    """The payments and returns that came of lines last, each with its document."""
    columns = (
        payment.kind, payment.amount, payment.currency, payment.document_id, document.number, line.booked_on,
        line.reference, line.counterparty, line.unmatched,
    )  # fmt: skip
    query = select(*columns).select_from(t.payment).join(t.bank_line, line.id == payment.bank_line_id)
    query = query.join(t.document, document.id == payment.document_id)
    return connection.execute(query.order_by(payment.id.desc()).limit(limit)).mappings().all()
