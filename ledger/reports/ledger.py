"""The books as finance reads them: trial balance, entries and accounts, now or as of an instant on either clock.

Read-only. Running balances answer "now"; as of an instant, the transfers are added up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, case, func, literal, or_, select, union_all

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
    return balances_where(connection, instant(clock) <= at)


def instant(clock: str) -> ColumnElement[datetime]:
    """An entry's time on one of the clocks."""
    return t.entry.c.effective_at if clock == EFFECTIVE else t.entry.c.recorded_at


def balances_where(connection: Connection, condition: ColumnElement[bool]) -> dict[UUID, int]:
    """Balances by account from the transfers whose entry satisfies the condition; accounts at zero may be left out."""
    entry, transfer = t.entry.c, t.transfer.c
    sides = [
        select(account.label("account_id"), (literal(sign) * transfer.amount).label("amount"))
        .join(t.entry, entry.id == transfer.entry_id)
        .where(condition)
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
    return (
        select(
            entry.id,
            entry.kind,
            entry.source_id,
            entry.appointment_id,
            entry.effective_at,
            entry.recorded_at,
            func.sum(_change(account_id)).label("change"),
        )
        .join(t.transfer, transfer.entry_id == entry.id)
        .where(_moves(account_id))
        .group_by(entry.id, entry.kind, entry.source_id, entry.appointment_id, entry.effective_at, entry.recorded_at)
    )


def account(
    connection: Connection, account_id: UUID, at: datetime | None = None, clock: str = EFFECTIVE
) -> dict[str, Any] | None:
    """The account with its balance now, or as of an instant."""
    found = connection.execute(accounts().where(t.account.c.id == account_id)).mappings().one_or_none()
    if found is None or at is None:
        return None if found is None else dict(found)
    change = func.coalesce(func.sum(_change(account_id)), 0)
    query = select(change).join_from(t.transfer, t.entry, t.entry.c.id == t.transfer.c.entry_id)
    moved = query.where(_moves(account_id), instant(clock) <= at)
    return {**found, "balance": int(connection.execute(moved).scalar_one())}


def unsettled(connection: Connection, until: datetime) -> int:
    """How many appointments have something due by `until` that nobody has settled: the books do not hold it yet."""
    due = select(func.count()).select_from(t.appointment).where(t.appointment.c.next_due_at <= until)
    return int(connection.execute(due).scalar_one())


def _change(account_id: UUID) -> ColumnElement[int]:
    transfer = t.transfer.c
    return case((transfer.debit_id == account_id, transfer.amount), else_=-transfer.amount)


def _moves(account_id: UUID) -> ColumnElement[bool]:
    return or_(t.transfer.c.debit_id == account_id, t.transfer.c.credit_id == account_id)
