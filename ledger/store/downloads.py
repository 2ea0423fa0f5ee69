"""Downloads: who took which document, evidence or file away, and exactly which bytes. Immutable (triggers)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from ledger.store.types import Instant, new_id


class Download(SQLModel, table=True):
    """`path` is what was asked for; `organisation_id` is whose person or key it was (None: the operator's)."""

    __tablename__ = "download"
    __table_args__ = (Index("ix_download_organisation_id_id", "organisation_id", "id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    actor: str
    path: str
    sha256: str
    size: int
    downloaded_at: datetime = Field(sa_type=Instant)
