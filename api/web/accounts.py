"""Logging in and out: e-mail address and password, then the second factor, then a new session.

Owns the steps and their one answer to whatever was wrong, so that nobody learns which addresses exist. Refuses too
many attempts (by person in the database, by address in this process), and lets a role that moves money in with a
second factor only: its first login sets one up.
"""

import hmac
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

import pyotp
from flask import Response, current_app, g, request, session, url_for
from sqlalchemy import RowMapping

from api import passwords
from api.auth import FailedKeys
from api.databases import database
from api.languages import gettext
from api.refusals import TooMany
from api.units import FAILED_KEYS, clock
from api.web.blueprint import led_to, pages, show
from api.web.sessions import begin, only, person, to_login
from ledger.services import logins
from ledger.store.engine import reading, writing

BETWEEN_STEPS: Final = timedelta(minutes=5)
ISSUER: Final = "Appointment Ledger"


@pages.get("/login")
def login() -> Response:
    """Ask who it is."""
    if g.person is not None:
        return _onward(request.args.get("to"))
    return show("login", to=request.args.get("to", ""), email="", wrong=None)


@pages.post("/login")
def check_password() -> Response:
    """The first step. Takes as long for an address that nobody has."""
    email, password, to = (request.form.get(name, "") for name in ("email", "password", "to"))
    now = clock()
    with reading(database().engine) as connection:
        user = logins.by_email(connection, email)
    right = passwords.matches(user["password_hash"] if user is not None else _nobodys_hash(), password)
    if user is None or not logins.may_try(user, now) or not right:
        return _wrong("login", user, right, email=email, to=to)
    renewed = passwords.hashed(password) if passwords.is_outdated(user["password_hash"]) else None
    if user["totp_secret"] is None and logins.NEEDS_SECOND_FACTOR.isdisjoint(user["roles"]):
        return _enter(user, now, to, password_hash=renewed)
    session.clear()
    session["half"] = {
        "id": str(user["id"]),
        "token": user["session_token"],
        "since": int(now.timestamp()),
        "to": to,
        "new_secret": pyotp.random_base32() if user["totp_secret"] is None else None,
    }
    return led_to(url_for("web.login_code"))


@pages.get("/login/code")
def login_code() -> Response:
    """Ask for the second factor."""
    found = _half()
    return to_login() if found is None else _code_page(*found)


@pages.post("/login/code")
def check_code() -> Response:
    """The second step. A wrong code counts as a wrong password does."""
    found = _half()
    if found is None:
        return to_login()
    user, new_secret = found
    now = clock()
    secret = user["totp_secret"] or new_secret
    code = "".join(request.form.get("code", "").split())
    step = None if secret is None else _step_of(secret, code, now)
    right = step is not None
    if not logins.may_try(user, now) or step is None:
        return _wrong("code", user, right)
    if user["totp_secret"] is None and new_secret is not None:
        with writing(database().engine) as connection:
            if not logins.enrol(connection, user["id"], new_secret):
                return to_login()
    with writing(database().engine) as connection:
        unused = logins.spend(connection, user["id"], step)
    return _enter(user, now, session["half"]["to"]) if unused else _wrong("code", user, right=False)


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """Which half minute the code belongs to: this one, the one before or after; None for a wrong code."""
    totp = pyotp.TOTP(secret)
    this = totp.timecode(now)
    steps = (this, this - 1, this + 1)
    return next((n for n in steps if hmac.compare_digest(totp.generate_otp(n).encode(), code.encode())), None)


@pages.post("/logout")
@only()
def logout() -> Response:
    """End every session of this person, on every device."""
    with writing(database().engine) as connection:
        logins.end_sessions(connection, person().id)
    session.clear()
    return led_to(url_for("web.login"))


def _enter(user: RowMapping, now: datetime, to: str, *, password_hash: str | None = None) -> Response:
    with writing(database().engine) as connection:
        entered = logins.succeeded(connection, user["id"], now, password_hash=password_hash)
    if not entered:
        return _wrong("login", user, right=True, email=user["email"], to=to)
    begin(user, now)
    return _onward(to)


def _wrong(step: str, user: RowMapping | None, right: bool, **values: str) -> Response:
    """The same answer to everything that was wrong. Counts the failure, unless it was a lock alone."""
    now = clock()
    if user is not None and not right:
        with writing(database().engine) as connection:
            logins.failed(connection, user["id"], now)
    counter = current_app.extensions[FAILED_KEYS]
    assert isinstance(counter, FailedKeys)
    refusal = counter.refusal(request.remote_addr or "", now)
    if isinstance(refusal, TooMany):
        raise refusal
    if step == "login":
        return show("login", 401, wrong=_what_was_wrong(), **values)
    found = _half()
    return to_login() if found is None else _code_page(*found, wrong=_what_was_wrong())


def _what_was_wrong() -> str:
    return gettext(
        "That did not work. Check what you typed; after %(failures)s failures in a row an account is closed for "
        "%(minutes)s minutes.",
        failures=logins.FAILURES_BEFORE_LOCK,
        minutes=logins.LOCKED_FOR // timedelta(minutes=1),
    )


def _code_page(user: RowMapping, new_secret: str | None, wrong: str | None = None) -> Response:
    link = None
    if new_secret is not None:
        link = pyotp.TOTP(new_secret).provisioning_uri(name=user["email"], issuer_name=ISSUER)
    return show("code", 401 if wrong else 200, secret=new_secret, link=link, wrong=wrong)


def _half() -> tuple[RowMapping, str | None] | None:
    """Who has passed the first step in this session, not long ago, and the secret they are setting up, if any."""
    kept = session.get("half")
    if not isinstance(kept, dict) or clock() >= datetime.fromtimestamp(kept["since"], UTC) + BETWEEN_STEPS:
        return None
    with reading(database().engine) as connection:
        user = logins.by_session(connection, UUID(kept["id"]), kept["token"])
    return None if user is None else (user, kept["new_secret"])


def _onward(to: str | None) -> Response:
    """To where they wanted to go, if that is a path of ours."""
    ours = to is not None and to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return led_to(to if ours and to is not None else url_for("web.start"))


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return passwords.hashed(passwords.make())
