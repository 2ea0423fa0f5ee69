"""Appointments as parties see them: one, a page of many, or the one that was just submitted.

Somebody else's appointment is not found. Lists are keyset pages, newest first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Integer, and_, bindparam, exists, or_, select, true

from ledger.domain.lifecycle import Verdict
from ledger.domain.stage import Stage
from ledger.services import cases
from ledger.services.access import PARTIES, Principal, owned, visible
from ledger.services.cases import Case
from ledger.services.matching import calendar_of
from ledger.services.showing import UNTOUCHED, Person, as_json, is_due, render
from ledger.store import tables as t
from ledger.store.lookups import line_of_accrual
from ledger.store.prepared import Prepared


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None means everything. `q` matches the reference, name, e-mail or company."""

    stage: Stage | None = None
    supplier: str | None = None
    buyer: str | None = None
    definition: str | None = None
    source: str | None = None
    channel: str | None = None
    from_: datetime | None = None
    to: datetime | None = None
    due_before: datetime | None = None
    q: str | None = None


EVERYTHING: Final = Filters()


def one(
    connection: Connection, appointment_id: UUID, sees: ColumnElement[bool], now: datetime
) -> dict[str, Any] | None:
    """The appointment as JSON, or None where there is none to see."""
    found = cases.load(connection, and_(t.appointment.c.id == appointment_id, sees))
    if not found:
        return None
    return {**render(connection, found, now)[0], "calendar": calendar_of(connection, appointment_id)}


def submitted(
    connection: Connection, case: Case, person: Mapping[str, Any], slugs: Mapping[UUID, str], now: datetime
) -> dict[str, Any]:
    """The appointment that was written a moment ago, as JSON, without reading it again."""
    if is_due(case.state, now):
        (shown,) = render(connection, [case], now)
        return shown
    return as_json(case, SimpleNamespace(**person), UNTOUCHED, slugs, now)


def page(
    connection: Connection,
    principal: Principal,
    filters: Filters,
    now: datetime,
    *,
    limit: int,
    after: UUID | None = None,
    within: Sequence[ColumnElement[bool]] = (),
) -> tuple[list[dict[str, Any]], UUID | None]:
    """Up to `limit` appointments older than `after` that are theirs to see, newest first, `within` what else a caller
    asks of them; and the id to go on after (None: no more)."""
    items: list[dict[str, Any]] = []
    read = partial(_everything, connection, principal)
    if within or filters != EVERYTHING:
        read = partial(_narrowed, connection, principal, and_(_condition(filters, now), *within))
    while True:
        columns = read(limit, after)
        found = cases.of(connection, columns)
        rendered = render(connection, found, now, _people(columns))
        for position, item in enumerate(rendered):
            if filters.stage is None or item["stage"] == filters.stage:
                items.append(item)
                if len(items) == limit:
                    more = position + 1 < len(rendered) or len(found) == limit
                    return items, found[position].id if more else None
        if len(found) < limit:
            return items, None
        after = found[-1].id


_Columns = Mapping[str, Sequence[Any]]
_LISTED: Final = (
    cases.LOADED.add_columns(*(t.prospect.c[name] for name in Person._fields))
    .outerjoin(t.prospect, t.prospect.c.appointment_id == t.appointment.c.id)
    .order_by(t.appointment.c.id.desc())
)
"""Appointments, each with its prospect."""


def _prepared(whose: str | None, *, later: bool) -> Prepared:
    conditions = [] if whose is None else [owned(t.appointment, whose, bindparam("own"))]
    if later:
        conditions.append(t.appointment.c.id < bindparam("after"))
    return Prepared(_LISTED.where(*conditions).limit(bindparam("limit", type_=Integer)))


_WHOSE: Final = (None, *PARTIES)
_FIRST: Final = {whose: _prepared(whose, later=False) for whose in _WHOSE}
_LATER: Final = {whose: _prepared(whose, later=True) for whose in _WHOSE}
"""Pages of everything, by the party that asks (None: the operator)."""


def _everything(connection: Connection, principal: Principal, limit: int, after: UUID | None) -> _Columns:
    """The next of all that is theirs to see."""
    whose = None if principal.is_operator else principal.party
    values = {"own": principal.organisation_id, "after": after, "limit": limit}
    return (_FIRST if after is None else _LATER)[whose].columns(connection, values)


def _narrowed(
    connection: Connection, principal: Principal, condition: ColumnElement[bool], limit: int, after: UUID | None
) -> _Columns:
    query = _LISTED.where(visible(principal, t.appointment), condition)
    if after is not None:
        query = query.where(t.appointment.c.id < after)
    return cases.by_column(connection.execute(query.limit(limit)))


def _people(columns: _Columns) -> list[Person | None]:
    """The prospect of each, as far as there is one."""
    if not columns:
        return []
    people = map(Person._make, zip(*map(columns.__getitem__, Person._fields), strict=True))
    facts = columns["facts"]
    return [None if known is None else person for person, known in zip(people, facts, strict=True)]


def _condition(filters: Filters, now: datetime) -> ColumnElement[bool]:
    appointment = t.appointment.c
    conditions: list[ColumnElement[bool]] = [true()]
    if filters.stage is not None:
        conditions.append(or_(_could_be(filters.stage, now), appointment.next_due_at <= now))
    organisation = t.organisation.c
    for slug, column in ((filters.supplier, appointment.supplier_id), (filters.buyer, appointment.buyer_id)):
        if slug is not None:
            conditions.append(column == select(organisation.id).where(organisation.slug == slug).scalar_subquery())
    if filters.definition is not None:
        buyer, _, slug = filters.definition.rpartition(":")
        meant = select(t.definition.c.id).where(t.definition.c.slug == slug)
        if buyer:
            meant = meant.where(t.definition.c.buyer_id.in_(select(organisation.id).where(organisation.slug == buyer)))
        conditions.append(appointment.definition_id.in_(meant))
    if filters.source is not None:
        conditions.append(appointment.source == filters.source)
    if filters.channel is not None:
        conditions.append(appointment.channel == filters.channel)
    if filters.from_ is not None:
        conditions.append(appointment.starts_at >= filters.from_)
    if filters.to is not None:
        conditions.append(appointment.starts_at < filters.to)
    if filters.due_before is not None:
        conditions.append(
            and_(appointment.verdict == Verdict.PENDING.value, appointment.findings_at < filters.due_before)
        )
    if filters.q:
        conditions.append(_matches(filters.q))
    return and_(*conditions)


def _matches(text: str) -> ColumnElement[bool]:
    appointment, prospect, linked = t.appointment.c, t.prospect.c, t.linked_reference.c
    return or_(
        appointment.reference.icontains(text, autoescape=True),
        exists().where(
            linked.buyer_id == appointment.buyer_id,
            linked.appointment_id == appointment.id,
            linked.reference.icontains(text, autoescape=True),
        ),
        *(column.icontains(text, autoescape=True) for column in (prospect.name, prospect.email, prospect.company_name)),
    )


def _could_be(wanted: Stage, now: datetime) -> ColumnElement[bool]:
    """A condition that every appointment in this stage satisfies; what else it lets through is sorted out later."""
    appointment = t.appointment.c
    pending = appointment.verdict == Verdict.PENDING.value
    open_now = {
        Stage.DISPUTED: appointment.verdict == Verdict.CONTESTED.value,
        Stage.CAN_BE_REBOOKED: appointment.rebooking_at > now,
        Stage.BOOKED: and_(pending, appointment.starts_at > now),
        Stage.AWAITING_FINDINGS: and_(pending, appointment.starts_at <= now),
    }
    if wanted in open_now:
        return open_now[wanted]
    invoiced = exists().where(t.accrual.c.appointment_id == appointment.id, line_of_accrual())
    settled = appointment.verdict.in_((Verdict.GIVEN.value, Verdict.DEEMED.value, Verdict.DECIDED.value))
    return {
        Stage.CREDITED: and_(settled, appointment.amount == 0, invoiced),
        Stage.INVOICED: and_(settled, appointment.amount > 0, invoiced),
        Stage.CONTESTABLE: and_(settled, appointment.contest_at > now),
        Stage.BILLABLE: and_(settled, appointment.amount > 0),
        Stage.NOT_BILLABLE: and_(settled, appointment.amount == 0),
    }[wanted]
