"""Checks of the books: balances, entries and the accruals they stem from.

Owns the arithmetic of the ledger seen from outside: every balance is the sum of its transfers, every entry follows
the chart and has its source, every accrual its entry, and the accounts `accrued` and `held` are what the accruals say.
"""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)

from ledger.domain.journal import CHART, AccountKind, AccrualKind, AccrualState, EntryKind
from ledger.domain.lifecycle import EventKind
from ledger.services.verify import Fault, Look, Sweep
from ledger.store import tables as t
from ledger.store.lookups import line_of_accrual

BALANCES, ZERO, CHARTED, ACCRUED, SOURCES, STANDING, OFF_LINES = (
    "balances",
    "accounts sum to zero",
    "entries follow the chart",
    "accruals have their entry",
    "entries have their source",
    "accrued and held",
    "held and closed accruals",
)
OWN_ENTRY: Final = {
    AccrualKind.OUTCOME: EntryKind.ACCRUAL,
    AccrualKind.SHORTFALL: EntryKind.ACCRUAL,
    AccrualKind.REISSUED: EntryKind.ACCRUAL,
    AccrualKind.CREDIT: EntryKind.REDUCTION,
}
"""The entry of an accrual by its kind; what was released is a part of another accrual and has none."""
ACCRUED_AT_FIRST: Final = (AccrualKind.OUTCOME, AccrualKind.SHORTFALL, AccrualKind.REISSUED)
OF_DISPUTES: Final = (EntryKind.HOLD, EntryKind.RELEASE, EntryKind.REVERSAL)
OF_DOCUMENTS: Final = (EntryKind.INVOICE, EntryKind.CREDIT_NOTE, EntryKind.DEPOSIT_DRAWN)

account, entry, transfer, accrual = t.account.c, t.entry.c, t.transfer.c, t.accrual.c


def total(column: Any) -> ColumnElement[int]:
    """A sum that is a whole number on both engines, and 0 over nothing."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def balances(look: Look) -> Iterator[Fault]:
    """Running balances that are not the sum of their transfers."""
    moved = union_all(
        select(transfer.debit_id.label("account_id"), transfer.amount.label("amount")),
        select(transfer.credit_id, -transfer.amount),
    ).subquery()
    summed = select(moved.c.account_id, total(moved.c.amount).label("sum")).group_by(moved.c.account_id).subquery()
    found = func.coalesce(summed.c.sum, 0)
    query = (
        select(account.id, account.kind, account.balance, found.label("sum"))
        .join_from(t.account, summed, summed.c.account_id == account.id, isouter=True)
        .where(account.balance != found)
        .order_by(account.id)
    )
    for row in look.rows(query):
        what = f"the balance is {row.balance}, the transfers sum to {row.sum}"
        yield Fault(BALANCES, what, f"account {row.id} ({row.kind})")


def zero(look: Look) -> Iterator[Fault]:
    """Currencies whose accounts do not sum to zero."""
    query = select(account.currency, total(account.balance).label("sum")).group_by(account.currency)
    for row in look.connection.execute(query):
        if row.sum:
            yield Fault(ZERO, f"the accounts sum to {row.sum}", row.currency)


def charted(look: Look) -> Iterator[Fault]:
    """Entries without transfers, and transfers that the chart does not have or that leave their pair's books."""
    debit, credit = t.account.alias("debit"), t.account.alias("credit")
    pairs = or_(
        *(
            and_(entry.kind == kind.value, debit.c.kind == pair[0].value, credit.c.kind == pair[1].value)
            for kind, chart in CHART.items()
            for pair in chart
        )
    )
    own = and_(
        *(side.c[name] == entry[name] for side in (debit, credit) for name in ("supplier_id", "buyer_id", "currency"))
    )
    query = (
        select(entry.id, entry.kind, transfer.number)
        .join_from(t.entry, t.transfer, transfer.entry_id == entry.id, isouter=True)
        .join(debit, debit.c.id == transfer.debit_id, isouter=True)
        .join(credit, credit.c.id == transfer.credit_id, isouter=True)
        .where(func.coalesce(and_(pairs, own), literal(False)).is_(False))
    )
    for row in look.rows(query):
        what = "has no transfers" if row.number is None else f"transfer {row.number} is not in the chart of {row.kind}"
        yield Fault(CHARTED, what, f"entry {row.id} ({row.kind})")
    stray = select(transfer.entry_id, transfer.number).where(~exists().where(entry.id == transfer.entry_id))
    for row in look.rows(stray):
        yield Fault(CHARTED, "a transfer without an entry", f"entry {row.entry_id} transfer {row.number}")


def _accruals_with_entries() -> Select[Any]:
    """Each accrual that must have an entry, with it."""
    kind = case({a.value: e.value for a, e in OWN_ENTRY.items()}, value=accrual.kind)
    return (
        select(
            accrual.id,
            accrual.kind,
            accrual.amount,
            entry.id.label("entry_id"),
            transfer.amount.label("posted"),
        )
        .join_from(t.accrual, t.entry, and_(entry.source_id == accrual.id, entry.kind == kind), isouter=True)
        .join(t.transfer, transfer.entry_id == entry.id, isouter=True)
        .where(accrual.kind.in_([a.value for a in OWN_ENTRY]))
    )


def accruals(look: Look) -> Iterator[Fault]:
    """Accruals without their entry, or with one over something else."""
    same = and_(
        transfer.amount == func.abs(accrual.amount),
        entry.supplier_id == accrual.supplier_id,
        entry.buyer_id == accrual.buyer_id,
        entry.currency == accrual.currency,
        entry.effective_at == accrual.effective_at,
        entry.appointment_id.is_not_distinct_from(accrual.appointment_id),
    )
    query = _accruals_with_entries().where(func.coalesce(same, literal(False)).is_(False))
    for row in look.rows(query):
        what = f"{row.amount} accrued, the entry posts {row.posted} or differs in what it is for"
        if row.entry_id is None:
            what = f"{row.amount} accrued without an entry"
        yield Fault(ACCRUED, what, f"accrual {row.id} ({row.kind})")


def sources(look: Look) -> Iterator[Fault]:
    """Entries without the accrual, dispute, document or deposit that they name."""
    by_kinds = (
        ((EntryKind.ACCRUAL,), t.accrual, accrual.kind.in_(ACCRUED_AT_FIRST)),
        ((EntryKind.REDUCTION,), t.accrual, or_(accrual.kind == AccrualKind.CREDIT, _reduced())),
        (OF_DISPUTES, t.dispute, or_(t.dispute.c.appointment_id == entry.appointment_id, _revived())),
        (OF_DOCUMENTS, t.document, t.document.c.supplier_id == entry.supplier_id),
        ((EntryKind.DEPOSIT,), t.deposit, t.deposit.c.supplier_id == entry.supplier_id),
        ((EntryKind.PAYMENT,), t.payment, _same_payment("payment")),
        ((EntryKind.PAYMENT_RETURNED,), t.payment, _same_payment("returned")),
    )
    for kinds, table, condition in by_kinds:
        query = select(entry.id, entry.kind, entry.source_id).where(
            entry.kind.in_([kind.value for kind in kinds]),
            ~exists().where(table.c.id == entry.source_id, condition),
        )
        for row in look.rows(query):
            yield Fault(SOURCES, f"has no source {table.name} {row.source_id}", f"entry {row.id} ({row.kind})")


def _revived() -> ColumnElement[bool]:
    """That the dispute was about what had replaced the entry's appointment, whose promise it opened again."""
    event = t.appointment_event.c
    return (
        exists()
        .where(
            event.appointment_id == entry.appointment_id,
            event.kind == EventKind.REPLACEMENT_REVIVED.value,
            event.effective_at == t.dispute.c.closed_at,
        )
        .correlate(t.entry, t.dispute)
    )


def _same_payment(kind: str) -> ColumnElement[bool]:
    """That the entry posts what the payment of this kind says."""
    payment = t.payment.c
    return and_(
        payment.kind == kind,
        payment.supplier_id == entry.supplier_id,
        payment.buyer_id == entry.buyer_id,
        payment.currency == entry.currency,
        exists().where(transfer.entry_id == entry.id, transfer.amount == payment.amount),
    )


def _reduced() -> ColumnElement[bool]:
    """That an accrual which no document took fell by the entry: it is closed, and fell by no more than it was."""
    larger = exists().where(transfer.entry_id == entry.id, transfer.amount > accrual.amount)
    return and_(accrual.state == AccrualState.CLOSED.value, ~larger.correlate(t.entry, t.accrual))


def standing(look: Look) -> Iterator[Fault]:
    """Accounts `accrued` and `held` that are not what stands open and unposted, or held, among the accruals."""
    line = t.document_line
    posted = exists().where(
        line_of_accrual(line),
        entry.source_id == line.c.document_id,
        entry.kind.in_((EntryKind.INVOICE.value, EntryKind.CREDIT_NOTE.value)),
    )
    owed = case(
        (accrual.state == AccrualState.HELD.value, AccountKind.HELD.value),
        (and_(accrual.state == AccrualState.OPEN.value, ~posted), AccountKind.ACCRUED.value),
    )
    each = select(
        accrual.supplier_id, accrual.buyer_id, accrual.currency, owed.label("kind"), accrual.amount
    ).subquery()
    keys = [each.c[name] for name in ("supplier_id", "buyer_id", "currency", "kind")]
    summed = select(*keys, total(each.c.amount).label("sum")).where(each.c.kind.is_not(None)).group_by(*keys).subquery()
    same = and_(*(summed.c[name] == account[name] for name in ("supplier_id", "buyer_id", "currency", "kind")))
    stands = func.coalesce(summed.c.sum, 0)
    query = (
        select(account.id, account.kind, account.balance, stands.label("sum"))
        .join_from(t.account, summed, same, isouter=True)
        .where(account.kind.in_((AccountKind.ACCRUED.value, AccountKind.HELD.value)), account.balance != -stands)
    )
    for row in look.rows(query):
        what = f"the balance is {row.balance}, the accruals that stand there come to {row.sum}"
        yield Fault(STANDING, what, f"account {row.id} ({row.kind})")


def off_lines(look: Look) -> Iterator[Fault]:
    """Held or closed accruals that are on a document all the same."""
    query = (
        select(accrual.id, accrual.state, t.document_line.c.document_id, t.document_line.c.number)
        .join_from(t.accrual, t.document_line, line_of_accrual())
        .where(accrual.state != AccrualState.OPEN.value)
    )
    for row in look.rows(query):
        where = f"accrual {row.id}, document {row.document_id} line {row.number}"
        yield Fault(OFF_LINES, f"the accrual is {row.state} and on a document", where)


SWEEPS = (
    Sweep((BALANCES,), balances),
    Sweep((ZERO,), zero),
    Sweep((CHARTED,), charted),
    Sweep((ACCRUED,), accruals),
    Sweep((SOURCES,), sources),
    Sweep((STANDING,), standing),
    Sweep((OFF_LINES,), off_lines),
)
