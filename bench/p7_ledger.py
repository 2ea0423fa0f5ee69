"""P7: a balance with 1,000,000 postings ÷ a look-up by primary key; entries per second ÷ django-hordak's.

Both on PostgreSQL. The balance is read as the product reads a deposit, the look-up through the same layers, in turns.
Entries are posted one per transaction, each durable, by one client on either side, in turns; hordak has our guards
(rows that never change, a source that posts once) on top of its own, and keeps no running balances, which we do.
Arguments: postings, entries per turn.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import Connection, Engine, bindparam, func, select

from bench._databases import databases
from bench._hordak import hordak
from invoices.payments import deposit_of
from ledger.domain.journal import AccountKind, EntryKind
from ledger.services.posting import Accounts, Pair, Postings
from ledger.store import tables as t
from ledger.store.engine import make_engine, reading, writing
from ledger.store.prepared import Prepared
from ledger.store.types import new_id
from tests.billing.trade import Trade

PAIRS = 100
READS, TURNS = 2_000, 5
NOW = datetime(2026, 10, 5, 9, tzinfo=UTC)
ENTRY = (
    "INSERT INTO entry (id, buyer_id, supplier_id, kind, source_id, currency, effective_at, recorded_at) "
    "SELECT gen_random_uuid(), %s, %s, 'deposit', gen_random_uuid(), 'GBP', %s, %s FROM generate_series(1, %s)"
)
TRANSFER = "INSERT INTO transfer (entry_id, number, debit_id, credit_id, amount) SELECT id, 1, %s, %s, 100 FROM entry"


def seed(engine: Engine, pair: Pair, postings: int) -> dict[AccountKind, Any]:
    """So many deposits of one pair, with the balances they come to."""
    supplier, buyer, _ = pair
    with writing(engine) as connection:
        accounts = Accounts(connection).of(pair)
        deposit, settlement = accounts[AccountKind.DEPOSIT], accounts[AccountKind.SETTLEMENT]
        connection.exec_driver_sql(ENTRY, (buyer, supplier, NOW, NOW, postings))
        connection.exec_driver_sql(TRANSFER, (deposit, settlement))
        for account, sign in ((deposit, 1), (settlement, -1)):
            change = t.account.update().where(t.account.c.id == account)
            connection.execute(change.values(balance=sign * 100 * postings))
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")
    return accounts


def timed(read: Callable[[], Any], expected: int) -> float:
    started = time.perf_counter()
    found = read()
    taken = time.perf_counter() - started
    assert found == expected
    return taken


def balances(connection: Connection, pair: Pair, account: Any, postings: int) -> dict[str, Any]:
    moved, amount = t.transfer.c, 100 * postings
    summed = select(func.sum(moved.amount)).where(moved.debit_id == account)
    by_key = Prepared(select(t.account.c.balance).where(t.account.c.id == bindparam("id")))
    ours, looked_up = [], []
    for _ in range(READS):
        ours.append(timed(lambda: deposit_of(connection, pair), amount))
        looked_up.append(timed(lambda: by_key.all(connection, {"id": account})[0].balance, amount))
    return {
        "id": "P7 balance",
        "ratio": round(median(ours) / median(looked_up), 2),
        "goal": "<= 1.5",
        "absolute": {
            "postings": postings,
            "ms": round(median(ours) * 1000, 3),
            "look-up ms": round(median(looked_up) * 1000, 3),
            "ms by adding up": round(timed(lambda: int(connection.execute(summed).scalar_one()), amount) * 1000, 1),
        },
    }


def post(engine: Engine, pairs: list[Pair], entries: int) -> float:
    """Seconds for so many entries, a transaction each."""
    started = time.perf_counter()
    for place in range(entries):
        with writing(engine) as connection:
            postings = Postings(connection, Accounts(connection))
            stamp: dict[str, Any] = {"source_id": new_id(), "effective_at": NOW, "recorded_at": NOW}
            postings.post(EntryKind.ACCRUAL, pairs[place % len(pairs)], (18_000,), **stamp)
            postings.write()
    return time.perf_counter() - started


def rates(engine: Engine, pairs: list[Pair], peer_url: str, entries: int) -> dict[str, Any]:
    parts = urlsplit(peer_url)
    with hordak(parse_qs(parts.query)["host"][0], parts.path[1:], PAIRS) as peer:
        post(engine, pairs, entries // 4)
        peer.post(entries // 4)
        turns = [(post(engine, pairs, entries), peer.post(entries)) for _ in range(TURNS)]
    ours, theirs = (entries / median(side) for side in zip(*turns, strict=True))
    return {
        "id": "P7 entries ÷ hordak",
        "ratio": round(ours / theirs, 2),
        "goal": ">= 3",
        "absolute": {"entries per second": round(ours), "hordak": round(theirs), "clients": 1},
    }


def main(postings: int = 1_000_000, entries: int = 1_000) -> None:
    with databases() as made:
        url, peer_url = made.make("postgresql"), made.make_empty()
        engine = make_engine(url)
        trade = Trade(engine)
        buyer = trade.join("north-bank", "buyer")
        pairs: list[Pair] = [(trade.join(f"agent-{each}", "supplier"), buyer, "GBP") for each in range(PAIRS)]
        accounts = seed(engine, pairs[0], postings)
        with reading(engine) as connection:
            figure = balances(connection, pairs[0], accounts[AccountKind.DEPOSIT], postings)
        print(json.dumps(figure, ensure_ascii=False), flush=True)
        print(json.dumps(rates(engine, pairs[1:], peer_url, entries), ensure_ascii=False), flush=True)
        engine.dispose()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
