"""Webhook endpoints by page: made, changed, switched off and on, removed; and the log of what was sent to each.

Owns the forms; the commands are the API's. A secret is in the answer to its form alone, for who has shown the password.
A form says which version of the endpoint it was filled in on.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import ColumnElement, Connection, select

from api.databases import database
from api.languages import gettext
from api.problems import problem_of
from api.schemas import load
from api.schemas import webhooks as schemas
from api.units import clock, settings
from api.web.acting import outcome_of
from api.web.blueprint import led_to, pages, show
from api.web.inbox import identity
from api.web.mending import problem_shown
from api.web.places import of_party
from api.web.proving import proved
from api.web.sessions import only, person
from ledger.domain.announcing import TYPES, message_id
from ledger.domain.errors import Refusal, Unknown
from ledger.services import endpoints
from ledger.services.access import PARTIES, visible
from ledger.services.endpoints import MOST_PER_ORGANISATION, Made
from ledger.store import tables as t
from ledger.store.engine import reading
from ledger.store.webhooks import DELIVERED, FAILED, PENDING, SCHEDULED

PAGE: Final = 50
STATES: Final = (PENDING, DELIVERED, FAILED)
GROUPS: Final = tuple(dict.fromkeys(name.partition(".")[0] for name in TYPES))
"""What events are about, in the order of the documentation."""


@pages.get("/webhooks", endpoint="endpoints")
@only(*PARTIES)
def endpoint_list() -> Response:
    """The organisation's endpoints and how they do."""
    return _list()


def _list(refused: Refusal | None = None) -> Response:
    alive = t.webhook_endpoint.c.deleted_at.is_(None)
    query = select(t.webhook_endpoint).where(_own(), alive).order_by(t.webhook_endpoint.c.id.desc())
    with reading(database().engine) as connection:
        rows = list(connection.execute(query).mappings())
    return show("endpoints", _status(refused), rows=rows, most=MOST_PER_ORGANISATION, **_form(refused))


@pages.post("/webhooks")
@only(*PARTIES)
@proved
def make_endpoint() -> Response:
    """A new endpoint, its secret shown this once."""
    who = of_party()
    organisation_id = who.organisation_id
    assert organisation_id is not None, "a party has its organisation"

    def work(connection: Connection) -> Made:
        body = load(schemas.WebhookEndpointBody(), _given())
        return endpoints.create(
            connection,
            organisation_id,
            body["url"],
            body["types"],
            body["description"],
            settings().secret_key,
            clock(),
            who.actor,
            private=settings().webhooks_to_private_networks,
        )

    made = outcome_of(work)
    return _list(made) if isinstance(made, Refusal) else _secret(made)


@pages.get("/webhooks/<uuid:endpoint_id>")
@only(*PARTIES)
def endpoint(endpoint_id: UUID) -> Response:
    """One endpoint: what it is told, how it does, what was sent to it."""
    return _page(endpoint_id)


def _page(endpoint_id: UUID, refused: Refusal | None = None) -> Response:
    wanted = request.args.get("state")
    column = t.outgoing_delivery.c
    query = select(t.outgoing_delivery).where(column.endpoint_id == endpoint_id, column.state != SCHEDULED)
    if wanted in STATES:
        query = query.where(column.state == wanted)
    after = identity(request.args.get("after"))
    if after is not None:
        query = query.where(column.id < after)
    with reading(database().engine) as connection:
        row = endpoints.one(connection, endpoint_id, _own())
        sent = list(connection.execute(query.order_by(column.id.desc()).limit(PAGE + 1)).mappings())
    return show(
        "endpoint",
        _status(refused),
        row=row,
        sent=sent[:PAGE],
        following=sent[PAGE - 1]["id"] if len(sent) > PAGE else None,
        states=STATES,
        state=wanted if wanted in STATES else None,
        done=request.args.get("done"),
        **_form(refused),
    )


@pages.post("/webhooks/<uuid:endpoint_id>")
@only(*PARTIES)
@proved
def change_endpoint(endpoint_id: UUID) -> Response:
    """Another URL, other types, another description."""
    version = request.form.get("version", "")

    def work(connection: Connection) -> object:
        body = load(schemas.WebhookEndpointChange(), _given())
        return endpoints.change(
            connection,
            endpoint_id,
            body,
            _own(),
            private=settings().webhooks_to_private_networks,
            expected_version=int(version) if version.isascii() and version.isdigit() else 0,
        )

    return _done(endpoint_id, work, "changed")


@pages.post("/webhooks/<uuid:endpoint_id>/rotate")
@only(*PARTIES)
@proved
def rotate_endpoint(endpoint_id: UUID) -> Response:
    """Another secret, shown this once; for a while messages carry both signatures."""
    until = clock() + timedelta(hours=settings().key_grace_hours)
    made = outcome_of(lambda c: endpoints.rotate(c, endpoint_id, settings().secret_key, until, _own()))
    return _page(endpoint_id, made) if isinstance(made, Refusal) else _secret(made)


@pages.post("/webhooks/<uuid:endpoint_id>/<any(enable, disable, test):what>")
@only(*PARTIES)
def command_endpoint(endpoint_id: UUID, what: str) -> Response:
    """Switch it on or off, or try it out."""
    now = clock()

    def work(connection: Connection) -> object:
        if what == "enable":
            return endpoints.enable(connection, endpoint_id, now, _own(), at=now)
        if what == "disable":
            return endpoints.disable(connection, endpoint_id, now, _own())
        return endpoints.test(connection, endpoint_id, now, _own(), livemode=True)

    return _done(endpoint_id, work, what)


@pages.post("/webhooks/<uuid:endpoint_id>/delete")
@only(*PARTIES)
def delete_endpoint(endpoint_id: UUID) -> Response:
    """Nothing more is sent; the log stays."""
    came = outcome_of(lambda connection: endpoints.remove(connection, endpoint_id, clock(), _own()))
    return _page(endpoint_id, came) if isinstance(came, Refusal) else led_to(url_for("web.endpoints"))


@pages.get("/deliveries/<uuid:delivery_id>")
@only(*PARTIES)
def delivery(delivery_id: UUID) -> Response:
    """One message, and how each attempt to deliver it went."""
    return _delivery(delivery_id)


@pages.post("/deliveries/<uuid:delivery_id>/retry")
@only(*PARTIES)
def retry_delivery(delivery_id: UUID) -> Response:
    """Send it again, delivered or not."""
    within = visible(of_party(), t.outgoing_delivery)
    came = outcome_of(lambda connection: endpoints.retry(connection, delivery_id, clock(), within))
    if isinstance(came, Refusal):
        return _delivery(delivery_id, came)
    return led_to(url_for("web.delivery", delivery_id=delivery_id, done="retry"))


def _delivery(delivery_id: UUID, refused: Refusal | None = None) -> Response:
    column, attempt = t.outgoing_delivery.c, t.delivery_attempt.c
    own = visible(of_party(), t.outgoing_delivery)
    found = select(t.outgoing_delivery, t.webhook_endpoint.c.url, t.webhook_endpoint.c.deleted_at).join_from(
        t.outgoing_delivery, t.webhook_endpoint, t.webhook_endpoint.c.id == column.endpoint_id
    )
    tries = select(t.delivery_attempt).where(attempt.delivery_id == delivery_id).order_by(attempt.number.desc())
    with reading(database().engine) as connection:
        query = found.where(column.id == delivery_id, column.state != SCHEDULED, own)
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise Unknown
        log = list(connection.execute(tries).mappings())
    return show(
        "delivery",
        _status(refused),
        row=row,
        log=log,
        event_id=message_id(row["event_id"]),
        body=json.dumps(json.loads(row["body"]), indent=2, ensure_ascii=False),
        done=request.args.get("done"),
        now=clock(),
        problem=problem_shown(refused),
        zone=person().time_zone,
    )


def _own() -> ColumnElement[bool]:
    return visible(of_party(), t.webhook_endpoint)


def _done(endpoint_id: UUID, work: Callable[[Connection], object], what: str) -> Response:
    came = outcome_of(work)
    if isinstance(came, Refusal):
        return _page(endpoint_id, came)
    return led_to(url_for("web.endpoint", endpoint_id=endpoint_id, done=what))


def _given() -> dict[str, Any]:
    """The form as the API's body: no types chosen are all of them."""
    types = None if request.form.get("which") == "all" else request.form.getlist("types")
    description = request.form.get("description", "").strip() or None
    return {"url": request.form.get("url", "").strip(), "types": types, "description": description}


def _form(refused: Refusal | None) -> Mapping[str, Any]:
    given = {**request.form.to_dict(), "types": request.form.getlist("types")} if refused is not None else {}
    types = {group: [name for name in TYPES if name.startswith(f"{group}.")] for group in GROUPS}
    return {"given": given, "types": types, "problem": problem_shown(refused), "zone": person().time_zone}


def _status(refused: Refusal | None) -> int:
    return 200 if refused is None else problem_of(refused).status


def _secret(made: Made) -> Response:
    return show(
        "shown_once",
        title=gettext("Secret of the endpoint"),
        secrets=[(gettext("Secret"), made.secret)],
        note=gettext("Every message is signed with it, as Standard Webhooks says. Give it to your receiver now."),
        onward=url_for("web.endpoint", endpoint_id=made.row["id"]),
        section="web.endpoints",
    )
