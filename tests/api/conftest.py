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
from ledger.domain.errors import Unknown
from ledger.services import access, parties
from ledger.store.engine import writing
from tests.support.applications import SECRET, application, store_of

__all__ = ["ACME", "SECRET", "Caller", "organisation", "store_of"]


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
def app(request: pytest.FixtureRequest, database_url: str) -> Flask:
    app: Flask = request.getfixturevalue("new_app") if "new_app" in request.fixturenames else application(database_url)
    return app


@pytest.fixture
def new_app(database_url: str) -> Iterator[Flask]:
    """For tests that add to the application or count: whoever asks for `app` in them gets this one."""
    app = create_app({"DATABASE_URL": database_url, "SECRET_KEY": SECRET, "TESTING": True})
    yield app
    store_of(app).dispose()


@pytest.fixture
def sqlite_admin(sqlite_url: str) -> Caller:
    """An admin on SQLite alone, for what is decided before any database is asked."""
    app = application(sqlite_url)
    with writing(store_of(app).engine) as connection:
        issued = access.issue_key(connection, "admin", None, datetime.now(UTC))
    return Caller(app.test_client(), issued.secret, str(issued.row["id"]))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


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
