"""People by page: made, disabled and let in again, a new password, a second factor taken away after a loss.

For a party its own people, for an admin the operator's or an organisation's. Owns no rule: each form does one command
of the services. A password is in the answer to its form alone, and whoever hands one out has shown his own.
"""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import ColumnElement, Connection, RowMapping

from api import passwords
from api.databases import database
from api.languages import gettext
from api.problems import problem_of
from api.resources.keys import organisation_for
from api.resources.users import WITH_SLUG
from api.schemas import load
from api.schemas import parties as schemas
from api.units import clock
from api.web.acting import outcome_of
from api.web.actors import names_of
from api.web.blueprint import led_to, pages, show
from api.web.inbox import identity
from api.web.mending import problem_shown
from api.web.places import keeper
from api.web.proving import proved
from api.web.sessions import only, person
from ledger.domain.errors import Refusal, Unknown
from ledger.services import access, account_changes, logins, parties, people, sessions
from ledger.services.access import ADMIN, OPERATOR, PARTIES, ROLES, visible
from ledger.store import tables as t
from ledger.store.engine import reading

PAGE: Final = 50


@pages.get("/people", endpoint="people")
@only(ADMIN, *PARTIES)
def people_list() -> Response:
    """Who may log in, newest first."""
    return _list()


def _list(refused: Refusal | None = None) -> Response:
    who, column = keeper(), t.user_account.c
    after, whose = identity(request.args.get("after")), request.values.get("organisation") or None
    query = WITH_SLUG.where(_own())
    with reading(database().engine) as connection:
        owner = parties.organisation(connection, whose) if whose and who.is_operator else None
        if owner is not None:
            query = query.where(column.organisation_id == owner["id"])
        elif who.is_operator:
            query = query.where(column.organisation_id.is_(None))
        if after is not None:
            query = query.where(column.id < after)
        rows = list(connection.execute(query.order_by(column.id.desc()).limit(PAGE + 1)).mappings())
    own = OPERATOR if who.is_operator else who.roles & PARTIES
    return show(
        "people",
        200 if refused is None else problem_of(refused).status,
        rows=rows[:PAGE],
        following=rows[PAGE - 1]["id"] if len(rows) > PAGE else None,
        owner=owner,
        roles=[owner["kind"]] if owner else [role for role in ROLES if role in own],
        given=request.form if refused is not None else {},
        now=clock(),
        problem=problem_shown(refused),
        zone=person().time_zone,
    )


@pages.post("/people")
@only(ADMIN, *PARTIES)
@proved
def make_person() -> Response:
    """Somebody new, whose first password is made here and shown this once."""
    who, whose = keeper(), request.form.get("organisation") or None
    password = passwords.make()
    hashed = passwords.hashed(password)

    def work(connection: Connection) -> RowMapping:
        form = {"email": request.form.get("email", "").strip(), "name": request.form.get("name", "").strip()}
        body = load(schemas.UserBody(), {**form, "roles": request.form.getlist("roles")})
        owner = organisation_for(connection, who, whose, body["roles"])
        return access.create_user(
            connection, body["email"], body["name"], hashed, body["roles"], owner, clock(), actor=who.actor
        )

    made = outcome_of(work)
    return _list(made) if isinstance(made, Refusal) else _password(made, password)


@pages.get("/people/<uuid:user_id>")
@only(ADMIN, *PARTIES)
def member(user_id: UUID) -> Response:
    """One person's account: roles, state, what was done to it."""
    return _page(user_id)


def _page(user_id: UUID, refused: Refusal | None = None) -> Response:
    who, now = keeper(), clock()
    with reading(database().engine) as connection:
        row = connection.execute(WITH_SLUG.where(t.user_account.c.id == user_id, _own())).mappings().one_or_none()
        if row is None:
            raise Unknown
        changes = account_changes.of(connection, user_id)
        names = names_of(connection, (each["actor"] for each in changes), who)
        alive = sessions.of(connection, user_id, now)
    return show(
        "member",
        200 if refused is None else problem_of(refused).status,
        row=row,
        changes=changes,
        names=names,
        seen_at=alive[0]["seen_at"] if alive else None,
        is_self=user_id == person().id,
        locked=not logins.may_try(row, now) and row["disabled_at"] is None,
        needs_factor=not logins.NEEDS_SECOND_FACTOR.isdisjoint(row["roles"]),
        problem=problem_shown(refused),
        done=request.args.get("done"),
        zone=person().time_zone,
    )


@pages.post("/people/<uuid:user_id>/password")
@only(ADMIN, *PARTIES)
@proved
def renew_password(user_id: UUID) -> Response:
    """A new password for who has forgotten his, made here and shown this once."""
    password = passwords.make()
    hashed = passwords.hashed(password)
    own, actor = _own(), keeper().actor
    came = outcome_of(lambda c: people.set_password(c, user_id, hashed, clock(), actor=actor, within=own))
    return _page(user_id, came) if isinstance(came, Refusal) else _password(came, password)


@pages.post("/people/<uuid:user_id>/<any(disable, enable, unlock):what>")
@only(ADMIN, *PARTIES)
@proved
def command_person(user_id: UUID, what: str) -> Response:
    """End somebody's access, let them in again, or end a lock-out."""
    command = {"disable": people.disable, "enable": people.enable, "unlock": people.unlock}[what]
    return _done(user_id, command, what)


@pages.post("/people/<uuid:user_id>/second-factor")
@only(ADMIN, *PARTIES)
@proved
def reset_factor(user_id: UUID) -> Response:
    """Take a lost second factor away."""
    return _done(user_id, people.reset_second_factor, "reset")


def _done(user_id: UUID, command: Callable[..., Any], what: str) -> Response:
    own, actor = _own(), keeper().actor
    came = outcome_of(lambda connection: command(connection, user_id, clock(), actor=actor, within=own))
    if isinstance(came, Refusal):
        return _page(user_id, came)
    return led_to(url_for("web.member", user_id=user_id, done=what))


def _own() -> ColumnElement[bool]:
    return visible(keeper(), t.user_account)


def _password(row: RowMapping, password: str) -> Response:
    return show(
        "shown_once",
        title=gettext("Password of %(name)s", name=row["name"]),
        secrets=[(gettext("E-mail address"), row["email"]), (gettext("Password"), password)],
        note=gettext("Hand it over in person or by telephone, not by e-mail. It can be changed after the first login."),
        onward=url_for("web.member", user_id=row["id"]),
        section="web.people",
    )
