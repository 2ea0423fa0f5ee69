"""What happens to an issued document afterwards: responses, credits by hand, the supplier's own invoice, payments.

All of it is append-only (triggers); where a document stands is derived from these rows. Four eyes are a constraint: a
credit above the limit is granted by somebody else than who asked for it, or the row cannot exist.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from ledger.store.types import Instant, new_id, one_of

POSITIONS = ("accept", "query", "withdraw")
PAYMENT_KINDS = ("payment", "returned")


class DocumentResponse(SQLModel, table=True):
    """What the supplier says of a self-billed document; the last one counts, silence is acceptance."""

    __tablename__ = "document_response"
    __table_args__ = (one_of("position", POSITIONS), Index(None, "supplier_id", "buyer_id"))

    document_id: UUID = Field(foreign_key="document.id", primary_key=True)
    number: int = Field(primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    position: str
    message: str | None = None
    recorded_at: datetime = Field(sa_type=Instant)
    actor: str


class CreditRequest(SQLModel, table=True):
    """A credit outside a dispute, as it was asked for. `lines` are numbers of the original's lines with amounts."""

    __tablename__ = "credit_request"
    __table_args__ = (
        UniqueConstraint("id", "requested_by", "over_limit"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("over_limit = (amount > own_limit)", name="over_limit"),
        Index(None, "document_id"),
        Index(None, "supplier_id", "buyer_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    document_id: UUID = Field(foreign_key="document.id")
    lines: list[Any] = Field(sa_column=Column(JSON, nullable=False))
    amount: int = Field(sa_type=BigInteger)
    own_limit: int = Field(sa_type=BigInteger)
    over_limit: bool
    currency: str
    reason: str
    requested_by: str
    requested_at: datetime = Field(sa_type=Instant)


class CreditGrant(SQLModel, table=True):
    """That a credit was granted, by whom, and the note it became. Above the limit it takes a second person."""

    __tablename__ = "credit_grant"
    __table_args__ = (
        ForeignKeyConstraint(
            ["request_id", "requested_by", "over_limit"],
            ["credit_request.id", "credit_request.requested_by", "credit_request.over_limit"],
        ),
        CheckConstraint("NOT over_limit OR granted_by <> requested_by", name="four_eyes"),
        UniqueConstraint("document_id"),
        Index(None, "supplier_id", "buyer_id"),
    )

    request_id: UUID = Field(primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    document_id: UUID = Field(foreign_key="document.id")
    requested_by: str
    over_limit: bool
    granted_by: str
    granted_at: datetime = Field(sa_type=Instant)


class SupplierDocument(SQLModel, table=True):
    """The supplier's own invoice or credit note for a document of the mode `statement`: what makes it payable.

    `hash` covers all that the row says, so that none of it can be told otherwise later.
    """

    __tablename__ = "supplier_document"
    __table_args__ = (
        UniqueConstraint("supplier_id", "number"),
        Index(None, "supplier_id", "buyer_id"),
        CheckConstraint("net > 0 AND tax >= 0 AND prepaid >= 0", name="not_negative"),
    )

    document_id: UUID = Field(foreign_key="document.id", primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    number: str
    issued_on: date
    net: int = Field(sa_type=BigInteger)
    tax: int = Field(sa_type=BigInteger)
    prepaid: int = Field(sa_type=BigInteger)
    recorded_at: datetime = Field(sa_type=Instant)
    actor: str
    hash: str


class DocumentVoid(SQLModel, table=True):
    """Who voided a document, and why; the note and the re-issue are documents of their own."""

    __tablename__ = "document_void"
    __table_args__ = (Index(None, "supplier_id", "buyer_id"),)

    document_id: UUID = Field(foreign_key="document.id", primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    reason: str | None = None
    recorded_at: datetime = Field(sa_type=Instant)
    actor: str


class BankLine(SQLModel, table=True):
    """One line of a bank statement; `amount` is negative where money left the buyer. `digest` tells it from others.

    `payment.bank_line_id` says what it was matched with; `unmatched` why the import did not.
    """

    __tablename__ = "bank_line"
    __table_args__ = (UniqueConstraint("digest"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    digest: str
    booked_on: date
    amount: int = Field(sa_type=BigInteger)
    currency: str
    reference: str
    counterparty: str | None = None
    iban: str | None = None
    unmatched: str | None = None
    recorded_at: datetime = Field(sa_type=Instant)
    actor: str


class BankLineAside(SQLModel, table=True):
    """That a line concerns no document, with the reason; every second turn, without one, takes it back."""

    __tablename__ = "bank_line_aside"
    __table_args__ = (CheckConstraint("number > 0 AND (number % 2 = 1) = (reason IS NOT NULL)", name="in_turn"),)

    bank_line_id: UUID = Field(foreign_key="bank_line.id", primary_key=True)
    number: int = Field(primary_key=True)
    reason: str | None = None
    recorded_at: datetime = Field(sa_type=Instant)
    actor: str


class Payment(SQLModel, table=True):
    """Money that the buyer paid on a document, or that came back of such a payment. `amount` is always positive."""

    __tablename__ = "payment"
    __table_args__ = (
        one_of("kind", PAYMENT_KINDS),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(kind = 'returned') = (returns_id IS NOT NULL)", name="returns"),
        UniqueConstraint("returns_id"),
        UniqueConstraint("bank_line_id", "document_id"),
        Index(None, "document_id"),
        Index(None, "recorded_at"),
        Index(None, "supplier_id", "buyer_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    document_id: UUID = Field(foreign_key="document.id")
    kind: str
    amount: int = Field(sa_type=BigInteger)
    currency: str
    paid_on: date
    reference: str | None = None
    returns_id: UUID | None = Field(default=None, foreign_key="payment.id")
    bank_line_id: UUID | None = Field(default=None, foreign_key="bank_line.id")
    recorded_at: datetime = Field(sa_type=Instant)
    actor: str


class PaymentFile(SQLModel, table=True):
    """A file of transfers for the buyer's bank (pain.001), kept as it was handed out."""

    __tablename__ = "payment_file"
    __table_args__ = (Index(None, "buyer_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    currency: str
    pay_on: date
    amount: int = Field(sa_type=BigInteger)
    content: str
    created_at: datetime = Field(sa_type=Instant)
    actor: str


class PaymentFileItem(SQLModel, table=True):
    """A document in a payment file. A document has each `turn` once: a second file needs to be asked for."""

    __tablename__ = "payment_file_item"
    __table_args__ = (Index(None, "file_id"), Index(None, "supplier_id", "buyer_id"))

    document_id: UUID = Field(foreign_key="document.id", primary_key=True)
    turn: int = Field(primary_key=True)
    file_id: UUID = Field(foreign_key="payment_file.id")
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    amount: int = Field(sa_type=BigInteger)
