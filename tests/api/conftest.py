"""An application on a database of its own, on both engines, and keys for every role."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from api import create_app
from api.databases import EXTENSION, Database
from ledger.domain.errors import Unknown
from ledger.services import access, parties
from ledger.store.engine import writing

SECRET = "a secret for tests, long enough to be one"


@dataclass(frozen=True)
class Caller:
    """Speaks to the application with one key."""

    client: FlaskClient
    secret: str
    key_id: str = ""

    def __call__(
        self, method: str, path: str, json: Any = None, *, key: str | None = None, headers: Mapping[str, str] = {}
    ) -> Any:
        sent = {"Authorization": f"Bearer {self.secret}", **headers}
        if key is not None:
            sent["Idempotency-Key"] = key
        if json is None:
            return self.client.open(path, method=method, headers=sent)
        return self.client.open(path, method=method, json=json, headers=sent)


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    app = create_app({"DATABASE_URL": database_url, "SECRET_KEY": SECRET, "TESTING": True})
    yield app
    store_of(app).dispose()


@pytest.fixture
def sqlite_admin(sqlite_url: str) -> Iterator[Caller]:
    """An admin on SQLite alone, for what is decided before any database is asked."""
    app = create_app({"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET, "TESTING": True})
    with writing(store_of(app).engine) as connection:
        issued = access.issue_key(connection, "admin", None, datetime.now(UTC))
    yield Caller(app.test_client(), issued.secret, str(issued.row["id"]))
    store_of(app).dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def store_of(app: Flask) -> Database:
    store = app.extensions[EXTENSION]
    assert isinstance(store, Database)
    return store


@pytest.fixture
def caller(app: Flask) -> Callable[..., Caller]:
    """Makes a key for a role, and for an organisation that is made with it where there is none of that slug."""

    def make(role: str, slug: str | None = None) -> Caller:
        with writing(store_of(app).engine) as connection:
            owner = None if slug is None else organisation(connection, role, slug)
            issued = access.issue_key(connection, role, owner, datetime.now(UTC))
        return Caller(app.test_client(), issued.secret, str(issued.row["id"]))

    return make


def organisation(connection: Any, kind: str, slug: str) -> Any:
    try:
        return parties.organisation(connection, slug)["id"]
    except Unknown:
        details = {**ACME, "slug": slug, "kind": kind}
        return parties.create_organisation(connection, details, datetime.now(UTC))["id"]


@pytest.fixture
def admin(caller: Callable[..., Caller]) -> Caller:
    return caller("admin")


@pytest.fixture
def supplier(caller: Callable[..., Caller]) -> Caller:
    return caller("supplier", "acme-calls")


@pytest.fixture
def buyer(caller: Callable[..., Caller]) -> Caller:
    return caller("buyer", "north-bank")


@pytest.fixture
def app_engine(app: Flask) -> Engine:
    return store_of(app).engine


ACME: dict[str, Any] = {
    "slug": "acme-calls",
    "kind": "supplier",
    "legal_name": "Acme Calls Ltd",
    "time_zone": "Europe/London",
    "address": {"country": "GB"},
}
"""The least that an organisation needs."""
