"""Files of SEPA transfers (pain.001.001.03) over what one buyer has to pay.

Owns what goes into a file: open documents that are due, in euros, accepted or at least not queried, with both bank
accounts known; what cannot go in is told with the reason. No document is in two files unless it is asked for by name.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sepaxml import SepaTransfer
from sqlalchemy import Connection, func, insert, select

from ledger.domain.errors import Refused
from ledger.reports import open_items
from ledger.reports.open_items import Item
from ledger.store import tables as t
from ledger.store.bulk import insert_rows
from ledger.store.types import new_id

SCHEMA: Final = "pain.001.001.03"
EURO: Final = "EUR"


@dataclass(frozen=True, slots=True)
class Skipped:
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class File:
    """`again` are documents that may be in a second file. `amount` in cents."""

    id: UUID
    amount: int
    documents: int
    skipped: tuple[Skipped, ...]


def make(
    connection: Connection,
    buyer_id: UUID,
    due_by: date,
    pay_on: date,
    *,
    again: Collection[UUID] = (),
    actor: str,
    now: datetime,
) -> File:
    """One file over everything due by then. Raises `Refused` where nothing can be paid."""
    buyer = connection.execute(select(t.organisation).where(t.organisation.c.id == buyer_id).with_for_update()).one()
    suppliers = {row.id: row for row in connection.execute(select(t.organisation))}
    before = _turns(connection, buyer_id)
    chosen: list[Item] = []
    skipped: list[Skipped] = []
    for item in open_items.items(connection, t.document.c.buyer_id == buyer_id, now):
        if item.open < 0 or (item.due_on is not None and item.due_on > due_by):
            continue
        reason = _obstacle(item, buyer.iban, suppliers[item.row.supplier_id].iban, before, again)
        if reason is None:
            chosen.append(item)
        else:
            skipped.append(Skipped(item.row.number, reason))
    if not chosen:
        why = "; ".join(f"{each.number}: {each.reason}" for each in skipped) or f"nothing is due by {due_by}"
        raise Refused.by("payments", "nothing_to_pay", why)
    transfer = SepaTransfer(
        {"name": buyer.legal_name[:70], "IBAN": buyer.iban, "BIC": buyer.bic or "NOTPROVIDED", "batch": True}
        | {"currency": EURO},
        schema=SCHEMA,
        clean=True,
    )
    for item in chosen:
        supplier = suppliers[item.row.supplier_id]
        payment = {
            "name": supplier.legal_name, "IBAN": supplier.iban, "amount": item.open, "execution_date": pay_on,
            "description": item.row.number, "endtoend_id": item.row.number[-35:],
        }  # fmt: skip
        transfer.add_payment(payment | ({"BIC": supplier.bic} if supplier.bic else {}))
    total, file_id = sum(item.open for item in chosen), new_id()
    connection.execute(
        insert(t.payment_file),
        {
            "id": file_id,
            "buyer_id": buyer_id,
            "currency": EURO,
            "pay_on": pay_on,
            "amount": total,
            "content": transfer.export(validate=True).decode(),
            "created_at": now,
            "actor": actor,
        },
    )
    rows = [
        {
            "document_id": item.row.id,
            "turn": before.get(item.row.id, 0) + 1,
            "file_id": file_id,
            "buyer_id": buyer_id,
            "supplier_id": item.row.supplier_id,
            "amount": item.open,
        }
        for item in chosen
    ]
    insert_rows(connection, t.payment_file_item, rows)
    return File(file_id, total, len(chosen), tuple(skipped))


def _turns(connection: Connection, buyer_id: UUID) -> dict[UUID, int]:
    """How many files each document of the buyer is in."""
    item = t.payment_file_item.c
    query = select(item.document_id, func.max(item.turn)).where(item.buyer_id == buyer_id).group_by(item.document_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def _obstacle(
    item: Item, own_iban: str | None, iban: str | None, before: dict[UUID, int], again: Collection[UUID]
) -> str | None:
    if item.row.currency != EURO:
        return f"SEPA pays euros, this is {item.row.currency}"
    if item.due_on is None:
        return "queried"
    if not own_iban:
        return "the buyer's IBAN is missing"
    if not iban:
        return "the supplier's IBAN is missing"
    if item.row.id in before and item.row.id not in again:
        return "in a payment file already"
    return None
