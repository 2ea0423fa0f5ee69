"""`/v1/keys`: keys of the operator and of organisations.

An admin issues keys for every role; a party's key those of its own organisation. A secret is shown once, in the
answer that made it.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from api.auth import ADMIN, PARTIES, Principal, visible
from api.endpoints import Resource
from api.narrowing import narrowed
from api.schemas import filters
from api.schemas import parties as schemas
from api.units import Answer, Command, Query, settings
from ledger.domain.errors import NotAllowed
from ledger.services import access, parties
from ledger.store import tables as t

blueprint = Resource("keys", description="API keys: each belongs to a role, and a party's to its organisation.")

ISSUERS = {ADMIN, *PARTIES}

WITH_SLUG = select(t.api_key, t.organisation.c.slug.label("organisation")).join_from(
    t.api_key, t.organisation, t.organisation.c.id == t.api_key.c.organisation_id, isouter=True
)


@blueprint.command("/keys", roles=ISSUERS, takes=schemas.KeyBody, answers=schemas.IssuedKey, status=201)
def issue_key(command: Command) -> Answer:
    """Issue a key. Its secret is in this answer and nowhere else."""
    organisation_id = organisation_for(
        command.connection, command.principal, command.body["organisation"], (command.body["role"],)
    )
    issued = access.issue_key(
        command.connection,
        command.body["role"],
        organisation_id,
        command.now,
        name=command.body["name"],
        test=command.principal.is_test,
    )
    return _issued(command.connection, issued)


@blueprint.listing("/keys", roles=ISSUERS, item=schemas.Key, arguments=filters.KeyFilters)
def list_keys(query: Query) -> Answer:
    """List keys, newest first, without their secrets; when each was used last is kept to the hour."""
    column, rows = t.api_key.c, WITH_SLUG.where(visible(query.principal, t.api_key))
    rows = narrowed(
        rows,
        query.arguments,
        equal={"role": column.role},
        parties={"organisation": column.organisation_id},
        search=(column.name, column.prefix),
    )
    return query.page(rows, [column.id], rendered)


@blueprint.command(
    "/keys/<uuid:key_id>/rotate", roles=ISSUERS, takes=schemas.RotationBody, answers=schemas.IssuedKey, status=201
)
def rotate_key(command: Command, key_id: UUID) -> Answer:
    """Replace a key; the old one stays alive for the grace period."""
    grace = command.body["grace"] or {"hours": settings().key_grace_hours}
    issued = access.rotate_key(
        command.connection,
        key_id,
        command.now,
        command.now + timedelta(**grace),
        within=visible(command.principal, t.api_key),
    )
    return _issued(command.connection, issued)


@blueprint.command("/keys/<uuid:key_id>", method="DELETE", roles=ISSUERS, status=204)
def revoke_key(command: Command, key_id: UUID) -> Answer:
    """Revoke a key: the next request with it is refused. Once more changes nothing."""
    access.revoke_key(command.connection, key_id, command.now, within=visible(command.principal, t.api_key))
    return Answer()


def organisation_for(
    connection: Connection, principal: Principal, reference: str | None, roles: Collection[str]
) -> UUID | None:
    """Whom a new key or user belongs to: for a party its own organisation and role, for an admin the named one."""
    if principal.is_operator:
        return None if reference is None else parties.organisation(connection, reference)["id"]
    if not principal.roles.issuperset(roles):
        raise NotAllowed(f"a {principal.party} can give the role {principal.party} alone")
    if reference is not None:
        parties.organisation(connection, reference, within=visible(principal, t.organisation))
    return principal.organisation_id


def rendered(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A key as its owner sees it."""
    names = (
        "id", "role", "organisation", "name", "prefix", "created_at", "expires_at", "revoked_at", "replaced_by",
        "last_used_at",
    )  # fmt: skip
    return {name: row[name] for name in names}


def shown_once(connection: Connection, issued: access.IssuedKey) -> dict[str, Any]:
    """A new key with its secret."""
    row = connection.execute(WITH_SLUG.where(t.api_key.c.id == issued.row["id"])).mappings().one()
    return {**rendered(row), "secret": issued.secret}


def _issued(connection: Connection, issued: access.IssuedKey) -> Answer:
    return Answer(shown_once(connection, issued), confidential=True)
