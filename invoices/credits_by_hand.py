"""Credits outside a dispute: finance gives back parts of lines, and above a limit somebody else has to agree.

Owns the request and its grant. A credit is weighed with what the same person gave alone on that document before, so
that a large one cannot be split. Refuses more than is left of a line, lines whose dispute is still open, and, in the
database too, one's own approval. Appointments remember what was given back: a later decision counts on top of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Connection, cast, func, insert, select

from invoices import giving_back
from invoices.credit_notes import issue_credit_note
from invoices.giving_back import Charged
from ledger.domain.calendar import Period
from ledger.domain.errors import Conflict, IllegalMove, NotAllowed, Refused, Unknown, Violation
from ledger.domain.lifecycle import Event, EventKind
from ledger.domain.money import Money, exponent
from ledger.services import cases, chain
from ledger.services.contracts import pin_many, timelines
from ledger.services.desk import Desk
from ledger.store import tables as t
from ledger.store.types import new_id


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to give back of a line: by its number or its appointment's reference; None is what is left of it."""

    line: int | None
    appointment: str | None
    amount: Money | int | None


def ask(
    connection: Connection,
    document_id: UUID,
    wanted: Sequence[Wanted] | None,
    reason: str,
    *,
    limit: int,
    person: str,
    now: datetime,
) -> UUID:
    """Asks for a credit and, within `limit` (major units), grants it at once. The id of the request.

    Raises `Unknown`, `IllegalMove` or `Refused`. Without `wanted`, everything that is left is given back.
    """
    row = giving_back.original(connection, document_id)
    if row.kind == "credit_note":
        raise IllegalMove("a credit note gives back already", code="not_creditable")
    desk = _desk(connection, document_id, now)
    amounts = _resolved(giving_back.charged_lines(connection, document_id), wanted, row.currency)
    total = sum(amounts.values())
    own_limit = max(0, limit * 10 ** exponent(row.currency) - _given_alone(connection, document_id, person))
    request_id = new_id()
    connection.execute(
        insert(t.credit_request),
        {
            "id": request_id,
            "buyer_id": row.buyer_id,
            "supplier_id": row.supplier_id,
            "document_id": document_id,
            "lines": [{"line": number, "amount": amount} for number, amount in amounts.items()],
            "amount": total,
            "own_limit": own_limit,
            "over_limit": total > own_limit,
            "currency": row.currency,
            "reason": reason,
            "requested_by": person,
            "requested_at": now,
        },
    )
    if total <= own_limit:
        _grant(desk, request_id, row, amounts, reason, person, person, now)
    return request_id


def approve(connection: Connection, request_id: UUID, *, person: str, now: datetime) -> None:
    """The second pair of eyes: issues the credit note. Raises `NotAllowed` to whoever asked for it."""
    request, grant = t.credit_request.c, t.credit_grant.c
    asked = connection.execute(select(t.credit_request).where(request.id == request_id)).one_or_none()
    if asked is None:
        raise Unknown("there is no such credit")
    row = giving_back.original(connection, asked.document_id)
    if connection.execute(select(grant.request_id).where(grant.request_id == request_id)).first() is not None:
        raise Conflict("the credit was granted before", code="already_granted")
    if person == asked.requested_by:
        raise NotAllowed("a credit above the limit needs somebody else's approval", code="four_eyes")
    desk = _desk(connection, row.id, now)
    wanted = [Wanted(each["line"], None, each["amount"]) for each in asked.lines]
    amounts = _resolved(giving_back.charged_lines(connection, row.id), wanted, row.currency)
    _grant(desk, request_id, row, amounts, asked.reason, asked.requested_by, person, now)


def _desk(connection: Connection, document_id: UUID, now: datetime) -> Desk:
    """A desk with the document's agreements locked, and what is due on them settled."""
    desk = Desk(connection, now)
    agreement_ids = giving_back.agreements_of(connection, document_id)
    desk.lock(agreement_ids)
    for agreement_id in agreement_ids:
        desk.settle(now, agreement_id=agreement_id)
    desk.flush()
    return desk


def _resolved(charged: Mapping[int, Charged], wanted: Sequence[Wanted] | None, currency: str) -> dict[int, int]:
    """Amounts by line. Raises `Refused` with every line that cannot be credited so."""
    if wanted is None:
        amounts = {number: each.left for number, each in charged.items() if each.left}
        if not amounts:
            raise Refused.by("lines", "nothing_left", "everything was given back already")
        return amounts
    by_reference: dict[str, list[int]] = {}
    for number, each in charged.items():
        by_reference.setdefault(each.accrual["reference"] or "", []).append(number)
    amounts, violations = {}, []
    for place, one in enumerate(wanted):
        numbers = by_reference.get(one.appointment, []) if one.appointment else [one.line or 0]
        fault, number = None, numbers[0] if numbers else 0
        left = charged[number].left if number in charged else 0
        amount = left if one.amount is None else one.amount
        minor = amount if isinstance(amount, int) else amount.amount
        if number not in charged:
            fault = ("no_such_line", "the document has no such line")
        elif len(numbers) > 1:
            fault = ("ambiguous_line", f"{one.appointment} is on lines {', '.join(map(str, numbers))}")
        elif number in amounts:
            fault = ("line_twice", f"line {number} is named twice")
        elif isinstance(amount, Money) and amount.currency != currency:
            fault = ("currency_differs", f"the amount must be in {currency}")
        elif not 0 < minor <= left:
            fault = ("beyond_line", f"{Money(left, currency)} is left of line {number}")
        if fault is None:
            amounts[number] = minor
        else:
            violations.append(Violation(f"lines/{place}", *fault))
    if violations or not amounts:
        raise Refused(violations or [Violation("lines", "no_lines", "name a line, or leave the lines out")])
    return amounts


def _given_alone(connection: Connection, document_id: UUID, person: str) -> int:
    """What this person has given back of the document without a second pair of eyes."""
    request, grant = t.credit_request.c, t.credit_grant.c
    query = (
        select(cast(func.coalesce(func.sum(request.amount), 0), BigInteger))
        .join_from(t.credit_request, t.credit_grant, grant.request_id == request.id)
        .where(request.document_id == document_id, grant.granted_by == person, grant.requested_by == person)
    )
    return int(connection.execute(query).scalar_one())


def _grant(
    desk: Desk,
    request_id: UUID,
    row: Any,
    amounts: Mapping[int, int],
    reason: str,
    asked_by: str,
    granted_by: str,
    now: datetime,
) -> None:
    connection = desk.connection
    charged = giving_back.charged_lines(connection, row.id)
    chosen = [(charged[number], amount) for number, amount in amounts.items()]
    _lower(desk, row, chosen, request_id, reason, granted_by, now)
    given = giving_back.give_back(connection, desk.postings, chosen, zones_of(connection, row.id, now), now)
    desk.flush()
    note = issue_credit_note(
        connection,
        row.id,
        given.condition(),
        Period.of(now, row.content["time_zone"]),
        once_per_run=None,
        run_id=None,
        chain_head=chain.head(connection),
        now=now,
    )
    assert note is not None, "there are credits to take"
    connection.execute(
        insert(t.credit_grant),
        {
            "request_id": request_id,
            "buyer_id": row.buyer_id,
            "supplier_id": row.supplier_id,
            "document_id": note.id,
            "requested_by": asked_by,
            "over_limit": asked_by != granted_by,
            "granted_by": granted_by,
            "granted_at": now,
        },
    )


def _lower(
    desk: Desk,
    row: Any,
    chosen: Sequence[tuple[Charged, int]],
    request_id: UUID,
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    """Takes the credits off their appointments. Raises `IllegalMove` where a dispute or a promise is still open."""
    by_appointment: dict[UUID, int] = {}
    for charged, amount in chosen:
        identity = charged.accrual["appointment_id"]
        if identity is not None:
            by_appointment[identity] = by_appointment.get(identity, 0) + amount
    desk.take(cases.load_many(desk.connection, by_appointment))
    for identity, amount in by_appointment.items():
        case = desk.cases[identity]
        if case.state.disputed or case.state.replacement_at is not None:
            raise IllegalMove(f"{case.reference} is disputed; its decision gives back what is due", code="disputed")
        money = {"amount": case.state.amount - amount, "credited": case.state.credited + amount}
        payload = {"money": money, "reason": reason, "document": str(row.id), "credit": str(request_id)}
        desk.move(case, Event(EventKind.CREDITED, now, actor, payload))


def zones_of(connection: Connection, document_id: UUID, now: datetime) -> dict[UUID, str]:
    """The zones of the definitions that the document's agreements are about."""
    known = timelines(connection, giving_back.agreements_of(connection, document_id))
    counting = [(each, versions) for each in known.values() if (versions := each.versions_at(now)) is not None]
    terms = pin_many(connection, counting)
    return {each.agreement_id: each.definition.time_zone for each in terms}
