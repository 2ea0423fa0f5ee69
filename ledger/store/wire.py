"""PostgreSQL's own protocol, for statements that are known beforehand.

Owns what a driver finds out anew for each execution, at twice the cost of the execution: here each statement is
prepared once on a connection and then only named, and values go as texts whose types PostgreSQL knows since. Several
statements can share a trip. Begins transactions as the driver would, and raises the driver's errors.
"""

import re
import select
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import count
from typing import Any, Final
from uuid import UUID

from psycopg import Binary, Connection, DataError, IsolationLevel, OperationalError, adapt
from psycopg.abc import Transformer
from psycopg.errors import FeatureNotSupported, InvalidSqlStatementName, error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.types.string import TextLoader

_MARK: Final = re.compile(r"%\((\w+)\)s|%s|%%")
_NUMBERS: Final = count(1)
_AT_ONCE: Final = 1_000
"""How many statements share a trip at the most."""
_IN_TRANSACTION: Final = (TransactionStatus.INTRANS, TransactionStatus.INERROR)


class Statement:
    """A statement as the driver takes it (`%s`, `%(name)s`), in PostgreSQL's own words; `order` has the names of its
    values, None for those that have no name."""

    __slots__ = ("order", "sql")

    def __init__(self, sql: str) -> None:
        self.order: list[str | None] = []
        self.sql = _MARK.sub(self._numbered, sql).encode()

    def _numbered(self, mark: re.Match[str]) -> str:
        if mark[0] == "%%":
            return "%"
        if mark[1] is None or mark[1] not in self.order:
            self.order.append(mark[1])
            return f"${len(self.order)}"
        return f"${self.order.index(mark[1]) + 1}"


class _Plan:
    """A statement as one connection knows it: its name there, and what reads its rows once the first have come."""

    __slots__ = ("knows_rows", "name", "reads")

    def __init__(self, reads: Transformer) -> None:
        self.name = b"ledger_%d" % next(_NUMBERS)
        self.reads = reads
        self.knows_rows = False

    def loaded(self, result: PGresult) -> list[tuple[Any, ...]]:
        found = result.ntuples
        if not found:
            return []
        self.reads.set_pgresult(result, set_loaders=not self.knows_rows)
        self.knows_rows = True
        return self.reads.load_rows(0, found, tuple)


_Sent = tuple[_Plan, list[Any]]


class Wire:
    """What one connection has prepared, for its life."""

    def __init__(self, line: Connection[Any]) -> None:
        self._line = line
        self._pgconn = line.pgconn
        self._reading = line.cursor()
        self._reading.adapters.register_loader("json", TextLoader)
        self._plans: dict[Statement, _Plan] = {}
        self._kept: list[_Sent] | None = None

    def rows(self, asked: Sequence[tuple[Statement, Sequence[Any]]]) -> list[list[tuple[Any, ...]]]:
        """The rows of each of the statements, in one trip; JSON as text."""
        assert self._kept is None, "what is written together reads nothing"
        sent = [self._sent(statement, values) for statement, values in asked]
        return [plan.loaded(result) for (plan, _values), result in zip(sent, self._run(sent), strict=True)]

    def reading(
        self, asked: Sequence[tuple[Statement, Sequence[Any]]], found: list[list[tuple[Any, ...]]]
    ) -> Iterator[int]:
        """The same in steps, as `copying` has them, into `found`; in a transaction."""
        sent, results = [self._sent(statement, values) for statement, values in asked], list[PGresult]()
        yield from self._tripping(sent, results)
        found += [plan.loaded(self._check(result)) for (plan, _values), result in zip(sent, results, strict=True)]

    def write(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> int:
        """Runs it for each of the rows. Returns how many rows that touched; 0 while they are kept for `together`."""
        if self._kept is not None:
            self._kept += [self._sent(statement, values) for values in rows]
            return 0
        touched = 0
        for start in range(0, len(rows), _AT_ONCE):
            sent = [self._sent(statement, values) for values in rows[start : start + _AT_ONCE]]
            touched += sum(result.command_tuples or 0 for result in self._run(sent))
        return touched

    @property
    def socket(self) -> int:
        return self._pgconn.socket

    def copying(self, statement: str, rows: bytes) -> Iterator[int]:
        """Copies rows that are as COPY reads them, in steps: goes on once the socket is ready for what a step gives."""
        line = self._pgconn
        if line.transaction_status == TransactionStatus.IDLE:
            self._run([])
        line.send_query(statement.encode())
        yield from self._sending()
        yield from self._awaiting(ExecStatus.COPY_IN)
        while line.put_copy_data(rows) == 0:
            yield select.POLLOUT
        while line.put_copy_end() == 0:
            yield select.POLLOUT
        yield from self._sending()
        yield from self._awaiting(ExecStatus.COMMAND_OK)

    def _sending(self) -> Iterator[int]:
        """Reads, too, while it cannot send: the server may have something to say."""
        while self._pgconn.flush():
            yield select.POLLIN | select.POLLOUT
            self._pgconn.consume_input()

    def _awaiting(self, wanted: ExecStatus) -> Iterator[int]:
        """The result of a COPY's beginning or end; of the end, with what follows it. Raises the server's error."""
        line, failed = self._pgconn, None
        while True:
            while line.is_busy():
                yield select.POLLIN
                line.consume_input()
            result = line.get_result()
            if line.status == ConnStatus.BAD:
                raise OperationalError("the server closed the connection")
            if result is None:
                break
            if result.status == wanted == ExecStatus.COPY_IN:
                return
            if result.status != wanted:
                failed = result
        if failed is not None:
            raise error_from_result(failed)

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written within goes in one trip, at its end; that of an outer one, where there is one."""
        if self._kept is not None:
            yield
            return
        kept: list[_Sent] = []
        self._kept = kept
        try:
            yield
        finally:
            self._kept = None
        if kept:
            self._run(kept)

    def _sent(self, statement: Statement, values: Sequence[Any]) -> _Sent:
        plan = self._plans.get(statement)
        if plan is None:
            plan = _Plan(adapt.Transformer(self._reading))
            self._check(self._pgconn.prepare(plan.name, statement.sql))
            self._plans[statement] = plan
        return plan, [_text(value) for value in values]

    def _run(self, sent: list[_Sent]) -> list[PGresult]:
        if self._pgconn.transaction_status == TransactionStatus.IDLE and not self._line.autocommit:
            begin = self._sent(_begin(self._line.isolation_level, self._line.read_only), ())
            return self._trip([begin, *sent])[1:]
        if len(sent) == 1:
            ((plan, values),) = sent
            return [self._check(self._pgconn.exec_prepared(plan.name, values))]
        return self._trip(sent)

    def _trip(self, sent: list[_Sent]) -> list[PGresult]:
        """Sends all of it before it waits for the first result. Raises the first error; what follows was not run."""
        results, poll = list[PGresult](), select.poll()
        for event in self._tripping(sent, results):
            poll.register(self._pgconn.socket, event)
            poll.poll()
        return [self._check(result) for result in results]

    def _tripping(self, sent: list[_Sent], results: list[PGresult]) -> Iterator[int]:
        """The same in steps, as `copying` has them; nothing is checked."""
        line = self._pgconn
        line.enter_pipeline_mode()
        for plan, values in sent:
            line.send_query_prepared(plan.name, values)
        line.pipeline_sync()
        yield from self._sending()
        while True:
            while line.is_busy():
                yield select.POLLIN
                line.consume_input()
            result = line.get_result()
            if line.status == ConnStatus.BAD:
                raise OperationalError("the server closed the connection")
            if result is None:
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                break
            results.append(result)
        line.exit_pipeline_mode()

    def _check(self, result: PGresult) -> PGresult:
        if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            return result
        error = error_from_result(result)
        if isinstance(error, InvalidSqlStatementName | FeatureNotSupported):
            self._plans.clear()  # what was prepared is gone, or reads a table that has been changed
        raise error


def commit(line: Any) -> None:
    """Commits as the driver does, at a third of what that costs. Raises the driver's errors."""
    if line.pgconn.transaction_status not in _IN_TRANSACTION:
        line.commit()
        return
    result = line.pgconn.exec_(b"COMMIT")
    if result.status != ExecStatus.COMMAND_OK:
        raise error_from_result(result)


def roll_back(line: Any) -> None:
    """Ends the transaction as the driver does, which would let go of every prepared statement with it."""
    if line.pgconn.transaction_status in _IN_TRANSACTION:
        line.pgconn.exec_(b"ROLLBACK")
    line.rollback()


@lru_cache(maxsize=16)
def _begin(isolation: IsolationLevel | None, read_only: bool | None) -> Statement:
    """How the driver begins a transaction with these settings."""
    words = ["BEGIN"]
    if isolation is not None:
        words.append(f"ISOLATION LEVEL {IsolationLevel(isolation).name.replace('_', ' ')}")
    if read_only is not None:
        words.append("READ ONLY" if read_only else "READ WRITE")
    return Statement(" ".join(words))


def _text(value: Any) -> bytes | None:
    """The value as PostgreSQL reads it, whatever the type of its column. Raises TypeError for what has no form here."""
    if value is None:
        return None
    write = _WRITTEN.get(type(value))
    if write is None:
        write = next((_WRITTEN[kind] for kind in type(value).__mro__ if kind in _WRITTEN), None)
        if write is None:
            raise TypeError(f"{type(value).__name__} is no value of a statement")
    return write(value)


def _words(value: str) -> bytes:
    text = value.encode()
    if b"\0" in text:  # where PostgreSQL would take the text to end
        raise DataError("a text cannot contain NUL")
    return text


def _list(values: Sequence[str] | Sequence[UUID]) -> bytes:
    """Texts or identifiers, all at once: a character that no text has keeps them apart meanwhile."""
    if not values:
        return b"{}"
    texts = [value.hex if isinstance(value, UUID) else value for value in values]
    whole = "\0".join(texts)
    if whole.count("\0") >= len(texts):
        raise DataError("a text cannot contain NUL")
    return b'{"%b"}' % whole.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","').encode()


_WRITTEN: Final[dict[type, Callable[[Any], bytes]]] = {
    str: _words,
    bool: lambda value: b"t" if value else b"f",
    int: lambda value: b"%d" % value,
    UUID: lambda value: value.hex.encode(),
    datetime: lambda value: value.isoformat().encode(),
    date: lambda value: value.isoformat().encode(),
    Decimal: lambda value: str(value).encode(),
    Binary: lambda value: b"\\x" + value.obj.hex().encode(),
    list: _list,
}
