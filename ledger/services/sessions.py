"""Browser sessions: begun, found again, seen, listed and ended one by one.

A session counts while its token is its person's: whatever renews that (a new password, a disabled account) ends all of
them. Knows no cookies. Refuses nothing; what is over is simply not found.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from ledger.store import tables as t
from ledger.store.types import new_id

LONGEST: Final = timedelta(hours=12)
SEEN_EVERY: Final = timedelta(minutes=5)

session, user = t.login_session.c, t.user_account.c

_ALIVE = (session.user_id == user.id) & (session.token == user.session_token) & user.disabled_at.is_(None)
_WITH_PERSON = select(
    t.user_account, *(session[name].label(f"session_{name}") for name in ("id", "way", "seen_at", "proved_at"))
).join_from(t.login_session, t.user_account, _ALIVE)


def begin(
    connection: Connection,
    person: RowMapping,
    now: datetime,
    *,
    way: str,
    device: str,
    address: str,
    proved_at: datetime,
) -> UUID:
    """A new session of a person who has proved who they are. What is over of theirs is cleared away."""
    old = (session.token != person["session_token"]) | (session.began_at <= now - LONGEST)
    connection.execute(delete(t.login_session).where(session.user_id == person["id"], old))
    identity = new_id()
    connection.execute(
        insert(t.login_session).values(
            id=identity,
            user_id=person["id"],
            token=person["session_token"],
            way=way,
            device=device,
            address=address,
            began_at=now,
            seen_at=now,
            proved_at=proved_at,
        )
    )
    return identity


def find(connection: Connection, session_id: UUID, now: datetime) -> RowMapping | None:
    """The person with the session's `session_…` columns; None where it is over."""
    query = _WITH_PERSON.where(session.id == session_id, session.began_at > now - LONGEST)
    return connection.execute(query).mappings().one_or_none()


def is_noted(found: RowMapping, now: datetime) -> bool:
    """Whether this visit, or one shortly before, is on record."""
    return bool(now - found["session_seen_at"] < SEEN_EVERY)


def note_seen(connection: Connection, session_id: UUID, now: datetime) -> None:
    """Keeps when a session was used last, to some minutes."""
    stale = session.seen_at <= now - SEEN_EVERY
    connection.execute(update(t.login_session).where(session.id == session_id, stale).values(seen_at=now))


def prove(connection: Connection, session_id: UUID, now: datetime) -> None:
    """The person has shown once more who they are."""
    connection.execute(update(t.login_session).where(session.id == session_id).values(proved_at=now))


def of(connection: Connection, user_id: UUID, now: datetime) -> list[RowMapping]:
    """A person's sessions that are alive, the one seen last first."""
    query = (
        select(t.login_session)
        .join(t.user_account, _ALIVE)
        .where(session.user_id == user_id, session.began_at > now - LONGEST)
        .order_by(session.seen_at.desc(), session.id.desc())
    )
    return list(connection.execute(query).mappings())


def end(connection: Connection, user_id: UUID, session_id: UUID) -> None:
    """Ends one session of the person's; one that is not theirs stays."""
    connection.execute(delete(t.login_session).where(session.id == session_id, session.user_id == user_id))


def end_others(connection: Connection, user_id: UUID, session_id: UUID) -> int:
    """Ends every session of the person's but this one; how many there were."""
    others = delete(t.login_session).where(session.id != session_id, session.user_id == user_id)
    return connection.execute(others).rowcount
