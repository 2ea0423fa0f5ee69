"""Lists of appointments: the buyer's inbox by deadline, and what a supplier has submitted.

Owns the filters in the address, so that every view can be kept as a bookmark and an appointment that is opened from
one knows what comes next there, and the pages by keyset. Refuses to show a row of somebody else's: the organisation
is part of every query.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from flask import Response, request
from sqlalchemy import Connection

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
from ledger.services.access import BUYER, SUPPLIER
from ledger.store import tables as t
from ledger.store.engine import reading

PAGE: Final = 50
VIEWS: Final = {
    "awaiting": marked("Awaiting findings"),
    "coming": marked("Still to come"),
    "settled": marked("Settled"),
}
TODAY: Final = "today"
URGENT: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The filters of the address: as they stand there, as the queue reads them, and who can be chosen."""

    asked: Mapping[str, str]
    filters: queue.Filters
    suppliers: list[tuple[UUID, str, str]]
    midnight: datetime


def narrowed(connection: Connection, buyer_id: UUID, now: datetime) -> Narrowed:
    """What the reader has narrowed the inbox to. Raises `Malformed`."""
    asked = {name: request.args.get(name, "").strip() for name in ("q", "supplier", "due")}
    asked = {name: value for name, value in asked.items() if value}
    suppliers = queue.suppliers(connection, buyer_id)
    supplier_id = next((id_ for id_, slug, _ in suppliers if slug == asked.get("supplier")), None)
    if "supplier" in asked and supplier_id is None:
        raise Malformed.at("supplier", "Choose one of the suppliers that you have an agreement with.")
    if asked.get("due", TODAY) != TODAY:
        raise Malformed.at("due", "The inbox narrows to what is due today, or not at all.")
    _, midnight = day_bounds(now, person().time_zone)
    filters = queue.Filters(asked.get("q"), supplier_id, midnight if "due" in asked else None)
    return Narrowed(asked, filters, suppliers, midnight)


@pages.get("/inbox")
@only(BUYER)
def inbox() -> Response:
    """What waits for the buyer's findings, by deadline; what is to come; what is settled."""
    view = request.args.get("show", "awaiting")
    if view not in VIEWS:
        raise Malformed.at("show", f"the inbox shows {', '.join(VIEWS)}")
    now, buyer_id = clock(), person().principal.organisation_id
    assert buyer_id is not None, "a buyer's person has an organisation"
    items: list[Any]
    following: str | None
    with reading(database().engine) as connection:
        wanted = narrowed(connection, buyer_id, now)
        counts = queue.counts(connection, buyer_id, now, wanted.midnight)
        if view == "settled":
            within = [queue.settled(now)]
            if wanted.filters.supplier_id is not None:
                within.append(t.appointment.c.supplier_id == wanted.filters.supplier_id)
            principal, asked = person().principal, reads.Filters(q=wanted.filters.q)
            after = identity(request.args.get("after"))
            items, last = reads.page(connection, principal, asked, now, limit=PAGE, after=after, within=within)
            following = None if last is None else str(last)
        else:
            listed = queue.awaiting if view == "awaiting" else queue.coming
            place = _key(request.args.get("after"))
            items, key = listed(connection, buyer_id, now, limit=PAGE, after=place, filters=wanted.filters)
            following = None if key is None else f"{format_instant(key[0])}_{key[1]}"
    return show(
        "inbox",
        view=view,
        views=VIEWS,
        asked=wanted.asked,
        suppliers=wanted.suppliers,
        items=items,
        following=following,
        counts=counts,
        most=queue.MOST,
        now=now,
        urgent=now + URGENT,
        zone=person().time_zone,
        is_first=not request.args.get("after"),
        done=request.args.get("done", type=int),
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
            person().principal,
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
