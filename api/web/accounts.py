"""Logging in and out: e-mail address and password, then the second factor, then a new session.

Owns the steps and their one answer to whatever was wrong, so that nobody learns which addresses exist, and lets a
role that moves money in with a second factor only: its first login sets one up. A recovery code stands in for the
second factor once.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from flask import Response, g, request, session, url_for
from sqlalchemy import RowMapping

from api import passwords
from api.databases import database
from api.languages import gettext
from api.units import clock, settings
from api.web import factors
from api.web.blueprint import led_to, pages, show
from api.web.going_on import onward, ours
from api.web.proving import count
from api.web.sessions import begin, only, person, to_login
from ledger.services import account_changes, logins, people, recovery, sessions
from ledger.services.account_changes import Change
from ledger.store.engine import reading, writing
from ledger.store.logins import PASSWORD

BETWEEN_STEPS: Final = timedelta(minutes=5)


@pages.get("/login")
def login() -> Response:
    """Ask who it is."""
    if g.person is not None:
        return onward(request.args.get("to"))
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
        count(user, right, now)
        return show("login", 401, wrong=_what_was_wrong(), email=email, to=to)
    renewed = passwords.hashed(password) if passwords.is_outdated(user["password_hash"]) else None
    return second_step(user, now, to, PASSWORD, password_hash=renewed)


def second_step(
    user: RowMapping,
    now: datetime,
    to: str,
    way: str,
    *,
    asked: bool = True,
    password_hash: str | None = None,
    proved_at: datetime | None = None,
) -> Response:
    """On to the second factor of who has one, or whose role needs one; unless another has `asked` for it already."""
    has_none = user["totp_secret"] is None
    if not asked or (has_none and logins.NEEDS_SECOND_FACTOR.isdisjoint(user["roles"])):
        return _enter(user, now, way, proved_at, password_hash=password_hash) or onward(to)
    session.clear()
    session["half"] = {
        "id": str(user["id"]),
        "token": user["session_token"],
        "since": int(now.timestamp()),
        "to": to,
        "way": way,
        "proved_at": None if proved_at is None else int(proved_at.timestamp()),
        "new_secret": factors.new_secret() if has_none else None,
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
    now, code, half = clock(), request.form.get("code", ""), session["half"]
    if not logins.may_try(user, now):
        count(user, True, now)
        return _code_page(user, new_secret, _what_was_wrong())
    if user["totp_secret"] is None and new_secret is not None:
        return _set_up(user, new_secret, code, now, half)
    if not (_spent(user, code, now) or _recovered(user, code, now)):
        count(user, False, now)
        return _code_page(user, new_secret, _what_was_wrong())
    return _enter(user, now, half["way"], _proved_at(half)) or onward(half["to"])


def _spent(user: RowMapping, code: str, now: datetime) -> bool:
    step = factors.step_of(logins.opened_factor(user, settings().secret_key), code, now)
    if step is None:
        return False
    with writing(database().engine) as connection:
        return logins.spend(connection, user["id"], step)


def _recovered(user: RowMapping, code: str, now: datetime) -> bool:
    with writing(database().engine) as connection:
        used = recovery.spend(connection, user["id"], code, now)
        if used:
            account_changes.note(connection, user, Change.RECOVERY_CODE_USED, f"user:{user['id']}", now)
    return used


def _set_up(user: RowMapping, secret: str, code: str, now: datetime, half: dict[str, Any]) -> Response:
    """The first login of a role that needs a second factor: keeps it, and shows the codes that stand in for it."""
    step = factors.step_of(secret, code, now)
    if step is None:
        count(user, False, now)
        return _code_page(user, secret, _what_was_wrong())
    actor, key = f"user:{user['id']}", settings().secret_key
    with writing(database().engine) as connection:
        if not logins.enrol(connection, user["id"], secret, key):
            return to_login()
        people.set_second_factor(connection, user["id"], secret, step, now, key=key, actor=actor)
        codes = people.renew_recovery_codes(connection, user["id"], now, actor=actor)
    refused = _enter(user, now, half["way"], _proved_at(half))
    return refused or show("codes", codes=codes, onward=ours(half["to"]) or url_for("web.start"))


@pages.post("/logout")
@only()
def logout() -> Response:
    """End this session; others stay, and are ended on the account's page."""
    with writing(database().engine) as connection:
        sessions.end(connection, person().id, person().session_id)
    session.clear()
    return led_to(url_for("web.login"))


def _proved_at(half: dict[str, Any]) -> datetime | None:
    return None if half["proved_at"] is None else datetime.fromtimestamp(half["proved_at"], UTC)


def _enter(
    user: RowMapping, now: datetime, way: str, proved_at: datetime | None, *, password_hash: str | None = None
) -> Response | None:
    """A new session; the login again where a lock fell meanwhile."""
    with writing(database().engine) as connection:
        entered = logins.succeeded(connection, user["id"], now, password_hash=password_hash)
    if not entered:
        return show("login", 401, wrong=_what_was_wrong(), email=user["email"], to="")
    begin(user, now, way, proved_at)
    return None


def _what_was_wrong() -> str:
    return gettext(
        "That did not work. Check what you typed; after %(failures)s failures in a row an account is closed for "
        "%(minutes)s minutes, even to the right password.",
        failures=logins.FAILURES_BEFORE_LOCK,
        minutes=logins.LOCKED_FOR // timedelta(minutes=1),
    )


def _code_page(user: RowMapping, new_secret: str | None, wrong: str | None = None) -> Response:
    setting_up = None if new_secret is None else factors.shown(new_secret, user["email"])
    return show("code", 401 if wrong else 200, setting_up=setting_up, wrong=wrong)


def _half() -> tuple[RowMapping, str | None] | None:
    """Who has passed the first step in this session, not long ago, and the secret they are setting up, if any."""
    kept = session.get("half")
    if not isinstance(kept, dict) or clock() >= datetime.fromtimestamp(kept["since"], UTC) + BETWEEN_STEPS:
        return None
    with reading(database().engine) as connection:
        user = logins.by_token(connection, UUID(kept["id"]), kept["token"])
    return None if user is None else (user, kept["new_secret"])


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return passwords.hashed(passwords.make())
