"""The disk fills, connections break under load: what was answered 201 is there, once, and nothing else is."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from freezegun import freeze_time
from sqlalchemy import Engine, create_engine, event, func, select, text

from api import create_app
from ledger.services import access
from ledger.store import tables as t
from ledger.store.engine import writing
from tests.api.conftest import Caller, organisation
from tests.api.terms import agreed, submission
from tests.support.applications import SECRET, store_of
from tests.support.databases import PostgresServer, sqlite_url_of

MONDAY = datetime(2026, 10, 5, 9, tzinfo=UTC)
AWAY = (503, "database_unavailable")
SUBMISSIONS, ROUNDS = 60, 20
BREAK = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with freeze_time(MONDAY):
        yield


@contextmanager
def market(url: str) -> Iterator[tuple[Engine, Callable[[], Caller]]]:
    """An application of its own with an agreement: its engine, and how to call it as the supplier from any thread."""
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
    engine = store_of(app).engine

    def key(kind: str, slug: str) -> str:
        with writing(engine) as connection:
            return access.issue_key(connection, kind, organisation(connection, kind, slug), MONDAY).secret

    buyer, supplier = key("buyer", "north-bank"), key("supplier", "acme-calls")
    agreed(Caller(app.test_client(), buyer), Caller(app.test_client(), supplier))
    yield engine, lambda: Caller(app.test_client(), supplier)
    store_of(app).dispose()


def submitted(supplier: Caller, number: int) -> tuple[int, str | None]:
    """What is answered to an appointment on a day of its own, where no cap is reached."""
    start = MONDAY + timedelta(days=1 + number)
    body = submission(
        reference=f"S-{number}",
        slot={"starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=30)).isoformat()},
        prospect={"name": "Ada Byron", "email": f"ada@engine-{number}.example", "region": "GB"},
    )
    answer = supplier("POST", "/v1/appointments", body, key=f"key-{number}")
    return answer.status_code, answer.json.get("code")


def taken(engine: Engine) -> list[str]:
    """The references on record, with the events and kept answers counted against them."""
    with engine.connect() as connection:
        references = list(connection.scalars(select(t.appointment.c.reference)))
        events = connection.execute(select(func.count()).select_from(t.appointment_event)).scalar_one()
        answers = select(func.count()).select_from(t.idempotency_key)
        assert events == connection.execute(answers).scalar_one() == len(references)
    return sorted(references, key=lambda reference: int(reference.removeprefix("S-")))


def test_a_full_disk_is_never_a_201_and_does_no_harm(sqlite_template: Path, tmp_path: Path) -> None:
    copyfile(sqlite_template, tmp_path / "ledger.sqlite")
    with market(sqlite_url_of(tmp_path / "ledger.sqlite")) as (engine, supplier_of):
        with engine.connect() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        room = pages + 20

        @event.listens_for(engine, "checkout")
        def limited(driver: Any, *_: Any) -> None:
            driver.execute(f"PRAGMA max_page_count = {room}").fetchall()

        supplier = supplier_of()
        answers = (submitted(supplier, number) for number in itertools.count())
        before = sum(1 for _ in itertools.takewhile(lambda answer: answer[0] == 201, answers))
        assert before > 0
        assert submitted(supplier, before) == AWAY
        assert taken(engine) == [f"S-{number}" for number in range(before)]
        assert supplier("GET", "/v1/appointments").status_code == 200
        room = 2 * pages
        assert submitted(supplier, before)[0] == 201
        assert taken(engine) == [f"S-{number}" for number in range(before + 1)]


def test_connections_that_break_under_load_leave_every_submission_once(postgresql_server: PostgresServer) -> None:
    with postgresql_server.cloned() as url, ThreadPoolExecutor(5) as pool:
        breaker = create_engine(url, isolation_level="AUTOCOMMIT")
        with breaker.connect() as connection, market(url) as (engine, supplier_of):

            def persistently(number: int) -> tuple[int, str | None]:
                supplier = supplier_of()
                while (answer := submitted(supplier, number)) == AWAY:
                    pass
                return answer

            work: list[Future[Any]] = [pool.submit(persistently, number) for number in range(SUBMISSIONS)]
            broken = 0
            for _ in range(ROUNDS):
                broken += connection.execute(BREAK).scalar_one()
                wait(work, timeout=0.05)
            assert {answer.result() for answer in work} == {(201, None)}
            assert broken > 0
            assert taken(engine) == [f"S-{number}" for number in range(SUBMISSIONS)]
        breaker.dispose()
