"""`/v1/suppressions`: contacts that a buyer's suppliers must leave alone.

A contact is hashed as soon as it is read. Nothing here stores or shows one.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from api.auth import BUYER, visible
from api.csv_bodies import ItemsAsCsv
from api.endpoints import Resource
from api.narrowing import narrowed
from api.schemas import filters
from api.schemas import suppressions as schemas
from api.units import Answer, Command, Query, settings
from ledger.services.suppressions import suppress
from ledger.store import tables as t

blueprint = Resource("suppressions", description="Contacts to leave alone, kept as keyed digests.")


@blueprint.command(
    "/suppressions",
    roles={BUYER},
    takes=schemas.SuppressionBody,
    answers=schemas.SuppressionCount,
    status=201,
    limit=4 * 1024 * 1024,
    reads=ItemsAsCsv(),
)
def suppress_contacts(command: Command) -> Answer:
    """Put up to 10,000 contacts on the list, all or none, as JSON or CSV.

    A submission of one of them is refused where the definition says so. What is on the list already changes nothing.
    """
    buyer_id = command.principal.organisation_id
    assert buyer_id is not None, "a buyer's key has its organisation"
    items = command.body["items"]
    added = suppress(
        command.connection,
        buyer_id,
        items,
        secret=settings().contact_secret,
        now=command.now,
        actor=command.principal.actor,
    )
    return Answer({"added": added, "known": len(items) - added})


@blueprint.listing("/suppressions", roles={BUYER}, item=schemas.Suppression, arguments=filters.SuppressionFilters)
def list_suppressions(query: Query) -> Answer:
    """List what is on the list, newest first, by digest."""
    column = t.suppression.c
    rows = select(t.suppression).where(visible(query.principal, t.suppression))
    rows = narrowed(rows, query.arguments, equal={"kind": column.kind}, within=column.created_at)
    return query.page(rows, [column.created_at, column.digest], rendered)


def rendered(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {"kind": row["kind"], "digest": row["digest"], "created_at": row["created_at"]}
