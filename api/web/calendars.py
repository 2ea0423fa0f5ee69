"""An appointment's slot, from its page into a calendar."""

from uuid import UUID

from flask import Response

from api.calendars import FILE_NAME, MEDIA_TYPE, calendar_file
from api.databases import database
from api.units import clock, settings
from api.web.blueprint import pages
from api.web.documents import download
from api.web.sessions import only, person
from ledger.services.access import OPERATOR, PARTIES
from ledger.store.engine import reading


@pages.get("/appointments/<uuid:appointment_id>/calendar.ics")
@only(*PARTIES, *OPERATOR)
def appointment_calendar(appointment_id: UUID) -> Response:
    """The slot as a calendar file."""
    with reading(database().engine) as connection:
        content = calendar_file(connection, person().principal, appointment_id, settings().public_url, clock())
    return download(content, FILE_NAME, f"{MEDIA_TYPE}; charset=utf-8")
