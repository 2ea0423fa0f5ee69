"""Incoming evidence: the connections that it comes through, every delivery as it came, and what it is matched by.

A delivery's bytes stay as they are; what became of it (`state`, `appointment_id`) may change until it is attached.
Contacts that it names stand here as keyed digests alone.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from ledger.domain.signatures import Provider
from ledger.store.types import Instant, new_id, one_of

ATTACHED, UNMATCHED, QUARANTINED, IGNORED = "attached", "unmatched", "quarantined", "ignored"
STATES = (ATTACHED, UNMATCHED, QUARANTINED, IGNORED)
LINK_KINDS = ("external_id", "link", "session")
HINT_KINDS = (*LINK_KINDS, "email", "phone", "appointment")


class Connection(SQLModel, table=True):
    """An account that sends evidence. `organisation_id` is None for the operator's. Secrets are sealed.

    `former_secret` lives beside its successor until `former_until`.
    """

    __tablename__ = "connection"
    __table_args__ = (UniqueConstraint("slug"), one_of("provider", Provider), Index(None, "organisation_id"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    slug: str
    provider: str
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    secret: str
    former_secret: str | None = None
    former_until: datetime | None = Field(default=None, sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    created_by: str
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)


class IncomingDelivery(SQLModel, table=True):
    """One webhook whose signature was right. `dedupe_key` lets no repetition in, for ever.

    `starts_at` and `ends_at` are when that takes place which it is about.
    """

    __tablename__ = "incoming_delivery"
    __table_args__ = (
        UniqueConstraint("connection_id", "dedupe_key"),
        one_of("state", STATES),
        CheckConstraint("(state = 'attached') = (appointment_id IS NOT NULL)", name="attached_to_something"),
        Index("ix_incoming_delivery_organisation_id_id", "organisation_id", "id"),
        Index("ix_incoming_delivery_connection_id_id", "connection_id", "id"),
        Index(
            "ix_incoming_delivery_appointment_id",
            "appointment_id",
            postgresql_where=text("appointment_id IS NOT NULL"),
            sqlite_where=text("appointment_id IS NOT NULL"),
        ),
        Index(
            "ix_incoming_delivery_waiting",
            "received_at",
            postgresql_where=text("state = 'unmatched'"),
            sqlite_where=text("state = 'unmatched'"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    connection_id: UUID = Field(foreign_key="connection.id")
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    dedupe_key: str
    event: str
    headers: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    url: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sha256: str
    size: int
    received_at: datetime = Field(sa_type=Instant)
    signed_at: datetime | None = Field(default=None, sa_type=Instant)
    occurred_at: datetime | None = Field(default=None, sa_type=Instant)
    state: str
    appointment_id: UUID | None = Field(default=None, foreign_key="appointment.id")
    erased_at: datetime | None = Field(default=None, sa_type=Instant)
    """Since when its bytes are gone, with the person whom they were about."""


class DeliveryHint(SQLModel, table=True):
    """Something by which an unmatched delivery finds its appointment: an id, a link, a session, a contact's digest."""

    __tablename__ = "delivery_hint"
    __table_args__ = (one_of("kind", HINT_KINDS), Index(None, "value"))

    delivery_id: UUID = Field(foreign_key="incoming_delivery.id", primary_key=True)
    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)


class CalendarLink(SQLModel, table=True):
    """How calendars and meetings name an appointment. One that a delivery taught counts for its connection alone."""

    __tablename__ = "calendar_link"
    __table_args__ = (
        one_of("kind", LINK_KINDS),
        UniqueConstraint("appointment_id", "kind", "value"),
        Index(None, "value"),
        Index("ix_calendar_link_supplier_id_buyer_id", "supplier_id", "buyer_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    appointment_id: UUID = Field(foreign_key="appointment.id")
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    kind: str
    value: str
    shown: str | None = None
    provider: str | None = None
    connection_id: UUID | None = Field(default=None, foreign_key="connection.id")
    added_at: datetime = Field(sa_type=Instant)
    actor: str
