"""What is on record of a billing run: who asked for it, how far it is, what came of it.

Owns the `billing_run` row from its beginning to its end. A run that stopped in the middle shows as failed or, after a
crash, as running; either way what it issued stays issued, and running it again completes it.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, insert, update

from ledger.domain.calendar import Period
from ledger.domain.errors import Refusal
from ledger.store import tables as t
from ledger.store.engine import writing
from ledger.store.types import new_id

STOPPED = "stopped before its end; what was issued stays, running it again completes it"


class Record:
    """The row of one run. `result` is set by the run before it ends."""

    def __init__(self, engine: Engine, run_id: UUID) -> None:
        self._engine = engine
        self.run_id = run_id
        self.result: dict[str, Any] = {}

    def set(self, **values: Any) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(t.billing_run).where(t.billing_run.c.id == self.run_id).values(**values))


@contextmanager
def recorded(
    engine: Engine,
    period: Period,
    *,
    supplier_id: UUID | None,
    dry_run: bool,
    actor: str,
    run_id: UUID | None,
    now: datetime,
) -> Iterator[Record]:
    """Keeps the row of a run up to date around it; makes one where `run_id` names none."""
    record = Record(engine, run_id or new_id())
    if run_id is None:
        with writing(engine) as connection:
            connection.execute(
                insert(t.billing_run),
                {
                    "id": record.run_id,
                    "period": period.number,
                    "supplier_id": supplier_id,
                    "dry_run": dry_run,
                    "state": "running",
                    "actor": actor,
                    "progress_done": 0,
                    "progress_total": 0,
                    "created_at": now,
                },
            )
    else:
        record.set(state="running")
    error: str | None = STOPPED
    try:
        yield record
        error = None
    except Refusal as refusal:
        error = str(refusal)
        raise
    finally:
        ended = {"error": error, "result": record.result, "finished_at": now}
        if error is None:
            record.set(state="done", **ended)
        else:
            with suppress(Refusal):
                record.set(state="failed", **ended)
