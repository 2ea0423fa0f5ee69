"""Lists of appointments: the buyer's inbox by deadline, and what a supplier has submitted.

Owns the filters in the address, so that every view can be kept as a bookmark, and the pages by keyset. Refuses to
show a row of somebody else's: the organisation is part of every query.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from flask import Response, request
from sqlalchemy import and_

from api.databases import database
from api.languages import marked
from api.units import clock
from api.web.blueprint import pages, show
from api.web.sessions import only, person
from ledger.domain.calendar import day_bounds, format_instant, parse_instant
from ledger.domain.errors import Malformed
from ledger.domain.stage import Stage
from ledger.services import appointments as reads
from ledger.services import inbox as queue
from ledger.services.access import BUYER, SUPPLIER, visible
from ledger.store import tables as t
from ledger.store.engine import reading

PAGE: Final = 50
VIEWS: Final = {
    "awaiting": marked("Awaiting findings"),
    "coming": marked("Still to come"),
    "settled": marked("Settled"),
}
URGENT: Final = timedelta(hours=24)


@pages.get("/inbox")
@only(BUYER)
def inbox() -> Response:
    """What waits for the buyer's findings, by deadline; what is to come; what is settled."""
    view = request.args.get("show", "awaiting")
    if view not in VIEWS:
        raise Malformed.at("show", f"the inbox shows {', '.join(VIEWS)}")
    now, q = clock(), request.args.get("q", "").strip() or None
    buyer_id = person().principal.organisation_id
    assert buyer_id is not None, "a buyer's person has an organisation"
    _, midnight = day_bounds(now, person().time_zone)
    items: list[Any]
    following: str | None
    with reading(database().engine) as connection:
        counts = queue.counts(connection, buyer_id, now, midnight)
        if view == "settled":
            items, after = reads.page(
                connection,
                and_(t.appointment.c.buyer_id == buyer_id, queue.settled(now)),
                reads.Filters(q=q),
                now,
                limit=PAGE,
                after=identity(request.args.get("after")),
            )
            following = None if after is None else str(after)
        else:
            listed = queue.awaiting if view == "awaiting" else queue.coming
            items, key = listed(connection, buyer_id, now, limit=PAGE, after=_key(request.args.get("after")), q=q)
            following = None if key is None else f"{format_instant(key[0])}_{key[1]}"
    return show(
        "inbox",
        view=view,
        views=VIEWS,
        q=q or "",
        items=items,
        following=following,
        counts=counts,
        now=now,
        urgent=now + URGENT,
        zone=person().time_zone,
        is_first=not request.args.get("after"),
    )


@pages.get("/appointments")
@only(SUPPLIER)
def appointments() -> Response:
    """What the supplier has submitted, newest first."""
    now, q = clock(), request.args.get("q", "").strip() or None
    stage = request.args.get("stage") or None
    if stage is not None and stage not in list(Stage):
        raise Malformed.at("stage", "there is no such stage")
    with reading(database().engine) as connection:
        items, following = reads.page(
            connection,
            visible(person().principal, t.appointment),
            reads.Filters(stage=None if stage is None else Stage(stage), q=q),
            now,
            limit=PAGE,
            after=identity(request.args.get("after")),
        )
    return show(
        "appointments",
        items=items,
        following=following,
        q=q or "",
        stage=stage or "",
        stages=[each.value for each in Stage],
        now=now,
        zone=person().time_zone,
        is_first=not request.args.get("after"),
    )


def identity(text: str | None) -> UUID | None:
    """Where a list ordered by id goes on. Raises `Malformed`."""
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Malformed.at("after", "this is no place in the list") from None


def _key(text: str | None) -> queue.Key | None:
    if not text:
        return None
    instant, _, identity = text.partition("_")
    try:
        at: datetime = parse_instant(instant).astimezone(UTC)
        return at, UUID(identity)
    except ValueError:
        raise Malformed.at("after", "this is no place in the list") from None
