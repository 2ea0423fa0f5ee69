"""Where keys of the test mode work: a pair of organisations of their own with a clock of their own.

The tables are in every database, the rows in the sandbox's alone: nothing there can meet anything real.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from ledger.store.types import Instant, new_id


class Sandbox(SQLModel, table=True):
    """Who plays, against whom, and how far its clock is ahead of ours, in seconds."""

    __tablename__ = "sandbox"
    __table_args__ = (
        UniqueConstraint("organisation_id"),
        UniqueConstraint("counterpart_id"),
        CheckConstraint("advanced >= 0", name="never_back"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation_id: UUID = Field(foreign_key="organisation.id")
    counterpart_id: UUID = Field(foreign_key="organisation.id")
    agreement_id: UUID = Field(foreign_key="agreement.id")
    definition: str
    advanced: int = Field(default=0, sa_type=BigInteger)
    created_at: datetime = Field(sa_type=Instant)
