"""Fixtures every test may ask for: databases of both engines, and how Hypothesis looks for examples.

`database_url` and `engine` run a test once per engine; `sqlite_url` and `postgresql_url` are for what only one of
them does. Each test gets a database for itself, migrated and empty (`tests/support/leases.py`).
"""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, create_engine

from tests.support import databases
from tests.support.browser import fresh_page, launched
from tests.support.leases import Engines, PostgresLeases, SqliteLeases
from tests.support.schematron import verdict

# The same examples every time, so that a red test is red for everybody; a busy machine is no reason to fail, either.
# `HYPOTHESIS_PROFILE=search` looks for new ones.
hypothesis.settings.register_profile(
    "repeatable", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("search", deadline=None, max_examples=5_000, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


LONG = ("test_every_page", "test_main_jobs", "test_simulate_command", "test_state_machine", "test_fuzz", "test_serve")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first: whoever is done helps out with what is left, and one long test cannot be shared.

    A module's tests stay together, so that one process has all walks over the pages and makes one installation.
    """
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


def pytest_collection_finish() -> None:
    """What is there before the first test stays: nobody needs to look through it again for something to throw away.

    And what a test leaves is looked through more seldom than Python would.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def migrate(url: str) -> None:
    # Imported here so that a store in pieces does not keep the tests of the domain from running.
    from ledger.store.migrate import upgrade

    upgrade(url)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hashed by the same algorithm with the least of work: slowness is all that the rest would add."""
    from api import passwords

    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: quick)
        yield


@pytest.fixture(scope="session", autouse=True)
def e_invoices() -> Iterator[list[bytes]]:
    """Every e-invoice that this process has written since it was last looked at."""
    from invoices import cii, ubl

    written: list[bytes] = []

    def recorded(write: Callable[..., bytes]) -> Callable[..., bytes]:
        def writing(*arguments: Any) -> bytes:
            written.append(write(*arguments))
            return written[-1]

        return writing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cii, "write", recorded(cii.write))
        patch.setattr(ubl, "xml", recorded(ubl.xml))
        yield written


@pytest.fixture(autouse=True)
def every_e_invoice_is_valid(e_invoices: list[bytes]) -> Iterator[None]:
    """Whatever a test made XML for, the official schemas and rules have nothing against it."""
    yield
    new = dict.fromkeys(e_invoices)
    e_invoices.clear()
    for xml in new:
        found = verdict(xml)
        assert found.fired > 50
        assert found.failures == ()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[databases.PostgresServer]:
    """One server per test process, started by the first test that needs it, with a migrated template."""
    with databases.postgresql_server() as server:
        server.make_template(migrate)
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return databases.make_sqlite_template(tmp_path_factory.mktemp("template") / "ledger.sqlite", migrate)


@pytest.fixture(scope="session", autouse=True)
def engines() -> Iterator[Engines]:
    """Every engine that is made for a database of the tests."""
    made = Engines(create_engine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.store.engine.create_engine", made.create)
        yield made


@pytest.fixture(scope="session")
def postgresql_leases(postgresql_server: databases.PostgresServer, engines: Engines) -> Iterator[PostgresLeases]:
    leases = PostgresLeases(postgresql_server, engines)
    yield leases
    leases.close()


@pytest.fixture(scope="session")
def sqlite_leases(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, engines: Engines
) -> Iterator[SqliteLeases]:
    leases = SqliteLeases(sqlite_template, tmp_path_factory.mktemp("leases"), engines)
    yield leases
    leases.close()


@pytest.fixture
def postgresql_url(postgresql_leases: PostgresLeases) -> Iterator[str]:
    with postgresql_leases.lent() as url:
        yield url


@pytest.fixture
def sqlite_url(sqlite_leases: SqliteLeases) -> Iterator[str]:
    with sqlite_leases.lent() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    from ledger.store.engine import make_engine

    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that may talk to this machine only; the test fails if a script on it does."""
    with fresh_page(browser) as page:
        yield page
