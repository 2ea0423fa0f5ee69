"""API keys by page: issued, rotated, revoked; for a party its own, for an admin the operator's or an organisation's.

Owns no rule: the commands are the API's. A secret is in the answer to its form and nowhere else, and whoever asks for
one shows the password first.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import Connection, RowMapping, Select

from api.databases import database
from api.languages import gettext, marked
from api.problems import problem_of
from api.resources.keys import WITH_SLUG, organisation_for
from api.units import clock
from api.web.acting import outcome_of, refusal_to
from api.web.blueprint import led_to, pages, show
from api.web.inbox import identity
from api.web.mending import problem_shown
from api.web.places import keeper
from api.web.proving import proved
from api.web.sessions import only, person
from ledger.domain.errors import Malformed, Refusal
from ledger.services import access, parties
from ledger.services.access import ADMIN, OPERATOR, PARTIES, ROLES, IssuedKey, visible
from ledger.store import tables as t
from ledger.store.engine import reading

PAGE: Final = 50
LONGEST_NAME: Final = 200
GRACES: Final = {
    0: marked("at once"),
    1: marked("after an hour"),
    24: marked("after a day"),
    168: marked("after a week"),
}
"""When a rotated key dies, by hours."""


@pages.get("/keys")
@only(ADMIN, *PARTIES)
def keys() -> Response:
    """The keys, newest first, without their secrets."""
    return _page()


def _page(refused: Refusal | None = None) -> Response:
    who, now = keeper(), clock()
    after, whose = identity(request.args.get("after")), request.values.get("organisation")
    with reading(database().engine) as connection:
        owner = parties.organisation(connection, whose) if whose and who.is_operator else None
        query = _of(WITH_SLUG.where(visible(who, t.api_key)), owner, everything=not who.is_operator)
        if after is not None:
            query = query.where(t.api_key.c.id < after)
        rows = list(connection.execute(query.order_by(t.api_key.c.id.desc()).limit(PAGE + 1)).mappings())
    roles = (
        [owner["kind"]] if owner else [role for role in ROLES if role in (OPERATOR if who.is_operator else who.roles)]
    )
    return show(
        "keys",
        200 if refused is None else problem_of(refused).status,
        rows=rows[:PAGE],
        following=rows[PAGE - 1]["id"] if len(rows) > PAGE else None,
        owner=owner,
        roles=roles,
        graces=GRACES,
        now=now,
        problem=problem_shown(refused),
        zone=person().time_zone,
    )


def _of(query: Select[Any], owner: RowMapping | None, *, everything: bool) -> Select[Any]:
    """An admin sees the operator's own keys, or those of the organisation he looks at."""
    if everything:
        return query
    column = t.api_key.c.organisation_id
    return query.where(column.is_(None) if owner is None else column == owner["id"])


@pages.post("/keys")
@only(ADMIN, *PARTIES)
@proved
def issue_key() -> Response:
    """A new key, shown this once."""
    who, whose, role = keeper(), request.form.get("organisation") or None, request.form.get("role", "")
    name = request.form.get("name", "").strip()[:LONGEST_NAME] or None

    def work(connection: Connection) -> IssuedKey:
        owner = organisation_for(connection, who, whose, (role,))
        return access.issue_key(connection, role, owner, clock(), name=name)

    return _issued(work, whose)


@pages.post("/keys/<uuid:key_id>/rotate")
@only(ADMIN, *PARTIES)
@proved
def rotate_key(key_id: UUID) -> Response:
    """A successor, shown this once; the key itself lives on for a while."""
    hours = next((each for each in GRACES if str(each) == request.form.get("grace")), None)
    who, whose = keeper(), request.form.get("organisation") or None
    if hours is None:
        return _page(Malformed.at("grace", gettext("Choose when the present key ends.")))
    until = clock() + timedelta(hours=hours)

    def work(connection: Connection) -> IssuedKey:
        return access.rotate_key(connection, key_id, clock(), until, within=visible(who, t.api_key))

    return _issued(work, whose)


@pages.post("/keys/<uuid:key_id>/revoke")
@only(ADMIN, *PARTIES)
def revoke_key(key_id: UUID) -> Response:
    """The next request with it is refused."""
    within = visible(keeper(), t.api_key)
    refusal = refusal_to(lambda connection: access.revoke_key(connection, key_id, clock(), within=within))
    if refusal is not None:
        return _page(refusal)
    return led_to(url_for("web.keys", organisation=request.form.get("organisation") or None))


def _issued(work: Callable[[Connection], IssuedKey], whose: str | None) -> Response:
    issued = outcome_of(work)
    if isinstance(issued, Refusal):
        return _page(issued)
    return show(
        "shown_once",
        title=gettext("New key"),
        secrets=[(gettext("Secret"), issued.secret)],
        note=gettext("Send it as “Authorization: Bearer …”, and keep it where your server keeps its secrets."),
        onward=url_for("web.keys", organisation=whose),
        section="web.keys",
    )
