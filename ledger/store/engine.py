"""Engines and units of work for both databases.

Owns the connection settings (WAL and full sync on SQLite, foreign keys on), the one writer lock of SQLite and
the translation of a lost database into `Unavailable`. Refuses any URL but SQLite's and PostgreSQL's.
"""

import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidatePoolError, OperationalError

from ledger.domain.encoding import dumps
from ledger.domain.errors import Unavailable
from ledger.store.wire import commit, roll_back

SQLITE_BUSY_SECONDS = 30
UNIQUE_VIOLATION = "23505"
CONTENDED = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL's serialization failure, deadlock and lock not available."""


def _dumps(value: Any) -> str:
    return dumps(value).decode()


def make_engine(url: str, *, pool_size: int = 8) -> Engine:
    """An engine with the settings that the product relies on. `url` is a SQLAlchemy URL.

    Errors never carry parameters: they may hold personal data.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise ValueError(f"DATABASE_URL must be SQLite or PostgreSQL, not {backend}")
    if backend == "postgresql":
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            json_serializer=_dumps,
            json_deserializer=orjson.loads,
            connect_args={"client_encoding": "utf8"},
            pool_size=pool_size,
            max_overflow=pool_size,
            hide_parameters=True,
        )
        engine.dialect.do_commit = commit  # type: ignore[assignment,method-assign]  # events come beside, not instead
        engine.dialect.do_rollback = roll_back  # type: ignore[assignment,method-assign]  # and miss the pool's
        event.listen(engine, "checkout", _check_line)
        return engine
    engine = create_engine(
        url,
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        connect_args={"timeout": SQLITE_BUSY_SECONDS, "check_same_thread": False},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _check_line(dbapi_connection: Any, *_pooled: object) -> None:
    """Lets the pool connect anew where the server hung up meanwhile, seen without a round trip.

    Nobody has asked anything on a pooled connection, so all that there can be to read is the server's farewell.
    """
    if not dbapi_connection.closed:
        line = select.poll()
        line.register(dbapi_connection.fileno(), select.POLLIN)
        if not line.poll(0):
            return
    raise InvalidatePoolError


def _configure_sqlite(dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.execute("PRAGMA cache_size = -65536")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@lru_cache(maxsize=64)
def _writer_lock(url: str) -> threading.Lock:
    """One writer at a time in this process: waiting here is fair and cheap, waiting for SQLite's lock is neither."""
    return threading.Lock()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes: committed at the end, rolled back on any exception."""
    if engine.dialect.name == "sqlite":
        with _writer_lock(str(engine.url)), _translated(), engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                yield connection
        return
    with _translated(), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads, one snapshot for all its queries."""
    with _translated(), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


class Contended(Unavailable):
    """Two units of work stood in each other's way and this one gave in, undone: it can be tried again at once."""

    default_code = "contended"
    default_detail = "Somebody else was at the same thing at the same moment; nothing was done."


@contextmanager
def _translated() -> Iterator[None]:
    """Turns a database that cannot be reached, is full or stays locked into `Unavailable`."""
    try:
        yield
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) == UNIQUE_VIOLATION:
            raise Contended from error
        raise
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) in CONTENDED:
            raise Contended from error
        raise Unavailable("the database is not available; nothing was done", code="database_unavailable") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable("the database went away; nothing was done", code="database_unavailable") from error
        raise
