"""What the check of a tenant's key takes, which every request pays: its row is read each time, so that a key that was
revoked is refused on the next request, by every process. Beside it the driver's own look-up of the same row.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

from sqlalchemy import Connection

from bench._databases import ENGINES, databases
from bench._serving import settle_in
from ledger.services.access import authenticate, digest_of
from ledger.store.engine import make_engine, reading

MOST_MICROSECONDS = 100
KEYS = 200
ROUNDS = 25


def microseconds(work: Callable[[str], object], secrets: list[str]) -> float:
    """Of one call, in the middle round."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for secret in secrets:
            work(secret)
        rounds.append((time.perf_counter() - started) / len(secrets))
    return median(rounds) * 1e6


def look_up(connection: Connection) -> Callable[[str], object]:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    driver = connection.connection.driver_connection
    assert driver is not None
    statement = f"SELECT id, role FROM api_key WHERE digest = {mark}"
    return lambda secret: driver.execute(statement, (digest_of(secret),)).fetchone()


def main(*wanted: str) -> None:
    with databases() as made:
        for name in wanted or ENGINES:
            url, now = made.make(name), datetime.now(UTC)
            secrets = settle_in(url, KEYS)
            with reading(make_engine(url)) as connection:

                def check(secret: str, on: Connection = connection, at: datetime = now) -> object:
                    return authenticate(on, secret, at)

                took, bare = microseconds(check, secrets), microseconds(look_up(connection), secrets)
            figure = {
                "id": f"key check {name}",
                "ratio": round(took / MOST_MICROSECONDS, 2),
                "goal": "<= 1",
                "absolute": {"µs": round(took), "the driver's look-up µs": round(bare), "keys": KEYS},
            }
            print(json.dumps(figure, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
