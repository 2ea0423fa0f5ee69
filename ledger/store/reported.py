"""What the parties report of their own: suppliers their dials and conversations, buyers their sales. Append-only.

A correction is another row of the same subject; the one with the highest revision counts.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from ledger.store.types import Instant, new_id


class Activity(SQLModel, table=True):
    """A day of one supplier under one definition (or none), source and channel; `subject` spells these out."""

    __tablename__ = "activity"
    __table_args__ = (
        UniqueConstraint("supplier_id", "subject", "revision"),
        CheckConstraint("dials >= conversations AND conversations >= 0", name="conversations_within_dials"),
        CheckConstraint("(buyer_id IS NULL) = (definition_id IS NULL)", name="buyer_of_definition"),
        Index("ix_activity_supplier_id_day", "supplier_id", "day"),
        Index("ix_activity_buyer_id_day", "buyer_id", "day"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    supplier_id: UUID = Field(foreign_key="organisation.id")
    buyer_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    definition_id: UUID | None = Field(default=None, foreign_key="definition.id")
    day: date
    source: str | None = None
    channel: str | None = None
    subject: str
    revision: int
    dials: int
    conversations: int
    reported_at: datetime = Field(sa_type=Instant)
    actor: str


class Sale(SQLModel, table=True):
    """What came of an appointment for the buyer. `won` is false where a sale fell through after all.

    `revenue` is in minor units of `currency`; None where the buyer does not say.
    """

    __tablename__ = "sale"
    __table_args__ = (
        UniqueConstraint("appointment_id", "revision"),
        CheckConstraint("revenue >= 0", name="revenue"),
        CheckConstraint("(revenue IS NULL) = (currency IS NULL)", name="revenue_with_currency"),
        Index("ix_sale_buyer_id_id", "buyer_id", "id"),
        Index("ix_sale_supplier_id", "supplier_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    appointment_id: UUID = Field(foreign_key="appointment.id")
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    revision: int
    won: bool
    closed_on: date
    revenue: int | None = Field(default=None, sa_type=BigInteger)
    currency: str | None = None
    recorded_at: datetime = Field(sa_type=Instant)
    actor: str
