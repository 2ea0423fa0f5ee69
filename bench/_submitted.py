"""A database full of appointments whose slots are booked: one submitted as anybody's, then copied.

Owns what the benches of commands and deadlines work on, all of it under one agreement, the hardest case.
"""

import secrets
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Engine, select

from api import create_app
from api.databases import EXTENSION, Database
from bench._serving import SECRET, settle_in
from bench.p8_lists import CHUNK, seed
from ledger.domain.terms import ContactKind
from ledger.store import tables as t
from ledger.store.bulk import insert_rows
from ledger.store.engine import writing


def submitted(url: str, rows: int) -> Engine:
    """The database's engine, once `rows` appointments are in it."""
    (key,) = settle_in(url, 1)
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
    store = app.extensions[EXTENSION]
    assert isinstance(store, Database)
    seed(store.engine, app.test_client(), {"Authorization": f"Bearer {key}"}, rows)
    _recognise(store.engine)
    return store.engine


def _recognise(engine: Engine) -> None:
    """Contacts for the copies too, each its own, by which submissions look for duplicates."""
    key = t.contact_key.c
    with writing(engine) as connection:
        (first,) = connection.execute(select(t.contact_key).where(key.kind == ContactKind.EMAIL)).mappings().all()
        ids = connection.execute(select(t.appointment.c.id)).scalars().all()
        others = (each for each in ids if each != first["appointment_id"])
        rows = ({**first, "appointment_id": each, "digest": secrets.token_hex(32)} for each in others)
        while some := list(islice(rows, CHUNK)):
            insert_rows(connection, t.contact_key, some)


def times(engine: Engine) -> Any:
    """When the slots start, and when the buyer's silence takes effect: the same for all of them."""
    appointment = t.appointment.c
    with engine.connect() as connection:
        row = connection.execute(select(appointment.starts_at, appointment.findings_at).limit(1)).one()
    assert isinstance(row.starts_at, datetime)
    return row
