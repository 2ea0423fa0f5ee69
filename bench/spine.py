"""The known history from end to end: taken in, billed for 19 months and verified, with the answers that are known.

The ratio is the seconds of all three together ÷ 180. Taken in and billed a second time, nothing may change. Needs the
recorded history in `HISTORY_DIR`; without one it says so and measures nothing.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, func, select

from bench._databases import ENGINES, databases
from bench._history import NOW, History, recorded
from invoices.billing_run import bill
from invoices.issuing import Issued
from invoices.verify import run_checks
from ledger.domain.calendar import Period
from ledger.reports.ledger import trial_balance
from ledger.store import tables as t
from ledger.store.engine import make_engine, reading

GOAL = "<= 1"
SECONDS = 180
FIRST, MONTHS = Period(2015, 7), 19
REFUSED = {"party": 77}
DOCUMENTS, NET = 1_541, 35_772_756
LARGEST = ("agent-9", "city-hotel", "2016-08", 1_190, 881_975)
"""Supplier, buyer, month, lines and net of the largest document, in cents."""


@contextmanager
def timed(took: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    took[name] = time.perf_counter() - started


def periods() -> Iterator[Period]:
    period = FIRST
    for _ in range(MONTHS):
        yield period
        period = period.next()


def billed(engine: Engine) -> dict[Period, tuple[Issued, ...]]:
    return {period: bill(engine, period, now=NOW, actor="bench").documents for period in periods()}


def check_documents(found: dict[Period, tuple[Issued, ...]]) -> None:
    every = [(document, period) for period, documents in found.items() for document in documents]
    assert len(every) == DOCUMENTS, len(every)
    assert sum(document.net for document, _ in every) == NET
    largest, month = max(every, key=lambda each: each[0].line_count)
    assert (largest.supplier, largest.buyer, str(month), largest.line_count, largest.net) == LARGEST


def unchanged(engine: Engine, again: Callable[[], Any]) -> None:
    """Raises unless doing it again leaves every table but the record of billing runs as long as it was."""
    before = _sizes(engine)
    again()
    assert _sizes(engine) == before


def _sizes(engine: Engine) -> dict[str, int]:
    with reading(engine) as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in t.metadata.sorted_tables
            if table is not t.billing_run
        }


def measure(url: str, history: History) -> dict[str, Any]:
    engine = make_engine(url)
    took: dict[str, float] = {}
    with timed(took, "import"):
        summary = history.take(url)
    assert dict(summary.clauses) == REFUSED, summary.clauses
    with timed(took, "billing"):
        found = billed(engine)
    check_documents(found)
    with timed(took, "verify"):
        report = run_checks(engine, None, NOW)
    assert not report.faults, report.faults[:5]
    with reading(engine) as connection:
        balance = trial_balance(connection)
    assert not any(balance.sums.values()), balance.sums
    unchanged(engine, lambda: history.take(url, NOW + timedelta(hours=1)))
    unchanged(engine, lambda: billed(engine))
    engine.dispose()
    together = sum(took.values())
    return {
        "id": f"spine {engine.dialect.name}",
        "ratio": round(together / SECONDS, 2),
        "goal": GOAL,
        "absolute": {f"{name} s": round(seconds, 1) for name, seconds in took.items()} | {"rows": summary.rows},
    }


def main(*engines: str) -> None:
    history = recorded()
    if history is None:
        print("HISTORY_DIR is not set: there is no recorded history to take in", file=sys.stderr)
        return
    with databases() as made:
        for engine in engines or reversed(ENGINES):
            print(json.dumps(measure(made.make(engine), history)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
