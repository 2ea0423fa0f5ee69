"""Rules of the linter: loose terms are refused, odd ones are named."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.domain.definition import parse_definition
from ledger.domain.lint import LintFinding, Severity, lint, publishes
from ledger.domain.terms import Outcome
from tests.domain.documents import clawback_reasons, criteria, definition_document

Document = dict[str, Any]


def findings(change: Callable[[Document], object] | None = None) -> tuple[LintFinding, ...]:
    document = definition_document()
    if change is not None:
        change(document)
    return lint(parse_definition(document))


def codes(change: Callable[[Document], object], severity: Severity) -> set[tuple[str, str]]:
    return {(f.clause, f.code) for f in findings(change) if f.severity is severity}


def errors(change: Callable[[Document], object]) -> set[tuple[str, str]]:
    return codes(change, Severity.ERROR)


def warnings(change: Callable[[Document], object]) -> set[tuple[str, str]]:
    return codes(change, Severity.WARNING)


def test_sound_terms_have_no_findings() -> None:
    assert findings() == ()
    assert publishes(findings())


def test_a_finding_names_the_clause_and_the_mend() -> None:
    (finding,) = findings(lambda d: d["outcomes"].pop("attended"))
    assert finding.clause == "outcomes.attended"
    assert finding.detail
    assert finding.mend
    assert not publishes([finding])


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_outcome_without_a_share_is_refused(outcome: Outcome) -> None:
    expected = (f"outcomes.{outcome}", "outcome_without_share")
    assert expected in errors(lambda d: d["outcomes"].pop(outcome))
    assert expected in errors(lambda d: d["outcomes"].update({outcome: None}))


def test_silence_that_goes_to_an_arbiter_without_a_window_is_refused() -> None:
    def change(document: Document) -> None:
        document["verification"]["silence"] = "escalate"
        document["dispute"] |= {"decision_window": None, "no_reply": "dismiss"}

    assert errors(change) == {("verification.silence", "endless_silence")}


def test_no_reply_that_goes_to_an_arbiter_without_a_window_is_refused() -> None:
    assert errors(lambda d: d["dispute"].update(decision_window=None, no_reply="escalate")) == {
        ("dispute.no_reply", "endless_silence")
    }


def test_a_claim_that_may_lack_its_evidence_needs_an_arbiter_with_a_window() -> None:
    assert errors(lambda d: d["dispute"].update(decision_window=None, no_reply="uphold")) == {
        ("dispute.no_reply", "endless_silence")
    }


def test_an_arbiter_without_a_window_is_fine_where_no_silence_leads_to_him() -> None:
    change: Callable[[Document], object] = lambda d: d["dispute"].update(decision_window=None, no_reply="dismiss")  # noqa: E731
    assert errors(change) == set()
    assert warnings(change) == {("dispute.decision_window", "undated_decision")}


@pytest.mark.parametrize("unit", ["minutes", "hours", "days", "business_days"])
def test_a_contest_that_is_over_before_a_verdict_can_exist_is_refused(unit: str) -> None:
    assert errors(lambda d: d["dispute"].update(contest_window={unit: 0})) == {
        ("dispute.contest_window", "contest_closed_before_verdict")
    }


def test_where_every_outcome_is_worth_the_whole_price_a_refuted_bonus_can_still_be_contested() -> None:
    def change(document: Document) -> None:
        document["dispute"]["contest_window"] = {"days": 0}
        document["outcomes"] = dict.fromkeys(document["outcomes"], 10000)

    assert errors(change) == {("dispute.contest_window", "contest_closed_before_verdict")}


def test_without_a_bonus_there_is_nothing_to_contest_either() -> None:
    def change(document: Document) -> None:
        document["dispute"]["contest_window"] = {"days": 0}
        document["outcomes"] = dict.fromkeys(document["outcomes"], 10000)
        document["criteria"] = document["criteria"][:2]
        del document["facts"]["owner"]

    assert errors(change) == set()


@pytest.mark.parametrize(
    ("code", "clause"),
    [("criterion_met", "dispute.reasons.criterion_met"), ("wrong_person", "clawback.reasons.wrong_person")],
)
def test_a_reason_that_is_both_valid_and_invalid_is_refused(code: str, clause: str) -> None:
    assert errors(lambda d: d["dispute"]["not_reasons"].append(code)) == {(clause, "reason_valid_and_invalid")}


def test_a_criterion_on_an_undeclared_fact_is_refused() -> None:
    assert errors(lambda d: d["facts"].pop("employees")) == {("criteria.size", "undeclared_fact")}


@pytest.mark.parametrize("silence", ["accept", "evidence_then_accept"])
def test_a_clawback_that_ends_before_silence_accepts_is_refused(silence: str) -> None:
    def change(document: Document) -> None:
        document["verification"] |= {"window": {"days": 30}, "silence": silence}
        document["clawback"]["window"] = {"days": 14}

    assert errors(change) == {("clawback.window", "contradicting_windows")}


def test_a_clawback_that_ends_when_silence_accepts_is_refused_too() -> None:
    def change(document: Document) -> None:
        document["verification"]["window"] = {"days": 14}
        document["clawback"]["window"] = {"days": 14}

    assert errors(change) == {("clawback.window", "contradicting_windows")}


@pytest.mark.parametrize("silence", ["reject", "escalate"])
@pytest.mark.parametrize(("days", "refused"), [(14, True), (30, False)])
def test_a_clawback_that_ends_before_the_buyers_own_findings_is_refused(silence: str, days: int, refused: bool) -> None:
    def change(document: Document) -> None:
        document["verification"] |= {"window": {"days": 30}, "silence": silence}
        document["clawback"]["window"] = {"days": days}

    assert errors(change) == ({("clawback.window", "contradicting_windows")} if refused else set())


def test_no_clawback_at_all_is_fine() -> None:
    assert findings(lambda d: d["clawback"].update(window={"days": 0}, reasons=[])) == ()


def test_submitting_before_the_start_and_after_it_contradict_each_other() -> None:
    assert errors(lambda d: d["intake"].update(backdated_grace={"hours": 24})) == {
        ("intake.submit_before", "contradicting_windows")
    }


@pytest.mark.parametrize(
    ("duplicates", "rebooking", "refused"),
    [
        ({"days": 9}, {"days": 10}, True),
        ({"days": 10}, {"days": 10}, False),
        ({"days": 10}, {"business_days": 10}, True),
        ({"hours": 24}, {"business_days": 1}, True),
        ({"days": 30}, {"business_days": 10}, False),
        ({"days": 14}, {"business_days": 10}, True),  # a bank holiday among them is enough
    ],
)
def test_a_duplicate_window_under_the_rebooking_window_is_refused(
    duplicates: Document, rebooking: Document, refused: bool
) -> None:
    def change(document: Document) -> None:
        document["duplicates"]["window"] = duplicates
        document["rebooking"]["within"] = rebooking

    assert errors(change) == ({("duplicates.window", "duplicates_under_rebooking")} if refused else set())


def test_without_rebooking_the_duplicate_window_may_be_short() -> None:
    def change(document: Document) -> None:
        document["duplicates"]["window"] = {"days": 1}
        document["rebooking"] = {"within": {"days": 0}, "limit": 0}

    assert findings(change) == ()


def test_every_error_is_found_at_once() -> None:
    def change(document: Document) -> None:
        del document["outcomes"]["attended"]
        del document["facts"]["owner"]
        document["dispute"] |= {"decision_window": None, "contest_window": {"days": 0}, "not_reasons": ["wrong_person"]}
        document["intake"]["backdated_grace"] = {"hours": 1}
        document["duplicates"]["window"] = {"days": 1}
        document["verification"]["window"] = {"days": 40}

    assert all(f.clause and f.detail and f.mend for f in findings(change))
    assert {code for _, code in errors(change)} == {
        *("outcome_without_share", "undeclared_fact", "endless_silence", "contest_closed_before_verdict"),
        *("reason_valid_and_invalid", "contradicting_windows", "duplicates_under_rebooking"),
    }


def replaced(section: str, **changes: Any) -> Callable[[Document], object]:
    return lambda document: document[section].update(changes)


def shares(**changes: int) -> Callable[[Document], object]:
    return replaced("outcomes", **changes)


def consent(**changes: Any) -> Callable[[Document], object]:
    return lambda document: document["intake"]["consent"].update(changes)


def one_clawback(**remedy: Any) -> Callable[[Document], object]:
    return replaced("clawback", reasons=[clawback_reasons()[0] | {"remedy": remedy}])


def impossible_choice(document: Document) -> None:
    document["facts"]["trade"] = {"type": "choice", "choices": ["roof"]}
    document["criteria"][0] |= {"fact": "trade", "operator": "in", "value": ["roof", "boat"]}
    del document["facts"]["employees"]


def impossible_range(document: Document) -> None:
    document["criteria"].append(criteria()[0] | {"id": "big", "operator": "at_least", "value": 500})
    document["criteria"].append(criteria()[0] | {"id": "small", "operator": "at_most", "value": 1000})


@pytest.mark.parametrize(
    ("change", "clause", "code"),
    [
        (lambda d: d["facts"].update(nights={"type": "integer"}), "facts.nights", "unread_fact"),
        (
            lambda d: d.update(criteria=criteria()[2:], facts={"owner": {"type": "boolean"}}),
            "criteria",
            "nothing_required",
        ),
        (impossible_choice, "criteria.size", "impossible_choice"),
        (impossible_range, "facts.employees", "impossible_range"),
        (shares(cut_short=10000), "outcomes.cut_short", "minimum_without_effect"),
        (replaced("attendance", contact_attempts=0), "attendance.contact_attempts", "no_show_without_attempts"),
        (replaced("attendance", proof_grades=["A", "C"]), "attendance.proof_grades", "self_serving_proof"),
        (shares(attended=0, cut_short=0, prospect_no_show=0), "outcomes.attended", "worthless_attendance"),
        (shares(attended=2000, cut_short=0), "outcomes.prospect_no_show", "wrong_incentive"),
        (shares(cancelled_by_supplier=1), "outcomes.cancelled_by_supplier", "wrong_incentive"),
        (shares(cancelled_by_buyer=6000), "outcomes.cancelled_by_buyer", "wrong_incentive"),
        (replaced("reschedule", limit=0), "reschedule", "never_possible"),
        (replaced("rebooking", within={"days": 0}), "rebooking", "never_possible"),
        (replaced("notice", late_within={"hours": 0}), "notice.late_within", "never_late"),
        (replaced("verification", window={"hours": 0}), "verification.window", "no_time_for_findings"),
        (replaced("verification", silence="reject"), "verification.silence", "silence_rejects"),
        (replaced("dispute", reasons=[]), "dispute.reasons", "nothing_to_contest"),
        (replaced("dispute", decision_window={"days": 0}), "dispute.decision_window", "no_time_to_decide"),
        (replaced("dispute", reply_window={"days": 0}), "dispute.reply_window", "no_time_to_reply"),
        (replaced("clawback", window={"days": 0}), "clawback.window", "reasons_without_window"),
        (replaced("clawback", reasons=[]), "clawback.reasons", "window_without_reasons"),
        (replaced("clawback", return_cap=None), "clawback.return_cap", "uncapped_returns"),
        (replaced("clawback", return_cap=0), "clawback.return_cap", "capped_at_nothing"),
        (
            one_clawback(kind="replacement", expires={"days": 0}),
            "clawback.reasons.wrong_person",
            "replacement_expires_at_once",
        ),
        (replaced("duplicates", keys=[]), "duplicates.keys", "no_duplicate_rule"),
        (replaced("intake", channels=[]), "intake.channels", "no_channel"),
        (consent(bases=[]), "intake.consent", "consent_without_basis"),
        (consent(max_age={"days": 0}), "intake.consent", "consent_too_old_at_once"),
        (replaced("intake", caps={"day": 0}), "intake.caps.day", "cap_of_zero"),
        (replaced("intake", caps={"day": 20, "week": 10}), "intake.caps.day", "cap_without_effect"),
        (replaced("intake", lead_age={"days": 0}), "intake.lead_age", "lead_too_old_at_once"),
    ],
)
def test_what_a_careful_reader_would_ask_about_is_a_warning_and_publishes(
    change: Callable[[Document], object], clause: str, code: str
) -> None:
    assert (clause, code) in warnings(change)
    assert errors(change) == set()


def test_evidence_first_is_nothing_without_independent_proof() -> None:
    def change(document: Document) -> None:
        document["verification"]["silence"] = "evidence_then_accept"
        document["attendance"]["proof_grades"] = ["B"]

    assert warnings(change) == {("attendance.proof_grades", "silence_without_proof")}


def test_a_duplicate_window_of_zero_is_no_rule() -> None:
    def change(document: Document) -> None:
        document["duplicates"]["window"] = {"days": 0}
        document["rebooking"] = {"within": {"days": 0}, "limit": 0}

    assert warnings(change) == {("duplicates.window", "no_duplicate_rule")}


def test_a_rule_of_a_region_is_named_by_its_region() -> None:
    assert warnings(lambda d: d["intake"]["consent"]["regions"][0].update(bases=[])) == {
        ("intake.consent.regions.DE", "consent_without_basis")
    }
