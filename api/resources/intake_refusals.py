"""`/v1/intake-refusals`: submissions that were not taken, and every clause that they broke.

A supplier sees his own, a buyer those under his definitions, an admin all of them.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Select, String, func, or_, select, type_coerce

from api.auth import ADMIN, PARTIES, visible
from api.endpoints import Resource
from api.narrowing import narrowed
from api.schemas import intake_refusals as schemas
from api.units import Answer, Query
from ledger.store import tables as t

blueprint = Resource("intake-refusals", description="Submissions that were not taken, and why.")

_SUPPLIER, _BUYER = t.organisation.alias("supplier"), t.organisation.alias("buyer")


@blueprint.listing(
    "/intake-refusals",
    roles={ADMIN, *PARTIES},
    item=schemas.IntakeRefusal,
    arguments=schemas.IntakeRefusalFilters,
)
def list_intake_refusals(query: Query) -> Answer:
    """List refused submissions, newest first, with every clause that each of them broke."""
    rows = refusals().where(visible(query.principal, t.intake_refusal))
    refusal = t.intake_refusal.c
    rows = narrowed(
        rows,
        query.arguments,
        parties={"supplier": refusal.supplier_id, "buyer": refusal.buyer_id},
        within=refusal.submitted_at,
        search=(refusal.reference,),
    )
    if query.arguments["definition"] is not None:
        buyer, _, slug = query.arguments["definition"].rpartition(":")
        rows = rows.where(t.definition.c.slug == slug)
        rows = rows.where(_BUYER.c.slug == buyer) if buyer else rows
    if query.arguments["clause"] is not None:
        rows = rows.where(_broke(query.arguments["clause"], query.connection.dialect))
    return query.page(rows, [t.intake_refusal.c.id], rendered)


def refusals() -> Select[Any]:
    """Every refusal with the slugs of whom and what it is about."""
    refusal, version = t.intake_refusal.c, t.definition_version.c
    return (
        select(
            t.intake_refusal,
            _SUPPLIER.c.slug.label("supplier"),
            _BUYER.c.slug.label("buyer"),
            t.definition.c.slug.label("definition"),
            version.hash.label("definition_hash"),
        )
        .join(_SUPPLIER, _SUPPLIER.c.id == refusal.supplier_id)
        .join(_BUYER, _BUYER.c.id == refusal.buyer_id, isouter=True)
        .join(t.definition, t.definition.c.id == refusal.definition_id, isouter=True)
        .join(
            t.definition_version,
            (version.definition_id == refusal.definition_id) & (version.number == refusal.definition_version),
            isouter=True,
        )
    )


def rendered(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A refusal as its readers see it."""
    definition = {
        "slug": row["definition"],
        "version": row["definition_version"],
        "hash": row["definition_hash"],
    }
    return {
        "id": row["id"],
        "supplier": row["supplier"],
        "buyer": row["buyer"],
        "definition": None if row["definition"] is None else definition,
        "reference": row["reference"],
        "channel": row["channel"],
        "source": row["source"],
        "violations": row["violations"],
        "submitted_at": row["submitted_at"],
    }


def _broke(clause: str, dialect: Dialect) -> ColumnElement[bool]:
    """Whether one of the violations is of this clause, or of one within this section."""
    each = func.json_each if dialect.name == "sqlite" else func.json_array_elements
    violation = each(t.intake_refusal.c.violations).table_valued("value", name="violation")
    name = (
        func.json_extract(violation.c.value, "$.clause")
        if dialect.name == "sqlite"
        else func.json_extract_path_text(violation.c.value, "clause")
    )
    broken = type_coerce(name, String)
    within = broken.startswith(f"{clause}.", autoescape=True)
    return select(violation.c.value).where(or_(broken == clause, within)).exists()
