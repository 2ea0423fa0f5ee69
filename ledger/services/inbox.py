"""What waits for a buyer: appointments that need findings, the most urgent first, and those still to come.

Keyset pages in the order of time. What has fallen due is not among them, settled or not: silence has spoken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, func, literal, or_, select, tuple_

from ledger.domain.lifecycle import Schedule, Verdict
from ledger.domain.terms import Silence
from ledger.services import contracts
from ledger.store import tables as t

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


@dataclass(frozen=True, slots=True)
class Counts:
    awaiting: int
    due_soon: int
    coming: int


def awaiting(
    connection: Connection, buyer_id: UUID, now: datetime, *, limit: int, after: Key | None = None, q: str | None = None
) -> tuple[list[Waiting], Key | None]:
    """Those whose slot has started, by their deadline; and the key to go on after."""
    return _page(connection, _awaiting(buyer_id, now), t.appointment.c.next_due_at, limit, after, q)


def coming(
    connection: Connection, buyer_id: UUID, now: datetime, *, limit: int, after: Key | None = None, q: str | None = None
) -> tuple[list[Waiting], Key | None]:
    """Those whose slot is still to come, by its start."""
    return _page(connection, _coming(buyer_id, now), t.appointment.c.starts_at, limit, after, q)


def settled(now: datetime) -> ColumnElement[bool]:
    """The condition for everything else: a verdict is there, or silence has brought one."""
    appointment = t.appointment.c
    return or_(
        appointment.verdict != Verdict.PENDING.value,
        and_(appointment.starts_at <= now, appointment.next_due_at <= now),
    )


def counts(connection: Connection, buyer_id: UUID, now: datetime, soon: datetime) -> Counts:
    """How many there are of each; `due_soon` counts the deadlines before `soon`."""
    due = _awaiting(buyer_id, now)
    return Counts(
        _count(connection, due),
        _count(connection, and_(due, t.appointment.c.next_due_at < soon)),
        _count(connection, _coming(buyer_id, now)),
    )


def _open(buyer_id: UUID) -> ColumnElement[bool]:
    """Pending and booked; by the agreements, so that the index of what is due finds them."""
    appointment = t.appointment.c
    own = select(t.agreement.c.id).where(t.agreement.c.buyer_id == buyer_id)
    return and_(
        appointment.agreement_id.in_(own),
        appointment.next_due_at.is_not(None),
        appointment.verdict == Verdict.PENDING.value,
        appointment.schedule == Schedule.BOOKED.value,
    )


def _awaiting(buyer_id: UUID, now: datetime) -> ColumnElement[bool]:
    appointment = t.appointment.c
    return and_(_open(buyer_id), appointment.next_due_at > now, appointment.starts_at <= now)


def _coming(buyer_id: UUID, now: datetime) -> ColumnElement[bool]:
    return and_(_open(buyer_id), t.appointment.c.starts_at > now)


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(t.appointment).where(condition)).scalar_one())


def _page(
    connection: Connection,
    condition: ColumnElement[bool],
    order: ColumnElement[datetime],
    limit: int,
    after: Key | None,
    q: str | None,
) -> tuple[list[Waiting], Key | None]:
    appointment, prospect, supplier = t.appointment.c, t.prospect.c, t.organisation.c
    query = (
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
        .order_by(order, appointment.id)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(
            tuple_(order, appointment.id)
            > tuple_(literal(after[0], order.type), literal(after[1], appointment.id.type))
        )
    if q:
        fields = (appointment.reference, prospect.name, prospect.email, prospect.company_name)
        query = query.where(or_(*(field.icontains(q, autoescape=True) for field in fields)))
    rows: Sequence[Row[*tuple[object, ...]]] = connection.execute(query).all()
    shown = rows[:limit]
    following = (shown[-1].position, shown[-1].id) if len(rows) > limit else None
    return [_waiting(connection, row) for row in shown], following


_COLUMNS = (
    "id",
    "reference",
    "starts_at",
    "next_due_at",
    "agreement_id",
    "agreement_version",
    "definition_id",
    "definition_version",
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
    )
