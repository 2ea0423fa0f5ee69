"""Billing months as finance sees them: what accrued, is held, is ready, was issued, and how the last run went.

Amounts are minor units by currency; a month is that of the accrual in its definition's zone, or a document's period.
Refuses to add currencies together.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, case, exists, func, select

from ledger.domain.calendar import Period
from ledger.domain.journal import AccountKind, AccrualState
from ledger.reports import documents as issued
from ledger.store import tables as t
from ledger.store.lookups import line_of_accrual


@dataclass(slots=True)
class Figures:
    """One month in one currency: how many and how much. `issued` is net, credit notes taken off."""

    currency: str
    accrued: int = 0
    accrued_count: int = 0
    held: int = 0
    held_count: int = 0
    ready: int = 0
    ready_count: int = 0
    documents: int = 0
    issued: int = 0
    tax: int = 0


@dataclass(slots=True)
class Month:
    period: Period
    currencies: list[Figures] = field(default_factory=list)

    def figures(self, currency: str) -> Figures:
        """The figures of a currency, empty ones where there are none yet."""
        for found in self.currencies:
            if found.currency == currency:
                return found
        self.currencies.append(Figures(currency))
        return self.currencies[-1]


@dataclass(frozen=True, slots=True)
class Run:
    """A billing run as it stands in its row."""

    id: UUID
    period: Period
    state: str
    dry_run: bool
    done: int
    total: int
    result: dict[str, Any]
    error: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Balance:
    """What the accounts of a currency hold together, debits − credits turned to read as what is owed."""

    currency: str
    accrued: int
    held: int
    payable: int


def months(connection: Connection, only: Period | None = None) -> list[Month]:
    """Every month with an accrual or a document, newest first; or the one."""
    found: dict[int, Month] = {}
    for row in connection.execute(_accruals(only)).mappings():
        figures = _month(found, row["month"]).figures(row["currency"])
        for name in ("accrued", "held", "ready"):
            setattr(figures, name, int(row[name] or 0))
            setattr(figures, f"{name}_count", int(row[f"{name}_count"] or 0))
    for row in connection.execute(_documents(only)).mappings():
        figures = _month(found, row["period"]).figures(row["currency"])
        figures.documents, figures.issued, figures.tax = (int(row[name]) for name in ("documents", "net", "tax"))
    for month in found.values():
        month.currencies.sort(key=lambda figures: figures.currency)
    return sorted(found.values(), key=lambda month: month.period.number, reverse=True)


def _month(found: dict[int, Month], number: int) -> Month:
    return found.setdefault(number, Month(Period.from_number(number)))


def _accruals(only: Period | None) -> Any:
    accrual = t.accrual.c
    on_a_line = exists().where(line_of_accrual())
    groups = {
        "accrued": accrual.state != AccrualState.CLOSED.value,
        "held": accrual.state == AccrualState.HELD.value,
        "ready": and_(accrual.state == AccrualState.OPEN.value, ~on_a_line),
    }
    sums = [func.sum(case((condition, accrual.amount), else_=0)).label(name) for name, condition in groups.items()]
    counts = [func.sum(case((condition, 1), else_=0)).label(f"{name}_count") for name, condition in groups.items()]
    query = select(accrual.month, accrual.currency, *sums, *counts).group_by(accrual.month, accrual.currency)
    return query if only is None else query.where(accrual.month == only.number)


def _documents(only: Period | None) -> Any:
    document = t.document.c
    sign = case((document.kind == "credit_note", -1), else_=1)
    period = func.coalesce(document.run_period, document.period).label("period")
    query = select(
        period,
        document.currency,
        func.count().label("documents"),
        func.sum(document.net * sign).label("net"),
        func.sum(document.tax * sign).label("tax"),
    ).group_by(period, document.currency)
    return query if only is None else query.where(of_period(only))


def of_period(period: Period) -> ColumnElement[bool]:
    """The condition that a document belongs to the month: to its run, or else to its time."""
    return issued.Filters(period=period).condition()


def waiting_until(connection: Connection, period: Period) -> list[Figures]:
    """What a run of the period would take by today's books: everything ready of this month and of earlier ones."""
    accrual = t.accrual.c
    query = (
        select(accrual.currency, func.count().label("number"), func.sum(accrual.amount).label("amount"))
        .where(
            accrual.state == AccrualState.OPEN.value,
            accrual.month <= period.number,
            ~exists().where(line_of_accrual()),
        )
        .group_by(accrual.currency)
        .order_by(accrual.currency)
    )
    return [Figures(row.currency, ready=int(row.amount), ready_count=row.number) for row in connection.execute(query)]


def balances(connection: Connection) -> list[Balance]:
    """By currency, what has accrued, what is held and what is payable."""
    account = t.account.c
    wanted = (AccountKind.ACCRUED, AccountKind.HELD, AccountKind.PAYABLE)
    sums = [
        func.sum(case((account.kind == kind.value, -account.balance), else_=0)).label(kind.value) for kind in wanted
    ]
    query = select(account.currency, *sums).group_by(account.currency).order_by(account.currency)
    return [Balance(row[0], *(int(value) for value in row[1:])) for row in connection.execute(query)]


def last_runs(connection: Connection, periods: Iterable[Period]) -> dict[int, Run]:
    """Each period's newest run, dry ones left out."""
    run = t.billing_run.c
    numbers = [period.number for period in periods]
    query = (
        select(t.billing_run).where(run.period.in_(numbers), run.dry_run.is_(False)).order_by(run.id)  # newest wins
    )
    return {row["period"]: _run(row) for row in connection.execute(query).mappings()}


def run(connection: Connection, run_id: UUID) -> Run | None:
    found = connection.execute(select(t.billing_run).where(t.billing_run.c.id == run_id)).mappings().one_or_none()
    return None if found is None else _run(found)


def _run(row: RowMapping) -> Run:
    return Run(
        row["id"],
        Period.from_number(row["period"]),
        row["state"],
        row["dry_run"],
        row["progress_done"],
        row["progress_total"],
        row["result"] or {},
        row["error"],
        row["created_at"],
        row["finished_at"],
    )


def documents(
    connection: Connection, condition: ColumnElement[bool], now: datetime, *, limit: int, after: UUID | None = None
) -> tuple[list[RowMapping], UUID | None]:
    """Documents newest first, with both parties' names and whether an e-invoice is kept; and the id to go on after."""
    document, original, file = t.document.c, t.document.alias("original"), t.document_file.c
    query = (
        issued.documents(now)
        .add_columns(
            issued.SUPPLIER.c.legal_name.label("supplier_name"),
            issued.BUYER.c.legal_name.label("buyer_name"),
            original.c.number.label("corrects"),
            exists().where(file.document_id == document.id, file.kind == "xml").label("has_xml"),
        )
        .outerjoin(original, original.c.id == document.corrects_id)
        .where(condition)
        .order_by(document.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(document.id < after)
    rows = list(connection.execute(query).mappings())
    return rows[:limit], rows[limit - 1]["id"] if len(rows) > limit else None


def sums(rows: Iterable[RowMapping]) -> list[Figures]:
    """What these documents come to by currency, credit notes taken off: how many, net and tax."""
    found: dict[str, Figures] = {}
    for row in rows:
        sign = -1 if row["kind"] == "credit_note" else 1
        figures = found.setdefault(row["currency"], Figures(row["currency"]))
        figures.documents += 1
        figures.issued += sign * row["net"]
        figures.tax += sign * row["tax"]
    return [found[currency] for currency in sorted(found)]
