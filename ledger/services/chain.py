"""The hash chain over appointment events and ledger entries, built off the write path.

Owns what a link covers (the whole immutable row, an entry with its transfers, as canonical JSON) and how links are
added: in the order of recording, in short transactions, by any number of builders side by side. Refuses to link an
item twice; what is linked is never linked anew.
"""

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    String,
    Uuid,
    and_,
    cast,
    exists,
    func,
    select,
    type_coerce,
)
from sqlalchemy.exc import IntegrityError

from ledger.domain.encoding import dumps
from ledger.store import tables as t
from ledger.store.bulk import insert_rows
from ledger.store.engine import Contended, reading, writing

EVENT, ENTRY = "event", "entry"
BATCH: Final = 5_000
"""Links per transaction, and rows per portion of a long result."""
LOOK_BACK: Final = timedelta(hours=1)
"""How long after its recording something may still be committed and be found without a full sweep."""
RECENT_LINKS: Final = 10_000
MOST_ATTEMPTS: Final = 5

link, event, entry, transfer = t.chain_link.c, t.appointment_event.c, t.entry.c, t.transfer.c


@dataclass(frozen=True, slots=True)
class Item:
    """What a link covers: an event (`id` is its appointment's, `number` counts from 1) or an entry (`number` 0)."""

    kind: str
    id: str
    number: int
    recorded_at: datetime
    digest: str


def head(connection: Connection) -> str | None:
    """The hash of the last link; None while there is none."""
    query = select(link.hash).order_by(link.sequence.desc()).limit(1)
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def extend(engine: Engine, *, full: bool = False, progress: Callable[[int], None] = lambda _done: None) -> int:
    """Links what is not linked yet and returns how much that was.

    Looks back for a bounded time before the newest of the recent links; `full` looks at everything, which finds what
    was committed long after it was recorded (a long import). Gives way to another builder and goes on after it.
    """
    linked = 0
    for _attempt in range(MOST_ATTEMPTS):
        try:
            with reading(engine) as connection:
                since = None if full else _since(connection)
                items = _unlinked(connection, since)
                while batch := list(islice(items, BATCH)):
                    with writing(engine) as writer:
                        _append(writer, batch)
                    linked += len(batch)
                    progress(linked)
        except (Contended, IntegrityError):
            continue  # SQLite tells a second builder only by the unique keys
        break
    return linked


def next_hash(previous: str | None, item: Item) -> str:
    """The hash of the link that follows `previous` and covers the item."""
    covered = f"{previous or ''}\n{item.kind}\n{item.digest}"
    return f"sha256:{hashlib.sha256(covered.encode()).hexdigest()}"


def _since(connection: Connection) -> datetime | None:
    recent = select(link.recorded_at).order_by(link.sequence.desc()).limit(RECENT_LINKS).subquery()
    newest = connection.execute(select(func.max(recent.c.recorded_at))).scalar_one_or_none()
    return None if newest is None else newest - LOOK_BACK


def _append(connection: Connection, batch: list[Item]) -> None:
    """Links the batch after the present head. The database lets only one of two builders in."""
    query = select(link.sequence, link.hash).order_by(link.sequence.desc()).limit(1)
    last = connection.execute(query).one_or_none()
    done, previous = (0, None) if last is None else (last.sequence, last.hash)
    rows = []
    for sequence, item in enumerate(batch, done + 1):
        previous = next_hash(previous, item)
        rows.append(
            {
                "sequence": sequence,
                "kind": item.kind,
                "item_id": UUID(item.id),
                "item_number": item.number,
                "recorded_at": item.recorded_at,
                "hash": previous,
            }
        )
    insert_rows(connection, t.chain_link, rows)


def _unlinked(connection: Connection, since: datetime | None) -> Iterator[Item]:
    """What has no link, in the order of recording, then of identifiers; a portion of rows at a time."""
    dialect = connection.dialect.name
    events = (
        select(*_plain(EVENT_COLUMNS, dialect))
        .where(~exists().where(link.item_id == event.appointment_id, link.item_number == event.number))
        .order_by(event.recorded_at, event.appointment_id, event.number)
    )
    entries = (
        select(*_plain(ENTRY_COLUMNS + TRANSFER_COLUMNS, dialect))
        .join_from(t.entry, t.transfer, transfer.entry_id == entry.id, isouter=True)
        .where(~exists().where(link.item_id == entry.id, link.item_number == 0))
        .order_by(entry.recorded_at, entry.id, transfer.number)
    )
    if since is not None:
        events = events.where(event.recorded_at >= since)
        entries = entries.where(entry.recorded_at >= since)
    return heapq.merge(
        map(_event, _streamed(connection, events)),
        (_entry(list(rows)) for _, rows in groupby(_streamed(connection, entries), key=itemgetter(0))),
        key=lambda item: (item.recorded_at, item.id, item.number),
    )


def linked_items(connection: Connection) -> Iterator[tuple[int, str, Item | None]]:
    """Every link in order: sequence, hash, and the item as it is now (None where it is gone)."""
    dialect = connection.dialect.name
    ours = (link.sequence, link.hash)
    events = (
        select(*ours, *_plain(EVENT_COLUMNS, dialect))
        .join_from(
            t.chain_link,
            t.appointment_event,
            and_(event.appointment_id == link.item_id, event.number == link.item_number),
            isouter=True,
        )
        .where(link.kind == EVENT)
        .order_by(link.sequence)
    )
    entries = (
        select(*ours, *_plain(ENTRY_COLUMNS + TRANSFER_COLUMNS, dialect))
        .join_from(t.chain_link, t.entry, entry.id == link.item_id, isouter=True)
        .join(t.transfer, transfer.entry_id == entry.id, isouter=True)
        .where(link.kind == ENTRY)
        .order_by(link.sequence, transfer.number)
    )
    return heapq.merge(
        ((row[0], row[1], None if row[2] is None else _event(row[2:])) for row in _streamed(connection, events)),
        (
            (sequence, rows[0][1], None if rows[0][2] is None else _entry([row[2:] for row in rows]))
            for sequence, rows in _grouped(_streamed(connection, entries))
        ),
        key=itemgetter(0),
    )


def _grouped(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[int, list[Sequence[Any]]]]:
    """The rows of each link together."""
    for sequence, group in groupby(rows, key=itemgetter(0)):
        yield sequence, list(group)


def _streamed(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Any]]:
    return iter(connection.execute(query.execution_options(yield_per=BATCH)))


EVENT_COLUMNS: Final = tuple(t.appointment_event.c)
ENTRY_COLUMNS: Final = tuple(t.entry.c)
TRANSFER_COLUMNS: Final = (transfer.number, transfer.debit_id, transfer.credit_id, transfer.amount)
EVENT_NAMES: Final = tuple(column.name for column in EVENT_COLUMNS)
ENTRY_NAMES: Final = tuple(column.name for column in ENTRY_COLUMNS)


def _plain(columns: Iterable[ColumnElement[Any]], dialect: str) -> list[ColumnElement[Any]]:
    """The columns with identifiers as 32 hexadecimal digits, which both engines give without a detour."""
    return [_digits(column, dialect) if isinstance(column.type, Uuid) else column for column in columns]


def _digits(column: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
    if dialect == "sqlite":
        return type_coerce(column, String)
    return func.replace(cast(column, String), "-", "", type_=String)


def _event(row: Sequence[Any]) -> Item:
    """The item of an event's columns."""
    covered = dict(zip(EVENT_NAMES, row, strict=True))
    return Item(EVENT, covered["appointment_id"], covered["number"], covered["recorded_at"], _digest(covered))


def _entry(rows: list[Sequence[Any]]) -> Item:
    """The item of an entry's columns, a row for each of its transfers."""
    width = len(ENTRY_NAMES)
    covered = dict(zip(ENTRY_NAMES, rows[0], strict=False))
    covered["transfers"] = [list(row[width:]) for row in rows if row[width] is not None]
    return Item(ENTRY, covered["id"], 0, covered["recorded_at"], _digest(covered))


def _digest(covered: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of a row: keys sorted, instants in UTC, identifiers as digits."""
    return hashlib.sha256(dumps(covered, sort=True)).hexdigest()
