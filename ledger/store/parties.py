"""Organisations, the people and keys that act for them, and what they changed.

An organisation's row is its present; `organisation_change` keeps every former state. Keys and passwords are
hashes only.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from ledger.store.types import Instant, new_id, one_of

ROLES = ("admin", "finance", "arbiter", "buyer", "supplier")


class Organisation(SQLModel, table=True):
    __tablename__ = "organisation"
    __table_args__ = (
        UniqueConstraint("slug"),
        one_of("kind", ("buyer", "supplier")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    slug: str
    kind: str
    legal_name: str
    address: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    vat_id: str | None = None
    vat_registered: bool = False
    vat_checked_at: datetime | None = Field(default=None, sa_type=Instant)
    vat_check: str | None = None
    tax_number: str | None = None
    registration_number: str | None = None
    iban: str | None = None
    bic: str | None = None
    time_zone: str
    email: str | None = None
    version: int = 1
    created_at: datetime = Field(sa_type=Instant)


class OrganisationChange(SQLModel, table=True):
    """What an organisation was before a change: one row a change, never touched again."""

    __tablename__ = "organisation_change"
    __table_args__ = (UniqueConstraint("organisation_id", "version"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation_id: UUID = Field(foreign_key="organisation.id")
    version: int
    before: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    actor: str
    recorded_at: datetime = Field(sa_type=Instant)


class User(SQLModel, table=True):
    """A person who logs in. `organisation_id` is None for the operator's staff; `totp_step` is the last one used.

    Without a `language` the browser's is spoken, without a `time_zone` the organisation's counts.
    """

    __tablename__ = "user_account"
    __table_args__ = (UniqueConstraint("email"), Index(None, "organisation_id"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    email: str
    name: str
    password_hash: str
    totp_secret: str | None = None
    totp_step: int | None = None
    roles: list[str] = Field(sa_column=Column(JSON, nullable=False))
    language: str | None = None
    time_zone: str | None = None
    session_token: str
    failed_logins: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=Instant)
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)


class ApiKey(SQLModel, table=True):
    """A key's SHA-256; the secret itself was shown once. `last_used_at` is kept to the hour."""

    __tablename__ = "api_key"
    __table_args__ = (
        UniqueConstraint("digest"),
        Index(None, "organisation_id"),
        one_of("role", ROLES),
        CheckConstraint(
            "(role IN ('buyer', 'supplier')) = (organisation_id IS NOT NULL)", name="organisation_for_parties"
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    role: str
    name: str | None = None
    prefix: str
    digest: str
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
    replaced_by: UUID | None = Field(default=None, foreign_key="api_key.id")
    last_used_at: datetime | None = Field(default=None, sa_type=Instant)
