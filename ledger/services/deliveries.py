"""Incoming deliveries: kept as they came, once for ever, and attached to the appointment that they are about.

Owns what becomes of a delivery: `ignored` (proves nothing), `unmatched` (nobody's yet), `quarantined` (signed too long
ago, without effect), `attached` (evidence). Keeping and attaching are transactions of their own, so that nothing that
stands in the way of an appointment loses a delivery. Whatever an attached one names (a session, a booking's new id)
finds those that came before it. Evidence counts from when it reaches its appointment.
"""

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, delete, exists, insert, or_, select, update

from ledger.domain import providers
from ledger.domain.decisions import CONTACT_ATTEMPT
from ledger.domain.errors import IllegalMove, Unknown
from ledger.domain.lifecycle import Party
from ledger.domain.messages import Message, link_key, names_of
from ledger.domain.signatures import HEADERS, Delivery, Provider, Signed
from ledger.domain.statements import CALL, grade_of
from ledger.services import commands, connections, matching, private
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.connections import Account
from ledger.services.desk import Desk
from ledger.services.matching import Finder
from ledger.services.posting import insert_ignoring
from ledger.store import tables as t
from ledger.store.engine import Contended, reading, writing
from ledger.store.hooks import ATTACHED, IGNORED, QUARANTINED, UNMATCHED
from ledger.store.prepared import Prepared, among, texts
from ledger.store.types import new_id

ATTEMPTS: Final = 3
MOST_AT_ONCE: Final = 500
"""How many deliveries one look for waiting ones brings."""


def keep(
    connection: Connection, account: Account, came: Delivery, signed: Signed, now: datetime, secret: bytes
) -> UUID | None:
    """Keeps a delivery. Its id if it waits for its appointment; None where nothing more is to be done.

    What came before is not kept again; a fresh copy of one in quarantine brings that out.
    """
    message = providers.read(account.provider, came)
    state = QUARANTINED if signed.stale else UNMATCHED if message.says_something else IGNORED
    identity = new_id()
    row = {
        "id": identity,
        "connection_id": account.id,
        "organisation_id": account.organisation_id,
        "dedupe_key": message.key,
        "event": message.event,
        "headers": {name: came.headers[name] for name in HEADERS if name in came.headers},
        "url": came.url,
        "content": came.body,
        "sha256": hashlib.sha256(came.body).hexdigest(),
        "size": len(came.body),
        "received_at": now,
        "signed_at": signed.at,
        "occurred_at": message.occurred_at,
        "state": state,
    }
    statement = insert_ignoring(connection, t.incoming_delivery).returning(t.incoming_delivery.c.id)
    if connection.execute(statement, row).first() is None:
        return _again(connection, account, message, signed, secret)
    if state == UNMATCHED:
        _hint(connection, identity, message, secret)
        return identity
    return None


def _again(connection: Connection, account: Account, message: Message, signed: Signed, secret: bytes) -> UUID | None:
    column = t.incoming_delivery.c
    known = connection.execute(
        select(column.id, column.state).where(column.connection_id == account.id, column.dedupe_key == message.key)
    ).one()
    if known.state != QUARANTINED or signed.stale:
        return None
    return _out_of_quarantine(connection, known.id, message, secret)


def release(connection: Connection, delivery_id: UUID, connection_id: UUID, secret: bytes) -> UUID | None:
    """Brings a delivery out of quarantine because somebody vouches for it. Raises `Unknown` or `IllegalMove`."""
    column = t.incoming_delivery.c
    row = connection.execute(
        select(t.incoming_delivery).where(column.id == delivery_id, column.connection_id == connection_id)
    ).one_or_none()
    if row is None:
        raise Unknown("there is no such delivery")
    if row.state != QUARANTINED:
        raise IllegalMove("the delivery is not in quarantine", code="not_quarantined")
    account = connections.account_of(connections.one(connection, str(connection_id)))
    return _out_of_quarantine(connection, row.id, _message(account.provider, row), secret)


def _out_of_quarantine(connection: Connection, delivery_id: UUID, message: Message, secret: bytes) -> UUID | None:
    state = UNMATCHED if message.says_something else IGNORED
    column = t.incoming_delivery.c
    connection.execute(update(t.incoming_delivery).where(column.id == delivery_id).values(state=state))
    if state == IGNORED:
        return None
    _hint(connection, delivery_id, message, secret)
    return delivery_id


def _hint(connection: Connection, delivery_id: UUID, message: Message, secret: bytes) -> None:
    rows = [
        {"delivery_id": delivery_id, "kind": kind, "value": value} for kind, value in matching.hints_of(message, secret)
    ]
    if rows:
        connection.execute(insert(t.delivery_hint), rows)


def _message(provider: Provider, row: Row[Any]) -> Message:
    return providers.read(provider, Delivery(row.headers, bytes(row.content), row.url))


def attach_all(engine: Engine, waiting: Iterable[UUID], now: datetime, secret: bytes) -> int:
    """Attaches the deliveries that find their appointment, and those that wait for what they name. How many."""
    pending, seen, attached = list(waiting), set[UUID](), 0
    while pending:
        identity = pending.pop(0)
        if identity in seen:
            continue
        seen.add(identity)
        found = _attached(engine, identity, now, secret)
        if found is not None:
            attached += 1
            # What did not find its appointment before may do so now.
            seen.difference_update(found)
            pending += found
    return attached


def _attached(engine: Engine, delivery_id: UUID, now: datetime, secret: bytes) -> list[UUID] | None:
    """In a transaction of its own, again where another one stood in its way; in the end it waits for the worker."""
    for _ in range(ATTEMPTS):
        with suppress(Contended), writing(engine) as connection:
            return attach(connection, delivery_id, now, secret)
    return None


def attach(connection: Connection, delivery_id: UUID, now: datetime, secret: bytes) -> list[UUID] | None:
    """Makes a waiting delivery evidence of its appointment; the deliveries that waited for what it names.

    None where it has none yet, or is not waiting any more.
    """
    column = t.incoming_delivery.c
    query = select(t.incoming_delivery).where(column.id == delivery_id, column.state == UNMATCHED)
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        return None
    account = connections.account_of(connections.one(connection, str(row.connection_id)))
    message = _message(account.provider, row)
    appointment_id = Finder(connection, account, message, secret, row.received_at).find()
    if appointment_id is None:
        return None
    desk = Desk(connection, now)
    case = commands.in_hand(desk, appointment_id, Actor(account.actor, Party.OPERATOR, None), now)
    _keep_evidence(desk, case, account, row, message)
    attached: dict[str, Any] = {"state": ATTACHED, "appointment_id": appointment_id}
    if private.key_of(connection, appointment_id) is None:
        attached |= {"content": b"", "url": "", "erased_at": now}
    connection.execute(update(t.incoming_delivery).where(column.id == delivery_id).values(**attached))
    connection.execute(delete(t.delivery_hint).where(t.delivery_hint.c.delivery_id == delivery_id))
    learned = _learn(connection, case, account, message, now)
    desk.flush()
    return waiting_for(connection, learned)


def _keep_evidence(desk: Desk, case: Case, account: Account, row: Row[Any], message: Message) -> None:
    said: Sequence[matching.Said | None] = matching.spoken(desk.connection, account, case, message) or (None,)
    kind = f"{account.provider.value}.{message.event}"
    for each in said:
        called = each is not None and each["what"] == CALL and account.owner is Party.BUYER
        commands.keep_evidence(
            desk,
            case,
            desk.now,
            kind=CONTACT_ATTEMPT if called else kind,
            party=account.owner,
            actor=account.actor,
            grade=grade_of(account.owner, each),
            verified=True,
            occurred_at=min(message.occurred_at or row.received_at, desk.now),
            content=bytes(row.content),
            media_type=row.headers.get("content-type", "application/octet-stream"),
            said=each,
            delivery_id=row.id,
        )
    if account.owner is Party.OPERATOR:
        commands.weigh(desk, case, desk.now)


def _learn(connection: Connection, case: Case, account: Account, message: Message, now: datetime) -> list[str]:
    """Keeps what calls the appointment its own: the session, and the booking's ids with those that follow them."""
    named = [("session", message.session)] if message.session else []
    ids = list(dict.fromkeys((*message.external_ids, *message.successors)))
    named += [("external_id", each) for each in ids]
    canonical = {group[0] for group in (message.external_ids, message.successors) if group}
    rows = [
        {
            "kind": kind,
            "value": value,
            "shown": value if value in canonical else None,
            "provider": account.provider.value,
            "connection_id": account.id,
        }
        for kind, value in named
    ]
    return name_appointment(connection, case, rows, now, account.actor)


def name_appointment(
    connection: Connection, case: Case, rows: Sequence[dict[str, Any]], now: datetime, actor: str
) -> list[str]:
    """Adds names that calendars and meetings have for an appointment; what is known already stays. The values."""
    tenant = {"buyer_id": case.pinned.buyer_id, "supplier_id": case.pinned.supplier_id}
    shared = {"appointment_id": case.id, **tenant, "added_at": now, "actor": actor}
    if rows:
        statement = insert_ignoring(connection, t.calendar_link)
        connection.execute(statement, [{"id": new_id(), **shared, **row} for row in rows])
    return [row["value"] for row in rows]


def claimed_names(calendar: Any) -> list[dict[str, Any]]:
    """The rows of a calendar entry that somebody names: `provider`, `external_id`, `join_url`."""
    shared = {"provider": calendar["provider"], "connection_id": None}
    found = [
        {"kind": "external_id", "value": value, "shown": calendar["external_id"] if number == 0 else None, **shared}
        for number, value in enumerate(names_of(calendar["external_id"]))
    ]
    link = calendar["join_url"]
    key = None if link is None else link_key(link)
    if key is not None:
        found.append({"kind": "link", "value": key, "shown": link, **shared})
    return found


def waiting_for(connection: Connection, values: Iterable[str]) -> list[UUID]:
    """The unmatched deliveries that can be found by one of these values."""
    wanted = list(dict.fromkeys(values))
    return [row.delivery_id for row in _WAITING.all(connection, {"values": wanted})] if wanted else []


_WAITING = Prepared(
    select(t.delivery_hint.c.delivery_id)
    .distinct()
    .join_from(t.delivery_hint, t.incoming_delivery, t.incoming_delivery.c.id == t.delivery_hint.c.delivery_id)
    .where(among(t.delivery_hint.c.value, texts("values")), t.incoming_delivery.c.state == UNMATCHED)
    .order_by(t.delivery_hint.c.delivery_id)
    .limit(MOST_AT_ONCE)
)


def waiting_for_appointment(connection: Connection, appointment_id: UUID) -> list[UUID]:
    """The unmatched deliveries that name something of this appointment."""
    key, link = t.contact_key.c, t.calendar_link.c
    digests = connection.execute(select(key.digest).where(key.appointment_id == appointment_id)).scalars()
    names = connection.execute(select(link.value).where(link.appointment_id == appointment_id)).scalars()
    return waiting_for(connection, (*digests, *names, str(appointment_id)))


def attach_waiting(engine: Engine, since: datetime, now: datetime, secret: bytes) -> int:
    """Looks again at what came since then, waits, and names something that is on record now. How many found theirs."""
    hint, column = t.delivery_hint.c, t.incoming_delivery.c
    link, key, organisation = t.calendar_link.c, t.contact_key.c, t.organisation.c
    # Digests are indexed under their buyer.
    buyers = select(organisation.id).where(organisation.kind == Party.BUYER.value)
    known = or_(
        hint.kind == "appointment",
        exists().where(link.value == hint.value),
        exists().where(key.buyer_id.in_(buyers), key.digest == hint.value),
    )
    query = (
        select(column.id)
        .where(
            column.state == UNMATCHED, column.received_at >= since, exists().where(hint.delivery_id == column.id, known)
        )
        .order_by(column.received_at, column.id)
        .limit(MOST_AT_ONCE)
    )
    with reading(engine) as connection:
        waiting = list(connection.execute(query).scalars())
    return attach_all(engine, waiting, now, secret)
