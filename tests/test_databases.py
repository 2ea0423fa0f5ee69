"""The fixtures themselves: what every other test with a database relies on."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import sqlalchemy as sa
from freezegun import freeze_time
from sqlalchemy import Engine

from ledger.domain.lifecycle import Verdict
from ledger.store.engine import make_engine, reading
from ledger.store.tables import metadata
from tests.services.market import Market
from tests.support import databases
from tests.support.leases import Engines, PostgresLeases
from tests.support.openings import ID

NUMBERED = (
    "SET LOCAL session_replication_role = replica; INSERT INTO number_series VALUES "
    "('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', 'invoice', 'A-B', 1)"
)


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_gets_a_migrated_database_of_its_own(engine: Engine, turn: int) -> None:
    with engine.begin() as connection:
        assert sa.inspect(connection).has_table("alembic_version")
        assert not sa.inspect(connection).has_table("mark")
        connection.execute(sa.text("CREATE TABLE mark (id integer)"))


def test_what_is_told_to_a_second_database_is_what_the_services_wrote_to_the_first_but_for_ids(
    sqlite_template: Path, tmp_path: Path
) -> None:
    rows, ids = [], []
    for name in ("first", "second"):
        (tmp_path / name).write_bytes(sqlite_template.read_bytes())
        engine = make_engine(databases.sqlite_url_of(tmp_path / name))
        market = Market(engine, slugs=("written-once",))
        with reading(engine) as connection:
            told = {table.name: connection.execute(table.select()).all() for table in metadata.sorted_tables}
        rows.append(ID.sub("an id", repr(told).replace("UUID(", "")))
        ids.append({found.group() for found in ID.finditer(repr(told))})
        assert market.state(market.taken(definition="written-once")).verdict is Verdict.PENDING
        engine.dispose()
    assert rows[0] == rows[1]
    assert len(ids[0]) == len(ids[1]) > 5 and ids[0].isdisjoint(ids[1])


def turn(leases: PostgresLeases, statement: str) -> str:
    """What one test does with a database that it is lent, and which one that was."""
    with leases.lent() as url, make_engine(url).begin() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM number_series")).scalar_one() == 0
        connection.execute(sa.text(statement))
    return url


def test_a_database_is_lent_again_emptied_unless_it_is_another_one_now(
    postgresql_server: databases.PostgresServer, engines: Engines
) -> None:
    leases = PostgresLeases(postgresql_server, engines)
    first = turn(leases, NUMBERED)
    for harm in ("DROP TRIGGER entry_no_update ON entry", "ALTER TABLE entry DISABLE TRIGGER entry_no_update",
                 "CREATE TABLE mark (id integer)", "UPDATE alembic_version SET version_num = '0000'"):  # fmt: skip
        assert turn(leases, harm) == first
        first = turn(leases, NUMBERED)
        assert turn(leases, "SELECT 1") == first
    with leases.lent() as url:
        waiting = make_engine(url).connect()
        waiting.execute(sa.text(NUMBERED))
    assert turn(leases, "SELECT 1") != url == first, "somebody is at work in it"
    waiting.invalidate()
    waiting.close()
    leases.close()


def test_an_engine_hears_nothing_that_another_ones_listener_is_told(sqlite_url: str) -> None:
    heard: list[Any] = []
    first, second = make_engine(sqlite_url), make_engine(sqlite_url)
    sa.event.listen(first, "before_cursor_execute", lambda *told: heard.append(told[0].engine))
    for engine in (first, second):
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 7"))
    assert set(heard) == {first}


def test_a_database_is_dropped_under_an_open_connection(postgresql_server: databases.PostgresServer) -> None:
    with postgresql_server.cloned() as url:
        connection = sa.create_engine(url).connect()
        connection.execute(sa.text("SELECT 1"))
    with pytest.raises(sa.exc.OperationalError, match="terminating connection"):
        connection.execute(sa.text("SELECT 1"))
    connection.invalidate()
    connection.close()


def test_postgresql_compares_text_by_code_point_as_sqlite_does(engine: Engine) -> None:
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT x FROM (SELECT 'a' AS x UNION SELECT 'B' UNION SELECT 'ä') AS t ORDER BY x")
        )
        assert rows.scalars().all() == ["B", "a", "ä"]


def test_frozen_time_goes_into_both_databases_and_comes_back(engine: Engine) -> None:
    moments = sa.Table("moment", sa.MetaData(), sa.Column("at", sa.DateTime(timezone=True)))
    moments.create(engine)
    with freeze_time("2026-10-25T00:30:00Z"), engine.begin() as connection:
        connection.execute(moments.insert(), {"at": datetime.now(UTC)})
        stored = connection.execute(sa.select(moments.c.at)).scalar_one()
    at = stored if stored.tzinfo else stored.replace(tzinfo=UTC)
    assert at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.fixture
def server_folder() -> Iterator[Path]:
    # pytest's own temporary folder closes its parents to other users, and PostgreSQL refuses to run as root.
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_a_server_left_by_a_killed_run_is_stopped_and_removed(server_folder: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from tests.support.databases import postgresql_server\n"
        "with postgresql_server(Path(sys.argv[1])) as server: print(server.socket_folder, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(server_folder)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    ) as owner:
        assert owner.stdout is not None
        abandoned = Path(owner.stdout.readline().strip())
        with databases.postgresql_server(server_folder) as other:
            assert abandoned.exists(), "its owner is alive"
            assert other.socket_folder != abandoned
        postmaster = psutil.Process(int((abandoned / "postmaster.pid").read_text().split()[0]))
        owner.kill()
    assert postmaster.is_running()

    with databases.postgresql_server(server_folder) as server:
        assert not postmaster.is_running()
        assert not abandoned.exists()
        with psycopg.connect(host=str(server.socket_folder), user="postgres") as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert list(server_folder.glob("*.lock")) == []
