"""The supplier's answer to a self-billed document: accepted, queried, or the query withdrawn.

Owns the command; what may be said when is `ledger.domain.settlement`'s. Refuses answers to what is not self-billed,
after the window, or to what has been accepted. The document itself never changes.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, insert, select

from ledger.domain.errors import Unknown
from ledger.domain.settlement import Position, check_response
from ledger.reports import settlement
from ledger.store import tables as t


def respond(
    connection: Connection,
    document_id: UUID,
    sees: ColumnElement[bool],
    position: Position,
    message: str | None,
    *,
    actor: str,
    now: datetime,
) -> None:
    """Records the answer. Raises `Unknown`, `IllegalMove`, `WindowClosed` or `Refused`."""
    document, response = t.document.c, t.document_response.c
    query = select(document.id, document.buyer_id, document.supplier_id, document.accept_by)
    row = connection.execute(query.where(document.id == document_id, sees).with_for_update()).one_or_none()
    if row is None:
        raise Unknown("there is no such document")
    said = settlement.responses(connection, [row.id]).get(row.id, [])
    credited_at = settlement.credited_at(connection, [row.id]).get(row.id, [])
    check_response(position, message, row.accept_by, said, credited_at, now)
    last = connection.execute(select(func.max(response.number)).where(response.document_id == row.id)).scalar_one()
    connection.execute(
        insert(t.document_response),
        {
            "document_id": row.id,
            "number": (last or 0) + 1,
            "buyer_id": row.buyer_id,
            "supplier_id": row.supplier_id,
            "position": position.value,
            "message": message,
            "recorded_at": now,
            "actor": actor,
        },
    )
