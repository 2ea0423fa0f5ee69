"""The database of an application: one engine, made when it is first needed.

Owns the bringing-up of an empty or older SQLite file. Refuses (503) whatever needs a database that is away, and a
PostgreSQL that `migrate` has not been run on says so in `/readyz`.
"""

import threading
from typing import Final

from alembic.migration import MigrationContext
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import OperationalError

from ledger.domain.errors import Unavailable
from ledger.store import migrate
from ledger.store.engine import make_engine, reading

EXTENSION: Final = "appointment-ledger-database"

_MIGRATING = threading.Lock()
"""Alembic keeps its context in a module, so one migration at a time in a process."""


class Database:
    """`engine` connects lazily; until SQLite's file is at the newest revision, every use tries to bring it there."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.url = url
        self._engine = make_engine(url, pool_size=pool_size)
        self._ready = make_url(url).get_backend_name() != "sqlite"

    @property
    def engine(self) -> Engine:
        if not self._ready:
            migrate_database(self.url)
            self._ready = True
        return self._engine

    @property
    def is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    def check_migrated(self) -> None:
        """Raises `Unavailable` unless the database answers and is at the newest revision."""
        with reading(self.engine) as connection:
            found = MigrationContext.configure(connection).get_current_revision()
        if found != migrate.newest():
            raise Unavailable("the database is not at the newest revision", code="database_not_migrated")

    def dispose(self) -> None:
        self._engine.dispose()


def migrate_database(url: str) -> bool:
    def forget(self) -> None:
        """Lets go of former contents of pages that the database file still has beside the present ones."""
        if not self.is_sqlite:
            return
        connection = self._engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()

    """Brings a database to the newest revision; whether there was anything to do. Raises `Unavailable`."""
    with _MIGRATING:
        try:
            if migrate.current(url) == migrate.newest():
                return False
        except OperationalError:
            pass  # no such folder yet: `upgrade` makes it, or says why not
        try:
            migrate.upgrade(url)
        except OperationalError as error:
            raise Unavailable("the database is not available; nothing was done", code="database_unavailable") from error
        except (CommandError, OSError) as error:
            raise Unavailable(f"the database cannot be migrated: {error}", code="database_unavailable") from error
    return True


def database() -> Database:
    """The current application's."""
    found = current_app.extensions[EXTENSION]
    assert isinstance(found, Database)
    return found
