"""What findings, a cancellation, silence or a dispute would bring, before anybody says so.

Each answer is the real command on a desk that writes nothing, so that what a person is shown before the click is what
the click brings, refusals included.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_

from ledger.domain.disputes import Position
from ledger.domain.errors import Refusal
from ledger.domain.lifecycle import Party
from ledger.domain.outcome import Findings
from ledger.domain.terms import Outcome
from ledger.services import cases, commands, disputes
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.store import tables as t

CONCEDE = Position.CONCEDE


@dataclass(frozen=True, slots=True)
class Worth:
    """`amount` in minor units; `waits_until` where it accrues only then (a no-show that can be rebooked).

    `disputed`: a dispute opens with it, and the amount is what is owed meanwhile. `refusal` says why it cannot be: then
    the rest is empty. `outcome` is None where silence leaves it open.
    """

    amount: int = 0
    price: int | None = None
    share: int | None = None
    outcome: Outcome | None = None
    waits_until: datetime | None = None
    disputed: bool = False
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Prospects:
    """What a dispute would do: hold `held` until it ends, and leave `amount` if its claim is upheld.

    `replacement_at` where the supplier would owe a replacement until then, and the amount stays that long. `refusal`
    says why it cannot be opened: then the rest is empty.
    """

    held: int = 0
    amount: int = 0
    outcome: Outcome | None = None
    reply_at: datetime | None = None
    replacement_at: datetime | None = None
    refusal: Refusal | None = None


def as_settled(connection: Connection, appointment_id: UUID, sees: ColumnElement[bool], now: datetime) -> Case | None:
    """The appointment with what is due as settled, or None where there is none to see. Nothing is written."""
    found = cases.load(connection, and_(t.appointment.c.id == appointment_id, sees))
    if not found:
        return None
    desk = Desk(connection, now, preview=True)
    desk.take(found)
    if found[0].state.next_due_at is not None and found[0].state.next_due_at <= now:
        desk.settle(now, agreement_id=found[0].pinned.agreement_id)
    return found[0]


def of_findings(connection: Connection, case: Case, findings: Findings, actor: Actor, now: datetime) -> Worth:
    """What the buyer's findings would bring now."""
    return _tried(connection, case, now, lambda desk, twin: commands.give_findings(desk, twin, findings, actor, now))


def of_cancellation(connection: Connection, case: Case, by: Party, actor: Actor, now: datetime) -> Worth:
    """What a cancellation would bring now."""
    return _tried(connection, case, now, lambda desk, twin: commands.cancel(desk, twin, by, actor, now, ""))


def of_silence(connection: Connection, case: Case) -> Worth:
    """What happens at the deadline if nobody says anything."""
    at = case.state.findings_at
    assert at is not None, "an appointment that awaits findings has their deadline"
    return _tried(connection, case, at, lambda desk, _twin: desk.settle(at))


def of_decision(
    connection: Connection, case: Case, dispute_id: UUID, decision: Findings | int, actor: Actor, now: datetime
) -> Worth:
    """What the arbiter's decision would bring now."""
    return _tried(
        connection, case, now, lambda desk, twin: disputes.decide(desk, twin, dispute_id, decision, "", actor, now)
    )


def of_concession(connection: Connection, case: Case, dispute_id: UUID, actor: Actor, now: datetime) -> Worth:
    """What conceding would bring now."""
    return _tried(
        connection, case, now, lambda desk, twin: disputes.reply(desk, twin, dispute_id, CONCEDE, None, actor, now)
    )


def of_opening(
    connection: Connection, case: Case, reason: str | None, claim: Findings, actor: Actor, now: datetime
) -> Prospects:
    """What a contest or clawback would do now, and what it comes to if the other side concedes it."""
    desk, twin = Desk(connection, now, preview=True), replace(case)
    desk.take((twin,))
    other = replace(actor, party=Party.BUYER if actor.party is Party.SUPPLIER else Party.SUPPLIER)
    try:
        dispute_id = disputes.open_dispute(desk, twin, reason, claim, None, actor, now)
        held, reply_at = twin.state.held, twin.state.reply_at
        disputes.reply(desk, twin, dispute_id, CONCEDE, None, other, now)
    except Refusal as refusal:
        return Prospects(refusal=refusal)
    state = twin.state
    return Prospects(held, state.amount, state.outcome, reply_at, state.replacement_at)


def _tried(connection: Connection, case: Case, at: datetime, act: Callable[[Desk, Case], object]) -> Worth:
    desk, twin = Desk(connection, at, preview=True), replace(case)
    desk.take((twin,))
    try:
        act(desk, twin)
    except Refusal as refusal:
        return Worth(refusal=refusal)
    state = twin.state
    amount, price, waits_until = state.amount, state.price, state.rebooking_at
    if waits_until is not None:
        later = desk.accruals.quote(twin, state.criteria, state.share or 0, waits_until)
        amount, price = later.amount, later.price
    return Worth(amount, price, state.share, state.outcome, waits_until if state.share else None, state.disputed)
