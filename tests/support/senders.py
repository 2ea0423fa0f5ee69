"""Providers as tests play them: payloads as their documentation shows them, signed as they sign them.

Written from the providers' descriptions and not from the product, so that both must agree with a third.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

ROOM, MEETING = "4444AAAiAAAAAiAiAiiAii==", "85712345678"
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRET = "a-webhook-secret"
Sent = tuple[bytes, dict[str, str]]


def compact(payload: Any) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def stamp(at: datetime) -> str:
    return str(int(at.timestamp()))


def utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _hex(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def from_zoom(body: bytes, at: datetime, secret: str = SECRET) -> Sent:
    signature = "v0=" + _hex(secret, b"v0:" + stamp(at).encode() + b":" + body)
    return body, {"x-zm-signature": signature, "x-zm-request-timestamp": stamp(at), "content-type": "application/json"}


def from_calendly(body: bytes, at: datetime, secret: str = SECRET) -> Sent:
    signature = _hex(secret, stamp(at).encode() + b"." + body)
    return body, {
        "calendly-webhook-signature": f"t={stamp(at)},v1={signature}",
        "content-type": "application/json",
    }


def from_cal_com(body: bytes, secret: str = SECRET) -> Sent:
    return body, {"x-cal-signature-256": _hex(secret, body), "content-type": "application/json"}


def from_twilio(fields: dict[str, str], url: str, secret: str = SECRET) -> Sent:
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    signature = base64.b64encode(hmac.new(secret.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    return urlencode(fields).encode(), {
        "x-twilio-signature": signature,
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
    }


def from_standard(body: bytes, at: datetime, identity: str = "msg_1", secret: str = STANDARD_SECRET) -> Sent:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = hmac.new(key, f"{identity}.{stamp(at)}.".encode() + body, hashlib.sha256).digest()
    return body, {
        "webhook-id": identity,
        "webhook-timestamp": stamp(at),
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
        "content-type": "application/json",
    }


def zoom_person(what: str, at: datetime, user: str, email: str = "", *, host: bool = False, room: str = ROOM) -> bytes:
    """`meeting.participant_joined` or `_left`."""
    person: dict[str, Any] = {
        "user_id": user,
        "user_name": "Guest",
        "id": "x1yCzABCDEfg23HiJKl4mN" if host else "",
        "participant_uuid": f"55555AAAiAAAAAiAiAiiAi{user}",
        "email": email,
        "join_time" if what == "joined" else "leave_time": utc(at),
    }
    if what == "left":
        person["leave_reason"] = "left the meeting. Reason: left by themselves."
    return compact(
        {
            "event": f"meeting.participant_{what}",
            "event_ts": int(at.timestamp() * 1000) + 731,
            "payload": {
                "account_id": "AAAAAABBBB",
                "object": {**_zoom_meeting(at, room), "participant": person},
            },
        }
    )


def zoom_meeting(what: str, start: datetime, end: datetime | None = None, *, room: str = ROOM) -> bytes:
    """`meeting.started` or `meeting.ended`."""
    meeting = _zoom_meeting(start, room)
    if end is not None:
        meeting["end_time"] = utc(end)
    event_ts = int((end or start).timestamp() * 1000)
    payload = {"account_id": "AAAAAABBBB", "object": meeting}
    return compact({"event": f"meeting.{what}", "event_ts": event_ts, "payload": payload})


def _zoom_meeting(start: datetime, room: str) -> dict[str, Any]:
    return {
        "uuid": room,
        "id": MEETING,
        "host_id": "x1yCzABCDEfg23HiJKl4mN",
        "topic": "Finance review",
        "type": 2,
        "start_time": utc(start),
        "timezone": "Europe/London",
        "duration": 30,
    }


def zoom_validation(token: str) -> bytes:
    return compact({"payload": {"plainToken": token}, "event_ts": 1654503849680, "event": "endpoint.url_validation"})


def cal_booking(event: str, uid: str, start: datetime, email: str, **more: Any) -> bytes:
    end = start + timedelta(minutes=30)
    return compact(
        {
            "triggerEvent": event,
            "createdAt": utc(start - timedelta(days=2)),
            "payload": {
                "bookerUrl": "https://app.cal.example",
                "type": "30min",
                "title": "30min between Rep and Guest",
                "startTime": utc(start),
                "endTime": utc(end),
                "organizer": {"id": 5, "name": "Rep", "email": "rep@north-bank.example", "timeZone": "Europe/London"},
                "attendees": [{"email": email, "name": "Guest", "timeZone": "Europe/London", "utcOffset": 0}],
                "uid": uid,
                "bookingId": 91,
                "location": "integrations:daily",
                "metadata": {"videoCallUrl": f"https://app.cal.example/video/{uid}"},
                "status": "ACCEPTED",
                **more,
            },
        }
    )


def cal_no_show(event: str, uid: str, start: datetime, **more: Any) -> bytes:
    return compact(
        {
            "triggerEvent": event,
            "createdAt": utc(start + timedelta(minutes=10)),
            "payload": {
                "title": "30min between Rep and Guest",
                "bookingId": 91,
                "bookingUid": uid,
                "startTime": utc(start),
                "endTime": utc(start + timedelta(minutes=30)),
                **more,
            },
        }
    )


EVENT = "https://api.calendly.com/scheduled_events/GBGBDCAADAEDCRZ2"


def calendly_invitee(event: str, invitee: str, start: datetime, email: str, **more: Any) -> bytes:
    return compact(
        {
            "event": event,
            "created_at": utc(start - timedelta(days=2)),
            "created_by": "https://api.calendly.com/users/AAAAAAAAAAAAAAAA",
            "payload": {
                "uri": f"{EVENT}/invitees/{invitee}",
                "email": email,
                "name": "Guest",
                "status": "active",
                "rescheduled": False,
                "old_invitee": None,
                "new_invitee": None,
                "event": EVENT,
                "scheduled_event": {
                    "uri": EVENT,
                    "name": "Finance review",
                    "status": "active",
                    "start_time": utc(start),
                    "end_time": utc(start + timedelta(minutes=30)),
                    "location": {"type": "zoom", "join_url": f"https://us02web.zoom.us/j/{MEETING}?pwd=abc"},
                },
                **more,
            },
        }
    )


def twilio_call(status: str, to: str, at: datetime, **more: str) -> dict[str, str]:
    return {
        "CallSid": "CA1234567890ABCDE1234567890abcdef",
        "AccountSid": "AC00000000000000000000000000000000",
        "From": "+442079460000",
        "To": to,
        "CallStatus": status,
        "Direction": "outbound-api",
        "SequenceNumber": "2",
        "Timestamp": at.strftime("%a, %d %b %Y %H:%M:%S +0000"),
        **more,
    }
