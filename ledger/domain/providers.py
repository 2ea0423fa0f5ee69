"""How the events of Cal.com, Calendly, Zoom, Twilio and Standard Webhooks senders are read.

Owns which events prove something and what: see `ledger.domain.statements`. Cal.com's MEETING_STARTED and
MEETING_ENDED are fired by the clock and prove nothing; whatever else is not named here is kept and ignored.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from ledger.domain.messages import (
    Bare,
    Json,
    Message,
    Statement,
    booking,
    instant,
    iso,
    items,
    json_object,
    link_key,
    mapping,
    moments,
    names_of,
    plain,
    span,
    text,
    texts,
    whole,
    zoom_key,
)
from ledger.domain.signatures import FORM, Delivery, Provider
from ledger.domain.statements import BOOKING, CALL, JOINED, LEFT, LOG, NO_SHOW

ZOOM_VALIDATION: Final = "endpoint.url_validation"
UNREADABLE: Final = "unreadable"
CALL_ENDINGS: Final = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})


def read(provider: Provider, delivery: Delivery) -> Message:
    """The message in a delivery whose signature was right."""
    return _READERS[provider](delivery)


def _bare(delivery: Delivery, name: str) -> Bare:
    body = json_object(delivery.body)
    return Bare(text(body.get(name)) or UNREADABLE, body, delivery.body)


# --- Zoom --------------------------------------------------------------------------------------------------------


def _zoom(delivery: Delivery) -> Message:
    bare = _bare(delivery, "event")
    meeting = mapping(mapping(bare.body.get("payload")).get("object"))
    session, number = text(meeting.get("uuid")), text(meeting.get("id"))
    links = () if number is None else (zoom_key(number),)
    kind = bare.event.removeprefix("meeting.")
    if session is None or kind not in ("started", "ended", "participant_joined", "participant_left"):
        return bare.ignored()
    if kind in ("started", "ended"):
        start = instant(meeting.get("start_time"))
        end = instant(meeting.get("end_time")) if kind == "ended" else None
        told = end if kind == "ended" else start
        if told is None:
            return bare.ignored()
        log = {"what": LOG, "session": session, "from": iso(start), "until": iso(end)}
        return Message(
            bare.event,
            bare.key(session, iso(told)),
            told,
            (start or told, told),
            (Statement(log),),
            links=links,
            session=session,
        )
    return _zoom_participant(bare, meeting, session, links)


def _zoom_participant(bare: Bare, meeting: Json, session: str, links: tuple[str, ...]) -> Message:
    """A stay is known by `user_id`, which Zoom gives anew at every join, to guests too."""
    person = mapping(meeting.get("participant"))
    joined = bare.event.endswith("joined")
    at = instant(person.get("join_time" if joined else "leave_time")) or instant(bare.body.get("event_ts"))
    who = next(iter(texts(person.get("user_id"), person.get("participant_uuid"), person.get("id"))), None)
    if at is None or who is None:
        return bare.ignored()
    email, host = text(person.get("email")), text(meeting.get("host_id"))
    what = JOINED if joined else LEFT
    said = {"what": what, "side": None, "participant": who, "session": session, "at": iso(at)}
    return Message(
        bare.event,
        bare.key(session, who, iso(at)),
        at,
        (at, at),
        (Statement(said, email, host is not None and text(person.get("id")) == host),),
        links=links,
        session=session,
        people=() if email is None else (email,),
    )


# --- Cal.com -----------------------------------------------------------------------------------------------------

_CAL_BOOKINGS: Final = {
    "BOOKING_CREATED": False,
    "BOOKING_RESCHEDULED": False,
    "BOOKING_CANCELLED": True,
    "BOOKING_REJECTED": True,
}


def _cal_com(delivery: Delivery) -> Message:
    """Cal.com sends no id and no signed time: the bytes, which hold `createdAt`, are the event."""
    bare = _bare(delivery, "triggerEvent")
    body = mapping(bare.body.get("payload"))
    sent_at = instant(bare.body.get("createdAt"))
    uid = text(body.get("uid")) or text(body.get("bookingUid"))
    if uid is None:
        return bare.ignored()
    people = items(body.get("attendees"))
    links = (body.get("location"), mapping(body.get("metadata")).get("videoCallUrl"))
    shared: dict[str, Any] = {
        "invited": texts(*(each.get("email") for each in people)),
        "links": _links(*links, mapping(body.get("videoCallData")).get("url")),
        "span": span(body.get("startTime"), body.get("endTime")),
    }
    if bare.event in _CAL_BOOKINGS:
        former = text(body.get("rescheduleUid")) if bare.event == "BOOKING_RESCHEDULED" else None
        told = booking(uid, former, body.get("startTime"), body.get("endTime"), _CAL_BOOKINGS[bare.event])
        said = Statement({"what": BOOKING, **told})
        ids = (former,) if former else (uid,)
        return Message(
            bare.event,
            bare.key(),
            sent_at,
            statements=(said,),
            external_ids=ids,
            successors=(uid,) if former else (),
            booking=True,
            **shared,
        )
    return Message(
        bare.event, bare.key(), sent_at, statements=_cal_no_shows(bare.event, body), external_ids=(uid,), **shared
    )


def _cal_no_shows(event: str, body: Json) -> tuple[Statement, ...]:
    if event == "AFTER_GUESTS_CAL_VIDEO_NO_SHOW":
        return (Statement({"what": NO_SHOW, "absent": "prospect", "undone": False, "by": "session"}),)
    if event == "AFTER_HOSTS_CAL_VIDEO_NO_SHOW":
        missing = text(body.get("hostEmail"))
        # It comes once for every host who is missing; another one who came stood in for him.
        came = [each for each in items(body.get("participants")) if each.get("user_id") or each.get("email")]
        if any(text(each.get("email")) is None or text(each.get("email")) != missing for each in came):
            return ()
        return (Statement({"what": NO_SHOW, "absent": "buyer", "undone": False, "by": "session"}),)
    if event == "BOOKING_NO_SHOW_UPDATED":
        return tuple(
            Statement(
                {"what": NO_SHOW, "absent": "prospect", "undone": each["noShow"] is False, "by": "person"},
                text(each.get("email")),
            )
            for each in items(body.get("attendees"))
            if isinstance(each.get("noShow"), bool)
        )
    return ()


def _links(*values: Any) -> tuple[str, ...]:
    found = (link_key(link) for link in texts(*values) if "/" in link)
    return tuple(dict.fromkeys(key for key in found if key is not None))


# --- Calendly ----------------------------------------------------------------------------------------------------


def _calendly(delivery: Delivery) -> Message:
    bare = _bare(delivery, "event")
    body = mapping(bare.body.get("payload"))
    invitee = text(body.get("invitee")) or text(body.get("uri"))
    sent_at, meeting = text(bare.body.get("created_at")), mapping(body.get("scheduled_event"))
    statements = _calendly_says(bare.event, invitee, body, meeting)
    if invitee is None or not statements:
        return bare.ignored()
    old = text(body.get("old_invitee")) if bare.event == "invitee.created" else None
    new = text(body.get("new_invitee"))
    own = names_of(invitee)
    return Message(
        bare.event,
        bare.key(invitee, sent_at),
        instant(sent_at),
        span(meeting.get("start_time"), meeting.get("end_time")),
        statements,
        external_ids=names_of(old) if old else own,
        successors=(own if old else ()) + names_of(new),
        links=_links(mapping(meeting.get("location")).get("join_url")),
        invited=texts(body.get("email")),
        booking=bare.event in ("invitee.created", "invitee.canceled"),
    )


def _calendly_says(event: str, invitee: str | None, body: Json, meeting: Json) -> tuple[Statement, ...]:
    if invitee is None:
        return ()
    if event in ("invitee.created", "invitee.canceled"):
        called_off = event == "invitee.canceled" and body.get("rescheduled") is not True
        old = text(body.get("old_invitee")) if event == "invitee.created" else None
        told = booking(invitee, old, meeting.get("start_time"), meeting.get("end_time"), called_off)
        return (Statement({"what": BOOKING, **told}),)
    if event in ("invitee_no_show.created", "invitee_no_show.deleted"):
        undone = event.endswith("deleted")
        return (Statement({"what": NO_SHOW, "absent": "prospect", "undone": undone, "by": "person"}),)
    return ()


# --- Twilio ------------------------------------------------------------------------------------------------------


def _twilio(delivery: Delivery) -> Message:
    body: Json = dict(delivery.form()) if delivery.media_type == FORM else json_object(delivery.body)
    leg, status = text(body.get("CallSid")), text(body.get("CallStatus"))
    bare = Bare(f"call.{status}" if leg and status else UNREADABLE, body, delivery.body)
    if leg is None or status is None:
        return bare.ignored()
    key = bare.key(leg, status, text(body.get("SequenceNumber")) or "")
    if status not in CALL_ENDINGS:
        return Message(bare.event, key)
    at = _rfc_2822(text(body.get("Timestamp")))
    seconds = whole(body.get("CallDuration"))
    said = {"what": CALL, "leg": leg, "status": status, "seconds": seconds}
    return Message(
        bare.event,
        key,
        at,
        None if at is None else (at, at),
        (Statement(said),),
        phones=texts(body.get("To"), body.get("From")),
    )


def _rfc_2822(value: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else None


# --- Standard Webhooks -------------------------------------------------------------------------------------------


def _standard(delivery: Delivery) -> Message:
    """A sender's own shape, as the OpenAPI document tells it: `{"type", "timestamp", "data"}`."""
    bare = _bare(delivery, "type")
    data = mapping(bare.body.get("data")) or bare.body
    appointment, external_id = text(data.get("appointment")), text(data.get("external_id"))
    supplier, reference = text(data.get("supplier")), text(data.get("reference"))
    session = text(data.get("session")) or next(iter(texts(appointment, external_id, reference)), "")
    statements = tuple(plain(data, session))
    times = moments(statements)
    booked = bool(statements) and statements[0].said["what"] == BOOKING
    return Message(
        bare.event,
        Bare("webhook-id").key(delivery.headers["webhook-id"]),
        times[0] if times else instant(bare.body.get("timestamp")),
        (times[0], times[-1]) if times else None,
        statements,
        appointment=appointment,
        reference=(supplier, reference) if supplier and reference else None,
        external_ids=_before(statements) or ((external_id,) if external_id else ()),
        successors=(external_id,) if external_id and _before(statements) else (),
        links=_links(data.get("join_url")),
        session=text(data.get("session")),
        people=texts(*(each.email for each in statements if each.said.get("side") in (None, "prospect"))),
        booking=booked,
    )


def _before(statements: tuple[Statement, ...]) -> tuple[str, ...]:
    return texts(*(each.said.get("previous") for each in statements))


_READERS: Final[Mapping[Provider, Callable[[Delivery], Message]]] = {
    Provider.CAL_COM: _cal_com,
    Provider.CALENDLY: _calendly,
    Provider.ZOOM: _zoom,
    Provider.TWILIO: _twilio,
    Provider.STANDARD_WEBHOOKS: _standard,
}
