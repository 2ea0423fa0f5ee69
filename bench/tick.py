"""Due deadlines settled per second ÷ rows of a history imported per second, on the same engine.

The deadlines are those of 100,000 buyers' silences under one agreement: verdict, accrual, entry and event each.
Arguments: how many, and which engines.
"""

import json
import sys
import time
from typing import Any

from bench._databases import ENGINES, Databases, databases
from bench._history import made as history_of
from bench._submitted import submitted, times
from ledger.services.deadlines import settle_due

MOST_IMPORTED = 20_000


def settled_per_second(made: Databases, name: str, rows: int) -> float:
    engine = submitted(made.make(name), rows)
    due_at = times(engine).findings_at
    started = time.perf_counter()
    moves = settle_due(engine, due_at, due_at)
    seconds = time.perf_counter() - started
    engine.dispose()
    assert moves == rows, "every deadline is settled once"
    return rows / seconds


def imported_per_second(made: Databases, name: str, rows: int) -> float:
    url, history = made.make(name), history_of(rows, made.folder)
    started = time.perf_counter()
    summary = history.take(url)
    seconds = time.perf_counter() - started
    assert summary.taken > 0, "the history is taken in"
    return rows / seconds


def measure(made: Databases, name: str, rows: int) -> dict[str, Any]:
    imported = imported_per_second(made, name, min(rows, MOST_IMPORTED))
    settled = settled_per_second(made, name, rows)
    return {
        "id": f"tick {name}",
        "ratio": round(settled / imported, 2),
        "goal": ">= 0.33",
        "absolute": {"deadlines": rows, "settled per second": round(settled), "imported per second": round(imported)},
    }


def main(rows: int, *engines: str) -> None:
    with databases() as made:
        for name in engines or ENGINES:
            print(json.dumps(measure(made, name, rows)), flush=True)


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["100000"])[0]), *sys.argv[2:])
