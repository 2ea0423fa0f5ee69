"""Writes and look-ups that PostgreSQL goes on with while whoever ordered them makes the next, without a thread.

Owns the order of what was handed over, and the promise that nobody else is on the connection meanwhile: whoever needs
it is given one that waits first. What one raises is raised where it is waited for or moved on; nothing ordered after
it is run. Never commits. SQLite works in this process, where there is nothing to overlap: it writes at once.
"""

import select
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ledger.store.prepared import Prepared, at_once, driver, in_steps, is_listened_to, wire_of

Asked = Sequence[tuple[Prepared, Mapping[str, Any]]]
Rows = list[list[Any]]


class Behind:
    """What is being written behind one transaction's back. `connection` is for everybody in it; what is inserted in
    bulk through it goes behind, where anything does (`overlaps`)."""

    def __init__(self, connection: Connection) -> None:
        self._line = connection
        self._ordered = deque[Iterator[int]]()
        self._under_way: Iterator[int] | None = None
        self._waits_for = 0
        self._socket = select.poll()
        self.overlaps = connection.dialect.name == "postgresql"
        self.connection = cast(Connection, Patient(connection, self)) if self.overlaps else connection

    def order(self, statement: str, rows: bytes) -> None:
        """Has the rows copied, after all that was ordered before."""
        self._ordered.append(self._copying(statement, rows))
        self.go_on()

    def ask(self, asked: Asked) -> Callable[[], Rows]:
        """Has something looked up, after all that was ordered before. What that gives waits for it alone."""
        if not self.overlaps or not asked or is_listened_to(self._line):
            there = at_once(self.connection, asked)
            return lambda: there
        found: Rows = []
        self._ordered.append(in_steps(self._line, asked, found))
        self.go_on()
        return partial(self._answered, found)

    def go_on(self) -> None:
        """Does what can be done without waiting. Raises what the database has raised meanwhile."""
        self._move_on(0)

    def wait(self) -> None:
        """Returns once all of it is written. Raises what the database raises."""
        self._move_on(None)

    def stop(self) -> None:
        """Forgets what has not begun; brings what has to its end, whatever that is."""
        self._ordered.clear()
        with suppress(DBAPIError):
            self.wait()

    def _answered(self, found: Rows) -> Rows:
        self._move_on(None, found)
        return found

    def _copying(self, statement: str, rows: bytes) -> Iterator[int]:
        yield from wire_of(self._line).copying(statement, rows)

    def _move_on(self, milliseconds: int | None, wanted: Sized = ()) -> None:
        """Until there is what is wanted, if anything is."""
        if self._under_way is None and not self._ordered:
            return
        with driver(self._line):
            while not len(wanted) and self._is_under_way() and self._is_ready(milliseconds):
                self._step()

    def _is_under_way(self) -> bool:
        if self._under_way is None and self._ordered:
            self._under_way, self._waits_for = self._ordered.popleft(), 0
        return self._under_way is not None

    def _is_ready(self, milliseconds: int | None) -> bool:
        if not self._waits_for:
            return True
        self._socket.register(wire_of(self._line).socket, self._waits_for)
        return bool(self._socket.poll(milliseconds))

    def _step(self) -> None:
        under_way, self._under_way = self._under_way, None
        assert under_way is not None
        try:
            self._waits_for = next(under_way, 0)
        except Exception:
            self._ordered.clear()
            raise
        if self._waits_for:
            self._under_way = under_way


class Patient:
    """A connection that waits before anything is asked of it but what kind it is, and what may be written behind."""

    def __init__(self, connection: Connection, behind: Behind) -> None:
        self.dialect, self.engine, self.behind = connection.dialect, connection.engine, behind
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        self.behind.wait()
        return getattr(self._connection, name)


@contextmanager
def writing_behind(connection: Connection) -> Iterator[Behind]:
    """All of it is written at the end. After an error nothing is under way any more, and the transaction is lost."""
    behind = Behind(connection)
    try:
        yield behind
        behind.wait()
    except BaseException:
        behind.stop()
        raise
