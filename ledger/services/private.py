"""What is personal and has to last: written texts and evidence, sealed under a key of each prospect.

The key stands beside the prospect (`salt`) and nowhere else; once it is gone, what was sealed under it is gone, and
the immutable rows that hold it stay as they are: the chain and every hash still verify. Owns which texts are sealed
and the way back. Nobody has to be asked for a text that nobody wrote.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from ledger.domain.lifecycle import Event, EventKind
from ledger.domain.sealing import NONCE_BYTES, seal, seal_bytes, unseal, unseal_bytes
from ledger.store import tables as t

ERASED: Final = "(erased)"
"""What stands where somebody wrote something that was erased."""
WRITTEN: Final[Mapping[EventKind, tuple[str, ...]]] = {
    EventKind.RESCHEDULED: ("reason",),
    EventKind.REBOOKED: ("reason",),
    EventKind.CANCELLED: ("reason",),
    EventKind.FOUND: ("note", "notes"),
    EventKind.DISPUTE_DECIDED: ("reason",),
    EventKind.CREDITED: ("reason",),
}
"""What people write into an event in their own words."""
_MARK: Final = "sealed:"
_TEXT, _CONTENT, _NAME = "text", "content", "name"

_KEYS: Final = select(t.prospect.c.appointment_id, t.prospect.c.salt).where(
    t.prospect.c.appointment_id.in_(bindparam("ids", expanding=True))
)


def keys_of(connection: Connection, appointment_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The keys of these appointments' prospects; an erased one has none."""
    rows = connection.execute(_KEYS, {"ids": list(appointment_ids)})
    return {row.appointment_id: row.salt for row in rows if row.salt}


def key_of(connection: Connection, appointment_id: UUID) -> str | None:
    return keys_of(connection, (appointment_id,)).get(appointment_id)


def forgotten_key() -> str:
    """For what concerns somebody who was erased: nobody will read it again."""
    return secrets.token_hex(16)


def writes(event: Event) -> bool:
    """Whether the event holds somebody's own words."""
    return any(event.payload.get(name) for name in WRITTEN.get(event.kind, ()))


def sealed_event(key: str, event: Event) -> Event:
    """The event with its words sealed."""
    payload = dict(event.payload)
    for name in WRITTEN[event.kind]:
        if payload.get(name):
            payload[name] = _sealed(key, payload[name])
    return event._replace(payload=payload)


def _sealed(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sealed(key, each) for name, each in value.items()}
    return sealed_text(key, value)


def opened_payload(key: str | None, kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """A stored payload as its readers see it."""
    words = WRITTEN.get(EventKind(kind), ())
    return {name: _opened(key, value) if name in words else value for name, value in payload.items()}


def _opened(key: str | None, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _opened(key, each) for name, each in value.items()}
    return opened_text(key, value)


def sealed_text(key: str, text: str) -> str:
    return _MARK + seal(key, _TEXT, text, secrets.token_bytes(NONCE_BYTES))


def opened_text(key: str | None, text: str | None) -> str | None:
    """The words again; `ERASED` where their key is gone. What was never sealed is as it is."""
    if text is None or not text.startswith(_MARK):
        return text
    return ERASED if key is None else unseal(key, _TEXT, text.removeprefix(_MARK))


def sealed_content(key: str, content: bytes) -> bytes:
    return seal_bytes(key, _CONTENT, content, secrets.token_bytes(NONCE_BYTES))


def opened_content(key: str | None, content: bytes) -> bytes | None:
    """The bytes as they came; None where their key is gone."""
    return None if key is None else unseal_bytes(key, _CONTENT, content)


def participant(key: str, said: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A statement that names its participant by a digest: the same for the same one, and nobody's name."""
    if said is None or said.get("participant") is None:
        return said
    digest = hmac.digest(key.encode(), str(said["participant"]).encode(), hashlib.sha256).hex()
    return {**said, "participant": digest[:16]}
