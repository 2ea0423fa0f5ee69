"""Applications that tests take turns at: making one, and reading its templates, takes longer than most tests do.

An application keeps nothing of a request but its counters. Tests that add to one, or count, make one of their own.
"""

from functools import lru_cache

from flask import Flask

from api import create_app
from api.databases import EXTENSION, Database

SECRET = "a secret for tests, long enough to be one"


@lru_cache(maxsize=8)
def application(url: str, documents: str | None = None) -> Flask:
    """The one on this database, which has to be one that is lent (`tests/support/leases.py`)."""
    where = {} if documents is None else {"DOCUMENTS_URL": documents}
    return create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True, **where})


def store_of(app: Flask) -> Database:
    store = app.extensions[EXTENSION]
    assert isinstance(store, Database)
    return store
