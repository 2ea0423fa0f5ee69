"""Connections: the accounts that send evidence, whose they are, and the secrets that their signatures are made with.

Owns a connection's life. Whose account it is grades what it brings. Secrets are sealed under the installation's key and
never shown again; a new one leaves the former alive for a while. Refuses blank secrets and slugs that are taken.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, insert, select, true, update
from sqlalchemy import Connection as Database

from ledger.domain import sealing
from ledger.domain.errors import Conflict, IllegalMove, Refused, Unknown
from ledger.domain.lifecycle import Party
from ledger.domain.signatures import Provider, is_usable
from ledger.store import tables as t
from ledger.store.types import new_id

PURPOSE: Final = "connection"


@dataclass(frozen=True, slots=True)
class Account:
    """A connection that is alive, with its secrets in the clear. `owner` is a party or the operator."""

    id: UUID
    slug: str
    provider: Provider
    organisation_id: UUID | None
    owner: Party
    secrets: tuple[str, ...] = ()

    @property
    def actor(self) -> str:
        return f"connection:{self.slug}"


def create(
    database: Database,
    slug: str,
    provider: Provider,
    organisation_id: UUID | None,
    secret: str,
    key: str,
    now: datetime,
    actor: str,
) -> UUID:
    """A new connection. `key` is the installation's, which seals the secret."""
    connection = t.connection.c
    if database.execute(select(connection.id).where(connection.slug == slug)).first() is not None:
        raise Conflict(f"there is a connection {slug!r} already", code="slug_taken")
    identity = new_id()
    database.execute(
        insert(t.connection).values(
            id=identity,
            slug=slug,
            provider=provider.value,
            organisation_id=organisation_id,
            secret=_sealed(provider, secret, key),
            created_at=now,
            created_by=actor,
        )
    )
    return identity


def rotate(
    database: Database,
    reference: str,
    secret: str,
    key: str,
    now: datetime,
    lives_until: datetime,
    within: ColumnElement[bool],
) -> RowMapping:
    """A new secret; signatures made with the present one are taken until `lives_until`."""
    found = one(database, reference, within)
    if found["disabled_at"] is not None:
        raise IllegalMove("the connection is disabled", code="connection_disabled")
    values = {
        "secret": _sealed(Provider(found["provider"]), secret, key),
        "former_secret": found["secret"],
        "former_until": lives_until,
    }
    database.execute(update(t.connection).where(t.connection.c.id == found["id"]).values(values))
    return one(database, reference, within)


def disable(database: Database, reference: str, now: datetime, within: ColumnElement[bool]) -> None:
    """Nothing more comes in through it; what came stays. Once more changes nothing."""
    found = one(database, reference, within)
    if found["disabled_at"] is None:
        values = {"disabled_at": now, "former_secret": None, "former_until": None}
        database.execute(update(t.connection).where(t.connection.c.id == found["id"]).values(values))


def one(database: Database, reference: str, within: ColumnElement[bool] | None = None) -> RowMapping:
    """By slug or id, with its owner's slug and kind. Raises `Unknown`."""
    query = rows().where(named(reference), true() if within is None else within)
    found = database.execute(query).mappings().one_or_none()
    if found is None:
        raise Unknown("there is no such connection")
    return found


def rows() -> Any:
    owner = t.organisation.c
    return select(t.connection, owner.slug.label("owner"), owner.kind.label("owner_kind")).join_from(
        t.connection, t.organisation, owner.id == t.connection.c.organisation_id, isouter=True
    )


def named(reference: str) -> ColumnElement[bool]:
    try:
        return t.connection.c.id == UUID(reference)
    except ValueError:
        return t.connection.c.slug == reference


def alive(database: Database, reference: str, key: str, now: datetime) -> Account:
    """The connection that a webhook names, with every secret that counts now. Raises `Unknown` or `Unavailable`."""
    found = one(database, reference)
    if found["disabled_at"] is not None:
        raise Unknown("there is no such connection")
    sealed = [found["secret"]]
    if found["former_secret"] is not None and now < found["former_until"]:
        sealed.append(found["former_secret"])
    return account_of(found, tuple(sealing.unseal(key, PURPOSE, each) for each in sealed))


def account_of(row: RowMapping, alive_secrets: tuple[str, ...] = ()) -> Account:
    return Account(
        row["id"],
        row["slug"],
        Provider(row["provider"]),
        row["organisation_id"],
        Party.OPERATOR if row["owner_kind"] is None else Party(row["owner_kind"]),
        alive_secrets,
    )


def _sealed(provider: Provider, secret: str, key: str) -> str:
    if not is_usable(provider, secret):
        standard = provider is Provider.STANDARD_WEBHOOKS
        detail = "the secret must be base64, with or without whsec_" if standard else "the secret must not be blank"
        raise Refused.by("secret", "unusable_secret", detail)
    return sealing.seal(key, PURPOSE, secret, secrets.token_bytes(sealing.NONCE_BYTES))
