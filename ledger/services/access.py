"""People and keys: who acts, in which roles, for which organisation.

Owns `Principal`, the condition under which a row is theirs to see, and the life of keys and users. A key is a
random secret of which only the SHA-256 is kept; passwords come in as hashes. Refuses roles that do not fit the
organisation. Look-ups read the table each time, so that a revocation counts from the next request on.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    bindparam,
    false,
    insert,
    or_,
    select,
    true,
    update,
)

from ledger.domain.errors import Conflict, IllegalMove, Refused, Unauthenticated, Unknown
from ledger.services import account_changes
from ledger.services.account_changes import Change
from ledger.store import tables as t
from ledger.store.prepared import Prepared
from ledger.store.types import new_id

ADMIN: Final = "admin"
FINANCE: Final = "finance"
ARBITER: Final = "arbiter"
BUYER: Final = "buyer"
SUPPLIER: Final = "supplier"

OPERATOR: Final = frozenset({ADMIN, FINANCE, ARBITER})
"""The roles of the operator's staff, who see every row."""
PARTIES: Final = frozenset({BUYER, SUPPLIER})
ROLES: Final = (ADMIN, FINANCE, ARBITER, BUYER, SUPPLIER)

KEY_MARK: Final = "al_"
"""Every key begins with it, so that scanners of leaked secrets know one when they see it."""
TEST_MARK: Final = "test_"
"""What follows it in a key of the test mode, which works in a sandbox alone; live keys have hex digits there."""
INSTALLATION: Final = "installation"
"""Who makes accounts before there is anybody."""
NOTED_EVERY: Final = timedelta(hours=1)
PREFIX_BYTES: Final = 5
SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `actor` is how events name it; exactly one of `key_id` and `user_id` is set."""

    roles: frozenset[str]
    organisation_id: UUID | None
    actor: str
    key_id: UUID | None = None
    user_id: UUID | None = None
    is_test: bool = False
    last_used_at: datetime | None = field(default=None, compare=False)

    @property
    def is_operator(self) -> bool:
        return not self.roles.isdisjoint(OPERATOR)

    @property
    def party(self) -> str | None:
        """`buyer` or `supplier` for whoever acts for an organisation."""
        return next(iter(self.roles & PARTIES), None)

    @property
    def role(self) -> str:
        """The one role of a key; of a person with several, the operator's first."""
        return next(role for role in ROLES if role in self.roles)

    @property
    def account(self) -> str:
        """On whose behalf commands are deduplicated: it outlives the rotation of a key."""
        if self.user_id is not None:
            return self.actor
        return f"{self.role}:{self.organisation_id}" if self.organisation_id else self.role


def visible(principal: Principal, table: Table) -> ColumnElement[bool]:
    """The condition under which a row of the table is theirs to see; without it no party's query is complete.

    Works for the organisations themselves and for tables with `buyer_id` or `supplier_id`, or `organisation_id`.
    """
    return true() if principal.is_operator else owned(table, principal.party, principal.organisation_id)


def owned(table: Table, party: str | None, own: UUID | BindParameter[UUID] | None) -> ColumnElement[bool]:
    """The same for a party whose organisation is `own`: a value, or the parameter of a prepared statement."""
    if table is t.organisation:
        return table.c.id == own
    if "organisation_id" in table.c:
        return table.c.organisation_id == own
    column = f"{party}_id"
    return table.c[column] == own if column in table.c else false()


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


_BY_DIGEST = Prepared(
    select(
        *(t.api_key.c[name] for name in ("id", "role", "organisation_id", "expires_at", "revoked_at", "last_used_at"))
    ).where(t.api_key.c.digest == bindparam("digest"))
)


def authenticate(connection: Connection, secret: str, now: datetime) -> Principal:
    """Whose key it is. Raises `Unauthenticated` for one that is unknown, revoked or past its grace."""
    row = _BY_DIGEST.first(connection, {"digest": digest_of(secret)})
    if row is None or row.revoked_at is not None or (row.expires_at is not None and now >= row.expires_at):
        raise Unauthenticated
    return Principal(
        frozenset((row.role,)),
        row.organisation_id,
        f"key:{row.id}",
        key_id=row.id,
        is_test=is_test(secret),
        last_used_at=row.last_used_at,
    )


def is_noted(principal: Principal, now: datetime) -> bool:
    """Whether this use of a key, or one shortly before, is on record."""
    last = principal.last_used_at
    return principal.key_id is None or (last is not None and now - last < NOTED_EVERY)


def note_use(connection: Connection, principal: Principal, now: datetime) -> None:
    """Keeps when a key was used last, to the hour: one write now and then, not one for every request."""
    column = t.api_key.c
    stale = or_(column.last_used_at.is_(None), column.last_used_at <= now - NOTED_EVERY)
    connection.execute(update(t.api_key).where(column.id == principal.key_id, stale).values(last_used_at=now))


def is_test(secret: str) -> bool:
    """Whether a key is one of the test mode, as its beginning tells."""
    return secret.startswith(KEY_MARK + TEST_MARK)


def principal_of(user: RowMapping) -> Principal:
    """A person who has logged in. One person may hold several roles."""
    return Principal(frozenset(user["roles"]), user["organisation_id"], f"user:{user['id']}", user_id=user["id"])


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key with its secret, which nobody can read again."""

    row: RowMapping
    secret: str


def issue_key(
    connection: Connection,
    role: str,
    organisation_id: UUID | None,
    now: datetime,
    *,
    name: str | None = None,
    test: bool = False,
) -> IssuedKey:
    """A new key for a role, and for an organisation where the role is a party's. Raises `Refused`."""
    check_roles(connection, (role,), organisation_id)
    prefix = (TEST_MARK if test else "") + secrets.token_hex(PREFIX_BYTES)
    secret = f"{KEY_MARK}{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    identity = new_id()
    connection.execute(
        insert(t.api_key).values(
            id=identity,
            organisation_id=organisation_id,
            role=role,
            name=name,
            prefix=prefix,
            digest=digest_of(secret),
            created_at=now,
        )
    )
    return IssuedKey(key(connection, identity), secret)


def rotate_key(
    connection: Connection,
    key_id: UUID,
    now: datetime,
    lives_until: datetime,
    *,
    within: ColumnElement[bool] | None = None,
) -> IssuedKey:
    """A successor; the key itself lives on until `lives_until`. Raises `IllegalMove` for one that is not alive."""
    old = key(connection, key_id, within=within, lock=True)
    if old["revoked_at"] is not None or (old["expires_at"] is not None and now >= old["expires_at"]):
        raise IllegalMove("the key is not alive any more", code="key_revoked")
    if old["replaced_by"] is not None:
        raise IllegalMove("the key has a successor already", code="key_rotated")
    test = old["prefix"].startswith(TEST_MARK)
    issued = issue_key(connection, old["role"], old["organisation_id"], now, name=old["name"], test=test)
    ends = lives_until if old["expires_at"] is None else min(lives_until, old["expires_at"])
    connection.execute(
        update(t.api_key).where(t.api_key.c.id == key_id).values(expires_at=ends, replaced_by=issued.row["id"])
    )
    return issued


def revoke_key(
    connection: Connection, key_id: UUID, now: datetime, *, within: ColumnElement[bool] | None = None
) -> RowMapping:
    """Ends a key at once; once more changes nothing."""
    if key(connection, key_id, within=within, lock=True)["revoked_at"] is None:
        connection.execute(update(t.api_key).where(t.api_key.c.id == key_id).values(revoked_at=now))
    return key(connection, key_id)


def key(
    connection: Connection, key_id: UUID, *, within: ColumnElement[bool] | None = None, lock: bool = False
) -> RowMapping:
    """One key. Raises `Unknown`."""
    query = select(t.api_key).where(t.api_key.c.id == key_id, true() if within is None else within)
    found = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if found is None:
        raise Unknown
    return found


def person(connection: Connection, principal: Principal) -> str:
    """Who acts, where two must not be one: a key counts as the one that it succeeded."""
    if principal.key_id is None:
        return principal.actor
    first = principal.key_id
    while (before := connection.execute(_PREDECESSOR, {"key_id": first}).scalars().first()) is not None:
        first = before
    return f"key:{first}"


_PREDECESSOR = select(t.api_key.c.id).where(t.api_key.c.replaced_by == bindparam("key_id"))


def create_user(
    connection: Connection,
    email: str,
    name: str,
    password_hash: str,
    roles: Collection[str],
    organisation_id: UUID | None,
    now: datetime,
    *,
    actor: str = INSTALLATION,
) -> RowMapping:
    """A person who may log in. Raises `Conflict` for an address that is taken, `Refused` for roles that do not fit."""
    check_roles(connection, roles, organisation_id)
    address = email.casefold()
    if connection.execute(select(t.user_account.c.id).where(t.user_account.c.email == address)).first() is not None:
        raise Conflict("there is a user with this e-mail address already", code="email_taken")
    identity = new_id()
    connection.execute(
        insert(t.user_account).values(
            id=identity,
            organisation_id=organisation_id,
            email=address,
            name=name,
            password_hash=password_hash,
            roles=[role for role in ROLES if role in roles],
            session_token=secrets.token_urlsafe(24),
            failed_logins=0,
            created_at=now,
        )
    )
    made = user(connection, identity)
    account_changes.note(connection, made, Change.CREATED, actor, now)
    return made


def user(connection: Connection, reference: UUID | str, *, within: ColumnElement[bool] | None = None) -> RowMapping:
    """By id or e-mail address, among those `within`. Raises `Unknown`."""
    column = t.user_account.c
    matches = column.id == reference if isinstance(reference, UUID) else column.email == reference.casefold()
    query = select(t.user_account).where(matches, true() if within is None else within)
    found = connection.execute(query).mappings().one_or_none()
    if found is None:
        raise Unknown
    return found


def check_roles(connection: Connection, roles: Collection[str], organisation_id: UUID | None) -> None:
    """A party's role needs an organisation of that kind, every other role the operator. Raises `Refused`."""
    if not roles or not set(roles) <= set(ROLES):
        raise Refused.by("roles", "unknown_role", f"roles are {', '.join(ROLES)}")
    party = PARTIES.intersection(roles)
    if organisation_id is None:
        if party:
            raise Refused.by("organisation", "organisation_needed", f"{', '.join(sorted(party))} needs an organisation")
        return
    kind = connection.execute(
        select(t.organisation.c.kind).where(t.organisation.c.id == organisation_id)
    ).scalar_one_or_none()
    if kind is None:
        raise Refused.by("organisation", "unknown_organisation", "there is no such organisation")
    if party != {kind}:
        raise Refused.by("roles", "role_does_not_fit", f"people and keys of a {kind} have the role {kind}")
