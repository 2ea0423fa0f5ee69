"""What people see of an appointment, derived from its axes, its money and the time of the look.

Owns `stage`, `money_state` and the deadlines that still run. Nothing here is stored as the truth; reads of what
is due but unsettled go through `services` first.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import itemgetter

from ledger.domain.lifecycle import Appointment, CriterionFinding, Schedule, Verdict
from ledger.domain.terms import CriterionKind, Definition


class Stage(StrEnum):
    DISPUTED = "disputed"
    CAN_BE_REBOOKED = "can_be_rebooked"
    BOOKED = "booked"
    AWAITING_FINDINGS = "awaiting_findings"
    CREDITED = "credited"
    INVOICED = "invoiced"
    CONTESTABLE = "contestable"
    BILLABLE = "billable"
    NOT_BILLABLE = "not_billable"


class MoneyState(StrEnum):
    HELD = "held"
    ACCRUED = "accrued"
    CREDITED = "credited"
    INVOICED = "invoiced"
    REVERSED = "reversed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Billed:
    """What the documents say about an appointment: charged on lines so far, and its accruals not yet on one."""

    invoiced: int = 0
    uninvoiced: int = 0
    ever_accrued: bool = False
    on_a_document: bool = False


def money_state(state: Appointment, billed: Billed) -> MoneyState:
    if state.held > 0:
        return MoneyState.HELD
    if billed.uninvoiced > 0:
        return MoneyState.ACCRUED
    if billed.on_a_document:
        return MoneyState.INVOICED if state.amount > 0 else MoneyState.CREDITED
    return MoneyState.REVERSED if billed.ever_accrued and state.amount == 0 else MoneyState.NONE


def schedule_state(state: Appointment, now: datetime) -> str:
    if state.schedule is Schedule.BOOKED and now >= state.slots[-1].starts_at:
        return "occurred"
    return state.schedule


def contestable(definition: Definition, state: Appointment, now: datetime) -> bool:
    """Whether the supplier can still contest: less than the whole, or a bonus that the facts meet was refuted.

    A replacement is worth nothing whatever its bonuses: there is nothing to contest.
    """
    if state.contest_at is None or now >= state.contest_at or state.replaces_id is not None:
        return False
    if state.verdict not in (Verdict.GIVEN, Verdict.DEEMED):
        return False
    if (state.share or 0) < 10000:
        return True
    refuted = CriterionFinding.REFUTED
    return any(
        c.kind is CriterionKind.BONUS and state.claims.get(c.id) and state.criteria.get(c.id) is refuted
        for c in definition.criteria
    )


def stage(definition: Definition, state: Appointment, billed: Billed, now: datetime) -> Stage:
    """The first that is true, in the order of the rulebook, section 3."""
    if state.disputed:
        return Stage.DISPUTED
    if state.rebooking_at is not None and now < state.rebooking_at and state.verdict is not Verdict.PENDING:
        return Stage.CAN_BE_REBOOKED
    if state.verdict is Verdict.PENDING:
        return Stage.BOOKED if now < state.slots[-1].starts_at else Stage.AWAITING_FINDINGS
    money = money_state(state, billed)
    if money is MoneyState.CREDITED:
        return Stage.CREDITED
    if money is MoneyState.INVOICED:
        return Stage.INVOICED
    if contestable(definition, state, now):
        return Stage.CONTESTABLE
    return Stage.BILLABLE if state.amount > 0 else Stage.NOT_BILLABLE


def verdict_state(state: Appointment, now: datetime) -> str:
    """`final` once every window is over and no dispute is open; else the stored state of the verdict."""
    at = final_at(state)
    return state.verdict if at is None or now < at else "final"


def final_at(state: Appointment) -> datetime | None:
    """When every window will be over if nobody moves; None while a verdict or a decision is awaited."""
    if state.verdict in (Verdict.PENDING, Verdict.CONTESTED):
        return None
    ends = (state.verdict_at, state.rebooking_at, state.contest_at, state.clawback_at, state.replacement_at)
    return max(at for at in ends if at is not None)


def deadlines(definition: Definition, state: Appointment, now: datetime) -> list[tuple[str, datetime]]:
    """What runs, soonest first: the kind and the instant."""
    if state.verdict is Verdict.PENDING:
        awaited = state.findings_at
        return [("findings", awaited)] if awaited is not None and now < awaited else []
    running = [("rebooking", state.rebooking_at)]
    if contestable(definition, state, now):
        running.append(("contest", state.contest_at))
    if (state.amount > 0 or state.replaces_id is not None) and not state.disputed:
        running.append(("clawback", state.clawback_at))
    running += [("reply", state.reply_at), ("decision", state.decision_at), ("replacement", state.replacement_at)]
    stands = [(kind, at) for kind, at in running if at is not None and (now < at or kind == "decision")]
    return sorted(stands, key=itemgetter(1))
