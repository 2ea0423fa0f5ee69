"""Lines of bank statements: those that wait for a hand, were matched with their documents, or were set aside."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, exists, func, select

from ledger.store import tables as t

line, payment, document = t.bank_line.c, t.payment.c, t.document.c
turn = t.bank_line_aside.c

MATCHED: Final = exists().where(payment.bank_line_id == line.id)
_last = t.bank_line_aside.alias("last")
_NEWEST: Final = (
    select(func.max(_last.c.number)).where(_last.c.bank_line_id == line.id).correlate(t.bank_line).scalar_subquery()
)


def is_aside() -> ColumnElement[bool]:
    """Whether the last turn of the line set it aside: then it has a reason."""
    return exists().where(_is_last(), turn.reason.is_not(None))


def reason() -> ColumnElement[str | None]:
    """Why the line is set aside; null where it is not."""
    return select(turn.reason).where(_is_last()).correlate(t.bank_line).scalar_subquery()


def _is_last() -> ColumnElement[bool]:
    return and_(turn.bank_line_id == line.id, turn.number == _NEWEST)


def waiting(connection: Connection, *, limit: int, after: UUID | None = None) -> Sequence[RowMapping]:
    """Lines that have no payment and are not set aside, newest first."""
    query = select(t.bank_line).where(line.unmatched.is_not(None), ~MATCHED, ~is_aside())
    if after is not None:
        query = query.where(line.id < after)
    return connection.execute(query.order_by(line.id.desc()).limit(limit)).mappings().all()


def aside(connection: Connection, *, limit: int) -> Sequence[RowMapping]:
    """Lines that are set aside, the last first, each with the reason, who said so and when."""
    query = (
        select(t.bank_line, turn.reason, turn.recorded_at.label("set_aside_at"), turn.actor.label("by"))
        .join_from(t.bank_line, t.bank_line_aside, _is_last())
        .where(turn.reason.is_not(None))
    )
    return connection.execute(query.order_by(turn.recorded_at.desc(), line.id.desc()).limit(limit)).mappings().all()


def matched(connection: Connection, *, limit: int) -> Sequence[RowMapping]:
    """The payments and returns that came of lines last, each with its document."""
    columns = (
        payment.kind, payment.amount, payment.currency, payment.document_id, document.number, line.booked_on,
        line.reference, line.counterparty, line.unmatched,
    )  # fmt: skip
    query = select(*columns).select_from(t.payment).join(t.bank_line, line.id == payment.bank_line_id)
    query = query.join(t.document, document.id == payment.document_id)
    return connection.execute(query.order_by(payment.id.desc()).limit(limit)).mappings().all()
