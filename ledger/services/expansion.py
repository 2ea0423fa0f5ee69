"""What a reader may ask for beside an appointment: its events, and the lines of documents that charge it.

For a page of appointments at once, one statement each. Whoever sees the appointment sees these.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from ledger.services import private
from ledger.store import tables as t
from ledger.store.lookups import line_of_accrual

PROSPECT, EVENTS, LINES = EXPANSIONS = ("prospect", "events", "lines")
"""The prospect stands in every appointment, asked for or not."""

_LINES: Final = (
    select(
        t.document_line,
        t.document.c.number.label("document_number"),
        t.document.c.kind.label("document_kind"),
        t.document.c.currency,
    )
    .join_from(t.accrual, t.document_line, line_of_accrual())
    .join(t.document, t.document.c.id == t.document_line.c.document_id)
    .where(t.accrual.c.appointment_id.in_(bindparam("ids", expanding=True)))
    .order_by(t.document.c.issued_at, t.document_line.c.document_id, t.document_line.c.number)
)
_EVENTS: Final = (
    select(t.appointment_event)
    .where(t.appointment_event.c.appointment_id.in_(bindparam("ids", expanding=True)))
    .order_by(t.appointment_event.c.appointment_id, t.appointment_event.c.number)
)


def expand(connection: Connection, items: Sequence[dict[str, Any]], wanted: Iterable[str]) -> None:
    """Adds to each appointment, as it is shown, what is `wanted` of `EXPANSIONS`."""
    for name, read in ((EVENTS, events), (LINES, lines)):
        if name in wanted:
            ids = [item["id"] for item in items]
            found = read(connection, ids) if ids else {}
            for item, identity in zip(items, ids, strict=True):
                item[name] = found.get(identity, [])


def events(connection: Connection, appointment_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """What happened to each, oldest first."""
    keys = private.keys_of(connection, appointment_ids)
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in connection.execute(_EVENTS, {"ids": list(appointment_ids)}):
        found.setdefault(row.appointment_id, []).append(
            {
                "number": row.number,
                "kind": row.kind,
                "effective_at": row.effective_at,
                "recorded_at": row.recorded_at,
                "actor": row.actor,
                "payload": private.opened_payload(keys.get(row.appointment_id), row.kind, row.payload),
            }
        )
    return found


def lines(connection: Connection, appointment_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """The lines that charge each of them or give back, in the order of their documents."""
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in connection.execute(_LINES, {"ids": list(appointment_ids)}):
        found.setdefault(row.appointment_id, []).append(
            {
                "document": {"id": row.document_id, "number": row.document_number, "kind": row.document_kind},
                "number": row.number,
                "kind": row.kind,
                "outcome": row.outcome,
                "price": row.base + row.bonus,
                "share": row.share,
                "amount": row.amount,
                "currency": row.currency,
                "tax": {"category": row.tax_category, "rate": row.tax_rate},
            }
        )
    return found
