"""What each provider's events prove, and what they do not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.domain.messages import Message, link_key, plain
from ledger.domain.providers import read
from ledger.domain.signatures import FORM, Delivery, Provider
from tests.support import senders
from tests.support.senders import EVENT, MEETING, ROOM, compact

START = datetime(2026, 3, 10, 10, tzinfo=UTC)
LATER = START + timedelta(minutes=22)
PERSON = "ann.lee@ex.example"


def told(provider: Provider, body: bytes, **headers: str) -> Message:
    return read(provider, Delivery({"content-type": "application/json", **headers}, body, ""))


def said(message: Message) -> list[Any]:
    return [statement.said for statement in message.statements]


def test_zoom_tells_who_came_and_went() -> None:
    joined = told(Provider.ZOOM, senders.zoom_person("joined", START, "167782040", PERSON))
    assert said(joined) == [
        {"what": "joined", "side": None, "participant": "167782040", "session": ROOM, "at": "2026-03-10T10:00:00Z"}
    ]
    assert (joined.people, joined.session, joined.links) == ((PERSON,), ROOM, (f"zoom:{MEETING}",))
    left = told(Provider.ZOOM, senders.zoom_person("left", LATER, "167782040", host=True))
    assert (said(left)[0]["what"], said(left)[0]["at"]) == ("left", "2026-03-10T10:22:00Z")
    assert left.statements[0].is_host and left.statements[0].email is None


def test_zoom_tells_what_its_log_covers() -> None:
    assert said(told(Provider.ZOOM, senders.zoom_meeting("started", START))) == [
        {"what": "log", "session": ROOM, "from": "2026-03-10T10:00:00Z", "until": None}
    ]
    assert said(told(Provider.ZOOM, senders.zoom_meeting("ended", START, LATER)))[0]["until"] == "2026-03-10T10:22:00Z"


def test_the_same_join_told_twice_is_one_event() -> None:
    once = senders.zoom_person("joined", START, "16", PERSON)
    again = once.replace(b"731", b"999", 1)
    assert once != again
    assert told(Provider.ZOOM, once).key == told(Provider.ZOOM, again).key
    other = senders.zoom_person("joined", LATER, "16", PERSON)
    assert told(Provider.ZOOM, once).key != told(Provider.ZOOM, other).key


def test_cal_coms_clock_proves_nothing() -> None:
    for event in ("MEETING_STARTED", "MEETING_ENDED"):
        flat = {"triggerEvent": event, "uid": "u1", "startTime": "2026-03-10T10:00:00Z"}
        assert not told(Provider.CAL_COM, compact(flat)).says_something
        assert not told(Provider.CAL_COM, senders.cal_no_show(event, "u1", START)).says_something


def test_cal_coms_session_knows_who_did_not_come() -> None:
    guests = told(Provider.CAL_COM, senders.cal_no_show("AFTER_GUESTS_CAL_VIDEO_NO_SHOW", "u1", START))
    assert said(guests) == [{"what": "no_show", "absent": "prospect", "undone": False, "by": "session"}]
    assert guests.external_ids == ("u1",)
    event, rep = "AFTER_HOSTS_CAL_VIDEO_NO_SHOW", "rep@north-bank.example"
    alone = senders.cal_no_show(event, "u1", START, hostEmail=rep, participants=[{"user_id": None, "duration": 9}])
    assert said(told(Provider.CAL_COM, alone))[0]["absent"] == "buyer"
    stand_in = [{"user_id": "7", "email": "other@north-bank.example"}]
    covered = senders.cal_no_show(event, "u1", START, hostEmail=rep, participants=stand_in)
    assert not told(Provider.CAL_COM, covered).says_something


def test_a_no_show_that_somebody_marked_can_be_undone() -> None:
    for marked in (True, False):
        attendees = [{"email": PERSON, "noShow": marked}]
        body = senders.cal_no_show("BOOKING_NO_SHOW_UPDATED", "u1", START, attendees=attendees)
        assert said(told(Provider.CAL_COM, body)) == [
            {"what": "no_show", "absent": "prospect", "undone": not marked, "by": "person"}
        ]
    for event, undone in (("invitee_no_show.created", False), ("invitee_no_show.deleted", True)):
        body = senders.calendly_invitee(event, "INV1", START, PERSON)
        assert said(told(Provider.CALENDLY, body))[0]["undone"] is undone


def test_a_reschedule_names_the_booking_that_it_replaces() -> None:
    body = senders.cal_booking("BOOKING_RESCHEDULED", "new", START, PERSON, rescheduleUid="old")
    cal = told(Provider.CAL_COM, body)
    assert said(cal) == [
        {
            "what": "booking",
            "external_id": "new",
            "previous": "old",
            "starts_at": "2026-03-10T10:00:00Z",
            "ends_at": "2026-03-10T10:30:00Z",
            "cancelled": False,
        }
    ]
    assert (cal.external_ids, cal.successors) == (("old",), ("new",))
    old = f"{EVENT}/invitees/OLD"
    calendly = told(
        Provider.CALENDLY, senders.calendly_invitee("invitee.created", "NEW", START, PERSON, old_invitee=old)
    )
    assert said(calendly)[0]["previous"] == old
    assert old in calendly.external_ids and f"{EVENT}/invitees/NEW" in calendly.successors
    moved = senders.calendly_invitee("invitee.canceled", "OLD", START, PERSON, rescheduled=True)
    assert said(told(Provider.CALENDLY, moved))[0]["cancelled"] is False
    off = senders.calendly_invitee("invitee.canceled", "OLD", START, PERSON)
    assert said(told(Provider.CALENDLY, off))[0]["cancelled"] is True


def test_a_call_tells_how_it_ended() -> None:
    def called(status: str) -> Message:
        fields = senders.twilio_call(status, "+442079460001", START, CallDuration="63")
        return told(Provider.TWILIO, senders.from_twilio(fields, "")[0], **{"content-type": FORM})

    assert [called(status).says_something for status in ("ringing", "completed", "no-answer")] == [False, True, True]
    (statement,) = said(called("no-answer"))
    assert (statement["what"], statement["status"], statement["seconds"]) == ("call", "no-answer", 63)
    assert called("busy").span == (START, START)
    assert called("busy").event == "call.busy"


def test_standard_webhooks_say_who_was_there() -> None:
    data = {
        "supplier": "acme-calls",
        "reference": "S-1",
        "participants": [
            {"side": "prospect", "participant": "p", "joined_at": "2026-03-10T10:00:00Z", "left_at": None},
            {"side": "nobody", "email": PERSON, "joined_at": "2026-03-10T12:00:00+02:00"},
            {"side": "buyer", "joined_at": "yesterday"},
        ],
        "from": "2026-03-10T09:58:00Z",
        "until": "2026-03-10T10:30:00Z",
    }
    message = told(Provider.STANDARD_WEBHOOKS, compact({"type": "presence", "data": data}), **{"webhook-id": "m1"})
    assert [(each["what"], each.get("side")) for each in said(message)] == [
        ("joined", "prospect"),
        ("joined", None),
        ("log", None),
    ]
    assert message.reference == ("acme-calls", "S-1")
    one = {"what": "no_show", "absent": "buyer", "external_id": "u9"}
    single = told(Provider.STANDARD_WEBHOOKS, compact({"type": "x", "data": one}), **{"webhook-id": "m2"})
    assert said(single) == [{"what": "no_show", "absent": "buyer", "undone": False, "by": "person"}]
    assert single.external_ids == ("u9",)


@pytest.mark.parametrize("provider", list(Provider))
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\x00",
        b"[1]",
        b"null",
        b'{"event": 7, "triggerEvent": {}, "type": [], "payload": 3, "data": "x"}',
        b'{"event": "meeting.participant_joined", "payload": {"object": {"uuid": "u", "participant": []}}}',
        b'{"event": "invitee.created", "triggerEvent": "BOOKING_CREATED", "payload": {"attendees": "x"}}',
        b'{"type": "presence", "data": {"participants": [[1], {"side": "buyer"}], "from": 1e300}}',
        b'{"event": "' + b"a" * 1000 + b'", "triggerEvent": "\\u0000", "type": "\\n"}',
        b"[" * 5000,
    ],
)
def test_what_cannot_be_read_says_nothing_and_breaks_nothing(provider: Provider, body: bytes) -> None:
    assert not told(provider, body, **{"webhook-id": "m"}).says_something


def test_people_send_evidence_in_the_same_shapes() -> None:
    assert [each.said for each in plain({"what": "joined", "side": "buyer", "at": "2026-03-10T10:00:00Z"}, "s")] == [
        {"what": "joined", "side": "buyer", "participant": "buyer", "session": "s", "at": "2026-03-10T10:00:00Z"}
    ]
    assert plain({"what": "joined", "side": "buyer", "at": "10:00"}, "s") == []
    assert plain({"note": "they came"}, "s") == []


@pytest.mark.parametrize(
    ("link", "key"),
    [
        ("https://us02web.zoom.us/j/85712345678?pwd=abc", "zoom:85712345678"),
        ("https://zoom.us/wc/join/85712345678", "zoom:85712345678"),
        ("https://Meet.Example/abc-def/?authuser=1", "meet.example/abc-def"),
        ("meet.example/abc-def", "meet.example/abc-def"),
        ("https://meet.example/", None),
        ("https://evil.example/zoom.us/85712345678", "evil.example/zoom.us/85712345678"),
        ("https://[", None),
    ],
)
def test_a_join_link_is_the_same_for_every_guest(link: str, key: str | None) -> None:
    assert link_key(link) == key
