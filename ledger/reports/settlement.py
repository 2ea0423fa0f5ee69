"""Where documents stand, as SQL: what was credited and paid of each, what is open, and its state at an instant.

Read-only. The same rules as `ledger.domain.settlement`, set-based, for lists and their filters.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, case, cast, exists, func, literal, or_, select

from ledger.domain.settlement import DocumentState, Position, Response
from ledger.domain.terms import BillingMode
from ledger.store import tables as t

document = t.document.c
_note, _own = t.document.alias("note"), t.supplier_document.alias("own")
_noted = t.supplier_document.alias("noted")
_response = t.document_response


def _whole(amount: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(amount), 0), BigInteger)


def claimed() -> ColumnElement[Any]:
    """What became payable with the document; NULL for a statement until the supplier's own invoice is recorded."""
    own = select(_own.c.net + _own.c.tax - _own.c.prepaid).where(_own.c.document_id == document.id).scalar_subquery()
    return case((document.mode == BillingMode.STATEMENT, own), else_=document.due)


def credited() -> ColumnElement[int]:
    """What credit notes took back of it in the books, tax included."""
    amount = case((_note.c.mode == BillingMode.STATEMENT, _noted.c.net + _noted.c.tax), else_=_note.c.gross)
    return (
        select(_whole(amount))
        .select_from(_note.outerjoin(_noted, _noted.c.document_id == _note.c.id))
        .where(_note.c.corrects_id == document.id)
        .scalar_subquery()
    )


def paid() -> ColumnElement[int]:
    payment = t.payment.c
    amount = case((payment.kind == "returned", -payment.amount), else_=payment.amount)
    return select(_whole(amount)).where(payment.document_id == document.id).scalar_subquery()


def fully_credited() -> ColumnElement[bool]:
    """That credit notes gave back every line."""
    given = select(_whole(_note.c.net)).where(_note.c.corrects_id == document.id).scalar_subquery()
    return and_(exists().where(_note.c.corrects_id == document.id), given >= document.net)


def state(now: datetime) -> ColumnElement[str]:
    """`DocumentState` at this instant."""
    last = (
        select(_response.c.position)
        .where(_response.c.document_id == document.id)
        .order_by(_response.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    later = select(func.max(_response.c.recorded_at)).where(_response.c.document_id == document.id).scalar_subquery()
    answered = exists().where(_note.c.corrects_id == document.id, _note.c.issued_at >= later)
    accepted = or_(last == Position.ACCEPT.value, document.accept_by <= now)
    return case(
        (fully_credited(), DocumentState.CREDITED.value),
        (
            and_(document.kind != "credit_note", claimed().is_not(None), claimed() - credited() - paid() <= 0),
            DocumentState.PAID.value,
        ),
        (and_(last == Position.QUERY.value, ~answered), DocumentState.QUERIED.value),
        (accepted, DocumentState.ACCEPTED.value),
        else_=literal(DocumentState.ISSUED.value),
    )


def responses(connection: Connection, document_ids: list[UUID]) -> dict[UUID, list[Response]]:
    """What suppliers said of these documents, in order."""
    response = _response.c
    query = (
        select(response.document_id, response.position, response.recorded_at)
        .where(response.document_id.in_(document_ids))
        .order_by(response.document_id, response.number)
    )
    found: dict[UUID, list[Response]] = {}
    for row in connection.execute(query):
        found.setdefault(row.document_id, []).append(Response(Position(row.position), row.recorded_at))
    return found


def credited_at(connection: Connection, document_ids: list[UUID]) -> dict[UUID, list[datetime]]:
    """When credit notes of these documents were issued."""
    query = select(document.corrects_id, document.issued_at).where(document.corrects_id.in_(document_ids))
    found: dict[UUID, list[datetime]] = {}
    for row in connection.execute(query):
        found.setdefault(row.corrects_id, []).append(row.issued_at)
    return found
