"""`/v1/connections`: the accounts that send evidence, and what came through them.

An admin keeps the operator's and everybody's, a party its own. A secret is taken in and never shown again.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy import Connection as Database

from api.auth import ADMIN, PARTIES, Principal, visible
from api.databases import database
from api.endpoints import Resource
from api.narrowing import narrowed
from api.resources.keys import organisation_for
from api.schemas import connections as schemas
from api.schemas import filters, page_of
from api.units import Answer, Command, Query, settings, with_id
from ledger.domain.errors import NotAllowed
from ledger.domain.signatures import Provider
from ledger.services import connections, deliveries
from ledger.store import tables as t

blueprint = Resource(
    "connections", description="Accounts that send evidence to `/hooks/{connection}`: who owns one grades what it says."
)

KEEPERS = {ADMIN, *PARTIES}


@blueprint.command("/connections", roles=KEEPERS, takes=schemas.ConnectionBody, answers=schemas.Connection, status=201)
def create_connection(command: Command) -> Answer:
    """Connect an account of Cal.com, Calendly, Zoom, Twilio or a Standard Webhooks sender.

    What the operator's account signs is of grade A; a party's own account is B against its interest, else C.
    """
    body = command.body
    identity = connections.create(
        command.connection,
        body["slug"],
        Provider(body["provider"]),
        owner_for(command.connection, command.principal, body["owner"]),
        body["secret"],
        settings().secret_key,
        command.now,
        command.principal.actor,
    )
    row = connections.one(command.connection, str(identity))
    return Answer(rendered(row), headers=with_id("/v1/connections", identity))


def owner_for(connection: Database, principal: Principal, owner: str | None) -> UUID | None:
    """Whose a new connection is: a party's its own, an admin's the operator's or the named organisation's."""
    if owner == schemas.OPERATOR_OWNED or (owner is None and principal.is_operator):
        if not principal.is_operator:
            raise NotAllowed("the operator's accounts are the operator's to connect")
        return None
    return organisation_for(connection, principal, owner, principal.roles)


@blueprint.listing("/connections", roles=KEEPERS, item=schemas.Connection, arguments=filters.ConnectionFilters)
def list_connections(query: Query) -> Answer:
    """List connections, newest first, without their secrets."""
    column, rows = t.connection.c, connections.rows().where(visible(query.principal, t.connection))
    rows = narrowed(rows, query.arguments, equal={"provider": column.provider}, search=(column.slug,))
    return query.page(rows, [column.id], rendered)


@blueprint.query("/connections/<connection>", roles=KEEPERS, answers=schemas.Connection)
def show_connection(query: Query, connection: str) -> Answer:
    """Show one connection, by slug or id."""
    return Answer(rendered(connections.one(query.connection, connection, _own(query))))


@blueprint.command(
    "/connections/<connection>/rotate",
    roles=KEEPERS,
    takes=schemas.ConnectionRotation,
    answers=schemas.Connection,
)
def rotate_connection(command: Command, connection: str) -> Answer:
    """Replace the secret; the present one is taken as well until the grace period ends."""
    grace = command.body["grace"] or {"hours": settings().key_grace_hours}
    row = connections.rotate(
        command.connection,
        connection,
        command.body["secret"],
        settings().secret_key,
        command.now,
        command.now + timedelta(**grace),
        _own(command),
    )
    return Answer(rendered(row))


@blueprint.command("/connections/<connection>", method="DELETE", roles=KEEPERS, status=204)
def disable_connection(command: Command, connection: str) -> Answer:
    """Disable a connection: nothing more comes in through it. What came stays; once more changes nothing."""
    connections.disable(command.connection, connection, command.now, _own(command))
    return Answer()


@blueprint.query(
    "/connections/<connection>/deliveries",
    roles=KEEPERS,
    answers=page_of(schemas.IncomingDelivery),
    arguments=schemas.DeliveryFilters,
)
def list_incoming_deliveries(query: Query, connection: str) -> Answer:
    """List what came through a connection, newest first, and what became of it."""
    found = connections.one(query.connection, connection, _own(query))
    column = t.incoming_delivery.c
    rows = select(t.incoming_delivery).where(column.connection_id == found["id"])
    if query.arguments["state"] is not None:
        rows = rows.where(column.state == query.arguments["state"])
    return query.page(rows, [column.id], rendered_delivery)


@blueprint.command(
    "/connections/<connection>/deliveries/<uuid:delivery_id>/release",
    roles={ADMIN},
    answers=schemas.IncomingDelivery,
)
def release_delivery(command: Command, connection: str, delivery_id: UUID) -> Answer:
    """Let a delivery out of quarantine, after looking at it: from now on it counts like any other."""
    found = connections.one(command.connection, connection, _own(command))
    waiting = deliveries.release(command.connection, delivery_id, found["id"], settings().contact_secret)
    query = select(t.incoming_delivery).where(t.incoming_delivery.c.id == delivery_id)
    row = command.connection.execute(query).mappings().one()
    return Answer(rendered_delivery(row), then=attaching([] if waiting is None else [waiting], command.now))


def attaching(waiting: Sequence[UUID], now: datetime) -> Callable[[], None] | None:
    """What is left to do once a command is committed whose effect lets deliveries find their appointment."""
    if not waiting:
        return None
    engine, secret = database().engine, settings().contact_secret

    def attach() -> None:
        deliveries.attach_all(engine, waiting, now, secret)

    return attach


def _own(asked: Query | Command) -> ColumnElement[bool]:
    return visible(asked.principal, t.connection)


def rendered(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "slug": row["slug"],
        "provider": row["provider"],
        "owner": row["owner"] or schemas.OPERATOR_OWNED,
        "url": f"{settings().public_url}/hooks/{row['slug']}",
        "former_secret_until": row["former_until"],
        "created_at": row["created_at"],
        "disabled_at": row["disabled_at"],
    }


def rendered_delivery(row: Mapping[Any, Any]) -> dict[str, Any]:
    names = ("id", "event", "state", "received_at", "signed_at", "occurred_at", "sha256", "size")
    return {**{name: row[name] for name in names}, "appointment": row["appointment_id"]}
