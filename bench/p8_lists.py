"""P8: the last page of `GET /v1/appointments` over 1,000,000 appointments ÷ the first page; a page of 100 as JSON ÷
the same rows as tuples through orjson.

Requests go through the whole application, in this process. The bare side reads the page's rows of the appointment and
its prospect with the driver's cursor and writes them as JSON. Arguments: how many appointments, and which engines.
"""

import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from statistics import median
from typing import Any

import orjson
from flask import Flask
from sqlalchemy import Engine, select
from uuid6 import uuid7
from werkzeug.test import create_environ, run_wsgi_app

from api import create_app
from api.cursors import Listing
from api.databases import EXTENSION, Database
from api.schemas import load
from api.schemas.appointments import AppointmentFilters
from bench._databases import ENGINES, databases
from bench._serving import SECRET, settle_in, submission
from ledger.domain.encoding import dumps
from ledger.store import tables as t
from ledger.store.bulk import insert_rows
from ledger.store.engine import writing

CHUNK = 20_000
LIMIT = 100
ROUNDS = 15
PATH = "/v1/appointments"
BARE = f"""
    SELECT * FROM appointment JOIN prospect ON prospect.appointment_id = appointment.id
    ORDER BY appointment.id DESC LIMIT {LIMIT}
"""


def seed(engine: Engine, client: Any, headers: dict[str, str], rows: int) -> None:
    """One appointment submitted as anybody's, then copied: another id, reference and prospect each."""
    answer = client.post("/v1/appointments", json=submission(0, datetime.now(UTC)), headers=headers)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    with writing(engine) as connection:
        (appointment,) = connection.execute(select(t.appointment)).mappings().all()
        (prospect,) = connection.execute(select(t.prospect)).mappings().all()
    numbers = count(1)
    for start in range(1, rows, CHUNK):
        ids = [uuid7() for _ in range(min(CHUNK, rows - start))]
        copies = [{**appointment, "id": each, "reference": f"S-{next(numbers)}"} for each in ids]
        with writing(engine) as connection:
            insert_rows(connection, t.appointment, copies)
            insert_rows(connection, t.prospect, [{**prospect, "appointment_id": each} for each in ids])
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")


def milliseconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def last_cursor(engine: Engine) -> str:
    """The cursor of the last whole page, as the page before it gives it."""
    appointment = t.appointment.c.id
    with engine.connect() as connection:
        before = connection.execute(select(appointment).order_by(appointment).offset(LIMIT).limit(1)).scalar_one()
    filters = {name: value for name, value in load(AppointmentFilters(), {}).items() if name not in ("limit", "cursor")}
    return Listing(LIMIT, None, f"{PATH}\n{dumps(filters, sort=True).decode()}", SECRET).cursor_for(before)


def bare_page(engine: Engine) -> bytes:
    """The newest rows as the driver has them."""
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(BARE)
        return orjson.dumps(cursor.fetchall(), default=str)


def page(app: Flask, environ: dict[str, Any]) -> bytes:
    """The page's bytes, called for as the server does it; the bare side has its own: neither is read again."""
    parts, status, _ = run_wsgi_app(app, environ, buffered=True)
    body = b"".join(parts)
    assert status == "200 OK", body.decode()
    return body


def measure(name: str, url: str, rows: int) -> Iterator[dict[str, Any]]:
    (key,) = settle_in(url, 1)
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
    gc.collect()
    gc.freeze()  # as the server does, for both sides
    store = app.extensions[EXTENSION]
    assert isinstance(store, Database)
    headers = {"Authorization": f"Bearer {key}"}
    seed(store.engine, app.test_client(), headers, rows)
    cursor = last_cursor(store.engine)
    to_first, to_last = (
        create_environ(PATH, query_string={"limit": LIMIT, **place}, headers=headers)
        for place in ({}, {"cursor": cursor})
    )
    for environ in (to_first, to_last):
        assert len(orjson.loads(page(app, environ))["items"]) == LIMIT
    first, last, bare = [], [], []
    for _ in range(ROUNDS):
        first.append(milliseconds(lambda: page(app, to_first)))
        last.append(milliseconds(lambda: page(app, to_last)))
        bare.append(milliseconds(lambda: bare_page(store.engine)))
    store.dispose()
    absolute = {
        "appointments": rows,
        "first page ms": round(median(first), 1),
        "last page ms": round(median(last), 1),
        "bare ms": round(median(bare), 1),
    }
    ends = median(late / early for late, early in zip(last, first, strict=True))
    mapping = median(whole / raw for whole, raw in zip(first, bare, strict=True))
    yield {"id": f"P8 {name} last ÷ first", "ratio": round(ends, 2), "goal": "<= 1.2", "absolute": absolute}
    yield {"id": f"P8 {name} JSON ÷ tuples", "ratio": round(mapping, 2), "goal": "<= 4", "absolute": absolute}


def main(rows: int, *engines: str) -> None:
    with databases() as made:
        for name in engines or ENGINES:
            for figure in measure(name, made.make(name), rows):
                print(json.dumps(figure, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["1000000"])[0]), *sys.argv[2:])
