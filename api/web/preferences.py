"""What a person chooses for themselves: the language of their pages and the clock that times are shown by.

Refuses languages that are not spoken and zones that nobody knows. Without a choice the browser's language is spoken
and the organisation's clock counts.
"""

from typing import Final
from zoneinfo import available_timezones

from flask import Response, request, url_for

from api.databases import database
from api.languages import NAMES, known
from api.web.blueprint import led_to, pages, show
from api.web.sessions import only, person
from ledger.domain.calendar import is_zone
from ledger.domain.errors import Malformed
from ledger.services import logins
from ledger.store.engine import writing

REGIONS: Final = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@pages.get("/preferences")
@only()
def preferences() -> Response:
    """How the pages speak to this person, to be changed."""
    zones = sorted(zone for zone in available_timezones() if zone.partition("/")[0] in REGIONS)
    return show(
        "preferences",
        names=NAMES,
        zones=["UTC", *zones],
        usual_zone=person().usual_zone,
        chosen_zone=person().chosen_zone,
        done="done" in request.args,
    )


@pages.post("/preferences")
@only()
def keep_preferences() -> Response:
    """Keeps the choice; the next page follows it."""
    language, zone = request.form.get("language") or None, request.form.get("time_zone") or None
    if language is not None and known(language) is None:
        raise Malformed.at("language", f"pages speak {', '.join(NAMES)}")
    if zone is not None and not is_zone(zone):
        raise Malformed.at("time_zone", "there is no such time zone")
    with writing(database().engine) as connection:
        logins.prefer(connection, person().id, language=language, time_zone=zone)
    return led_to(url_for("web.preferences", done=1))
