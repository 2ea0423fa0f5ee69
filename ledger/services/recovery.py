"""Recovery codes: each stands in for the second factor once, where the device that shows the codes is lost.

Owns their form and their life. Random enough that their SHA-256 hides them; shown once, used once, replaced together.
"""

import base64
import hashlib
import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, update

from ledger.store import tables as t

HOW_MANY: Final = 10
RANDOM_BYTES: Final = 10
"""Eighty bits: sixteen characters that people can type, in four groups."""

kept = t.recovery_code.c


def renew(connection: Connection, user_id: UUID, now: datetime) -> list[str]:
    """New codes, to be shown this once; the former ones count no more."""
    codes = [_made() for _ in range(HOW_MANY)]
    forget(connection, user_id)
    rows = [{"user_id": user_id, "digest": _digest(code), "made_at": now, "used_at": None} for code in codes]
    connection.execute(insert(t.recovery_code), rows)
    return codes


def spend(connection: Connection, user_id: UUID, code: str, now: datetime) -> bool:
    """Uses a code up; False where it is none of theirs, or was used before."""
    unused = (kept.user_id == user_id) & (kept.digest == _digest(code)) & kept.used_at.is_(None)
    return connection.execute(update(t.recovery_code).where(unused).values(used_at=now)).rowcount == 1


def left(connection: Connection, user_id: UUID) -> int:
    """How many can still be used."""
    query = select(func.count()).select_from(t.recovery_code).where(kept.user_id == user_id, kept.used_at.is_(None))
    return int(connection.execute(query).scalar_one())


def forget(connection: Connection, user_id: UUID) -> None:
    """None counts any more."""
    connection.execute(delete(t.recovery_code).where(kept.user_id == user_id))


def _made() -> str:
    text = base64.b32encode(secrets.token_bytes(RANDOM_BYTES)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _digest(code: str) -> str:
    """As people type it: with or without the dashes, in either case."""
    return hashlib.sha256("".join(code.replace("-", "").split()).lower().encode()).hexdigest()
