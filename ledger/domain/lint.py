"""Loose terms: what would end in a quarrel, named before anybody signs.

Owns the refusals of the rulebook (section 2, "The linter"), each with its clause and its mend. What `advice.py`
finds beside them is a warning and publishes. Refuses to judge a price: it asks only whether the terms are complete,
come to an end, and do not contradict each other.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from ledger.domain import wording
from ledger.domain.advice import LintFinding, Severity, advise
from ledger.domain.calendar import deadline
from ledger.domain.terms import CriterionKind, Definition, NoReply, Outcome, Reason, Silence, Span, Standard

__all__ = ["LintFinding", "Severity", "lint", "publishes"]

_SAMPLES: Final = tuple(datetime(2024, 1, 1, 12, tzinfo=UTC) + timedelta(days=3 * n) for n in range(244))
"""Two years of anchors, every third day: how two lengths of time in different units compare, holidays and all."""


def lint(definition: Definition) -> tuple[LintFinding, ...]:
    """Everything loose about the terms: errors first, in the order of the document, then warnings."""
    checks = (_outcomes, _criteria, _silence, _contest, _reasons, _clawback, _submission, _duplicates)
    errors = tuple(finding for check in checks for finding in check(definition))
    return errors + tuple(advise(definition))


def publishes(findings: Iterable[LintFinding]) -> bool:
    """Whether a version with these findings may be published: errors refuse, warnings do not."""
    return all(finding.severity is not Severity.ERROR for finding in findings)


def _error(clause: str, code: str, detail: str, mend: str) -> LintFinding:
    return LintFinding(clause, code, Severity.ERROR, detail, mend)


def _outcomes(definition: Definition) -> Iterator[LintFinding]:
    for outcome in Outcome:
        if outcome not in definition.outcomes:
            yield _error(
                f"outcomes.{outcome}",
                "outcome_without_share",
                f"Nobody knows what is owed when this happens: {wording.OUTCOMES[outcome].lower()}.",
                "Give it a share of the price, which may be 0.",
            )


def _criteria(definition: Definition) -> Iterator[LintFinding]:
    for criterion in definition.criteria:
        if criterion.fact not in definition.facts:
            yield _error(
                f"criteria.{criterion.id}",
                "undeclared_fact",
                f"It reads the fact “{criterion.fact}”, which is not declared: no submission could carry it.",
                "Declare the fact, or let the criterion read one that is declared.",
            )


def _silence(definition: Definition) -> Iterator[LintFinding]:
    """Where nobody says anything, the terms must still come to an end."""
    dispute = definition.dispute
    if dispute.decision_window is not None:
        return
    mend = "Give the arbiter a window (dispute.decision_window), or let silence mean something else."
    if definition.verification.silence is Silence.ESCALATE:
        yield _error(
            "verification.silence",
            "endless_silence",
            "The buyer's silence goes to the arbiter, who has no window to decide in: it may never end.",
            mend,
        )
    if dispute.no_reply is NoReply.ESCALATE:
        yield _error(
            "dispute.no_reply",
            "endless_silence",
            "A dispute nobody replies to goes to the arbiter, who has no window to decide in: it may never end.",
            mend,
        )
    needy = [r.code for r in _all_reasons(definition) if r.evidence is not Standard.ATTESTATION]
    if dispute.no_reply is NoReply.UPHOLD and needy:
        yield _error(
            "dispute.no_reply",
            "endless_silence",
            f"Without the evidence that {wording.listed(needy)} asks for, an unanswered dispute goes to the arbiter, "
            "who has no window to decide in: it may never end.",
            "Give the arbiter a window (dispute.decision_window).",
        )


def _contest(definition: Definition) -> Iterator[LintFinding]:
    """The contest runs from the verdict, and a window of zero is over at once."""
    bonuses = any(criterion.kind is CriterionKind.BONUS for criterion in definition.criteria)
    contestable = bonuses or any(share < 10_000 for share in definition.outcomes.values())
    if contestable and definition.dispute.contest_window.is_zero:
        yield _error(
            "dispute.contest_window",
            "contest_closed_before_verdict",
            "The supplier's window to contest is over at the instant the verdict exists: he could never use it.",
            "Give the supplier some time to contest.",
        )


def _reasons(definition: Definition) -> Iterator[LintFinding]:
    refused = set(definition.dispute.not_reasons)
    for section, reasons in (("dispute", definition.dispute.reasons), ("clawback", definition.clawback.reasons)):
        for reason in reasons:
            if reason.code in refused:
                yield _error(
                    f"{section}.reasons.{reason.code}",
                    "reason_valid_and_invalid",
                    f"“{reason.code}” counts here and does not count by dispute.not_reasons.",
                    "Take it from one of the two lists.",
                )


def _clawback(definition: Definition) -> Iterator[LintFinding]:
    """A window of zero means no clawback; any other must be open for all that the buyer or his silence may accept."""
    clawback, verification = definition.clawback, definition.verification
    if clawback.window.is_zero or not clawback.reasons:
        return
    ends, accepts = wording.length(clawback.window), wording.length(verification.window)
    mend = "Let the clawback end after the verification, or set its window to zero for no clawback at all."
    if verification.silence in (Silence.ACCEPT, Silence.EVIDENCE_THEN_ACCEPT):
        if _never_longer(clawback.window, verification.window, definition):
            yield _error(
                "clawback.window",
                "contradicting_windows",
                f"The clawback ends {ends} after the slot, when silence accepts only after {accepts}: what silence "
                "accepted could never be claimed back.",
                mend,
            )
    elif _always_shorter(clawback.window, verification.window, definition):
        yield _error(
            "clawback.window",
            "contradicting_windows",
            f"The clawback ends {ends} after the slot, while the buyer may state findings for {accepts}: what he "
            "finds late could never be claimed back.",
            mend,
        )


def _submission(definition: Definition) -> Iterator[LintFinding]:
    intake = definition.intake
    if not (intake.submit_before.is_zero or intake.backdated_grace.is_zero):
        yield _error(
            "intake.submit_before",
            "contradicting_windows",
            f"A submission must come {wording.length(intake.submit_before)} before the start, and may come up to "
            f"{wording.length(intake.backdated_grace)} after it.",
            "Set one of intake.submit_before and intake.backdated_grace to zero.",
        )


def _duplicates(definition: Definition) -> Iterator[LintFinding]:
    rebooking, duplicates = definition.rebooking, definition.duplicates
    unused = not duplicates.keys and duplicates.window.is_zero
    if rebooking.limit == 0 or rebooking.within.is_zero or unused:
        return
    if _sometimes_shorter(duplicates.window, rebooking.within, definition):
        yield _error(
            "duplicates.window",
            "duplicates_under_rebooking",
            f"A prospect who did not come may be rebooked for {wording.length(rebooking.within)}, but for "
            f"{wording.length(duplicates.window)} only is a duplicate: the same prospect could be sold twice.",
            "Make the duplicate window at least as long as the rebooking window.",
        )


def _all_reasons(definition: Definition) -> tuple[Reason, ...]:
    return definition.dispute.reasons + definition.clawback.reasons


def _never_longer(one: Span, other: Span, definition: Definition) -> bool:
    """Whether `one` never ends after `other` when both run from the same anchor."""
    return all(a <= b for a, b in _compared(one, other, definition))


def _always_shorter(one: Span, other: Span, definition: Definition) -> bool:
    """Whether `one` ends before `other` at any time of the year."""
    return all(a < b for a, b in _compared(one, other, definition))


def _sometimes_shorter(one: Span, other: Span, definition: Definition) -> bool:
    """Whether there is a time of the year at which `one` ends before `other`: a single gap is enough to use it."""
    return any(a < b for a, b in _compared(one, other, definition))


def _compared(one: Span, other: Span, definition: Definition) -> Iterator[tuple[datetime, datetime]]:
    zone, calendar = definition.time_zone, definition.calendar
    for anchor in _SAMPLES:
        yield deadline(anchor, one, zone, calendar), deadline(anchor, other, zone, calendar)
