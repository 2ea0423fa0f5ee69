"""The books as finance reads them: trial balance, entries and accounts, now or as of an instant on either clock.

Read-only. Running balances answer "now"; as of an instant, the transfers are added up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, case, func, literal, or_, select, union_all

from ledger.store import tables as t

EFFECTIVE, RECORDED = "effective", "recorded"
CLOCKS = (EFFECTIVE, RECORDED)

SUPPLIER = t.organisation.alias("supplier")
BUYER = t.organisation.alias("buyer")
DEBIT = t.account.alias("debit")
CREDIT = t.account.alias("credit")


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Balances (debits − credits, minor units) per account, and their sum per currency, which is always zero."""

    accounts: tuple[Mapping[str, Any], ...]
    sums: Mapping[str, int]


def accounts() -> Select[Any]:
    """Every account with whose books it belongs to."""
    account = t.account.c
    return (
        select(
            account.id,
            account.kind,
            account.currency,
            account.balance,
            SUPPLIER.c.slug.label("supplier"),
            BUYER.c.slug.label("buyer"),
        )
        .join_from(t.account, SUPPLIER, SUPPLIER.c.id == account.supplier_id)
        .join(BUYER, BUYER.c.id == account.buyer_id)
    )


def trial_balance(connection: Connection, at: datetime | None = None, clock: str = EFFECTIVE) -> TrialBalance:
    """The balance of every account that was ever moved; `at` is inclusive."""
    rows = [dict(row) for row in connection.execute(accounts().order_by(t.account.c.id)).mappings()]
    if at is not None:
        found = balances_at(connection, at, clock)
        rows = [{**row, "balance": found.get(row["id"], 0)} for row in rows]
    rows = [row for row in rows if row["balance"]]
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["balance"]
    return TrialBalance(tuple(rows), sums)


def balances_at(connection: Connection, at: datetime, clock: str) -> dict[UUID, int]:
    """Balances by account from the transfers whose entry is not later than `at` on this clock."""
    entry, transfer = t.entry.c, t.transfer.c
    instant = entry.effective_at if clock == EFFECTIVE else entry.recorded_at
    sides = [
        select(account.label("account_id"), (literal(sign) * transfer.amount).label("amount"))
        .join(t.entry, entry.id == transfer.entry_id)
        .where(instant <= at)
        for account, sign in ((transfer.debit_id, 1), (transfer.credit_id, -1))
    ]
    moved = union_all(*sides).subquery()
    query = select(moved.c.account_id, func.sum(moved.c.amount)).group_by(moved.c.account_id)
    return {account_id: int(amount) for account_id, amount in connection.execute(query)}


def entries(condition: ColumnElement[bool]) -> Select[Any]:
    """Entries with whose books they are in, for a keyset page by id."""
    entry = t.entry.c
    return (
        select(t.entry, SUPPLIER.c.slug.label("supplier"), BUYER.c.slug.label("buyer"))
        .join_from(t.entry, SUPPLIER, SUPPLIER.c.id == entry.supplier_id)
        .join(BUYER, BUYER.c.id == entry.buyer_id)
        .where(condition)
    )


def transfers_of(connection: Connection, entry_ids: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """The transfers of these entries, in order, with the accounts' kinds."""
    transfer = t.transfer.c
    query = (
        select(
            transfer.entry_id,
            transfer.amount,
            transfer.debit_id,
            transfer.credit_id,
            DEBIT.c.kind.label("debit"),
            CREDIT.c.kind.label("credit"),
        )
        .join(DEBIT, DEBIT.c.id == transfer.debit_id)
        .join(CREDIT, CREDIT.c.id == transfer.credit_id)
        .where(transfer.entry_id.in_(entry_ids))
        .order_by(transfer.entry_id, transfer.number)
    )
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["entry_id"], []).append(
            {name: row[name] for name in ("debit", "debit_id", "credit", "credit_id", "amount")}
        )
    return found


def account_lines(account_id: UUID) -> Select[Any]:
    """What moved an account: its entries, each with the amount by which it changed the balance."""
    entry, transfer = t.entry.c, t.transfer.c
    change = func.sum(case((transfer.debit_id == account_id, transfer.amount), else_=-transfer.amount))
    return (
        select(
            entry.id,
            entry.kind,
            entry.source_id,
            entry.appointment_id,
            entry.effective_at,
            entry.recorded_at,
            change.label("change"),
        )
        .join(t.transfer, transfer.entry_id == entry.id)
        .where(or_(transfer.debit_id == account_id, transfer.credit_id == account_id))
        .group_by(entry.id, entry.kind, entry.source_id, entry.appointment_id, entry.effective_at, entry.recorded_at)
    )


def account(connection: Connection, account_id: UUID) -> RowMapping | None:
    return connection.execute(accounts().where(t.account.c.id == account_id)).mappings().one_or_none()
