"""Credits by hand as finance sees them: who asked, who granted, and the note that each became.

Read-only. A request without its grant is pending.
"""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, select

from ledger.domain.errors import Unknown
from ledger.store import tables as t

PENDING, ISSUED = "pending", "issued"
STATES: Final = (PENDING, ISSUED)

request, grant = t.credit_request.c, t.credit_grant.c
_original, _note = t.document.alias("original"), t.document.alias("note")
_supplier, _buyer = t.organisation.alias("supplier"), t.organisation.alias("buyer")


def credits_by_hand() -> Select[Any]:
    """Every request with its grant and its note."""
    return (
        select(
            *t.credit_request.c,
            grant.granted_by,
            grant.granted_at,
            _original.c.number,
            _note.c.id.label("note_id"),
            _note.c.number.label("note_number"),
            _supplier.c.slug.label("supplier"),
            _buyer.c.slug.label("buyer"),
        )
        .join_from(t.credit_request, _original, _original.c.id == request.document_id)
        .join(_supplier, _supplier.c.id == request.supplier_id)
        .join(_buyer, _buyer.c.id == request.buyer_id)
        .outerjoin(t.credit_grant, grant.request_id == request.id)
        .outerjoin(_note, _note.c.id == grant.document_id)
    )


def in_state(state: str) -> ColumnElement[bool]:
    return grant.request_id.is_(None) if state == PENDING else grant.request_id.is_not(None)


def one(connection: Connection, request_id: UUID, sees: ColumnElement[bool]) -> dict[str, Any]:
    """One of them. Raises `Unknown`."""
    row = connection.execute(credits_by_hand().where(request.id == request_id, sees)).mappings().one_or_none()
    if row is None:
        raise Unknown("there is no such credit")
    return as_json(row)


def as_json(row: Any) -> dict[str, Any]:
    same = ("id", "number", "supplier", "buyer", "amount", "currency", "reason", "lines")
    people = ("requested_by", "requested_at", "granted_by", "granted_at")
    return {
        **{name: row[name] for name in (*same, *people)},
        "state": PENDING if row["granted_by"] is None else ISSUED,
        "invoice": row["document_id"],
        "credit_note": None if row["note_id"] is None else {"id": row["note_id"], "number": row["note_number"]},
    }
