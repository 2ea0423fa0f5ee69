"""Browser sessions: the cookie, who it belongs to, and which pages they may see.

Owns the session cookie (`__Host-`, Secure over https), which names a session that the database knows, the CSRF check
of every form and the gate before each page. A session ends at once when its row goes, its person is disabled or gets
another password.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Final, ParamSpec
from uuid import UUID

from flask import Flask, Request, Response, current_app, g, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import Connection, RowMapping
from werkzeug.exceptions import BadRequest

from api.databases import database
from api.languages import gettext, known, marked
from api.settings import Settings
from api.traffic import NUL
from api.units import SETTINGS, clock
from api.web.blueprint import led_to, pages
from api.web.devices import device_of, network_of
from invoices.languages import Language
from ledger.domain.errors import NotAllowed, Refusal
from ledger.services import access, parties
from ledger.services import sessions as kept_sessions
from ledger.services.access import ADMIN, ARBITER, BUYER, FINANCE, ROLES, SUPPLIER, Principal
from ledger.store.engine import reading, writing

COOKIE: Final = "ledger-session"
OPERATOR_ZONE: Final = "UTC"
"""In which the operator's staff read times: they work for parties in every zone."""

FORM_BYTES: Final = 512 * 1024
"""The most that a form without files may bring."""
LARGEST_FILE: Final = 10 * 1024 * 1024
MOST_FILES: Final = 5

csrf = CSRFProtect()

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Person:
    """Who looks at a page, in which session. `organisation` is the legal name, None for the operator's staff."""

    id: UUID
    session_id: UUID
    proved_at: datetime
    name: str
    email: str
    principal: Principal
    organisation: str | None
    usual_zone: str
    chosen_zone: str | None
    language: Language | None

    @property
    def time_zone(self) -> str:
        """By whose clock the pages show times."""
        return self.chosen_zone or self.usual_zone

    def has(self, *roles: str) -> bool:
        return not self.principal.roles.isdisjoint(roles)


@dataclass(frozen=True, slots=True)
class Tab:
    """One place in the navigation."""

    name: str
    endpoint: str
    roles: frozenset[str]

    @property
    def label(self) -> str:
        return gettext(self.name)


TABS: Final = (
    Tab(marked("Inbox"), "web.inbox", frozenset({BUYER})),
    Tab(marked("Due"), "web.due", frozenset({SUPPLIER})),
    Tab(marked("Appointments"), "web.appointments", frozenset({SUPPLIER})),
    Tab(marked("Refusals"), "web.refused_submissions", frozenset({SUPPLIER})),
    Tab(marked("Disputes"), "web.dispute_queue", frozenset({ARBITER, BUYER, SUPPLIER})),
    Tab(marked("Months"), "web.months", frozenset({FINANCE})),
    Tab(marked("Open items"), "web.open_by_age", frozenset({FINANCE, SUPPLIER, BUYER})),
    Tab(marked("Bank"), "web.bank", frozenset({FINANCE})),
    Tab(marked("Credits"), "web.credits_to_approve", frozenset({FINANCE})),
    Tab(marked("Ledger"), "web.trial_balance", frozenset({FINANCE})),
    Tab(marked("Documents"), "web.documents", frozenset({BUYER, SUPPLIER})),
    Tab(marked("Quality"), "web.quality", frozenset({BUYER, SUPPLIER, FINANCE})),
    Tab(marked("Definitions"), "web.definition_list", frozenset({BUYER, SUPPLIER, ADMIN})),
    Tab(marked("Agreements"), "web.agreement_list", frozenset({BUYER, SUPPLIER, ADMIN})),
    Tab(marked("Set-up"), "web.setup", frozenset({ADMIN, BUYER, SUPPLIER})),
    Tab(marked("Overview"), "web.overview", frozenset({ADMIN, ARBITER})),
)


class _Cookie(SecureCookieSessionInterface):
    """Flask's signed cookie under a name that browsers tie to this host, wherever the connection is encrypted."""

    def get_cookie_name(self, app: Flask) -> str:
        return f"__Host-{COOKIE}" if _encrypted(app) else COOKIE

    def get_cookie_secure(self, app: Flask) -> bool:
        return _encrypted(app)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Nobody has to be read where no cookie came, as with every request by a key."""
        if self.get_cookie_name(app) not in request.cookies:
            return SecureCookieSession()
        return super().open_session(app, request)


def _encrypted(app: Flask) -> bool:
    settings: Settings = app.extensions[SETTINGS]
    return request.is_secure or settings.public_url.startswith("https://")


def register(app: Flask, settings: Settings) -> None:
    """Settles the cookie and the tokens; the API, which has keys instead, is left alone."""
    app.session_interface = _Cookie()
    app.config.update(
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_DOMAIN=None,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,  # a token is good for as long as its session
    )
    csrf.init_app(app)


@pages.before_request
def _begin() -> None:
    """Finds the person behind the cookie, then refuses forms that no page of ours has sent."""
    if request.endpoint == "web.static":
        return
    g.person = _person()
    if g.person is not None and g.person.language is not None:
        g.language = g.person.language
    view = current_app.view_functions.get(request.endpoint or "")
    request.max_content_length = FORM_BYTES + (getattr(view, "file_bytes", 0) if g.person is not None else 0)
    g.tabs = tuple(tab for tab in TABS if g.person is not None and g.person.has(*tab.roles))
    csrf.protect()
    if any(NUL in value for given in (request.args, request.form) for _, values in given.lists() for value in values):
        raise BadRequest


def _person() -> Person | None:
    named = session.get("session")
    if not isinstance(named, str):
        return None
    now, store = clock(), database()
    with reading(store.engine) as connection:
        found = kept_sessions.find(connection, UUID(named), now)
        if found is None:
            session.clear()
            return None
        who = _as_person(connection, found)
    if not kept_sessions.is_noted(found, now):
        with suppress(Refusal), writing(store.engine) as connection:
            kept_sessions.note_seen(connection, who.session_id, now)
    return who


def _as_person(connection: Connection, found: RowMapping) -> Person:
    organisation, zone = None, OPERATOR_ZONE
    if found["organisation_id"] is not None:
        row = parties.organisation(connection, found["organisation_id"])
        organisation, zone = row["legal_name"], row["time_zone"]
    return Person(
        found["id"],
        found["session_id"],
        found["session_proved_at"],
        found["name"],
        found["email"],
        access.principal_of(found),
        organisation,
        usual_zone=zone,
        chosen_zone=found["time_zone"],
        language=known(found["language"]),
    )


def begin(user: RowMapping, now: datetime, way: str, proved_at: datetime | None = None) -> None:
    """A new session for somebody who has proved who they are, now or when the provider says; nothing else goes on."""
    device, address = device_of(request.user_agent.string), network_of(request.remote_addr)
    with writing(database().engine) as connection:
        identity = kept_sessions.begin(
            connection, user, now, way=way, device=device, address=address, proved_at=proved_at or now
        )
    session.clear()
    session["session"] = str(identity)


def person() -> Person:
    """Who looks at this page; only behind `only`."""
    found: Person = g.person
    return found


def only(*roles: str) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """A page for people with one of the roles (none named: for everybody who is logged in)."""

    def decorate(view: Callable[P, Any]) -> Callable[P, Any]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            if g.person is None:
                return to_login()
            if roles and not g.person.has(*roles):
                raise NotAllowed(f"this page is for the role {' or '.join(r for r in ROLES if r in roles)}")
            return view(*args, **kwargs)

        return guarded

    return decorate


def takes_files(view: Callable[P, Any]) -> Callable[P, Any]:
    """A form that brings files too. What it may bring is settled before anything of it is read."""
    view.file_bytes = LARGEST_FILE * MOST_FILES  # type: ignore[attr-defined]  # a mark on the function
    return view


def to_login() -> Response:
    """The login page, which leads back here; a form is not sent again."""
    back = request.full_path.rstrip("?") if request.method == "GET" and request.path != "/" else None
    return led_to(url_for("web.login", to=back))
