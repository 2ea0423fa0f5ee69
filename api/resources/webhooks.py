"""`/v1/webhook-endpoints` and `/v1/deliveries`: where an organisation is told of events, and how that went.

In a sandbox too what is sent goes by our clock, so that a delivery is tried again in minutes, whatever the time there.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, select

from api.auth import PARTIES, visible
from api.endpoints import Resource
from api.schemas import webhooks as schemas
from api.units import Answer, Command, Query, clock, settings, with_id
from ledger.domain.announcing import message_id
from ledger.domain.errors import Unknown
from ledger.services import endpoints
from ledger.services.endpoints import Made
from ledger.store import tables as t
from ledger.store.webhooks import PENDING, SCHEDULED

blueprint = Resource(
    "webhooks", description="Events sent to your server, signed as Standard Webhooks, and the log of every attempt."
)

PATH = "/webhook-endpoints/<uuid:endpoint_id>"


@blueprint.command(
    "/webhook-endpoints",
    roles=PARTIES,
    takes=schemas.WebhookEndpointBody,
    answers=schemas.NewWebhookEndpoint,
    status=201,
)
def create_webhook_endpoint(command: Command) -> Answer:
    """Make an endpoint, told of what is recorded from now on. Its secret is in this answer and nowhere else."""
    body, organisation_id = command.body, command.principal.organisation_id
    assert organisation_id is not None, "a party has its organisation"
    made = endpoints.create(
        command.connection,
        organisation_id,
        body["url"],
        body["types"],
        body["description"],
        settings().secret_key,
        command.now,
        command.principal.actor,
        private=settings().webhooks_to_private_networks,
    )
    return _shown_once(made, with_id("/v1/webhook-endpoints", made.row["id"]))


@blueprint.listing("/webhook-endpoints", roles=PARTIES, item=schemas.WebhookEndpoint)
def list_webhook_endpoints(query: Query) -> Answer:
    """List your endpoints, newest first, without their secrets."""
    rows = select(t.webhook_endpoint).where(_own(query), t.webhook_endpoint.c.deleted_at.is_(None))
    return query.page(rows, [t.webhook_endpoint.c.id], rendered)


@blueprint.query(PATH, roles=PARTIES, answers=schemas.WebhookEndpoint, versioned=True)
def show_webhook_endpoint(query: Query, endpoint_id: UUID) -> Answer:
    """Show one endpoint."""
    return _shown(endpoints.one(query.connection, endpoint_id, _own(query)))


@blueprint.command(
    PATH,
    method="PATCH",
    roles=PARTIES,
    takes=schemas.WebhookEndpointChange,
    answers=schemas.WebhookEndpoint,
)
def change_webhook_endpoint(command: Command, endpoint_id: UUID) -> Answer:
    """Change an endpoint: its URL, types or description. What waits for it goes to the new URL; the secret stays."""
    row = endpoints.change(
        command.connection,
        endpoint_id,
        command.body,
        _own(command),
        private=settings().webhooks_to_private_networks,
        expected_version=command.expected_version,
    )
    return _shown(row)


@blueprint.command(PATH, method="DELETE", roles=PARTIES, status=204)
def delete_webhook_endpoint(command: Command, endpoint_id: UUID) -> Answer:
    """Delete an endpoint: what waits for it is given up, the log of its deliveries stays."""
    endpoints.remove(command.connection, endpoint_id, clock(), _own(command))
    return Answer()


@blueprint.command(
    f"{PATH}/rotate",
    roles=PARTIES,
    takes=schemas.WebhookRotation,
    answers=schemas.NewWebhookEndpoint,
)
def rotate_webhook_secret(command: Command, endpoint_id: UUID) -> Answer:
    """Replace the secret; messages carry both signatures until the grace period ends."""
    grace = timedelta(**(command.body["grace"] or {"hours": settings().key_grace_hours}))
    made = endpoints.rotate(command.connection, endpoint_id, settings().secret_key, clock() + grace, _own(command))
    return _shown_once(made, {})


@blueprint.command(f"{PATH}/enable", roles=PARTIES, answers=schemas.WebhookEndpoint)
def enable_webhook_endpoint(command: Command, endpoint_id: UUID) -> Answer:
    """Send again after an endpoint was disabled, beginning with what it missed in the last 30 days."""
    row = endpoints.enable(command.connection, endpoint_id, command.now, _own(command), at=clock())
    return _shown(row)


@blueprint.command(f"{PATH}/disable", roles=PARTIES, answers=schemas.WebhookEndpoint)
def disable_webhook_endpoint(command: Command, endpoint_id: UUID) -> Answer:
    """Send nothing until it is enabled again; it then gets what it missed in the last 30 days."""
    return _shown(endpoints.disable(command.connection, endpoint_id, command.now, _own(command)))


@blueprint.command(f"{PATH}/test", roles=PARTIES, answers=schemas.OutgoingDelivery, status=202)
def send_test_webhook(command: Command, endpoint_id: UUID) -> Answer:
    """Send a `webhook.test` message, so that a receiver can be tried out."""
    livemode = not command.principal.is_test
    delivery_id = endpoints.test(command.connection, endpoint_id, clock(), _own(command), livemode=livemode)
    row = command.connection.execute(_ONE.where(t.outgoing_delivery.c.id == delivery_id)).mappings().one()
    return Answer(rendered_delivery(row))


@blueprint.listing("/deliveries", roles=PARTIES, item=schemas.OutgoingDelivery, arguments=schemas.OutgoingFilters)
def list_deliveries(query: Query) -> Answer:
    """List what was sent or is to be sent to your endpoints, newest first. Kept for 90 days."""
    column = t.outgoing_delivery.c
    rows = _ONE.where(visible(query.principal, t.outgoing_delivery), column.state != SCHEDULED)
    for name, wanted in (("endpoint", column.endpoint_id), ("state", column.state), ("type", column.type)):
        if query.arguments[name] is not None:
            rows = rows.where(wanted == query.arguments[name])
    return query.page(rows, [column.id], rendered_delivery)


@blueprint.query("/deliveries/<uuid:delivery_id>", roles=PARTIES, answers=schemas.DeliveryInFull)
def show_delivery(query: Query, delivery_id: UUID) -> Answer:
    """Show one delivery: its message, and every attempt with the receiver's answer."""
    column, attempt = t.outgoing_delivery.c, t.delivery_attempt.c
    own = visible(query.principal, t.outgoing_delivery)
    found = _ONE.where(column.id == delivery_id, column.state != SCHEDULED, own)
    row = query.connection.execute(found).mappings().one_or_none()
    if row is None:
        raise Unknown
    tries = select(t.delivery_attempt).where(attempt.delivery_id == delivery_id).order_by(attempt.number)
    names = ("number", "began_at", "milliseconds", "status", "error", "response")
    log = [{name: each[name] for name in names} for each in query.connection.execute(tries).mappings()]
    return Answer({**rendered_delivery(row), "body": orjson.loads(row["body"]), "log": log})


@blueprint.command("/deliveries/<uuid:delivery_id>/retry", roles=PARTIES, answers=schemas.OutgoingDelivery, status=202)
def retry_delivery(command: Command, delivery_id: UUID) -> Answer:
    """Send a delivery again, delivered or not, under the same id and with the same body."""
    within = visible(command.principal, t.outgoing_delivery)
    return Answer(rendered_delivery(endpoints.retry(command.connection, delivery_id, clock(), within)))


_ONE = select(t.outgoing_delivery)


def _own(asked: Query | Command) -> ColumnElement[bool]:
    return visible(asked.principal, t.webhook_endpoint)


def _shown(row: Mapping[Any, Any]) -> Answer:
    return Answer(rendered(row), version=row["version"])


def _shown_once(made: Made, headers: Mapping[str, str]) -> Answer:
    body = {**rendered(made.row), "secret": made.secret}
    return Answer(body, version=made.row["version"], headers=headers, confidential=True)


def rendered(row: Mapping[Any, Any]) -> dict[str, Any]:
    names = (
        "id",
        "url",
        "types",
        "description",
        "created_at",
        "failing_since",
        "disabled_at",
        "disabled_because",
        "version",
    )
    return {**{name: row[name] for name in names}, "former_secret_until": row["former_until"]}


def rendered_delivery(row: Mapping[Any, Any]) -> dict[str, Any]:
    names = ("id", "type", "state", "attempts", "status", "happened_at", "created_at", "finished_at")
    return {
        **{name: row[name] for name in names},
        "endpoint": row["endpoint_id"],
        "event_id": message_id(row["event_id"]),
        "next_attempt_at": row["due_at"] if row["state"] == PENDING else None,
    }
