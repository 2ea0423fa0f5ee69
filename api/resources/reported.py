"""`/v1/activity` and `/v1/sales`: what the parties report of their own, for the rates in the reports.

Taken as JSON or CSV, all items or none. The same again changes nothing; other figures are a correction.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import select

from api.auth import ADMIN, BUYER, SUPPLIER, visible
from api.csv_bodies import ItemsAsCsv
from api.endpoints import Resource
from api.schemas import reported as schemas
from api.units import Answer, Command, Query
from ledger.services import reported
from ledger.store import tables as t

blueprint = Resource("reported", description="Dials and conversations of suppliers, sales of buyers.")

LIMIT = 4 * 1024 * 1024
_SUPPLIER, _BUYER = t.organisation.alias("supplier"), t.organisation.alias("buyer")


@blueprint.command(
    "/activity",
    roles={SUPPLIER},
    takes=schemas.ActivityBody,
    answers=schemas.Counted,
    limit=LIMIT,
    reads=ItemsAsCsv(numbers=frozenset({"dials", "conversations"})),
)
def report_activity(command: Command) -> Answer:
    """Report dials and conversations per day and source.

    The same day, definition, source and channel again is a correction if its figures differ.
    """
    counted = reported.report_activity(
        command.connection, own(command), command.body["items"], now=command.now, actor=command.principal.actor
    )
    return Answer(asdict(counted))


@blueprint.listing("/activity", roles={SUPPLIER, ADMIN}, item=schemas.Activity, arguments=schemas.ActivityFilters)
def list_activity(query: Query) -> Answer:
    """List reported activity, what was reported last first."""
    row, asked = t.activity.c, query.arguments
    rows = (
        select(
            t.activity,
            _SUPPLIER.c.slug.label("supplier"),
            _BUYER.c.slug.label("buyer"),
            t.definition.c.slug.label("definition"),
        )
        .join(_SUPPLIER, _SUPPLIER.c.id == row.supplier_id)
        .outerjoin(_BUYER, _BUYER.c.id == row.buyer_id)
        .outerjoin(t.definition, t.definition.c.id == row.definition_id)
        .where(visible(query.principal, t.activity))
    )
    if asked["from_"] is not None:
        rows = rows.where(row.day >= asked["from_"])
    if asked["to"] is not None:
        rows = rows.where(row.day < asked["to"])
    for name in ("source", "channel"):
        if asked[name] is not None:
            rows = rows.where(row[name] == asked[name])
    if asked["history"] == "no":
        rows = rows.where(reported.current(t.activity, row.supplier_id, row.subject))
    return query.page(rows, [row.id], lambda found: {name: found[name] for name in schemas.Activity().fields})


@blueprint.command(
    "/sales",
    roles={BUYER},
    takes=schemas.SalesBody,
    answers=schemas.Counted,
    limit=LIMIT,
    reads=ItemsAsCsv(numbers=frozenset({"revenue.amount"}), flags=frozenset({"won"})),
)
def report_sales(command: Command) -> Answer:
    """Report what came of appointments: a sale each, with its revenue where you like.

    The same appointment again is a correction if anything differs. Suppliers see how many there were,
    never the revenue.
    """
    counted = reported.report_sales(
        command.connection, own(command), command.body["items"], now=command.now, actor=command.principal.actor
    )
    return Answer(asdict(counted))


@blueprint.listing("/sales", roles={BUYER, ADMIN}, item=schemas.Sale, arguments=schemas.SaleFilters)
def list_sales(query: Query) -> Answer:
    """List reported sales, what was reported last first."""
    row = t.sale.c
    rows = (
        select(t.sale, _SUPPLIER.c.slug.label("supplier"), t.appointment.c.reference)
        .join(_SUPPLIER, _SUPPLIER.c.id == row.supplier_id)
        .join(t.appointment, t.appointment.c.id == row.appointment_id)
        .where(visible(query.principal, t.sale))
    )
    if query.arguments["supplier"] is not None:
        rows = rows.where(_SUPPLIER.c.slug == query.arguments["supplier"])
    if query.arguments["history"] == "no":
        rows = rows.where(reported.current(t.sale, row.appointment_id))
    return query.page(rows, [row.id], _sale)


def own(command: Command) -> UUID:
    """The organisation that a party's key acts for."""
    organisation_id = command.principal.organisation_id
    assert organisation_id is not None, "a party's key has its organisation"
    return organisation_id


def _sale(row: Mapping[Any, Any]) -> dict[str, Any]:
    revenue = None if row["revenue"] is None else {"amount": row["revenue"], "currency": row["currency"]}
    plain = ("id", "supplier", "reference", "won", "closed_on", "revision", "recorded_at")
    return {"appointment": row["appointment_id"], "revenue": revenue, **{name: row[name] for name in plain}}
