"""Where organisations want to be told: the life of a webhook endpoint and of its secret.

Owns making, changing, rotating, disabling, enabling and removing. A secret is made here, shown once and kept sealed; a
new one leaves the former alive for a while. Refuses URLs that lead into a network of ours, and more endpoints than
anybody needs.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, delete, func, insert, select, true, update

from ledger.domain import announcing, sealing
from ledger.domain.addresses import parsed_url
from ledger.domain.errors import IllegalMove, Refused, Unknown, VersionMismatch
from ledger.domain.retrying import GIVES_UP_AFTER
from ledger.domain.signatures import new_secret
from ledger.store import tables as t
from ledger.store.types import new_id
from ledger.store.webhooks import ASKED, FAILED, PENDING, SCHEDULED

PURPOSE: Final = "webhook endpoint"
SECRET_BYTES: Final = 32
MOST_PER_ORGANISATION: Final = 20
TESTED: Final = "test"
"""The source of a message that tells nothing."""
CATCHES_UP: Final = timedelta(days=30)
"""How far back an endpoint is told of what it missed while it was disabled."""

endpoint, delivery = t.webhook_endpoint.c, t.outgoing_delivery.c


@dataclass(frozen=True, slots=True)
class Made:
    """An endpoint with its secret, which nobody can read again."""

    row: RowMapping
    secret: str


def create(
    connection: Connection,
    organisation_id: UUID,
    url: str,
    types: Sequence[str] | None,
    description: str | None,
    key: str,
    now: datetime,
    actor: str,
    *,
    private: bool,
) -> Made:
    """A new endpoint, told of what is recorded from now on. `key` is the installation's, which seals the secret."""
    _check_url(url, private)
    if (
        connection.execute(select(func.count()).select_from(_of(organisation_id).subquery())).scalar_one()
        >= MOST_PER_ORGANISATION
    ):
        detail = f"an organisation has {MOST_PER_ORGANISATION} endpoints at the most"
        raise Refused.by("webhook_endpoints", "too_many_endpoints", detail)
    identity, secret = new_id(), new_secret(secrets.token_bytes(SECRET_BYTES))
    connection.execute(
        insert(t.webhook_endpoint).values(
            id=identity,
            organisation_id=organisation_id,
            url=url,
            description=description,
            types=_sorted(types),
            version=1,
            secret=_sealed(secret, key),
            created_at=now,
            created_by=actor,
            tells_from=now,
            announced_until=now,
            failures=0,
        )
    )
    return Made(one(connection, identity), secret)


def _check_url(url: str, private: bool) -> None:
    try:
        parsed_url(url, private=private)
    except ValueError as error:
        raise Refused.by("url", "url_not_taken", f"the URL {error}") from None


def _of(organisation_id: UUID) -> Select[Any]:
    alive = (endpoint.organisation_id == organisation_id) & endpoint.deleted_at.is_(None)
    return select(endpoint.id).where(alive)


def one(
    connection: Connection, endpoint_id: UUID, within: ColumnElement[bool] | None = None, *, lock: bool = False
) -> RowMapping:
    """One endpoint that was not deleted. Raises `Unknown`."""
    alive = (endpoint.id == endpoint_id) & endpoint.deleted_at.is_(None)
    query = select(t.webhook_endpoint).where(alive, true() if within is None else within)
    found = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if found is None:
        raise Unknown
    return found


def change(
    connection: Connection,
    endpoint_id: UUID,
    changes: Mapping[str, Any],
    within: ColumnElement[bool],
    *,
    private: bool,
    expected_version: int | None = None,
) -> RowMapping:
    """Another URL, other types, another description; what waits goes to the new URL. Raises `VersionMismatch`.

    A new URL begins without the failures of the former one; a disabled endpoint stays disabled.
    """
    found = one(connection, endpoint_id, within, lock=True)
    if expected_version is not None and expected_version != found["version"]:
        raise VersionMismatch
    wanted = {**changes, "types": _sorted(changes["types"])} if "types" in changes else dict(changes)
    changed = {name: value for name, value in wanted.items() if found[name] != value}
    if "url" in changed:
        _check_url(changed["url"], private)
        changed |= {"failures": 0, "failing_since": None, "paused_until": None}
    return _set(connection, found, **changed) if changed else found


def disable(connection: Connection, endpoint_id: UUID, now: datetime, within: ColumnElement[bool]) -> RowMapping:
    """Sends nothing until it is enabled again; what it misses meanwhile follows then. Once more changes nothing."""
    found = one(connection, endpoint_id, within, lock=True)
    if found["disabled_at"] is not None:
        return found
    return _set(connection, found, disabled_at=now, disabled_because=ASKED)


def rotate(
    connection: Connection, endpoint_id: UUID, key: str, lives_until: datetime, within: ColumnElement[bool]
) -> Made:
    """A new secret; until `lives_until` messages carry the signature of the present one as well."""
    found, secret = one(connection, endpoint_id, within), new_secret(secrets.token_bytes(SECRET_BYTES))
    values = {"secret": _sealed(secret, key), "former_secret": found["secret"], "former_until": lives_until}
    return Made(_set(connection, found, **values), secret)


def enable(
    connection: Connection, endpoint_id: UUID, now: datetime, within: ColumnElement[bool], *, at: datetime
) -> RowMapping:
    """Sends again `at` once, beginning with what waits and what was missed. Once more changes nothing but a pause.

    `now` is the record's time, which in a sandbox is another one than that by which deliveries go."""
    found = one(connection, endpoint_id, within)
    values = {"disabled_at": None, "disabled_because": None, "failures": 0, "failing_since": None, "paused_until": None}
    marks = {name: max(found[name], now - CATCHES_UP) for name in ("tells_from", "announced_until")}
    if found["announced_until"] >= marks["announced_until"]:
        marks["tells_from"] = found["tells_from"]
    enabled = _set(connection, found, **values, **marks)
    if found["disabled_at"] is not None:
        waiting = (delivery.endpoint_id == endpoint_id) & (delivery.state == PENDING)
        again = {"due_at": at, "expires_at": at + GIVES_UP_AFTER}
        connection.execute(update(t.outgoing_delivery).where(waiting).values(again))
    return enabled


def remove(connection: Connection, endpoint_id: UUID, now: datetime, within: ColumnElement[bool]) -> None:
    """Nothing more is sent; what waits is given up, the log stays."""
    one(connection, endpoint_id, within)
    _end(connection, endpoint_id, now)


def remove_all(connection: Connection, organisation_id: UUID, now: datetime) -> None:
    """Ends every endpoint of an organisation."""
    for endpoint_id in connection.execute(_of(organisation_id)).scalars().all():
        _end(connection, endpoint_id, now)


def _end(connection: Connection, endpoint_id: UUID, now: datetime) -> None:
    here = delivery.endpoint_id == endpoint_id
    connection.execute(update(t.webhook_endpoint).where(endpoint.id == endpoint_id).values(deleted_at=now))
    connection.execute(delete(t.outgoing_delivery).where(here, delivery.state == SCHEDULED))
    given_up = {"state": FAILED, "finished_at": now}
    connection.execute(update(t.outgoing_delivery).where(here, delivery.state == PENDING).values(given_up))


def test(
    connection: Connection, endpoint_id: UUID, now: datetime, within: ColumnElement[bool], *, livemode: bool
) -> UUID:
    """Sends a message that tells nothing, so that a receiver can be tried out. The delivery's id."""
    found = one(connection, endpoint_id, within)
    if found["disabled_at"] is not None:
        raise IllegalMove("the endpoint is disabled", code="endpoint_disabled")
    identity = new_id()
    connection.execute(
        insert(t.outgoing_delivery).values(
            id=identity,
            endpoint_id=endpoint_id,
            organisation_id=found["organisation_id"],
            event_id=announcing.event_id(TESTED, identity, 0),
            type=announcing.TEST,
            source=TESTED,
            source_id=identity,
            source_number=0,
            body=announcing.message(announcing.TEST, now, {"endpoint": endpoint_id}, livemode=livemode),
            happened_at=now,
            created_at=now,
            state=PENDING,
            attempts=0,
            due_at=now,
            expires_at=now + GIVES_UP_AFTER,
        )
    )
    return identity


def retry(connection: Connection, delivery_id: UUID, now: datetime, within: ColumnElement[bool]) -> RowMapping:
    """Sends a delivery again, whatever became of it, with the same id and body. Raises `Unknown` or `IllegalMove`."""
    query = select(t.outgoing_delivery).where(delivery.id == delivery_id, delivery.state != SCHEDULED, within)
    found = connection.execute(query).mappings().one_or_none()
    if found is None:
        raise Unknown
    state = connection.execute(select(t.webhook_endpoint).where(endpoint.id == found["endpoint_id"])).mappings().one()
    if state["deleted_at"] is not None or state["disabled_at"] is not None:
        raise IllegalMove("the endpoint is disabled or deleted", code="endpoint_disabled")
    again = {"state": PENDING, "due_at": now, "expires_at": now + GIVES_UP_AFTER, "finished_at": None}
    connection.execute(update(t.outgoing_delivery).where(delivery.id == delivery_id).values(again))
    connection.execute(update(t.webhook_endpoint).where(endpoint.id == found["endpoint_id"]).values(paused_until=None))
    return connection.execute(select(t.outgoing_delivery).where(delivery.id == delivery_id)).mappings().one()


def _set(connection: Connection, found: RowMapping, **values: Any) -> RowMapping:
    version = found["version"] + 1
    changed = update(t.webhook_endpoint).where(endpoint.id == found["id"]).values(**values, version=version)
    connection.execute(changed)
    return one(connection, found["id"])


def _sorted(types: Sequence[str] | None) -> list[str] | None:
    return None if types is None else sorted(set(types))


def _sealed(secret: str, key: str) -> str:
    return sealing.seal(key, PURPOSE, secret, secrets.token_bytes(sealing.NONCE_BYTES))
