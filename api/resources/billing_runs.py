"""`/v1/billing-runs`: billing a month, and what came of it.

A run is on record before it begins. It goes on in transactions of its own, one per document, so that a run that
stops in the middle is completed by the next one.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from api.auth import ADMIN, FINANCE
from api.databases import database
from api.endpoints import Resource
from api.narrowing import narrowed
from api.schemas import billing as schemas
from api.schemas import filters
from api.units import Answer, Command, Query, clock, with_id
from invoices.billing_run import bill, check_ended
from ledger.domain.calendar import Period
from ledger.domain.errors import Unknown
from ledger.services import parties
from ledger.store import tables as t
from ledger.store.types import new_id

blueprint = Resource("billing-runs", description="Billing runs: a month's accruals become documents.")

ROLES = {FINANCE, ADMIN}


@blueprint.command("/billing-runs", roles=ROLES, takes=schemas.RunBody, answers=schemas.Run, status=202)
def start_billing_run(command: Command) -> Answer:
    """Bill a month.

    Running it again gives the same documents and no second one. A period that has not ended in the last of the
    zones it covers is refused; parked suppliers and an empty month are none.
    """
    period: Period = command.body["period"]
    slug = command.body["supplier"]
    supplier_id = None if slug is None else parties.organisation(command.connection, slug)["id"]
    check_ended(command.connection, period, supplier_id, command.now)
    run_id = new_id()
    command.connection.execute(
        insert(t.billing_run),
        {
            "id": run_id,
            "period": period.number,
            "supplier_id": supplier_id,
            "dry_run": command.body["dry_run"],
            "state": "queued",
            "progress_done": 0,
            "progress_total": 0,
            "actor": command.principal.actor,
            "created_at": command.now,
        },
    )

    def go() -> None:
        bill(
            database().engine,
            period,
            now=clock(),
            actor=command.principal.actor,
            supplier=slug,
            dry_run=command.body["dry_run"],
            run_id=run_id,
        )

    shown = _rendered(command.connection.execute(_RUNS.where(t.billing_run.c.id == run_id)).mappings().one())
    return Answer(shown, headers=with_id("/v1/billing-runs", run_id), then=go)


@blueprint.listing("/billing-runs", roles=ROLES, item=schemas.Run, arguments=filters.RunFilters)
def list_billing_runs(query: Query) -> Answer:
    """List billing runs, newest first."""
    column, asked = t.billing_run.c, dict(query.arguments)
    asked["period"] = asked["period"] and asked["period"].number
    rows = narrowed(_RUNS, asked, equal={"period": column.period, "state": column.state})
    return query.page(rows, [column.id], _rendered)


@blueprint.query("/billing-runs/<uuid:run_id>", roles=ROLES, answers=schemas.Run)
def show_billing_run(query: Query, run_id: UUID) -> Answer:
    """Show a billing run: state, progress, documents, parked suppliers, totals."""
    row = query.connection.execute(_RUNS.where(t.billing_run.c.id == run_id)).mappings().one_or_none()
    if row is None:
        raise Unknown("there is no such billing run")
    return Answer(_rendered(row))


_RUNS = select(t.billing_run, t.organisation.c.slug.label("supplier")).join_from(
    t.billing_run, t.organisation, t.organisation.c.id == t.billing_run.c.supplier_id, isouter=True
)


def _rendered(row: Any) -> dict[str, Any]:
    result = row["result"] or {}
    return {
        "id": row["id"],
        "period": str(Period.from_number(row["period"])),
        "supplier": row["supplier"],
        "dry_run": row["dry_run"],
        "state": row["state"],
        "progress": {"done": row["progress_done"], "total": row["progress_total"]},
        "documents": result.get("documents", []),
        "parked": result.get("parked", []),
        "totals": result.get("totals", []),
        "error": row["error"],
        "created_at": row["created_at"],
        "finished_at": row["finished_at"],
    }
