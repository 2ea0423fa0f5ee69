"""What happened to an appointment, in words that somebody reads who has never seen the terms.

Owns the sentence of every kind of event, the clauses that made it count, whose move it was and the deadline that it
kept or that took effect. Times are in the zone of the terms. Refuses to name people: parties act, not persons.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ledger.domain import wording
from ledger.domain.disputes import ATTENDANCE, OWES_REPLY, WHOLE, DisputeKind, claim_of, claimed
from ledger.domain.lifecycle import Appointment, CriterionFinding, Event, EventKind, Party
from ledger.domain.outcome import rule
from ledger.domain.terms import Definition, Outcome, Silence

SIDES: Final = {
    "buyer": "The buyer",
    "supplier": "The supplier",
    "prospect": "The prospect",
    "operator": "The operator",
    "rule": "The terms",
}
"""Who acts, at the beginning of a sentence."""
CRITERIA: Final = {
    CriterionFinding.CLAIMED: "claimed",
    CriterionFinding.CONFIRMED: "confirmed",
    CriterionFinding.REFUTED: "refuted",
    CriterionFinding.UNPROVEN: "unproven",
}


@dataclass(frozen=True, slots=True)
class Move:
    """One event between the states before and after it. `claimed` are the supplier's facts, by name."""

    definition: Definition
    event: Event
    before: Appointment | None
    after: Appointment
    claimed: Mapping[str, Any]

    @property
    def payload(self) -> Mapping[str, Any]:
        return self.event.payload

    @property
    def was(self) -> Appointment:
        assert self.before is not None, "only a submission has nothing before it"
        return self.before

    def time(self, at: datetime | None) -> str:
        return "no time" if at is None else wording.moment(at, self.definition.time_zone)


@dataclass(frozen=True, slots=True)
class Told:
    """`clauses` are paths of the terms, the most telling first; `kept` is the deadline that the move kept or met."""

    sentence: str
    party: Party
    clauses: tuple[str, ...]
    kept: datetime | None = None
    note: str | None = None
    facts: tuple[tuple[str, str], ...] = ()


def tell(move: Move) -> Told:
    """The event in words."""
    return TOLD[move.event.kind](move)


def _submitted(move: Move) -> Told:
    starts = move.time(move.after.slot.starts_at)
    sentence = f"The supplier submitted the appointment, for {starts}."
    return Told(sentence, Party.SUPPLIER, ("verification.window",), facts=tuple(_claims(move)))


def _claims(move: Move) -> Iterator[tuple[str, str]]:
    for criterion in move.definition.criteria:
        met = move.after.claims.get(criterion.id)
        claimed = move.claimed.get(criterion.fact)
        said = "not given" if met is None else "claimed" if claimed is None else f"claimed: {wording.value(claimed)}"
        yield criterion.label, f"{said}, which does not meet it" if met is False else said


def _rescheduled(move: Move) -> Told:
    who, asked = _who(move, "asked_by")
    old, new = move.time(move.was.slot.starts_at), move.time(move.after.slot.starts_at)
    sentence = f"{who} asked for another time: {old} became {new}."
    if move.payload["counts"]:
        limit = move.definition.reschedule.limit
        sentence += f" This is reschedule {move.after.reschedules} of {limit}."
    else:
        sentence += " So small a change is a correction and counts as none."
    return Told(sentence, asked, ("reschedule",), move.was.slot.starts_at, move.payload.get("reason") or None)


def _rebooked(move: Move) -> Told:
    sentence = (
        f"The prospect who did not come was booked again, for {move.time(move.after.slot.starts_at)}. "
        "The no-show no longer counts, unless the new slot is cancelled."
    )
    return Told(sentence, Party.SUPPLIER, ("rebooking",), move.was.rebooking_at, move.payload.get("reason") or None)


def _cancelled(move: Move) -> Told:
    who, asked = _who(move, "asked_by")
    starts = move.was.slot.starts_at
    sentence = f"{who} cancelled it before its start at {move.time(starts)}. {_counts(move)}"
    clauses = _outcome(move)
    if move.after.rebookings:
        sentence += " The no-show before the rebooking stands again, and is final."
        clauses += ("rebooking",)
    elif asked is Party.BUYER:
        clauses += ("notice.late_within",)
    return Told(sentence, asked, clauses, starts, move.payload.get("reason") or None, _findings(move))


def _found(move: Move) -> Told:
    again = "again, and better for the supplier, " if move.was.verdict_by else ""
    sentence = f"The buyer stated {again}that {_attendance(move)}. {_counts(move)}{_waits(move)}"
    clauses = _outcome(move)
    if move.payload["outcome"] == Outcome.PROSPECT_NO_SHOW.value:
        clauses += ("attendance.contact_attempts", "rebooking")
    return Told(sentence, Party.BUYER, clauses, move.was.findings_at, move.payload.get("note"), _findings(move))


def _deemed(move: Move) -> Told:
    silence = wording.SILENCE[Silence(move.payload["silence"])]
    sentence = (
        f"The buyer said nothing by {move.time(move.event.effective_at)}. For that case the terms say: {silence}."
    )
    clauses = ("verification.silence", *_outcome(move))
    if move.payload.get("proven"):
        sentence += f" Independent evidence shows that {_attendance(move)}."
        clauses += ("attendance.proof_grades",)
    sentence += f" {_counts(move)}{_waits(move)}"
    return Told(sentence, Party.RULE, clauses, move.event.effective_at, facts=_findings(move))


def _no_show_final(move: Move) -> Told:
    until = move.time(move.event.effective_at)
    sentence = f"The prospect who did not come was not booked again by {until}: the no-show is final."
    clauses = ("rebooking", f"outcomes.{Outcome.PROSPECT_NO_SHOW}")
    return Told(sentence, Party.RULE, clauses, move.event.effective_at)


def _dispute_opened(move: Move) -> Told:
    payload, at = move.payload, move.event.effective_at
    kind, reason = DisputeKind(payload["kind"]), payload["reason"]
    claim = f"that {_attendance(move, payload['claim'])}"
    if ATTENDANCE not in payload["facts"]:
        claim = "other findings on the criteria, and the same on who was there"
    sentence, clauses, kept = {
        DisputeKind.CONTEST: (
            f"The supplier contested this: {_reason(move, reason)}. It claims {claim}.",
            (f"dispute.reasons.{reason}", "dispute.contest_window"),
            move.was.contest_at,
        ),
        DisputeKind.CLAWBACK: (
            f"The buyer claimed the amount back: {_reason(move, reason)}. It claims {claim}.{_would_remain(move)}",
            (f"clawback.reasons.{reason}", "clawback.window"),
            move.was.clawback_at,
        ),
        DisputeKind.CONTRADICTION: (
            f"Independent evidence contradicts what the buyer stated, which opens a dispute. It shows {claim}.",
            ("attendance.proof_grades", "dispute.reply_window"),
            None,
        ),
        DisputeKind.ESCALATED_SILENCE: (
            f"The buyer said nothing by {move.time(at)}. For that case the terms let the arbiter decide.",
            ("verification.silence", "dispute.decision_window"),
            at,
        ),
    }[kind]
    return Told(sentence, Party(payload["by"]), clauses, kept, facts=_claimed_criteria(move))


def _would_remain(move: Move) -> str:
    """What the terms leave of the price where the claim is right, if they say so apart from the outcome."""
    share = claimed(move.definition, move.was, move.payload).share
    outcome = rule(move.definition, move.was, claim_of(move.payload)).share
    return "" if share is None or share == outcome else f" If so, {wording.percent(share)} of the price remains owed."


def _dispute_replied(move: Move) -> Told:
    replied = OWES_REPLY.get(DisputeKind((move.was.dispute or {})["kind"]), Party.OPERATOR)
    sentence = f"{SIDES[replied]} contested the claim. Now the arbiter decides."
    return Told(sentence, replied, ("dispute.reply_window", "dispute.decision_window"), move.was.reply_at)


def _dispute_escalated(move: Move) -> Told:
    sentence = f"Nobody replied by {move.time(move.event.effective_at)}. The arbiter decides."
    return Told(sentence, Party.RULE, ("dispute.no_reply", "dispute.decision_window"), move.event.effective_at)


def _dispute_decided(move: Move) -> Told:
    payload, by = move.payload, Party(move.payload["by"])
    at = move.event.effective_at
    decides = by is Party.OPERATOR
    told = {
        "conceded": f"{SIDES[by]} conceded the claim.",
        "upheld": f"Nobody replied by {move.time(at)}: by the terms the claim is upheld.",
        "dismissed": f"Nobody replied by {move.time(at)}: by the terms the dispute is dismissed.",
        "decided": "The arbiter decided.",
    }[payload["resolution"]]
    clause = {"conceded": "dispute.reply_window", "decided": "dispute.decision_window"}.get(payload["resolution"])
    clauses = [*_outcome(move), clause or "dispute.no_reply"]
    kept = move.was.decision_at if decides else move.was.reply_at
    late = decides and kept is not None and at >= kept
    sentence = f"{told} {_decision(move)}{' The decision came late, and counts.' if late else ''}"
    reason = (move.was.dispute or {}).get("reason")
    if payload.get("upheld") and reason and (move.was.dispute or {})["kind"] == DisputeKind.CLAWBACK.value:
        clauses.append(f"clawback.reasons.{reason}")
    return Told(sentence, by, tuple(clauses), kept, payload.get("reason"), _findings(move))


def _decision(move: Move) -> str:
    """What the decision makes of the appointment."""
    payload = move.payload
    if payload.get("replacement_at") is not None:
        until = move.time(move.after.replacement_at)
        return f"The supplier owes a replacement by {until}; until then the amount waits."
    if payload["facts"] == [WHOLE]:
        return f"{wording.percent(payload['share'])} of the price is owed, whatever the outcome."
    outcome = payload["outcome"]
    agreed = None if outcome is None else move.definition.outcomes[Outcome(outcome)]
    found = "" if payload["attendance"] == "unknown" else f"It stands that {_attendance(move)}. "
    if payload["share"] is not None and payload["share"] != agreed:
        return f"{found}{wording.percent(payload['share'])} of the price remains owed."
    return f"{found}{_counts(move)}"


def _dispute_withdrawn(move: Move) -> Told:
    opener = Party((move.was.dispute or {}).get("by", Party.OPERATOR))
    sentence = f"{SIDES[opener]} withdrew the dispute. What was found before stands."
    return Told(sentence, opener, ("dispute",), move.was.reply_at or move.was.decision_at)


def _replacement_ended(move: Move) -> Told:
    if move.payload["kept"]:
        sentence = (
            f"Appointment {move.payload['reference']} replaced this one free of charge: what is owed here stands."
        )
        return Told(sentence, Party.RULE, _promise(move), move.was.replacement_at)
    until = move.event.effective_at
    sentence = f"No replacement came by {move.time(until)}: the amount is taken back."
    return Told(sentence, Party.RULE, _promise(move), until)


def _replacement_revived(move: Move) -> Told:
    until = move.time(move.after.replacement_at)
    sentence = f"Appointment {move.payload['reference']}, which had replaced this one, was itself taken back: a "
    sentence += f"replacement is owed again, by {until}."
    return Told(sentence, Party.RULE, _promise(move), move.after.replacement_at)


def _credited(move: Move) -> Told:
    sentence = "Finance gave back a part of the price outside a dispute."
    return Told(sentence, Party.OPERATOR, ("price",), None, move.payload["reason"])


def _promise(move: Move) -> tuple[str, ...]:
    """The clause of the reason that promised a replacement, where it is still known, else all of them."""
    reason = (move.was.dispute or {}).get("reason")
    return (f"clawback.reasons.{reason}" if reason else "clawback",)


TOLD: Final[Mapping[EventKind, Callable[[Move], Told]]] = {
    EventKind.SUBMITTED: _submitted,
    EventKind.RESCHEDULED: _rescheduled,
    EventKind.REBOOKED: _rebooked,
    EventKind.CANCELLED: _cancelled,
    EventKind.FOUND: _found,
    EventKind.DEEMED: _deemed,
    EventKind.NO_SHOW_FINAL: _no_show_final,
    EventKind.DISPUTE_OPENED: _dispute_opened,
    EventKind.DISPUTE_REPLIED: _dispute_replied,
    EventKind.DISPUTE_ESCALATED: _dispute_escalated,
    EventKind.DISPUTE_DECIDED: _dispute_decided,
    EventKind.DISPUTE_WITHDRAWN: _dispute_withdrawn,
    EventKind.REPLACEMENT_ENDED: _replacement_ended,
    EventKind.REPLACEMENT_REVIVED: _replacement_revived,
    EventKind.CREDITED: _credited,
}
"""For every kind of event how it is told."""


def _who(move: Move, name: str) -> tuple[str, Party]:
    party = Party(move.payload[name])
    return SIDES[party], party


def _attendance(move: Move, findings: Mapping[str, Any] | None = None) -> str:
    """`the appointment took place, 25 minutes together`."""
    found = move.payload if findings is None else findings
    said, minutes = wording.FOUND[found["attendance"]], found["minutes"]
    together = "" if minutes is None else f", with {wording.counted(minutes, 'minute')} together"
    return said + together


def _counts(move: Move) -> str:
    """What the verdict comes to: `It counts as “The prospect did not come”: 25 % of the price.`"""
    outcome, share = move.payload["outcome"], move.payload["share"]
    if outcome is None:
        return "The outcome stays open." if share is None else "It is worth nothing."
    if "replaces" in move.payload:
        replaced = move.payload["replaces"]["reference"]
        return f"It replaces appointment {replaced}, which was taken back, and so it is free of charge."
    return f"It counts as “{wording.OUTCOMES[Outcome(outcome)]}”: {wording.percent(share or 0)} of the price."


def _waits(move: Move) -> str:
    if move.after.rebooking_at is None:
        return ""
    return f" Until {move.time(move.after.rebooking_at)} it can be booked again, and nothing is owed before."


def _outcome(move: Move) -> tuple[str, ...]:
    """The clause of the outcome, and of what made it so."""
    outcome = move.payload["outcome"]
    if outcome is None:
        return ()
    clauses = [f"outcomes.{outcome}"]
    if "replaces" in move.payload:
        clauses.append("clawback")
    if outcome == Outcome.CUT_SHORT.value:
        clauses.append("attendance.minimum_minutes")
    if outcome == Outcome.DISQUALIFIED.value:
        found = move.payload["criteria"]
        clauses += [f"criteria.{c.id}" for c in move.definition.criteria if found.get(c.id) == CriterionFinding.REFUTED]
    return tuple(clauses)


def _findings(move: Move) -> tuple[tuple[str, str], ...]:
    """How each criterion was found."""
    found = move.payload["criteria"]
    return tuple((c.label, CRITERIA[CriterionFinding(found[c.id])]) for c in move.definition.criteria if c.id in found)


def _claimed_criteria(move: Move) -> tuple[tuple[str, str], ...]:
    """How the claim would have the criteria that it names."""
    claim = move.payload["claim"] or {}
    found = claim.get("criteria") or {}
    return tuple(
        (c.label, f"claimed to be {CRITERIA[CriterionFinding(found[c.id])]}")
        for c in move.definition.criteria
        if c.id in found
    )


def _reason(move: Move, code: str | None) -> str:
    reasons = (*move.definition.dispute.reasons, *move.definition.clawback.reasons)
    return next((f"“{reason.label}”" for reason in reasons if reason.code == code), "no reason was named")
