"""Outgoing webhooks: where organisations want to be told, what they are told, and how each attempt went.

A delivery is one event for one endpoint; what the event is about stands in `source`. Deliveries are a log of
transport, not of the business: they are cleared away after a while.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from ledger.store.types import Instant, new_id, one_of

SCHEDULED, PENDING, DELIVERED, FAILED = "scheduled", "pending", "delivered", "failed"
DELIVERY_STATES = (SCHEDULED, PENDING, DELIVERED, FAILED)
GONE, FAILING, ASKED = "gone", "failing", "asked"


class WebhookEndpoint(SQLModel, table=True):
    """`types` are the events wanted (NULL: all). Secrets are sealed; the former one signs too until `former_until`.

    It is told of what is recorded from `tells_from` on; until `announced_until` that has become deliveries.
    `failing_since` and `failures` count from the last success; until `paused_until` nothing is sent.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        one_of("disabled_because", (GONE, FAILING, ASKED)),
        CheckConstraint("(disabled_at IS NULL) = (disabled_because IS NULL)", name="disabled_with_reason"),
        Index("ix_webhook_endpoint_organisation_id_id", "organisation_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation_id: UUID = Field(foreign_key="organisation.id")
    url: str
    description: str | None = None
    types: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    secret: str
    former_secret: str | None = None
    former_until: datetime | None = Field(default=None, sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    created_by: str
    tells_from: datetime = Field(sa_type=Instant)
    announced_until: datetime = Field(sa_type=Instant)
    failures: int = 0
    failing_since: datetime | None = Field(default=None, sa_type=Instant)
    paused_until: datetime | None = Field(default=None, sa_type=Instant)
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)
    disabled_because: str | None = None
    deleted_at: datetime | None = Field(default=None, sa_type=Instant)
    version: int = 1


class OutgoingDelivery(SQLModel, table=True):
    """One event for one endpoint. `due_at` is the next attempt; whoever takes it moves that forward, as a lease.

    `event_id` is the same at every attempt and endpoint. A `scheduled` one has no body before its time has come.
    """

    __tablename__ = "outgoing_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "source", "source_id", "source_number"),
        one_of("state", DELIVERY_STATES),
        CheckConstraint("(state = 'scheduled') = (body IS NULL)", name="body"),
        Index("ix_outgoing_delivery_organisation_id_id", "organisation_id", "id"),
        Index("ix_outgoing_delivery_created_at", "created_at"),
        Index(
            "ix_outgoing_delivery_pending",
            "endpoint_id",
            "due_at",
            postgresql_where=text("state = 'pending'"),
            sqlite_where=text("state = 'pending'"),
        ),
        Index(
            "ix_outgoing_delivery_scheduled",
            "due_at",
            postgresql_where=text("state = 'scheduled'"),
            sqlite_where=text("state = 'scheduled'"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    endpoint_id: UUID = Field(foreign_key="webhook_endpoint.id")
    organisation_id: UUID = Field(foreign_key="organisation.id")
    event_id: UUID
    type: str
    source: str
    source_id: UUID
    source_number: int
    body: str | None = None
    happened_at: datetime = Field(sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    state: str
    attempts: int = 0
    status: int | None = None
    due_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)


class DeliveryAttempt(SQLModel, table=True):
    """One try: the receiver's status and the beginning of its answer, or why there was none."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (Index("ix_delivery_attempt_organisation_id", "organisation_id"),)

    delivery_id: UUID = Field(foreign_key="outgoing_delivery.id", primary_key=True)
    number: int = Field(primary_key=True)
    organisation_id: UUID = Field(foreign_key="organisation.id")
    began_at: datetime = Field(sa_type=Instant)
    milliseconds: int
    status: int | None = None
    error: str | None = None
    response: str | None = None
