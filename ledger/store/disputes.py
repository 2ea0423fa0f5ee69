"""Disputes and what was said in them.

A dispute's row is its present; the moves are events of the appointment. Messages are immutable (triggers).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Index, text
from sqlmodel import Field, SQLModel

from ledger.domain.disputes import DisputeKind
from ledger.store.types import Instant, new_id, one_of

STATES = ("awaiting_reply", "with_arbiter", "closed")
RESOLUTIONS = ("conceded", "upheld", "dismissed", "decided", "withdrawn")


class DisputeRow(SQLModel, table=True):
    """`held` in minor units; `month` (YYYYMM) is that of the appointment's first amount, for the return cap."""

    __tablename__ = "dispute"
    __table_args__ = (
        one_of("kind", DisputeKind),
        one_of("state", STATES),
        one_of("resolution", RESOLUTIONS),
        CheckConstraint("(state = 'closed') = (resolution IS NOT NULL)", name="closed_with_resolution"),
        CheckConstraint("held >= 0", name="held"),
        Index(
            "uq_dispute_open",
            "appointment_id",
            unique=True,
            postgresql_where=text("state <> 'closed'"),
            sqlite_where=text("state <> 'closed'"),
        ),
        Index("ix_dispute_appointment_id_id", "appointment_id", "id"),
        Index("ix_dispute_supplier_id_id", "supplier_id", "id"),
        Index("ix_dispute_buyer_id_id", "buyer_id", "id"),
        Index("ix_dispute_agreement_id_month", "agreement_id", "month"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    appointment_id: UUID = Field(foreign_key="appointment.id")
    agreement_id: UUID = Field(foreign_key="agreement.id")
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    kind: str
    state: str
    opened_by: str
    actor: str
    reason: str | None = None
    claim: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    month: int | None = None
    held: int = Field(default=0, sa_type=BigInteger)
    opened_at: datetime = Field(sa_type=Instant)
    reply_at: datetime | None = Field(default=None, sa_type=Instant)
    position: str | None = None
    decision_at: datetime | None = Field(default=None, sa_type=Instant)
    resolution: str | None = None
    upheld: bool | None = None
    decision: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    decision_reason: str | None = None
    decided_by: str | None = None
    closed_at: datetime | None = Field(default=None, sa_type=Instant)


class DisputeMessage(SQLModel, table=True):
    __tablename__ = "dispute_message"
    __table_args__ = (
        Index("ix_dispute_message_dispute_id_id", "dispute_id", "id"),
        Index("ix_dispute_message_supplier_id_buyer_id", "supplier_id", "buyer_id"),
        Index(None, "sent_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    dispute_id: UUID = Field(foreign_key="dispute.id")
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    party: str
    actor: str
    body: str
    sent_at: datetime = Field(sa_type=Instant)
