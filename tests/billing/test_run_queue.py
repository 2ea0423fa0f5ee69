"""A run that was asked for is done, even if the process that was asked goes away."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, insert, select

from invoices.run_queue import finish_abandoned
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from ledger.store.types import new_id

ASKED = datetime(2026, 11, 2, 9, tzinfo=UTC)


def queued(engine: Engine) -> None:
    row = {"id": new_id(), "period": 202610, "dry_run": False, "state": "queued", "actor": "key:1", "created_at": ASKED}
    with writing(engine) as connection:
        connection.execute(insert(t.billing_run), {**row, "progress_done": 0, "progress_total": 0})


def state(engine: Engine) -> str:
    with reading(engine) as connection:
        return str(connection.execute(select(t.billing_run.c.state)).scalar_one())


def test_a_run_that_nobody_began_is_done_by_whoever_finds_it(engine: Engine) -> None:
    queued(engine)
    assert finish_abandoned(engine, ASKED + timedelta(minutes=2)) == 1
    assert state(engine) == "done"
    assert finish_abandoned(engine, ASKED + timedelta(minutes=3)) == 0


def test_a_run_is_left_to_the_process_that_was_asked_for_a_while(engine: Engine) -> None:
    queued(engine)
    assert finish_abandoned(engine, ASKED + timedelta(seconds=30)) == 0
    assert state(engine) == "queued"
