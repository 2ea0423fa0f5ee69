"""Checks of what money and agreements leave beside the documents: deposits, bank lines, payment files, suppliers' own
documents, monthly minimums, and that self-billing was agreed on the day of issue.

Owns what each of these must still say after a hand in the database. Refuses nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select

from invoices import shortfalls
from invoices.payments import supplier_document_hash
from ledger.domain.calendar import Period, local_date
from ledger.domain.journal import AccrualKind, EntryKind
from ledger.domain.money import Money, format_plain
from ledger.domain.terms import BillingMode
from ledger.reports.bank import MATCHED, is_aside
from ledger.services.contracts import InForce, in_force
from ledger.services.verify import Fault, Look, Sweep
from ledger.services.verify_books import total
from ledger.store import tables as t

OWN, DEPOSITS, BANK, TRANSFERS, MINIMUMS, AGREED = (
    "suppliers' own documents",
    "deposits have their entry",
    "bank lines",
    "payment files",
    "monthly minimums",
    "self-billing agreed",
)
deposit, entry, transfer, bank, payment, accrual, document = (
    table.c for table in (t.deposit, t.entry, t.transfer, t.bank_line, t.payment, t.accrual, t.document)
)


def own_documents(look: Look) -> Iterator[Fault]:
    """The suppliers' own invoices and notes that say something else than was recorded."""
    own = t.supplier_document.c
    for row in look.rows(select(t.supplier_document)):
        if supplier_document_hash(dict(zip(own.keys(), row, strict=True))) != row.hash:
            yield Fault(OWN, f"{row.number} is not what was recorded", f"document {row.document_id}")


def deposits(look: Look) -> Iterator[Fault]:
    """Deposits without their entry, or with one over something else."""
    same = [entry[name] == deposit[name] for name in ("supplier_id", "buyer_id", "currency")]
    query = (
        select(deposit.id, deposit.amount, transfer.amount.label("posted"))
        .join_from(
            t.deposit,
            t.entry,
            and_(entry.source_id == deposit.id, entry.kind == EntryKind.DEPOSIT, *same),
            isouter=True,
        )
        .join(t.transfer, transfer.entry_id == entry.id, isouter=True)
        .where(or_(transfer.amount.is_(None), transfer.amount != deposit.amount))
    )
    for row in look.rows(query):
        yield Fault(
            DEPOSITS, f"{row.amount} was received, the books say {row.posted or 'nothing'}", f"deposit {row.id}"
        )


def bank_lines(look: Look) -> Iterator[Fault]:
    """Lines of statements that paid more than they moved, or in another currency, or although they are set aside."""
    foreign = case((payment.currency != bank.currency, 1), else_=0)
    query = (
        select(
            bank.id, bank.amount, bank.currency, total(payment.amount).label("paid"), total(foreign).label("strange")
        )
        .join_from(t.bank_line, t.payment, payment.bank_line_id == bank.id)
        .group_by(bank.id, bank.amount, bank.currency)
        .having(or_(total(payment.amount) > func.abs(bank.amount), total(foreign) > 0))
    )
    for row in look.rows(query):
        yield Fault(BANK, f"{row.paid} was booked of {row.amount} {row.currency}", f"bank line {row.id}")
    for row in look.rows(select(bank.id).where(MATCHED, is_aside())):
        yield Fault(BANK, "it is set aside and was booked all the same", f"bank line {row.id}")


def payment_files(look: Look) -> Iterator[Fault]:
    """Files of transfers whose documents do not sum to them, or whose text says another sum."""
    file, item = t.payment_file.c, t.payment_file_item.c
    query = (
        select(file.id, file.amount, file.currency, file.content, total(item.amount).label("sum"))
        .join_from(t.payment_file, t.payment_file_item, item.file_id == file.id, isouter=True)
        .group_by(file.id, file.amount, file.currency, file.content)
    )
    for row in look.rows(query):
        if row.sum != row.amount:
            yield Fault(TRANSFERS, f"it is over {row.amount}, its documents sum to {row.sum}", f"payment file {row.id}")
        if f"<CtrlSum>{format_plain(row.amount, row.currency)}</CtrlSum>" not in row.content:
            yield Fault(TRANSFERS, f"its text does not say {Money(row.amount, row.currency)}", f"payment file {row.id}")


def minimums(look: Look) -> Iterator[Fault]:
    """Shortfalls that are not what the month lacked by the terms then in force."""
    terms_at = _terms(look)
    query = select(t.accrual).where(accrual.kind == AccrualKind.SHORTFALL).order_by(accrual.effective_at, accrual.id)
    for row in look.connection.execute(query).all():
        terms, period = terms_at(row.effective_at).get(row.agreement_id), Period.from_number(row.month)
        agreed = None if terms is None else terms.agreement.price.minimum_per_month
        missing = 0
        if terms is not None and agreed:
            minimum = shortfalls.Minimum(terms, agreed, shortfalls.last_instant(terms, period))
            if row.effective_at == minimum.at:
                missing = shortfalls.missing(look.connection, minimum, period, known_at=row.recorded_at)
        if row.amount != missing:
            what = f"a shortfall of {row.amount}, {period} lacked {missing}"
            yield Fault(MINIMUMS, what, f"accrual {row.id} of agreement {row.agreement_id}")


def agreed(look: Look) -> Iterator[Fault]:
    """Self-billed invoices of a day on which no self-billing agreement of theirs was in force."""
    terms_at, line = _terms(look), t.document_line.c
    charged = (
        select(line.document_id, accrual.agreement_id)
        .join_from(t.document_line, t.accrual, accrual.id == line.accrual_id)
        .distinct()
        .subquery()
    )
    query = (
        select(document.id, document.number, document.issued_at, document.content, charged.c.agreement_id)
        .join_from(t.document, charged, charged.c.document_id == document.id)
        .where(document.kind == "invoice", document.mode == BillingMode.SELF_BILLED)
        .order_by(document.issued_at, document.id)
    )
    for row in look.rows(query):
        terms = terms_at(row.issued_at).get(row.agreement_id)
        signed = None if terms is None else terms.agreement.billing.self_billing
        day = local_date(row.issued_at, row.content["time_zone"])
        if signed is None or day < signed.start or (signed.until is not None and day > signed.until):
            what = f"self-billing was not agreed on {day} for agreement {row.agreement_id}"
            yield Fault(AGREED, what, f"document {row.id} ({row.number})")


def _terms(look: Look) -> Callable[[datetime], Mapping[UUID, InForce]]:
    """What is in force at an instant; documents of a run share theirs."""

    @lru_cache(maxsize=4)
    def terms_at(at: datetime) -> Mapping[UUID, InForce]:
        return in_force(look.connection, at)

    return terms_at


SWEEPS = (
    Sweep((OWN,), own_documents),
    Sweep((DEPOSITS,), deposits),
    Sweep((BANK,), bank_lines),
    Sweep((TRANSFERS,), payment_files),
    Sweep((MINIMUMS,), minimums),
    Sweep((AGREED,), agreed),
)
