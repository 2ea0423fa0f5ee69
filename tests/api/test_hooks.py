"""Evidence that comes in by webhook: who may send it, what it counts for, and that nothing comes in twice."""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from freezegun import freeze_time

from api.cli import main
from ledger.services import access
from ledger.store.engine import writing
from tests.api.conftest import Caller, organisation
from tests.api.terms import agreed, body_of, submission
from tests.support import senders
from tests.support.applications import SECRET as KEY
from tests.support.applications import application, store_of
from tests.support.senders import SECRET, STANDARD_SECRET, Sent, compact

START = datetime(2026, 10, 8, 10, tzinfo=UTC)
PERSON = "ada+demo@engine.example"
REP = "rep@north-bank.example"
MINUTE = timedelta(minutes=1)
HOOK = "/hooks/rooms"


@dataclass
class House:
    """A buyer and a supplier who came to terms, and the operator's accounts."""

    app: Flask
    admin: Caller
    supplier: Caller
    buyer: Caller
    clock: Any

    def connect(self, slug: str, provider: str, caller: Caller | None = None, **more: Any) -> dict[str, Any]:
        secret = STANDARD_SECRET if provider.startswith("standard") else SECRET
        body = {"slug": slug, "provider": provider, "secret": secret, **more}
        found: dict[str, Any] = body_of((caller or self.admin)("POST", "/v1/connections", body), 201)
        return found

    def send(self, sent: Sent, path: str = HOOK, expect: int = 204) -> Any:
        body, headers = sent
        answer = self.app.test_client().post(path, data=body, headers=headers)
        assert answer.status_code == expect, answer.text
        return answer

    def submit(self, **changes: Any) -> str:
        shown = body_of(self.supplier("POST", "/v1/appointments", submission(**changes)), 201)
        return str(shown["id"])

    def evidence(self, identity: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = body_of(self.buyer("GET", f"/v1/appointments/{identity}/evidence"))["items"]
        return found

    def states(self, connection: str = "rooms") -> list[str]:
        items = body_of(self.admin("GET", f"/v1/connections/{connection}/deliveries"))["items"]
        return [item["state"] for item in items]

    def tick(self) -> str:
        settings = {"DATABASE_URL": self.app.config["DATABASE_URL"], "SECRET_KEY": KEY}
        result = CliRunner().invoke(main, ["tick"], env=settings)
        assert result.exit_code == 0, result.output
        return result.output


@contextmanager
def founded(url: str) -> Iterator[House]:
    app = application(url)
    with freeze_time("2026-10-05T09:00:00Z") as clock:
        parties = key_for(app, "supplier", "acme-calls"), key_for(app, "buyer", "north-bank")
        found = House(app, key_for(app, "admin"), *parties, clock)
        agreed(found.buyer, found.supplier)
        found.admin("PATCH", "/v1/organisations/north-bank", {"email": "office@north-bank.example"})
        found.connect("rooms", "zoom", owner="operator")
        yield found


def key_for(app: Flask, role: str, slug: str | None = None) -> Caller:
    with writing(store_of(app).engine) as connection:
        owner = None if slug is None else organisation(connection, role, slug)
        issued = access.issue_key(connection, role, owner, datetime.now(UTC))
    return Caller(app.test_client(), issued.secret)


@pytest.fixture
def house(sqlite_url: str) -> Iterator[House]:
    with founded(sqlite_url) as found:
        yield found


@pytest.fixture
def any_house(database_url: str) -> Iterator[House]:
    """On each engine, for what depends on what the database lets in."""
    with founded(database_url) as found:
        yield found


def zoom(what: str, minute: int, user: str, email: str = "", *, late: int = 0, **more: Any) -> Sent:
    at = START + minute * MINUTE
    return senders.from_zoom(senders.zoom_person(what, at, user, email, **more), at + late * MINUTE)


def test_the_operators_log_becomes_independent_evidence(house: House) -> None:
    identity = house.submit()
    house.clock.move_to(START + MINUTE)
    house.send(zoom("joined", 1, "16", PERSON))
    (kept,) = house.evidence(identity)
    assert (kept["grade"], kept["verified"], kept["party"]) == ("A", True, "operator")
    assert kept["kind"] == "zoom.meeting.participant_joined"
    assert (kept["said"]["what"], kept["said"]["side"]) == ("joined", "prospect")
    body, _ = zoom("joined", 1, "16", PERSON)
    assert kept["sha256"] == hashlib.sha256(body).hexdigest()
    raw = house.supplier("GET", f"/v1/appointments/{identity}/evidence/{kept['id']}/content")
    assert raw.data == body
    assert house.states() == ["attached"]


def test_a_session_is_one_appointments_in_whichever_order_it_is_told(any_house: House) -> None:
    """The rep has no address that the prospect's would be found by: the session tells."""
    house = any_house
    for number, order in enumerate(permutations(range(3))):
        start = START + number * timedelta(days=1)
        identity = house.submit(
            reference=f"S-{number}",
            slot={"starts_at": senders.utc(start), "ends_at": senders.utc(start + 30 * MINUTE)},
            prospect={"name": "Guest", "email": f"guest{number}@engine.example"},
        )
        room, at = f"room{number}==", start + MINUTE
        house.clock.move_to(at)
        events = (
            senders.zoom_person("joined", at, "16", REP, room=room),
            senders.zoom_person("joined", at, "17", f"guest{number}@engine.example", room=room),
            senders.zoom_person("left", at, "18", room=room),
        )
        for index in order:
            house.send(senders.from_zoom(events[index], at))
        found = house.evidence(identity)
        assert sorted(str(each["said"]["side"]) for each in found) == ["None", "buyer", "prospect"]
        assert {each["grade"] for each in found} == {"A"}


def test_the_same_event_counts_once_for_ever(any_house: House) -> None:
    house = any_house
    identity = house.submit()
    house.clock.move_to(START + MINUTE)
    sent = zoom("joined", 1, "16", PERSON)
    house.send(sent)
    house.send(sent)
    house.clock.move_to(START + 300 * MINUTE)
    house.send(sent)
    house.send(zoom("joined", 1, "16", PERSON, late=299))
    assert len(house.evidence(identity)) == 1
    assert house.states() == ["attached"]


def test_a_stale_event_is_kept_without_effect_until_somebody_vouches_for_it(house: House) -> None:
    identity = house.submit()
    house.clock.move_to(START + 40 * MINUTE)
    house.send(zoom("joined", 1, "16", PERSON))
    house.send(zoom("joined", 2, "17", PERSON))
    assert house.states() == ["quarantined"] * 2
    house.tick()
    assert house.evidence(identity) == []
    house.send(zoom("joined", 2, "17", PERSON, late=38))
    joined = [datetime.fromisoformat(each["said"]["at"]) for each in house.evidence(identity)]
    assert joined == [START + 2 * MINUTE]
    (held,) = body_of(house.admin("GET", "/v1/connections/rooms/deliveries?state=quarantined"))["items"]
    path = f"/v1/connections/rooms/deliveries/{held['id']}/release"
    assert house.supplier("POST", path).status_code == 403
    body_of(house.admin("POST", path))
    assert len(house.evidence(identity)) == 2
    assert house.admin("POST", path).status_code == 409


def test_what_is_not_signed_rightly_leaves_nothing(house: House) -> None:
    identity = house.submit()
    house.clock.move_to(START + MINUTE)
    body, headers = zoom("joined", 1, "16", PERSON)
    house.send((body.replace(b'"16"', b'"17"'), headers), expect=401)
    house.send((body, {}), expect=401)
    house.send(senders.from_zoom(body, START + MINUTE, "another secret"), expect=401)
    house.send((b"x" * 300_000, headers), expect=413)
    house.send((body, {**headers, "content-encoding": "gzip"}), expect=415)
    house.send((body, headers), "/hooks/elsewhere", expect=404)
    assert house.states() == []
    assert house.evidence(identity) == []


def test_what_nobody_understands_is_kept_and_ignored(house: House) -> None:
    for body in (b'{"event": "meeting.sharing_started"}', b"not json", b""):
        house.send(senders.from_zoom(body, datetime(2026, 10, 5, 9, tzinfo=UTC)))
    assert house.states() == ["ignored"] * 3


def test_zooms_validation_is_answered_and_signs_no_message(house: House) -> None:
    now = datetime(2026, 10, 5, 9, tzinfo=UTC)
    token = "qgg8vlvZRS6UYooatFL8Aw"
    answer = house.send(senders.from_zoom(senders.zoom_validation(token), now), expect=200).json
    expected = hmac.new(SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
    assert answer == {"plainToken": token, "encryptedToken": expected}
    forged = f"v0:{senders.stamp(now)}:" + senders.zoom_person("joined", START, "16", PERSON).decode()
    house.send((senders.zoom_validation(forged), {}), expect=401)
    house.send(senders.from_zoom(senders.zoom_validation(forged), now), expect=400)
    assert house.states() == []


def test_a_delivery_waits_for_its_appointment(any_house: House) -> None:
    house = any_house
    house.connect("diary", "cal.com", owner="operator")
    rescheduled = senders.cal_booking("BOOKING_RESCHEDULED", "new", START, PERSON, rescheduleUid="old")
    house.send(senders.from_cal_com(rescheduled), "/hooks/diary")
    assert house.states("diary") == ["unmatched"]
    identity = house.submit(calendar={"provider": "cal_com", "external_id": "old"})
    assert house.states("diary") == ["attached"]
    shown = body_of(house.buyer("GET", f"/v1/appointments/{identity}"))["calendar"]
    assert shown == {"provider": "cal_com", "external_id": "new", "former_ids": ["old"], "join_url": None}
    house.clock.move_to(START + 60 * MINUTE)
    no_show = senders.cal_no_show("AFTER_GUESTS_CAL_VIDEO_NO_SHOW", "new", START)
    house.send(senders.from_cal_com(no_show), "/hooks/diary")
    assert [each["said"]["what"] for each in house.evidence(identity)] == ["booking", "no_show"]


def test_another_time_in_the_calendar_is_evidence_and_finds_the_slot_when_it_moves(house: House) -> None:
    house.connect("diary", "calendly", owner="operator")
    identity = house.submit()
    later = START + timedelta(days=2)
    made = senders.calendly_invitee("invitee.created", "INV1", later, PERSON)
    house.send(senders.from_calendly(made, datetime(2026, 10, 5, 9, tzinfo=UTC)), "/hooks/diary")
    assert house.states("diary") == ["unmatched"]
    slot = {"starts_at": senders.utc(later), "ends_at": senders.utc(later + 30 * MINUTE)}
    moved = {"slot": slot, "requested_by": "prospect"}
    body_of(house.supplier("POST", f"/v1/appointments/{identity}/reschedule", moved))
    assert [each["said"]["external_id"] for each in house.evidence(identity)] == [f"{senders.EVENT}/invitees/INV1"]


def test_a_partys_account_is_graded_by_whom_it_speaks_for(house: House) -> None:
    identity = house.submit()
    house.connect("ours", "zoom", house.supplier)
    house.connect("theirs", "zoom", house.buyer, owner="north-bank")
    house.clock.move_to(START + MINUTE)
    for path in ("/hooks/ours", "/hooks/theirs"):
        house.send(zoom("joined", 1, "16", PERSON), path)
    found = house.evidence(identity)
    assert [(each["party"], each["grade"]) for each in found] == [("supplier", "C"), ("buyer", "B")]


def test_a_partys_account_speaks_of_its_own_appointments_alone(house: House) -> None:
    identity = house.submit()
    house.connect("spy", "standard_webhooks", key_for(house.app, "supplier", "best-leads"))
    data = {"appointment": identity, "what": "no_show", "absent": "buyer"}
    now = datetime(2026, 10, 5, 9, tzinfo=UTC)
    house.send(senders.from_standard(compact({"type": "no_show", "data": data}), now), "/hooks/spy")
    assert house.states("spy") == ["unmatched"]
    assert house.evidence(identity) == []


def test_a_call_counts_as_the_buyers_attempt(house: House) -> None:
    identity = house.submit(prospect={"name": "Guest", "phone": "+44 20 7946 0001", "region": "GB"})
    house.connect("calls", "twilio", house.buyer)
    at = START + 5 * MINUTE
    house.clock.move_to(at)
    path = "/hooks/calls?leg=1"
    fields = senders.twilio_call("no-answer", "+442079460001", at, CallDuration="0")
    house.send(senders.from_twilio(fields, f"https://wrong.example{path}"), path, expect=401)
    body, headers = senders.from_twilio(fields, f"http://127.0.0.1:8000{path}")
    house.send((body, {**headers, "X-Forwarded-Host": "wrong.example", "Host": "wrong.example"}), path)
    (kept,) = house.evidence(identity)
    assert (kept["kind"], kept["grade"], kept["said"]["status"]) == ("contact_attempt", "C", "no-answer")


def test_standard_webhooks_name_the_appointment_by_its_reference(house: House) -> None:
    house.connect("rooms-2", "standard-webhooks", owner="operator")
    house.submit(reference="S-7", prospect={"name": "Guest"})
    identity = house.submit(reference="S-8", prospect={"name": "Guest"})
    house.clock.move_to(START + 31 * MINUTE)
    people = [
        {"side": side, "joined_at": senders.utc(START), "left_at": senders.utc(START + 22 * MINUTE)}
        for side in ("prospect", "buyer")
    ]
    data = {"supplier": "acme-calls", "reference": "S-8", "participants": people, "from": senders.utc(START)}
    sent = senders.from_standard(compact({"type": "presence", "data": data}), START + 31 * MINUTE)
    house.send(sent, "/hooks/rooms-2")
    assert [each["said"]["what"] for each in house.evidence(identity)] == ["joined", "left", "joined", "left", "log"]


def test_what_people_add_by_hand_is_graded_too(house: House) -> None:
    identity = house.submit()
    house.clock.move_to(START + 31 * MINUTE)
    content = {"what": "no_show", "absent": "buyer"}
    body = {"kind": "log", "occurred_at": senders.utc(START), "content": content}
    path = f"/v1/appointments/{identity}/evidence"
    for caller, grade in ((house.admin, "A"), (house.buyer, "B"), (house.supplier, "C")):
        assert body_of(caller("POST", path, body), 201)["grade"] == grade
    assert body_of(house.buyer("POST", path, {**body, "content": "I was there"}), 201)["said"] is None


def test_a_link_names_the_appointment_and_is_the_suppliers_to_name(house: House) -> None:
    identity = house.submit(prospect={"name": "Guest"})
    house.clock.move_to(START + MINUTE)
    house.send(zoom("joined", 1, "16", REP))
    assert house.states() == ["unmatched"]
    path = f"/v1/appointments/{identity}/calendar"
    entry = {"join_url": f"https://us02web.zoom.us/j/{senders.MEETING}?pwd=x"}
    assert house.buyer("PUT", path, entry).status_code == 403
    assert house.supplier("PUT", path, {"external_id": None}).status_code == 400
    assert body_of(house.supplier("PUT", path, entry))["calendar"]["join_url"] == entry["join_url"]
    assert [each["said"]["side"] for each in house.evidence(identity)] == ["buyer"]


def test_two_appointments_that_nothing_tells_apart_get_nothing(house: House) -> None:
    entry = {"join_url": f"https://zoom.us/j/{senders.MEETING}"}
    identities = [
        house.submit(reference=reference, prospect={"name": reference}, calendar=entry) for reference in ("S-1", "S-2")
    ]
    house.clock.move_to(START + MINUTE)
    house.send(zoom("joined", 1, "16", REP))
    assert house.states() == ["unmatched"]
    assert [house.evidence(identity) for identity in identities] == [[], []]
