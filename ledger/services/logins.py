"""Logging in: who has passed the first step, how often a person may fail, and what uses a second factor's codes up.

Owns the count of failures and the lock that follows, and how the secret of a second factor is kept. Knows no passwords
and no codes: whoever calls has checked them. Tells nobody why a login failed, so that an address that exists looks like
one that does not.
"""

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, RowMapping, case, literal, null, or_, select, update

from ledger.domain import sealing
from ledger.services.access import ARBITER, FINANCE
from ledger.store import tables as t

FAILURES_BEFORE_LOCK: Final = 5
LOCKED_FOR: Final = timedelta(minutes=15)
NEEDS_SECOND_FACTOR: Final = frozenset({FINANCE, ARBITER})
"""Roles that move other people's money: a password alone does not let them in."""


def by_email(connection: Connection, email: str) -> RowMapping | None:
    """The person with this address, whether or not they may log in."""
    query = select(t.user_account).where(t.user_account.c.email == email.strip().casefold())
    return connection.execute(query).mappings().one_or_none()


def by_token(connection: Connection, user_id: UUID, token: str) -> RowMapping | None:
    """The person who has passed a first step; None once they were disabled or the token was renewed."""
    found = connection.execute(select(t.user_account).where(t.user_account.c.id == user_id)).mappings().one_or_none()
    if found is None or found["disabled_at"] is not None:
        return None
    return found if hmac.compare_digest(found["session_token"], token) else None


def may_try(user: RowMapping, now: datetime) -> bool:
    """Whether the person is neither disabled nor locked out."""
    return user["disabled_at"] is None and (user["locked_until"] is None or now >= user["locked_until"])


def failed(connection: Connection, user_id: UUID, now: datetime) -> None:
    """Counts a wrong password or code; the fifth in a row locks. The count begins anew after a lock."""
    person = t.user_account.c
    was_locked = person.locked_until.is_not(None)
    count = case((was_locked, 1), else_=person.failed_logins + 1)
    until = literal(now + LOCKED_FOR, person.locked_until.type)  # typed, or SQLite keeps it as the driver spells it
    locks = case((was_locked, null()), (person.failed_logins + 1 >= FAILURES_BEFORE_LOCK, until), else_=null())
    over = or_(person.locked_until.is_(None), person.locked_until <= now)
    connection.execute(
        update(t.user_account).where(person.id == user_id, over).values(failed_logins=count, locked_until=locks)
    )


def succeeded(connection: Connection, user_id: UUID, now: datetime, *, password_hash: str | None = None) -> bool:
    """Forgets the failures; False where the lock fell while the password was being checked.

    `password_hash` replaces one that was made with weaker parameters.
    """
    person = t.user_account.c
    values: dict[str, Any] = {"failed_logins": 0, "locked_until": None}
    if password_hash is not None:
        values["password_hash"] = password_hash
    free = or_(person.locked_until.is_(None), person.locked_until <= now)
    changed = connection.execute(
        update(t.user_account).where(person.id == user_id, person.disabled_at.is_(None), free).values(values)
    )
    return changed.rowcount == 1


def sealed_factor(user_id: UUID, totp_secret: str, key: str) -> str:
    """The secret of a second factor as it is kept: under the installation's key, and of use to this person alone."""
    return sealing.seal(key, _factor_of(user_id), totp_secret, secrets.token_bytes(sealing.NONCE_BYTES))


def opened_factor(user: RowMapping, key: str) -> str:
    """The secret of the person's second factor. Raises `Unavailable` where it was sealed under another key."""
    return sealing.unseal(key, _factor_of(user["id"]), user["totp_secret"])


def _factor_of(user_id: UUID) -> str:
    return f"second factor of {user_id}"


def enrol(connection: Connection, user_id: UUID, totp_secret: str, key: str) -> bool:
    """Keeps the secret of a second factor, sealed; False where there is one already, which stays."""
    person = t.user_account.c
    changed = connection.execute(
        update(t.user_account)
        .where(person.id == user_id, person.totp_secret.is_(None), person.disabled_at.is_(None))
        .values(totp_secret=sealed_factor(user_id, totp_secret, key))
    )
    return changed.rowcount == 1


def spend(connection: Connection, user_id: UUID, totp_step: int) -> bool:
    """Uses up the code of a step; False where it, or a later one, was used before: whoever saw a code gets nothing."""
    person = t.user_account.c
    unused = or_(person.totp_step.is_(None), person.totp_step < totp_step)
    changed = connection.execute(update(t.user_account).where(person.id == user_id, unused).values(totp_step=totp_step))
    return changed.rowcount == 1


def prefer(connection: Connection, user_id: UUID, *, language: str | None, time_zone: str | None) -> None:
    """Keeps in which language the person reads and by which clock; None leaves it to browser and organisation."""
    chosen = {"language": language, "time_zone": time_zone}
    connection.execute(update(t.user_account).where(t.user_account.c.id == user_id).values(chosen))
