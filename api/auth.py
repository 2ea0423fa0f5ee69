"""Who asks: from the `Authorization` header to a principal, and whether the role may.

Owns the form of the header and the count of wrong keys per address. Refuses a missing, malformed, unknown, expired
or revoked key alike (401) and a role that the operation does not name (403). Nothing is cached: the key's row is
read each time.
"""

import re
import threading
from collections.abc import Collection
from datetime import datetime
from typing import Final

from flask import Request

from api.refusals import TooMany
from ledger.domain.errors import NotAllowed, Refusal, Unauthenticated
from ledger.services.access import (
    ADMIN,
    ARBITER,
    BUYER,
    FINANCE,
    OPERATOR,
    PARTIES,
    ROLES,
    SUPPLIER,
    Principal,
    authenticate,
    visible,
)

__all__ = [
    "ADMIN",
    "ARBITER",
    "BUYER",
    "FINANCE",
    "OPERATOR",
    "PARTIES",
    "ROLES",
    "SUPPLIER",
    "FailedKeys",
    "Principal",
    "authenticate",
    "require",
    "secret_of",
    "visible",
]

_BEARER: Final = re.compile(r"[Bb]earer +(al_(?:test_)?[0-9a-f]{10}_[A-Za-z0-9_-]{43})")
_WINDOW_SECONDS: Final = 60


def secret_of(request: Request) -> str | None:
    """The key in the header, where there is something in the form of one."""
    found = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    return found.group(1) if found else None


def require(principal: Principal, roles: Collection[str]) -> None:
    """Raises `NotAllowed` unless the principal holds one of the roles."""
    if principal.roles.isdisjoint(roles):
        raise NotAllowed(f"this needs the role {' or '.join(role for role in ROLES if role in roles)}")


class FailedKeys:
    """Counts wrong keys per address and minute in this process, so that guessing earns a 429."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._lock = threading.Lock()
        self._minute = 0
        self._failures: dict[str, int] = {}

    def refusal(self, address: str, at: datetime) -> Refusal:
        """The answer to one more wrong key. 0 per minute is no limit."""
        if not self._per_minute:
            return Unauthenticated()
        minute, second = divmod(int(at.timestamp()), _WINDOW_SECONDS)
        with self._lock:
            if minute != self._minute:
                self._minute, self._failures = minute, {}
            failures = self._failures[address] = self._failures.get(address, 0) + 1
        if failures <= self._per_minute:
            return Unauthenticated()
        return TooMany(_WINDOW_SECONDS - second, "too many wrong keys from this address; try again later")
