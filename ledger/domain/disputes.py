"""Disputes: who may open one, about what, who answers, and what ends it.

Owns the rules of the rulebook, section 3, "Disputes": contests by the supplier, clawbacks by the buyer,
contradictions and escalated silence by rule. A dispute is about facts; what they are worth follows. Pure: whoever
calls has settled what was due and moves the money afterwards. Refuses what a window, a reason or an earlier
decision stands against.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from ledger.domain.decisions import RULE, span_after, verdict_payload
from ledger.domain.errors import IllegalMove, NotAllowed, Refused, WindowClosed
from ledger.domain.lifecycle import Appointment, CriterionFinding, Event, EventKind, Finding, Party, Verdict
from ledger.domain.outcome import Findings, Ruling, rule, rule_on_criteria
from ledger.domain.stage import contestable
from ledger.domain.terms import Definition, NoReply, Outcome, Reason, Remedy, RemedyKind, Standard

ATTENDANCE = "attendance"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BITS: Final = 80
_OTHER: Final = (1 << _BITS) - 1
WHOLE = "*"
"""The fact that a decided share closes: all of them."""


class DisputeKind(StrEnum):
    CONTEST = "contest"
    CLAWBACK = "clawback"
    CONTRADICTION = "contradiction"
    ESCALATED_SILENCE = "escalated_silence"


class Position(StrEnum):
    CONCEDE = "concede"
    CONTEST = "contest"


OWES_REPLY: Mapping[DisputeKind, Party] = {
    DisputeKind.CONTEST: Party.BUYER,
    DisputeKind.CLAWBACK: Party.SUPPLIER,
    DisputeKind.CONTRADICTION: Party.BUYER,
}
OPENER: Mapping[DisputeKind, Party] = {
    DisputeKind.CONTEST: Party.SUPPLIER,
    DisputeKind.CLAWBACK: Party.BUYER,
    DisputeKind.CONTRADICTION: Party.RULE,
    DisputeKind.ESCALATED_SILENCE: Party.RULE,
}

KIND_OF: Mapping[Party, DisputeKind] = {
    Party.SUPPLIER: DisputeKind.CONTEST,
    Party.BUYER: DisputeKind.CLAWBACK,
}
"""What each party opens."""


def escalated_id(appointment_id: UUID, deadline: datetime) -> UUID:
    """The id of the dispute that silence opens at its deadline: known before somebody settles it, and sorted by it.

    A UUIDv7 whose time is the deadline's and whose other bits are the appointment's own.
    """
    milliseconds = (deadline - _EPOCH) // timedelta(milliseconds=1)
    return UUID(int=(milliseconds << _BITS) | (appointment_id.int & _OTHER))


def escalated_at(dispute_id: UUID) -> tuple[datetime, datetime]:
    """The millisecond, half-open, of the deadline that an `escalated_id` was made of. Raises `OverflowError`."""
    begins = _EPOCH + timedelta(milliseconds=dispute_id.int >> _BITS)
    return begins, begins + timedelta(milliseconds=1)


def opened(
    definition: Definition,
    state: Appointment,
    kind: DisputeKind,
    reason: str | None,
    claim: Findings,
    at: datetime,
    actor: str,
    dispute_id: str,
    month: int | None = None,
) -> Event:
    """A dispute with its claim: the findings that the opener says are true. The reply's clock begins to run.

    `month` (YYYYMM) is that of the appointment's first amount, by which returns are counted.
    """
    check_open(definition, state, kind, at)
    if reason is not None:
        find_reason(definition, kind, reason)
    ruling = rule(definition, state, claim)
    if kind is DisputeKind.CLAWBACK and state.amount == 0 and not _denies_replacement(state, ruling):
        raise IllegalMove("nothing is owed that could be taken back", code="nothing_owed")
    facts = disputed_facts(state, ruling)
    if not facts:
        raise Refused.by("claim", "nothing_disputed", "the claim says nothing else than what was found")
    closed = set(state.decided)
    if WHOLE in closed or closed.issuperset(facts):
        raise IllegalMove("what was conceded or decided is not disputed again", code="already_decided")
    payload = {
        "dispute": dispute_id,
        "kind": kind.value,
        "by": OPENER[kind].value,
        "reason": reason,
        "claim": claim_json(claim),
        "facts": list(facts),
        "month": month,
        "reply_at": span_after(definition, at, definition.dispute.reply_window),
        "decision_at": None,
    }
    return Event(EventKind.DISPUTE_OPENED, at, actor, payload)


def _denies_replacement(state: Appointment, claim: Ruling) -> bool:
    """Whether an appointment that is worth nothing because it kept a promise is said not to have kept it."""
    return state.replaces_id is not None and claim.outcome is not Outcome.ATTENDED


def check_open(definition: Definition, state: Appointment, kind: DisputeKind, at: datetime) -> None:
    """Refuses a dispute that cannot be opened now, whatever it claims."""
    if state.disputed:
        raise IllegalMove("a dispute is open already", code="disputed")
    if state.replacement_at is not None or state.replaced_by_id is not None:
        raise IllegalMove("a replacement settles what was wrong with it", code="replaced")
    if state.verdict is Verdict.PENDING:
        raise IllegalMove("there is no verdict to dispute yet", code="illegal_transition")
    if kind is DisputeKind.CONTEST:
        if state.contest_at is None or at >= state.contest_at:
            raise WindowClosed("the window to contest has closed")
        if not contestable(definition, state, at):
            raise IllegalMove("the whole price is owed already: there is nothing to contest", code="not_contestable")
    if kind is DisputeKind.CLAWBACK and (state.clawback_at is None or at >= state.clawback_at):
        raise WindowClosed("the window for a clawback has closed")


def find_reason(definition: Definition, kind: DisputeKind, code: str) -> Reason:
    """The reason of this code. Raises `Refused` for one that the terms do not know, or name as none."""
    clause, reasons = "dispute.reasons", definition.dispute.reasons
    if kind is DisputeKind.CLAWBACK:
        clause, reasons = "clawback.reasons", definition.clawback.reasons
    for reason in reasons:
        if reason.code == code:
            return reason
    if code in definition.dispute.not_reasons:
        raise Refused.by("dispute.not_reasons", "reason_does_not_count", f"{code!r} is agreed to be no reason")
    taken = ", ".join(reason.code for reason in reasons)
    raise Refused.by(clause, "reason_not_taken", f"{code!r} is none of the reasons that count: {taken}")


def disputed_facts(state: Appointment, claim: Ruling) -> tuple[str, ...]:
    """The facts on which the claim differs from what stands: the attendance, and criteria by id."""
    facts = []
    if claim.attendance is not state.attendance or claim.minutes != state.minutes:
        facts.append(ATTENDANCE)
    facts += [name for name, finding in claim.criteria.items() if finding is not state.criteria.get(name)]
    return tuple(facts)


def claim_json(claim: Findings) -> dict[str, Any]:
    criteria = claim.criteria or {}
    return {
        "attendance": claim.attendance.value,
        "minutes": claim.minutes,
        "criteria": {name: finding.value for name, finding in criteria.items()},
    }


def claim_of(payload: Mapping[str, Any]) -> Findings:
    """The claim of an open dispute, from its payload."""
    claim = payload["claim"]
    criteria = {name: CriterionFinding(value) for name, value in claim["criteria"].items()}
    return Findings(Finding(claim["attendance"]), claim["minutes"], criteria)


def claimed(definition: Definition, state: Appointment, dispute: Mapping[str, Any]) -> Ruling:
    """What the opener's claim comes to: its findings, with the share that the remedy of its reason leaves."""
    ruling = rule(definition, state, claim_of(dispute))
    return ruling._replace(share=_remaining(definition, state, dispute, ruling.share))


def _remaining(definition: Definition, state: Appointment, dispute: Mapping[str, Any], share: int | None) -> int | None:
    """The share that the claim leaves: what its findings are worth, unless a partial remedy says what remains.

    A remedy takes back: it never leaves more than there was.
    """
    remedy = _remedy_of(definition, dispute)
    if remedy is None or remedy.kind is not RemedyKind.PARTIAL or remedy.share is None:
        return share
    return remedy.share if state.share is None else min(remedy.share, state.share)


def _remedy_of(definition: Definition, dispute: Mapping[str, Any]) -> Remedy | None:
    """The remedy of a clawback's reason; a contest or a dispute by rule has none."""
    if dispute["kind"] != DisputeKind.CLAWBACK.value or dispute["reason"] is None:
        return None
    return find_reason(definition, DisputeKind.CLAWBACK, dispute["reason"]).remedy


def open_dispute(state: Appointment) -> Mapping[str, Any]:
    """The open dispute's essence. Raises `IllegalMove` where there is none."""
    if state.dispute is None or not state.disputed:
        raise IllegalMove("the dispute is closed", code="dispute_closed")
    return state.dispute


def replied(
    definition: Definition, state: Appointment, position: Position, by: Party, at: datetime, actor: str
) -> Event:
    """The other side's answer. Conceding ends the dispute with the claim; contesting brings it to the arbiter."""
    dispute = open_dispute(state)
    kind = DisputeKind(dispute["kind"])
    if kind not in OWES_REPLY or state.reply_at is None:
        raise IllegalMove("the dispute waits for the arbiter, not for a reply", code="no_reply_owed")
    if by is not OWES_REPLY[kind]:
        raise NotAllowed(f"the reply is the {OWES_REPLY[kind]}'s to give")
    if position is Position.CONCEDE:
        return decided(definition, state, claim_of(dispute), by, at, actor, resolution="conceded")
    return Event(
        EventKind.DISPUTE_REPLIED,
        at,
        actor,
        {"dispute": dispute["dispute"], "position": position.value, "decision_at": _decision_at(definition, at)},
    )


def unanswered(definition: Definition, state: Appointment, *, proven: bool) -> Event:
    """What no reply means, at the reply's deadline. Without the evidence that the reason needs, it escalates."""
    dispute, at = open_dispute(state), state.reply_at
    assert at is not None, "a reply was owed"
    rule_ = definition.dispute.no_reply
    if rule_ is NoReply.ESCALATE or (rule_ is NoReply.UPHOLD and not proven):
        return Event(
            EventKind.DISPUTE_ESCALATED,
            at,
            RULE,
            {"dispute": dispute["dispute"], "decision_at": _decision_at(definition, at)},
        )
    if rule_ is NoReply.UPHOLD:
        return decided(definition, state, claim_of(dispute), Party.RULE, at, RULE, resolution="upheld")
    return decided(definition, state, standing(state), Party.RULE, at, RULE, resolution="dismissed")


def _decision_at(definition: Definition, at: datetime) -> datetime | None:
    window = definition.dispute.decision_window
    return None if window is None else span_after(definition, at, window)


def standing(state: Appointment) -> Findings:
    """What was found before the dispute."""
    ruled = (CriterionFinding.CONFIRMED, CriterionFinding.REFUTED)
    criteria = {name: finding for name, finding in state.criteria.items() if finding in ruled}
    return Findings(state.attendance, state.minutes, criteria)


def needs_evidence(definition: Definition, dispute: Mapping[str, Any]) -> bool:
    """Whether the reason asks for more than the message itself."""
    if dispute["reason"] is None:
        return False
    reason = find_reason(definition, DisputeKind(dispute["kind"]), dispute["reason"])
    return reason.evidence is not Standard.ATTESTATION


def decided(
    definition: Definition,
    state: Appointment,
    findings: Findings,
    by: Party,
    at: datetime,
    actor: str,
    *,
    resolution: str,
    reason: str | None = None,
) -> Event:
    """The end of a dispute by findings: the arbiter's, the claim conceded or upheld, or what stood."""
    dispute = open_dispute(state)
    if findings.attendance is Finding.UNKNOWN:
        ruling = Ruling(state.attendance, state.minutes, dict(state.criteria), state.outcome, state.share)
    else:
        ruling = rule(definition, state, findings)
    stood = state.outcome is Outcome.PROSPECT_NO_SHOW
    payload = verdict_payload(definition, state, ruling, at, by, final=not stood)
    share, expires = payload["share"], None
    upheld = _upholds(definition, state, dispute, ruling)
    if upheld:
        share, expires = _remedy(definition, state, dispute, share, at)
    return Event(
        EventKind.DISPUTE_DECIDED,
        at,
        actor,
        {
            **payload,
            **_revival(state, state.replaces_id is not None and ruling.outcome is not Outcome.ATTENDED),
            "share": share,
            "contest_at": None,
            "dispute": dispute["dispute"],
            "resolution": resolution,
            "upheld": upheld,
            "reason": reason,
            "facts": list(dispute.get("facts", (ATTENDANCE,))),
            "replacement_at": expires,
        },
    )


def decided_by_share(
    definition: Definition, state: Appointment, share: int, at: datetime, actor: str, reason: str
) -> Event:
    """The arbiter's share of the price, which replaces the outcome's and closes the appointment for good."""
    dispute = open_dispute(state)
    criteria = rule_on_criteria(state, standing(state).criteria)
    ruling = Ruling(state.attendance, state.minutes, criteria, state.outcome, share)
    payload = verdict_payload(definition, state, ruling, at, Party.OPERATOR, final=True)
    return Event(
        EventKind.DISPUTE_DECIDED,
        at,
        actor,
        {
            **payload,
            **_revival(state, state.replaces_id is not None and share < (state.share or 0)),
            "contest_at": None,
            "dispute": dispute["dispute"],
            "resolution": "decided",
            "upheld": share < (state.share or 0) if state.dispute and state.dispute["kind"] == "clawback" else None,
            "reason": reason,
            "facts": [WHOLE],
            "replacement_at": None,
        },
    )


def _revival(state: Appointment, failed: bool) -> dict[str, Any]:
    """Whether a decision on a replacement leaves it none, so that the promise which it kept is open again."""
    return {} if state.replaces_id is None else {"revives": failed}


def _upholds(definition: Definition, state: Appointment, dispute: Mapping[str, Any], ruling: Ruling) -> bool:
    """Whether the decision is what the opener claimed."""
    if dispute["kind"] == DisputeKind.ESCALATED_SILENCE.value:
        return False
    claim = rule(definition, state, claim_of(dispute))
    return (claim.attendance, claim.outcome, claim.criteria) == (
        ruling.attendance,
        ruling.outcome,
        ruling.criteria,
    )


def _remedy(
    definition: Definition, state: Appointment, dispute: Mapping[str, Any], share: int | None, at: datetime
) -> tuple[int | None, datetime | None]:
    """What an upheld clawback leaves: its reason's remedy. A replacement is itself not replaceable."""
    remedy, expires = _remedy_of(definition, dispute), None
    if remedy is not None and remedy.kind is RemedyKind.REPLACEMENT and state.replaces_id is None:
        assert remedy.expires is not None, "a replacement has its expiry"
        expires = span_after(definition, at, remedy.expires)
    return _remaining(definition, state, dispute, share), expires


def withdrawn(state: Appointment, before: Appointment, by: Party, at: datetime, actor: str) -> Event:
    """The opener takes it back: the verdict stands as it was (`before`, the state when the dispute was opened)."""
    dispute = open_dispute(state)
    if by is not OPENER[DisputeKind(dispute["kind"])]:
        raise NotAllowed("a dispute is withdrawn by whoever opened it")
    return Event(
        EventKind.DISPUTE_WITHDRAWN,
        at,
        actor,
        {
            "dispute": dispute["dispute"],
            "verdict": before.verdict.value,
            "verdict_at": before.verdict_at,
            "by": before.verdict_by,
            "attendance": before.attendance.value,
            "minutes": before.minutes,
            "criteria": {name: finding.value for name, finding in before.criteria.items()},
            "outcome": None if before.outcome is None else before.outcome.value,
            "share": before.share,
            "rebooking_at": state.rebooking_at,
            "contest_at": before.contest_at,
            "clawback_at": before.clawback_at,
        },
    )


def return_cap_reached(definition: Definition, accepted: int, returned: int) -> bool:
    """Whether the month's returns (open or upheld) already reach the cap; the one that crosses it is taken."""
    cap = definition.clawback.return_cap
    return cap is not None and returned * 10_000 >= cap * accepted and accepted > 0


def held_amount(accrued: int, claim: int, uninvoiced: int) -> int:
    """What a dispute holds: what has accrued above the lower of the two claims, as far as it is not invoiced."""
    return min(uninvoiced, max(0, accrued - min(claim, accrued)))
