"""P3: appointments per second of the batch intake ÷ unchecked COPY (PostgreSQL) or executemany (SQLite) of their rows.

One client posts lists of 1,000 submissions to the production server. The bare side writes the rows that came of it,
read back, into an identical database through the driver alone, under the same keys, checks and triggers: by COPY of
text that is ready, the fastest that there is, or by executemany of tuples that are. The same rows from tuples by COPY
stand beside it.
"""

import http.client
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median
from typing import Any

import orjson
import psycopg
from sqlalchemy import make_url

from bench._databases import ENGINES, Databases, databases
from bench._serving import HOST, rows_per_appointment, server, settle_in, submission
from bench.p4_import import connect
from ledger.store import tables as t
from ledger.store.engine import make_engine

GOAL = ">= 0.5"
ROUNDS = 5
AT_ONCE = 1_000
WRITTEN = ("appointment", "appointment_event", "prospect", "contact_key", "idempotency_key")
"""What a submission writes, in the order in which it can be written."""
CHILDREN_FIRST = tuple(reversed(WRITTEN))


def bodies(first: int, count: int) -> list[bytes]:
    now = datetime.now(UTC)
    numbers = range(first, first + count)
    every = [submission(number, now) for number in numbers]
    return [orjson.dumps({"items": every[start : start + AT_ONCE]}) for start in range(0, count, AT_ONCE)]


def posted(port: int, key: str, batches: list[bytes], first: int) -> float:
    """Seconds that the server takes for all of them, one after the other."""
    connection = http.client.HTTPConnection(HOST, port, timeout=120)
    started = time.perf_counter()
    for number, body in enumerate(batches):
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"batch-{first + number}"}
        connection.request("POST", "/v1/appointments/batch", body, {**headers, "Content-Type": "application/json"})
        answer = connection.getresponse().read()
        if answer.count(b'"status":201') != AT_ONCE:
            raise AssertionError(answer[:2_000].decode())
    return time.perf_counter() - started


def without_rows(made: Databases, url: str) -> str:
    """A database like this one but for what submissions wrote."""
    bare = made.make(make_url(url).get_backend_name())
    source, target = connect(url), connect(bare)
    mark = "?" if isinstance(source, sqlite3.Connection) else "%s"
    for table in t.metadata.sorted_tables:
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        rows = source.execute(f'SELECT {names} FROM "{table.name}"').fetchall()
        if rows and table.name not in WRITTEN:
            marks = ", ".join([mark] * len(table.columns))
            target.cursor().executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', rows)
    source.close()
    target.close()
    return bare


def columns(table: str) -> str:
    return ", ".join(f'"{column.name}"' for column in t.metadata.tables[table].columns)


class Bare:
    """Writes the rows of `url` into `target`, and takes them away again."""

    def __init__(self, url: str, target: str) -> None:
        self._source, self._target = url, target

    def seconds(self, *, ready: bool) -> float:
        if make_url(self._source).get_backend_name() == "sqlite":
            return self._by_executemany()
        return self._by_copy(ready=ready)

    def _by_executemany(self) -> float:
        source, target = connect(self._source), connect(self._target)
        found = [(name, source.execute(f"SELECT {columns(name)} FROM {name}").fetchall()) for name in WRITTEN]
        started = time.perf_counter()
        target.execute("BEGIN IMMEDIATE")
        for name, rows in found:
            marks = ", ".join("?" * len(rows[0]))
            target.executemany(f"INSERT INTO {name} ({columns(name)}) VALUES ({marks})", rows)
        target.execute("COMMIT")
        taken = time.perf_counter() - started
        source.close()
        target.close()
        return taken

    def _by_copy(self, *, ready: bool) -> float:
        with psycopg.connect(self._source) as source, psycopg.connect(self._target) as target:
            found = [(name, list(_read(source, name, ready=ready))) for name in WRITTEN]
            started = time.perf_counter()
            with target.cursor() as cursor:
                for name, rows in found:
                    with cursor.copy(f"COPY {name} ({columns(name)}) FROM STDIN") as copy:
                        for row in rows:
                            copy.write(row) if ready else copy.write_row(row)
            target.commit()
            return time.perf_counter() - started


def _read(source: psycopg.Connection[Any], name: str, *, ready: bool) -> Iterator[Any]:
    with source.cursor() as cursor, cursor.copy(f"COPY {name} ({columns(name)}) TO STDOUT") as copy:
        yield from copy if ready else copy.rows()


def measure(made: Databases, engine: str, count: int) -> dict[str, Any]:
    url = made.make(engine)
    (key,) = settle_in(url, 1)
    per_second, bare, from_tuples = list[float](), list[float](), list[float]()
    with server(url) as port:
        posted(port, key, bodies(0, AT_ONCE), 0)
        for turn in range(ROUNDS):
            first = AT_ONCE + turn * count
            per_second.append(count / posted(port, key, bodies(first, count), first))
            rows_there = AT_ONCE + (turn + 1) * count
            for told, ready in ((bare, True), (from_tuples, False)):
                told.append(rows_there / Bare(url, without_rows(made, url)).seconds(ready=ready))
    ratios = [product / rate for product, rate in zip(per_second, bare, strict=True)]
    return {
        "id": f"P3 {engine}",
        "ratio": round(median(ratios), 3),
        "goal": GOAL,
        "absolute": {
            "appointments per second": round(median(per_second)),
            "bare per second": round(median(bare)),
            "bare from tuples per second": round(median(from_tuples)),
            "rows per appointment": rows_per_appointment(make_engine(url)),
        },
    }


def main(*arguments: str) -> None:
    wanted = [name for name in arguments if name in ENGINES] or list(ENGINES)
    count = next((int(each) for each in arguments if each.isdigit()), 4_000)
    with databases() as made:
        for engine in wanted:
            print(json.dumps(measure(made, engine, count)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
