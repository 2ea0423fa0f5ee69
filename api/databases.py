"""The database of an application: one engine, made when it is first needed.

Owns the bringing-up of an empty or older SQLite file. Refuses (503) whatever needs a database that is away, and a
PostgreSQL that `migrate` has not been run on says so in `/readyz`.
"""

import threading
from pathlib import Path
from typing import Final

from alembic.migration import MigrationContext
from alembic.util import CommandError
from flask import current_app, has_request_context, request
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from api.auth import secret_of
from api.settings import SANDBOX_SCHEMA
from ledger.domain.errors import Unauthenticated, Unavailable
from ledger.services.access import is_test
from ledger.store import migrate
from ledger.store.engine import make_engine, reading

EXTENSION: Final = "appointment-ledger-database"
SANDBOX: Final = "appointment-ledger-sandbox"

_MIGRATING = threading.Lock()
"""Alembic keeps its context in a module, so one migration at a time in a process."""


class Database:
    """`engine` connects lazily; until SQLite's file is at the newest revision, every use tries to bring it there.

    `key` is the installation's, which seals what older revisions kept in the clear.
    """

    def __init__(self, url: str, *, key: str, pool_size: int = 8) -> None:
        self.url = url
        self.key = key
        self._engine = make_engine(url, pool_size=pool_size)
        self._ready = make_url(url).get_backend_name() != "sqlite"

    @property
    def engine(self) -> Engine:
        if not self._ready:
            migrate_database(self.url, key=self.key)
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

    def forget(self) -> None:
        """Lets go of former contents of pages that the database file still has beside the present ones."""
        if not self.is_sqlite:
            return
        connection = self._engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()

    def dispose(self) -> None:
        self._engine.dispose()


def migrate_database(url: str, schema: str | None = None, *, key: str) -> bool:
    """Brings a database to the newest revision; whether there was anything to do. Raises `Unavailable`."""
    with _MIGRATING:
        try:
            if migrate.current(url) == migrate.newest():
                return False
        except OperationalError:
            pass  # no such folder yet: `upgrade` makes it, or says why not
        try:
            migrate.upgrade(url, schema=schema, key=key)
        except OperationalError as error:
            raise Unavailable("the database is not available; nothing was done", code="database_unavailable") from error
        except DBAPIError as error:
            # Another process is at it: whoever comes second finds what the first one has made.
            raise Unavailable("the database is being made; try again", code="database_unavailable") from error
        except (CommandError, OSError) as error:
            raise Unavailable(f"the database cannot be migrated: {error}", code="database_unavailable") from error
    return True


class SandboxDatabase(Database):
    """Where test keys work. It is not there until somebody opens a sandbox, and no test key is known before."""

    def __init__(self, url: str, *, key: str, pool_size: int = 8) -> None:
        super().__init__(url, key=key, pool_size=pool_size)
        self._ready = False

    @property
    def engine(self) -> Engine:
        found = self.existing()
        if found is None:
            raise Unauthenticated
        return found

    def existing(self) -> Engine | None:
        """The engine, once somebody has opened a sandbox."""
        return self.opened() if self._ready or self._is_there() else None

    def opened(self) -> Engine:
        """The engine, of a database that is made or brought to the newest revision where needed."""
        if not self._ready:
            migrate_database(self.url, None if self.is_sqlite else SANDBOX_SCHEMA, key=self.key)
            self._ready = True
        return self._engine

    def _is_there(self) -> bool:
        path = make_url(self.url).database if self.is_sqlite else None
        if path is not None and not Path(path).exists():
            return False
        try:
            return migrate.current(self.url) is not None
        except OperationalError as error:
            raise Unavailable("the database is not available; nothing was done", code="database_unavailable") from error


def database() -> Database:
    """The current application's; its sandbox's for a request that comes with a test key."""
    test = has_request_context() and is_test(secret_of(request) or "")
    return sandbox() if test else _store(EXTENSION)


def sandbox() -> SandboxDatabase:
    """The current application's."""
    found = _store(SANDBOX)
    assert isinstance(found, SandboxDatabase)
    return found


def _store(name: str) -> Database:
    found = current_app.extensions[name]
    assert isinstance(found, Database)
    return found
