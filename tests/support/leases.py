"""Databases that tests take turns at, emptied in between, and engines that keep the statements they have compiled.

A PostgreSQL database goes on to the next test only if nobody is at work in it and its schema is what it was; else it
is dropped. An SQLite file is a new copy every time. Whatever a test listens to is heard by its own engines alone.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, make_url

from tests.support.databases import PostgresServer, sqlite_url_of

TURNS = 40
"""How many tests a PostgreSQL database serves: rows that are gone still lie in its files."""

# Whatever makes, changes or drops something leaves another count or a younger row in one of these.
CATALOGS = ("pg_class", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_trigger", "pg_proc", "pg_index", "pg_type")
SHAPE = "SELECT version_num, " + ", ".join(
    f"(SELECT ROW(count(*), max(xmin::text::bigint))::text FROM {name})" for name in CATALOGS
)
TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
AT_WORK = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend' AND state IS DISTINCT FROM 'idle'"
)


class Engines:
    """Stands in for `create_engine`: for a database that is lent, every engine is a view of one that stays."""

    def __init__(self, create: Callable[..., Engine]) -> None:
        self._create = create
        self._kept: dict[str, dict[int, Engine]] = {}

    def lend(self, url: str) -> None:
        self._kept.setdefault(_whole(url), {})

    def create(self, url: str | URL, **options: Any) -> Engine:
        kept = self._kept.get(_whole(url))
        if kept is None:
            return self._create(url, **options)
        size = options.get("pool_size", 0)
        if size not in kept:
            kept[size] = self._create(url, query_cache_size=5000, **options)
        view = kept[size].execution_options()
        view.dispose = _nothing  # type: ignore[method-assign]
        return view

    def are_back(self, url: str) -> bool:
        """Whether every connection to the database has been given back."""
        return not any(_out(engine) for engine in self._kept[_whole(url)].values())

    def hang_up(self, url: str) -> None:
        """Closes the connections that have been given back; the next one is a new one."""
        for engine in self._kept[_whole(url)].values():
            engine.pool.dispose()

    def forget(self, url: str) -> None:
        for engine in self._kept.pop(_whole(url)).values():
            engine.dispose()


def _nothing(close: bool = True) -> None:
    """What is lent is not disposed of."""


def _whole(url: str | URL) -> str:
    return make_url(url).render_as_string(hide_password=False)


def _out(engine: Engine) -> int:
    return int(engine.pool.checkedout())  # type: ignore[attr-defined]


class PostgresLeases:
    """Migrated, empty databases of one server."""

    def __init__(self, server: PostgresServer, engines: Engines) -> None:
        self._server, self._engines = server, engines
        self._free: list[_Database] = []

    @contextmanager
    def lent(self) -> Iterator[str]:
        database = self._free.pop() if self._free else _Database(self._server, self._engines)
        try:
            yield database.url
        finally:
            if database.is_as_new():
                self._free.append(database)
            else:
                database.close()

    def close(self) -> None:
        while self._free:
            self._free.pop().close()


class _Database:
    def __init__(self, server: PostgresServer, engines: Engines) -> None:
        self._engines, self._turns = engines, 0
        with ExitStack() as closing_all:
            self.url = closing_all.enter_context(server.cloned())
            engines.lend(self.url)
            closing_all.callback(engines.forget, self.url)
            name = make_url(self.url).database
            connecting = psycopg.connect(host=str(server.socket_folder), user="postgres", dbname=name, autocommit=True)
            self._connection = closing_all.enter_context(closing(connecting))
            self._connection.execute("SET session_replication_role = replica")
            self._connection.execute("SET lock_timeout = '5s'")
            tables = [row[0] for row in self._connection.execute(TABLES)]
            self._empty = ";".join(f"DELETE FROM {name}" for name in tables)
            self._shape = self._look()
            self.close = closing_all.pop_all().close

    def _look(self) -> list[tuple[Any, ...]]:
        return self._connection.execute(f"{SHAPE} FROM alembic_version").fetchall()

    def is_as_new(self) -> bool:
        """Empties it for the next test, unless that may not be enough."""
        self._turns += 1
        if self._turns >= TURNS or not self._engines.are_back(self.url):
            return False
        try:
            if self._connection.execute(AT_WORK).fetchone() != (0,) or self._look() != self._shape:
                return False
            self._connection.execute(self._empty.encode())
        except psycopg.Error:
            return False
        return True


class SqliteLeases:
    """Files that are copied from a template; a path is used again, so that its engine is."""

    def __init__(self, template: Path, folder: Path, engines: Engines) -> None:
        self._template, self._folder, self._engines = template, folder, engines
        self._numbers = count(1)
        self._free: list[Path] = []

    @contextmanager
    def lent(self) -> Iterator[str]:
        path = self._free.pop() if self._free else self._folder / f"{next(self._numbers)}.sqlite"
        url = sqlite_url_of(path)
        self._engines.lend(url)
        shutil.copyfile(self._template, path)
        try:
            yield url
        finally:
            if self._engines.are_back(url):
                self._engines.hang_up(url)
                self._free.append(path)
            else:
                self._engines.forget(url)
            for ending in ("", "-wal", "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)

    def close(self) -> None:
        while self._free:
            self._engines.forget(sqlite_url_of(self._free.pop()))
