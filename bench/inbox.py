"""The inbox of a buyer with 1,000,000 appointments ÷ with 1,000: the server's time for the page, cookie and all.

Of ten appointments one awaits findings, two are to come and seven are settled; with 1,000 that fills a page, too.
Both databases are there at the same time and take turns; requests go through the whole application, in this process.
Arguments: how many appointments the large and the small one have, and which engines.
"""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

from sqlalchemy import Engine, select
from uuid6 import uuid7

from api import create_app, passwords
from api.databases import EXTENSION, Database
from bench._databases import ENGINES, Databases, databases
from bench._serving import SECRET, settle_in, submission
from bench.p8_lists import CHUNK, milliseconds
from ledger.services import access
from ledger.store import tables as t
from ledger.store.bulk import insert_rows
from ledger.store.engine import writing

ROUNDS = 30
WARM_UP = 5
PASSWORD = "correct horse battery staple"  # noqa: S105  # of a database that is gone in a minute
PAGES = {"inbox": "/inbox", "to come": "/inbox?show=coming", "settled": "/inbox?show=settled"}
SUPPLIERS = 3


def reader(url: str, rows: int) -> tuple[Callable[[str], Any], Database]:
    """Gives pages to the reviewer of a buyer with so many appointments."""
    key, *_ = settle_in(url, SUPPLIERS)
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
    store, client, now = app.extensions[EXTENSION], app.test_client(), datetime.now(UTC)
    assert isinstance(store, Database)
    answer = client.post("/v1/appointments", json=submission(0, now), headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    buyer_id = fill(store.engine, rows, now)
    with writing(store.engine) as connection:
        access.create_user(
            connection, "rita@bank.example", "Rita", passwords.hashed(PASSWORD), ("buyer",), buyer_id, now
        )
    token = client.get("/login").text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"email": "rita@bank.example", "password": PASSWORD, "csrf_token": token}
    assert client.post("/login", data=form).status_code == 302

    def page(path: str) -> str:
        found = client.get(path)
        assert found.status_code == 200 and found.text.count('class="row"') == 50, path
        return found.text

    return page, store


def fill(engine: Engine, rows: int, now: datetime) -> Any:
    """Copies of the one that is there, spread over time. Returns whose they are."""
    with writing(engine) as connection:
        (appointment,) = connection.execute(select(t.appointment)).mappings().all()
        (prospect,) = connection.execute(select(t.prospect)).mappings().all()
        agreements = [(row.id, row.supplier_id) for row in connection.execute(select(t.agreement))]
    for start in range(0, rows, CHUNK):
        made = [_copy(appointment, number, now, agreements) for number in range(start, min(start + CHUNK, rows))]
        owners = [{**prospect, "appointment_id": each["id"], "supplier_id": each["supplier_id"]} for each in made]
        with writing(engine) as connection:
            insert_rows(connection, t.appointment, made)
            insert_rows(connection, t.prospect, owners)
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(
            "VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE"
        )
    return appointment["buyer_id"]


def _copy(appointment: Any, number: int, now: datetime, agreements: list[Any]) -> dict[str, Any]:
    kind, place = number % 10, timedelta(microseconds=number * 40_000)
    agreement_id, supplier_id = agreements[number % len(agreements)]
    starts_at = now + timedelta(days=2) + place if kind in (1, 2) else now - timedelta(days=1) - place
    due_at = None if kind > 2 else starts_at + timedelta(days=2) if kind else now + timedelta(hours=1) + place
    return {
        **appointment,
        "id": uuid7(),
        "reference": f"C-{number}",
        "agreement_id": agreement_id,
        "supplier_id": supplier_id,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=1),
        "findings_at": due_at,
        "next_due_at": due_at,
        "verdict": "given" if kind > 2 else "pending",
        "attendance": "attended" if kind > 2 else "unknown",
        "verdict_at": starts_at + timedelta(hours=2) if kind > 2 else None,
        "clawback_at": starts_at + timedelta(hours=3) if kind > 2 else None,
    }


def measure(made: Databases, name: str, large: int, small: int) -> Iterator[dict[str, Any]]:
    sides = [reader(made.make(name), rows) for rows in (large, small)]
    for what, path in PAGES.items():
        taken: list[list[float]] = [[], []]
        for _ in range(ROUNDS + WARM_UP):
            for (page, _store), times in zip(sides, taken, strict=True):
                times.append(milliseconds(partial(page, path)))
        many, few = (found[WARM_UP:] for found in taken)
        ratio = median(one / other for one, other in zip(many, few, strict=True))
        absolute = {"appointments": large, "large ms": round(median(many), 1), "small ms": round(median(few), 1)}
        yield {"id": f"{what} {name}", "ratio": round(ratio, 2), "goal": "<= 1.3", "absolute": absolute}
    for _, store in sides:
        store.dispose()


def main(large: int, small: int, *engines: str) -> None:
    with databases() as made:
        for name in engines or ENGINES:
            for figure in measure(made, name, large, small):
                print(json.dumps(figure), flush=True)


if __name__ == "__main__":
    large, small = map(int, sys.argv[1:3] or (1_000_000, 1_000))
    main(large, small, *sys.argv[3:])
