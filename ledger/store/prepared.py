"""Statements of the busiest paths, compiled once for each database and run by its driver.

Owns what SQLAlchemy does anew for each execution, which costs twice the driver's own work: here it is done once. The
same SQL, the same column types, the same errors. Where somebody listens to statements, SQLAlchemy runs them itself.
"""

from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, JSON, Boolean, Connection, Dialect, String, TypeDecorator, Uuid, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

_CURSORS = "ledger.cursors"
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


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as one database takes it, and what makes its values and its rows."""

    sql: str
    fixed: Mapping[str, Any]
    processors: Mapping[str, Convert]
    order: Sequence[str] | None
    row: Any
    loaders: Sequence[tuple[int, Convert]]


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
        form = self._form(connection.dialect)
        given = {**form.fixed, **values}
        for name, process in form.processors.items():
            given[name] = process(given[name])
        with cursor_of(connection, form.sql) as cursor:
            cursor.execute(form.sql, given if form.order is None else [given[name] for name in form.order])
            found = cursor.fetchall() if self._columns else []
        if not form.loaders:
            return list(map(form.row._make, found))
        return [form.row._make(_loaded(row, form.loaders)) for row in found]

    def each(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Writes once for each of the rows, in their order. Raises what SQLAlchemy raises."""
        if is_listened_to(connection):
            connection.execute(self.statement, list(rows))
            return
        form = self._form(connection.dialect)
        given = [{**form.fixed, **row} for row in rows]
        for name, process in form.processors.items():
            for row in given:
                row[name] = process(row[name])
        order = form.order
        with cursor_of(connection, form.sql) as cursor:
            cursor.executemany(form.sql, given if order is None else [[row[name] for name in order] for row in given])

    def first(self, connection: Connection, values: Mapping[str, Any]) -> Any | None:
        """The first row, if there is one."""
        found = self.all(connection, values)
        return found[0] if found else None

    def _form(self, dialect: Dialect) -> _Form:
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
            if (process := compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        loaders = [
            (place, load)
            for place, column in enumerate(self._columns)
            if (load := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]
        names = [column.name for column in self._columns]
        row = namedtuple("Row", names)  # type: ignore[misc]  # its columns are known here alone
        return _Form(compiled.string, fixed, processors, compiled.positiontup, row, loaders)


def _loaded(row: Sequence[Any], loaders: Sequence[tuple[int, Convert]]) -> list[Any]:
    values = list(row)
    for place, load in loaders:
        values[place] = load(values[place])
    return values


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
    with driver(connection) as line, line.pipeline():
        yield


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


class cursor_of(driver):  # noqa: N801 - as above
    """A cursor of the driver's for this statement. PostgreSQL's serves the connection for its life, and remembers how
    the statement's values and rows are read: to find that out anew costs as much as the statement."""

    __slots__ = ("_sql",)

    def __init__(self, connection: Connection, sql: str) -> None:
        super().__init__(connection)
        self._sql = sql

    def __enter__(self) -> Any:
        if self._connection.dialect.name == "sqlite":
            return self._line.cursor()
        cursors = self._connection.connection.info.setdefault(_CURSORS, {})
        found = cursors.get(self._sql)
        if found is None:
            found = cursors[self._sql] = self._line.cursor()
        return found
