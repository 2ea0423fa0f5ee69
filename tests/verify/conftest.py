"""The house that the tests of the verification look at: built once per engine, never changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile

import pytest
from sqlalchemy import Engine

from ledger.store.engine import make_engine
from tests.support import databases
from tests.verify.houses import House


@pytest.fixture(scope="session")
def sqlite_house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    path = folder / "ledger.sqlite"
    copyfile(sqlite_template, path)
    with _engine(databases.sqlite_url_of(path)) as engine:
        yield House(engine, folder / "documents")


@pytest.fixture(scope="session")
def postgresql_house(
    postgresql_server: databases.PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    with postgresql_server.cloned() as url, _engine(url) as engine:
        yield House(engine, tmp_path_factory.mktemp("house") / "documents")


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest) -> House:
    found: House = request.getfixturevalue(f"{request.param}_house")
    return found


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    yield engine
    engine.dispose()
