"""P4: rows of a history imported per second ÷ executemany of all the rows that the import ends up writing.

The bare side writes what it reads back from the imported database into an identical empty one, through the driver
alone, in one transaction, guarded by the same keys, checks and triggers. `--whole` takes the whole recorded history.
"""

import json
import sqlite3
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from resource import RUSAGE_SELF, getrusage
from statistics import median
from typing import Any

import psycopg
from psycopg.types.string import TextLoader
from sqlalchemy import make_url

from bench._databases import ENGINES, Databases, databases
from bench._history import History, beginning, made, recorded
from ledger.store import tables as t

GOAL = ">= 0.3"
ROWS = 20_000
ROUNDS = 3
Content = list[tuple[str, list[tuple[Any, ...]]]]
"""For each table, in the order in which they can be filled: an INSERT and its rows."""


def imported(history: History, url: str) -> tuple[float, int]:
    """Seconds that the import takes in a process of its own, and the most memory that it has, in MB."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_import, history, url).result()


def _import(history: History, url: str) -> tuple[float, int]:
    started = time.perf_counter()
    history.take(url)
    return time.perf_counter() - started, getrusage(RUSAGE_SELF).ru_maxrss // 1024


def connect(url: str) -> Any:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        connection = sqlite3.connect(parsed.database or "", isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -65536"):
            connection.execute(f"PRAGMA {pragma}")
        return connection
    driver = psycopg.connect(url, autocommit=True)
    for json_type in ("json", "jsonb"):
        driver.adapters.register_loader(json_type, TextLoader)
    return driver


def content(url: str) -> Content:
    """Everything that is in the database."""
    connection = connect(url)
    mark = "?" if isinstance(connection, sqlite3.Connection) else "%s"
    found: Content = []
    for table in t.metadata.sorted_tables:
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        rows = connection.execute(f'SELECT {names} FROM "{table.name}"').fetchall()
        if rows:
            marks = ", ".join([mark] * len(table.columns))
            found.append((f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', rows))
    connection.close()
    return found


def written(url: str, rows: Content) -> float:
    """Seconds that the driver takes to write them."""
    connection = connect(url)
    cursor = connection.cursor()
    started = time.perf_counter()
    cursor.execute("BEGIN")
    for statement, some in rows:
        cursor.executemany(statement, some)
    cursor.execute("COMMIT")
    taken = time.perf_counter() - started
    connection.close()
    return taken


def measure(made_here: Databases, engine: str, history: History, rounds: int = ROUNDS) -> dict[str, Any]:
    imports, bare = [], []
    rows: Content = []
    peak = 0
    for _ in range(rounds):
        target = made_here.make(engine)
        seconds, memory = imported(history, target)
        imports.append(seconds)
        peak = max(peak, memory)
        rows = rows or content(target)
        bare.append(written(made_here.make(engine), rows))
    number = next(len(some) for statement, some in rows if '"appointment" ' in statement)
    everything = sum(len(some) for _, some in rows)
    return {
        "id": f"P4 {engine}",
        "ratio": round(median(b / a for a, b in zip(imports, bare, strict=True)), 3),
        "goal": GOAL,
        "absolute": {
            "appointments per second": round(number / median(imports)),
            "bare per second": round(number / median(bare)),
            "appointments": number,
            "rows per appointment": round(everything / number, 2),
            "peak MB": peak,
        },
    }


def main(*arguments: str) -> None:
    wanted = [name for name in arguments if name in ENGINES] or list(ENGINES)
    with databases() as made_here:
        found = recorded()
        if found is None:
            history = made(ROWS, made_here.folder)
        else:
            history = found if "--whole" in arguments else beginning(found, ROWS, made_here.folder)
        for engine in wanted:
            print(json.dumps(measure(made_here, engine, history)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
