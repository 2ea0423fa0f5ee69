"""What waits for a buyer: appointments that need findings, the most urgent first, and those still to come.

Keyset pages in the order of time. What has fallen due is not among them, settled or not: silence has spoken. However
many appointments there are, a page reads a bounded number of rows: counts end at `MOST`, a list
that is shorter is sorted, and one as long as that is walked by the index of its deadlines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, literal, or_, select, tuple_

from ledger.domain.lifecycle import Schedule, Verdict
from ledger.domain.terms import Silence
from ledger.services import contracts
from ledger.store import tables as t

MOST: Final = 500
"""What counts end at."""

Key = tuple[datetime, UUID]
"""Where a page ends: the instant that orders the list, and the appointment."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the inbox. `due_at` is when silence takes effect; `silence` what it means."""

    id: UUID
    reference: str
    supplier: str
    name: str | None
    company: str | None
    starts_at: datetime
    due_at: datetime
    silence: Silence
    definition: str
    version: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Each at most `MOST`: then there may be more."""

    awaiting: int
    due_soon: int
    coming: int


@dataclass(frozen=True, slots=True)
class Filters:
    """What the inbox is narrowed to: a part of a name or reference, a supplier, deadlines before an instant."""

    q: str | None = None
    supplier_id: UUID | None = None
    due_before: datetime | None = None


EVERYTHING: Final = Filters()


def awaiting(
    connection: Connection,
    buyer_id: UUID,
    now: datetime,
    *,
    limit: int,
    after: Key | None = None,
    filters: Filters = EVERYTHING,
    backwards: bool = False,
) -> tuple[list[Waiting], Key | None]:
    """Those whose slot has started, by their deadline (or the latest first); and the key to go on after."""
    id_, due_at = t.appointment.c.id, t.appointment.c.next_due_at
    started = _started(buyer_id, now)
    condition = and_(started, due_at > now)
    if filters.due_before is not None:
        condition = and_(condition, due_at < filters.due_before)
    few = select(id_, due_at).where(started).limit(MOST + 1).subquery()
    if connection.execute(select(func.count()).select_from(few)).scalar_one() <= MOST:
        first = _after(select(few.c.id).where(few.c.next_due_at > now), few.c.next_due_at, few.c.id, after, backwards)
        if filters == EVERYTHING:
            first = first.limit(limit + 1)
        condition = and_(condition, id_.in_(connection.execute(first).scalars().all()))
    return _page(connection, condition, due_at, limit, after, filters, backwards=backwards)


def coming(
    connection: Connection,
    buyer_id: UUID,
    now: datetime,
    *,
    limit: int,
    after: Key | None = None,
    filters: Filters = EVERYTHING,
) -> tuple[list[Waiting], Key | None]:
    """Those whose slot is still to come, by its start."""
    return _page(connection, _coming(buyer_id, now), t.appointment.c.starts_at, limit, after, filters)


def falling_silent(
    connection: Connection, buyer_id: UUID, now: datetime, until: datetime, *, limit: int
) -> tuple[list[Waiting], int, int]:
    """By their deadline: those that await findings, and those still to come whose deadline is not after `until`; the
    first ones, how many there are, and how many of them fall silent by then."""
    id_, due_at = t.appointment.c.id, t.appointment.c.next_due_at
    soon = and_(_open(buyer_id), due_at > now, due_at <= until)
    condition = and_(_open(buyer_id), due_at > now, or_(t.appointment.c.starts_at <= now, due_at <= until))
    items, _ = _page(connection, condition, due_at, limit, None, EVERYTHING)
    count, by_then = (_count(connection, select(id_).where(each).order_by(due_at, id_)) for each in (condition, soon))
    return items, min(count, MOST), min(by_then, MOST)


def settled(now: datetime) -> ColumnElement[bool]:
    """The condition for everything else: a verdict is there, or silence has brought one."""
    appointment = t.appointment.c
    return or_(
        appointment.verdict != Verdict.PENDING.value,
        and_(appointment.starts_at <= now, appointment.next_due_at <= now),
    )


def counts(connection: Connection, buyer_id: UUID, now: datetime, soon: datetime) -> Counts:
    """How many there are of each; `due_soon` counts the deadlines before `soon`."""
    id_, due_at = t.appointment.c.id, t.appointment.c.next_due_at
    few = select(due_at).where(_started(buyer_id, now)).limit(MOST + 1).subquery()
    due, total = few.c.next_due_at, func.count()
    query = select(total, total.filter(due > now), total.filter(and_(due > now, due < soon))).select_from(few)
    started, waiting, due_soon = connection.execute(query).one()
    if started > MOST:
        by_deadline = select(id_).where(_started(buyer_id, now), due_at > now).order_by(due_at, id_)
        waiting, due_soon = (_count(connection, each) for each in (by_deadline, by_deadline.where(due_at < soon)))
    by_start = select(id_).where(_coming(buyer_id, now)).order_by(t.appointment.c.starts_at, id_)
    return Counts(min(waiting, MOST), min(due_soon, MOST), min(_count(connection, by_start), MOST))


def suppliers(connection: Connection, buyer_id: UUID) -> list[tuple[UUID, str, str]]:
    """Id, slug and name of everybody who has an agreement with the buyer, by name."""
    organisation = t.organisation.c
    own = select(t.agreement.c.supplier_id).where(t.agreement.c.buyer_id == buyer_id)
    query = select(organisation.id, organisation.slug, organisation.legal_name).where(organisation.id.in_(own))
    return [(row.id, row.slug, row.legal_name) for row in connection.execute(query.order_by(organisation.legal_name))]


def _open(buyer_id: UUID) -> ColumnElement[bool]:
    """Pending and booked: written out, since the indexes of these alone are found by what a statement says."""
    appointment = t.appointment.c
    return and_(
        appointment.buyer_id == buyer_id,
        appointment.verdict == literal(Verdict.PENDING.value, literal_execute=True),
        appointment.schedule == literal(Schedule.BOOKED.value, literal_execute=True),
    )


def _started(buyer_id: UUID, now: datetime) -> ColumnElement[bool]:
    """Those that await findings, and those that have fallen due since."""
    return and_(_open(buyer_id), t.appointment.c.starts_at <= now)


def _coming(buyer_id: UUID, now: datetime) -> ColumnElement[bool]:
    return and_(_open(buyer_id), t.appointment.c.starts_at > now)


def _count(connection: Connection, some: Select[Any]) -> int:
    """How many, up to one more than `MOST`."""
    return int(connection.execute(select(func.count()).select_from(some.limit(MOST + 1).subquery())).scalar_one())


def _page(
    connection: Connection,
    condition: ColumnElement[bool],
    order: ColumnElement[datetime],
    limit: int,
    after: Key | None,
    filters: Filters,
    *,
    backwards: bool = False,
) -> tuple[list[Waiting], Key | None]:
    appointment, prospect, supplier = t.appointment.c, t.prospect.c, t.organisation.c
    query: Select[Any] = (
        select(
            *(appointment[name] for name in _COLUMNS),
            order.label("position"),
            prospect.name,
            prospect.company_name,
            supplier.legal_name.label("supplier"),
        )
        .join_from(t.appointment, t.organisation, supplier.id == appointment.supplier_id)
        .outerjoin(t.prospect, prospect.appointment_id == appointment.id)
        .where(condition)
        .limit(limit + 1)
    )
    query = _after(query, order, appointment.id, after, backwards)
    if filters.supplier_id is not None:
        query = query.where(appointment.supplier_id == filters.supplier_id)
    if filters.q:
        fields = (appointment.reference, prospect.name, prospect.email, prospect.company_name)
        query = query.where(or_(*(field.icontains(filters.q, autoescape=True) for field in fields)))
    rows: Sequence[Row[*tuple[object, ...]]] = connection.execute(query).all()
    shown = rows[:limit]
    following = (shown[-1].position, shown[-1].id) if len(rows) > limit else None
    return [_waiting(connection, row) for row in shown], following


def _after(
    query: Select[Any], order: ColumnElement[datetime], id_: ColumnElement[UUID], after: Key | None, backwards: bool
) -> Select[Any]:
    """The query in the order of its key, from a place in it on."""
    query = query.order_by(*((order.desc(), id_.desc()) if backwards else (order, id_)))
    if after is None:
        return query
    place, end = tuple_(order, id_), tuple_(literal(after[0], order.type), literal(after[1], id_.type))
    return query.where(place < end if backwards else place > end)


_COLUMNS = (
    "id",
    "reference",
    "starts_at",
    "next_due_at",
    "agreement_id",
    "agreement_version",
    "definition_id",
    "definition_version",
    "version",
)


def _waiting(connection: Connection, row: Row[*tuple[object, ...]]) -> Waiting:
    definition = contracts.pinned(
        connection, row.agreement_id, row.agreement_version, row.definition_id, row.definition_version
    ).definition
    return Waiting(
        row.id,
        row.reference,
        row.supplier,
        row.name,
        row.company_name,
        row.starts_at,
        row.next_due_at,
        definition.verification.silence,
        definition.name,
        row.version,
    )
