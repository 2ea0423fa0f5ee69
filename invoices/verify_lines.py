"""Checks of lines and numbers across documents: a line and its accrual, a credit and its charge, gapless series.

Owns what can be told by the database in one statement each; only what is wrong comes back. With the unique key on
supplier and accrual, a line that equals its accrual is the only one that has it.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, case, or_, select

from invoices.lines import COPIED
from invoices.numbering import printed
from ledger.domain.journal import AccrualKind, AccrualState
from ledger.services.verify import Fault, Look, Sweep
from ledger.services.verify_books import total
from ledger.store import tables as t

LINES, CREDITS, NUMBERS = "lines and accruals", "credits within their line", "number series"

document, line, accrual, series = t.document.c, t.document_line.c, t.accrual.c, t.number_series.c


def lines(look: Look) -> Iterator[Fault]:
    """Lines of no document or no accrual, and lines that say something else than theirs."""
    signed = case((accrual.kind == AccrualKind.CREDIT, -accrual.amount), else_=accrual.amount)
    differing = or_(
        accrual.id.is_(None),
        document.id.is_(None),
        line.amount != signed,
        accrual.currency != document.currency,
        accrual.state != AccrualState.OPEN,
        line.supplier_id != document.supplier_id,
        line.buyer_id != document.buyer_id,
        (accrual.kind == AccrualKind.CREDIT) != (document.kind == "credit_note"),
        *(line[name].is_distinct_from(accrual[name]) for name in COPIED),
    )
    query = (
        select(line.document_id, line.number, line.accrual_id, accrual.id.label("found"), document.number.label("on"))
        .join_from(t.document_line, t.accrual, accrual.id == line.accrual_id, isouter=True)
        .join(t.document, document.id == line.document_id, isouter=True)
        .where(differing)
    )
    for row in look.rows(query):
        what = f"the line is not what its accrual {row.accrual_id} says"
        if row.on is None:
            what = "a line without its document"
        elif row.found is None:
            what = f"its accrual {row.accrual_id} is not there"
        yield Fault(LINES, what, f"document {row.document_id} ({row.on}) line {row.number}")


def corrections(look: Look) -> Iterator[Fault]:
    """Credits of what the corrected original has not charged, and lines given back by more than they were."""
    charged, original = t.document_line.alias("charged"), document.corrects_id
    stray = (
        select(line.document_id, line.number)
        .join_from(t.document_line, t.document, document.id == line.document_id)
        .join(t.accrual, accrual.id == line.accrual_id, isouter=True)
        .join(
            charged,
            and_(charged.c.document_id == line.corrects_document_id, charged.c.number == line.corrects_number),
            isouter=True,
        )
        .where(
            document.kind == "credit_note",
            or_(
                charged.c.document_id.is_(None),
                line.corrects_document_id != original,
                charged.c.accrual_id != accrual.corrects_accrual_id,
                charged.c.tax_category != line.tax_category,
                charged.c.tax_rate != line.tax_rate,
            ),
        )
    )
    for row in look.rows(stray):
        where = f"document {row.document_id} line {row.number}"
        yield Fault(CREDITS, "gives back what its original has not charged like that", where)
    given = (
        select(line.corrects_document_id, line.corrects_number, total(line.amount).label("sum"))
        .where(line.corrects_document_id.is_not(None))
        .group_by(line.corrects_document_id, line.corrects_number)
        .subquery()
    )
    beyond = (
        select(line.document_id, line.number, line.amount, given.c.sum)
        .join_from(
            given,
            t.document_line,
            and_(line.document_id == given.c.corrects_document_id, line.number == given.c.corrects_number),
        )
        .where(given.c.sum > line.amount)
    )
    for row in look.rows(beyond):
        what = f"{row.sum} was given back of a line of {row.amount}"
        yield Fault(CREDITS, what, f"document {row.document_id} line {row.number}")


def numbers(look: Look) -> Iterator[Fault]:
    """Series that are not 1, 2, 3 … up to their counter, and numbers that are not printed by it."""
    key = ("supplier_id", "buyer_id", "kind")
    query = (
        select(t.document.c.id, document.number, document.sequence, *(document[name] for name in key), series.prefix)
        .join_from(t.document, t.number_series, and_(*(series[name] == document[name] for name in key)), isouter=True)
        .order_by(*(document[name] for name in key), document.sequence)
    )
    last: dict[tuple[Any, ...], int] = {}
    for row in look.rows(query):
        owner = (row.supplier_id, row.buyer_id, row.kind)
        expected = last.get(owner, 0) + 1
        if row.sequence != expected:
            what = f"number {row.sequence} follows {expected - 1} in its series"
            yield Fault(NUMBERS, what, f"document {row.id} ({row.number})")
        if row.prefix is None or row.number != printed(row.prefix, row.sequence):
            yield Fault(NUMBERS, "its number is not what its series prints", f"document {row.id} ({row.number})")
        last[owner] = row.sequence
    for row in look.rows(select(t.number_series)):
        issued = last.get((row.supplier_id, row.buyer_id, row.kind), 0)
        if row.last != issued:
            yield Fault(
                NUMBERS, f"the counter says {row.last}, the last one issued is {issued}", f"series {row.prefix}"
            )


SWEEPS = (Sweep((LINES,), lines), Sweep((CREDITS,), corrections), Sweep((NUMBERS,), numbers))
