"""Payments: a bank statement of 100,000 lines taken in and matched with as many invoices, seconds ÷ 60.

Each line names its invoice and pays it in full, as camt.053 from a bank would; a thousand say something else. What is
measured is reading the file, matching, and the payments with their entries, in one transaction. Arguments: how many
payments, and which engines.
"""

import json
import sys
import time
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, select, text
from uuid6 import uuid7

from bench._databases import ENGINES, databases
from invoices import bank_statements, matching
from ledger.store import tables as t
from ledger.store import triggers
from ledger.store.bulk import insert_rows
from ledger.store.engine import make_engine, reading, writing
from tests.billing.trade import UNTAXED, Trade

CHUNK = 20_000
STRANGE = 1_000
PAID_AT = datetime(2026, 12, 1, 9, tzinfo=UTC)


def seed(engine: Engine, many: int) -> None:
    """One invoice issued as any other, then copied: another id and number each, without their lines."""
    trade = Trade(engine)
    trade.charge(trade.agree(tax=UNTAXED), 18_000)
    trade.bill()
    with reading(engine) as connection:
        (issued,) = connection.execute(select(t.document)).mappings().all()
    for start in range(1, many, CHUNK):
        copies: list[dict[str, Any]] = [
            {**issued, "id": uuid7(), "number": f"ACME-NORTH-{number:06d}", "sequence": number}
            | {"run_period": None, "billing_group": None}
            for number in range(start + 1, min(start + CHUNK, many) + 1)
        ]
        with writing(engine) as connection:
            for statement in triggers.drop_statements(engine.dialect.name):
                connection.execute(text(statement))
            insert_rows(connection, t.document, copies)
            triggers.recreate(connection)
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")


def statement(many: int) -> bytes:
    """As CSV; the last thousand name no invoice."""
    lines = ["booked_on,amount,currency,reference,counterparty,iban,id"]
    for number in range(1, many + 1):
        told = f"INVOICE ACME-NORTH-{number:06d} THANK YOU" if number <= many - STRANGE else "rent"
        lines.append(f"{date(2026, 12, 1)},-180.00,GBP,{told},Acme Calls,,B{number}")
    return "\n".join(lines).encode()


def main(many: int, engines: list[str]) -> None:
    content = statement(many)
    with databases() as made:
        for name in engines:
            engine = make_engine(made.make(name))
            seed(engine, many)
            start, at_work = time.perf_counter(), time.process_time()
            with writing(engine) as connection:
                taken = matching.take_in(connection, bank_statements.read(content), actor="bench", now=PAID_AT)
            seconds, at_work = time.perf_counter() - start, time.process_time() - at_work
            assert (taken.matched, taken.unmatched) == (many - STRANGE, STRANGE), taken
            told = {"payments": many, "seconds": round(seconds, 1), "CPU of this process": round(at_work, 1)}
            figure = {"id": f"payments {name}", "ratio": round(seconds / 60, 3), "goal": "<= 1", "absolute": told}
            print(json.dumps(figure), flush=True)
            engine.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, sys.argv[2:] or list(ENGINES))
