"""People, a market and a clock for the pages: clients that have logged in, and a live server for the browser."""

import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from sqlalchemy import Connection, Engine
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from api import passwords
from api.web import VIEWS, sessions
from ledger.services import access, logins, parties
from ledger.store.engine import writing
from tests.services.market import Market
from tests.support.applications import SECRET, application
from tests.support.openings import opened

PASSWORD = "correct horse battery staple"
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
"""Two hours after the market's appointments on Tuesday have begun."""


@dataclass
class House:
    """An installation with its people, and the time that its pages go by."""

    app: Flask
    engine: Engine
    market: Market
    set_clock: Callable[[datetime], None]

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def join(self, slug: str, kind: str) -> None:
        """An organisation that has no agreement with anybody."""
        with writing(self.engine) as connection:
            self.market.ids[slug] = _joined(connection, slug, kind)

    def add(self, email: str, *roles: str, slug: str | None = None, totp: str | None = None) -> UUID:
        with writing(self.engine) as connection:
            return _added(connection, email, roles, None if slug is None else self.market.ids[slug], totp)

    def enter(self, email: str, *, at: datetime = NOON, second: bool = False) -> FlaskClient:
        """A client that has logged in."""
        client = self.client()
        response = send(client, "/login", {"email": email, "password": PASSWORD})
        if second:
            assert response.location == "/login/code"
            response = send(client, "/login/code", {"code": pyotp.TOTP(TOTP).at(at)})
        assert response.status_code == 302 and response.location == "/", response.text
        return client


def _joined(connection: Connection, slug: str, kind: str) -> UUID:
    details = {"slug": slug, "kind": kind, "legal_name": slug.title(), "address": {"country": "GB"}}
    row = parties.create_organisation(connection, {**details, "time_zone": "Europe/London"}, NOON)
    return UUID(str(row["id"]))


def _added(
    connection: Connection, email: str, roles: Sequence[str], organisation: UUID | None, totp: str | None = None
) -> UUID:
    name, hashed = email.partition("@")[0].title(), passwords.hashed(PASSWORD)
    row = access.create_user(connection, email, name, hashed, roles, organisation, NOON)
    if totp is not None:
        logins.enrol(connection, row["id"], totp, SECRET)
    return UUID(str(row["id"]))


def _moved_in(connection: Connection, ids: Mapping[str, UUID]) -> dict[str, UUID]:
    """People of both sides and of the operator, what invoices need, and a bank beside the market.

    Second factors come later: they are sealed for the id of a person.
    """
    _added(connection, "rita@north-bank.example", ("buyer",), ids["north-bank"])
    _added(connection, "sam@acme.example", ("supplier",), ids["acme-calls"])
    fay = _added(connection, "fay@operator.example", ("finance",), None)
    for slug, vat_id in (("acme-calls", "GB980780684"), ("north-bank", "GB434031494")):
        street = {"line1": "1 High Street", "city": "Leeds", "postcode": "LS1 4AP"}
        changes = {"vat_id": vat_id, "vat_registered": True, "address": street}
        parties.change_organisation(connection, ids[slug], changes, "test", NOON)
    return {"south-bank": _joined(connection, "south-bank", "buyer"), "fay": fay}


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    return found.group(1)


def codes_in(page: str) -> list[str]:
    """The recovery codes that a page shows."""
    return re.findall(r"<li>((?:[a-z2-7]{4}-){3}[a-z2-7]{4})</li>", page)


def send(client: FlaskClient, path: str, form: Mapping[str, Any], *, on: str | None = None) -> TestResponse:
    """Fills in the form of a page as a person would, and sends it."""
    page = client.get(on or path)
    values: dict[str, Any] = {"csrf_token": token_in(page.text)}
    for name in ("version", "revision"):
        shown = re.search(rf'name="{name}" value="(\d+)"', page.text)
        if shown:
            values[name] = shown.group(1)
    return client.post(path, data={**values, **form})


def log_in(page: Page, address: str, email: str, at: datetime | None = None) -> None:
    page.goto(f"{address}/login")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    if at is not None:
        page.get_by_label("Code").fill(pyotp.TOTP(TOTP).at(at))
        page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.wait_for_load_state()


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents")


@pytest.fixture
def house(database_url: str, engine: Engine, documents: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    app = application(database_url, documents.as_uri())

    def set_clock(now: datetime) -> None:
        for module in (*VIEWS, sessions):
            if hasattr(module, "clock"):
                monkeypatch.setattr(module, "clock", lambda: now)

    set_clock(NOON)
    found = House(app, engine, Market(engine), set_clock)
    ids = found.market.ids
    moved_in = opened(engine, "people", lambda connection: _moved_in(connection, ids), given=ids)
    with writing(engine) as connection:
        logins.enrol(connection, moved_in.pop("fay"), TOTP, SECRET)
    ids |= moved_in
    yield found
    for kept in documents.iterdir():
        shutil.rmtree(kept)


def whole(app: Flask) -> Callable[[Any, Any], list[bytes]]:
    """Answers in one piece, their files closed: werkzeug's server leaves those open where a browser hangs up."""

    def answered(environ: Any, start_response: Any) -> list[bytes]:
        with closing(app(environ, start_response)) as answer:  # type: ignore[type-var]  # a ClosingIterator
            return [b"".join(answer)]

    return answered


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The application on a port of this machine."""
    server = make_server("127.0.0.1", 0, whole(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def address(house: House) -> Iterator[str]:
    """The house on a port of this machine."""
    with serving(house.app) as address:
        yield address
