"""How people log in: their browser sessions, recovery codes and identities at a provider, and what was done to them.

A session, a code and an identity are the person's own and end with a row; `account_change` is a record and stays.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from ledger.store.types import Instant, new_id, one_of

PASSWORD, PROVIDER = "password", "provider"


class LoginSession(SQLModel, table=True):
    """A browser that somebody is logged in with. It lives as long as its `token` is the person's.

    `device` and `address` are coarse: a browser's family and system, a network. `proved_at` is when the person last
    showed in it who they are. `way` is how they came in.
    """

    __tablename__ = "login_session"
    __table_args__ = (Index(None, "user_id"), one_of("way", (PASSWORD, PROVIDER)))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="user_account.id")
    token: str
    way: str
    device: str
    address: str
    began_at: datetime = Field(sa_type=Instant)
    seen_at: datetime = Field(sa_type=Instant)
    proved_at: datetime = Field(sa_type=Instant)


class RecoveryCode(SQLModel, table=True):
    """The SHA-256 of a code that stands in for the second factor, once."""

    __tablename__ = "recovery_code"

    user_id: UUID = Field(foreign_key="user_account.id", primary_key=True)
    digest: str = Field(primary_key=True)
    made_at: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)


class LoginIdentity(SQLModel, table=True):
    """Who a person is at an OpenID provider, bound at the first login through it."""

    __tablename__ = "login_identity"
    __table_args__ = (UniqueConstraint("user_id", "issuer"),)

    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="user_account.id")
    bound_at: datetime = Field(sa_type=Instant)


class AccountChange(SQLModel, table=True):
    """What was done to a person's account, and by whom: one row a change, never touched again."""

    __tablename__ = "account_change"
    __table_args__ = (Index(None, "user_id"), Index(None, "organisation_id"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="user_account.id")
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    what: str
    actor: str
    recorded_at: datetime = Field(sa_type=Instant)
