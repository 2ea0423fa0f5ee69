"""The same command twice is one command: answers kept under the caller's `Idempotency-Key`.

A claim is made in the transaction of the effect and filled with the answer before it commits, so that there is
never an effect without its answer. On PostgreSQL the second of two claims waits at the primary key for the first;
on SQLite writers queue anyway. The key itself is kept as a digest, and answers that hold a secret are kept under a
pad that only the key's owner can bring. Kept answers never expire. Refuses the same key with another body.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
from flask import Request, Response
from sqlalchemy import BindParameter, Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from api.uploads import Upload
from ledger.domain.errors import Conflict, Malformed, Refused
from ledger.store import tables as t
from ledger.store.prepared import Prepared

HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_SEALED: Final = "sealed:"
_TEXT: Final = "text:"


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer as it goes out. `confidential` ones hold a secret that is shown once."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    confidential: bool = False

    def response(self) -> Response:
        return Response(self.body, self.status, dict(self.headers))


def key_of(request: Request, part: int | None = None) -> str | None:
    """The caller's key, also of a first part, or that of a later one, which nobody can send.

    Raises `Malformed` for one that is empty, too long or not printable ASCII.
    """
    given = request.headers.get(HEADER)
    if given is None:
        return None
    if not _KEY.fullmatch(given):
        raise Malformed((), f"{HEADER} needs 1 to 255 printable ASCII characters", code="malformed_idempotency_key")
    return f"{given}\n{part}" if part else given


def fingerprint(request: Request, body: Any, secret: str) -> str:
    """What makes two requests the same: method, path, query and the JSON value, however it is written.

    Keyed, for a body may hold what is easily guessed, such as a password.
    """
    head = f"{request.method} {request.path}?{request.query_string.decode('latin-1')}\n".encode()
    canonical = orjson.dumps(body, _told_apart, orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS)
    return hmac.digest(secret.encode(), head + canonical, "sha256").hex()


def _told_apart(value: Any) -> list[str]:
    if isinstance(value, Upload):
        return value.fingerprint()
    if isinstance(value, bytes):
        return [hashlib.sha256(value).hexdigest()]
    raise TypeError(f"{type(value).__name__} is no part of a body")


_VALUES: Final[dict[str, BindParameter[Any]]] = {column.name: bindparam(column.name) for column in t.idempotency_key.c}
_CLAIM = {
    dialect.__name__.rpartition(".")[2]: Prepared(
        dialect.insert(t.idempotency_key).values(_VALUES).on_conflict_do_nothing().returning(t.idempotency_key.c.status)
    )
    for dialect in (postgresql, sqlite)
}
_THIS = (t.idempotency_key.c.principal == bindparam("owner")) & (t.idempotency_key.c.key == bindparam("digest"))
_KEPT = select(t.idempotency_key).where(_THIS)
_FILL = Prepared(
    update(t.idempotency_key)
    .where(_THIS)
    .values({name: bindparam(f"new_{name}") for name in ("status", "headers", "body")})
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One key of one account for one request. `secret` is the installation's."""

    account: str
    key: str
    request_hash: str
    secret: str

    def take(self, connection: Connection, now: datetime) -> Rendered | None:
        """Claims the key; or the answer that it has already. Raises `Refused` where it was another request's."""
        row = {
            "principal": self.account,
            "key": self._digest,
            "request_hash": self.request_hash,
            "status": 0,
            "headers": {},
            "body": "",
            "created_at": now,
        }
        claimed = _CLAIM[connection.dialect.name].first(connection, row)
        return self._kept(connection) if claimed is None else None

    def fill(self, connection: Connection, answer: Rendered) -> None:
        """Keeps the answer under the claimed key."""
        _FILL.all(
            connection,
            {
                "owner": self.account,
                "digest": self._digest,
                "new_status": answer.status,
                "new_headers": dict(answer.headers),
                "new_body": self._sealed(answer.body) if answer.confidential else _TEXT + answer.body.decode(),
            },
        )

    def _kept(self, connection: Connection) -> Rendered:
        row = connection.execute(_KEPT, {"owner": self.account, "digest": self._digest}).one()
        if row.request_hash != self.request_hash:
            raise Refused.by(HEADER, "idempotency_key_reused", "this key was used for another request before")
        return Rendered(row.status, self._opened(row.body), row.headers)

    @property
    def _digest(self) -> str:
        return hashlib.sha256(self.key.encode()).hexdigest()

    def _sealed(self, body: bytes) -> str:
        pad = self._pad(len(body) + 32)
        mark = hmac.digest(pad[-32:], body, "sha256")
        return _SEALED + (mark + _xor(body, pad)).hex()

    def _opened(self, kept: str) -> bytes:
        if kept.startswith(_TEXT):
            return kept.removeprefix(_TEXT).encode()
        sealed = bytes.fromhex(kept.removeprefix(_SEALED))
        mark, hidden = sealed[:32], sealed[32:]
        pad = self._pad(len(hidden) + 32)
        body = _xor(hidden, pad)
        if not hmac.compare_digest(mark, hmac.digest(pad[-32:], body, "sha256")):
            raise Conflict(
                "it was done, but its answer held a secret that can no longer be told", code="answer_not_readable"
            )
        return body

    def _pad(self, length: int) -> bytes:
        """As many bytes as the answer, never used for another one: the row of (account, key) is written once."""
        seed = f"idempotency\n{self.secret}\n{self.account}\n{self.key}\n{self.request_hash}"
        return hashlib.shake_256(seed.encode()).digest(length)


def _xor(data: bytes, pad: bytes) -> bytes:
    size = len(data)
    return (int.from_bytes(data) ^ int.from_bytes(pad[:size])).to_bytes(size)
