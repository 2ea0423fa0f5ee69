"""Organisations by page: taken on, changed, what they were before; an admin's all of them, a party its own.

Owns the form and the difference between two states of an organisation. A form says which version it was filled in on.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from zoneinfo import available_timezones

from flask import Response, request, url_for
from sqlalchemy import Connection, RowMapping, select

from api.databases import database
from api.languages import gettext, marked
from api.problems import problem_of
from api.resources.organisations import columns_of
from api.schemas import load
from api.schemas import parties as schemas
from api.units import clock
from api.web.acting import outcome_of
from api.web.actors import names_of
from api.web.blueprint import led_to, pages, show
from api.web.mending import problem_shown
from api.web.places import keeper
from api.web.preferences import REGIONS
from api.web.proving import proved
from api.web.sessions import only, person
from ledger.domain.errors import Refusal
from ledger.services import parties, people
from ledger.services.access import ADMIN, PARTIES, visible
from ledger.store import tables as t
from ledger.store.engine import reading

PAGE: Final = 100
ADDRESS: Final = ("line1", "line2", "city", "postcode", "region", "country")
FIELDS: Final = {
    "legal_name": marked("Legal name"),
    "line1": marked("Street and number"),
    "line2": marked("Second line"),
    "city": marked("City"),
    "postcode": marked("Postcode"),
    "region": marked("Region"),
    "country": marked("Country"),
    "vat_id": marked("VAT identifier"),
    "vat_registered": marked("Registered for VAT"),
    "tax_number": marked("Tax number"),
    "registration_number": marked("Registration number"),
    "iban": marked("IBAN"),
    "bic": marked("BIC"),
    "time_zone": marked("Time zone"),
    "email": marked("E-mail address"),
}
"""What can be changed, with the words of the form."""


@pages.get("/organisations")
@only(ADMIN)
def organisations() -> Response:
    """Everybody whose appointments are kept here, by name."""
    organisation = t.organisation.c
    after = request.args.get("after")
    query = select(t.organisation).order_by(organisation.slug).limit(PAGE + 1)
    if after:
        query = query.where(organisation.slug > after)
    with reading(database().engine) as connection:
        rows = list(connection.execute(query).mappings())
    following = rows[PAGE - 1]["slug"] if len(rows) > PAGE else None
    return show("organisations", rows=rows[:PAGE], following=following, zone=person().time_zone)


@pages.get("/organisations/new")
@only(ADMIN)
def new_organisation() -> Response:
    """The form for another one."""
    return _new()


def _new(refused: Refusal | None = None) -> Response:
    given: Mapping[str, Any] = request.form if refused is not None else {"vat_registered": True}
    return show("organisation_new", _status(refused), given=given, **_form(refused))


@pages.post("/organisations/new")
@only(ADMIN)
@proved
def take_organisation_on() -> Response:
    """A buyer or a supplier more."""

    def work(connection: Connection) -> RowMapping:
        body = {**_given(), "slug": request.form.get("slug", "").strip(), "kind": request.form.get("kind", "")}
        return parties.create_organisation(connection, columns_of(load(schemas.OrganisationBody(), body)), clock())

    made = outcome_of(work)
    if isinstance(made, Refusal):
        return _new(made)
    return led_to(url_for("web.organisation", slug=made["slug"], done="made"))


@pages.get("/organisation")
@only(*PARTIES)
def own_organisation() -> Response:
    """The reader's own."""
    return _page(str(keeper().organisation_id))


@pages.get("/organisations/<slug>")
@only(ADMIN, *PARTIES)
def organisation(slug: str) -> Response:
    """One organisation: what it is, and what it was before."""
    return _page(slug)


def _page(reference: str, refused: Refusal | None = None) -> Response:
    who = keeper()
    with reading(database().engine) as connection:
        row = parties.organisation(connection, reference, within=visible(who, t.organisation))
        before = parties.changes_of(connection, row["id"])
        names = names_of(connection, (each["actor"] for each in before), who)
    return show(
        "organisation",
        _status(refused),
        row=row,
        shown=_flat(row),
        given=request.form if refused is not None else _flat(row),
        changes=list(_changes(row, before)),
        names=names,
        done=request.args.get("done"),
        **_form(refused),
    )


@pages.post("/organisations/<slug>")
@only(ADMIN, *PARTIES)
@proved
def change_organisation(slug: str) -> Response:
    """Change it; what it was before is kept."""
    who, version = keeper(), request.form.get("version", "")

    def work(connection: Connection) -> object:
        body = load(schemas.OrganisationChange(), _given())
        return parties.change_organisation(
            connection,
            slug,
            columns_of(body),
            who.actor,
            clock(),
            expected_version=int(version) if version.isascii() and version.isdigit() else 0,
            within=visible(who, t.organisation),
        )

    return _done(slug, work, "changed")


@pages.post("/organisations/<slug>/disable")
@only(ADMIN)
@proved
def disable_organisation(slug: str) -> Response:
    """End every key and every person's access; what was recorded stays."""

    def work(connection: Connection) -> object:
        found = parties.organisation(connection, slug)
        return people.disable_organisation(connection, found["id"], clock(), actor=keeper().actor)

    return _done(slug, work, "disabled")


def _done(slug: str, work: Callable[[Connection], object], what: str) -> Response:
    came = outcome_of(work)
    if isinstance(came, Refusal):
        return _page(slug, came)
    return led_to(url_for("web.organisation", slug=slug, done=what))


def _given() -> dict[str, Any]:
    """The form as the API's body: what was left empty is none."""
    text = {name: request.form.get(name, "").strip() or None for name in FIELDS}
    plain = ("legal_name", "vat_id", "tax_number", "registration_number", "time_zone", "email")
    return {
        **{name: text[name] for name in plain},
        "address": {name: text[name] for name in ADDRESS},
        "bank": {"iban": text["iban"], "bic": text["bic"]},
        "vat_registered": text["vat_registered"] is not None,
    }


def _flat(state: Mapping[Any, Any]) -> dict[str, Any]:
    """A state by the form's fields."""
    return {name: (state["address"] if name in ADDRESS else state).get(name) for name in FIELDS}


def _changes(row: RowMapping, before: list[RowMapping]) -> Iterator[dict[str, Any]]:
    """Each change, newest first: who, when, and each field with what it was and what it became."""
    states = [_flat(each["before"]) for each in before] + [_flat(row)]
    for at in reversed(range(len(before))):
        former, latter = states[at], states[at + 1]
        fields = [(words, former[name], latter[name]) for name, words in FIELDS.items() if former[name] != latter[name]]
        yield {"actor": before[at]["actor"], "at": before[at]["recorded_at"], "fields": fields}


def _form(refused: Refusal | None) -> dict[str, Any]:
    zones = sorted(zone for zone in available_timezones() if zone.partition("/")[0] in REGIONS)
    return {
        "fields": {name: gettext(words) for name, words in FIELDS.items()},
        "zones": ["UTC", *zones],
        "problem": problem_shown(refused),
        "zone": person().time_zone,
    }


def _status(refused: Refusal | None) -> int:
    return 200 if refused is None else problem_of(refused).status
