"""How documents look: brands, one row for each time one was set, and the logos that they and documents refer to.

Rows are immutable (triggers), so that a document keeps the look that it was issued with.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, LargeBinary
from sqlmodel import Field, SQLModel

from ledger.store.types import Instant, new_id


class Logo(SQLModel, table=True):
    """A picture that was checked and cleaned, by the SHA-256 (hex) of its bytes. Sizes are its own units."""

    __tablename__ = "logo"

    sha256: str = Field(primary_key=True)
    media_type: str
    width: int
    height: int
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    recorded_at: datetime = Field(sa_type=Instant)


class Branding(SQLModel, table=True):
    """What the documents of a buyer look like, or all of them where there is none; the newest row counts."""

    __tablename__ = "branding"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    buyer_id: UUID | None = Field(default=None, foreign_key="organisation.id", index=True)
    brand: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    recorded_at: datetime = Field(sa_type=Instant)
    actor: str
