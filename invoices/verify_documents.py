"""Checks of issued documents: content, totals, lines, entry, number, hash, and the bytes that are kept.

Owns the comparison of each document with what it was made from and what it was made into. Refuses nothing; a document
that cannot even be read is told with the others.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Row, cast, func, select

from invoices.credit_notes import credited_taxes
from invoices.document import Document
from invoices.issuing import document_hash
from invoices.line_digest import lines_digest
from invoices.totals import tax_breakdown
from ledger.domain.journal import EntryKind
from ledger.domain.terms import BillingMode, TaxCategory
from ledger.services.verify import UNREADABLE, Fault, Look, Sweep, explained
from ledger.store import tables as t

TOTALS, CONTENT, ENTRIES, HASHES = "document totals", "document content", "document entries", "document hashes"
PORTION: Final = 200
document, line, entry, transfer = t.document.c, t.document_line.c, t.entry.c, t.transfer.c


@dataclass(frozen=True, slots=True)
class Whole:
    """A document's row, the sums of its lines by tax category and rate, and its entries' amounts by kind."""

    row: Row[Any]
    sums: tuple[Row[Any], ...]
    entries: dict[str, list[int]]
    own: Row[Any] | None
    """What the supplier himself issued for a statement."""

    @property
    def where(self) -> str:
        return f"document {self.row.id} ({self.row.number})"


def documents(look: Look) -> Iterator[Fault]:
    """Every document by every check of a single one."""
    for whole in _wholes(look):
        for name, check in CHECKS.items():
            try:
                for what in check(look, whole):
                    yield Fault(name, what, whole.where)
            except UNREADABLE as error:
                yield Fault(name, f"cannot be read: {explained(error)}", whole.where)


def _wholes(look: Look) -> Iterator[Whole]:
    after: UUID | None = None
    while True:
        query = select(t.document).order_by(document.id).limit(PORTION)
        rows = look.connection.execute(query if after is None else query.where(document.id > after)).all()
        if not rows:
            return
        after = rows[-1].id
        ids = [row.id for row in rows]
        sums = _sums(look, ids)
        posted, own = _posted(look, ids), _own(look, ids)
        for row in rows:
            yield Whole(row, sums.get(row.id, ()), posted.get(row.id, {}), own.get(row.id))


def _sums(look: Look, ids: Iterable[UUID]) -> dict[UUID, tuple[Row[Any], ...]]:
    query = (
        select(
            line.document_id,
            line.tax_category,
            line.tax_rate,
            func.count().label("lines"),
            cast(func.sum(line.amount), BigInteger).label("net"),
            func.min(line.number).label("first"),
            func.max(line.number).label("last"),
        )
        .where(line.document_id.in_(ids))
        .group_by(line.document_id, line.tax_category, line.tax_rate)
        .order_by(line.document_id)
    )
    found = look.connection.execute(query)
    return {identity: tuple(rows) for identity, rows in groupby(found, key=lambda row: row.document_id)}


def _posted(look: Look, ids: Iterable[UUID]) -> dict[UUID, dict[str, list[int]]]:
    query = (
        select(entry.source_id, entry.kind, transfer.amount)
        .join_from(t.entry, t.transfer, transfer.entry_id == entry.id)
        .where(entry.source_id.in_(ids))
        .order_by(entry.source_id, entry.kind, transfer.number)
    )
    found: dict[UUID, dict[str, list[int]]] = {}
    for row in look.connection.execute(query):
        found.setdefault(row.source_id, {}).setdefault(row.kind, []).append(row.amount)
    return found


def _own(look: Look, ids: Iterable[UUID]) -> dict[UUID, Row[Any]]:
    own = t.supplier_document
    return {row.document_id: row for row in look.connection.execute(select(own).where(own.c.document_id.in_(ids)))}


def content(_look: Look, whole: Whole) -> Iterator[str]:
    """The frozen content says what the row says."""
    row, frozen = whole.row, Document.from_json(whole.row.content)
    sums = frozen.totals
    corrects = None if frozen.corrects is None else frozen.corrects.id
    replaces = None if frozen.replaces is None else frozen.replaces.id
    facts = (
        ("id", str(row.id), frozen.id),
        ("number", row.number, frozen.number),
        ("kind", row.kind, frozen.kind),
        ("mode", row.mode, frozen.mode),
        ("currency", row.currency, frozen.currency),
        ("period", f"{row.period // 100:04d}-{row.period % 100:02d}", frozen.period),
        ("net", row.net, sums.net),
        ("tax", row.tax, sums.tax),
        ("gross", row.gross, sums.gross),
        ("prepaid", row.prepaid, sums.prepaid),
        ("due", row.due, sums.due),
        ("issued_at", row.issued_at, frozen.issued_at),
        ("due_on", row.due_on, frozen.due_on),
        ("replaces", None if row.replaces_id is None else str(row.replaces_id), replaces),
        ("accept_by", row.accept_by, frozen.accept_by),
        ("corrects", None if row.corrects_id is None else str(row.corrects_id), corrects),
    )
    for name, stored, said in facts:
        if stored != said:
            yield f"{name} is {stored}, the frozen content says {said}"


def totals(look: Look, whole: Whole) -> Iterator[str]:
    """The lines are numbered from 1 on and sum to the totals, category by category, and the tax follows from them."""
    row, frozen = whole.row, Document.from_json(whole.row.content)
    count, net = sum(each.lines for each in whole.sums), sum(each.net for each in whole.sums)
    if (count, net) != (row.line_count, row.net):
        yield f"{count} lines sum to {net}, the document says {row.line_count} lines and {row.net}"
    if whole.sums and (min(s.first for s in whole.sums), max(s.last for s in whole.sums)) != (1, row.line_count):
        yield f"the lines are not numbered from 1 to {row.line_count}"
    nets = {(each.tax_category, each.tax_rate): each.net for each in whole.sums}
    if len(nets) > 1 and any(category == TaxCategory.OUTSIDE for category, _ in nets):
        yield "category O stands beside others"
    if nets != {(tax.category, tax.rate): tax.net for tax in frozen.taxes}:
        yield "the VAT table's nets are not what the lines sum to"
    if row.tax != sum(tax.tax for tax in frozen.taxes):
        yield f"the tax is {row.tax}, the VAT table's taxes sum to {sum(tax.tax for tax in frozen.taxes)}"
    if row.corrects_id is None:
        told = tax_breakdown((tax.category, tax.rate, tax.net, tax.exemption) for tax in frozen.taxes)
    else:
        told = _credited(look, row, nets)
    if sorted((x.category, x.rate, x.tax) for x in told) != sorted((x.category, x.rate, x.tax) for x in frozen.taxes):
        yield "the VAT is not what its rates make of the nets"


def _credited(look: Look, row: Row[Any], nets: dict[tuple[str, int], int]) -> tuple[Any, ...]:
    """The VAT table of a credit note once more, from its original and the notes before it."""
    query = select(document.content).where(document.id == row.corrects_id)
    original = Document.from_json(look.connection.execute(query).scalar_one())
    earlier = select(document.content).where(
        document.corrects_id == row.corrects_id,
        document.kind == row.kind,
        document.sequence < row.sequence,
    )
    before: dict[tuple[str, int], tuple[int, int]] = {}
    for told in look.connection.execute(earlier).scalars():
        for tax in told["taxes"]:
            net, amount = before.get((tax["category"], tax["rate"]), (0, 0))
            before[tax["category"], tax["rate"]] = (net + tax["net"], amount + tax["tax"])
    return credited_taxes(original, before, nets)


def entries(_look: Look, whole: Whole) -> Iterator[str]:
    """What was issued is in the books with its net, its tax and what it drew of the deposit; of a statement, what the
    supplier's own document says, and nothing before it is recorded.
    """
    row, own = whole.row, whole.own
    kind = EntryKind.CREDIT_NOTE if row.kind == "credit_note" else EntryKind.INVOICE
    issued = own if row.mode == BillingMode.STATEMENT else row
    if own is not None and (row.mode != BillingMode.STATEMENT or own.net != row.net):
        yield f"the supplier's own document {own.number} over {own.net} net does not belong to it"
    owed = [] if issued is None else [amount for amount in (issued.net, issued.tax) if amount]
    booked = whole.entries.get(kind, [])
    if booked != owed:
        yield f"{owed or 'nothing'} is owed, its entry posts {booked or 'nothing'}"
    prepaid = 0 if issued is None else issued.prepaid
    drawn = whole.entries.get(EntryKind.DEPOSIT_DRAWN, [])
    if sum(drawn) != prepaid:
        yield f"{prepaid} was paid from the deposit, the books say {sum(drawn)}"


def hashes(look: Look, whole: Whole) -> Iterator[str]:
    """Content and lines hash to what was recorded."""
    row = whole.row
    found = document_hash(row.content, lines_digest(look.connection, row.id))
    if found != row.hash:
        yield f"content and lines hash to {found}, recorded is {row.hash}"


CHECKS: Final[dict[str, Callable[[Look, Whole], Iterator[str]]]] = {
    CONTENT: content,
    TOTALS: totals,
    ENTRIES: entries,
    HASHES: hashes,
}

SWEEPS = (Sweep(tuple(CHECKS), documents),)
