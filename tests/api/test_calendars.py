"""Slots as calendar files: one entry through every reschedule, cancelled with the appointment, of nobody else's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from icalendar import Calendar

from api.calendars import written
from tests.api.conftest import Caller
from tests.api.terms import agreed, body_of, submission

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NOW = datetime(2026, 10, 5, 9, tzinfo=UTC)


def entry_in(content: bytes) -> Any:
    calendar = Calendar.from_ical(content)
    assert calendar["VERSION"] == "2.0" and calendar["METHOD"] == "PUBLISH" and calendar["PRODID"]
    (event,) = calendar.walk("VEVENT")
    return event


@on_sqlite
def test_an_entry_keeps_its_uid_and_tells_of_every_move(supplier: Caller, buyer: Caller, admin: Caller) -> None:
    with freeze_time(NOW) as clock:
        agreed(buyer, supplier)
        taken = body_of(supplier("POST", "/v1/appointments", submission()), 201)
        path = f"/v1/appointments/{taken['id']}"
        seen: list[tuple[Any, ...]] = []

        def look() -> None:
            answer = buyer("GET", f"{path}/calendar.ics")
            assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
            assert answer.data == supplier("GET", f"{path}/calendar.ics").data
            assert b"Byron" not in answer.data and b"engine.example" not in answer.data
            entry = entry_in(answer.data)
            assert str(entry["UID"]) == taken["id"] and entry["URL"].endswith(f"/appointments/{taken['id']}")
            seen.append((entry["SEQUENCE"], entry["STATUS"], entry["DTSTART"].dt, entry["DTSTAMP"].dt))

        look()
        clock.tick(60)
        slot = {"starts_at": "2026-10-09T12:00:00+02:00", "ends_at": "2026-10-09T12:30:00+02:00"}
        body_of(supplier("POST", f"{path}/reschedule", {"slot": slot, "requested_by": "prospect", "reason": "ill"}))
        look()
        clock.tick(60)
        body_of(buyer("POST", f"{path}/cancel", {"by": "buyer", "reason": "closed"}))
        look()
    assert seen == [
        (0, "CONFIRMED", datetime(2026, 10, 8, 10, tzinfo=UTC), NOW),
        (1, "CONFIRMED", datetime(2026, 10, 9, 10, tzinfo=UTC), NOW.replace(minute=1)),
        (2, "CANCELLED", datetime(2026, 10, 9, 10, tzinfo=UTC), NOW.replace(minute=2)),
    ]


def test_words_cannot_add_lines_to_a_calendar_file() -> None:
    starts_at = datetime(2026, 10, 8, 10, tzinfo=UTC)
    slots = [{"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=30)}]
    shown = {"id": "an-id", "schedule": {"state": "booked", "slots": slots}}
    title = "S-1; Łódź, été\r\nATTENDEE:mailto:eve@example.org " + "x" * 100
    content = written(shown, title, NOW, "https://ledger.example/appointments/an-id")
    entry = entry_in(content)
    assert "ATTENDEE" not in entry
    assert entry["SUMMARY"] == title.replace("\r\n", "")
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
