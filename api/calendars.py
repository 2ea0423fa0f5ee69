"""An appointment's slot as a calendar file (RFC 5545), the same entry through every reschedule and cancellation.

Owns what a calendar is told: when, under whose reference, where to join, where to read on. Nothing of the prospect:
calendars are copied to places that no erasure reaches. Somebody else's appointment is not there.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from icalendar import Calendar, Event
from sqlalchemy import Connection, func, select

from ledger.domain.errors import Unknown
from ledger.domain.lifecycle import EventKind, Schedule
from ledger.services import appointments
from ledger.services.access import Principal, visible
from ledger.store import tables as t

MEDIA_TYPE: Final = "text/calendar"
FILE_NAME: Final = "appointment.ics"
PRODUCT: Final = "-//Appointment Ledger//EN"
MOVES_THE_SLOT: Final = (EventKind.SUBMITTED, EventKind.RESCHEDULED, EventKind.REBOOKED, EventKind.CANCELLED)


def calendar_file(
    connection: Connection, principal: Principal, appointment_id: UUID, public_url: str, now: datetime
) -> bytes:
    """The file of an appointment that is theirs to see. Raises `Unknown`."""
    shown = appointments.one(connection, appointment_id, visible(principal, t.appointment), now)
    if shown is None:
        raise Unknown("there is no such appointment")
    organisation, event = t.organisation.c, t.appointment_event.c
    supplier = connection.execute(select(organisation.legal_name).where(organisation.slug == shown["supplier"]))
    moved = event.kind.in_([kind.value for kind in MOVES_THE_SLOT])
    revised = select(func.max(event.recorded_at)).where(event.appointment_id == appointment_id, moved)
    title = f"{shown['reference']}, {supplier.scalar_one()}"
    page = f"{public_url}/appointments/{appointment_id}"
    return written(shown, title, connection.execute(revised).scalar_one(), page)


def written(shown: Mapping[str, Any], title: str, revised_at: datetime, page: str) -> bytes:
    """The file for an appointment as the API shows it, whose slot was last moved at `revised_at`.

    SEQUENCE counts the slots that went before, and a cancellation.
    """
    slots, cancelled = shown["schedule"]["slots"], shown["schedule"]["state"] == Schedule.CANCELLED.value
    event = Event()
    event.add("uid", shown["id"])
    event.add("dtstamp", revised_at.astimezone(UTC))
    event.add("sequence", len(slots) - 1 + cancelled)
    event.add("dtstart", slots[-1]["starts_at"])
    event.add("dtend", slots[-1]["ends_at"])
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("summary", "".join(each for each in title if each.isprintable()))
    event.add("url", page)
    join = (shown.get("calendar") or {}).get("join_url")
    if join:
        event.add("location", join)
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
