"""What parties and the arbiter do in a dispute: open, reply, write, withdraw, decide.

Each takes the appointment in hand first (`commands.in_hand`), so that what has fallen due is settled before. Refuses
whoever is no party of it, a clawback above the return cap or worth more than there is, and an arbiter who opened it or
represents a side.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select

from ledger.domain import disputes as rules
from ledger.domain.disputes import DisputeKind, Position
from ledger.domain.errors import IllegalMove, NotAllowed, Refused, Unknown
from ledger.domain.journal import AccrualKind
from ledger.domain.lifecycle import Event, EventKind, Party, replay
from ledger.domain.outcome import Findings
from ledger.services import commands, dispute_reading, private
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.store import tables as t
from ledger.store.types import new_id


def open_dispute(
    desk: Desk, case: Case, reason: str | None, claim: Findings, message: str | None, actor: Actor, at: datetime
) -> UUID:
    """A contest by the supplier or a clawback by the buyer. Returns the dispute's id.

    A dispute without a reason is one that nobody opens: a preview may leave it out.
    """
    kind = rules.KIND_OF.get(actor.party)
    if kind is None:
        raise NotAllowed("a dispute is opened by one of its parties")
    assert reason is not None or desk.preview, "whoever opens a dispute has a reason"
    if not desk.preview:
        desk.flush()  # what was settled a moment ago counts for the return cap
    dispute_id = new_id()
    month = first_month(desk, case)
    event = rules.opened(
        case.pinned.definition, case.state, kind, reason, claim, at, actor.name, str(dispute_id), month
    )
    if kind is DisputeKind.CLAWBACK:
        _check_takes_back(desk, case, event)
        _check_return_cap(desk, case, month)
    desk.move(case, event)
    if message:
        _write(desk, case, dispute_id, message, actor, at)
    return dispute_id


def first_month(desk: Desk, case: Case) -> int | None:
    """The month (YYYYMM) in which the appointment was first given an amount above zero."""
    accrual = t.accrual.c
    query = select(func.min(accrual.month)).where(
        accrual.appointment_id == case.id, accrual.kind == AccrualKind.OUTCOME.value
    )
    found: int | None = desk.connection.execute(query).scalar_one()
    return desk.accruals.first_month.get(case.id) if found is None else found


def _check_return_cap(desk: Desk, case: Case, month: int | None) -> None:
    """Refuses a clawback when the month's returns, open or upheld, already reach the cap."""
    if month is None:
        return
    dispute, agreement_id = t.dispute.c, case.pinned.agreement_id
    accepted = desk.accruals.taken(agreement_id, month)
    returned = desk.connection.execute(
        select(func.count(func.distinct(dispute.appointment_id))).where(
            dispute.agreement_id == agreement_id,
            dispute.month == month,
            dispute.kind == DisputeKind.CLAWBACK.value,
            or_(dispute.state != "closed", dispute.upheld),
        )
    ).scalar_one()
    if rules.return_cap_reached(case.pinned.definition, accepted, returned):
        raise Refused.by(
            "clawback.return_cap",
            "return_cap_reached",
            f"{returned} of the month's {accepted} appointments were taken back already",
        )


def _check_takes_back(desk: Desk, case: Case, event: Event) -> None:
    """Refuses a clawback whose claim is worth more than what there is: conceded, it would charge the buyer."""
    state = case.state
    claim = rules.claimed(case.pinned.definition, state, event.payload)
    worth = desk.accruals.quote(case, claim.criteria, claim.share or 0, event.effective_at).amount - state.credited
    if 0 < state.amount < worth:
        detail = "the claim is worth more than the appointment; a criterion that it leaves out follows the facts"
        raise Refused.by("claim", "claim_worth_more", detail)


def reply(
    desk: Desk, case: Case, dispute_id: UUID, position: Position, message: str | None, actor: Actor, at: datetime
) -> None:
    """The other side concedes or contests."""
    _check_current(case, dispute_id)
    event = rules.replied(case.pinned.definition, case.state, position, actor.party, at, actor.name)
    desk.move(case, event)
    if message:
        _write(desk, case, dispute_id, message, actor, at)


def write(desk: Desk, case: Case, dispute_id: UUID, message: str, actor: Actor, at: datetime) -> None:
    """A message to the open dispute, for both sides and the arbiter to read."""
    _check_current(case, dispute_id)
    _write(desk, case, dispute_id, message, actor, at)


def withdraw(
    desk: Desk, case: Case, dispute_id: UUID, actor: Actor, at: datetime, *, message: str | None = None
) -> None:
    """The opener takes it back; the verdict's worth is restored."""
    _check_current(case, dispute_id)
    desk.flush()
    events = _events(desk, case)
    opened = max(n for n, event in enumerate(events) if event.kind is EventKind.DISPUTE_OPENED)
    before = replay(events[:opened])
    desk.move(case, rules.withdrawn(case.state, before, actor.party, at, actor.name))
    if message:
        _write(desk, case, dispute_id, message, actor, at)


def _events(desk: Desk, case: Case) -> list[Event]:
    event = t.appointment_event.c
    rows = desk.connection.execute(
        select(t.appointment_event).where(event.appointment_id == case.id).order_by(event.number)
    )
    return [Event(EventKind(row.kind), row.effective_at, row.actor, row.payload) for row in rows]


def decide(
    desk: Desk,
    case: Case,
    dispute_id: UUID,
    decision: Findings | int,
    reason: str,
    actor: Actor,
    at: datetime,
) -> None:
    """The arbiter's decision: findings, or a share of the price in basis points; with a written reason."""
    _check_current(case, dispute_id)
    if not desk.preview:
        desk.flush()
    dispute = desk.connection.execute(select(t.dispute).where(t.dispute.c.id == dispute_id)).one()
    if dispute.actor == actor.name:
        raise NotAllowed("nobody decides a dispute that he opened")
    if actor.organisation_id in (case.pinned.buyer_id, case.pinned.supplier_id):
        raise NotAllowed("nobody decides a dispute whose party he belongs to")
    if case.state.reply_at is not None:
        raise IllegalMove("the other side still has time to reply", code="reply_pending")
    definition, state = case.pinned.definition, case.state
    if isinstance(decision, int):
        event = rules.decided_by_share(definition, state, decision, at, actor.name, reason)
    else:
        event = rules.decided(
            definition, state, decision, Party.OPERATOR, at, actor.name, resolution="decided", reason=reason
        )
    desk.move(case, event)


def _check_current(case: Case, dispute_id: UUID) -> None:
    if rules.open_dispute(case.state)["dispute"] != str(dispute_id):
        raise IllegalMove("the dispute is closed", code="dispute_closed")


def _write(desk: Desk, case: Case, dispute_id: UUID, message: str, actor: Actor, at: datetime) -> None:
    desk.add(
        "dispute_message",
        id=new_id(),
        dispute_id=dispute_id,
        buyer_id=case.pinned.buyer_id,
        supplier_id=case.pinned.supplier_id,
        party=actor.party.value,
        actor=actor.name,
        body=private.sealed_text(desk.key_of(case), message),
        sent_at=at,
    )


def in_hand(desk: Desk, dispute_id: UUID, actor: Actor, at: datetime) -> Case:
    """The dispute's appointment, locked and settled. Raises `Unknown` where the actor has nothing to do with it."""
    dispute = t.dispute.c
    found: UUID | None = desk.connection.execute(
        select(dispute.appointment_id).where(dispute.id == dispute_id, actor.sees(t.dispute))
    ).scalar_one_or_none()
    appointment_id = found or dispute_reading.opened_by_silence(desk.connection, dispute_id, actor.sees, at)
    if appointment_id is None:
        raise Unknown("there is no such dispute")
    return commands.in_hand(desk, appointment_id, actor, at)
