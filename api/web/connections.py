"""Connections by page: the accounts that send evidence, the address that each is to call, and what came through them.

Owns the words for what a provider proves and where its secret stands; the commands are the API's. A secret is taken in
and never shown again.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import ColumnElement, Connection, select

from api.databases import database
from api.languages import gettext, marked
from api.problems import problem_of
from api.resources.connections import attaching, owner_for, rendered
from api.schemas import connections as schemas
from api.schemas import load
from api.units import clock, settings
from api.web.acting import outcome_of
from api.web.blueprint import led_to, pages, show
from api.web.inbox import identity
from api.web.mending import problem_shown
from api.web.places import KEEPERS, keeper
from api.web.proving import proved
from api.web.sessions import only, person
from ledger.domain.errors import Refusal
from ledger.domain.signatures import Provider
from ledger.services import connections, deliveries
from ledger.services.access import ADMIN, visible
from ledger.store import tables as t
from ledger.store.engine import reading
from ledger.store.hooks import ATTACHED, IGNORED, LINK_KINDS, QUARANTINED, UNMATCHED

PAGE: Final = 50
STATES: Final = (UNMATCHED, QUARANTINED, ATTACHED, IGNORED)


@dataclass(frozen=True, slots=True)
class Told:
    """What a page says of a provider: its name, where its secret stands, what to send, what that proves."""

    name: str
    secret: str
    events: str
    proves: str


PROVIDERS: Final = {
    Provider.ZOOM: Told(
        "Zoom",
        marked("the app’s Secret Token"),
        marked("meeting.started, meeting.ended, meeting.participant_joined, meeting.participant_left"),
        marked("Who was there, and what the log covers. Zoom’s validation of the address is answered by itself."),
    ),
    Provider.CAL_COM: Told(
        "Cal.com",
        marked("the webhook’s Secret; a blank one is refused"),
        marked("Bookings, After Hosts/Guests Didn’t Join Cal Video, Booking No-show Updated"),
        marked("Bookings and their new ids, and who the session missed. Meeting Started/Ended prove nothing."),
    ),
    Provider.CALENDLY: Told(
        "Calendly",
        marked("the subscription’s signing_key"),
        marked("invitee.created, invitee.canceled, invitee_no_show.created, invitee_no_show.deleted"),
        marked("Bookings and their new ids; a no-show that a person marked."),
    ),
    Provider.TWILIO: Told(
        "Twilio",
        marked("the account’s Auth Token"),
        marked("the status callback of calls"),
        marked("How a call ended, which is weak: it may be voicemail. A buyer’s counts as a contact attempt."),
    ),
    Provider.STANDARD_WEBHOOKS: Told(
        "Standard Webhooks",
        marked("whsec_ and base64"),
        marked("presence, as the API’s documentation says"),
        marked("Whatever the sender is."),
    ),
}


@pages.get("/connections", endpoint="connections")
@only(*KEEPERS)
def connection_list() -> Response:
    """The accounts, newest first."""
    return _list()


def _list(refused: Refusal | None = None) -> Response:
    query = connections.rows().where(_own()).order_by(t.connection.c.id.desc())
    owners = select(t.organisation.c.slug, t.organisation.c.legal_name).order_by(t.organisation.c.slug)
    with reading(database().engine) as connection:
        rows = [rendered(row) for row in connection.execute(query).mappings()]
        known = connection.execute(owners).all() if keeper().is_operator else ()
    return show("connections", _status(refused), rows=rows, owners=known, **_form(refused))


@pages.post("/connections")
@only(*KEEPERS)
@proved
def connect() -> Response:
    """Connect an account."""
    who = keeper()
    given = {name: request.form.get(name, "").strip() for name in ("slug", "provider", "secret")}

    def work(connection: Connection) -> None:
        body = load(schemas.ConnectionBody(), {**given, "owner": request.form.get("owner") or None})
        connections.create(
            connection,
            body["slug"],
            Provider(body["provider"]),
            owner_for(connection, who, body["owner"]),
            body["secret"],
            settings().secret_key,
            clock(),
            who.actor,
        )

    came = outcome_of(work)
    if isinstance(came, Refusal):
        return _list(came)
    return led_to(url_for("web.connection", slug=given["slug"], done="made"))


@pages.get("/connections/<slug>")
@only(*KEEPERS)
def connection(slug: str) -> Response:
    """One account: the address to give to the provider, and what came from it."""
    return _page(slug)


def _page(slug: str, refused: Refusal | None = None) -> Response:
    wanted, after = request.args.get("state"), identity(request.args.get("after"))
    column, hint = t.incoming_delivery.c, t.delivery_hint.c
    with reading(database().engine) as database_:
        found = connections.one(database_, slug, _own())
        query = select(t.incoming_delivery).where(column.connection_id == found["id"])
        if wanted in STATES:
            query = query.where(column.state == wanted)
        if after is not None:
            query = query.where(column.id < after)
        came = list(database_.execute(query.order_by(column.id.desc()).limit(PAGE + 1)).mappings())
        waiting = [row["id"] for row in came if row["state"] == UNMATCHED]
        named = database_.execute(select(t.delivery_hint).where(hint.delivery_id.in_(waiting))).all() if waiting else ()
    hints: dict[UUID, list[str]] = {}
    for row in named:
        hints.setdefault(row.delivery_id, []).append(row.value if row.kind in LINK_KINDS else _kind(row.kind))
    return show(
        "connection",
        _status(refused),
        row=rendered(found),
        came=came[:PAGE],
        following=came[PAGE - 1]["id"] if len(came) > PAGE else None,
        hints=hints,
        states=STATES,
        state=wanted if wanted in STATES else None,
        may_release=ADMIN in keeper().roles,
        done=request.args.get("done"),
        **_form(refused),
    )


def _kind(kind: str) -> str:
    """What a person's contact is called; the digest by which it is known tells nobody anything."""
    words = {"email": gettext("an e-mail address"), "phone": gettext("a telephone number")}
    return words.get(kind, gettext("an appointment’s id"))


@pages.post("/connections/<slug>/rotate")
@only(*KEEPERS)
@proved
def rotate_connection(slug: str) -> Response:
    """Another secret; signatures made with the present one are taken for a while."""
    now = clock()
    until, secret = now + timedelta(hours=settings().key_grace_hours), request.form.get("secret", "").strip()
    key, own = settings().secret_key, _own()
    return _done(slug, lambda database_: connections.rotate(database_, slug, secret, key, now, until, own), "rotated")


@pages.post("/connections/<slug>/disable")
@only(*KEEPERS)
@proved
def disable_connection(slug: str) -> Response:
    """Nothing more comes in through it; what came stays."""
    return _done(slug, lambda database_: connections.disable(database_, slug, clock(), _own()), "disabled")


@pages.post("/connections/<slug>/deliveries/<uuid:delivery_id>/release")
@only(ADMIN)
def release_delivery(slug: str, delivery_id: UUID) -> Response:
    """Let a delivery out of quarantine, after looking at it."""

    def work(database_: Connection) -> UUID | None:
        found = connections.one(database_, slug, _own())
        return deliveries.release(database_, delivery_id, found["id"], settings().contact_secret)

    came = outcome_of(work)
    if isinstance(came, Refusal):
        return _page(slug, came)
    attach = attaching([] if came is None else [came], clock())
    if attach is not None:
        attach()
    return led_to(url_for("web.connection", slug=slug, done="released"))


def _done(slug: str, work: Any, what: str) -> Response:
    came = outcome_of(work)
    if isinstance(came, Refusal):
        return _page(slug, came)
    return led_to(url_for("web.connection", slug=slug, done=what))


def _own() -> ColumnElement[bool]:
    return visible(keeper(), t.connection)


def _form(refused: Refusal | None) -> dict[str, Any]:
    return {
        "providers": PROVIDERS,
        "given": request.form if refused is not None else {},
        "problem": problem_shown(refused),
        "zone": person().time_zone,
    }


def _status(refused: Refusal | None) -> int:
    return 200 if refused is None else problem_of(refused).status
