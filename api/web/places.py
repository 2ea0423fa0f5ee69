"""The places beside the daily work: what an organisation sets up, and what a person sets up for themselves.

Owns which of them somebody sees; each page shows them as a second row of navigation.
"""

from dataclasses import replace
from typing import Final

from flask import Response, g, url_for

from api.languages import gettext, marked
from api.web.blueprint import led_to, pages
from api.web.sessions import Tab, only, person
from ledger.services.access import ADMIN, ARBITER, BUYER, FINANCE, PARTIES, ROLES, SUPPLIER, Principal

KEEPERS: Final = frozenset({ADMIN, *PARTIES})
EVERYBODY: Final = frozenset(ROLES)

PLACES: Final = {
    "setup": (
        Tab(marked("Organisations"), "web.organisations", frozenset({ADMIN})),
        Tab(marked("Organisation"), "web.own_organisation", PARTIES),
        Tab(marked("People"), "web.people", KEEPERS),
        Tab(marked("API keys"), "web.keys", KEEPERS),
        Tab(marked("Webhooks"), "web.endpoints", PARTIES),
        Tab(marked("Connections"), "web.connections", KEEPERS),
    ),
    "mine": (
        Tab(marked("Account"), "web.own_account", EVERYBODY),
        Tab(marked("Language and time"), "web.preferences", EVERYBODY),
        Tab(marked("E-mail"), "web.mails", EVERYBODY),
    ),
}

ROLE_NAMES: Final = {
    ADMIN: marked("Administrator"),
    FINANCE: marked("Finance"),
    ARBITER: marked("Arbiter"),
    BUYER: marked("Buyer"),
    SUPPLIER: marked("Supplier"),
}


def keeper() -> Principal:
    """The reader as who keeps house: an admin everybody's, else a party its own, whatever other roles they hold."""
    who = person().principal
    return replace(who, roles=frozenset({ADMIN}) if ADMIN in who.roles else who.roles & PARTIES)


def of_party() -> Principal:
    """The reader as who acts for an organisation, and as nobody else."""
    who = person().principal
    return replace(who, roles=who.roles & PARTIES)


@pages.app_template_filter("role")
def role(name: str) -> str:
    """A role as people say it."""
    return gettext(ROLE_NAMES[name])


@pages.app_template_global("places")
def places(where: str) -> tuple[Tab, ...]:
    """The second row of navigation, as far as it is the reader's."""
    return tuple(tab for tab in PLACES[where] if g.person.has(*tab.roles))


@pages.get("/setup")
@only(ADMIN, BUYER, SUPPLIER)
def setup() -> Response:
    """The first of the places where an organisation is set up."""
    return led_to(url_for(places("setup")[0].endpoint))
