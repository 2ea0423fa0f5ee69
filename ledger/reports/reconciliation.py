"""A month's figures against the ledger: equations between what documents and accruals say and what the accounts hold.

Amounts are minor units by currency, by the books of now. Owns no figure of its own: each side is added up from its own
tables, so that an equation that does not hold shows a fault. Read-only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, case, cast, exists, func, or_, select, union_all

from ledger.domain.calendar import Period
from ledger.domain.journal import AccountKind, AccrualState
from ledger.domain.terms import BillingMode
from ledger.reports import months, settlement
from ledger.store import tables as t
from ledger.store.lookups import line_of_accrual

DOCUMENTS, ACCRUED, HELD = "documents", "accrued", "held"
TERMS: Final = {
    DOCUMENTS: ("issued", "credited", "paid"),
    ACCRUED: ("ready", "ready_elsewhere", "on_statements"),
    HELD: ("held", "held_elsewhere"),
}
"""For each equation its terms, signed so that they add up to what the ledger holds."""
document, accrual = t.document.c, t.accrual.c


@dataclass(frozen=True, slots=True)
class Equation:
    """`terms` by name, and what the ledger says."""

    name: str
    terms: dict[str, int]
    ledger: int

    @property
    def total(self) -> int:
        return sum(self.terms.values())

    @property
    def difference(self) -> int:
        return self.total - self.ledger

    @property
    def holds(self) -> bool:
        return self.difference == 0


Pair = tuple[str, str]


def equations(connection: Connection, period: Period) -> dict[str, dict[str, Equation]]:
    """By currency: what the month's documents left payable, and what all months have accrued and held."""
    terms: dict[str, dict[str, int]] = {}
    for query in (_documents(period), _accruals(period), _statements()):
        for found in connection.execute(query).mappings():
            named = {name: int(value or 0) for name, value in found.items() if name != "currency"}
            terms.setdefault(found["currency"], {}).update(named)
    posted = {found.currency: int(found.payable) for found in connection.execute(_payable(period))}
    balances = {found.currency: found for found in months.balances(connection)}
    equal: dict[str, dict[str, Equation]] = {}
    for currency in sorted({*terms, *posted, *balances}):
        own, balance = terms.get(currency, {}), balances.get(currency)
        sides = {
            DOCUMENTS: posted.get(currency, 0),
            ACCRUED: balance.accrued if balance else 0,
            HELD: balance.held if balance else 0,
        }
        equal[currency] = {
            name: Equation(name, {term: own.get(term, 0) for term in TERMS[name]}, ledger)
            for name, ledger in sides.items()
        }
    return equal


def _sum(amount: Any) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(amount), 0), BigInteger)


def _documents(period: Period) -> Any:
    """What became payable with the month's documents, what its credit notes took back, and what was paid on them."""
    each = (
        select(
            document.currency,
            (document.kind == "credit_note").label("is_credit"),
            func.coalesce(settlement.claimed(), 0).label("claimed"),
            settlement.paid().label("paid"),
        )
        .where(months.of_period(period))
        .subquery()
    )
    issued, credited = (case((each.c.is_credit.is_(kind), each.c.claimed), else_=0) for kind in (False, True))
    return select(
        each.c.currency,
        _sum(issued).label("issued"),
        (-_sum(credited)).label("credited"),
        (-_sum(each.c.paid)).label("paid"),
    ).group_by(each.c.currency)


def _payable(period: Period) -> Any:
    """What the entries of these documents and of their payments moved on `payable`."""
    sources = union_all(
        select(document.id.label("id")).where(months.of_period(period)),
        select(t.payment.c.id).join(t.document, document.id == t.payment.c.document_id).where(months.of_period(period)),
    ).subquery()
    debit, credit = t.account.alias("debit"), t.account.alias("credit")
    payable, amount = AccountKind.PAYABLE.value, t.transfer.c.amount
    moved = case((credit.c.kind == payable, amount), (debit.c.kind == payable, -amount), else_=0)
    return (
        select(t.entry.c.currency, _sum(moved).label("payable"))
        .join_from(sources, t.entry, t.entry.c.source_id == sources.c.id)
        .join(t.transfer, t.transfer.c.entry_id == t.entry.c.id)
        .join(debit, debit.c.id == t.transfer.c.debit_id)
        .join(credit, credit.c.id == t.transfer.c.credit_id)
        .group_by(t.entry.c.currency)
    )


def _accruals(period: Period) -> Any:
    """What is ready and what is held, of the month and of every other one."""
    here = accrual.month == period.number
    ready = and_(accrual.state == AccrualState.OPEN.value, ~exists().where(line_of_accrual()))
    held = accrual.state == AccrualState.HELD.value
    parts = {
        "ready": and_(ready, here),
        "ready_elsewhere": and_(ready, ~here),
        "held": and_(held, here),
        "held_elsewhere": and_(held, ~here),
    }
    sums = [_sum(case((condition, accrual.amount), else_=0)).label(name) for name, condition in parts.items()]
    standing = accrual.state.in_((AccrualState.OPEN.value, AccrualState.HELD.value))
    return select(accrual.currency, *sums).where(standing).group_by(accrual.currency)


def _statements() -> Any:
    """What is on statements for which the supplier's own document is not recorded: nothing is posted for it yet."""
    recorded = exists().where(t.supplier_document.c.document_id == document.id)
    net = case((document.kind == "credit_note", -document.net), else_=document.net)
    return (
        select(document.currency, _sum(net).label("on_statements"))
        .where(document.mode == BillingMode.STATEMENT.value, ~recorded)
        .group_by(document.currency)
    )


def waiting(connection: Connection, period: Period, pairs: Iterable[Pair]) -> dict[Pair, dict[str, int]]:
    """What is ready of suppliers and buyers (slugs), until the period's end, by currency: what parking keeps back."""
    supplier, buyer = t.organisation.alias("supplier"), t.organisation.alias("buyer")
    wanted = [and_(supplier.c.slug == one, buyer.c.slug == other) for one, other in pairs]
    if not wanted:
        return {}
    query = (
        select(
            supplier.c.slug.label("supplier"),
            buyer.c.slug.label("buyer"),
            accrual.currency,
            _sum(accrual.amount).label("amount"),
        )
        .join_from(t.accrual, supplier, supplier.c.id == accrual.supplier_id)
        .join(buyer, buyer.c.id == accrual.buyer_id)
        .where(or_(*wanted), accrual.state == AccrualState.OPEN.value, accrual.month <= period.number)
        .where(~exists().where(line_of_accrual()))
        .group_by(supplier.c.slug, buyer.c.slug, accrual.currency)
    )
    found: dict[Pair, dict[str, int]] = {}
    for row in connection.execute(query):
        found.setdefault((row.supplier, row.buyer), {})[row.currency] = int(row.amount)
    return found
