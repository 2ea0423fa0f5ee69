"""A draft replayed over past appointments: what each would have come to under other terms.

Owns `rejudged`, which asks the same rules as ever (intake, criteria, findings, silence, notice) the parts of the terms
that differ from those an appointment pinned; what did not change keeps what was recorded. Minutes that equal the old
minimum count as left out, which is how they are recorded. Refuses to guess: an
appointment whose worth a dispute settled stays as it is, and so does everything that other terms would have made
people do differently (contact attempts, reschedules, rebookings, disputes).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from ledger.domain.calendar import start_before
from ledger.domain.criteria import evaluate
from ledger.domain.decisions import findings_deadline
from ledger.domain.intake import CLEAR, Submission, violations
from ledger.domain.lifecycle import CriterionFinding, Finding, Slot, Verdict
from ledger.domain.money import share_of
from ledger.domain.outcome import disqualified, outcome_of
from ledger.domain.pricing import bonus_price
from ledger.domain.terms import Agreement, Criterion, CriterionKind, Definition, Missing, Outcome, Silence

REFUSED: Final = "refused"
"""What becomes of a submission that the draft would not have taken."""
OPEN: Final = "open"
"""An outcome that silence leaves open."""
REPLAYED: Final = (
    *("criteria", "facts", "outcomes", "attendance.minimum_minutes", "notice", "verification", "time_zone", "calendar"),
    *("intake.channels", "intake.backdated_grace", "intake.submit_before", "intake.lead_age", "intake.consent"),
)
"""The parts of the terms that a replay can judge; the others change what people would have done."""
_CANCELLED: Final = frozenset({Outcome.CANCELLED_BY_BUYER, Outcome.CANCELLED_BY_BUYER_LATE})
_CANCELLED_BY_ANYBODY: Final = _CANCELLED | {Outcome.CANCELLED_BY_PROSPECT, Outcome.CANCELLED_BY_SUPPLIER}
_SILENT_NOTHING: Final = frozenset({Silence.REJECT, Silence.ESCALATE})
_INTAKE: Final = ("channels", "backdated_grace", "submit_before", "lead_age", "consent")


@dataclass(frozen=True, slots=True)
class Past:
    """An appointment as it was settled. `said_at` is when somebody spoke, or silence; `base` its tier."""

    submission: Submission
    submitted_at: datetime
    slot: Slot
    verdict: Verdict
    said_at: datetime
    attendance: Finding
    minutes: int | None
    criteria: Mapping[str, CriterionFinding]
    outcome: Outcome | None
    share: int
    amount: int
    base: int


@dataclass(frozen=True, slots=True)
class Judged:
    """`outcome` is a rulebook's outcome, `refused` or `open`; `amount` in minor units."""

    outcome: str
    amount: int


@dataclass(frozen=True, slots=True)
class Terms:
    """Other terms beside those that were pinned, and which parts of them differ."""

    pinned: Definition
    other: Definition
    intake: bool
    criteria: bool
    verification: bool
    notice: bool
    kept: frozenset[str]
    """Criteria that ask the same as before: what was found of them stands."""
    reach: frozenset[Outcome | None]
    """The recorded outcomes that the difference can touch; an appointment with another one stays as it is."""
    revalued: frozenset[Outcome | None]
    """Those of them that come to something else whatever was submitted and whoever spoke when."""


def compare(pinned: Definition, other: Definition) -> Terms:
    """What differs, looked at once for all appointments that pinned the same terms."""
    time = (pinned.time_zone, pinned.calendar) != (other.time_zone, other.calendar)
    before = {c.id: _test(c) for c in pinned.criteria}
    kept = frozenset(c.id for c in other.criteria if before.get(c.id) == _test(c))
    rules = pinned.intake, other.intake
    terms = Terms(
        pinned=pinned,
        other=other,
        intake=time or any(getattr(rules[0], n) != getattr(rules[1], n) for n in _INTAKE),
        criteria=_asked(pinned) != _asked(other),
        verification=time or pinned.verification != other.verification,
        notice=time or pinned.late_within != other.late_within,
        kept=kept,
        reach=frozenset(),
        revalued=frozenset(),
    )
    revalued = _revalued(terms)
    everything = frozenset[Outcome | None]((*Outcome, None))
    if terms.intake or terms.criteria:
        return replace(terms, reach=everything, revalued=everything if terms.criteria else revalued)
    spoken = everything - _CANCELLED_BY_ANYBODY if terms.verification else frozenset()
    return replace(terms, reach=revalued | spoken, revalued=revalued)


def _revalued(terms: Terms) -> frozenset[Outcome | None]:
    pinned, other = terms.pinned, terms.other
    touched: set[Outcome | None] = {o for o in Outcome if pinned.outcomes.get(o) != other.outcomes.get(o)}
    if terms.notice:
        touched |= _CANCELLED
    if pinned.attendance.minimum_minutes != other.attendance.minimum_minutes:
        touched |= {Outcome.ATTENDED, Outcome.CUT_SHORT}
    return frozenset(touched)


def _asked(definition: Definition) -> dict[str, tuple[Any, ...]]:
    """All of the criteria that decides something, which labels do not."""
    types = {name: (fact.type, fact.choices) for name, fact in definition.facts.items()}
    return {c.id: (*_test(c), c.missing, types.get(c.fact)) for c in definition.criteria}


def _test(criterion: Criterion) -> tuple[Any, ...]:
    return criterion.fact, criterion.operator, criterion.value, criterion.kind


def recorded(past: Past) -> Judged:
    return Judged(OPEN if past.outcome is None else past.outcome.value, past.amount)


def rejudged(past: Past, terms: Terms, agreement: Agreement) -> Judged:
    """What the appointment would have come to, with the supplier's claims and everybody's words as they were."""
    if past.outcome not in terms.reach:
        return recorded(past)
    other = terms.other
    by_facts = terms.verification or terms.criteria
    claims = evaluate(other, past.submission.facts) if by_facts else dict.fromkeys(terms.kept, True)
    if (terms.intake and _is_refused(past, terms, claims)) or (terms.criteria and _is_unfit(past, terms, claims)):
        return Judged(REFUSED, 0)
    late = terms.verification and past.verdict is Verdict.GIVEN and _too_late(past, other)
    silent = late or (terms.verification and past.verdict is Verdict.DEEMED)
    if not silent and past.outcome not in terms.revalued:
        return recorded(past)
    criteria = _criteria(past, terms, claims, spoken=not late)
    if past.attendance is Finding.UNKNOWN and past.outcome is not None:
        outcome = _cancelled(past, terms)
    elif (late or past.verdict is Verdict.DEEMED) and other.verification.silence in _SILENT_NOTHING:
        return Judged(OPEN, 0)
    else:
        heard = not late and past.attendance is not Finding.UNKNOWN
        left_out = not heard or past.minutes == terms.pinned.attendance.minimum_minutes
        attendance = past.attendance if heard else Finding.ATTENDED
        outcome = outcome_of(other, attendance, None if left_out else past.minutes)
        outcome = Outcome.DISQUALIFIED if disqualified(other, criteria) else outcome
    share = other.outcomes.get(outcome, 0)
    if (outcome, share, criteria) == (past.outcome, past.share, past.criteria):
        return recorded(past)
    return Judged(outcome.value, share_of(past.base + bonus_price(agreement.price, criteria), share))


def _is_refused(past: Past, terms: Terms, claims: Mapping[str, bool | None]) -> bool:
    """Whether the draft breaks an intake clause that the pinned terms did not: what was taken once is taken again."""
    broken = violations(terms.other, past.submission, claims, past.submitted_at, CLEAR)
    if not broken:
        return False
    before = evaluate(terms.pinned, past.submission.facts) if terms.criteria else claims
    known = {(each.clause, each.code) for each in violations(terms.pinned, past.submission, before, past.submitted_at)}
    return any((each.clause, each.code) not in known for each in broken)


def _is_unfit(past: Past, terms: Terms, claims: Mapping[str, bool | None]) -> bool:
    """Whether the facts miss a required criterion that asks something else than before."""
    return any(
        c.kind is CriterionKind.REQUIRED
        and c.id not in terms.kept
        and (claims[c.id] is False or (claims[c.id] is None and c.missing is Missing.REJECT))
        for c in terms.other.criteria
    )


def _criteria(
    past: Past, terms: Terms, claims: Mapping[str, bool | None], *, spoken: bool
) -> Mapping[str, CriterionFinding]:
    """What was found of criteria that ask the same as before stands; the others go by the supplier's facts."""
    if spoken and not terms.criteria:
        return past.criteria
    by_facts = {name: CriterionFinding.CONFIRMED if met else CriterionFinding.UNPROVEN for name, met in claims.items()}
    stands = {name: found for name, found in past.criteria.items() if name in terms.kept} if spoken else {}
    return {**by_facts, **stands}


def _too_late(past: Past, other: Definition) -> bool:
    return past.said_at >= findings_deadline(other, past.slot, past.submitted_at)


def _cancelled(past: Past, terms: Terms) -> Outcome:
    assert past.outcome is not None, "a cancellation has an outcome"
    if past.outcome not in _CANCELLED or not terms.notice:
        return past.outcome
    other = terms.other
    late_from = start_before(past.slot.starts_at, other.late_within, other.time_zone, other.calendar)
    return Outcome.CANCELLED_BY_BUYER_LATE if past.said_at >= late_from else Outcome.CANCELLED_BY_BUYER
