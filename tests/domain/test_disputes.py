"""Disputes: about facts, in their windows, for reasons that count, ended by whoever may end them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.domain import disputes
from ledger.domain.decisions import fallen_due, found, submitted
from ledger.domain.definition import parse_definition
from ledger.domain.disputes import DisputeKind, Position
from ledger.domain.errors import IllegalMove, NotAllowed, Refused, WindowClosed
from ledger.domain.lifecycle import Appointment, CriterionFinding, Event, Finding, Party, Slot, Verdict, apply
from ledger.domain.outcome import Findings
from ledger.domain.terms import Definition
from tests.domain.documents import definition_document

START = datetime(2026, 10, 5, 9, tzinfo=UTC)
END = START + timedelta(minutes=30)
FOUND_AT = START + timedelta(hours=2)
LATER = FOUND_AT + timedelta(days=1)
ATTENDED = Findings(Finding.ATTENDED, 22)
NO_SHOW = Findings(Finding.PROSPECT_NO_SHOW)


def terms(**changes: Any) -> Definition:
    rebooking = {"within": {"days": 0}, "limit": 1}
    return parse_definition(definition_document(**{"rebooking": rebooking, **changes}))


def given(definition: Definition, findings: Findings = NO_SHOW) -> Appointment:
    claims = {"size": True, "role": True, "owner": True}
    first = submitted(definition, claims, Slot(START, END), START - timedelta(days=3), "key:s", "sha256:0")
    state = apply(None, first)
    return apply(state, found(definition, state, findings, FOUND_AT, "key:b", attempts=9))


def contest(definition: Definition, state: Appointment, **changes: Any) -> Event:
    arguments: dict[str, Any] = {
        "kind": DisputeKind.CONTEST,
        "reason": "attended_after_all",
        "claim": ATTENDED,
        "at": LATER,
        "actor": "key:s",
        "dispute_id": "d-1",
    }
    return disputes.opened(definition, state, **{**arguments, **changes})


def contested(definition: Definition) -> Appointment:
    state = given(definition)
    return apply(state, contest(definition, state))


def accepted(definition: Definition) -> Appointment:
    return given(definition, ATTENDED)._replace(amount=18000, price=18000)


def clawback(definition: Definition, state: Appointment, **changes: Any) -> Event:
    arguments = {"kind": DisputeKind.CLAWBACK, "reason": "wrong_person", "claim": NO_SHOW, "actor": "key:b"}
    return contest(definition, state, **{**arguments, **changes})


def test_a_contest_puts_the_verdict_in_question_and_the_reply_clock_runs_from_its_opening() -> None:
    definition = terms()
    state = contested(definition)
    assert state.verdict is Verdict.CONTESTED
    assert state.reply_at == datetime(2026, 10, 13, 11, tzinfo=UTC)  # five working days after Tuesday 6 October
    assert state.decision_at is None


def test_a_contest_at_the_deadline_is_late() -> None:
    definition = terms()
    state = given(definition)
    assert state.contest_at is not None
    with pytest.raises(WindowClosed):
        contest(definition, state, at=state.contest_at)


def test_a_reason_that_counts_for_nothing_is_refused_by_its_clause() -> None:
    definition = terms()
    with pytest.raises(Refused) as refused:
        contest(definition, given(definition), reason="no_sale")
    assert [(v.clause, v.code) for v in refused.value.violations] == [("dispute.not_reasons", "reason_does_not_count")]


def test_an_unknown_reason_is_refused_with_those_that_count() -> None:
    definition = terms()
    with pytest.raises(Refused, match="attended_after_all"):
        contest(definition, given(definition), reason="whatever")


def test_the_reasons_of_a_clawback_are_not_those_of_a_contest() -> None:
    definition = terms()
    with pytest.raises(Refused) as refused:
        clawback(definition, accepted(definition), reason="criterion_met")
    assert refused.value.violations[0].clause == "clawback.reasons"


def test_a_claim_that_says_what_was_found_disputes_nothing() -> None:
    definition = terms()
    with pytest.raises(Refused) as refused:
        contest(definition, given(definition), claim=NO_SHOW)
    assert refused.value.code == "nothing_disputed"


def test_the_whole_price_with_every_bonus_cannot_be_contested() -> None:
    definition = terms()
    with pytest.raises(IllegalMove) as refused:
        contest(definition, accepted(definition), claim=Findings(Finding.ATTENDED, 30))
    assert refused.value.code == "not_contestable"


def test_a_refuted_bonus_that_the_facts_meet_can_be_contested_at_the_full_share() -> None:
    definition = terms()
    findings = replace(ATTENDED, criteria={"owner": CriterionFinding.REFUTED})
    state = given(definition, findings)
    assert state.share == 10000
    event = contest(definition, state, reason="criterion_met", claim=ATTENDED)
    assert event.payload["facts"] == ["owner"]


def test_a_clawback_needs_an_amount_to_take_back() -> None:
    definition = terms()
    with pytest.raises(IllegalMove) as refused:
        clawback(definition, given(definition, replace(ATTENDED, criteria={"size": CriterionFinding.REFUTED})))
    assert refused.value.code == "nothing_owed"


def test_a_clawback_at_the_end_of_its_window_is_late() -> None:
    definition = terms()
    state = accepted(definition)
    assert state.clawback_at is not None
    clawback(definition, state, at=state.clawback_at - timedelta(microseconds=1))
    with pytest.raises(WindowClosed):
        clawback(definition, state, at=state.clawback_at)


def test_one_dispute_is_open_at_a_time() -> None:
    definition = terms()
    with pytest.raises(IllegalMove) as refused:
        contest(definition, contested(definition))
    assert refused.value.code == "disputed"


def test_the_other_side_replies_and_nobody_else() -> None:
    definition = terms()
    with pytest.raises(NotAllowed):
        disputes.replied(definition, contested(definition), Position.CONCEDE, Party.SUPPLIER, LATER, "key:s")


def test_a_contested_reply_starts_the_arbiters_window() -> None:
    definition = terms()
    state = contested(definition)
    at = LATER + timedelta(days=1)
    state = apply(state, disputes.replied(definition, state, Position.CONTEST, Party.BUYER, at, "key:b"))
    assert state.reply_at is None
    assert state.decision_at == datetime(2026, 10, 21, 11, tzinfo=UTC)


def test_a_concession_makes_the_claim_true() -> None:
    definition = terms()
    state = contested(definition)
    state = apply(state, disputes.replied(definition, state, Position.CONCEDE, Party.BUYER, LATER, "key:b"))
    assert (state.verdict, state.attendance, state.share) == (Verdict.DECIDED, Finding.ATTENDED, 10000)
    assert state.dispute is None
    assert state.decided == ("attendance",)


def test_no_reply_upholds_the_claim_where_the_evidence_is_there() -> None:
    definition = terms()
    state = contested(definition)
    event = disputes.unanswered(definition, state, proven=True)
    assert event.effective_at == state.reply_at
    assert apply(state, event).share == 10000


def test_no_reply_without_the_needed_evidence_escalates() -> None:
    definition = terms()
    state = contested(definition)
    assert disputes.needs_evidence(definition, disputes.open_dispute(state))
    state = apply(state, disputes.unanswered(definition, state, proven=False))
    assert state.verdict is Verdict.CONTESTED
    assert state.decision_at is not None


def test_a_message_is_evidence_enough_for_an_attestation() -> None:
    definition = terms()
    state = given(definition, replace(ATTENDED, criteria={"owner": CriterionFinding.REFUTED}))
    event = contest(definition, state, reason="criterion_met")
    assert not disputes.needs_evidence(definition, event.payload)


@pytest.mark.parametrize(("no_reply", "share"), [("uphold", 10000), ("dismiss", 2500)])
def test_no_reply_means_what_the_terms_say(no_reply: str, share: int) -> None:
    clause = {**definition_document()["dispute"], "no_reply": no_reply}
    definition = terms(dispute=clause)
    state = contested(definition)
    assert apply(state, disputes.unanswered(definition, state, proven=True)).share == share


def test_a_decided_fact_is_not_disputed_again() -> None:
    definition = terms()
    state = contested(definition)
    state = apply(state, disputes.replied(definition, state, Position.CONCEDE, Party.BUYER, LATER, "key:b"))
    state = state._replace(amount=18000, price=18000)
    with pytest.raises(IllegalMove) as refused:
        clawback(definition, state)
    assert refused.value.code == "already_decided"


def test_another_fact_can_still_be_disputed() -> None:
    definition = terms()
    state = contested(definition)
    state = apply(state, disputes.replied(definition, state, Position.CONCEDE, Party.BUYER, LATER, "key:b"))
    state = state._replace(amount=18000, price=18000)
    claim = replace(ATTENDED, criteria={"size": CriterionFinding.REFUTED})
    assert clawback(definition, state, claim=claim).payload["facts"] == ["size"]


def test_a_decided_share_closes_the_appointment() -> None:
    definition = terms()
    state = contested(definition)
    event = disputes.decided_by_share(definition, state, 4000, LATER, "user:arbiter", "half the agenda")
    state = apply(state, event)._replace(amount=7200, price=18000)
    assert state.share == 4000
    with pytest.raises(IllegalMove):
        clawback(definition, state, claim=replace(ATTENDED, criteria={"size": CriterionFinding.REFUTED}))


def test_a_no_show_that_a_decision_leaves_standing_keeps_its_rebooking_clock_and_a_new_one_gets_none() -> None:
    definition = terms(rebooking={"within": {"days": 10}, "limit": 1})
    stood, never = contested(definition), accepted(definition)._replace(outcome=None)
    never = apply(never, clawback(definition, never, claim=NO_SHOW))
    for state, rebooking_at in ((stood, FOUND_AT + timedelta(days=10)), (never, None)):
        event = disputes.decided(definition, state, NO_SHOW, Party.OPERATOR, LATER, "u:a", resolution="decided")
        assert apply(state, event).rebooking_at == rebooking_at


def test_a_share_decided_of_what_nobody_ruled_on_counts_the_bonuses_that_the_facts_meet() -> None:
    definition = terms(verification={"window": {"days": 1}, "anchor": "slot_end", "silence": "escalate"})
    claims = {"size": True, "role": None, "owner": True}
    state = apply(None, submitted(definition, claims, Slot(START, END), START - timedelta(days=3), "key:s", "sha256:0"))
    escalated = fallen_due(definition, state)
    assert escalated is not None
    state = apply(
        state, Event(escalated.kind, escalated.effective_at, escalated.actor, {**escalated.payload, "dispute": "d-1"})
    )
    found_to_be = disputes.decided_by_share(definition, state, 4000, LATER, "u:a", "half of it").payload["criteria"]
    assert found_to_be == {"size": "confirmed", "role": "unproven", "owner": "confirmed"}


def test_a_withdrawn_dispute_gives_the_verdict_back_with_its_clocks() -> None:
    definition = terms()
    before = given(definition)
    state = apply(before, contest(definition, before))
    state = apply(state, disputes.withdrawn(state, before, Party.SUPPLIER, LATER, "key:s"))
    assert state._replace(version=before.version) == before


def test_only_the_opener_withdraws() -> None:
    definition = terms()
    before = given(definition)
    state = apply(before, contest(definition, before))
    with pytest.raises(NotAllowed):
        disputes.withdrawn(state, before, Party.BUYER, LATER, "key:b")


@pytest.mark.parametrize(
    ("reason", "share", "replaced"),
    [("wrong_person", 2500, False), ("smaller_company", 5000, False), ("out_of_business", 2500, True)],
)
def test_an_upheld_clawback_leaves_what_its_remedy_says(reason: str, share: int, replaced: bool) -> None:
    definition = terms()
    state = accepted(definition)
    state = apply(state, clawback(definition, state, reason=reason))
    state = apply(state, disputes.replied(definition, state, Position.CONCEDE, Party.SUPPLIER, LATER, "key:s"))
    assert state.share == share
    assert (state.replacement_at is not None) is replaced


def test_a_partial_remedy_never_leaves_more_than_there_was() -> None:
    definition = terms()
    state = accepted(definition)._replace(share=2500)
    event = clawback(definition, state, reason="smaller_company")
    assert disputes.claimed(definition, state, event.payload).share == 2500


@pytest.mark.parametrize(
    ("accepted_", "returned", "reached"), [(20, 2, False), (20, 3, True), (21, 3, False), (7, 1, False), (0, 0, False)]
)
def test_the_return_cap_takes_the_one_that_crosses_it(accepted_: int, returned: int, reached: bool) -> None:
    assert disputes.return_cap_reached(terms(), accepted_, returned) is reached


@pytest.mark.parametrize(
    ("accrued", "claimed", "uninvoiced", "held"),
    [(10000, 2500, 10000, 7500), (2500, 10000, 2500, 0), (10000, 0, 0, 0), (10000, 0, 4000, 4000)],
)
def test_only_what_the_parties_disagree_on_is_held(accrued: int, claimed: int, uninvoiced: int, held: int) -> None:
    assert disputes.held_amount(accrued, claimed, uninvoiced) == held
