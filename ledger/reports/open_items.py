"""What is due: open documents by age, and the account of a supplier.

Read-only. What was paid or credited too much stands against the pair's other documents, and is shown as such.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select

from ledger.domain import settlement
from ledger.domain.calendar import local_date
from ledger.domain.settlement import Sums
from ledger.reports import documents
from ledger.reports import settlement as standing
from ledger.store import tables as t

BUCKETS: Final = ("not_due", "stopped", "1_30", "31_60", "61_90", "over_90", "credit")
"""Days after the due date; `stopped` by a query, `credit` was paid or credited too much."""
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Item:
    """A document with something open; `due_on` is None while a query stops it."""

    row: Any
    open: int
    due_on: date | None
    days: int

    @property
    def bucket(self) -> str:
        if self.open < 0:
            return "credit"
        if self.due_on is None:
            return "stopped"
        return next(
            (name for most, name in ((0, "not_due"), (30, "1_30"), (60, "31_60"), (90, "61_90")) if self.days <= most),
            "over_90",
        )


def items(connection: Connection, sees: ColumnElement[bool], now: datetime) -> Iterator[Item]:
    """Every document that is not settled, oldest first."""
    query = (
        documents.documents(now)
        .add_columns(t.document.c.content["time_zone"].as_string().label("zone"))
        .where(sees, t.document.c.kind != "credit_note", standing.claimed().is_not(None))
        .where(standing.claimed() - standing.credited() - standing.paid() != 0)
        .order_by(t.document.c.id)
    )
    rows = connection.execute(query).all()
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        ids = [row.id for row in some]
        said, credited = standing.responses(connection, ids), standing.credited_at(connection, ids)
        for row in some:
            due_on = settlement.due_on(row.due_on, said.get(row.id, []), credited.get(row.id, []), row.zone)
            days = 0 if due_on is None else (local_date(now, row.zone) - due_on).days
            yield Item(row, Sums(row.claimed, row.credited, row.paid).open, due_on, days)


def ageing(connection: Connection, sees: ColumnElement[bool], now: datetime) -> list[dict[str, Any]]:
    """By supplier, buyer and currency what is open, by how long it has been due."""
    found: dict[tuple[str, str, str], dict[str, int]] = {}
    for item in items(connection, sees, now):
        key = (item.row.supplier, item.row.buyer, item.row.currency)
        found.setdefault(key, dict.fromkeys(BUCKETS, 0))[item.bucket] += item.open
    return [
        {"supplier": supplier, "buyer": buyer, "currency": currency, **sums, "total": sum(sums.values())}
        for (supplier, buyer, currency), sums in sorted(found.items())
    ]


def account(connection: Connection, supplier_id: UUID, sees: ColumnElement[bool]) -> list[dict[str, Any]]:
    """The statement of account: every movement of what is payable to the supplier, with the balance after it."""
    entry, transfer, account = t.entry.c, t.transfer.c, t.account.c
    buyer = t.organisation.alias("buyer")
    query = (
        select(
            entry.kind, entry.source_id, entry.currency, entry.effective_at, buyer.c.slug.label("buyer"),
            transfer.amount, transfer.credit_id, account.id.label("account_id"), t.document.c.number,
            t.payment.c.reference,
        )
        .join_from(t.account, t.transfer, (transfer.debit_id == account.id) | (transfer.credit_id == account.id))
        .join(t.entry, entry.id == transfer.entry_id)
        .join(buyer, buyer.c.id == entry.buyer_id)
        .outerjoin(t.payment, t.payment.c.id == entry.source_id)
        .outerjoin(t.document, (t.document.c.id == entry.source_id) | (t.document.c.id == t.payment.c.document_id))
        .where(account.supplier_id == supplier_id, account.kind == "payable", sees)
        .order_by(entry.currency, entry.effective_at, entry.id, transfer.number)
    )  # fmt: skip
    merged: dict[tuple[Any, str], dict[str, Any]] = {}
    for row in connection.execute(query):
        change = row.amount if row.credit_id == row.account_id else -row.amount
        line = merged.setdefault(
            (row.source_id, row.kind),
            {
                "at": row.effective_at, "kind": row.kind, "buyer": row.buyer, "currency": row.currency,
                "document": row.number, "reference": row.reference, "change": 0,
            },
        )  # fmt: skip
        line["change"] += change
    balances: dict[str, int] = {}
    for line in merged.values():
        line["balance"] = balances[line["currency"]] = balances.get(line["currency"], 0) + line["change"]
    return list(merged.values())
