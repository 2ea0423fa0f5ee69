"""A person's account from then on: disabled and let in again, a new password, another second factor.

Owns what each of them ends: a new password or a reset ends every session, since the session's token is renewed. Every
change is noted with its actor. Passwords come in as hashes. Refuses a second factor taken from a role that needs one
by the person, and an account that somebody wants to disable under himself.
"""

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, select, update

from ledger.domain.errors import IllegalMove
from ledger.services import account_changes, endpoints, recovery
from ledger.services.access import INSTALLATION, user
from ledger.services.account_changes import Change
from ledger.services.logins import NEEDS_SECOND_FACTOR, sealed_factor
from ledger.store import tables as t

Within = ColumnElement[bool] | None


def disable(
    connection: Connection,
    reference: UUID | str,
    now: datetime,
    *,
    actor: str = INSTALLATION,
    within: Within = None,
) -> RowMapping:
    """Ends a person's access and every session; once more changes nothing. Nobody locks himself out."""
    found = user(connection, reference, within=within)
    if actor == f"user:{found['id']}":
        raise IllegalMove("you cannot disable your own account; ask somebody else", code="own_account")
    if found["disabled_at"] is not None:
        return found
    return _changed(connection, found, Change.DISABLED, actor, now, disabled_at=now, **_sessions_over())


def enable(
    connection: Connection, reference: UUID | str, now: datetime, *, actor: str, within: Within = None
) -> RowMapping:
    """Lets a disabled person in again; once more changes nothing."""
    found = user(connection, reference, within=within)
    if found["disabled_at"] is None:
        return found
    return _changed(connection, found, Change.ENABLED, actor, now, disabled_at=None, **_UNLOCKED)


def unlock(
    connection: Connection, reference: UUID | str, now: datetime, *, actor: str, within: Within = None
) -> RowMapping:
    """Ends a lock-out before its time."""
    found = user(connection, reference, within=within)
    return _changed(connection, found, Change.UNLOCKED, actor, now, **_UNLOCKED)


def set_password(
    connection: Connection,
    reference: UUID | str,
    password_hash: str,
    now: datetime,
    *,
    actor: str = INSTALLATION,
    within: Within = None,
) -> RowMapping:
    """A new password ends every session and a lock-out. Raises `Unknown`."""
    found = user(connection, reference, within=within)
    values = {"password_hash": password_hash, **_sessions_over(), **_UNLOCKED}
    return _changed(connection, found, Change.PASSWORD_SET, actor, now, **values)


def set_second_factor(
    connection: Connection, reference: UUID, totp_secret: str, totp_step: int, now: datetime, *, key: str, actor: str
) -> RowMapping:
    """A second factor in place of the one that was. `totp_step` is that of the code which proved it, used up by it.

    `key` is the installation's, which seals the secret.
    """
    found = user(connection, reference)
    values = {"totp_secret": sealed_factor(reference, totp_secret, key), "totp_step": totp_step}
    return _changed(connection, found, Change.SECOND_FACTOR_SET, actor, now, **values)


def reset_second_factor(
    connection: Connection, reference: UUID | str, now: datetime, *, actor: str, within: Within = None
) -> RowMapping:
    """Takes a second factor away with its recovery codes, and ends every session.

    A role that needs one sets it up anew at the next login; such a person does not take it away himself.
    """
    found = user(connection, reference, within=within)
    if actor == f"user:{found['id']}" and not NEEDS_SECOND_FACTOR.isdisjoint(found["roles"]):
        raise IllegalMove("your role needs a second factor; replace it instead", code="second_factor_needed")
    recovery.forget(connection, found["id"])
    values = {"totp_secret": None, "totp_step": None, **_sessions_over()}
    return _changed(connection, found, Change.SECOND_FACTOR_RESET, actor, now, **values)


def renew_recovery_codes(connection: Connection, reference: UUID | str, now: datetime, *, actor: str) -> list[str]:
    """New codes for a person with a second factor, to be shown this once."""
    found = user(connection, reference)
    if found["totp_secret"] is None:
        raise IllegalMove("there is no second factor that codes could stand in for", code="no_second_factor")
    account_changes.note(connection, found, Change.RECOVERY_CODES_MADE, actor, now)
    return recovery.renew(connection, found["id"], now)


def disable_organisation(
    connection: Connection, organisation_id: UUID, now: datetime, *, actor: str = INSTALLATION
) -> tuple[int, int]:
    """Revokes every key and disables every user of an organisation; how many of each. It is told nothing any more."""
    endpoints.remove_all(connection, organisation_id, now)
    keys = connection.execute(
        update(t.api_key)
        .where(t.api_key.c.organisation_id == organisation_id, t.api_key.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    person = t.user_account.c
    alive = select(person.id).where(person.organisation_id == organisation_id, person.disabled_at.is_(None))
    users = connection.execute(alive).scalars().all()
    for each in users:
        disable(connection, each, now, actor=actor)
    return keys.rowcount, len(users)


_UNLOCKED = {"failed_logins": 0, "locked_until": None}


def _sessions_over() -> dict[str, str]:
    return {"session_token": secrets.token_urlsafe(24)}


def _changed(
    connection: Connection, found: RowMapping, what: Change, actor: str, now: datetime, **values: Any
) -> RowMapping:
    connection.execute(update(t.user_account).where(t.user_account.c.id == found["id"]).values(values))
    account_changes.note(connection, found, what, actor, now)
    return user(connection, found["id"])
