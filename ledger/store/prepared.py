"""Statements of the busiest paths, compiled once for each database and run by its driver.

Owns what SQLAlchemy does anew for each execution, which costs twice the driver's own work: here it is done once. The
same SQL, the same column types, the same errors. Where somebody listens to statements, SQLAlchemy runs them itself.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache, partial
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, JSON, Boolean, Connection, Dialect, String, TypeDecorator, Uuid, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from ledger.domain.encoding import dumps
from ledger.store.types import Instant
from ledger.store.wire import Statement, Wire

_WIRE = "ledger.wire"
Convert = Any
"""A processor of a column type: from Python to the driver or back, None where nothing is to be done."""


class Texts(TypeDecorator[Sequence[str]]):
    """Any number of texts as one parameter."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(JSON() if dialect.name == "sqlite" else ARRAY(String))


class Ids(TypeDecorator[Sequence[UUID]]):
    """Any number of identifiers as one parameter."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(JSON() if dialect.name == "sqlite" else ARRAY(Uuid))

    def process_bind_param(self, value: Sequence[UUID] | None, dialect: Dialect) -> Any:
        return [each.hex for each in value or ()] if dialect.name == "sqlite" else value


class among(FunctionElement[bool]):  # noqa: N801 - reads as SQL
    """`among(column, texts("names"))`: the column is one of the texts; one statement, however many there are."""

    name = "among"
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> "among":
        """As it is: SQLAlchemy would ask SQLite whether it is 1, and no index answers that."""
        return self


def texts(name: str) -> Any:
    """The parameter of `among`."""
    return bindparam(name, type_=Texts())


def ids(name: str) -> Any:
    """The same for a column of identifiers."""
    return bindparam(name, type_=Ids())


@compiles(among, "postgresql")
def _any(element: among, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = (compiler.process(each, **kw) for each in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(among, "sqlite")
def _each(element: among, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = (compiler.process(each, **kw) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - compiled parts of a statement of ours


class each_of(FunctionElement[Any]):  # noqa: N801 - reads as SQL
    """`each_of(texts("names")).table_valued("value")`: the texts as rows, to look each of them up by an index: what a
    planner knows nothing of yet, it rather reads as a whole than for many texts at once."""

    name = "each_of"
    inherit_cache = True


@compiles(each_of, "postgresql")
def _unnested(element: each_of, compiler: SQLCompiler, **kw: Any) -> str:
    (values,) = (compiler.process(each, **kw) for each in element.clauses)
    return f"(SELECT unnest({values}) AS value)"


@compiles(each_of, "sqlite")
def _in_json(element: each_of, compiler: SQLCompiler, **kw: Any) -> str:
    (values,) = (compiler.process(each, **kw) for each in element.clauses)
    return f"json_each({values})"


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as one database takes it, and what makes its values and its rows."""

    sql: str
    fixed: Mapping[str, Any]
    processors: Mapping[str, Convert]
    order: Sequence[Any]
    row: Any
    loaders: Sequence[tuple[int, Callable[[Any], Any]]]

    def given(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in their places."""
        found = {**self.fixed, **values}
        for name, process in self.processors.items():
            found[name] = process(found[name])
        return [found[name] for name in self.order]

    def columns(self, read: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
        """What the driver read, column by column, for a page has thousands of values; nothing where it read none."""
        columns: list[Sequence[Any]] = list(zip(*read, strict=True))
        for place, load in self.loaders if columns else ():
            columns[place] = [None if value is None else load(value) for value in columns[place]]
        return columns

    def made(self, read: Iterable[Sequence[Any]]) -> list[Any]:
        """The same as rows."""
        return list(map(self.row._make, zip(*self.columns(read), strict=True)))


class Prepared:
    """A SELECT, or a write with or without RETURNING, with named parameters and without lists that expand."""

    def __init__(self, statement: Any) -> None:
        self.statement = statement
        self._forms: dict[str, _Form] = {}
        self._columns = tuple(statement.exported_columns)

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """All rows, named as their columns are. Raises what SQLAlchemy raises."""
        if is_listened_to(connection):
            result = connection.execute(self.statement, values)
            return list(result.all()) if self._columns else []
        return at_once(connection, [(self, values)])[0]

    def columns(self, connection: Connection, values: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
        """The same by the names of the columns; nothing where there are no rows."""
        if is_listened_to(connection):
            found: list[Sequence[Any]] = list(zip(*connection.execute(self.statement, values), strict=True))
        else:
            form = self.form(connection.dialect)
            found = form.columns(_read(connection, [(form, values)])[0])
        return dict(zip((column.name for column in self._columns), found, strict=True)) if found else {}

    def each(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Writes once for each of the rows, in their order. Raises what SQLAlchemy raises."""
        if is_listened_to(connection):
            connection.execute(self.statement, list(rows))
            return
        form = self.form(connection.dialect)
        write(connection, form.sql, [form.given(row) for row in rows])

    def first(self, connection: Connection, values: Mapping[str, Any]) -> Any | None:
        """The first row, if there is one."""
        found = self.all(connection, values)
        return found[0] if found else None

    def form(self, dialect: Dialect) -> _Form:
        """Made once: every engine of a database is configured alike."""
        if dialect.name not in self._forms:
            self._forms[dialect.name] = self._made(dialect)
        return self._forms[dialect.name]

    def _made(self, dialect: Dialect) -> _Form:
        compiled = self.statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        fixed = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
        processors = {
            name: process
            for name in compiled.params
            if (process := _to_driver(compiled.binds[name].type, dialect)) is not None
        }
        loaders = [
            (place, load)
            for place, column in enumerate(self._columns)
            if (load := _from_driver(column.type, dialect)) is not None
        ]
        names = [column.name for column in self._columns]
        row = namedtuple("Row", names)  # type: ignore[misc]  # its columns are known here alone
        order = compiled.positiontup if dialect.name == "sqlite" else statement_of(compiled.string).order
        return _Form(compiled.string, fixed, processors, order or (), row, loaders)


def _to_driver(column_type: TypeEngine[Any], dialect: Dialect) -> Convert:
    if isinstance(column_type, JSON):
        return partial(_json, column_type.none_as_null)
    return column_type.dialect_impl(dialect).bind_processor(dialect)


def _from_driver(column_type: TypeEngine[Any], dialect: Dialect) -> Convert:
    """What reads a value that is there; JSON comes as text from both."""
    if isinstance(column_type, JSON):
        return orjson.loads
    if dialect.name == "sqlite":
        if isinstance(column_type, Uuid):
            return _identity
        if isinstance(column_type, Instant):
            return datetime.fromisoformat
    return column_type.dialect_impl(dialect).result_processor(dialect, None)


_identity = lru_cache(maxsize=16_384)(UUID)
"""The rows of a page name the same parties, terms and appointments again and again."""


def _json(none_as_null: bool, value: Any) -> str | None:
    return None if value is None and none_as_null else dumps(value).decode()


def at_once(connection: Connection, asked: Sequence[tuple[Prepared, Mapping[str, Any]]]) -> list[list[Any]]:
    """The rows of each of the statements with its values, which PostgreSQL is asked in one trip."""
    if not asked or is_listened_to(connection):
        return [statement.all(connection, values) for statement, values in asked]
    forms = [(statement.form(connection.dialect), values) for statement, values in asked]
    return [form.made(rows) for (form, _), rows in zip(forms, _read(connection, forms), strict=True)]


def in_steps(
    connection: Connection, asked: Sequence[tuple[Prepared, Mapping[str, Any]]], found: list[list[Any]]
) -> Iterator[int]:
    """The same into `found`, on PostgreSQL and in a transaction: goes on once the socket is ready for what a step
    gives."""
    forms = [(statement.form(connection.dialect), values) for statement, values in asked]
    read = list[list[tuple[Any, ...]]]()
    yield from wire_of(connection).reading([_sent(form, values) for form, values in forms], read)
    found += [form.made(rows) for (form, _), rows in zip(forms, read, strict=True)]


def _sent(form: _Form, values: Mapping[str, Any]) -> tuple[Statement, list[Any]]:
    return statement_of(form.sql), form.given(values)


def _read(connection: Connection, forms: Sequence[tuple[_Form, Mapping[str, Any]]]) -> list[list[Any]]:
    """The rows of each, as the driver has them."""
    with driver(connection) as line:
        if connection.dialect.name == "postgresql":
            return wire_of(connection).rows([_sent(form, values) for form, values in forms])
        cursor = line.cursor()
        return [cursor.execute(form.sql, form.given(values)).fetchall() for form, values in forms]


def write(connection: Connection, sql: str, rows: Sequence[Sequence[Any]]) -> int:
    """Runs a write, in the driver's words, for each of the rows. Returns how many rows that touched."""
    with driver(connection) as line:
        if connection.dialect.name == "postgresql":
            return wire_of(connection).write(statement_of(sql), rows)
        return int(line.cursor().executemany(sql, rows).rowcount)


statement_of = cache(Statement)
"""The statement of a text, of which there are as many as there are in our own code."""


def is_listened_to(connection: Connection) -> bool:
    """Whether somebody wants to know of each statement: then SQLAlchemy runs it."""
    dispatch = connection.engine.dispatch
    return bool(dispatch.before_cursor_execute or dispatch.after_cursor_execute)


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """What is written within goes to PostgreSQL in one trip; what it refuses is raised at the end. Reads nothing."""
    if connection.dialect.name == "sqlite" or is_listened_to(connection):
        yield
        return
    with driver(connection), wire_of(connection).together():
        yield


def wire_of(connection: Connection) -> Wire:
    """That of the driver's connection, for its life."""
    pooled = connection.connection
    found = pooled.info.get(_WIRE)
    if found is None:
        assert pooled.driver_connection is not None, "a connection in a transaction has its driver's"
        found = pooled.info[_WIRE] = Wire(pooled.driver_connection)
    assert isinstance(found, Wire)
    return found


class driver:  # noqa: N801 - reads as a function; a generator would cost as much as what it guards
    """The driver's own connection, in the transaction of ours; its errors come out as SQLAlchemy's."""

    __slots__ = ("_connection", "_line")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._line: Any = connection.connection.driver_connection
        assert self._line is not None, "a connection in a transaction has its driver's"

    def __enter__(self) -> Any:
        return self._line

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        dialect = self._connection.dialect
        if error is not None and isinstance(error, dialect.loaded_dbapi.Error):
            raise self._told(error, dialect) from error

    def _told(self, error: Any, dialect: Dialect) -> Exception:
        lost = dialect.is_disconnect(error, self._line, None)
        told: Exception = DBAPIError.instance(
            None,
            None,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=dialect,
        )
        if lost:
            self._connection.invalidate(error)
        return told
