"""What publishes, but what a careful reader of the terms would ask about before signing.

Owns the linter's finding and its warnings: clauses that never apply, incentives that point the wrong way, limits
that shut everything out. Refuses nothing: `lint.py` does that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from ledger.domain import wording
from ledger.domain.terms import Criterion, CriterionKind, Definition, FactType, Operator, Outcome, RemedyKind, Silence


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class LintFinding:
    """`clause` names the part of the terms, `mend` says what would put it right."""

    clause: str
    code: str
    severity: Severity
    detail: str
    mend: str


_NUMBERS: Final = frozenset({FactType.INTEGER, FactType.DECIMAL})


def advise(definition: Definition) -> Iterator[LintFinding]:
    """Every warning, in the order of the document."""
    checks = (
        *(_unread_facts, _no_criteria, _impossible_choices, _impossible_ranges),
        *(_minimum_time, _contact_attempts, _proof),
        *(_worthless, _incentives),
        *(_moves, _notice, _verification),
        *(_dispute, _clawback, _duplicates),
        *(_channels, _consent, _caps, _ages),
    )
    for check in checks:
        yield from check(definition)


def _warning(clause: str, code: str, detail: str, mend: str) -> LintFinding:
    return LintFinding(clause, code, Severity.WARNING, detail, mend)


def _unread_facts(definition: Definition) -> Iterator[LintFinding]:
    read = {criterion.fact for criterion in definition.criteria}
    for name in definition.facts:
        if name not in read:
            yield _warning(
                f"facts.{name}", "unread_fact", "No criterion reads this fact.", "Leave it out, or judge by it."
            )


def _no_criteria(definition: Definition) -> Iterator[LintFinding]:
    if all(criterion.kind is not CriterionKind.REQUIRED for criterion in definition.criteria):
        yield _warning(
            "criteria",
            "nothing_required",
            "No criterion is required: every prospect qualifies.",
            "Require what makes a prospect worth the price.",
        )


def _impossible_choices(definition: Definition) -> Iterator[LintFinding]:
    for criterion in definition.criteria:
        fact = definition.facts.get(criterion.fact)
        if fact is None or fact.type is not FactType.CHOICE or criterion.operator is Operator.MATCHES:
            continue
        wanted = criterion.value if isinstance(criterion.value, tuple) else (criterion.value,)
        strange = [str(item) for item in wanted if item is not None and item not in fact.choices]
        if strange and criterion.operator is not Operator.WITHIN_REGION:
            yield _warning(
                f"criteria.{criterion.id}",
                "impossible_choice",
                f"{wording.listed(strange)} is no choice of the fact “{criterion.fact}”.",
                "Name only choices that the fact has.",
            )


def _impossible_ranges(definition: Definition) -> Iterator[LintFinding]:
    """Required criteria on one number that exclude each other: no prospect could qualify."""
    lows: dict[str, Decimal] = {}
    highs: dict[str, Decimal] = {}
    for criterion in definition.criteria:
        fact = definition.facts.get(criterion.fact)
        if fact is None or fact.type not in _NUMBERS or criterion.kind is not CriterionKind.REQUIRED:
            continue
        low, high = _range(criterion)
        if low is not None:
            lows[criterion.fact] = max(low, lows.get(criterion.fact, low))
        if high is not None:
            highs[criterion.fact] = min(high, highs.get(criterion.fact, high))
    for name in lows.keys() & highs.keys():
        if lows[name] > highs[name]:
            yield _warning(
                f"facts.{name}",
                "impossible_range",
                f"Required criteria ask it to be {lows[name]} or more and {highs[name]} or less.",
                "Let the ranges overlap.",
            )


def _range(criterion: Criterion) -> tuple[Decimal | None, Decimal | None]:
    wanted = criterion.value if isinstance(criterion.value, tuple) else (criterion.value,)
    numbers = [Decimal(str(item)) for item in wanted if item is not None]
    match criterion.operator:
        case Operator.AT_LEAST:
            return numbers[0], None
        case Operator.AT_MOST:
            return None, numbers[0]
        case Operator.BETWEEN | Operator.EQUALS:
            return numbers[0], numbers[-1]
        case _:
            return None, None


def _minimum_time(definition: Definition) -> Iterator[LintFinding]:
    minimum, shares = definition.attendance.minimum_minutes, definition.outcomes
    same = shares.get(Outcome.CUT_SHORT) == shares.get(Outcome.ATTENDED)
    if minimum > 0 and same:
        yield _warning(
            "outcomes.cut_short",
            "minimum_without_effect",
            "An appointment that is cut short is worth as much as one that is not: the minimum time has no effect.",
            "Give the two outcomes different shares, or ask for no minimum time.",
        )


def _contact_attempts(definition: Definition) -> Iterator[LintFinding]:
    shares = definition.outcomes
    cheaper = shares.get(Outcome.PROSPECT_NO_SHOW, 0) < shares.get(Outcome.ATTENDED, 0)
    if cheaper and definition.attendance.contact_attempts == 0:
        yield _warning(
            "attendance.contact_attempts",
            "no_show_without_attempts",
            "The buyer may state that the prospect did not come without having tried to reach him.",
            "Ask for contact attempts before a no-show counts.",
        )


def _proof(definition: Definition) -> Iterator[LintFinding]:
    grades = definition.attendance.proof_grades
    if "C" in grades:
        yield _warning(
            "attendance.proof_grades",
            "self_serving_proof",
            "Grade C is held by the party it serves and never decides anything.",
            "Leave it out.",
        )
    if definition.verification.silence is Silence.EVIDENCE_THEN_ACCEPT and "A" not in grades:
        yield _warning(
            "attendance.proof_grades",
            "silence_without_proof",
            "Silence asks for grade A evidence first, but grade A may not prove attendance.",
            "Let grade A prove attendance, or let silence simply accept.",
        )


def _worthless(definition: Definition) -> Iterator[LintFinding]:
    if definition.outcomes.get(Outcome.ATTENDED) == 0:
        yield _warning(
            "outcomes.attended", "worthless_attendance", "An attended appointment is worth nothing.", "Give it a share."
        )


def _incentives(definition: Definition) -> Iterator[LintFinding]:
    """Outcomes that pay the side that brought them about."""
    shares = definition.outcomes
    for more, less, detail in (
        (Outcome.PROSPECT_NO_SHOW, Outcome.ATTENDED, "The supplier earns more if the prospect stays away."),
        (Outcome.CANCELLED_BY_SUPPLIER, Outcome.CANCELLED_BY_PROSPECT, "The supplier earns more by cancelling."),
        (Outcome.SUPPLIER_FAULT, Outcome.BUYER_NO_SHOW, "The supplier earns more by a fault of his own."),
        (Outcome.DISQUALIFIED, Outcome.ATTENDED, "A prospect who does not qualify is worth more than one who does."),
        (Outcome.CANCELLED_BY_BUYER, Outcome.CANCELLED_BY_BUYER_LATE, "The buyer pays less by cancelling late."),
        (Outcome.CANCELLED_BY_BUYER_LATE, Outcome.BUYER_NO_SHOW, "The buyer pays less by staying away in silence."),
    ):
        if less in shares and shares.get(more, 0) > shares[less]:
            yield _warning(f"outcomes.{more}", "wrong_incentive", detail, f"Let {more} be worth no more than {less}.")


def _moves(definition: Definition) -> Iterator[LintFinding]:
    for clause, limit, within in (
        ("reschedule", definition.reschedule.limit, definition.reschedule.within),
        ("rebooking", definition.rebooking.limit, definition.rebooking.within),
    ):
        if (limit == 0) is not within.is_zero:
            yield _warning(
                clause,
                "never_possible",
                f"Allowed {wording.counted(limit, 'time')} within {wording.length(within)}: never.",
                "Set both limit and window, or both to zero.",
            )


def _notice(definition: Definition) -> Iterator[LintFinding]:
    shares = definition.outcomes
    differs = shares.get(Outcome.CANCELLED_BY_BUYER) != shares.get(Outcome.CANCELLED_BY_BUYER_LATE)
    if definition.late_within.is_zero and differs:
        yield _warning(
            "notice.late_within",
            "never_late",
            "No cancellation by the buyer is ever late, though a late one has a share of its own.",
            "Say from when on a cancellation is late.",
        )


def _verification(definition: Definition) -> Iterator[LintFinding]:
    verification = definition.verification
    if verification.window.is_zero:
        yield _warning(
            "verification.window",
            "no_time_for_findings",
            "The buyer's window is over as soon as the appointment is.",
            "Give the buyer time to say what happened.",
        )
    if verification.silence is Silence.REJECT:
        yield _warning(
            "verification.silence",
            "silence_rejects",
            "A buyer who says nothing pays nothing unless the supplier contests.",
            "Let silence accept, or escalate.",
        )


def _dispute(definition: Definition) -> Iterator[LintFinding]:
    dispute = definition.dispute
    if not dispute.reasons:
        yield _warning(
            "dispute.reasons",
            "nothing_to_contest",
            "There is no reason for which the supplier may contest.",
            "Name the reasons that count.",
        )
    if dispute.decision_window is None:
        yield _warning(
            "dispute.decision_window",
            "undated_decision",
            "Nothing says by when the arbiter decides.",
            "Give the arbiter a window.",
        )
    elif dispute.decision_window.is_zero:
        yield _warning(
            "dispute.decision_window", "no_time_to_decide", "The arbiter is late at once.", "Give the arbiter time."
        )
    if dispute.reply_window.is_zero:
        yield _warning(
            "dispute.reply_window",
            "no_time_to_reply",
            "The other side's time to reply is over as soon as a dispute is opened.",
            "Give the other side time to reply.",
        )


def _clawback(definition: Definition) -> Iterator[LintFinding]:
    clawback = definition.clawback
    if clawback.reasons and clawback.window.is_zero:
        yield _warning(
            "clawback.window", "reasons_without_window", "The reasons can never be used.", "Leave them out, or open it."
        )
    if not clawback.reasons and not clawback.window.is_zero:
        yield _warning(
            "clawback.reasons", "window_without_reasons", "There is no reason to claim by.", "Name one, or set zero."
        )
    if clawback.reasons and clawback.return_cap is None:
        yield _warning(
            "clawback.return_cap", "uncapped_returns", "Every appointment could be claimed back.", "Set a cap."
        )
    if clawback.reasons and clawback.return_cap == 0:
        yield _warning(
            "clawback.return_cap", "capped_at_nothing", "No appointment can be claimed back.", "Raise the cap."
        )
    for reason in clawback.reasons:
        terms = reason.remedy
        if terms is not None and terms.kind is RemedyKind.REPLACEMENT and terms.expires and terms.expires.is_zero:
            yield _warning(
                f"clawback.reasons.{reason.code}",
                "replacement_expires_at_once",
                "The promised replacement expires when it is promised.",
                "Give the supplier time to replace, or let the remedy be a credit.",
            )


def _duplicates(definition: Definition) -> Iterator[LintFinding]:
    duplicates = definition.duplicates
    if not duplicates.keys:
        yield _warning(
            "duplicates.keys",
            "no_duplicate_rule",
            "The same prospect may be sold again at any time.",
            "Name at least one key.",
        )
    elif duplicates.window.is_zero:
        yield _warning(
            "duplicates.window", "no_duplicate_rule", "The window is over at once.", "Look back for some days."
        )


def _channels(definition: Definition) -> Iterator[LintFinding]:
    if not definition.intake.channels:
        yield _warning(
            "intake.channels", "no_channel", "No channel is taken: every submission is refused.", "Name one."
        )


def _consent(definition: Definition) -> Iterator[LintFinding]:
    consent = definition.intake.consent
    for rule in (consent.general, *consent.regions):
        clause = f"intake.consent.regions.{rule.region}" if rule.region else "intake.consent"
        if rule.required and not rule.bases:
            yield _warning(clause, "consent_without_basis", "Consent is asked for, on no basis.", "Name the bases.")
        if rule.required and rule.max_age is not None and rule.max_age.is_zero:
            yield _warning(clause, "consent_too_old_at_once", "Every consent is too old.", "Allow it some age.")


def _caps(definition: Definition) -> Iterator[LintFinding]:
    caps = definition.intake.caps
    for name, cap in (("day", caps.day), ("week", caps.week), ("month", caps.month)):
        if cap == 0:
            yield _warning(f"intake.caps.{name}", "cap_of_zero", "Nothing is taken.", "Raise the cap, or leave it out.")
    for short, low, long, high in (
        ("day", caps.day, "week", caps.week),
        ("week", caps.week, "month", caps.month),
        ("day", caps.day, "month", caps.month),
    ):
        if low is not None and high is not None and low > high:
            yield _warning(
                f"intake.caps.{short}",
                "cap_without_effect",
                f"The cap for a {long} is lower and counts first.",
                f"Let the cap for a {short} be the lower one.",
            )


def _ages(definition: Definition) -> Iterator[LintFinding]:
    if definition.intake.lead_age is not None and definition.intake.lead_age.is_zero:
        yield _warning("intake.lead_age", "lead_too_old_at_once", "Every lead is too old.", "Allow it some age.")
