"""What one revision gave an installation and a later one takes away again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger.store.engine import make_engine
from ledger.store.migrate import current, downgrade, newest, upgrade
from tests.support import databases

MARK = "ALTER TABLE agreement ADD COLUMN billed_before {instant}"
SQLITE = [
    f"CREATE TRIGGER {name} AFTER {event} ON accrual WHEN NEW.state = 'open' AND NEW.amount > 0 "
    "BEGIN UPDATE agreement SET billed_before = NEW.effective_at WHERE id = NEW.agreement_id; END"
    for name, event in (("accrual_comes_late", "INSERT"), ("accrual_opens_late", "UPDATE"))
]
POSTGRESQL = [
    "CREATE FUNCTION bill_from_here() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
    *(
        f"CREATE TRIGGER {name} AFTER {event} ON accrual REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION bill_from_here()"
        for name, event in (("accrual_comes_late", "INSERT"), ("accrual_opens_late", "UPDATE"))
    ),
]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of its own, at the newest revision."""
    if request.param == "sqlite":
        upgrade(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
        yield f"sqlite:///{tmp_path / 'ledger.sqlite'}"
        return
    server: databases.PostgresServer = request.getfixturevalue("postgresql_server")
    with server.cloned() as cloned:
        yield cloned


def marked(connection: sa.Connection) -> tuple[bool, list[str]]:
    """Whether agreements have the mark, and the triggers that keep it."""
    found = {column["name"] for column in sa.inspect(connection).get_columns("agreement")}
    table, name = ("sqlite_master", "name") if connection.dialect.name == "sqlite" else ("pg_trigger", "tgname")
    late = sa.text(f"SELECT DISTINCT {name} FROM {table} WHERE {name} LIKE 'accrual_%_late' ORDER BY 1")
    return "billed_before" in found, list(connection.execute(late).scalars())


def test_the_mark_of_what_is_billed_is_taken_away_from_whoever_was_given_it(url: str) -> None:
    downgrade(url, "0011")
    engine = make_engine(url)
    on_sqlite = engine.dialect.name == "sqlite"
    with engine.begin() as connection:
        connection.exec_driver_sql(MARK.format(instant="TEXT" if on_sqlite else "timestamptz"))
        for statement in SQLITE if on_sqlite else POSTGRESQL:
            connection.exec_driver_sql(statement)
        assert marked(connection) == (True, ["accrual_comes_late", "accrual_opens_late"])
    engine.dispose()
    upgrade(url)
    engine = make_engine(url)
    with engine.connect() as connection:
        assert marked(connection) == (False, [])
        assert sa.inspect(connection).has_table("bank_line_aside")
    engine.dispose()
    assert current(url) == newest()
