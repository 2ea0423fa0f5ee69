"""The double-entry ledger: accounts with running balances, entries, transfers; and the accruals they stem from.

Entries and transfers are immutable (triggers). A transfer has one debit, one credit and a positive amount, so
that no entry can be unbalanced. Accruals are the subsidiary record that billing takes lines from.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from ledger.domain.journal import AccountKind, AccrualKind, AccrualState, EntryKind
from ledger.domain.terms import Outcome
from ledger.store.types import Instant, new_id, one_of


class Account(SQLModel, table=True):
    """One account of an agreement pair in one currency. `balance` is debits − credits in minor units."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("supplier_id", "buyer_id", "currency", "kind"),
        Index(None, "buyer_id"),
        one_of("kind", AccountKind),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    currency: str
    kind: str
    balance: int = Field(default=0, sa_type=BigInteger)


class Entry(SQLModel, table=True):
    """What happened in the books, once per source. `source_id` is the accrual, document, dispute or payment."""

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("source_id", "kind"),
        one_of("kind", EntryKind),
        Index("ix_entry_supplier_id_buyer_id_id", "supplier_id", "buyer_id", "id"),
        Index(None, "recorded_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    kind: str
    source_id: UUID
    appointment_id: UUID | None = Field(default=None, foreign_key="appointment.id")
    currency: str
    effective_at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)


class Transfer(SQLModel, table=True):
    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("debit_id <> credit_id", name="two_accounts"),
        Index("ix_transfer_debit_id", "debit_id"),
        Index("ix_transfer_credit_id", "credit_id"),
    )

    entry_id: UUID = Field(foreign_key="entry.id", primary_key=True)
    number: int = Field(primary_key=True)
    debit_id: UUID = Field(foreign_key="account.id")
    credit_id: UUID = Field(foreign_key="account.id")
    amount: int = Field(sa_type=BigInteger)


class Accrual(SQLModel, table=True):
    """An amount that became owed at an instant: what a document's line is made from.

    `amount` is positive for charges and negative for credits of invoiced amounts. `month` (YYYYMM, in the
    definition's zone) and `position` fix the tier. Everything a line shows is copied here when it arises.
    """

    __tablename__ = "accrual"
    __table_args__ = (
        CheckConstraint("(kind = 'credit') = (amount < 0) AND amount <> 0", name="sign"),
        CheckConstraint("(kind = 'credit') = (corrects_accrual_id IS NOT NULL)", name="corrects"),
        one_of("kind", AccrualKind),
        one_of("state", AccrualState),
        one_of("outcome", Outcome),
        Index("ix_accrual_agreement_effective_at", "agreement_id", "effective_at"),
        Index("ix_accrual_supplier_id_buyer_id", "supplier_id", "buyer_id"),
        Index("ix_accrual_appointment_id", "appointment_id"),
        Index(
            "ix_accrual_corrects_accrual_id",
            "corrects_accrual_id",
            postgresql_where=text("corrects_accrual_id IS NOT NULL"),
            sqlite_where=text("corrects_accrual_id IS NOT NULL"),
        ),
        Index(
            "ix_accrual_credit",
            "agreement_id",
            "effective_at",
            postgresql_where=text("kind = 'credit'"),
            sqlite_where=text("kind = 'credit'"),
        ),
        Index(
            "uq_accrual_shortfall",
            "agreement_id",
            "month",
            unique=True,
            postgresql_where=text("kind = 'shortfall'"),
            sqlite_where=text("kind = 'shortfall'"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    agreement_id: UUID = Field(foreign_key="agreement.id")
    appointment_id: UUID | None = Field(default=None, foreign_key="appointment.id")
    kind: str
    state: str
    effective_at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    month: int
    position: int | None = None
    reference: str | None = None
    service_at: datetime | None = Field(default=None, sa_type=Instant)
    outcome: str | None = None
    confirmed: str
    definition: str
    definition_version: int
    base: int = Field(sa_type=BigInteger)
    bonus: int = Field(sa_type=BigInteger)
    share: int
    amount: int = Field(sa_type=BigInteger)
    currency: str
    corrects_accrual_id: UUID | None = Field(default=None, foreign_key="accrual.id")


class MonthPosition(SQLModel, table=True):
    """How many positions of an agreement's billing month are taken."""

    __tablename__ = "month_position"

    agreement_id: UUID = Field(foreign_key="agreement.id", primary_key=True)
    month: int = Field(primary_key=True)
    taken: int
