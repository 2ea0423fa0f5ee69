"""Who a person is at an OpenID provider: found by issuer and subject, bound once by a verified address.

Owns the binding. Makes no people and gives no roles: whoever logs in is there already, and enabled.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, delete, insert, select

from ledger.services import account_changes, logins
from ledger.services.account_changes import Change
from ledger.store import tables as t

identity = t.login_identity.c


def found(connection: Connection, issuer: str, subject: str) -> RowMapping | None:
    """The person bound to the identity, whether or not they may log in."""
    query = (
        select(t.user_account)
        .join(t.login_identity, identity.user_id == t.user_account.c.id)
        .where(identity.issuer == issuer, identity.subject == subject)
    )
    return connection.execute(query).mappings().one_or_none()


def bind(connection: Connection, issuer: str, subject: str, email: str, now: datetime) -> RowMapping | None:
    """Binds the identity to the enabled person with this verified address, who has none there yet; None else."""
    person = logins.by_email(connection, email)
    if person is None or person["disabled_at"] is not None:
        return None
    if any(each["issuer"] == issuer for each in of(connection, person["id"])):
        return None
    values = {"issuer": issuer, "subject": subject, "user_id": person["id"], "bound_at": now}
    connection.execute(insert(t.login_identity).values(values))
    account_changes.note(connection, person, Change.IDENTITY_BOUND, f"user:{person['id']}", now)
    return person


def of(connection: Connection, user_id: UUID) -> list[RowMapping]:
    """Every identity of a person."""
    return list(connection.execute(select(t.login_identity).where(identity.user_id == user_id)).mappings())


def loosen(connection: Connection, person: RowMapping, now: datetime, *, actor: str) -> None:
    """Forgets a person's identities; the next login through a provider binds anew."""
    gone = delete(t.login_identity).where(identity.user_id == person["id"])
    if connection.execute(gone).rowcount:
        account_changes.note(connection, person, Change.IDENTITY_LOOSED, actor, now)
