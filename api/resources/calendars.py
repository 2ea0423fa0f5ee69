"""`/v1/appointments/{id}/calendar.ics`: an appointment's slot for a calendar."""

from uuid import UUID

from flask import Response

from api.auth import OPERATOR, PARTIES
from api.calendars import FILE_NAME, MEDIA_TYPE, calendar_file
from api.endpoints import Resource
from api.units import Query, settings

blueprint = Resource("calendars", description="Slots for calendars.")


@blueprint.query("/appointments/<uuid:appointment_id>/calendar.ics", roles={*PARTIES, *OPERATOR}, media_type=MEDIA_TYPE)
def download_calendar(query: Query, appointment_id: UUID) -> Response:
    """Download the slot as a calendar file.

    The same entry (`UID`) through every reschedule and rebooking, which raise its `SEQUENCE`; a cancellation says so.
    """
    content = calendar_file(query.connection, query.principal, appointment_id, settings().public_url, query.now)
    response = Response(content, mimetype=MEDIA_TYPE)
    response.headers.set("Content-Disposition", "attachment", filename=FILE_NAME)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
