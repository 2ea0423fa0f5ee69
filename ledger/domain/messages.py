"""What a webhook means: from a provider's payload to what it proves, whom it may concern, and when it was.

Owns `Message` and the careful readers that the providers' modules share: what is not there or not in the right form
is None, never a guess. A payload that cannot be read is a message that says nothing; it is kept all the same.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from ledger.domain.calendar import format_instant, parse_instant
from ledger.domain.lifecycle import Party
from ledger.domain.statements import BOOKING, CALL, JOINED, LEFT, LOG, NO_SHOW

Json = Mapping[str, Any]
Span = tuple[datetime, datetime]

LONGEST: Final = 300
MOST_PARTICIPANTS: Final = 50
SIDES: Final = (Party.PROSPECT.value, Party.BUYER.value, Party.SUPPLIER.value)


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that is said. `email` and `is_host` tell whose it is, where the payload does not name the side."""

    said: Json
    email: str | None = None
    is_host: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One event of a provider. `key` is the same for every repetition of it.

    `span` is when that takes place which it is about; `booking` says that it tells of a booking, which may move.
    `external_ids` are names of the same booking, `successors` those that take its place; `links` where to join;
    `invited` are the e-mail addresses of all who were invited, `people` those of some who are concerned.
    """

    event: str
    key: str
    occurred_at: datetime | None = None
    span: Span | None = None
    statements: tuple[Statement, ...] = ()
    appointment: str | None = None
    reference: tuple[str, str] | None = None
    external_ids: tuple[str, ...] = ()
    successors: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    session: str | None = None
    people: tuple[str, ...] = ()
    invited: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    booking: bool = False

    @property
    def says_something(self) -> bool:
        return bool(self.statements)


@dataclass(frozen=True, slots=True)
class Bare:
    """A payload on its way to a message: its event and the JSON object, `{}` where it is none."""

    event: str
    body: Json = field(default_factory=dict)
    raw: bytes = b""

    def key(self, *parts: Any) -> str:
        """The digest of what makes an event itself; of the bytes where a part is missing."""
        if not parts or any(part is None for part in parts):
            return "sha256:" + hashlib.sha256(self.raw).hexdigest()
        return "event:" + hashlib.sha256("\n".join(map(str, (self.event, *parts))).encode()).hexdigest()

    def ignored(self) -> Message:
        return Message(self.event, self.key())


def json_object(raw: bytes) -> Json:
    """The object in the bytes; empty for everything else."""
    try:
        return mapping(orjson.loads(raw))
    except orjson.JSONDecodeError:
        return {}


def mapping(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Json]:
    return [mapping(each) for each in value] if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """A text of reasonable length, on one line; whole numbers are texts too."""
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST or not value.isprintable():
        return None
    return value.strip()


def texts(*values: Any) -> tuple[str, ...]:
    """Those that are texts, each once."""
    return tuple(dict.fromkeys(found for value in values if (found := text(value)) is not None))


def instant(value: Any) -> datetime | None:
    """RFC 3339, or seconds since 1970 (milliseconds where they are too many for seconds)."""
    try:
        if isinstance(value, str):
            return parse_instant(value)
        if type(value) in (int, float) and 0 < value < 10**14:
            return datetime.fromtimestamp(value / 1000 if value > 10**11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def span(starts_at: Any, ends_at: Any) -> Span | None:
    start, end = instant(starts_at), instant(ends_at)
    if start is None:
        return None
    return (start, end) if end is not None and end > start else (start, start)


def iso(at: datetime | None) -> str | None:
    return None if at is None else format_instant(at)


def link_key(link: str) -> str | None:
    """A join link without what differs from guest to guest; of Zoom the meeting's number alone."""
    try:
        parts = urlsplit(link if "://" in link else f"https://{link}")
    except ValueError:
        return None
    host, path = (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/")
    if not host or not path:
        return None
    numbers = [part for part in path.split("/") if part.isdigit() and part.isascii() and len(part) >= 9]
    if numbers and (host == "zoom.us" or host.endswith((".zoom.us", ".zoom.com"))):
        return zoom_key(numbers[0])
    return f"{host}{path}"


def zoom_key(number: str) -> str:
    return f"zoom:{number}"


def names_of(uri: str | None) -> tuple[str, ...]:
    """An address and its last parts: people copy one or the other."""
    if uri is None:
        return ()
    parts = [part for part in uri.split("/") if part]
    last = [parts[-1]] if "://" in uri and parts else []
    event = [parts[-3], "/".join(uri.split("/")[:-2])] if len(parts) > 4 and parts[-2] == "invitees" else []
    return texts(uri, *last, *event)


def presence(body: Json, session: str) -> list[Statement]:
    """Our own shape: `participants` with their joins and leaves, and `from`, `until` of the log."""
    found: list[Statement] = []
    for number, each in enumerate(items(body.get("participants"))[:MOST_PARTICIPANTS]):
        side = each.get("side") if each.get("side") in SIDES else None
        email = text(each.get("email"))
        who = text(each.get("participant")) or email or f"{side or 'participant'}-{number}"
        for what, name in ((JOINED, "joined_at"), (LEFT, "left_at")):
            at = iso(instant(each.get(name)))
            if at is not None:
                said = {"what": what, "side": side, "participant": who, "session": session, "at": at}
                found.append(Statement(said, email))
    since, until = iso(instant(body.get("from"))), iso(instant(body.get("until")))
    if since or until:
        found.append(Statement({"what": LOG, "session": session, "from": since, "until": until}))
    return found


def plain(body: Json, session: str) -> list[Statement]:
    """What a body in one of the shapes of `ledger.domain.statements`, or in that of `presence`, says; else nothing."""
    if "participants" in body:
        return presence(body, session)
    session = text(body.get("session")) or session
    said = _PLAIN.get(str(body.get("what")), _nothing)(body, session)
    return [] if said is None else [Statement({"what": body["what"], **said}, text(body.get("email")))]


def _nothing(_body: Json, _session: str) -> Json | None:
    return None


def _came_or_went(body: Json, session: str) -> Json | None:
    side = body.get("side")
    at = iso(instant(body.get("at")))
    who = text(body.get("participant")) or (side if side in SIDES else None)
    if at is None or who is None:
        return None
    return {"side": side if side in SIDES else None, "participant": who, "session": session, "at": at}


def _log(body: Json, session: str) -> Json | None:
    since, until = iso(instant(body.get("from"))), iso(instant(body.get("until")))
    return {"session": session, "from": since, "until": until} if since or until else None


def _no_show(body: Json, _session: str) -> Json | None:
    if body.get("absent") not in (Party.PROSPECT.value, Party.BUYER.value):
        return None
    by = "session" if body.get("by") == "session" else "person"
    return {"absent": body["absent"], "undone": body.get("undone") is True, "by": by}


def _call(body: Json, _session: str) -> Json | None:
    status, leg = text(body.get("status")), text(body.get("leg"))
    return None if status is None else {"leg": leg, "status": status, "seconds": whole(body.get("seconds"))}


def _booking(body: Json, _session: str) -> Json | None:
    external_id = text(body.get("external_id"))
    if external_id is None:
        return None
    return booking(
        external_id, text(body.get("previous")), body.get("starts_at"), body.get("ends_at"), body.get("cancelled")
    )


def booking(external_id: str, previous: str | None, starts_at: Any, ends_at: Any, cancelled: Any) -> dict[str, Any]:
    return {
        "external_id": external_id,
        "previous": previous,
        "starts_at": iso(instant(starts_at)),
        "ends_at": iso(instant(ends_at)),
        "cancelled": cancelled is True,
    }


def whole(value: Any) -> int | None:
    """A number of seconds, sent as a number or as digits."""
    digits = text(value)
    return int(digits) if digits is not None and digits.isdigit() and digits.isascii() and len(digits) < 10 else None


def moments(statements: Iterable[Statement]) -> list[datetime]:
    """Every instant that the statements name."""
    named = (each.said.get(name) for each in statements for name in ("at", "from", "until", "starts_at", "ends_at"))
    return sorted(at for value in named if (at := instant(value)) is not None)


_PLAIN: Final = {
    JOINED: _came_or_went,
    LEFT: _came_or_went,
    LOG: _log,
    NO_SHOW: _no_show,
    CALL: _call,
    BOOKING: _booking,
}
