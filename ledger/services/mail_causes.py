"""From the record to e-mail: every person who is to be told of something, once for each cause.

Owns which rows of the record tell whom (the outbox is the record itself, as for webhooks) and the look over what was
recorded of late. A unique key lets any number of workers look at the same time. A person is told of what is his
organisation's alone, of nothing from before he was there or wanted it, and of nothing that an import brought.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    true,
    update,
)

from ledger.domain import mailing
from ledger.domain.disputes import DisputeKind
from ledger.domain.lifecycle import EventKind, Party
from ledger.domain.mailing import GATHERED_FOR, MEANT_FOR, MailKind
from ledger.services.announced import BY_NAME, Source
from ledger.services.announcing import KEPT, LATELY, LOOKS_BACK, MOVES_EVERY, PORTION
from ledger.services.posting import insert_ignoring
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from ledger.store.mail import PENDING
from ledger.store.types import new_id

RECORD: Final = "record"
"""The name of the one mark."""
CATCHES_UP: Final = timedelta(days=7)
"""How far back people are told of what happened while no worker ran."""
DAY: Final = "day"
"""The source of a digest, of which no row speaks."""
SELF_BILLING_END: Final = "self_billing_end"
"""The source of a reminder: the agreement, and the number of its mark."""

user, wish, cause, look = t.user_account.c, t.mail_wish.c, t.mail_cause.c, t.mail_look.c
event, refusal, file = t.appointment_event.c, t.intake_refusal.c, t.document_file.c


@dataclass(frozen=True, slots=True)
class Telling:
    """Rows of a source that a kind of mail tells. `party` names whom: its column in the row, None for the operator."""

    kind: MailKind
    source: Source
    party: ColumnElement[UUID] | None
    only: ColumnElement[bool] | None = None
    tells: Callable[[Row[Any]], bool] = lambda _row: True


def _events(*kinds: EventKind) -> ColumnElement[bool]:
    return event.kind.in_([kind.value for kind in kinds])


def _falls_short(row: Row[Any]) -> bool:
    return mailing.falls_short(row.payload)


def _not_by(party: Party) -> Callable[[Row[Any]], bool]:
    """Whether somebody else has opened or decided it: nobody is told what he has just done himself."""
    return lambda row: bool(row.payload.get("by") != party.value)


def _to_be_decided(row: Row[Any]) -> bool:
    """Whether the arbiter's clock runs from it."""
    opens = row.kind == EventKind.DISPUTE_OPENED.value
    return not opens or bool(row.payload["kind"] == DisputeKind.ESCALATED_SILENCE.value)


_EVENTS, _REFUSALS, _FILES = (BY_NAME[name] for name in ("appointment_event", "intake_refusal", "document_file"))
_VERDICTS: Final = _events(EventKind.FOUND, EventKind.CANCELLED, EventKind.DEEMED)
_DISPUTES: Final = _events(EventKind.DISPUTE_OPENED, EventKind.DISPUTE_DECIDED)
_ARBITERS: Final = _events(EventKind.DISPUTE_OPENED, EventKind.DISPUTE_REPLIED, EventKind.DISPUTE_ESCALATED)

TELLINGS: Final = (
    Telling(MailKind.REFUSALS, _REFUSALS, refusal.supplier_id),
    Telling(MailKind.VERDICTS, _EVENTS, event.supplier_id, _VERDICTS, _falls_short),
    Telling(MailKind.DISPUTES, _EVENTS, event.supplier_id, _DISPUTES, _not_by(Party.SUPPLIER)),
    Telling(MailKind.DISPUTES, _EVENTS, event.buyer_id, _DISPUTES, _not_by(Party.BUYER)),
    Telling(MailKind.DECISIONS, _EVENTS, None, _ARBITERS, _to_be_decided),
    Telling(MailKind.DOCUMENTS, _FILES, file.supplier_id),
    Telling(MailKind.DOCUMENTS, _FILES, file.buyer_id),
)


def untold(telling: Telling, since: datetime) -> Select[Any]:
    """The rows recorded `since` then, each for every person who may want them and was not told."""
    source, party = telling.source, telling.party
    identity, number = source.key
    told = exists().where(
        cause.user_id == user.id,
        cause.kind == telling.kind.value,
        cause.source == source.name,
        cause.source_id == identity,
        cause.source_number == number,
    )
    theirs = user.organisation_id.is_(None) if party is None else user.organisation_id == party
    return (
        select(
            user.id.label("user_id"),
            user.organisation_id,
            user.roles,
            identity.label("source_id"),
            number.label("source_number"),
            source.at.label("happened_at"),
            *(column for column in source.columns if column.name not in ("supplier_id", "buyer_id")),
        )
        .select_from(source.table.join(t.user_account, theirs))
        .outerjoin(t.mail_wish, and_(wish.user_id == user.id, wish.kind == telling.kind.value))
        .where(
            user.disabled_at.is_(None),
            source.at >= since,
            source.at >= user.created_at,
            or_(wish.wanted.is_(None), and_(wish.wanted, source.at >= wish.changed_at)),
            source.condition,
            true() if telling.only is None else telling.only,
            ~told,
        )
        .order_by(source.at, identity, number)
    )


def is_told(telling: Telling, row: Row[Any]) -> bool:
    """Whether the row is one that the person is told of, by his roles and by what it says."""
    return not MEANT_FOR[telling.kind].isdisjoint(row.roles) and telling.tells(row)


def gather(engine: Engine, now: datetime, *, full: bool = False) -> int:
    """Writes down who is to be told of what was recorded until `now` and is not yet. Returns how many causes.

    The first look of an installation tells nothing of the past.
    """
    mark = _mark(engine, now)
    since = max(mark.tells_from, mark.looked_until - (LOOKS_BACK if full else LATELY))
    made = 0
    with reading(engine) as connection:
        for telling in TELLINGS:
            rows = iter(connection.execute(untold(telling, since).execution_options(yield_per=PORTION)))
            while portion := list(islice(rows, PORTION)):
                found = [_row(telling.kind, telling.source.name, row, now) for row in portion if is_told(telling, row)]
                made += keep(engine, found)
    made += keep(engine, list(_digests(engine, mark.tells_from, now)))
    if now - mark.looked_until >= MOVES_EVERY:
        with writing(engine) as connection:
            behind = (look.name == RECORD) & (look.looked_until < now)
            connection.execute(update(t.mail_look).where(behind).values(looked_until=now))
    return made


def _mark(engine: Engine, now: datetime) -> Row[Any]:
    """How far the record was looked through; after a long rest it begins anew with what is not long ago."""
    query = select(t.mail_look).where(look.name == RECORD)
    with reading(engine) as connection:
        found = connection.execute(query).one_or_none()
    if found is None or found.looked_until < now - CATCHES_UP:
        since = now if found is None else now - CATCHES_UP
        with writing(engine) as connection:
            first = {"name": RECORD, "tells_from": since, "looked_until": since}
            connection.execute(insert_ignoring(connection, t.mail_look), [first])
            rested = (look.name == RECORD) & (look.looked_until < since)
            connection.execute(update(t.mail_look).where(rested).values(first))
            found = connection.execute(query).one()
    return found


def _row(kind: MailKind, source: str, row: Any, now: datetime) -> dict[str, Any]:
    return cause_of(
        kind, row.user_id, row.organisation_id, source, row.source_id, row.source_number, row.happened_at, now
    )


def cause_of(
    kind: MailKind,
    user_id: UUID,
    organisation_id: UUID | None,
    source: str,
    source_id: UUID,
    source_number: int,
    happened_at: datetime,
    now: datetime,
) -> dict[str, Any]:
    """One cause for one person, as a row; it waits a while for others of its kind."""
    return {
        "id": new_id(),
        "user_id": user_id,
        "organisation_id": organisation_id,
        "kind": kind.value,
        "source": source,
        "source_id": source_id,
        "source_number": source_number,
        "happened_at": happened_at,
        "created_at": now,
        "state": PENDING,
        "attempts": 0,
        "due_at": now + GATHERED_FOR[kind],
    }


def keep(engine: Engine, rows: list[dict[str, Any]]) -> int:
    """Keeps the causes that are not on record yet. Returns how many were given."""
    if rows:
        with writing(engine) as connection:
            connection.execute(insert_ignoring(connection, t.mail_cause), rows)
    return len(rows)


def people(connection: Connection, kind: MailKind) -> Iterable[Any]:
    """Everybody who wants this kind: id, organisation, zone, and since when he may be told."""
    organisation = t.organisation.c
    query = (
        select(
            user.id,
            user.organisation_id,
            user.roles,
            user.created_at,
            wish.changed_at,
            func.coalesce(user.time_zone, organisation.time_zone).label("time_zone"),
        )
        .outerjoin(t.organisation, organisation.id == user.organisation_id)
        .outerjoin(t.mail_wish, and_(wish.user_id == user.id, wish.kind == kind.value))
        .where(user.disabled_at.is_(None), or_(wish.wanted.is_(None), wish.wanted))
        .order_by(user.id)
    )
    return (row for row in connection.execute(query) if not MEANT_FOR[kind].isdisjoint(row.roles))


def _digests(engine: Engine, tells_from: datetime, now: datetime) -> Iterable[dict[str, Any]]:
    """A digest for everybody whose morning has come since he may be told."""
    with reading(engine) as connection:
        recent = (cause.kind == MailKind.DIGEST.value) & (cause.created_at >= now - timedelta(days=2))
        made = {(row.user_id, row.source_number) for row in connection.execute(_KEYS.where(recent))}
        wanting = list(people(connection, MailKind.DIGEST))
    for person in wanting:
        day, due = mailing.digest_of(now, person.time_zone)
        since = max(at for at in (tells_from, person.created_at, person.changed_at) if at is not None)
        if since <= due <= now and (person.id, day) not in made:
            yield cause_of(MailKind.DIGEST, person.id, person.organisation_id, DAY, person.id, day, due, now)


_KEYS = select(cause.user_id, cause.source_number)


def clear_away(engine: Engine, now: datetime) -> int:
    """Deletes what was sent, dropped or given up long ago. Returns how many causes."""
    old = (cause.created_at < now - KEPT) & cause.finished_at.is_not(None)
    with writing(engine) as connection:
        ids = list(connection.execute(select(cause.id).where(old).limit(PORTION)).scalars())
        return connection.execute(delete(t.mail_cause).where(cause.id.in_(ids))).rowcount if ids else 0
