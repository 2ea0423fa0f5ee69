"""From findings of fact to an outcome and its share: what the pinned definition says the facts are worth.

Owns `Findings`, `Ruling` and the three ways to a ruling (stated facts, a cancellation, silence). Nobody
accepts or rejects here: parties state facts and the definition judges. Refuses criteria that the definition
does not know and minutes that cannot be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ledger.domain.errors import Refused, Violation
from ledger.domain.lifecycle import ABSENCES, Appointment, CriterionFinding, Finding
from ledger.domain.terms import CriterionKind, Definition, Outcome, Silence


@dataclass(frozen=True, slots=True)
class Findings:
    """What a party says happened. Criteria left out are ruled on by the facts (`rule_on_criteria`).

    Notes are kept beside the findings and decide nothing.
    """

    attendance: Finding
    minutes: int | None = None
    criteria: Mapping[str, CriterionFinding] | None = None
    note: str | None = None
    notes: Mapping[str, str] | None = None


class Ruling(NamedTuple):
    """Findings and what they are worth. `outcome` and `share` are None where silence leaves them open."""

    attendance: Finding
    minutes: int | None
    criteria: Mapping[str, CriterionFinding]
    outcome: Outcome | None
    share: int | None


def rule_on_criteria(
    state: Appointment, stated: Mapping[str, CriterionFinding] | None = None
) -> dict[str, CriterionFinding]:
    """Every criterion's finding: as stated, else confirmed where the facts meet it, else unproven (section 3)."""
    ruled = {
        name: CriterionFinding.CONFIRMED if met else CriterionFinding.UNPROVEN for name, met in state.claims.items()
    }
    if stated:
        ruled.update(stated)
    return ruled


def disqualified(definition: Definition, criteria: Mapping[str, CriterionFinding]) -> bool:
    """Whether a required criterion is refuted."""
    refuted = CriterionFinding.REFUTED
    return refuted in criteria.values() and any(
        c.kind is CriterionKind.REQUIRED and criteria.get(c.id) is refuted for c in definition.criteria
    )


def rule(definition: Definition, state: Appointment, findings: Findings) -> Ruling:
    """What the findings are worth. Raises `Refused` for unknown criteria and impossible minutes."""
    check_findings(definition, findings)
    criteria = rule_on_criteria(state, findings.criteria)
    minutes = findings.minutes
    if findings.attendance is Finding.ATTENDED and minutes is None:
        minutes = definition.attendance.minimum_minutes
    outcome = outcome_of(definition, findings.attendance, minutes)
    if disqualified(definition, criteria):
        outcome = Outcome.DISQUALIFIED
    return Ruling(findings.attendance, minutes, criteria, outcome, definition.outcomes[outcome])


def outcome_of(definition: Definition, attendance: Finding, minutes: int | None) -> Outcome:
    """What the attendance alone comes to; minutes left out mean the minimum, fewer are too short."""
    if attendance is Finding.ATTENDED and minutes is not None and minutes < definition.attendance.minimum_minutes:
        return Outcome.CUT_SHORT
    return Outcome(attendance)


def check_findings(definition: Definition, findings: Findings) -> None:
    """Raises `Refused` with every fault of the findings themselves."""
    faults: list[Violation] = []
    if findings.attendance is Finding.UNKNOWN:
        faults.append(Violation("attendance", "attendance_unknown", "findings say who was there"))
    if findings.minutes and findings.attendance in ABSENCES:
        faults.append(
            Violation("attendance.minimum_minutes", "minutes_of_an_absence", "an absence has no minutes together")
        )
    known = {c.id for c in definition.criteria} if findings.criteria else set()
    for name, finding in (findings.criteria or {}).items():
        if name not in known:
            faults.append(Violation(name, "unknown_criterion", f"the definition has no criterion {name!r}"))
        elif finding not in (CriterionFinding.CONFIRMED, CriterionFinding.REFUTED):
            faults.append(Violation(name, "finding_not_possible", "a criterion is found confirmed or refuted"))
    if faults:
        raise Refused(faults)


def rule_cancelled(definition: Definition, state: Appointment, outcome: Outcome) -> Ruling:
    """A cancelled slot: nobody was there, the criteria stand as the facts meet them."""
    return Ruling(Finding.UNKNOWN, None, rule_on_criteria(state), outcome, definition.outcomes[outcome])


def rule_restored_no_show(definition: Definition, state: Appointment) -> Ruling:
    """The no-show that a cancelled rebooking gives back, with what was found of the criteria then."""
    outcome = Outcome.PROSPECT_NO_SHOW
    ruled = (CriterionFinding.CONFIRMED, CriterionFinding.REFUTED)
    criteria = rule_on_criteria(state, {name: found for name, found in state.criteria.items() if found in ruled})
    return Ruling(Finding.PROSPECT_NO_SHOW, None, criteria, outcome, definition.outcomes[outcome])


def rule_silent(definition: Definition, state: Appointment, proven: Findings | None) -> Ruling:
    """What silence means by the definition; `proven` is what grade A evidence shows by the deadline, if anything."""
    silence = definition.verification.silence
    if silence in (Silence.REJECT, Silence.ESCALATE):
        return Ruling(Finding.UNKNOWN, None, rule_on_criteria(state), None, 0 if silence is Silence.REJECT else None)
    if silence is Silence.EVIDENCE_THEN_ACCEPT and proven is not None:
        return rule(definition, state, proven)
    return rule(definition, state, Findings(Finding.ATTENDED))
