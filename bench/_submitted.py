"""A database full of appointments whose slots are booked: one submitted as anybody's, then copied.

Owns what the benches of commands and deadlines work on, all of it under one agreement, the hardest case.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select

from api import create_app
from api.databases import EXTENSION, Database
from bench._serving import SECRET, settle_in
from bench.p8_lists import seed
from ledger.store import tables as t


def submitted(url: str, rows: int) -> Engine:
    """The database's engine, once `rows` appointments are in it."""
    (key,) = settle_in(url, 1)
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
    store = app.extensions[EXTENSION]
    assert isinstance(store, Database)
    seed(store.engine, app.test_client(), {"Authorization": f"Bearer {key}"}, rows)
    return store.engine


def times(engine: Engine) -> Any:
    """When the slots start, and when the buyer's silence takes effect: the same for all of them."""
    appointment = t.appointment.c
    with engine.connect() as connection:
        row = connection.execute(select(appointment.starts_at, appointment.findings_at).limit(1)).one()
    assert isinstance(row.starts_at, datetime)
    return row
