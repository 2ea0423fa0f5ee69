"""Rules at the door: every clause that a submission can break, alone and together, to the very instant."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.domain.intake import ConsentGiven, Prospect, Standing, Submission, consent_rule, violations
from ledger.domain.terms import ContactKind
from tests.domain.states import MET, SLOT, START, SUBMITTED_AT, TICK, Document, slot_at, terms

TERMS = terms()
CONSENT = ConsentGiven("opt_in", SUBMITTED_AT - timedelta(days=3), "form 7")
SUBMISSION = Submission(
    reference="S-1",
    slot=SLOT,
    prospect=Prospect(name="Ada", email="ada@mill.example", region="GB-KEN"),
    channel="outbound",
    lead_created_at=SUBMITTED_AT - timedelta(days=5),
    consent=CONSENT,
)
NOT_CAPPED = Standing()

Change = Callable[[Document], object]


def broken(
    change: Change | None = None,
    at: datetime = SUBMITTED_AT,
    claims: Mapping[str, bool | None] | None = None,
    standing: Standing = NOT_CAPPED,
    **fields: Any,
) -> list[tuple[str, str]]:
    """(clause, code) of everything that the submission breaks under the changed terms."""
    submission = SUBMISSION._replace(**fields)
    found = violations(terms(change), submission, claims or MET, at, standing)
    assert all(violation.detail for violation in found)
    return [(violation.clause, violation.code) for violation in found]


def intake(**clauses: Any) -> Change:
    return lambda document: document["intake"].update(clauses)


def test_a_submission_that_keeps_every_clause_is_taken() -> None:
    assert broken() == []


# Time


def test_from_the_start_on_a_submission_is_backdated() -> None:
    no_lead_time = intake(submit_before={"hours": 0})
    assert broken(no_lead_time, START - TICK) == []
    assert broken(no_lead_time, START) == [("intake.backdated_grace", "backdated")]


def test_a_backdated_submission_is_taken_within_the_grace() -> None:
    grace = intake(backdated_grace={"hours": 4}, submit_before={"hours": 0})
    ends = START + timedelta(hours=4)
    assert broken(grace, START) == broken(grace, ends - TICK) == []
    assert broken(grace, ends) == [("intake.backdated_grace", "backdated")]


def test_whom_the_grace_lets_in_is_not_kept_out_by_the_time_before_the_start() -> None:
    assert broken(intake(backdated_grace={"hours": 4}), START) == []


def test_a_submission_at_the_very_latest_instant_is_too_late() -> None:
    latest = START - timedelta(hours=2)
    assert broken(at=latest - TICK) == []
    assert broken(at=latest) == [("intake.submit_before", "submitted_too_late")]


def test_the_lead_time_in_business_days_skips_the_weekend() -> None:
    monday = slot_at(datetime(2026, 3, 9, 10, tzinfo=UTC))
    one_day = intake(submit_before={"business_days": 1})
    friday = datetime(2026, 3, 6, 10, tzinfo=UTC)
    assert broken(one_day, friday - TICK, slot=monday) == []
    assert broken(one_day, friday, slot=monday) == [("intake.submit_before", "submitted_too_late")]


# Channel and lead


@pytest.mark.parametrize("channel", ["referral", "", None, "Outbound"])
def test_only_a_channel_that_the_clause_names_is_taken(channel: str | None) -> None:
    assert broken(channel=channel) == [("intake.channels", "channel_not_taken")]


@pytest.mark.parametrize("channel", ["outbound", None])
def test_where_no_channel_is_named_none_is_taken(channel: str | None) -> None:
    assert broken(intake(channels=[]), channel=channel) == [("intake.channels", "channel_not_taken")]


def test_a_lead_is_too_old_at_the_very_limit() -> None:
    oldest = SUBMITTED_AT - timedelta(days=60)
    assert broken(lead_created_at=oldest + TICK) == []
    assert broken(lead_created_at=oldest) == [("intake.lead_age", "lead_too_old")]


def test_where_the_leads_age_counts_it_has_to_be_told() -> None:
    assert broken(lead_created_at=None) == [("intake.lead_age", "lead_age_unknown")]
    assert broken(intake(lead_age=None), lead_created_at=None) == []


def test_a_lead_cannot_come_from_the_future() -> None:
    assert broken(lead_created_at=SUBMITTED_AT) == []
    assert broken(lead_created_at=SUBMITTED_AT + TICK) == [("intake.lead_age", "lead_from_the_future")]


# Consent


def refused(code: str) -> list[tuple[str, str]]:
    return [("intake.consent", code)]


def test_consent_is_needed_on_a_basis_that_counts() -> None:
    assert broken(consent=None) == refused("consent_missing")
    assert broken(consent=replace(CONSENT, basis="hearsay")) == refused("consent_basis")
    assert broken(consent=replace(CONSENT, basis="legitimate_interest")) == []


def test_consent_is_too_old_at_the_very_limit() -> None:
    oldest = SUBMITTED_AT - timedelta(days=180, hours=1)  # the same wall-clock time, in summer
    assert broken(consent=replace(CONSENT, captured_at=oldest + TICK)) == []
    assert broken(consent=replace(CONSENT, captured_at=oldest)) == refused("consent_too_old")


def test_consent_without_its_time_is_refused_only_where_its_age_counts() -> None:
    undated = replace(CONSENT, captured_at=None)
    assert broken(consent=undated) == refused("consent_age_unknown")
    assert broken(lambda d: d["intake"]["consent"].update(max_age=None), consent=undated) == []


def test_consent_cannot_be_given_after_the_submission() -> None:
    assert broken(consent=replace(CONSENT, captured_at=SUBMITTED_AT + TICK)) == refused("consent_from_the_future")


def test_a_wrong_basis_and_a_stale_date_are_both_named() -> None:
    stale = ConsentGiven("hearsay", SUBMITTED_AT - timedelta(days=999))
    assert broken(consent=stale) == refused("consent_basis") + refused("consent_too_old")


def test_where_consent_is_not_needed_nothing_about_it_is_asked() -> None:
    def change(document: Document) -> None:
        document["intake"]["consent"]["required"] = False

    assert broken(change, consent=None) == broken(change, consent=ConsentGiven("hearsay", None)) == []


@pytest.mark.parametrize(
    ("region", "rule"),
    [
        ("GB-KEN", None),
        (None, None),
        ("DE", "DE"),
        ("DE-HH", "DE"),
        ("DE-BY", "DE-BY"),
        ("DEU", "DE"),
        ("DEU-BY", "DE-BY"),
        ("de-by", "DE-BY"),
        ("DK", None),
    ],
)
def test_the_narrowest_rule_of_the_prospects_region_counts(region: str | None, rule: str | None) -> None:
    bavaria = {"region": "DE-BY", "required": False, "bases": [], "max_age": None}
    definition = terms(lambda d: d["intake"]["consent"]["regions"].append(bavaria))
    assert consent_rule(definition, region).region == rule


def test_a_region_may_ask_for_more_than_the_rest() -> None:
    german = Prospect(email="ada@mill.example", region="DE-HH")
    by_interest = ConsentGiven("legitimate_interest", SUBMITTED_AT - timedelta(days=100))
    assert broken(prospect=german, consent=by_interest) == refused("consent_basis") + refused("consent_too_old")
    assert broken(consent=by_interest) == []


# Criteria


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"size": False}, [("size", "criterion_not_met")]),
        ({"size": None}, [("size", "criterion_missing")]),
        ({"role": None}, []),
        ({"role": False}, [("role", "criterion_not_met")]),
        ({"owner": False}, []),
        ({"owner": None}, []),
        ({"size": None, "role": False}, [("size", "criterion_missing"), ("role", "criterion_not_met")]),
    ],
)
def test_required_criteria_must_be_met_and_the_definition_says_what_a_missing_fact_means(
    claims: dict[str, bool | None], expected: list[tuple[str, str]]
) -> None:
    assert broken(claims=MET | claims) == expected


def test_a_bonus_criterion_never_refuses() -> None:
    def change(document: Document) -> None:
        document["criteria"][2]["missing"] = "reject"

    assert broken(change, claims=MET | {"owner": None}) == []


# What the books say


def test_a_duplicate_names_the_kinds_of_contact_and_nobody() -> None:
    standing = Standing(duplicates=(ContactKind.EMAIL, ContactKind.PHONE))
    (violation,) = violations(TERMS, SUBMISSION, MET, SUBMITTED_AT, standing)
    assert (violation.clause, violation.code) == ("duplicates", "duplicate")
    assert violation.detail == "this prospect was submitted before (same email, phone)"


def test_a_suppressed_prospect_is_left_alone() -> None:
    assert broken(standing=Standing(suppressed=True)) == [("intake.suppressions", "suppressed")]


@pytest.mark.parametrize("span", ["day", "week", "month"])
def test_a_cap_is_reached_when_as_many_are_booked_as_it_allows(span: str) -> None:
    capped = intake(caps={"day": None, "week": None, "month": None} | {span: 3})
    assert broken(capped, standing=Standing(**{span: 2})) == []  # type: ignore[arg-type]
    assert broken(capped, standing=Standing(**{span: 3})) == [(f"intake.caps.{span}", "cap_reached")]  # type: ignore[arg-type]


def test_a_cap_of_zero_takes_nobody_and_no_cap_takes_everybody() -> None:
    assert broken(intake(caps={"day": 0})) == [("intake.caps.day", "cap_reached")]
    assert broken(intake(caps={}), standing=Standing(day=10**6, week=10**6, month=10**6)) == []


def test_every_violated_clause_is_named_not_the_first_alone() -> None:
    found = broken(
        at=START,
        claims={"size": False, "role": False, "owner": None},
        standing=Standing((ContactKind.EMAIL,), suppressed=True, day=20, week=60),
        channel="referral",
        lead_created_at=None,
        consent=None,
    )
    assert found == [
        ("intake.backdated_grace", "backdated"),
        ("intake.submit_before", "submitted_too_late"),
        ("intake.channels", "channel_not_taken"),
        ("intake.lead_age", "lead_age_unknown"),
        ("intake.consent", "consent_missing"),
        ("size", "criterion_not_met"),
        ("role", "criterion_not_met"),
        ("duplicates", "duplicate"),
        ("intake.suppressions", "suppressed"),
        ("intake.caps.day", "cap_reached"),
        ("intake.caps.week", "cap_reached"),
    ]
