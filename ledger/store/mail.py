"""E-mail: what each person wants, who is to be told of what, and how far the record was looked through.

A row of `mail_cause` says to whom and why, never in which words: these are made when it is sent, of what its reader
may see then. It is a log of transport, not of the business, and is cleared away after a while.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from ledger.domain.mailing import MailKind
from ledger.store.types import Instant, new_id, one_of

PENDING, SENT, FAILED, DROPPED = "pending", "sent", "failed", "dropped"
MAIL_STATES = (PENDING, SENT, FAILED, DROPPED)


class MailCause(SQLModel, table=True):
    """One cause for one person. `due_at` is the next attempt; whoever takes it moves that forward, as a lease, and puts
    its mark on it. It expires some time after the first attempt. `answer` is the server's last, if it was no yes.

    A digest's source is the person and the number of the day, a reminder's the agreement and the number of its mark.
    """

    __tablename__ = "mail_cause"
    __table_args__ = (
        UniqueConstraint("user_id", "kind", "source", "source_id", "source_number"),
        one_of("kind", MailKind),
        one_of("state", MAIL_STATES),
        Index("ix_mail_cause_organisation_id", "organisation_id"),
        Index("ix_mail_cause_created_at", "created_at"),
        Index(
            "ix_mail_cause_pending",
            "due_at",
            postgresql_where=text("state = 'pending'"),
            sqlite_where=text("state = 'pending'"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="user_account.id")
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    kind: str
    source: str
    source_id: UUID
    source_number: int
    happened_at: datetime = Field(sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    state: str
    attempts: int = 0
    due_at: datetime = Field(sa_type=Instant)
    taken_by: UUID | None = None
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    answer: str | None = None
    finished_at: datetime | None = Field(default=None, sa_type=Instant)


class MailWish(SQLModel, table=True):
    """Whether a person wants a kind, where he has said so; what happened before `changed_at` is not told afterwards."""

    __tablename__ = "mail_wish"
    __table_args__ = (one_of("kind", MailKind),)

    user_id: UUID = Field(foreign_key="user_account.id", primary_key=True)
    kind: str = Field(primary_key=True)
    wanted: bool
    changed_at: datetime = Field(sa_type=Instant)


class MailLook(SQLModel, table=True):
    """The one mark: people are told of what is recorded from `tells_from` on, and were until `looked_until`."""

    __tablename__ = "mail_look"

    name: str = Field(primary_key=True)
    tells_from: datetime = Field(sa_type=Instant)
    looked_until: datetime = Field(sa_type=Instant)
