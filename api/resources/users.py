"""`/v1/users`: people who may log in.

An admin creates users of every role; a party's key those of its own organisation.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from api import passwords
from api.auth import Principal, visible
from api.endpoints import Resource
from api.narrowing import narrowed
from api.resources.keys import ISSUERS, organisation_for
from api.schemas import filters
from api.schemas import parties as schemas
from api.units import Answer, Command, Query
from ledger.services import access
from ledger.store import tables as t

blueprint = Resource("users", description="People who log in, with their roles.")

WITH_SLUG = select(t.user_account, t.organisation.c.slug.label("organisation")).join_from(
    t.user_account, t.organisation, t.organisation.c.id == t.user_account.c.organisation_id, isouter=True
)


def _with_hash(body: Mapping[str, Any], _principal: Principal, _path: Mapping[str, Any]) -> dict[str, Any]:
    """The body with the password's hash, and the password itself only where it is made here."""
    made = passwords.make() if body["password"] is None else None
    return {**body, "password": made, "password_hash": passwords.hashed(made or body["password"])}


@blueprint.command(
    "/users", roles=ISSUERS, takes=schemas.UserBody, answers=schemas.CreatedUser, status=201, prepare=_with_hash
)
def create_user(command: Command) -> Answer:
    """Create a user. Without a password one is made and shown in this answer alone."""
    body = command.body
    organisation_id = organisation_for(command.connection, command.principal, body["organisation"], body["roles"])
    created = access.create_user(
        command.connection,
        body["email"],
        body["name"],
        body["password_hash"],
        body["roles"],
        organisation_id,
        command.now,
        actor=command.principal.actor,
    )
    row = command.connection.execute(WITH_SLUG.where(t.user_account.c.id == created["id"])).mappings().one()
    answer = rendered(row)
    if body["password"] is not None:
        answer["password"] = body["password"]
    return Answer(answer, confidential=True)


@blueprint.listing("/users", roles=ISSUERS, item=schemas.User, arguments=filters.UserFilters)
def list_users(query: Query) -> Answer:
    """List users, newest first."""
    column, rows = t.user_account.c, WITH_SLUG.where(visible(query.principal, t.user_account))
    own = {"organisation": column.organisation_id}
    rows = narrowed(rows, query.arguments, parties=own, search=(column.email, column.name))
    return query.page(rows, [column.id], rendered)


def rendered(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A user without anything secret."""
    return {
        "id": row["id"],
        "email": row["email"],
        "name": row["name"],
        "roles": row["roles"],
        "organisation": row["organisation"],
        "second_factor": row["totp_secret"] is not None,
        "disabled_at": row["disabled_at"],
        "created_at": row["created_at"],
    }
