"""An appointment in the shape of the contract, as every answer has it: one, a page of many, or what was just submitted.

Shows what is due as settled, without writing it: a preview desk lets it happen in memory. Instants (UTC
everywhere), identifiers and enums are left to the encoder, which writes them at a tenth of what it costs here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select

from ledger.domain.calendar import Period
from ledger.domain.lifecycle import Appointment
from ledger.domain.outcome import disqualified
from ledger.domain.stage import Billed, deadlines, money_state, schedule_state, stage, verdict_state
from ledger.services.cases import Case
from ledger.services.desk import Desk
from ledger.store import tables as t
from ledger.store.lookups import line_of_accrual
from ledger.store.prepared import Prepared, among, at_once
from ledger.store.prepared import ids as any_of
from ledger.store.types import in_utc

NOTHING: Final = Billed()
_NO_OFFSET: Final = "+00:00"


class Person(NamedTuple):
    """The columns of a prospect that are shown."""

    name: str | None
    email: str | None
    phone: str | None
    company_name: str | None
    company_domain: str | None
    company_number: str | None
    region: str | None
    facts: Mapping[str, Any]
    consent: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Money:
    """What the books say about one appointment."""

    billed: Billed
    period: str | None
    invoice: UUID | None


UNTOUCHED: Final = Money(NOTHING, None, None)


def render(
    connection: Connection, found: Sequence[Case], now: datetime, people: Sequence[Any] | None = None
) -> list[dict[str, Any]]:
    """The appointments as JSON, in their order; with `people`, the prospect of each if these have been read (None
    where there is none)."""
    if not found:
        return []
    due = {case.pinned.agreement_id for case in found if is_due(case.state, now) or case.state.replacement_at}
    desk = Desk(connection, now, preview=True)
    if due:
        desk.take(found)
        desk.fetch_due(now, due)
        desk.settle(now)
    ids = [case.id for case in found]
    terms = {id(case.pinned): case.pinned for case in found}.values()
    parties = {each for pinned in terms for each in (pinned.supplier_id, pinned.buyer_id)}
    asked = [(_MONEY, {"ids": ids}), (_SLUGS, {"ids": list(parties)})]
    if people is None:
        asked.append((_PEOPLE, {"ids": ids}))
    accrued, organisations, *prospects = at_once(connection, asked)
    if people is None:
        by_appointment = {row.appointment_id: row for row in prospects[0]}
        people = [by_appointment.get(each) for each in ids]
    money, slugs = _money(accrued), {row.id: row.slug for row in organisations}
    for identity, (_at, month) in desk.accruals.newest.items():
        before = money.get(identity, UNTOUCHED)
        money[identity] = replace(before, period=max(before.period or "", str(Period.from_number(month))))
    booked = [money.get(each, UNTOUCHED) for each in ids] if money else [UNTOUCHED] * len(ids)
    return [as_json(*each, slugs, now) for each in zip(found, people, booked, strict=True)]


def is_due(state: Appointment, now: datetime) -> bool:
    due = state.next_due_at
    return due is not None and due <= now


_PEOPLE = Prepared(
    select(t.prospect.c.appointment_id, *(t.prospect.c[name] for name in Person._fields)).where(
        among(t.prospect.c.appointment_id, any_of("ids"))
    )
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
        "id": case.id,
        "reference": case.reference,
        "supplier": slugs[pinned.supplier_id],
        "buyer": slugs[pinned.buyer_id],
        "definition": {
            "slug": definition.slug,
            "version": pinned.definition_version,
            "hash": pinned.definition_hash,
        },
        "agreement": {"id": pinned.agreement_id, "version": pinned.agreement_version},
        "stage": stage(definition, state, billed, now),
        "outcome": state.outcome,
        "schedule": {
            "state": schedule_state(state, now),
            "slots": [{"starts_at": slot.starts_at, "ends_at": slot.ends_at} for slot in state.slots],
        },
        "qualification": _qualification(case, person),
        "attendance": {"finding": state.attendance, "minutes": state.minutes},
        "verdict": {
            "state": verdict_state(state, now),
            "by": state.verdict_by,
            "effective_at": state.verdict_at,
        },
        "money": {
            "state": money_state(state, billed),
            "price": state.price,
            "share": state.share,
            "amount": state.amount,
            "currency": definition.currency,
            "period": money.period,
            "invoice": money.invoice,
            "replaces": state.replaces_id,
            "replaced_by": state.replaced_by_id,
        },
        "deadlines": [{"kind": kind, "at": at} for kind, at in deadlines(definition, state, now)],
        "prospect": _prospect(person),
        "channel": case.channel,
        "source": case.source,
        "facts": {} if person is None else person.facts,
        "consent": None if person is None else _consent(person.consent),
        "version": state.version,
        "created_at": case.created_at,
        "effective_at": state.submitted_at,
    }


def _qualification(case: Case, person: Any) -> dict[str, Any]:
    definition, found = case.pinned.definition, case.state.criteria
    facts = {} if person is None else person.facts
    return {
        "state": "disqualified" if disqualified(definition, found) else "qualified",
        "criteria": [{"id": c.id, "finding": found[c.id], "value": facts.get(c.fact)} for c in definition.criteria],
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
    captured_at: Any = consent.get("captured_at") or None
    if captured_at is not None:
        if captured_at.endswith(_NO_OFFSET):  # as it is kept: it need not be read to be written again
            captured_at = f"{captured_at.removesuffix(_NO_OFFSET)}Z"
        else:
            captured_at = in_utc(datetime.fromisoformat(captured_at))
    return {**consent, "captured_at": captured_at}
