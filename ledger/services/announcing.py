"""From the record to deliveries: every event that an endpoint's organisation may be told of, once for each endpoint.

Owns the look over what was recorded of late and the messages it becomes. A unique key lets any number of workers look
at the same time; what was committed late is found by looking back. That an appointment is final is told when its last
window has passed, of which no row speaks: it is scheduled with the event that began the window. A sandbox's record goes
by the clock of the sandbox, its deliveries by ours.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, func, select, update

from ledger.domain import announcing
from ledger.domain.lifecycle import EventKind
from ledger.domain.retrying import GIVES_UP_AFTER
from ledger.domain.stage import final_at
from ledger.services import cases, showing
from ledger.services.announced import FINAL, SOURCES, Source, alive, endpoint, untold
from ledger.services.cases import Case
from ledger.services.posting import insert_ignoring
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from ledger.store.types import new_id
from ledger.store.webhooks import PENDING, SCHEDULED

LATELY: Final = timedelta(minutes=10)
"""How long after its recording something may still be committed and be found by the usual look."""
LOOKS_BACK: Final = timedelta(days=1)
"""The same for a full look, which a worker takes when it starts."""
MOVES_EVERY: Final = timedelta(minutes=1)
"""How far the mark of an endpoint may lag before it is written anew."""
PORTION: Final = 500
KEPT: Final = timedelta(days=90)
"""How long the log of deliveries is kept."""

delivery, event = t.outgoing_delivery.c, t.appointment_event.c


@dataclass(frozen=True, slots=True)
class Sandboxed:
    """Whose record is told of in one look, where it is a sandbox's, and the time by which deliveries go."""

    organisation_ids: tuple[UUID, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Telling:
    """What messages of one portion show: appointments as they are `now`, and slugs of organisations. They go out `at`
    a time of another clock where they are a sandbox's."""

    connection: Connection
    now: datetime
    at: datetime
    livemode: bool
    cases: dict[UUID, Case] = field(default_factory=dict)
    appointments: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    slugs: dict[UUID, str] = field(default_factory=dict)

    def learn(self, appointment_ids: Iterable[UUID | None], organisation_ids: Iterable[UUID | None]) -> None:
        wanted = sorted({each for each in appointment_ids if each is not None} - self.cases.keys())
        found = cases.load_many(self.connection, wanted)
        self.cases.update({case.id: case for case in found})
        for shown in showing.render(self.connection, found, self.now):
            thin = {name: shown[name] for name in ("id", "reference", "stage", "version")}
            self.appointments[shown["id"]] = thin
        unknown = {each for each in organisation_ids if each is not None} - self.slugs.keys()
        organisation = t.organisation.c
        query = select(organisation.id, organisation.slug).where(organisation.id.in_(unknown))
        self.slugs.update({row.id: row.slug for row in self.connection.execute(query)} if unknown else {})


def announce(engine: Engine, now: datetime, *, full: bool = False, sandbox: Sandboxed | None = None) -> int:
    """Makes deliveries of what was recorded until `now` and has none. Returns how many are to be sent."""
    among = _among(sandbox)
    with reading(engine) as connection:
        marks = {
            row.id: row.announced_until
            for row in connection.execute(select(endpoint.id, endpoint.announced_until).where(among))
        }
    if not marks:
        return 0
    since = min(marks.values()) - (LOOKS_BACK if full else LATELY)
    made = 0
    with reading(engine) as connection:
        for source in SOURCES:
            for through, party in source.parties:
                query = untold(source, through, party, since, among).execution_options(yield_per=PORTION)
                rows = iter(connection.execute(query))
                while portion := list(islice(rows, PORTION)):
                    made += _tell(engine, source, portion, _telling(connection, now, sandbox))
    _mark(engine, marks, now)
    return made + ripen(engine, now, sandbox=sandbox)


def _among(sandbox: Sandboxed | None) -> ColumnElement[bool]:
    """The endpoints that one look is for."""
    return alive() if sandbox is None else alive() & endpoint.organisation_id.in_(sandbox.organisation_ids)


def _telling(connection: Connection, now: datetime, sandbox: Sandboxed | None) -> Telling:
    return Telling(connection, now, now if sandbox is None else sandbox.at, livemode=sandbox is None)


def _tell(engine: Engine, source: Source, rows: Sequence[Row[Any]], telling: Telling) -> int:
    told = [(row, source.tell(row), row._asdict()) for row in rows]
    telling.learn(
        (values.get("appointment_id") for _, _, values in told),
        (values.get(name) for _, _, values in told for name in ("supplier_id", "buyer_id")),
    )
    found = [
        _row(row, source.name, kind, message_of(kind, row.happened_at, values, data, telling), telling.at)
        for row, (kind, data), values in told
        if row.types is None or kind in row.types
    ]
    scheduled = list(_finals(rows, telling)) if source.table is t.appointment_event else []
    if not found and not scheduled:
        return 0
    with writing(engine) as writer:
        for each in (found, scheduled):
            if each:
                writer.execute(insert_ignoring(writer, t.outgoing_delivery), each)
    return len(found)


def message_of(kind: str, happened_at: datetime, values: dict[str, Any], data: dict[str, Any], telling: Telling) -> str:
    """The body: whose it is, the appointment as it is now, and what is particular to the event."""
    parties = {name: telling.slugs[values[f"{name}_id"]] for name in ("supplier", "buyer") if values.get(f"{name}_id")}
    about = telling.appointments.get(values["appointment_id"]) if values.get("appointment_id") else None
    shown = {} if about is None else {"appointment": about}
    return announcing.message(kind, happened_at, {**parties, **shown, **data}, livemode=telling.livemode)


def _row(
    row: Row[Any], source: str, kind: str, body: str | None, now: datetime, *, due_at: datetime | None = None
) -> dict[str, Any]:
    """A delivery of an event; without a body one that waits for its time."""
    due_at = now if due_at is None else due_at
    return {
        "id": new_id(),
        "endpoint_id": row.endpoint_id,
        "organisation_id": row.organisation_id,
        "event_id": announcing.event_id(source, row.source_id, row.source_number),
        "type": kind,
        "source": source,
        "source_id": row.source_id,
        "source_number": row.source_number,
        "body": body,
        "happened_at": row.happened_at if body is not None else due_at,
        "created_at": now,
        "state": SCHEDULED if body is None else PENDING,
        "attempts": 0,
        "due_at": due_at,
        "expires_at": max(now, due_at) + GIVES_UP_AFTER,
    }


def _finals(rows: Sequence[Row[Any]], telling: Telling) -> Iterator[dict[str, Any]]:
    """When to say that the appointments are final, if nothing moves them any more."""
    for row in rows:
        case = telling.cases.get(row.source_id)
        at = None if case is None else final_at(case.state)
        wanted = row.types is None or announcing.APPOINTMENT_FINAL in row.types
        if at is not None and wanted and row.kind != EventKind.CREDITED.value:
            yield _row(row, FINAL, announcing.APPOINTMENT_FINAL, None, telling.at, due_at=at)


def ripen(engine: Engine, now: datetime, *, sandbox: Sandboxed | None = None) -> int:
    """Makes messages of what was scheduled and has come true; what has not is dropped or waits on."""
    with reading(engine) as connection:
        query = (
            select(delivery.id, delivery.source_id, delivery.source_number, delivery.due_at)
            .join(t.webhook_endpoint, endpoint.id == delivery.endpoint_id)
            .where(_among(sandbox), delivery.state == SCHEDULED, delivery.due_at <= now)
            .order_by(delivery.due_at, delivery.id)
            .limit(PORTION)
        )
        due = connection.execute(query).all()
        if not due:
            return 0
        changes = list(_ripened(due, _telling(connection, now, sandbox)))
    made = 0
    with writing(engine) as connection:
        for identity, values in changes:
            this = (delivery.id == identity) & (delivery.state == SCHEDULED)
            if values is None:
                connection.execute(delete(t.outgoing_delivery).where(this))
            else:
                connection.execute(update(t.outgoing_delivery).where(this).values(values))
                made += "body" in values
    return made


def _ripened(due: Sequence[Any], telling: Telling) -> Iterator[tuple[UUID, dict[str, Any] | None]]:
    ids = {row.source_id for row in due}
    last = (
        select(event.appointment_id, func.max(event.number).label("number"))
        .where(event.appointment_id.in_(ids), event.kind != EventKind.CREDITED.value)
        .group_by(event.appointment_id)
    )
    newest = {row.appointment_id: row.number for row in telling.connection.execute(last)}
    telling.learn(ids, ())
    pairs = ((case.pinned.supplier_id, case.pinned.buyer_id) for case in telling.cases.values())
    telling.learn((), chain.from_iterable(pairs))
    for row in due:
        case = telling.cases.get(row.source_id)
        at = None if case is None else final_at(case.state)
        if case is None or at is None or newest.get(row.source_id) != row.source_number:
            yield row.id, None  # what came later has scheduled its own
        elif at > telling.now:
            yield row.id, {"due_at": at, "happened_at": at, "expires_at": at + GIVES_UP_AFTER}
        elif case.stored == telling.appointments[case.id]["version"]:
            pinned = case.pinned
            values = {"appointment_id": case.id, "supplier_id": pinned.supplier_id, "buyer_id": pinned.buyer_id}
            body = message_of(announcing.APPOINTMENT_FINAL, row.due_at, values, {"effective_at": at}, telling)
            sent = {"due_at": telling.at, "expires_at": telling.at + GIVES_UP_AFTER}
            yield row.id, {"state": PENDING, "body": body, **sent}


def _mark(engine: Engine, marks: dict[UUID, datetime], now: datetime) -> None:
    """Moves the marks of the endpoints that were looked at; not every time, since looks overlap anyway."""
    behind = [identity for identity, mark in marks.items() if now - mark >= MOVES_EVERY]
    if behind:
        with writing(engine) as connection:
            connection.execute(
                update(t.webhook_endpoint)
                .where(endpoint.id.in_(behind), endpoint.announced_until < now)
                .values(announced_until=now)
            )


def clear_away(engine: Engine, now: datetime) -> int:
    """Deletes the log of what was delivered or given up long ago. Returns how many deliveries."""
    old = (delivery.created_at < now - KEPT) & delivery.finished_at.is_not(None)
    with reading(engine) as connection:
        ids = list(connection.execute(select(delivery.id).where(old).limit(PORTION)).scalars())
    if not ids:
        return 0
    with writing(engine) as connection:
        connection.execute(delete(t.delivery_attempt).where(t.delivery_attempt.c.delivery_id.in_(ids)))
        return connection.execute(delete(t.outgoing_delivery).where(delivery.id.in_(ids))).rowcount
