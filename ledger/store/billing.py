"""Billing runs, issued documents and their lines, number series, and the rendered files.

Documents and lines are immutable (triggers); a document is inserted after its lines, and a trigger refuses it
unless they add up to it. What happens to a document later (rendering, payments, credit notes) stands in rows
of its own.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from ledger.domain.terms import BillingMode, TaxCategory
from ledger.store.types import Instant, new_id, one_of

DOCUMENT_KINDS = ("invoice", "credit_note", "statement")


class BillingRun(SQLModel, table=True):
    """A request to bill a period (YYYYMM). `result` is filled when it is done: documents, parked, totals."""

    __tablename__ = "billing_run"
    __table_args__ = (one_of("state", ("queued", "running", "done", "failed")), Index(None, "supplier_id"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    period: int
    supplier_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    dry_run: bool = False
    state: str
    progress_done: int = 0
    progress_total: int = 0
    result: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    error: str | None = None
    actor: str
    created_at: datetime = Field(sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)


class NumberSeries(SQLModel, table=True):
    """A gapless series. `last` is raised in the transaction that issues; `prefix` is the supplier's alone."""

    __tablename__ = "number_series"
    __table_args__ = (UniqueConstraint("supplier_id", "prefix"), one_of("kind", DOCUMENT_KINDS))

    buyer_id: UUID = Field(foreign_key="organisation.id", primary_key=True)
    supplier_id: UUID = Field(foreign_key="organisation.id", primary_key=True)
    kind: str = Field(primary_key=True)
    prefix: str
    last: int


class DocumentRow(SQLModel, table=True):
    """An issued document. `content` is the frozen document (parties, terms, totals); `hash` covers it and its lines.

    `accept_by` is when silence accepts a self-billed document, `replaces_id` the voided one that it stands for.
    `billing_group` with `period` lets a run issue a group once; both are NULL outside runs.
    """

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("supplier_id", "number"),
        UniqueConstraint("supplier_id", "buyer_id", "kind", "sequence"),
        UniqueConstraint("billing_group", "run_period"),
        UniqueConstraint("replaces_id"),
        one_of("kind", DOCUMENT_KINDS),
        one_of("mode", BillingMode),
        CheckConstraint("gross = net + tax AND due = gross - prepaid", name="totals"),
        CheckConstraint("net >= 0 AND tax >= 0 AND prepaid >= 0 AND due >= 0", name="not_negative"),
        CheckConstraint("(kind = 'credit_note') = (corrects_id IS NOT NULL)", name="corrects"),
        CheckConstraint("replaces_id IS NULL OR corrects_id IS NULL", name="replaces"),
        Index(None, "number"),
        Index("ix_document_buyer_id_id", "buyer_id", "id"),
        Index("ix_document_supplier_id_id", "supplier_id", "id"),
        Index("ix_document_period_id", "period", "id"),
        Index("ix_document_corrects_id", "corrects_id"),
        Index(None, "issued_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    kind: str
    mode: str
    number: str
    sequence: int
    period: int
    run_period: int | None = None
    billing_group: str | None = None
    run_id: UUID | None = Field(default=None, foreign_key="billing_run.id")
    currency: str
    net: int = Field(sa_type=BigInteger)
    tax: int = Field(sa_type=BigInteger)
    gross: int = Field(sa_type=BigInteger)
    prepaid: int = Field(sa_type=BigInteger)
    due: int = Field(sa_type=BigInteger)
    line_count: int
    corrects_id: UUID | None = Field(default=None, foreign_key="document.id")
    replaces_id: UUID | None = Field(default=None, foreign_key="document.id")
    issued_at: datetime = Field(sa_type=Instant)
    due_on: date
    accept_by: datetime | None = Field(default=None, sa_type=Instant)
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    hash: str


class DocumentLine(SQLModel, table=True):
    """One accrual on a document. Amounts are positive on credit notes too; the tax is the line's own (BT-151, BT-152).

    The supplier comes first in the unique key: his lines are written together, and so they lie together, where the
    accruals' identifiers alone would scatter them over the whole index. `lookups.line_of_accrual` joins by both.
    """

    __tablename__ = "document_line"
    __table_args__ = (
        UniqueConstraint("supplier_id", "accrual_id"),
        CheckConstraint("amount > 0", name="amount"),
        one_of("tax_category", TaxCategory),
        Index(
            "ix_document_line_corrects",
            "corrects_document_id",
            "corrects_number",
            postgresql_where=text("corrects_document_id IS NOT NULL"),
            sqlite_where=text("corrects_document_id IS NOT NULL"),
        ),
    )

    document_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    buyer_id: UUID
    supplier_id: UUID
    accrual_id: UUID
    appointment_id: UUID | None = None
    kind: str
    reference: str | None = None
    service_at: datetime | None = Field(default=None, sa_type=Instant)
    effective_at: datetime = Field(sa_type=Instant)
    outcome: str | None = None
    confirmed: str
    definition: str
    definition_version: int
    base: int = Field(sa_type=BigInteger)
    bonus: int = Field(sa_type=BigInteger)
    share: int
    amount: int = Field(sa_type=BigInteger)
    tax_category: str
    tax_rate: int
    corrects_document_id: UUID | None = None
    corrects_number: int | None = None


class Rendering(SQLModel, table=True):
    """The job of rendering a document, and what came of it. A lease lets a crashed worker's job be taken again."""

    __tablename__ = "rendering"
    __table_args__ = (
        one_of("state", ("pending", "done", "failed")),
        Index("ix_rendering_state", "state", "document_id"),
        Index("ix_rendering_supplier_id_buyer_id", "supplier_id", "buyer_id"),
    )

    document_id: UUID = Field(foreign_key="document.id", primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    state: str
    attempts: int = 0
    error: str | None = None
    leased_until: datetime | None = Field(default=None, sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)


class DocumentFile(SQLModel, table=True):
    """Bytes kept in the document store: where, how many, their SHA-256, and the layout that made them.

    They stand as they were made. `layout` is NULL for files from before it was noted.
    """

    __tablename__ = "document_file"
    __table_args__ = (
        Index("ix_document_file_supplier_id_buyer_id", "supplier_id", "buyer_id"),
        Index(None, "stored_at"),
    )

    document_id: UUID = Field(foreign_key="document.id", primary_key=True)
    kind: str = Field(primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    location: str
    size: int
    sha256: str
    stored_at: datetime = Field(sa_type=Instant)
    layout: str | None = None


class Deposit(SQLModel, table=True):
    """Money of the buyer that the supplier holds as security; drawn before anything is due."""

    __tablename__ = "deposit"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"), Index(None, "supplier_id", "buyer_id"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    agreement_id: UUID = Field(foreign_key="agreement.id")
    amount: int = Field(sa_type=BigInteger)
    currency: str
    received_on: date
    recorded_at: datetime = Field(sa_type=Instant)
    actor: str
