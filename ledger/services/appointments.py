"""Appointments as parties see them: one, a page of many, and the events behind one.

Reads show what is due as settled, without writing it: a preview desk lets it happen in memory. Somebody else's
appointment is not found. Lists are keyset pages, newest first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select, true

from ledger.domain.calendar import Period
from ledger.domain.lifecycle import Appointment, Verdict
from ledger.domain.stage import (
    Billed,
    Stage,
    deadlines,
    money_state,
    schedule_state,
    stage,
    verdict_state,
)
from ledger.services import cases
from ledger.services.cases import Case
from ledger.services.desk import Desk
from ledger.services.matching import calendar_of
from ledger.store import tables as t
from ledger.store.lookups import line_of_accrual
from ledger.store.prepared import Prepared, among, at_once
from ledger.store.prepared import ids as any_of

NOTHING = Billed()
_NO_OFFSET = "+00:00"


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


@dataclass(frozen=True, slots=True)
class Money:
    """What the books say about one appointment."""

    billed: Billed
    period: str | None
    invoice: UUID | None


UNTOUCHED = Money(NOTHING, None, None)


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
    if _is_due(case.state, now):
        (shown,) = render(connection, [case], now)
        return shown
    return as_json(case, SimpleNamespace(**person), UNTOUCHED, slugs, now)


def page(
    connection: Connection,
    sees: ColumnElement[bool],
    filters: Filters,
    now: datetime,
    *,
    limit: int,
    after: UUID | None = None,
) -> tuple[list[dict[str, Any]], UUID | None]:
    """Up to `limit` appointments older than `after`, newest first, and the id to go on after (None: no more)."""
    items: list[dict[str, Any]] = []
    while True:
        found = _load_page(connection, and_(sees, _condition(filters, now)), limit, after)
        rendered = render(connection, found, now)
        for position, item in enumerate(rendered):
            if filters.stage is None or item["stage"] == filters.stage.value:
                items.append(item)
                if len(items) == limit:
                    more = position + 1 < len(rendered) or len(found) == limit
                    return items, found[position].id if more else None
        if len(found) < limit:
            return items, None
        after = found[-1].id


def _load_page(connection: Connection, condition: ColumnElement[bool], limit: int, after: UUID | None) -> list[Case]:
    appointment = t.appointment.c
    if after is not None:
        condition = and_(condition, appointment.id < after)
    return cases.load(connection, condition, newest=limit)


def instant(value: datetime | None) -> str | None:
    """RFC 3339 in UTC with Z, as every answer writes it."""
    if value is None:
        return None
    return _with_z((value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat())


def _with_z(written: str) -> str:
    """An instant in UTC that is written with its offset."""
    return f"{written.removesuffix(_NO_OFFSET)}Z"


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
        exists().where(
            prospect.appointment_id == appointment.id,
            or_(
                prospect.name.icontains(text, autoescape=True),
                prospect.email.icontains(text, autoescape=True),
                prospect.company_name.icontains(text, autoescape=True),
            ),
        ),
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


def render(connection: Connection, found: Sequence[Case], now: datetime) -> list[dict[str, Any]]:
    """The appointments as JSON, in their order."""
    if not found:
        return []
    due = {case.pinned.agreement_id for case in found if _is_due(case.state, now) or case.state.replacement_at}
    desk = Desk(connection, now, preview=True)
    if due:
        desk.take(found)
        desk.fetch_due(now, due)
        desk.settle(now)
    ids = [case.id for case in found]
    parties = {each for case in found for each in (case.pinned.supplier_id, case.pinned.buyer_id)}
    asked = [(_PEOPLE, {"ids": ids}), (_MONEY, {"ids": ids}), (_SLUGS, {"ids": list(parties)})]
    prospects, accrued, organisations = at_once(connection, asked)
    people, money = {row.appointment_id: row for row in prospects}, _money(accrued)
    slugs = {row.id: row.slug for row in organisations}
    for identity, (_at, month) in desk.accruals.newest.items():
        before = money.get(identity, UNTOUCHED)
        money[identity] = replace(before, period=max(before.period or "", str(Period.from_number(month))))
    return [as_json(case, people.get(case.id), money.get(case.id, UNTOUCHED), slugs, now) for case in found]


def _is_due(state: Appointment, now: datetime) -> bool:
    return state.next_due_at is not None and state.next_due_at <= now


_PERSON = (
    "appointment_id",
    "name",
    "email",
    "phone",
    "company_name",
    "company_domain",
    "company_number",
    "region",
    "facts",
    "consent",
)
_PEOPLE = Prepared(
    select(*(t.prospect.c[name] for name in _PERSON)).where(among(t.prospect.c.appointment_id, any_of("ids")))
)
_SLUGS = Prepared(select(t.organisation.c.id, t.organisation.c.slug).where(among(t.organisation.c.id, any_of("ids"))))
_MONEY = Prepared(
    select(
        t.accrual.c.appointment_id,
        t.accrual.c.amount,
        t.accrual.c.state,
        t.accrual.c.month,
        t.document.c.id.label("document_id"),
        t.document.c.kind.label("document_kind"),
        t.document.c.period,
    )
    .outerjoin(t.document_line, line_of_accrual())
    .outerjoin(t.document, t.document.c.id == t.document_line.c.document_id)
    .where(among(t.accrual.c.appointment_id, any_of("ids")))
    .order_by(t.accrual.c.effective_at, t.accrual.c.id)
)


def _money(accrued: Iterable[Any]) -> dict[UUID, Money]:
    """What has been accrued and put on documents, by appointment."""
    found: dict[UUID, Money] = {}
    for row in accrued:
        before = found.get(row.appointment_id, UNTOUCHED)
        billed, document_id = before.billed, before.invoice
        waits = row.document_id is None and row.state == "open" and row.amount > 0
        if row.document_id is not None and row.document_kind != "credit_note":
            document_id = row.document_id
        found[row.appointment_id] = Money(
            Billed(
                invoiced=billed.invoiced + (row.amount if row.document_id is not None else 0),
                uninvoiced=billed.uninvoiced + (row.amount if waits else 0),
                ever_accrued=True,
                on_a_document=billed.on_a_document or row.document_id is not None,
            ),
            str(Period.from_number(row.period or row.month)),
            document_id,
        )
    return found


def as_json(case: Case, person: Any, money: Money, slugs: Mapping[UUID, str], now: datetime) -> dict[str, Any]:
    """The appointment in the shape of the contract."""
    pinned, state = case.pinned, case.state
    definition = pinned.definition
    billed = money.billed
    due_amount = state.amount - billed.invoiced - billed.uninvoiced - state.held
    if due_amount > 0:  # what a preview has let accrue is not in the books yet
        billed = Billed(billed.invoiced, billed.uninvoiced + due_amount, True, billed.on_a_document)
    return {
        "id": str(case.id),
        "reference": case.reference,
        "supplier": slugs[pinned.supplier_id],
        "buyer": slugs[pinned.buyer_id],
        "definition": {
            "slug": definition.slug,
            "version": pinned.definition_version,
            "hash": pinned.definition_hash,
        },
        "agreement": {"id": str(pinned.agreement_id), "version": pinned.agreement_version},
        "stage": stage(definition, state, billed, now).value,
        "outcome": None if state.outcome is None else state.outcome.value,
        "schedule": {
            "state": schedule_state(state, now),
            "slots": [{"starts_at": instant(slot.starts_at), "ends_at": instant(slot.ends_at)} for slot in state.slots],
        },
        "qualification": _qualification(case, person),
        "attendance": {"finding": state.attendance.value, "minutes": state.minutes},
        "verdict": {
            "state": verdict_state(state, now),
            "by": state.verdict_by,
            "effective_at": instant(state.verdict_at),
        },
        "money": {
            "state": money_state(state, billed).value,
            "price": state.price,
            "share": state.share,
            "amount": state.amount,
            "currency": definition.currency,
            "period": money.period,
            "invoice": None if money.invoice is None else str(money.invoice),
            "replaces": _identity(state.replaces_id),
            "replaced_by": _identity(state.replaced_by_id),
        },
        "deadlines": [{"kind": kind, "at": instant(at)} for kind, at in deadlines(definition, state, now)],
        "prospect": _prospect(person),
        "channel": case.channel,
        "source": case.source,
        "facts": {} if person is None else person.facts,
        "consent": None if person is None else _consent(person.consent),
        "version": state.version,
        "created_at": instant(case.created_at),
        "effective_at": instant(state.submitted_at),
    }


def _identity(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _qualification(case: Case, person: Any) -> dict[str, Any]:
    definition, state = case.pinned.definition, case.state
    facts = {} if person is None else person.facts
    return {
        "state": "qualified" if cases.is_qualified(case) else "disqualified",
        "criteria": [
            {"id": c.id, "finding": state.criteria[c.id].value, "value": facts.get(c.fact)} for c in definition.criteria
        ],
    }


def _prospect(person: Any) -> dict[str, Any] | None:
    if person is None:
        return None
    return {
        "name": person.name,
        "email": person.email,
        "phone": person.phone,
        "company": {
            "name": person.company_name,
            "domain": person.company_domain,
            "number": person.company_number,
        },
        "region": person.region,
    }


def _consent(consent: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if consent is None:
        return None
    captured_at = consent.get("captured_at") or None
    if captured_at is not None:
        in_utc = captured_at.endswith(_NO_OFFSET)  # as it is kept: it need not be read to be written again
        captured_at = _with_z(captured_at) if in_utc else instant(datetime.fromisoformat(captured_at))
    return {**consent, "captured_at": captured_at}
