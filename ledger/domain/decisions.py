"""What a command does to an appointment: from the terms, the state and the words of a party to an event.

Owns the time rules of findings, cancellations, reschedules, rebookings and silence (rulebook, sections 2 and 3).
Pure: whoever calls has settled what was due before `at`, and prices the event afterwards. Refuses what the
table of moves, a window or the definition does not allow.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ledger.domain.calendar import deadline, format_instant, start_before
from ledger.domain.errors import IllegalMove, NotAllowed, Refused, WindowClosed
from ledger.domain.lifecycle import (
    ABSENCES,
    Appointment,
    CriterionFinding,
    Event,
    EventKind,
    Finding,
    Party,
    Schedule,
    Slot,
    Verdict,
    allowed,
)
from ledger.domain.outcome import Findings, Ruling, rule, rule_cancelled, rule_restored_no_show, rule_silent
from ledger.domain.terms import Anchor, Definition, Outcome, Silence, Span

CONTACT_ATTEMPT = "contact_attempt"
"""The kind of evidence that counts as an attempt to reach a prospect who is not there."""

RULE = "rule"
"""The actor of what happens by rule."""


def span_after(definition: Definition, anchor: datetime, span: Span) -> datetime:
    return deadline(anchor, span, definition.time_zone, definition.calendar)


def anchored(anchor: Anchor, slot: Slot, submitted_at: datetime) -> datetime:
    """Where a window begins: at the slot's end, or from delivery at the later of it and the submission."""
    return max(slot.ends_at, submitted_at) if anchor is Anchor.DELIVERY else slot.ends_at


def findings_deadline(definition: Definition, slot: Slot, submitted_at: datetime) -> datetime:
    """When the buyer's silence takes effect for this slot.

    A window that would be over before the submission, since it is anchored at a slot that was told of later, runs from
    the submission instead: nobody is silent about what he could not know.
    """
    terms = definition.verification
    ends_at = span_after(definition, anchored(terms.anchor, slot, submitted_at), terms.window)
    return ends_at if ends_at > submitted_at else span_after(definition, submitted_at, terms.window)


def clawback_deadline(definition: Definition, state: Appointment) -> datetime:
    """Until when the buyer may claim money back for this slot."""
    terms = definition.clawback
    return span_after(definition, anchored(terms.anchor, state.slot, state.submitted_at), terms.window)


def submitted(
    definition: Definition,
    claims: Mapping[str, bool | None],
    slot: Slot,
    at: datetime,
    actor: str,
    commitment: str,
) -> Event:
    """`commitment` is the salted hash of the personal data, so that erasing the person leaves the chain whole."""
    payload = {
        "slot": [slot.starts_at, slot.ends_at],
        "claims": claims,
        "findings_at": findings_deadline(definition, slot, at),
        "prospect": commitment,
    }
    return Event(EventKind.SUBMITTED, at, actor, payload)


def verdict_payload(
    definition: Definition, state: Appointment, ruling: Ruling, at: datetime, by: Party, *, final: bool = False
) -> dict[str, Any]:
    """A verdict's findings and the windows that begin with it; `final` where a no-show cannot be rebooked any more."""
    criteria: Mapping[str, CriterionFinding] = ruling.criteria
    return {
        "by": by.value,
        "attendance": ruling.attendance.value,
        "minutes": ruling.minutes,
        "criteria": {name: finding.value for name, finding in criteria.items()},
        "outcome": None if ruling.outcome is None else ruling.outcome.value,
        "share": ruling.share,
        "rebooking_at": None if final else rebooking_deadline(definition, state, ruling, at),
        "contest_at": span_after(definition, at, definition.dispute.contest_window),
        "clawback_at": clawback_deadline(definition, state),
    }


def rebooking_deadline(definition: Definition, state: Appointment, ruling: Ruling, at: datetime) -> datetime | None:
    """Until when the supplier may rebook; None where there is nothing to rebook or no time for it.

    The same no-show stated again keeps the clock it has; one that follows an outcome already owed is final, since
    a chain is billed once.
    """
    rebooking = definition.rebooking
    if ruling.outcome is not Outcome.PROSPECT_NO_SHOW or state.rebookings >= rebooking.limit:
        return None
    if state.outcome is Outcome.PROSPECT_NO_SHOW or state.amount > 0:
        return state.rebooking_at
    return None if rebooking.within.is_zero else span_after(definition, at, rebooking.within)


def found(
    definition: Definition, state: Appointment, findings: Findings, at: datetime, actor: str, attempts: int
) -> Event:
    """The buyer's findings. `attempts` counts the contact attempts he has on record for this slot."""
    if not allowed(state, EventKind.FOUND):
        if state.verdict is Verdict.DEEMED and state.verdict_at is not None:
            effective = format_instant(state.verdict_at)
            raise WindowClosed(f"the window for findings closed; silence took effect at {effective}")
        if state.verdict is Verdict.CONTESTED and state.verdict_at is None:
            raise WindowClosed("the window for findings closed; silence brought it to the arbiter")
        raise IllegalMove(
            f"findings are not possible while the appointment is {state.schedule}, its verdict {state.verdict}",
            code="illegal_transition",
        )
    if at < state.slot.starts_at:
        raise IllegalMove("findings are taken from the slot's start", code="too_early")
    if findings.attendance in ABSENCES and at < span_after(
        definition, state.slot.starts_at, definition.attendance.wait
    ):
        raise IllegalMove("an absence can be stated only after the waiting time", code="too_early")
    ruling = rule(definition, state, findings)
    needed = definition.attendance.contact_attempts
    if findings.attendance is Finding.PROSPECT_NO_SHOW and attempts < needed:
        raise Refused.by(
            "attendance.contact_attempts",
            "contact_attempts_missing",
            f"a no-show needs {needed} contact attempts as evidence; {attempts} on record",
        )
    payload = verdict_payload(definition, state, ruling, at, Party.BUYER)
    if findings.note:
        payload["note"] = findings.note
    if findings.notes:
        payload["notes"] = dict(findings.notes)
    return Event(EventKind.FOUND, at, actor, payload)


def cancelled(
    definition: Definition, state: Appointment, by: Party, stated_by: Party, at: datetime, actor: str, reason: str
) -> Event:
    """`by` is who asked; `stated_by` who says so: itself or the prospect, never the other side."""
    if not _may_say(stated_by, by):
        raise NotAllowed(f"the {stated_by} cannot say that the {by} cancelled")
    _movable(state, EventKind.CANCELLED, at)
    if state.rebookings:
        ruling, final = rule_restored_no_show(definition, state), True
    else:
        ruling, final = rule_cancelled(definition, state, _cancellation(definition, state, by, at)), False
    payload = verdict_payload(definition, state, ruling, at, stated_by, final=final)
    return Event(EventKind.CANCELLED, at, actor, {**payload, "asked_by": by.value, "reason": reason})


def _may_say(stated_by: Party, asked_by: Party) -> bool:
    """Who states it names itself or the prospect; the operator, who is no side, any of the three."""
    if asked_by not in (Party.PROSPECT, Party.BUYER, Party.SUPPLIER):
        return False
    return stated_by is Party.OPERATOR or asked_by in (Party.PROSPECT, stated_by)


def _cancellation(definition: Definition, state: Appointment, by: Party, at: datetime) -> Outcome:
    if by is Party.PROSPECT:
        return Outcome.CANCELLED_BY_PROSPECT
    if by is Party.SUPPLIER:
        return Outcome.CANCELLED_BY_SUPPLIER
    late_from = start_before(state.slot.starts_at, definition.late_within, definition.time_zone, definition.calendar)
    return Outcome.CANCELLED_BY_BUYER_LATE if at >= late_from else Outcome.CANCELLED_BY_BUYER


def _movable(state: Appointment, kind: EventKind, at: datetime) -> None:
    if not allowed(state, kind):
        raise IllegalMove(
            f"{kind} is not possible while the appointment is {state.schedule}, its verdict {state.verdict}",
            code="illegal_transition",
        )
    if at >= state.slot.starts_at:
        raise IllegalMove("the slot has started", code="slot_started")


def rescheduled(
    definition: Definition,
    state: Appointment,
    slot: Slot,
    asked_by: Party,
    stated_by: Party,
    at: datetime,
    actor: str,
    reason: str,
) -> Event:
    """Another slot for the same appointment: a reschedule, a mere correction, or the rebooking of a no-show."""
    if not _may_say(stated_by, asked_by):
        raise NotAllowed(f"the {stated_by} cannot say that the {asked_by} asked for it")
    if state.schedule is Schedule.BOOKED and state.verdict is not Verdict.PENDING:
        return _rebooked(definition, state, slot, asked_by, at, actor, reason)
    _movable(state, EventKind.RESCHEDULED, at)
    if slot.starts_at <= at:
        raise Refused.by("reschedule", "slot_in_the_past", "the new slot must start in the future")
    rules = definition.reschedule
    counts = _counts(definition, state, slot)
    if counts:
        if state.reschedules >= rules.limit:
            raise Refused.by("reschedule.limit", "reschedule_limit", f"it may be rescheduled {rules.limit} times")
        if slot.starts_at >= span_after(definition, state.slots[0].starts_at, rules.within):
            raise Refused.by("reschedule.within", "reschedule_too_far", "the new slot is too long after the first one")
    return Event(
        EventKind.RESCHEDULED,
        at,
        actor,
        {**_slot_payload(definition, state, slot, asked_by, reason), "counts": counts},
    )


def _counts(definition: Definition, state: Appointment, slot: Slot) -> bool:
    """Whether the change is a reschedule, not a correction.

    It is measured from the start that was counted last, so that many corrections do not add up to a reschedule.
    """
    last = state.counted_start or state.slots[0].starts_at
    shift = abs(slot.starts_at - last)
    return bool(shift) and shift >= span_after(definition, last, definition.reschedule.counts_from) - last


def can_be_rebooked(state: Appointment, slot: Slot, at: datetime) -> bool:
    """Whether this slot, asked for at `at`, is a rebooking of its no-show: both inside the window."""
    if not allowed(state, EventKind.REBOOKED) or state.rebooking_at is None:
        return False
    return at < slot.starts_at < state.rebooking_at


def _rebooked(
    definition: Definition, state: Appointment, slot: Slot, asked_by: Party, at: datetime, actor: str, reason: str
) -> Event:
    if not allowed(state, EventKind.REBOOKED):
        raise IllegalMove("a disputed appointment cannot be rebooked", code="disputed")
    if state.rebooking_at is None or at >= state.rebooking_at:
        raise WindowClosed("there is no no-show that can still be rebooked", code="rebooking_closed")
    if slot.starts_at <= at:
        raise Refused.by("rebooking.within", "slot_in_the_past", "the new slot must start in the future")
    if slot.starts_at >= state.rebooking_at:
        raise Refused.by("rebooking.within", "rebooking_too_late", "the new slot must start inside the window")
    return Event(EventKind.REBOOKED, at, actor, _slot_payload(definition, state, slot, asked_by, reason))


def _slot_payload(
    definition: Definition, state: Appointment, slot: Slot, asked_by: Party, reason: str
) -> dict[str, Any]:
    return {
        "slot": [slot.starts_at, slot.ends_at],
        "asked_by": asked_by.value,
        "reason": reason,
        "findings_at": findings_deadline(definition, slot, state.submitted_at),
    }


def fallen_due(definition: Definition, state: Appointment, proven: Findings | None = None) -> Event | None:
    """What happens by rule at `state.next_due_at`; the caller asks only once that instant has come.

    `proven` is what grade A evidence received by then shows.
    """
    if state.verdict is Verdict.PENDING and state.findings_at is not None:
        return _silent(definition, state, state.findings_at, proven)
    if state.rebooking_at is not None:
        return Event(EventKind.NO_SHOW_FINAL, state.rebooking_at, RULE, {})
    return None


def _silent(definition: Definition, state: Appointment, at: datetime, proven: Findings | None) -> Event:
    if definition.verification.silence is Silence.ESCALATE:
        window = definition.dispute.decision_window
        decision_at = None if window is None else span_after(definition, at, window)
        escalated: dict[str, Any] = {
            "kind": "escalated_silence",
            "by": Party.RULE.value,
            "reason": None,
            "claim": {"attendance": Finding.ATTENDED.value, "minutes": None, "criteria": {}},
            "facts": ["attendance"],
            "month": None,
            "reply_at": None,
            "decision_at": decision_at,
        }
        return Event(EventKind.DISPUTE_OPENED, at, RULE, escalated)
    ruling = rule_silent(definition, state, proven)
    payload = verdict_payload(definition, state, ruling, at, Party.RULE)
    payload["silence"] = definition.verification.silence.value
    if proven is not None and definition.verification.silence is Silence.EVIDENCE_THEN_ACCEPT:
        payload["proven"] = True
    return Event(EventKind.DEEMED, at, RULE, payload)
