"""Who it is, once more: guesses of a password are counted, and what hands out power is asked for with one.

Owns how a wrong guess is counted (by person in the database, by address in this process), and the gate that asks for
the password where a session has not shown it for a while. What was filled in before goes on afterwards.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Final, ParamSpec

from flask import Response, current_app, request, url_for
from sqlalchemy import RowMapping

from api import passwords
from api.auth import FailedKeys
from api.databases import database
from api.refusals import TooMany
from api.units import FAILED_KEYS, clock
from api.web.blueprint import pages, show
from api.web.going_on import onward
from api.web.sessions import only, person
from ledger.services import access, logins, sessions
from ledger.store.engine import reading, writing

PROVED_FOR: Final = timedelta(minutes=15)
NOT_ASKED_AGAIN: Final = ("csrf_token", "proof")

P = ParamSpec("P")


def proved(view: Callable[P, Any]) -> Callable[P, Any]:
    """A page or form that hands out power: for somebody who has shown the password in the last quarter of an hour."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        if clock() < person().proved_at + PROVED_FOR:
            return view(*args, **kwargs)
        if request.method != "POST":
            return _asked(url_for("web.prove"), [("to", request.full_path.rstrip("?"))])
        given = [pair for pair in request.form.items(multi=True) if pair[0] not in NOT_ASKED_AGAIN]
        if "proof" not in request.form:
            return _asked(request.full_path.rstrip("?"), given)
        return view(*args, **kwargs) if _is_right() else _asked(request.full_path.rstrip("?"), given, wrong=True)

    return guarded


@pages.post("/account/prove")
@only()
def prove() -> Response:
    """Show the password once more, on the way to a page."""
    to = request.form.get("to", "")
    return onward(to) if _is_right() else _asked(url_for("web.prove"), [("to", to)], wrong=True)


def _is_right() -> bool:
    now, who = clock(), person()
    with reading(database().engine) as connection:
        user = access.user(connection, who.id)
    right = passwords.matches(user["password_hash"], request.form.get("proof", ""))
    if not right or not logins.may_try(user, now):
        count(user, right, now)
        return False
    with writing(database().engine) as connection:
        logins.succeeded(connection, who.id, now)
        sessions.prove(connection, who.session_id, now)
    return True


def _asked(action: str, given: list[tuple[str, str]], *, wrong: bool = False) -> Response:
    back = dict(given).get("to") if action == url_for("web.prove") else None
    return show("prove", 401 if wrong else 200, action=action, given=given, wrong=wrong, back=back)


def count(user: RowMapping | None, right: bool, now: datetime) -> None:
    """Counts a failure, unless it was a lock alone. Raises `TooMany` for an address that guesses."""
    if user is not None and not right:
        with writing(database().engine) as connection:
            logins.failed(connection, user["id"], now)
    counter = current_app.extensions[FAILED_KEYS]
    assert isinstance(counter, FailedKeys)
    refusal = counter.refusal(request.remote_addr or "", now)
    if isinstance(refusal, TooMany):
        raise refusal
