"""The providers' part: signed deliveries of Zoom, Cal.com, Calendly, Twilio and a Standard Webhooks sender, over HTTP.

Owns how each signs, written from their descriptions and not from the product, and what they try: events out of order,
twice, too late, or by somebody who has no secret. Presence is counted here once more, to be held against what is shown.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from api.demo import cast
from api.simulation.world import PUBLIC_URL, Subject, World, visible

ROOMS, BOOKINGS, CALENDAR, DIALER, CRM = "rooms", "bookings", "calendar", "dialer", "crm"
SECRET: Final = "a secret of the simulation"  # noqa: S105 - of accounts that nobody has
STANDARD_SECRET: Final = "whsec_" + base64.b64encode(SECRET.encode()).decode()
CONNECTIONS: Final = (
    (ROOMS, "zoom", None, SECRET),
    (BOOKINGS, "cal_com", None, SECRET),
    (CALENDAR, "calendly", cast.SUPPLIERS[0], SECRET),
    (DIALER, "twilio", cast.BUYERS[0], SECRET),
    (CRM, "standard_webhooks", cast.SUPPLIERS[0], STANDARD_SECRET),
)
"""Slug, provider, whose account it is (None: the operator's), and the secret."""
TAKEN, UNSIGNED = 204, 401
MINUTE: Final = timedelta(minutes=1)
STALE: Final = timedelta(minutes=9)
LASTS: Final = timedelta(minutes=30)
Sent = tuple[bytes, dict[str, str]]


def _mark(message: bytes, algorithm: str = "sha256", secret: bytes = SECRET.encode()) -> bytes:
    return hmac.new(secret, message, algorithm).digest()


def _body(payload: Any) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _zoom(payload: Any, at: datetime) -> Sent:
    body, stamp = _body(payload), str(int(at.timestamp()))
    mark = _mark(b"v0:" + stamp.encode() + b":" + body).hex()
    return body, {"x-zm-signature": f"v0={mark}", "x-zm-request-timestamp": stamp}


def _cal_com(payload: Any) -> Sent:
    body = _body(payload)
    return body, {"x-cal-signature-256": _mark(body).hex()}


def _calendly(payload: Any, at: datetime) -> Sent:
    body, stamp = _body(payload), str(int(at.timestamp()))
    mark = _mark(stamp.encode() + b"." + body).hex()
    return body, {"calendly-webhook-signature": f"t={stamp},v1={mark}"}


def _twilio(fields: dict[str, str], url: str) -> Sent:
    mark = _mark((url + "".join(name + fields[name] for name in sorted(fields))).encode(), "sha1")
    content_type = "application/x-www-form-urlencoded"
    return urlencode(fields).encode(), {
        "x-twilio-signature": base64.b64encode(mark).decode(),
        "content-type": content_type,
    }


def _standard(payload: Any, identity: str, at: datetime) -> Sent:
    body, stamp = _body(payload), str(int(at.timestamp()))
    mark = base64.b64encode(_mark(f"{identity}.{stamp}.".encode() + body)).decode()
    return body, {"webhook-id": identity, "webhook-timestamp": stamp, "webhook-signature": f"v1,{mark}"}


def meet(world: World, subject: Subject) -> None:
    """The room's log of the slot: who came and went, in any order, some of it twice, some of it too late at first.

    A stand-in with an address of the buyer's is as good as the reviewer.
    """
    start, random = subject.starts_at, world.random
    if world.now < start + LASTS:
        return
    guest, host = random.choice(((True, True), (True, True), (True, False), (False, True), (False, False)))
    room, stays = f"{subject.reference}/{world.step}", []
    if guest:
        stays.append((subject.prospect["email"], random.randint(0, 6), random.randint(12, 29)))
    if host:
        stays.append((f"stand-in@{subject.buyer}.example", random.randint(0, 9), random.randint(12, 29)))
    events = [_meeting(room, "started", start), _meeting(room, "ended", start, start + LASTS)]
    for user, (email, since, until) in enumerate(stays):
        events += [_moved(room, "joined", start, since, user, email), _moved(room, "left", start, until, user, email)]
    events += random.sample(events, random.randint(0, 2))
    random.shuffle(events)
    if random.random() < 0.2:
        late = _zoom(events[0], world.now - STALE)
        world.deliver(ROOMS, "stale", subject, late, TAKEN, changes=False)
    for event in events[1:]:
        world.send(ROOMS, "meet", subject, _zoom(event, world.now), TAKEN)
    world.deliver(ROOMS, "meet", subject, _zoom(events[0], world.now), TAKEN)
    together = [(since, until) for _email, since, until in stays] if guest and host else []
    _count(world, subject, start, together)


def _meeting(room: str, what: str, start: datetime, end: datetime | None = None) -> dict[str, Any]:
    times = {"start_time": _utc(start), **({} if end is None else {"end_time": _utc(end)})}
    meeting = {"uuid": room, "id": str(abs(hash_of(room)) % 10**10), "duration": 30, **times}
    stamp = int((end or start).timestamp() * 1000)
    return {"event": f"meeting.{what}", "event_ts": stamp, "payload": {"object": meeting}}


def hash_of(text: str) -> int:
    """The same in every process."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])


def _moved(room: str, what: str, start: datetime, minute: int, user: int, email: str) -> dict[str, Any]:
    at = start + minute * MINUTE
    name = "join_time" if what == "joined" else "leave_time"
    who = {"user_id": str(user), "participant_uuid": f"p{user}", "email": email, name: _utc(at)}
    event = _meeting(room, f"participant_{what}", start)
    event["payload"]["object"]["participant"] = who
    return {**event, "event_ts": int(at.timestamp() * 1000)}


def _count(world: World, subject: Subject, start: datetime, stays: list[tuple[int, int]]) -> None:
    """Holds the minutes together of all the room's logs against what the parties are shown."""
    known = subject.together.setdefault(start, set())
    if stays:
        known |= set(range(max(since for since, _ in stays), min(until for _, until in stays)))
    told = world.ask(subject.supplier, "GET", f"{subject.path}/evidence").body
    brought = [each for each in told["items"] if each["kind"].startswith("zoom.") and each["grade"] == "A"]
    if start != subject.starts_at or not any(each["said"] for each in brought) or subject.shared:
        return
    shown = [each["minutes"] for each in told["presence"] if each["grade"] == "A"]
    world.require(shown == [len(known)], f"{subject.reference}: {shown} min together shown, the rooms saw {len(known)}")


def book(world: World, subject: Subject) -> None:
    """The calendar learns of the booking, and in the end says by itself who did not come."""
    start, uid = subject.starts_at, f"{subject.supplier}-{subject.reference}"
    base = {"bookingId": 9, "startTime": _utc(start), "endTime": _utc(start + LASTS)}
    attendee = {"email": subject.prospect["email"], "name": "Guest"}
    organizer = {"email": f"accounts@{subject.buyer}.example", "name": "Rep"}
    booked = {**base, "uid": uid, "attendees": [attendee], "organizer": organizer, "status": "ACCEPTED"}
    made = {"triggerEvent": "BOOKING_CREATED", "createdAt": _utc(start - LASTS), "payload": booked}
    world.deliver(BOOKINGS, "book", subject, _cal_com(made), TAKEN)
    if world.now >= start + LASTS and world.random.random() < 0.5:
        side = world.random.choice(("HOSTS", "GUESTS"))
        trigger = f"AFTER_{side}_CAL_VIDEO_NO_SHOW"
        said = {"triggerEvent": trigger, "createdAt": _utc(start + 12 * MINUTE), "payload": {**base, "bookingUid": uid}}
        world.deliver(BOOKINGS, "say who did not come", subject, _cal_com(said), TAKEN)


def schedule(world: World, subject: Subject) -> None:
    """The supplier's calendar: a booking that gets a new id, and a no-show that a person marks and takes back.

    None of it moves a slot or decides anything, whatever is signed, sent twice, too late or in the wrong order.
    """
    start, random = subject.starts_at, world.random
    event = f"https://api.calendly.com/scheduled_events/{hash_of(subject.identity)}"
    first, second = (f"{event}/invitees/{each}" for each in ("A", "B"))
    told = [_invitee(subject, "invitee.created", first, event)]
    if random.random() < 0.5:
        moved = {"rescheduled": True, "new_invitee": second, "status": "canceled"}
        told.append(_invitee(subject, "invitee.canceled", first, event, **moved))
        told.append(_invitee(subject, "invitee.created", second, event, old_invitee=first))
    if world.now >= start + LASTS:
        mark = {"uri": f"{event}/no-show", "created_at": _utc(start + LASTS)}
        told.append(_invitee(subject, "invitee_no_show.created", told[-1]["payload"]["uri"], event, no_show=mark))
        told.append({**told[-1], "event": "invitee_no_show.deleted"})
    told += random.sample(told, 1)
    random.shuffle(told)
    body, headers = _calendly(told[0], world.now)
    world.deliver(CALENDAR, "forge", subject, (body + b" ", headers), UNSIGNED, changes=False)
    world.deliver(CALENDAR, "stale", subject, _calendly(told[0], world.now - STALE), TAKEN, changes=False)
    before = world.look(subject)
    for each in told:
        world.send(CALENDAR, "schedule", subject, _calendly(each, world.now), TAKEN)
    world.require(
        visible({**before, "calendar": None}) == visible({**world.see(subject), "calendar": None}),
        f"{subject.reference}: a calendar changed more than its own id",
    )


def _invitee(subject: Subject, event: str, uri: str, meeting: str, **more: Any) -> dict[str, Any]:
    start = subject.starts_at
    scheduled = {"uri": meeting, "status": "active", "start_time": _utc(start), "end_time": _utc(start + LASTS)}
    payload = {"uri": uri, "email": subject.prospect["email"], "name": "Guest", "status": "active", "event": meeting}
    linked = {"rescheduled": False, "old_invitee": None, "new_invitee": None, "scheduled_event": scheduled}
    return {"event": event, "created_at": _utc(start - LASTS), "payload": payload | linked | more}


def dial(world: World, subject: Subject) -> None:
    """The buyer's dialer: an attempt to reach the prospect, signed for an address, and once for another one."""
    fields = {
        "CallSid": f"CA{world.step}",
        "CallStatus": "no-answer",
        "To": subject.prospect.get("phone") or "+442079460999",
        "From": "+442079460000",
        "SequenceNumber": "0",
        "Timestamp": world.now.strftime("%a, %d %b %Y %H:%M:%S +0000"),
    }
    elsewhere = _twilio(fields, f"https://elsewhere.example/hooks/{DIALER}")
    world.deliver(DIALER, "forge", subject, elsewhere, UNSIGNED, changes=False)
    world.deliver(DIALER, "dial", subject, _twilio(fields, f"{PUBLIC_URL}/hooks/{DIALER}"), TAKEN)


def swear(world: World, subject: Subject) -> None:
    """The supplier's own system says that all went well: nobody is moved by it, however it is signed."""
    start = subject.starts_at
    people = [
        {"side": side, "joined_at": _utc(start), "left_at": _utc(start + LASTS)} for side in ("prospect", "buyer")
    ]
    data = {"supplier": subject.supplier, "reference": subject.reference, "participants": people}
    payload = {"type": "presence", "data": {**data, "from": _utc(start), "until": _utc(start + LASTS)}}
    body, headers = _standard(payload, f"msg-{world.step}", world.now)
    world.deliver(CRM, "forge", subject, (body + b" ", headers), UNSIGNED, changes=False)
    for _twice in range(2):
        world.deliver(CRM, "swear", subject, (body, headers), TAKEN, changes=False)
