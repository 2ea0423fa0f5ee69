"""Billing runs that were asked for and whose process went away before they began: whoever finds one does it.

A run that stopped in the middle is not taken up by itself: its record says so, and running the month again
completes it.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, select, update

from invoices.billing_run import bill
from ledger.domain.calendar import Period
from ledger.store import tables as t
from ledger.store.engine import reading, writing

PATIENCE: Final = timedelta(minutes=1)
"""How long the process that was asked has time to begin."""


def finish_abandoned(engine: Engine, now: datetime) -> int:
    """Does every run that still waits; returns how many. Two finders never do the same one."""
    run, organisation = t.billing_run.c, t.organisation.c
    query = (
        select(run.id, run.period, run.dry_run, run.actor, organisation.slug)
        .join_from(t.billing_run, t.organisation, organisation.id == run.supplier_id, isouter=True)
        .where(run.state == "queued", run.created_at <= now - PATIENCE)
        .order_by(run.id)
    )
    with reading(engine) as connection:
        waiting = connection.execute(query).all()
    done = 0
    for found in waiting:
        with writing(engine) as connection:
            claimed = connection.execute(
                update(t.billing_run).where(run.id == found.id, run.state == "queued").values(state="running")
            ).rowcount
        if claimed:
            period = Period.from_number(found.period)
            bill(
                engine,
                period,
                now=now,
                actor=found.actor,
                supplier=found.slug,
                dry_run=found.dry_run,
                run_id=found.id,
            )
            done += 1
    return done
