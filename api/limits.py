"""How often a key and an organisation may ask: so many requests a minute, whichever process they reach.

A process takes requests from the shared window in portions, by one UPSERT each, and spends them from memory, so that
most requests cost a few microseconds. What processes have taken never exceeds the limit; what one has taken and not
spent is lost when the minute is over. Refuses (429) what is above, and says in the headers of the IETF's draft what is
left.
"""

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from flask import Response
from sqlalchemy import Engine, case
from sqlalchemy.dialects import postgresql, sqlite

from api.auth import Principal
from api.refusals import TooMany
from ledger.store import tables as t
from ledger.store.engine import writing

WINDOW_SECONDS: Final = 60
PORTIONS: Final = 20
"""How many portions a limit has: more of them waste less and ask the database more often."""


@dataclass(slots=True)
class Lease:
    """What this process may still spend of a window; `others` is what the whole window had left when last asked."""

    window: int
    left: int = 0
    others: int = 0
    asked: bool = False
    over: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class Standing:
    """One limit as a request met it."""

    name: str
    limit: int
    remaining: int
    resets_in: int


@dataclass
class Limits:
    """The limits of one application; 0 is no limit. A single process needs no database to count: not `shared`."""

    per_key: int
    per_organisation: int
    shared: bool = True
    _leases: dict[str, Lease] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, engine: Engine, principal: Principal, at: datetime) -> list[Standing]:
        """Counts one request. The standings end with the limit that is used up, if one is."""
        window, second = divmod(int(at.timestamp()), WINDOW_SECONDS)
        found = []
        for name, whose, limit in (
            ("key", principal.key_id, self.per_key),
            ("organisation", principal.organisation_id, self.per_organisation),
        ):
            if limit and whose is not None:
                remaining = self._spend(engine, f"{name}:{whose}", limit, window)
                found.append(Standing(name, limit, remaining, WINDOW_SECONDS - second))
                if remaining < 0:
                    break
        return found

    def _spend(self, engine: Engine, subject: str, limit: int, window: int) -> int:
        """Spends one and returns how many are left to all processes; below zero, nothing was spent."""
        with self._lock:
            lease = self._leases.get(subject)
            if lease is None or lease.window != window:
                self._forget(window)
                lease = self._leases[subject] = Lease(window)
        with lease.lock:
            if lease.left == 0 and not lease.over:
                self._renew(engine, subject, limit, lease)
            if lease.left == 0:
                return -1
            lease.left -= 1
            return lease.left + lease.others

    def _renew(self, engine: Engine, subject: str, limit: int, lease: Lease) -> None:
        if not self.shared:
            lease.left, lease.asked, lease.over = (0 if lease.asked else limit), True, lease.asked
            return
        portion = max(1, limit // PORTIONS)
        taken = _take(engine, subject, lease.window, portion)
        lease.left = max(0, min(portion, limit - taken + portion))
        lease.others = max(0, limit - taken)
        lease.over = lease.left == 0

    def _forget(self, window: int) -> None:
        self._leases = {subject: lease for subject, lease in self._leases.items() if lease.window >= window}


def _take(engine: Engine, subject: str, window: int, portion: int) -> int:
    """Takes a portion of the window and returns what is taken of it now. An older window's row begins anew."""
    dialect = sqlite if engine.dialect.name == "sqlite" else postgresql
    new = dialect.insert(t.rate_window).values(subject=subject, window=window, taken=portion)
    row, fresh = t.rate_window.c, new.excluded
    same = row.window >= fresh.window
    statement = new.on_conflict_do_update(
        index_elements=["subject"],
        set_={
            "taken": case((same, row.taken + fresh.taken), else_=fresh.taken),
            "window": case((same, row.window), else_=fresh.window),
        },
    ).returning(row.taken)
    with writing(engine) as connection:
        return int(connection.execute(statement).scalar_one())


def check(standings: list[Standing]) -> None:
    """Raises `TooMany` where the last standing is used up."""
    if standings and standings[-1].remaining < 0:
        worst = standings[-1]
        detail = f"this {worst.name} may ask {worst.limit} times in {WINDOW_SECONDS} seconds; try again later"
        raise TooMany(worst.resets_in, detail)


def describe(response: Response, standings: list[Standing]) -> None:
    """`RateLimit` and `RateLimit-Policy` as structured fields: quota and window, what remains and for how long."""
    if standings:
        policies = (f'"{each.name}";q={each.limit};w={WINDOW_SECONDS}' for each in standings)
        remains = (f'"{each.name}";r={max(0, each.remaining)};t={each.resets_in}' for each in standings)
        response.headers["RateLimit-Policy"] = ", ".join(policies)
        response.headers["RateLimit"] = ", ".join(remains)
