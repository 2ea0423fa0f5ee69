"""Runs that meet each other, are killed, or come while amounts accrue: always the same documents, each once."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, func, select

from ledger.services.posting import Accounts
from ledger.store import tables as t
from ledger.store.engine import make_engine, reading, writing
from tests.billing.trade import AFTER_NOVEMBER, MID_OCTOBER, NOVEMBER, Trade

RUNS = 16
SUPPLIERS = 12

RUN_TO_BE_KILLED = """
    import os, sys, time
    from datetime import UTC, datetime
    from sqlalchemy import event
    from invoices.billing_run import bill
    from ledger.domain.calendar import Period
    from ledger.store.engine import make_engine

    engine = make_engine(sys.argv[1])
    portions = 0

    @event.listens_for(engine, "after_cursor_execute")
    def stop_at_the_second_portion(_connection, _cursor, statement, *_rest):
        global portions
        portions += statement.startswith('INSERT INTO "document" (')
        if portions >= 2:
            os.write(1, b"in the middle\\n")  # in one piece: on PostgreSQL several threads come by here
            time.sleep(600)

    bill(engine, Period(2026, 10), now=datetime(2026, 11, 2, 9, tzinfo=UTC), actor="x")
"""


def many(trade: Trade, lines: int = 20) -> list[UUID]:
    agreements = [trade.agree(f"agent-{number}") for number in range(SUPPLIERS)]
    with writing(trade.engine) as connection:
        for agreement in agreements:
            for turn in range(lines):
                trade.accrue(connection, agreement, 100 + turn, MID_OCTOBER)
    return agreements


def assert_billed_once(trade: Trade, lines: int = 20) -> None:
    documents = trade.documents()
    assert [document.line_count for document in documents] == [lines] * SUPPLIERS
    assert len({document.supplier_id for document in documents}) == SUPPLIERS
    assert [document.sequence for document in documents] == [1] * SUPPLIERS
    with reading(trade.engine) as connection:
        line = t.document_line.c
        query = select(func.count(), func.count(line.accrual_id.distinct()), func.count(line.document_id.distinct()))
        assert tuple(connection.execute(query).one()) == (lines * SUPPLIERS, lines * SUPPLIERS, SUPPLIERS)
        entries = select(func.count()).where(t.entry.c.kind == "invoice")
        assert connection.execute(entries).scalar_one() == SUPPLIERS
        assert connection.execute(select(func.sum(t.account.c.balance))).scalar_one() == 0
    assert trade.count(t.rendering) == SUPPLIERS


def test_sixteen_runs_at_once_issue_every_document_once(postgresql_url: str) -> None:
    engine = make_engine(postgresql_url, pool_size=RUNS * 2)
    trade = Trade(engine)
    many(trade)
    together = threading.Barrier(RUNS)

    def run(_turn: int) -> list[str]:
        together.wait()
        return sorted(str(document.number) for document in trade.bill().documents)

    with ThreadPoolExecutor(RUNS) as pool:
        found = list(pool.map(run, range(RUNS)))
    assert_billed_once(trade)
    assert all(numbers == found[0] for numbers in found)
    assert len(found[0]) == SUPPLIERS
    engine.dispose()


def test_a_document_does_not_read_all_lines_of_others_though_there_were_none_to_plan_for(postgresql_url: str) -> None:
    engine = make_engine(postgresql_url)
    trade = Trade(engine)
    trade.charge(trade.agree(), 18000)
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE document_line")
    plans: list[str] = []

    def explain(_connection: object, cursor: Any, statement: str, parameters: object, *_rest: object) -> None:
        if statement.startswith("INSERT INTO document_line "):
            with cursor.connection.cursor() as other:
                plans.append("\n".join(row[0] for row in other.execute(f"EXPLAIN {statement}", parameters)))

    event.listen(engine, "before_cursor_execute", explain)
    trade.bill()
    assert len(plans) == 1
    assert "Index Only Scan using uq_document_line_supplier_id_accrual_id" in plans[0]
    engine.dispose()


def test_runs_at_once_on_sqlite_issue_every_document_once(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    trade = Trade(engine)
    many(trade)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _turn: len(trade.bill().documents), range(4)))
    assert found == [SUPPLIERS] * 4
    assert_billed_once(trade)
    engine.dispose()


def test_what_accrues_while_a_run_goes_on_is_billed_once_now_or_next_time(postgresql_url: str) -> None:
    engine = make_engine(postgresql_url, pool_size=RUNS)
    trade = Trade(engine)
    agreements = many(trade)
    over = threading.Event()

    def accrue() -> int:
        made = 0
        while not over.is_set():
            with writing(engine) as connection:
                agreement = agreements[made % SUPPLIERS]
                lock = select(t.agreement.c.id).where(t.agreement.c.id == agreement).with_for_update()
                connection.execute(lock).all()
                trade.accrue(connection, agreement, 7, MID_OCTOBER)
            made += 1
        return made

    with ThreadPoolExecutor(1) as pool:
        accruing = pool.submit(accrue)
        trade.bill()
        over.set()
        made = accruing.result()
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    assert trade.count(t.document_line) == SUPPLIERS * 20 + made
    with reading(engine) as connection:
        owed = select(t.account.c.balance).where(t.account.c.kind == "accrued", t.account.c.balance != 0)
        assert connection.execute(owed).all() == []
    engine.dispose()


def test_a_run_killed_in_the_middle_left_whole_documents_and_is_completed_by_the_next(
    trade: Trade, database_url: str
) -> None:
    many(trade)
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(RUN_TO_BE_KILLED), database_url],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        process.send_signal(signal.SIGKILL)
    wait_until_quiet(trade.engine)
    whole = trade.documents()
    assert len(whole) < SUPPLIERS
    assert all(document.line_count == 20 == len(trade.lines(document.id)) for document in whole)
    assert trade.count(t.document_line) == 20 * len(whole)
    result = trade.bill()
    assert {document.id for document in result.documents if not document.is_new} == {document.id for document in whole}
    assert_billed_once(trade)


def wait_until_quiet(engine: Engine) -> None:
    """Until the server has noticed that the killed process is gone."""
    if engine.dialect.name == "sqlite":
        return
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    for _ in range(1200):
        with engine.connect() as connection:
            busy = connection.exec_driver_sql(f"{others} AND state <> 'idle'").scalar_one()
        if not busy:
            return
        time.sleep(0.05)
    raise AssertionError("the killed run is still at work")


@pytest.mark.parametrize("table", ["document_line", "number_series", "document", "entry", "transfer", "rendering"])
def test_a_failure_at_any_step_leaves_nothing_of_the_document(trade: Trade, table: str) -> None:
    agreement = trade.agree()
    trade.charge(agreement, 18000)
    with writing(trade.engine) as connection:
        Accounts(connection).of((trade.ids["acme-calls"], trade.ids["north-bank"], "GBP"))
    before = trade.balances()

    class PowerCut(Exception):
        pass

    def cut(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if f"INSERT INTO {table} " in statement.replace('"', ""):
            raise PowerCut

    event.listen(trade.engine, "after_cursor_execute", cut)
    with pytest.raises(PowerCut):
        trade.bill()
    event.remove(trade.engine, "after_cursor_execute", cut)
    for empty in (t.document, t.document_line, t.number_series, t.rendering):
        assert trade.count(empty) == 0
    assert trade.balances() == before
    trade.bill()
    assert trade.document().number == "ACME-NORTH-000001"
    with reading(trade.engine) as connection:
        states = select(t.billing_run.c.state).order_by(t.billing_run.c.id)
        assert list(connection.execute(states).scalars()) == ["failed", "done"]
