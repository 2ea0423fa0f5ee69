"""Evidence: what was received about an appointment, as it was received. Immutable (triggers)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from ledger.store.types import Instant, new_id, one_of


class Evidence(SQLModel, table=True):
    """Raw bytes with their SHA-256, who sent them, and the grade that their origin earns.

    A: independent of both parties; B: a party's, against its own interest; C: a party's, in its own interest.
    What came by webhook names its delivery. `said` is what it proves, in a shape of `ledger.domain.statements`; None:
    it cannot be read.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        one_of("grade", ("A", "B", "C")),
        one_of("party", ("buyer", "supplier", "operator")),
        CheckConstraint("size >= 0", name="size"),
        Index("ix_evidence_appointment_id_id", "appointment_id", "id"),
        Index("ix_evidence_supplier_id_buyer_id", "supplier_id", "buyer_id"),
        Index("ix_evidence_delivery_id", "delivery_id"),
        Index(None, "received_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    appointment_id: UUID = Field(foreign_key="appointment.id")
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    kind: str
    party: str
    actor: str
    grade: str
    verified: bool
    occurred_at: datetime = Field(sa_type=Instant)
    received_at: datetime = Field(sa_type=Instant)
    media_type: str
    file_name: str | None = None
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sha256: str
    size: int
    delivery_id: UUID | None = Field(default=None, foreign_key="incoming_delivery.id")
    said: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
