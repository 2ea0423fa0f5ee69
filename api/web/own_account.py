"""A person's own account: where they are logged in, their password, their second factor and what stands in for it.

Owns the forms; each does one command of `people` or `sessions`. What is shown once is in the answer to its form alone.
Refuses a new password without the present one, and anything that weakens the account without the password.
"""

from datetime import UTC, datetime
from uuid import UUID

from flask import Response, request, session, url_for

from api import passwords
from api.databases import database
from api.languages import gettext
from api.units import clock, settings
from api.web import factors
from api.web.accounts import BETWEEN_STEPS
from api.web.acting import refusal_to
from api.web.actors import names_of
from api.web.blueprint import led_to, pages, show
from api.web.mending import problem_shown
from api.web.new_passwords import new_password
from api.web.proving import count, proved
from api.web.sessions import begin, only, person
from ledger.domain.errors import Malformed, Refusal
from ledger.services import access, account_changes, identities, logins, people, recovery, sessions
from ledger.store.engine import reading, writing
from ledger.store.logins import PASSWORD


@pages.get("/account")
@only()
def own_account() -> Response:
    """Where the person is logged in, and how."""
    return _page(done=request.args.get("done"))


def _page(status: int = 200, *, refused: Refusal | None = None, what: str = "", done: str | None = None) -> Response:
    now, who = clock(), person()
    with reading(database().engine) as connection:
        user = access.user(connection, who.id)
        alive = sessions.of(connection, who.id, now)
        codes = recovery.left(connection, who.id)
        bound = identities.of(connection, who.id)
        changes = account_changes.of(connection, who.id)
        names = names_of(connection, (each["actor"] for each in changes), who.principal)
    return show(
        "own_account",
        status,
        user=user,
        sessions=alive,
        codes=codes,
        identities=bound,
        changes=changes,
        names={**names, who.principal.actor: gettext("you")},
        needs_factor=not logins.NEEDS_SECOND_FACTOR.isdisjoint(user["roles"]),
        problem=problem_shown(refused),
        what=what,
        done=done,
        zone=who.time_zone,
    )


@pages.post("/account/sessions/<uuid:session_id>/end")
@only()
def end_session(session_id: UUID) -> Response:
    """End one session, this one or another."""
    with writing(database().engine) as connection:
        sessions.end(connection, person().id, session_id)
    return led_to(url_for("web.own_account", done="ended"))


@pages.post("/account/sessions/end-others")
@only()
def end_other_sessions() -> Response:
    """End every session but this one."""
    with writing(database().engine) as connection:
        sessions.end_others(connection, person().id, person().session_id)
    return led_to(url_for("web.own_account", done="others"))


@pages.post("/account/password")
@only()
def change_own_password() -> Response:
    """A new password, for who knows the present one. Every other session ends."""
    now, who = clock(), person()
    with reading(database().engine) as connection:
        user = access.user(connection, who.id)
    right = passwords.matches(user["password_hash"], request.form.get("current", ""))
    if not right or not logins.may_try(user, now):
        count(user, right, now)
        return _page(
            401, refused=Malformed.at("current", gettext("That is not your present password.")), what="password"
        )
    try:
        hashed = passwords.hashed(new_password(user["email"]))
    except Malformed as refusal:
        return _page(400, refused=refusal, what="password")
    with writing(database().engine) as connection:
        changed = people.set_password(connection, who.id, hashed, now, actor=who.principal.actor)
    begin(changed, now, PASSWORD)
    return led_to(url_for("web.own_account", done="password"))


@pages.get("/account/second-factor")
@only()
@proved
def second_factor() -> Response:
    """A key to add to an authenticator app, as picture and text."""
    secret = factors.new_secret()
    session["factor"] = {"secret": secret, "since": int(clock().timestamp())}
    return _factor_page(secret)


@pages.post("/account/second-factor")
@only()
@proved
def keep_second_factor() -> Response:
    """The code proves that the app has the key; from now on it is asked for."""
    now, who, kept = clock(), person(), session.get("factor")
    if not isinstance(kept, dict) or now >= datetime.fromtimestamp(kept["since"], UTC) + BETWEEN_STEPS:
        return led_to(url_for("web.second_factor"))
    step = factors.step_of(kept["secret"], request.form.get("code", ""), now)
    if step is None:
        return _factor_page(kept["secret"], wrong=True)
    del session["factor"]
    key, actor = settings().secret_key, who.principal.actor
    with writing(database().engine) as connection:
        people.set_second_factor(connection, who.id, kept["secret"], step, now, key=key, actor=actor)
        codes = people.renew_recovery_codes(connection, who.id, now, actor=actor)
    return show("codes", codes=codes, onward=url_for("web.own_account"))


def _factor_page(secret: str, *, wrong: bool = False) -> Response:
    return show("factor", 401 if wrong else 200, setting_up=factors.shown(secret, person().email), wrong=wrong)


@pages.post("/account/second-factor/remove")
@only()
@proved
def remove_second_factor() -> Response:
    """Do without a second factor, where the role allows it. Every other session ends."""
    now, who = clock(), person()
    refusal = refusal_to(
        lambda connection: people.reset_second_factor(connection, who.id, now, actor=who.principal.actor)
    )
    if refusal is not None:
        return _page(409, refused=refusal, what="factor")
    with reading(database().engine) as connection:
        changed = access.user(connection, who.id)
    begin(changed, now, PASSWORD)
    return led_to(url_for("web.own_account", done="removed"))


@pages.post("/account/identities/loosen")
@only()
@proved
def loosen_identity() -> Response:
    """Forget who the person is at a provider; the next login through it binds anew."""
    now, who = clock(), person()
    with writing(database().engine) as connection:
        identities.loosen(connection, access.user(connection, who.id), now, actor=who.principal.actor)
    return led_to(url_for("web.own_account", done="loosed"))


@pages.post("/account/recovery-codes")
@only()
@proved
def make_recovery_codes() -> Response:
    """New codes, shown this once; the former ones count no more."""
    now, who = clock(), person()
    with writing(database().engine) as connection:
        codes = people.renew_recovery_codes(connection, who.id, now, actor=who.principal.actor)
    return show("codes", codes=codes, onward=url_for("web.own_account"))
