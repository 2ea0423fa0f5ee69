"""Appointments: their present state, the person behind them, their events, and what was refused at the door.

The appointment row repeats what its events lead to (`verify` replays them). Personal data stands in `prospect`
alone, so that erasing it leaves the rest whole. Events are immutable (triggers).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from ledger.domain.lifecycle import EventKind, Finding, Schedule, Verdict
from ledger.domain.terms import ContactKind, Outcome
from ledger.store.types import Instant, new_id, one_of

OPEN = f"verdict = '{Verdict.PENDING.value}' AND schedule = '{Schedule.BOOKED.value}'"


class AppointmentRow(SQLModel, table=True):
    """One chain of slots. Amounts are minor units of `currency`."""

    __tablename__ = "appointment"
    __table_args__ = (
        UniqueConstraint("supplier_id", "reference"),
        one_of("schedule", Schedule),
        one_of("attendance", Finding),
        one_of("verdict", Verdict),
        one_of("outcome", Outcome),
        CheckConstraint("ends_at > starts_at", name="slot"),
        CheckConstraint("share BETWEEN 0 AND 10000", name="share"),
        CheckConstraint(
            "amount = 0 OR (amount > 0 AND price IS NOT NULL AND amount <= price)", name="amount_within_price"
        ),
        CheckConstraint("held >= 0 AND held <= amount", name="held_within_amount"),
        CheckConstraint("credited >= 0", name="credited"),
        ForeignKeyConstraint(
            ["definition_id", "definition_version"], ["definition_version.definition_id", "definition_version.number"]
        ),
        ForeignKeyConstraint(
            ["agreement_id", "agreement_version"], ["agreement_version.agreement_id", "agreement_version.number"]
        ),
        # The two point at each other, so that neither can be the first.
        ForeignKeyConstraint(["replaces_id"], ["appointment.id"], deferrable=True, initially="DEFERRED"),
        ForeignKeyConstraint(["replaced_by_id"], ["appointment.id"], deferrable=True, initially="DEFERRED"),
        Index("ix_appointment_buyer_id_id", "buyer_id", "id"),
        Index("ix_appointment_supplier_id_id", "supplier_id", "id"),
        Index("ix_appointment_agreement_starts_at", "agreement_id", "starts_at"),
        Index(
            "ix_appointment_due",
            "agreement_id",
            "next_due_at",
            postgresql_where=text("next_due_at IS NOT NULL"),
            sqlite_where=text("next_due_at IS NOT NULL"),
        ),
        # What waits for a buyer: by start those to come, by deadline those that await findings.
        *(
            Index(
                f"ix_appointment_open_{name}",
                *("buyer_id", column, "id", other),  # the last so that counting reads nothing else
                postgresql_where=text(OPEN),
                sqlite_where=text(OPEN),
            )
            for name, column, other in (("start", "starts_at", "next_due_at"), ("due", "next_due_at", "starts_at"))
        ),
        Index(
            "ix_appointment_promised",
            "agreement_id",
            postgresql_where=text("replacement_at IS NOT NULL"),
            sqlite_where=text("replacement_at IS NOT NULL"),
        ),
        Index(
            "uq_appointment_replaces_id",
            "replaces_id",
            unique=True,
            postgresql_where=text("replaces_id IS NOT NULL"),
            sqlite_where=text("replaces_id IS NOT NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    definition_id: UUID
    definition_version: int
    agreement_id: UUID
    agreement_version: int
    reference: str
    channel: str | None = None
    source: str | None = None
    submitted_at: datetime = Field(sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    slots: list[list[str]] = Field(sa_column=Column(JSON, nullable=False))
    starts_at: datetime = Field(sa_type=Instant)
    ends_at: datetime = Field(sa_type=Instant)
    schedule: str
    claims: dict[str, bool | None] = Field(sa_column=Column(JSON, nullable=False))
    criteria: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    qualified: bool
    attendance: str
    minutes: int | None = None
    verdict: str
    verdict_by: str | None = None
    verdict_at: datetime | None = Field(default=None, sa_type=Instant)
    outcome: str | None = None
    share: int | None = None
    currency: str
    position: int | None = None
    price: int | None = Field(default=None, sa_type=BigInteger)
    amount: int = Field(sa_type=BigInteger)
    held: int = Field(sa_type=BigInteger)
    credited: int = Field(default=0, sa_type=BigInteger)
    reschedules: int
    rebookings: int
    counted_start: datetime = Field(sa_type=Instant)
    findings_at: datetime | None = Field(default=None, sa_type=Instant)
    rebooking_at: datetime | None = Field(default=None, sa_type=Instant)
    contest_at: datetime | None = Field(default=None, sa_type=Instant)
    clawback_at: datetime | None = Field(default=None, sa_type=Instant)
    reply_at: datetime | None = Field(default=None, sa_type=Instant)
    decision_at: datetime | None = Field(default=None, sa_type=Instant)
    replacement_at: datetime | None = Field(default=None, sa_type=Instant)
    replaces_id: UUID | None = None
    replaced_by_id: UUID | None = None
    next_due_at: datetime | None = Field(default=None, sa_type=Instant)
    dispute: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    decided: list[str] = Field(sa_column=Column(JSON, nullable=False))
    version: int


class ProspectRow(SQLModel, table=True):
    """Who is to be met and what the supplier claims of him.

    `salt` makes the commitment in the first event unguessable, and is the key of all that is sealed about this person:
    it goes with him when he is erased, and what duplicates are known by stays as a keyed digest.
    """

    __tablename__ = "prospect"
    __table_args__ = (Index("ix_prospect_supplier_id_buyer_id", "supplier_id", "buyer_id"),)

    appointment_id: UUID = Field(foreign_key="appointment.id", primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    company_name: str | None = None
    company_domain: str | None = None
    company_number: str | None = None
    region: str | None = None
    facts: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    consent: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    lead_created_at: datetime | None = Field(default=None, sa_type=Instant)
    salt: str
    erased_at: datetime | None = Field(default=None, sa_type=Instant)


class Erasure(SQLModel, table=True):
    """That somebody was erased, when and by whom; never who. `organisation_id` is None for the operator."""

    __tablename__ = "erasure"
    __table_args__ = (Index("ix_erasure_organisation_id", "organisation_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    actor: str
    appointments: list[str] = Field(sa_column=Column(JSON, nullable=False))
    deliveries: int
    answers: int
    erased_at: datetime = Field(sa_type=Instant)


class LinkedReference(SQLModel, table=True):
    """The reference under which a supplier submitted a prospect anew whose no-show it rebooked, with that slot."""

    __tablename__ = "linked_reference"
    __table_args__ = (Index("ix_linked_reference_buyer_id_appointment_id", "buyer_id", "appointment_id"),)

    supplier_id: UUID = Field(foreign_key="organisation.id", primary_key=True)
    reference: str = Field(primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    appointment_id: UUID = Field(foreign_key="appointment.id")
    submitted_at: datetime = Field(sa_type=Instant)
    starts_at: datetime = Field(sa_type=Instant)
    ends_at: datetime = Field(sa_type=Instant)


class ContactKey(SQLModel, table=True):
    """A keyed digest by which a later submission is recognised as the same prospect.

    `scope` is what the definition counts as the same place (definition, buyer or supplier within the buyer);
    while `blocks` is true, the unique index lets nobody else take it.
    """

    __tablename__ = "contact_key"
    __table_args__ = (
        one_of("kind", ContactKind),
        Index("ix_contact_key_buyer_id_digest", "buyer_id", "digest"),
        Index(
            "uq_contact_key_scope_digest",
            "scope",
            "digest",
            unique=True,
            postgresql_where=text("blocks"),
            sqlite_where=text("blocks"),
        ),
    )

    appointment_id: UUID = Field(foreign_key="appointment.id", primary_key=True)
    kind: str = Field(primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    definition_id: UUID = Field(foreign_key="definition.id")
    digest: str
    scope: str
    blocks: bool
    submitted_at: datetime = Field(sa_type=Instant)


class AppointmentEvent(SQLModel, table=True):
    """One move. `number` counts from 1 and equals the appointment's version after it."""

    __tablename__ = "appointment_event"
    __table_args__ = (
        one_of("kind", EventKind),
        Index("ix_appointment_event_supplier_id_buyer_id", "supplier_id", "buyer_id"),
        Index(None, "recorded_at"),
    )

    appointment_id: UUID = Field(foreign_key="appointment.id", primary_key=True)
    number: int = Field(primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    kind: str
    effective_at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    actor: str
    payload: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class IntakeRefusal(SQLModel, table=True):
    """A submission that broke a clause. Holds the clauses, never the person."""

    __tablename__ = "intake_refusal"
    __table_args__ = (
        UniqueConstraint("supplier_id", "source_key"),
        Index("ix_intake_refusal_supplier_id_id", "supplier_id", "id"),
        Index("ix_intake_refusal_buyer_id_id", "buyer_id", "id"),
        Index(None, "recorded_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    supplier_id: UUID = Field(foreign_key="organisation.id")
    buyer_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    definition_id: UUID | None = Field(default=None, foreign_key="definition.id")
    definition_version: int | None = None
    reference: str
    channel: str | None = None
    source: str | None = None
    violations: list[dict[str, str]] = Field(sa_column=Column(JSON, nullable=False))
    submitted_at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    source_key: str | None = None
    """What makes a refusal of an imported row the same when the file is taken in again; None for the API."""


class Suppression(SQLModel, table=True):
    """A contact that a buyer's suppliers must leave alone, as a keyed digest."""

    __tablename__ = "suppression"
    __table_args__ = (
        one_of("kind", ContactKind),
        Index("ix_suppression_buyer_id_created_at_digest", "buyer_id", "created_at", "digest"),
    )

    buyer_id: UUID = Field(foreign_key="organisation.id", primary_key=True)
    digest: str = Field(primary_key=True)
    kind: str
    created_at: datetime = Field(sa_type=Instant)
    actor: str


class IdempotencyKey(SQLModel, table=True):
    """The answer that a command gave, kept under the caller's key: the same again, or a refusal for another body."""

    __tablename__ = "idempotency_key"

    principal: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_hash: str
    status: int
    headers: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    body: str
    created_at: datetime = Field(sa_type=Instant)
