"""Payments of issued documents, what comes back of them, deposits, and the supplier's own invoice for a statement.

Owns the rows and their entries (rulebook, section 5): `payable` falls with a payment and rises when it returns. A
payment may be partial or too much; what is too much stays as a credit of the pair. Refuses money for what is not
payable: a credit note, a statement before the supplier's invoice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select

from invoices.issuing import DEPOSIT_OF_PAIR, ENTRIES, drawable
from ledger.domain.calendar import local_date, midnight
from ledger.domain.canonical import content_hash
from ledger.domain.errors import Conflict, IllegalMove, Refused, Unknown
from ledger.domain.journal import EntryKind
from ledger.domain.money import Money
from ledger.domain.terms import BillingMode
from ledger.services.posting import Accounts, Pair, Postings
from ledger.store import tables as t
from ledger.store.bulk import insert_rows
from ledger.store.types import new_id

PAYMENT, RETURNED = "payment", "returned"


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment to be booked; `zone` is the buyer's, in which `paid_on` begins. `returns_id` makes it a return."""

    document_id: UUID
    supplier_id: UUID
    buyer_id: UUID
    currency: str
    zone: str
    amount: int
    paid_on: date
    reference: str | None
    returns_id: UUID | None = None
    bank_line_id: UUID | None = None
    id: UUID = field(default_factory=new_id)


def book(connection: Connection, payments: Iterable[Paid], *, actor: str, now: datetime) -> list[UUID]:
    """Writes the payments and their entries, however many; their ids in order."""
    postings = Postings(connection, Accounts(connection))
    rows: list[dict[str, Any]] = []
    for each in payments:
        rows.append(
            {
                "id": each.id,
                "buyer_id": each.buyer_id,
                "supplier_id": each.supplier_id,
                "document_id": each.document_id,
                "kind": PAYMENT if each.returns_id is None else RETURNED,
                "amount": each.amount,
                "currency": each.currency,
                "paid_on": each.paid_on,
                "reference": each.reference,
                "returns_id": each.returns_id,
                "bank_line_id": each.bank_line_id,
                "recorded_at": now,
                "actor": actor,
            }
        )
        postings.post(
            EntryKind.PAYMENT if each.returns_id is None else EntryKind.PAYMENT_RETURNED,
            (each.supplier_id, each.buyer_id, each.currency),
            (each.amount,),
            source_id=each.id,
            effective_at=midnight(each.paid_on, each.zone),
            recorded_at=now,
        )
    insert_rows(connection, t.payment, rows)
    postings.write()
    return [row["id"] for row in rows]


def record(
    connection: Connection,
    document_id: UUID,
    amount: Money | int,
    paid_on: date,
    reference: str | None,
    *,
    actor: str,
    now: datetime,
    bank_line_id: UUID | None = None,
) -> UUID:
    """One payment of one document. Raises `Unknown`, `IllegalMove` or `Refused`."""
    row = _document(connection, document_id)
    if row.kind == "credit_note":
        raise IllegalMove("a credit note is not paid; it is taken off what is owed", code="not_payable")
    if row.mode == BillingMode.STATEMENT and _own(connection, document_id) is None:
        raise IllegalMove("nothing is payable until the supplier's own invoice is recorded", code="not_payable_yet")
    minor = in_currency(amount, row.currency)
    _check_day("paid_on", paid_on, row.zone, now)
    paid = Paid(row.id, row.supplier_id, row.buyer_id, row.currency, row.zone, minor, paid_on, reference)
    return book(connection, [_from_bank(paid, bank_line_id)], actor=actor, now=now)[0]


def give_back(
    connection: Connection,
    payment_id: UUID,
    returned_on: date,
    reference: str | None,
    *,
    actor: str,
    now: datetime,
    bank_line_id: UUID | None = None,
) -> UUID:
    """A payment that came back, whole. Raises `Unknown`, or `Conflict` for one that came back before."""
    payment = t.payment.c
    query = select(t.payment).where(payment.id == payment_id, payment.kind == PAYMENT).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise Unknown("there is no such payment")
    before = connection.execute(select(payment.id).where(payment.returns_id == payment_id)).scalar_one_or_none()
    if before is not None:
        raise Conflict("the payment came back before", code="payment_returned", existing_id=str(before))
    zone = _document(connection, row.document_id).zone
    _check_day("returned_on", returned_on, zone, now)
    if returned_on < row.paid_on:
        raise Refused.by("returned_on", "before_payment", f"it was paid on {row.paid_on}")
    back = Paid(
        row.document_id, row.supplier_id, row.buyer_id, row.currency, zone, row.amount, returned_on, reference, row.id
    )
    return book(connection, [_from_bank(back, bank_line_id)], actor=actor, now=now)[0]


def record_supplier_document(
    connection: Connection,
    document_id: UUID,
    number: str,
    issued_on: date,
    net: int,
    tax: int,
    *,
    actor: str,
    now: datetime,
) -> None:
    """The supplier's own invoice or credit note for a statement, which makes it payable.

    Its net must be the statement's; its tax is what he charges. Raises `Unknown`, `IllegalMove`, `Conflict`, `Refused`.
    """
    row = _document(connection, document_id, lock=True)
    if row.mode != BillingMode.STATEMENT:
        raise IllegalMove("the document is the invoice itself; none of the supplier's is awaited", code="self_billed")
    if _own(connection, document_id) is not None:
        raise Conflict("the supplier's own document is recorded already", code="already_recorded")
    own = t.supplier_document.c
    taken = select(own.document_id).where(own.supplier_id == row.supplier_id, own.number == number)
    if (other := connection.execute(taken).scalar_one_or_none()) is not None:
        raise Conflict(f"{number} is recorded for another document", code="number_taken", existing_id=str(other))
    if net != row.net:
        stated, asked = Money(row.net, row.currency), Money(net, row.currency)
        raise Refused.by("net", "net_differs", f"{row.number} states {stated} net, the supplier's document {asked}")
    _check_day("issued_on", issued_on, row.zone, now)
    pair = (row.supplier_id, row.buyer_id, row.currency)
    prepaid = drawable(connection, pair, net + tax) if row.kind == "statement" else 0
    recorded = {
        "document_id": document_id,
        "buyer_id": row.buyer_id,
        "supplier_id": row.supplier_id,
        "number": number,
        "issued_on": issued_on,
        "net": net,
        "tax": tax,
        "prepaid": prepaid,
        "recorded_at": now,
        "actor": actor,
    }
    connection.execute(insert(t.supplier_document), {**recorded, "hash": supplier_document_hash(recorded)})
    postings = Postings(connection, Accounts(connection))
    stamp: dict[str, Any] = {"source_id": document_id, "effective_at": now, "recorded_at": now}
    postings.post(ENTRIES["credit_note" if row.kind == "credit_note" else "invoice"], pair, (net, tax), **stamp)
    if prepaid:
        postings.post(EntryKind.DEPOSIT_DRAWN, pair, (prepaid,), **stamp)
    postings.write()


def supplier_document_hash(row: Mapping[str, Any]) -> str:
    """What identifies the supplier's own document as it was recorded: SHA-256 over every column but the hash."""
    values = {name: row[name] for name in ("number", "net", "tax", "prepaid", "actor")}
    values |= {name: str(row[name]) for name in ("document_id", "buyer_id", "supplier_id", "issued_on")}
    return content_hash({**values, "recorded_at": row["recorded_at"].astimezone(UTC).isoformat()})


def receive_deposit(
    connection: Connection, agreement_id: UUID, amount: Money | int, received_on: date, *, actor: str, now: datetime
) -> UUID:
    """Money of the buyer that the supplier got as security: an asset, drawn before anything is due."""
    agreement, definition = t.agreement.c, t.definition.c
    query = (
        select(agreement.supplier_id, agreement.buyer_id, t.organisation.c.time_zone, t.definition_version.c.document)
        .join_from(t.agreement, t.definition, definition.id == agreement.definition_id)
        .join(t.definition_version, t.definition_version.c.definition_id == definition.id)
        .join(t.organisation, t.organisation.c.id == agreement.buyer_id)
        .where(agreement.id == agreement_id)
        .order_by(t.definition_version.c.number)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise Unknown("there is no such agreement")
    currency = row.document["currency"]
    minor, deposit_id = in_currency(amount, currency), new_id()
    _check_day("received_on", received_on, row.time_zone, now)
    connection.execute(
        insert(t.deposit),
        {
            "id": deposit_id,
            "buyer_id": row.buyer_id,
            "supplier_id": row.supplier_id,
            "agreement_id": agreement_id,
            "amount": minor,
            "currency": currency,
            "received_on": received_on,
            "recorded_at": now,
            "actor": actor,
        },
    )
    postings = Postings(connection, Accounts(connection))
    postings.post(
        EntryKind.DEPOSIT,
        (row.supplier_id, row.buyer_id, currency),
        (minor,),
        source_id=deposit_id,
        effective_at=midnight(received_on, row.time_zone),
        recorded_at=now,
    )
    postings.write()
    return deposit_id


def deposit_of(connection: Connection, pair: Pair) -> int:
    """How much of the pair's deposits has not been drawn."""
    found = DEPOSIT_OF_PAIR.first(connection, dict(zip(("supplier_id", "buyer_id", "currency"), pair, strict=True)))
    return 0 if found is None else found.balance


def in_currency(amount: Money | int, currency: str) -> int:
    """Minor units of this currency. Raises `Refused` for another one, or for nothing."""
    minor = amount if isinstance(amount, int) else amount.amount
    if not isinstance(amount, int) and amount.currency != currency:
        raise Refused.by("amount", "currency_differs", f"the amount must be in {currency}")
    if minor <= 0:
        raise Refused.by("amount", "amount_not_positive", "the amount must be more than nothing")
    return minor


def _document(connection: Connection, document_id: UUID, *, lock: bool = False) -> Any:
    document = t.document.c
    columns = [
        document[name] for name in ("id", "supplier_id", "buyer_id", "kind", "mode", "currency", "net", "number")
    ]
    query = select(*columns, document.content["time_zone"].as_string().label("zone")).where(document.id == document_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise Unknown("there is no such document")
    return row


def _own(connection: Connection, document_id: UUID) -> UUID | None:
    own = t.supplier_document.c
    return connection.execute(select(own.document_id).where(own.document_id == document_id)).scalar_one_or_none()


def _check_day(name: str, day: date, zone: str, now: datetime) -> None:
    if day > local_date(now, zone):
        raise Refused.by(name, "in_the_future", f"{day} has not come yet")


def _from_bank(paid: Paid, bank_line_id: UUID | None) -> Paid:
    return paid if bank_line_id is None else replace(paid, bank_line_id=bank_line_id)
