"""Bringing a database to the newest revision, and telling whether it is there.

Owns the Alembic configuration, so that no `alembic.ini` is needed at run time.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import make_url
from sqlalchemy.schema import CreateSchema

from ledger.store.engine import make_engine

SCRIPTS = Path(__file__).parents[2] / "migrations"


def config(url: str, key: str = "") -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(SCRIPTS))
    settings.attributes.update(url=url, key=key)
    return settings


def upgrade(url: str, revision: str = "head", *, schema: str | None = None, key: str = "") -> None:
    """Creates the folder of an SQLite file, or the `schema` that the URL names, and runs every missing migration.

    `key` is the installation's: what older revisions kept in the clear is sealed under it.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    if schema is not None:
        engine = make_engine(url)
        with engine.begin() as connection:
            connection.execute(CreateSchema(schema, if_not_exists=True))
        engine.dispose()
    command.upgrade(config(url, key), revision)


def downgrade(url: str, revision: str, *, key: str = "") -> None:
    command.downgrade(config(url, key), revision)


def newest() -> str:
    head = ScriptDirectory(str(SCRIPTS)).get_current_head()
    assert head is not None, "there is at least one migration"
    return head


def current(url: str) -> str | None:
    """The database's revision; None where it has no tables yet."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
