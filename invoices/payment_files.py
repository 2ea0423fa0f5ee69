"""Files of SEPA transfers (pain.001.001.03) over what one buyer has to pay.

Owns what goes into a file: open documents that are due, in euros, accepted or at least not queried, with both bank
accounts known; what cannot go in is told with the reason. No document is in two files unless it is asked for by name.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sepaxml import SepaTransfer
from sqlalchemy import Connection, Select, func, insert, select

from ledger.domain.calendar import local_date
from ledger.domain.errors import Refused, Unknown
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
    document: UUID


@dataclass(frozen=True, slots=True)
class File:
    """A file that was made. `amount` in cents."""

    id: UUID
    amount: int
    documents: int
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would go into a file, and what could not."""

    chosen: tuple[Item, ...]
    skipped: tuple[Skipped, ...]

    @property
    def amount(self) -> int:
        return sum(item.open for item in self.chosen)


def plan(connection: Connection, buyer_id: UUID, due_by: date, *, again: Collection[UUID] = (), now: datetime) -> Plan:
    """What a file over everything due by then would hold now."""
    ibans = {row.id: row.iban for row in connection.execute(select(t.organisation.c.id, t.organisation.c.iban))}
    before = _turns(connection, buyer_id)
    chosen: list[Item] = []
    skipped: list[Skipped] = []
    for item in open_items.items(connection, t.document.c.buyer_id == buyer_id, now):
        if item.open < 0 or (item.due_on is not None and item.due_on > due_by):
            continue
        reason = _obstacle(item, ibans[buyer_id], ibans[item.row.supplier_id], before, again)
        if reason is None:
            chosen.append(item)
        else:
            skipped.append(Skipped(item.row.number, reason, item.row.id))
    return Plan(tuple(chosen), tuple(skipped))


def check_day(pay_on: date, zone: str, now: datetime) -> None:
    """A bank takes no order for a day that is over where the buyer is. Raises `Refused` (`day_in_the_past`)."""
    if pay_on < local_date(now, zone):
        raise Refused.by("pay_on", "day_in_the_past", f"{pay_on} has gone by already")


def files() -> Select[Any]:
    """Every file that was made, with how many documents it pays."""
    item = t.payment_file_item.c
    count = select(func.count()).where(item.file_id == t.payment_file.c.id).correlate(t.payment_file).scalar_subquery()
    file, buyer = t.payment_file.c, t.organisation.c
    columns = (file.id, buyer.slug.label("buyer"), file.currency, file.pay_on, file.amount, file.created_at)
    return select(*columns, count.label("documents")).join_from(
        t.payment_file, t.organisation, buyer.id == file.buyer_id
    )


def content(connection: Connection, file_id: UUID) -> str:
    """The file as the bank takes it. Raises `Unknown`."""
    query = select(t.payment_file.c.content).where(t.payment_file.c.id == file_id)
    found: str | None = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise Unknown("there is no such payment file")
    return found


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
    """One file over everything due by then; documents `again` may be in a second one. Raises `Refused` without any, or
    for a day of payment that is over."""
    buyer = connection.execute(select(t.organisation).where(t.organisation.c.id == buyer_id).with_for_update()).one()
    check_day(pay_on, buyer.time_zone, now)
    planned = plan(connection, buyer_id, due_by, again=again, now=now)
    chosen, skipped, before = planned.chosen, planned.skipped, _turns(connection, buyer_id)
    wanted = t.organisation.c.id.in_({item.row.supplier_id for item in chosen})
    suppliers = {row.id: row for row in connection.execute(select(t.organisation).where(wanted))}
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
    total, file_id = planned.amount, new_id()
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
    return File(file_id, total, len(chosen), skipped)


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
