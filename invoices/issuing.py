"""Issuing documents: their number, their frozen content, their entry in the books, their job for the printer.

Owns what stands between lines that were just taken and a document that is issued, inside the caller's transaction.
Refuses nothing itself; the database refuses lines that do not add up and a group's second document for a period.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, select

from invoices import branding
from invoices.brand import Brand
from invoices.document import Correction, Document, DocumentKind, Mode, Party, TaxBreakdown
from invoices.languages import language_of
from invoices.line_digest import Written
from invoices.numbering import Number, Series, take_number
from invoices.totals import totals
from invoices.words import legal_words
from ledger.domain.calendar import Period, local_date
from ledger.domain.canonical import canonical
from ledger.domain.journal import AccountKind, EntryKind
from ledger.domain.terms import BillingMode
from ledger.services.posting import Accounts, Pair, Postings
from ledger.store import tables as t
from ledger.store.bulk import insert_rows
from ledger.store.prepared import Prepared, together

TYPE_CODES: Final = {("invoice", "self_billed"): 389, ("credit_note", "self_billed"): 261}
"""UNTDID 1001; a statement has none."""
MODES: Final[dict[BillingMode, Mode]] = {
    BillingMode.SELF_BILLED: "self_billed",
    BillingMode.STATEMENT: "statement",
}
ENTRIES: Final = {"invoice": EntryKind.INVOICE, "credit_note": EntryKind.CREDIT_NOTE}


@dataclass(frozen=True, slots=True)
class Draft:
    """A document before it has its number. The lines are in the table already, under `id`."""

    id: UUID
    kind: DocumentKind
    mode: BillingMode
    period: Period
    supplier_id: UUID
    buyer_id: UUID
    supplier: Party
    buyer: Party
    currency: str
    payment_days: int
    taxes: tuple[TaxBreakdown, ...]
    lines: Written
    once_per_run: str | None
    run_id: UUID | None
    chain_head: str | None
    corrects: Correction | None = None
    replaces: Correction | None = None
    accept_by: datetime | None = None
    """When silence accepts it; None for what is not self-billed."""

    @property
    def posts(self) -> bool:
        """Whether issuing it moves money in the books: a statement waits for the supplier's own invoice."""
        return self.mode is BillingMode.SELF_BILLED

    @property
    def series(self) -> Series:
        return Series(self.supplier_id, self.buyer_id, self.supplier.slug, self.buyer.slug, self.kind)

    @property
    def pair(self) -> Pair:
        return (self.supplier_id, self.buyer_id, self.currency)


REPORTED: Final = (
    "billing_group",
    "id",
    "number",
    "kind",
    "mode",
    "currency",
    "line_count",
    "net",
    "tax",
    "gross",
    "due",
)


@dataclass(frozen=True, slots=True)
class Issued:
    """A document as a run reports it. `number` is None in a dry run; `is_new` is whether this very run issued it."""

    id: UUID
    number: str | None
    kind: str
    mode: str
    supplier: str
    buyer: str
    currency: str
    line_count: int
    net: int
    tax: int
    gross: int
    due: int
    is_new: bool


def issue(connection: Connection, drafts: Sequence[Draft], now: datetime) -> list[Issued]:
    """Makes the drafts documents: number, content, hash, entry, drawn deposit, rendering job."""
    postings = Postings(connection, Accounts(connection))
    brands = {buyer_id: branding.brand_of(connection, buyer_id) for buyer_id in {each.buyer_id for each in drafts}}
    drawn = Counter[Pair]()
    rows, issued = [], []
    for draft in drafts:
        gross = sum(tax.net + tax.tax for tax in draft.taxes)
        draws = draft.kind == "invoice" and draft.posts
        prepaid = drawable(connection, draft.pair, gross, drawn=drawn[draft.pair]) if draws else 0
        drawn[draft.pair] += prepaid
        number = take_number(connection, draft.series)
        document = _frozen(draft, number.text, prepaid, brands[draft.buyer_id], now)
        rows.append(_row(draft, number, document, now))
        issued.append(_told(draft, document))
        _post(postings, draft, document, now)
    jobs = [
        {**{name: row[name] for name in ("buyer_id", "supplier_id")}, "document_id": row["id"], **WAITING}
        for row in rows
    ]
    with together(connection):
        insert_rows(connection, t.document, rows)
        postings.write()
        insert_rows(connection, t.rendering, jobs)
    return issued


WAITING: Final = {"state": "pending", "attempts": 0}
"""Of the job to render a document: nobody has tried yet."""


def _row(draft: Draft, number: Number, document: Document, now: datetime) -> dict[str, Any]:
    content = document.to_json()
    return {
        "id": draft.id,
        "buyer_id": draft.buyer_id,
        "supplier_id": draft.supplier_id,
        "kind": draft.kind,
        "mode": draft.mode.value,
        "number": number.text,
        "sequence": number.sequence,
        "period": draft.period.number,
        "run_period": None if draft.once_per_run is None else draft.period.number,
        "billing_group": draft.once_per_run,
        "run_id": draft.run_id,
        "currency": draft.currency,
        "net": document.totals.net,
        "tax": document.totals.tax,
        "gross": document.totals.gross,
        "prepaid": document.totals.prepaid,
        "due": document.totals.due,
        "line_count": draft.lines.count,
        "corrects_id": None if draft.corrects is None else UUID(draft.corrects.id),
        "replaces_id": None if draft.replaces is None else UUID(draft.replaces.id),
        "accept_by": draft.accept_by,
        "issued_at": now,
        "due_on": document.due_on,
        "content": content,
        "hash": document_hash(content, draft.lines.digest),
    }


def _told(draft: Draft, document: Document) -> Issued:
    sums = document.totals
    return Issued(
        draft.id,
        document.number,
        draft.kind,
        draft.mode.value,
        draft.supplier.slug,
        draft.buyer.slug,
        draft.currency,
        draft.lines.count,
        sums.net,
        sums.tax,
        sums.gross,
        sums.due,
        is_new=True,
    )


def issued_in_run(connection: Connection, period: Period, supplier_id: UUID | None) -> list[tuple[str, Issued]]:
    """The documents that runs of this period have issued so far, each with what the period has once."""
    query = _IN_RUN if supplier_id is None else _IN_RUN.where(t.document.c.supplier_id == supplier_id)
    rows = connection.execute(query.order_by(t.document.c.id), {"period": period.number})
    return [(row.billing_group, _reported(row)) for row in rows]


def issued_once(connection: Connection, period: Period, keys: Sequence[str]) -> dict[str, Issued]:
    """The documents that the period has once under these keys, as far as they are issued."""
    rows = connection.execute(_ONCE, {"period": period.number, "keys": keys})
    return {row.billing_group: _reported(row) for row in rows}


SUPPLIER, BUYER = t.organisation.alias("supplier"), t.organisation.alias("buyer")
_IN_RUN: Final = (
    select(*(t.document.c[name] for name in REPORTED), SUPPLIER.c.slug.label("supplier"), BUYER.c.slug.label("buyer"))
    .join_from(t.document, SUPPLIER, SUPPLIER.c.id == t.document.c.supplier_id)
    .join(BUYER, BUYER.c.id == t.document.c.buyer_id)
    .where(t.document.c.run_period == bindparam("period"))
)
_ONCE: Final = _IN_RUN.where(t.document.c.billing_group.in_(bindparam("keys", expanding=True)))


def _reported(row: Row[*tuple[Any, ...]]) -> Issued:
    return Issued(
        row.id,
        row.number,
        row.kind,
        row.mode,
        row.supplier,
        row.buyer,
        row.currency,
        row.line_count,
        row.net,
        row.tax,
        row.gross,
        row.due,
        is_new=False,
    )


def document_hash(content: dict[str, Any], lines_digest: str) -> str:
    """What identifies an issued document: SHA-256 over its canonical content together with the digest of its lines."""
    return f"sha256:{hashlib.sha256(canonical({'content': content, 'lines': lines_digest})).hexdigest()}"


def _frozen(draft: Draft, number: str, prepaid: int, brand: Brand, now: datetime) -> Document:
    issued_on = local_date(now, draft.buyer.time_zone)
    first = draft.period.first_day
    kind, mode = draft.kind, MODES[draft.mode]
    return Document(
        id=str(draft.id),
        number=number,
        kind=kind,
        mode=mode,
        type_code=TYPE_CODES.get((kind, mode)),
        period=str(draft.period),
        period_start=first,
        period_end=draft.period.next().first_day - timedelta(days=1),
        time_zone=draft.buyer.time_zone,
        issued_at=now.astimezone(UTC),
        due_on=_due_on(issued_on, draft),
        currency=draft.currency,
        supplier=draft.supplier,
        buyer=draft.buyer,
        totals=totals(draft.taxes, prepaid=prepaid),
        taxes=draft.taxes,
        corrects=draft.corrects,
        replaces=draft.replaces,
        accept_by=draft.accept_by,
        words=legal_words(mode, kind, draft.supplier, draft.buyer, draft.taxes),
        chain_head=draft.chain_head,
        language=language_of(draft.supplier.address.country),
        brand=brand,
    )


def _due_on(issued_on: date, draft: Draft) -> date:
    """A credit is due at once; a charge so many days after the date of issue, both in the buyer's zone."""
    return issued_on if draft.kind == "credit_note" else issued_on + timedelta(days=draft.payment_days)


def drawable(connection: Connection, pair: Pair, gross: int, *, drawn: int = 0) -> int:
    """How much of the buyer's deposit a document uses up, in minor units; the account is locked if there is any.

    `drawn` is what this transaction draws for other documents and has not posted yet.
    """
    books = dict(zip(("supplier_id", "buyer_id", "currency"), pair, strict=True))
    found = DEPOSIT_OF_PAIR.first(connection, books)
    if found is None or not found.balance:
        return 0
    held: int = connection.execute(_DEPOSIT.with_for_update(), books).scalar_one()
    return max(0, min(held - drawn, gross))


_DEPOSIT: Final = select(t.account.c.balance).where(
    t.account.c.supplier_id == bindparam("supplier_id"),
    t.account.c.buyer_id == bindparam("buyer_id"),
    t.account.c.currency == bindparam("currency"),
    t.account.c.kind == AccountKind.DEPOSIT,
)
DEPOSIT_OF_PAIR: Final = Prepared(_DEPOSIT)


def _post(postings: Postings, draft: Draft, document: Document, now: datetime) -> None:
    if not draft.posts:
        return
    sums = document.totals
    stamp: dict[str, Any] = {"source_id": draft.id, "effective_at": now, "recorded_at": now}
    postings.post(ENTRIES[draft.kind], draft.pair, (sums.net, sums.tax), **stamp)
    if sums.prepaid:
        postings.post(EntryKind.DEPOSIT_DRAWN, draft.pair, (sums.prepaid,), **stamp)
