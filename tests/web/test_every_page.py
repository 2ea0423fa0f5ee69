"""Every page of every role, on the demonstration: found by its links, in light and dark, at a desk and on a phone.

No violation of WCAG 2.2 AA by axe-core, no console error, nothing asked of another machine, under 150 KB with all that
it needs, never wider than its screen; and what is one buyer's is not there for another.
"""

import shutil
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pyotp
import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect
from sqlalchemy import Engine, select, true
from werkzeug.exceptions import HTTPException

from api import create_app, demo
from api.demo import Login
from api.web import VIEWS, sessions
from ledger.domain.signatures import Provider
from ledger.services import connections, definitions, endpoints
from ledger.services.access import ADMIN, ARBITER, BUYER, FINANCE, SUPPLIER
from ledger.store import tables as t
from ledger.store.engine import make_engine, writing
from tests.support.applications import SECRET, store_of
from tests.support.databases import sqlite_url_of
from tests.web.accessibility import DESK, Examiner
from tests.web.conftest import serving

NOW = datetime(2026, 11, 18, 10, tzinfo=UTC)
HEAVIEST = 150_000
"""Bytes of a page with everything it needs, cold."""
ROLES = {
    "reviews@north-bank.example": BUYER,
    "desk@acme-calls.example": SUPPLIER,
    "finance@operator.example": FINANCE,
    "arbiter@operator.example": ARBITER,
    "admin@operator.example": ADMIN,
}
DEFINITION = "north-bank:uk-finance-review"
SIGNED_WITH = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQ="
BROWSERS_OWN = ("chrome://", "chrome-extension://")
FILES = ("web.evidence_content", "web.document_preview")
ELSEWHERE = {
    BUYER: frozenset({"web.dispute_form"}),  # the supplier's walk has it
    SUPPLIER: frozenset[str](),
    FINANCE: frozenset({"web.download_sepa_file"}),  # no file was made yet
    ARBITER: frozenset({"web.document"}),
    ADMIN: frozenset({"web.document", "web.appointment", "web.why"}),
}
"""What a role may open and no page leads to on the demonstration."""
UNLINKED = ("/inbox/confirm", f"/definitions/{DEFINITION}/dry-run", f"/definitions/{DEFINITION}/publish")
"""Pages that a form leads to."""
SEVERAL = {"web.appointment": 4, "web.inbox": 2}
"""Pages that look different by what they show; of the others one is enough."""


@dataclass
class Found:
    """What a walk has come upon."""

    examiner: Examiner
    pages: list[str] = field(default_factory=list)
    endpoints: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Installation:
    app: Flask
    address: str
    logins: Mapping[str, Login]
    examiner: Examiner = field(default_factory=Examiner)


@pytest.fixture(scope="module")
def installation(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The demonstration on one fixed day, served."""
    folder = tmp_path_factory.mktemp("demonstration")
    url = sqlite_url_of(folder / "demo.sqlite")
    shutil.copyfile(sqlite_template, folder / "demo.sqlite")
    engine = make_engine(url)
    logins = demo.make(engine, b"secret", NOW, key=SECRET, keep=lambda _logins: None)
    draft_anew(engine)
    connect(engine)
    engine.dispose()
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True, "DOCUMENTS_URL": folder.as_uri()})
    with pytest.MonkeyPatch.context() as patch, serving(app) as address:
        for module in (*VIEWS, sessions):
            if hasattr(module, "clock"):
                patch.setattr(module, "clock", lambda: NOW)
        yield Installation(app, address, {login.email: login for login in logins})
    store_of(app).dispose()


def draft_anew(engine: Engine) -> None:
    """The definition gets a second version and the draft of a third, so that there is something to compare and try."""
    version, definition = t.definition_version.c, t.definition.c
    with writing(engine) as connection:
        query = select(version.definition_id, version.document).join_from(t.definition_version, t.definition)
        row = connection.execute(query.where(definition.slug == DEFINITION.partition(":")[2])).one()
        definitions.put_draft(connection, row.definition_id, row.document, now=NOW)
        definitions.publish(connection, row.definition_id, effective_from=NOW, now=NOW, actor="demo")
        definitions.put_draft(connection, row.definition_id, row.document, now=NOW)


def connect(engine: Engine) -> None:
    """Both sides and the operator are connected to something outside, and a message to each side is on its way."""
    organisation = t.organisation.c
    with writing(engine) as connection:
        query = select(organisation.slug, organisation.id).where(organisation.slug.in_(("north-bank", "acme-calls")))
        for slug, owner in connection.execute(query).all():
            url = f"https://{slug}.example/hook"
            made = endpoints.create(connection, owner, url, None, None, SECRET, NOW, "demo", private=False)
            endpoints.test(connection, made.row["id"], NOW, true(), livemode=True)
            connections.create(
                connection, f"{slug}-rooms", Provider.STANDARD_WEBHOOKS, owner, SIGNED_WITH, SECRET, NOW, "demo"
            )


@pytest.mark.timeout(480)
@pytest.mark.parametrize("email", ROLES)
def test_every_page_can_be_used_by_everybody(installation: Installation, browser: Browser, email: str) -> None:
    app, role = installation.app, ROLES[email]
    context = browser.new_context(locale="en-GB", timezone_id="Europe/London", viewport=DESK)  # type: ignore[arg-type]
    installation.examiner.equip(context)
    try:
        found = walked(context, installation, installation.logins[email], role)
    finally:
        context.close()
    found.complaints += [
        f"{name} is not found" for name in sorted(pages_of(app, role) - set(found.endpoints) - ELSEWHERE[role])
    ]
    if role == BUYER:
        private = [path for path in found.pages if "/appointments/" in path or "/disputes/" in path]
        found.complaints += open_to_another(app, installation.logins["beratung@sonnenwerk.example"], private)
    assert not found.complaints, "\n".join(found.complaints)


def walked(context: BrowserContext, installation: Installation, login: Login, role: str) -> Found:
    """Goes to every page that a link leads to, some of each kind."""
    app, address = installation.app, installation.address
    found, page = Found(installation.examiner), context.new_page()
    watch(page, found)
    log_in(page, address, login, found)
    forms = [path for path in UNLINKED if endpoint_of(app, path) in pages_of(app, role)]
    waiting, seen = deque(["/", *links(page), *forms]), set[str]()
    while waiting:
        path = waiting.popleft()
        endpoint = endpoint_of(app, path)
        if path in seen or endpoint is None or found.endpoints[endpoint] >= SEVERAL.get(endpoint, 1):
            continue
        seen.add(path)
        found.endpoints[endpoint] += 1
        found.pages.append(path)
        look(page, address + path, found)
        waiting.extend(links(page))
    return found


def watch(page: Page, found: Found) -> None:
    """What the browser says against a page, and what it asks of other machines; its own PDF viewer aside."""

    def heard(said: ConsoleMessage) -> None:
        if said.type in ("error", "warning") and not said.location["url"].startswith(BROWSERS_OWN):
            found.complaints.append(said.text)

    def asked(request: Request) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", None, "") and not request.url.startswith(BROWSERS_OWN):
            found.complaints.append(f"asked another machine: {request.url}")

    page.on("console", heard)
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("request", asked)


def log_in(page: Page, address: str, login: Login, found: Found) -> None:
    page.goto(f"{address}/login")
    if login.totp_secret:
        found.complaints += found.examiner.examine(page)
    page.get_by_label("E-mail address").fill(login.email)
    page.get_by_label("Password").fill(login.password)
    page.get_by_role("button", name="Log in").click()
    if login.totp_secret:
        expect(page.get_by_label("Code")).to_be_visible()
        found.complaints += found.examiner.examine(page)
        page.get_by_label("Code").fill(pyotp.TOTP(login.totp_secret).at(NOW))
        page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def look(page: Page, address: str, found: Found) -> None:
    """Opens a page and says what is wrong with it."""
    answer = page.goto(address)
    if answer is None or answer.status != 200:
        found.complaints.append(f"{address} is not there")
    weight = page.evaluate(
        """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
            .reduce((sum, each) => sum + each.encodedBodySize, 0)"""
    )
    if weight >= HEAVIEST:
        found.complaints.append(f"{page.url} weighs {weight}")
    found.complaints += found.examiner.examine(page)


def links(page: Page) -> list[str]:
    """Where the page leads, files aside."""
    every: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("a[href]:not([download])")]
            .filter(link => link.origin === location.origin).map(link => link.pathname + link.search)"""
    )
    return every


def endpoint_of(app: Flask, path: str) -> str | None:
    """Which page of ours it is."""
    parts = urlsplit(path)
    try:
        endpoint, _ = app.url_map.bind("127.0.0.1").match(parts.path)
    except HTTPException:
        return None
    name = str(endpoint)
    is_page = name.startswith("web.") and name not in FILES and "after" not in dict(parse_qsl(parts.query))
    return name if is_page else None


def pages_of(app: Flask, role: str) -> set[str]:
    """The pages that somebody of the role may open, by what guards them."""
    found = set()
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        guarded = dict(zip(view.__code__.co_freevars, view.__closure__ or (), strict=True)).get("roles")
        is_file = str(rule).rpartition(".")[2] in ("pdf", "xml", "csv", "zip", "ics") or rule.endpoint in FILES
        if rule.endpoint.startswith("web.") and "GET" in (rule.methods or ()) and guarded is not None and not is_file:
            roles = guarded.cell_contents
            if not roles or role in roles:
                found.add(rule.endpoint)
    return found


def open_to_another(app: Flask, login: Login, paths: list[str]) -> list[str]:
    """Which of a buyer's pages another buyer's reviewer gets."""
    client = app.test_client()
    page = client.get("/login").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    client.post("/login", data={"email": login.email, "password": login.password, "csrf_token": token})
    assert client.get("/inbox").status_code == 200 and paths
    return [f"another buyer opens {path}" for path in paths if client.get(path).status_code != 404]
