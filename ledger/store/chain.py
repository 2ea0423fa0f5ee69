"""The hash chain over appointment events and ledger entries, built off the write path.

Each link covers the one before it and one event or entry, so that whoever holds a printed head can tell that
nothing before it was rewritten. Links are immutable (triggers).
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from ledger.store.types import Instant, one_of


class ChainLink(SQLModel, table=True):
    """`item_id` is an appointment with the event's `item_number`, or an entry with number 0."""

    __tablename__ = "chain_link"
    __table_args__ = (UniqueConstraint("item_id", "item_number"), one_of("kind", ("event", "entry")))

    sequence: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str
    item_id: UUID
    item_number: int
    recorded_at: datetime = Field(sa_type=Instant)
    hash: str
