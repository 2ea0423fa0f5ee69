"""The outbox at work: who sends which delivery next, and what came of it.

Owns the claim (a lease on a few deliveries of every endpoint that is not busy, so that a slow one keeps nobody else
waiting) and the record of each attempt, with its consequences for the delivery and the endpoint. A worker that dies
leaves its deliveries to the next when the lease ends; what was sent and not recorded is sent again under the same id.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, Select, case, exists, func, insert, or_, select, update

from ledger.domain import announcing, sealing
from ledger.domain.retrying import GIVES_UP_AFTER, next_attempt, pause
from ledger.services.announced import alive, delivery, endpoint
from ledger.services.endpoints import PURPOSE
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from ledger.store.webhooks import DELIVERED, FAILED, FAILING, GONE, PENDING

LEASE: Final = timedelta(minutes=2)
"""Longer than any attempt lasts."""
MOST_AT_ONCE: Final = 8
"""Deliveries of one endpoint that one worker has under way; of one that fails, a single one."""
LONGEST_ASKED_PAUSE: Final = timedelta(hours=1)
HTTP_GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery to be sent now; `attempt` counts from 1. Secrets are sealed."""

    delivery_id: UUID
    endpoint_id: UUID
    organisation_id: UUID
    url: str
    sealed: tuple[str, ...]
    event_id: UUID
    body: str
    attempt: int
    expires_at: datetime

    def secrets(self, key: str) -> list[str]:
        """The secrets that sign it. Raises `Unavailable` where `key` is another one than they were sealed under."""
        return [sealing.unseal(key, PURPOSE, each) for each in self.sealed]

    @property
    def message_id(self) -> str:
        return announcing.message_id(self.event_id)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to: the receiver's status, or an `error` where it gave none. `wait` is what it asked for."""

    began_at: datetime
    milliseconds: int
    status: int | None = None
    error: str | None = None
    response: str | None = None
    wait: timedelta | None = None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def claim(engine: Engine, now: datetime, lanes: int, busy: Collection[UUID] = ()) -> list[Parcel]:
    """Takes deliveries that are due, of up to `lanes` endpoints that are not `busy`, in a fair order."""
    if lanes <= 0:
        return []
    with reading(engine) as connection:
        if connection.execute(_ready(now, busy).limit(1)).first() is None:
            return []
    with writing(engine) as connection:
        ready = connection.execute(_ready(now, busy).order_by(func.random()).limit(lanes)).mappings().all()
        return [parcel for row in ready for parcel in _take(connection, row, now)]


def _ready(now: datetime, busy: Collection[UUID]) -> Select[Any]:
    waiting = exists().where(delivery.endpoint_id == endpoint.id, delivery.state == PENDING, delivery.due_at <= now)
    rested = or_(endpoint.paused_until.is_(None), endpoint.paused_until <= now)
    return select(t.webhook_endpoint).where(alive(), rested, waiting, endpoint.id.not_in(busy))


def _take(connection: Connection, row: Any, now: datetime) -> list[Parcel]:
    query = (
        select(delivery.id)
        .where(delivery.endpoint_id == row["id"], delivery.state == PENDING, delivery.due_at <= now)
        .order_by(delivery.due_at, delivery.id)
        .limit(1 if row["failures"] else MOST_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    ids = list(connection.execute(query).scalars())
    taken = (
        update(t.outgoing_delivery)
        .where(delivery.id.in_(ids))
        .values(due_at=now + LEASE, attempts=delivery.attempts + 1)
        .returning(t.outgoing_delivery)
    )
    sealed = [row["secret"]]
    if row["former_secret"] is not None and now < row["former_until"]:
        sealed.append(row["former_secret"])
    return [
        Parcel(
            each.id,
            row["id"],
            each.organisation_id,
            row["url"],
            tuple(sealed),
            each.event_id,
            each.body,
            each.attempts,
            each.expires_at,
        )
        for each in (connection.execute(taken).all() if ids else ())
    ]


def record(engine: Engine, parcel: Parcel, outcome: Outcome, now: datetime, jitter: float) -> None:
    """Writes an attempt down, and what follows of it. One whose lease another worker has taken changes nothing else."""
    with writing(engine) as connection:
        connection.execute(
            insert(t.delivery_attempt).values(
                delivery_id=parcel.delivery_id,
                number=parcel.attempt,
                organisation_id=parcel.organisation_id,
                began_at=outcome.began_at,
                milliseconds=outcome.milliseconds,
                status=outcome.status,
                error=outcome.error,
                response=outcome.response,
            )
        )
        mine = (delivery.id == parcel.delivery_id) & (delivery.attempts == parcel.attempt)
        values = _values(parcel, outcome, now, jitter)
        connection.execute(update(t.outgoing_delivery).where(mine, delivery.state == PENDING).values(values))
        if outcome.succeeded:
            _recovered(connection, parcel.endpoint_id)
        else:
            _failed(connection, parcel.endpoint_id, outcome, now, jitter)


def _values(parcel: Parcel, outcome: Outcome, now: datetime, jitter: float) -> dict[str, Any]:
    if outcome.succeeded:
        return {"state": DELIVERED, "status": outcome.status, "finished_at": now}
    again = None
    if outcome.status != HTTP_GONE:
        again = next_attempt(parcel.attempt, now, parcel.expires_at, jitter)
    if again is None:
        return {"state": FAILED, "status": outcome.status, "finished_at": now}
    return {"status": outcome.status, "due_at": again}


def _recovered(connection: Connection, endpoint_id: UUID) -> None:
    well = {"failures": 0, "failing_since": None, "paused_until": None}
    was_failing = (endpoint.id == endpoint_id) & (endpoint.failures > 0)
    connection.execute(update(t.webhook_endpoint).where(was_failing).values(well))


def _failed(connection: Connection, endpoint_id: UUID, outcome: Outcome, now: datetime, jitter: float) -> None:
    """The endpoint rests for a while; it is disabled where it said that it is gone, or has failed for too long."""
    this = t.webhook_endpoint.c.id == endpoint_id
    found = connection.execute(select(endpoint.failures, endpoint.failing_since).where(this).with_for_update()).one()
    rest = max(pause(found.failures + 1, jitter), min(outcome.wait or timedelta(0), LONGEST_ASKED_PAUSE))
    failing_since = found.failing_since or now
    values = {"failures": found.failures + 1, "failing_since": failing_since, "paused_until": now + rest}
    connection.execute(update(t.webhook_endpoint).where(this).values(values))
    because = GONE if outcome.status == HTTP_GONE else FAILING if now - failing_since >= GIVES_UP_AFTER else None
    if because is not None:
        ended = {"disabled_at": now, "disabled_because": because}
        connection.execute(update(t.webhook_endpoint).where(this, endpoint.disabled_at.is_(None)).values(ended))


def counts(connection: Connection) -> dict[str, int]:
    """How many deliveries wait, and how many endpoints are alive or disabled: for whoever watches over it."""
    waiting = select(func.count()).select_from(t.outgoing_delivery).where(delivery.state == PENDING)
    disabled = func.sum(case((endpoint.disabled_at.is_not(None), 1), else_=0))
    query = select(func.count(), disabled).select_from(t.webhook_endpoint).where(endpoint.deleted_at.is_(None))
    every, ended = connection.execute(query).one()
    return {"waiting": connection.execute(waiting).scalar_one(), "alive": every - (ended or 0), "disabled": ended or 0}
