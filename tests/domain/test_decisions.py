"""Rules of time for findings, cancellations and silence: who may say what, and until when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.domain import decisions
from ledger.domain.errors import IllegalMove, NotAllowed, Refused, WindowClosed
from ledger.domain.lifecycle import CriterionFinding, Event, EventKind, Finding, Party, Schedule, Verdict, apply
from ledger.domain.outcome import Findings
from ledger.domain.terms import Outcome, Silence
from tests.domain.states import (
    ATTENDED,
    END,
    NO_SHOW,
    REFUTED,
    START,
    SUBMITTED_AT,
    TICK,
    Document,
    booked,
    cancelled,
    found,
    missed,
    settled,
    slot_at,
    terms,
)

TERMS = terms()
WAIT = timedelta(minutes=10)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def silence(means: Silence, **changes: Any) -> Any:
    return terms(lambda d: d["verification"].update(silence=means.value, **changes))


# Findings


def test_findings_are_taken_from_the_very_start_of_the_slot() -> None:
    with pytest.raises(IllegalMove) as early:
        found(TERMS, booked(TERMS), ATTENDED, START - TICK)
    assert early.value.code == "too_early"
    assert found(TERMS, booked(TERMS), ATTENDED, START).payload["outcome"] == "attended"


@pytest.mark.parametrize("absent", [Finding.PROSPECT_NO_SHOW, Finding.BUYER_NO_SHOW, Finding.BOTH_ABSENT])
def test_an_absence_is_taken_from_the_start_plus_the_waiting_time(absent: Finding) -> None:
    with pytest.raises(IllegalMove) as early:
        found(TERMS, booked(TERMS), Findings(absent), START + WAIT - TICK)
    assert early.value.code == "too_early"
    assert found(TERMS, booked(TERMS), Findings(absent), START + WAIT).payload["attendance"] == absent.value


@pytest.mark.parametrize("seen", [Finding.SUPPLIER_FAULT, Finding.ACCESS_FAILURE, Finding.TECHNICAL_FAILURE])
def test_what_is_no_absence_needs_no_waiting(seen: Finding) -> None:
    assert found(TERMS, booked(TERMS), Findings(seen), START).payload["outcome"] == seen.value


def test_a_prospects_no_show_needs_the_contact_attempts_that_the_definition_asks_for() -> None:
    with pytest.raises(Refused) as refusal:
        found(TERMS, booked(TERMS), NO_SHOW, END, attempts=1)
    assert refusal.value.code == "contact_attempts_missing"
    assert refusal.value.violations[0].clause == "attendance.contact_attempts"
    assert found(TERMS, booked(TERMS), NO_SHOW, END, attempts=2).payload["outcome"] == "prospect_no_show"


def test_other_findings_need_no_contact_attempts() -> None:
    for finding in (Finding.ATTENDED, Finding.BUYER_NO_SHOW, Finding.BOTH_ABSENT):
        assert found(TERMS, booked(TERMS), Findings(finding), END, attempts=0).kind is EventKind.FOUND


def test_findings_on_a_cancelled_appointment_are_refused() -> None:
    state = apply(booked(TERMS), cancelled(TERMS, booked(TERMS), Party.SUPPLIER, START - TICK))
    with pytest.raises(IllegalMove) as refusal:
        found(TERMS, state, ATTENDED, END)
    assert refusal.value.code == "illegal_transition"


def test_after_silence_took_effect_findings_are_late() -> None:
    with pytest.raises(WindowClosed, match=r"silence took effect at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"):
        found(TERMS, settled(TERMS, booked(TERMS)), ATTENDED, END + timedelta(days=9))


def test_notes_stay_with_the_findings() -> None:
    findings = Findings(Finding.ATTENDED, note="came late", notes={"owner": "said so"})
    payload = found(TERMS, booked(TERMS), findings, END).payload
    assert (payload["note"], payload["notes"]) == ("came late", {"owner": "said so"})


# Deadlines


@pytest.mark.parametrize(
    ("ends_at", "deadline"),
    [
        (utc(2026, 3, 10, 10, 30), utc(2026, 3, 12, 10, 30)),
        (utc(2026, 3, 13, 10, 30), utc(2026, 3, 17, 10, 30)),  # over a weekend
        (utc(2026, 3, 27, 10, 30), utc(2026, 3, 31, 9, 30)),  # over the change of the clocks
        (utc(2026, 4, 2, 9, 30), utc(2026, 4, 8, 9, 30)),  # over Easter
    ],
)
def test_the_buyers_window_is_two_business_days_at_the_same_wall_clock_time(
    ends_at: datetime, deadline: datetime
) -> None:
    slot = slot_at(ends_at - timedelta(minutes=30))
    assert booked(TERMS, slot).findings_at == deadline


def test_days_keep_the_wall_clock_time_and_hours_do_not() -> None:
    slot = slot_at(utc(2026, 3, 28, 10))
    for window, deadline in (({"days": 1}, utc(2026, 3, 29, 9, 30)), ({"hours": 24}, utc(2026, 3, 29, 10, 30))):
        definition = terms(lambda d, window=window: d["verification"].update(window=window))  # type: ignore[misc]
        assert booked(definition, slot).findings_at == deadline


def test_from_delivery_the_window_runs_from_the_later_of_slot_end_and_submission() -> None:
    definition = terms(lambda d: d["verification"].update(anchor="delivery", window={"hours": 24}))
    assert booked(definition).findings_at == END + timedelta(hours=24)
    late = END + timedelta(hours=3)
    assert booked(definition, submitted_at=late).findings_at == late + timedelta(hours=24)


def test_from_slot_end_a_late_submission_has_what_is_left_of_the_window() -> None:
    definition = terms(lambda d: d["verification"].update(window={"hours": 24}))
    assert booked(definition, submitted_at=END + timedelta(hours=3)).findings_at == END + timedelta(hours=24)


def test_the_windows_to_contest_and_to_rebook_run_from_the_verdict_the_clawback_from_the_slots_end() -> None:
    at = utc(2026, 3, 11, 15)
    state = missed(TERMS, at)
    assert state.contest_at == utc(2026, 3, 18, 15)
    assert state.rebooking_at == utc(2026, 3, 21, 15)
    assert state.clawback_at == utc(2026, 4, 9, 9, 30)  # 30 days later by the wall clock, in summer time


def test_a_clawback_from_delivery_runs_from_a_late_submission() -> None:
    definition = terms(lambda d: d["clawback"].update(anchor="delivery", window={"days": 1}))
    submitted_at = END + timedelta(hours=3)
    state = booked(definition, submitted_at=submitted_at)
    given = apply(state, found(definition, state, ATTENDED, submitted_at))
    assert given.clawback_at == submitted_at + timedelta(days=1)
    assert missed(definition).clawback_at == END + timedelta(days=1)


def test_windows_of_zero_are_over_at_once() -> None:
    def change(document: Document) -> None:
        document["verification"]["window"] = {"hours": 0}
        document["dispute"]["contest_window"] = {"business_days": 0}
        document["clawback"]["window"] = {"days": 0}
        document["rebooking"]["within"] = {"days": 0}

    definition = terms(change)
    assert booked(definition).findings_at == END
    state = missed(definition, START + WAIT)
    assert (state.rebooking_at, state.contest_at, state.clawback_at) == (None, START + WAIT, END)


# Silence


def test_silence_takes_effect_at_the_deadline_whenever_anybody_looks() -> None:
    state = booked(TERMS)
    event = decisions.fallen_due(TERMS, state)
    assert event is not None
    assert (event.kind, event.effective_at, event.actor) == (EventKind.DEEMED, state.findings_at, "rule")
    after = apply(state, event)
    assert (after.verdict, after.verdict_by, after.outcome) == (Verdict.DEEMED, "rule", Outcome.ATTENDED)
    assert after.contest_at == utc(2026, 3, 19, 10, 30)


def test_a_finding_after_silence_escalated_is_late() -> None:
    escalating = silence(Silence.ESCALATE)
    with pytest.raises(WindowClosed):
        found(escalating, settled(escalating, booked(escalating)), ATTENDED, utc(2026, 12, 1))


def test_escalated_silence_opens_a_dispute_that_waits_for_the_arbiter_alone() -> None:
    definition = silence(Silence.ESCALATE)
    state = settled(definition, booked(definition))
    assert (state.verdict, state.outcome, state.share) == (Verdict.CONTESTED, None, None)
    assert (state.reply_at, state.decision_at) == (None, utc(2026, 3, 26, 10, 30))
    assert state.next_due_at is None


def test_a_no_show_that_evidence_proves_in_silence_can_be_rebooked() -> None:
    definition = silence(Silence.EVIDENCE_THEN_ACCEPT)
    state = settled(definition, booked(definition), NO_SHOW)
    assert state.outcome is Outcome.PROSPECT_NO_SHOW
    assert state.rebooking_at == utc(2026, 3, 22, 10, 30)


def test_nothing_falls_due_where_every_clock_has_stopped() -> None:
    state = booked(TERMS)
    assert decisions.fallen_due(TERMS, apply(state, found(TERMS, state, ATTENDED, END))) is None


# Cancellation


@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        (START - timedelta(hours=24) - TICK, "cancelled_by_buyer"),
        (START - timedelta(hours=24), "cancelled_by_buyer_late"),
        (START - TICK, "cancelled_by_buyer_late"),
    ],
)
def test_a_buyers_cancellation_is_late_from_the_very_instant_of_the_notice(at: datetime, outcome: str) -> None:
    assert cancelled(TERMS, booked(TERMS), Party.BUYER, at).payload["outcome"] == outcome


def test_notice_in_days_keeps_the_wall_clock_time() -> None:
    definition = terms(notice={"late_within": {"days": 1}})
    state = booked(definition, slot_at(utc(2026, 3, 29, 9)))
    on_time, late = utc(2026, 3, 28, 10) - TICK, utc(2026, 3, 28, 10)
    assert cancelled(definition, state, Party.BUYER, on_time).payload["outcome"] == "cancelled_by_buyer"
    assert cancelled(definition, state, Party.BUYER, late).payload["outcome"] == "cancelled_by_buyer_late"


def test_without_notice_no_cancellation_is_late() -> None:
    definition = terms(notice={"late_within": {"hours": 0}})
    assert cancelled(definition, booked(definition), Party.BUYER, START - TICK).payload["outcome"] == (
        "cancelled_by_buyer"
    )


@pytest.mark.parametrize("stated_by", [Party.BUYER, Party.SUPPLIER])
def test_a_party_names_itself_or_the_prospect_never_the_other_side(stated_by: Party) -> None:
    other = Party.SUPPLIER if stated_by is Party.BUYER else Party.BUYER
    at, state = START - timedelta(days=3), booked(TERMS)
    with pytest.raises(NotAllowed):
        cancelled(TERMS, state, other, at, stated_by)
    for by in (stated_by, Party.PROSPECT):
        payload = cancelled(TERMS, state, by, at, stated_by).payload
        assert (payload["outcome"], payload["asked_by"], payload["by"]) == (f"cancelled_by_{by}", by, stated_by)


@pytest.mark.parametrize("nobody", [Party.OPERATOR, Party.RULE])
def test_only_the_prospect_and_the_parties_can_have_asked(nobody: Party) -> None:
    at, state = START - timedelta(days=3), booked(TERMS)
    for stated_by in (nobody, Party.OPERATOR):
        with pytest.raises(NotAllowed):
            cancelled(TERMS, state, nobody, at, stated_by)
        with pytest.raises(NotAllowed):
            decisions.rescheduled(TERMS, state, slot_at(START + WAIT), nobody, stated_by, at, "somebody", "")


def test_from_the_start_on_nothing_is_cancelled() -> None:
    for by in (Party.BUYER, Party.SUPPLIER, Party.PROSPECT):
        with pytest.raises(IllegalMove) as refusal:
            cancelled(TERMS, booked(TERMS), by, START, Party.OPERATOR)
        assert refusal.value.code == "slot_started"


def test_a_cancellation_confirms_the_criteria_that_the_facts_meet() -> None:
    state = booked(TERMS, claims={"size": True, "role": None, "owner": False})
    after = apply(state, cancelled(TERMS, state, Party.BUYER, START - TICK))
    assert after.schedule is Schedule.CANCELLED
    assert after.criteria == {
        "size": CriterionFinding.CONFIRMED,
        "role": CriterionFinding.UNPROVEN,
        "owner": CriterionFinding.UNPROVEN,
    }
    assert after.next_due_at is None


def test_a_cancelled_appointment_is_not_cancelled_again() -> None:
    state = apply(booked(TERMS), cancelled(TERMS, booked(TERMS), Party.BUYER, START - TICK))
    with pytest.raises(IllegalMove) as refusal:
        cancelled(TERMS, state, Party.SUPPLIER, START - TICK)
    assert refusal.value.code == "illegal_transition"


# A second finding


def test_a_second_finding_ends_the_wait_for_a_rebooking() -> None:
    state = missed(TERMS)
    after = apply(state, found(TERMS, state, ATTENDED, END + WAIT))
    assert (after.outcome, after.rebooking_at, after.verdict_at) == (Outcome.ATTENDED, None, END + WAIT)


def test_saying_no_show_again_does_not_start_the_rebooking_window_anew() -> None:
    first = Findings(Finding.PROSPECT_NO_SHOW, criteria={"owner": REFUTED})
    state = missed(TERMS, END, first)
    after = apply(state, found(TERMS, state, NO_SHOW, END + timedelta(days=3)))
    assert after.rebooking_at == state.rebooking_at
    final = settled(TERMS, state)
    again = apply(final, found(TERMS, final, NO_SHOW, END + timedelta(days=12)))
    assert again.rebooking_at is None


def test_a_no_show_after_an_outcome_that_was_owed_already_is_final() -> None:
    definition = terms(lambda d: d["outcomes"].update(prospect_no_show=6000))
    state = booked(definition)
    cut_short = found(definition, state, Findings(Finding.ATTENDED, 1), END)
    money = {"position": 1, "price": 20500, "share": 5000, "amount": 10250}
    state = apply(state, Event(cut_short.kind, END, "b", {**cut_short.payload, "money": money}))
    assert found(definition, state, NO_SHOW, END + WAIT).payload["rebooking_at"] is None


def test_a_no_show_after_an_outcome_worth_nothing_can_be_rebooked() -> None:
    state = booked(TERMS)
    state = apply(state, found(TERMS, state, Findings(Finding.TECHNICAL_FAILURE), START))
    assert found(TERMS, state, NO_SHOW, END).payload["rebooking_at"] == END + timedelta(days=10)


def test_findings_are_late_by_the_terms_pinned_however_early_they_were_submitted() -> None:
    state = booked(TERMS, submitted_at=SUBMITTED_AT - timedelta(days=300))
    assert state.findings_at == utc(2026, 3, 12, 10, 30)


def test_a_window_that_was_over_before_the_submission_runs_from_the_submission() -> None:
    for window, submitted_at, deadline in (
        ({"hours": 24}, END + timedelta(hours=23), END + timedelta(hours=24)),
        ({"hours": 24}, END + timedelta(hours=24), END + timedelta(hours=48)),
        ({"hours": 0}, END + timedelta(hours=1), END + timedelta(hours=1)),
    ):
        definition = terms(verification={"window": window, "anchor": "slot_end", "silence": "accept"})
        assert booked(definition, submitted_at=submitted_at).findings_at == deadline
