"""Rules of worth: from what parties state to an outcome and the share that the definition gives it."""

import pytest

from ledger.domain.errors import Refused
from ledger.domain.lifecycle import ABSENCES, CriterionFinding, Finding
from ledger.domain.outcome import Findings, Ruling, rule, rule_cancelled, rule_on_criteria, rule_silent
from ledger.domain.terms import Definition, Outcome, Silence
from tests.domain.states import ATTENDED, CONFIRMED, NO_SHOW, REFUTED, booked, terms

TERMS = terms()
STATED = [finding for finding in Finding if finding is not Finding.UNKNOWN]


def ruled(findings: Findings, claims: dict[str, bool | None] | None = None, definition: Definition = TERMS) -> Ruling:
    return rule(definition, booked(definition, claims=claims), findings)


def codes(findings: Findings) -> set[tuple[str, str]]:
    with pytest.raises(Refused) as refusal:
        ruled(findings)
    return {(violation.clause, violation.code) for violation in refusal.value.violations}


@pytest.mark.parametrize("finding", STATED)
def test_a_finding_is_worth_what_the_definition_says(finding: Finding) -> None:
    ruling = ruled(Findings(finding))
    assert ruling.outcome is Outcome(finding.value)
    assert ruling.share == TERMS.outcomes[Outcome(finding.value)]


@pytest.mark.parametrize("finding", STATED)
@pytest.mark.parametrize("criterion", ["size", "role"])
def test_a_refuted_required_criterion_disqualifies_whatever_the_attendance(finding: Finding, criterion: str) -> None:
    ruling = ruled(Findings(finding, criteria={criterion: REFUTED}))
    assert (ruling.outcome, ruling.share, ruling.attendance) == (Outcome.DISQUALIFIED, 0, finding)


def test_a_refuted_bonus_criterion_disqualifies_nobody() -> None:
    ruling = ruled(Findings(Finding.ATTENDED, criteria={"owner": REFUTED}))
    assert ruling.outcome is Outcome.ATTENDED
    assert ruling.criteria == {"size": CONFIRMED, "role": CONFIRMED, "owner": REFUTED}


def test_a_required_criterion_that_is_only_unproven_disqualifies_nobody() -> None:
    ruling = ruled(ATTENDED, {"size": True, "role": None, "owner": None})
    assert ruling.outcome is Outcome.ATTENDED
    assert ruling.criteria["role"] is CriterionFinding.UNPROVEN


@pytest.mark.parametrize(
    ("minutes", "outcome"), [(0, Outcome.CUT_SHORT), (14, Outcome.CUT_SHORT), (15, Outcome.ATTENDED)]
)
def test_fewer_minutes_than_the_minimum_cut_it_short(minutes: int, outcome: Outcome) -> None:
    ruling = ruled(Findings(Finding.ATTENDED, minutes))
    assert (ruling.outcome, ruling.minutes, ruling.share) == (outcome, minutes, TERMS.outcomes[outcome])


def test_minutes_left_out_mean_the_minimum() -> None:
    ruling = ruled(ATTENDED)
    assert (ruling.outcome, ruling.minutes) == (Outcome.ATTENDED, 15)


def test_without_a_minimum_nothing_is_cut_short() -> None:
    definition = terms(lambda d: d["attendance"].update(minimum_minutes=0))
    assert ruled(Findings(Finding.ATTENDED, 0), definition=definition).outcome is Outcome.ATTENDED


def test_a_criterion_nobody_ruled_on_is_confirmed_where_the_facts_meet_it_else_unproven() -> None:
    state = booked(TERMS, claims={"size": True, "role": None, "owner": False})
    assert rule_on_criteria(state) == {
        "size": CONFIRMED,
        "role": CriterionFinding.UNPROVEN,
        "owner": CriterionFinding.UNPROVEN,
    }


def test_what_was_ruled_on_stands_whatever_the_facts_say() -> None:
    stated = {"owner": CONFIRMED, "size": REFUTED}
    ruling = ruled(Findings(Finding.ATTENDED, criteria=stated), {"size": True, "role": True, "owner": None})
    assert ruling.criteria == {"size": REFUTED, "role": CONFIRMED, "owner": CONFIRMED}


def test_every_fault_of_findings_is_named() -> None:
    findings = Findings(
        Finding.UNKNOWN,
        criteria={"height": CONFIRMED, "size": CriterionFinding.CLAIMED, "owner": CriterionFinding.UNPROVEN},
    )
    assert codes(findings) == {
        ("attendance", "attendance_unknown"),
        ("height", "unknown_criterion"),
        ("size", "finding_not_possible"),
        ("owner", "finding_not_possible"),
    }


@pytest.mark.parametrize("absence", sorted(ABSENCES))
def test_an_absence_has_no_minutes_together(absence: Finding) -> None:
    assert codes(Findings(absence, 5)) == {("attendance.minimum_minutes", "minutes_of_an_absence")}
    assert ruled(Findings(absence, 0)).outcome is Outcome(absence.value)


def test_a_cancellation_finds_nobody_absent() -> None:
    ruling = rule_cancelled(TERMS, booked(TERMS), Outcome.CANCELLED_BY_BUYER_LATE)
    assert (ruling.attendance, ruling.minutes, ruling.share) == (Finding.UNKNOWN, None, 5000)


# Silence


def silent(silence: Silence, proven: Findings | None = None, claims: dict[str, bool | None] | None = None) -> Ruling:
    definition = terms(lambda d: d["verification"].update(silence=silence.value))
    return rule_silent(definition, booked(definition, claims=claims), proven)


def test_silence_that_accepts_means_attended_and_every_claimed_criterion() -> None:
    ruling = silent(Silence.ACCEPT, proven=NO_SHOW, claims={"size": True, "role": None, "owner": True})
    assert (ruling.outcome, ruling.share, ruling.minutes) == (Outcome.ATTENDED, 10000, 15)
    assert ruling.criteria == {"size": CONFIRMED, "role": CriterionFinding.UNPROVEN, "owner": CONFIRMED}


def test_silence_that_asks_the_evidence_first_takes_what_it_shows() -> None:
    assert silent(Silence.EVIDENCE_THEN_ACCEPT, NO_SHOW).outcome is Outcome.PROSPECT_NO_SHOW
    assert silent(Silence.EVIDENCE_THEN_ACCEPT, Findings(Finding.ATTENDED, 3)).outcome is Outcome.CUT_SHORT
    assert silent(Silence.EVIDENCE_THEN_ACCEPT).outcome is Outcome.ATTENDED


def test_silence_that_rejects_is_worth_nothing_and_says_nothing() -> None:
    ruling = silent(Silence.REJECT, proven=ATTENDED)
    assert (ruling.outcome, ruling.share, ruling.attendance) == (None, 0, Finding.UNKNOWN)


def test_silence_that_escalates_leaves_everything_to_the_arbiter() -> None:
    ruling = silent(Silence.ESCALATE, proven=ATTENDED)
    assert (ruling.outcome, ruling.share, ruling.attendance) == (None, None, Finding.UNKNOWN)
