"""Definitions and agreements with their versions, and who accepted what.

A published definition version and every agreement version are immutable (triggers); a draft is the only
editable document. Which version counts at an instant is answered in `services/contracts.py`.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from ledger.store.types import Instant, new_id, one_of


class DefinitionHead(SQLModel, table=True):
    """A buyer's definition; its terms are in the versions."""

    __tablename__ = "definition"
    __table_args__ = (UniqueConstraint("buyer_id", "slug"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    slug: str
    created_at: datetime = Field(sa_type=Instant)


class DefinitionVersion(SQLModel, table=True):
    """A draft while `published_at` is NULL; immutable afterwards. `hash` covers the canonical document."""

    __tablename__ = "definition_version"
    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        CheckConstraint(
            "(published_at IS NULL) = (effective_from IS NULL) AND (published_at IS NULL) = (hash IS NULL)",
            name="published_whole",
        ),
        Index("ix_definition_version_buyer_id", "buyer_id"),
    )

    definition_id: UUID = Field(foreign_key="definition.id", primary_key=True)
    number: int = Field(primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    document: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    hash: str | None = None
    effective_from: datetime | None = Field(default=None, sa_type=Instant)
    published_at: datetime | None = Field(default=None, sa_type=Instant)
    published_by: str | None = None
    created_at: datetime = Field(sa_type=Instant)
    updated_at: datetime = Field(sa_type=Instant)


class AgreementHead(SQLModel, table=True):
    """One buyer, one supplier, one definition. Its row is the lock of every command that moves its money."""

    __tablename__ = "agreement"
    __table_args__ = (
        UniqueConstraint("supplier_id", "buyer_id", "definition_id"),
        Index(None, "buyer_id"),
        Index(None, "definition_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    definition_id: UUID = Field(foreign_key="definition.id")
    ended_from: datetime | None = Field(default=None, sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)


class AgreementVersion(SQLModel, table=True):
    __tablename__ = "agreement_version"
    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        Index("ix_agreement_version_supplier_id_buyer_id", "supplier_id", "buyer_id"),
    )

    agreement_id: UUID = Field(foreign_key="agreement.id", primary_key=True)
    number: int = Field(primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    document: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    effective_from: datetime = Field(sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    created_by: str


class Acceptance(SQLModel, table=True):
    """One side's yes to an agreement version together with a definition version, by the hash of both."""

    __tablename__ = "acceptance"
    __table_args__ = (
        UniqueConstraint("agreement_id", "agreement_version", "definition_version", "party"),
        one_of("party", ("buyer", "supplier")),
        ForeignKeyConstraint(
            ["agreement_id", "agreement_version"], ["agreement_version.agreement_id", "agreement_version.number"]
        ),
        Index("ix_acceptance_supplier_id_buyer_id", "supplier_id", "buyer_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    buyer_id: UUID = Field(foreign_key="organisation.id")
    supplier_id: UUID = Field(foreign_key="organisation.id")
    agreement_id: UUID
    agreement_version: int
    definition_version: int
    party: str
    hash: str
    accepted_at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    actor: str
