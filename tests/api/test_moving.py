"""From SQLite to PostgreSQL: everything that was there is there, the sandbox too, or nothing is."""

from collections.abc import Callable, Iterable
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from sqlalchemy import Connection, Table, func, select

from api import create_app
from api.cli import main
from api.databases import SANDBOX
from api.units import CLOCK
from ledger.store import copying, tables
from ledger.store.bulk import copy_rows
from ledger.store.engine import make_engine
from tests.api import scene
from tests.api.conftest import Caller
from tests.api.play import booked
from tests.api.terms import body_of
from tests.support.applications import SECRET, store_of
from tests.support.databases import PostgresServer, sqlite_url_of

Command = Callable[..., Result]


@pytest.fixture
def here(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An SQLite file and its sandbox, as the settings name them."""
    for name in ("ledger.sqlite", "ledger.sandbox.sqlite"):
        copyfile(sqlite_template, tmp_path / name)
    url = sqlite_url_of(tmp_path / "ledger.sqlite")
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("DOCUMENTS_URL", (tmp_path / "documents").as_uri())
    monkeypatch.setenv("SECRET_KEY", SECRET)
    return url


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def rows_in(url: str) -> dict[str, int]:
    engine = make_engine(url)
    with engine.connect() as connection:
        counted = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables.metadata.sorted_tables
        }
    engine.dispose()
    return counted


def seen(client: FlaskClient, secret: str, path: str) -> Any:
    return body_of(Caller(client, secret)("GET", path))


def test_everything_moves_with_its_sandbox_and_verifies(
    here: str, tmp_path: Path, postgresql_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = scene.built(here, (tmp_path / "documents").as_uri())
    supplier = built.callers["supplier"]
    sandbox = body_of(supplier("POST", "/v1/sandbox", {}), 201)
    tester = sandbox["keys"]["supplier"]["secret"]
    booked(sandbox, Caller(supplier.client, tester), "t-1")
    asked = [(supplier.secret, path) for path in ("/v1/appointments", "/v1/invoices", "/v1/disputes", "/v1/agreements")]
    asked += [(tester, "/v1/appointments"), (tester, "/v1/sandbox")]
    before = [seen(supplier.client, *question) for question in asked]
    counted = rows_in(here)
    assert sum(1 for rows in counted.values() if rows) > 35

    with postgresql_server.cloned() as there:
        moved = run("copy-database", there, "--json")
        assert moved.exit_code == 0, moved.output
        assert rows_in(there) == counted
        monkeypatch.setenv("DATABASE_URL", there)
        verified = run("verify")
        assert verified.exit_code == 0, verified.output
        app = create_app({"TESTING": True})
        app.extensions[CLOCK] = lambda: built.now
        assert [seen(app.test_client(), *question) for question in asked] == before
        for store in (store_of(app), app.extensions[SANDBOX]):
            store.dispose()

        monkeypatch.setenv("DATABASE_URL", here)
        again = run("copy-database", there)
        assert again.exit_code == 1
        assert "copy_not_empty" in again.stderr
        assert rows_in(there) == counted


def test_a_copy_that_reads_otherwise_is_none(
    here: str, postgresql_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = (
        "--slug",
        "acme-calls",
        "--legal-name",
        "Acme Calls Ltd",
        "--country",
        "GB",
        "--time-zone",
        "Europe/London",
    )
    created = run("organisations", "create", "--kind", "supplier", *named)
    assert created.exit_code == 0, created.output

    def forged(connection: Connection, table: Table, portions: Iterable[Any]) -> None:
        rows = [list(row) for portion in portions for row in portion]
        if table is tables.organisation:
            rows[0][list(table.columns.keys()).index("legal_name")] += "!"
        copy_rows(connection, table, [rows] if rows else [])

    monkeypatch.setattr(copying, "copy_rows", forged)
    with postgresql_server.cloned() as there:
        result = run("copy-database", there)
        assert result.exit_code == 1
        assert "organisation does not read the same" in result.stderr
        assert not any(rows_in(there).values())


@pytest.mark.parametrize("url", ["sqlite:///other.sqlite", "mysql://host/name", "nonsense"])
def test_it_moves_to_postgresql_alone(here: str, url: str) -> None:
    assert run("copy-database", url).exit_code == 2
