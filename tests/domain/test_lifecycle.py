"""Rules of the five axes: which move is legal from where, what each changes, and that events alone make the state."""

from datetime import timedelta
from itertools import product
from types import MappingProxyType
from typing import Any

import orjson
import pytest

from ledger.domain import decisions
from ledger.domain.encoding import dumps
from ledger.domain.errors import IllegalMove
from ledger.domain.lifecycle import (
    MOVES,
    Appointment,
    CriterionFinding,
    Event,
    EventKind,
    Finding,
    Party,
    Schedule,
    Verdict,
    allowed,
    apply,
    replay,
)
from ledger.domain.outcome import Findings
from ledger.domain.terms import Outcome
from tests.domain.states import (
    END,
    MET,
    NO_SHOW,
    START,
    SUBMITTED_AT,
    booked,
    cancelled,
    found,
    missed,
    rebooked,
    rescheduled,
    settled,
    slot_at,
    terms,
)

TERMS = terms()
LATER = slot_at(START + timedelta(days=2))

SETTLED = {Verdict.GIVEN, Verdict.DEEMED, Verdict.DECIDED}
LEGAL: dict[EventKind, set[tuple[Schedule, Verdict]]] = {
    EventKind.SUBMITTED: set(),
    EventKind.RESCHEDULED: {(Schedule.BOOKED, Verdict.PENDING)},
    EventKind.REBOOKED: {(Schedule.BOOKED, verdict) for verdict in SETTLED},
    EventKind.CANCELLED: {(Schedule.BOOKED, Verdict.PENDING)},
    EventKind.FOUND: {(Schedule.BOOKED, Verdict.PENDING), (Schedule.BOOKED, Verdict.GIVEN)},
    EventKind.DEEMED: {(Schedule.BOOKED, Verdict.PENDING)},
    EventKind.NO_SHOW_FINAL: {(Schedule.BOOKED, verdict) for verdict in SETTLED | {Verdict.CONTESTED}},
    EventKind.DISPUTE_OPENED: set(product(Schedule, SETTLED | {Verdict.PENDING})),
    EventKind.DISPUTE_REPLIED: {(schedule, Verdict.CONTESTED) for schedule in Schedule},
    EventKind.DISPUTE_ESCALATED: {(schedule, Verdict.CONTESTED) for schedule in Schedule},
    EventKind.DISPUTE_DECIDED: {(schedule, Verdict.CONTESTED) for schedule in Schedule},
    EventKind.DISPUTE_WITHDRAWN: {(schedule, Verdict.CONTESTED) for schedule in Schedule},
    EventKind.REPLACEMENT_ENDED: set(product(Schedule, SETTLED)),
    EventKind.REPLACEMENT_REVIVED: set(product(Schedule, SETTLED)),
    EventKind.CREDITED: set(product(Schedule, SETTLED)),
}
"""The rulebook's arrows, said a second time and independently of the table."""


def ruling(**changes: Any) -> dict[str, Any]:
    payload = {
        "by": "buyer",
        "attendance": "attended",
        "minutes": 20,
        "criteria": {"size": "confirmed", "role": "confirmed", "owner": "unproven"},
        "outcome": "attended",
        "share": 10000,
        "rebooking_at": None,
        "contest_at": END + timedelta(days=5),
        "clawback_at": END + timedelta(days=30),
        "verdict": "deemed",
        "verdict_at": END,
        "facts": ["attendance"],
    }
    return payload | changes


PAYLOADS: dict[EventKind, dict[str, Any]] = {
    EventKind.SUBMITTED: {"slot": [START, END], "claims": MET, "findings_at": END},
    EventKind.RESCHEDULED: {"slot": [START, END], "findings_at": END, "counts": True},
    EventKind.REBOOKED: {"slot": [START, END], "findings_at": END},
    EventKind.CANCELLED: ruling(outcome="cancelled_by_buyer", share=0),
    EventKind.FOUND: ruling(),
    EventKind.DEEMED: ruling(by="rule"),
    EventKind.NO_SHOW_FINAL: {},
    EventKind.DISPUTE_OPENED: {"reply_at": END, "decision_at": None},
    EventKind.DISPUTE_REPLIED: {"decision_at": END},
    EventKind.DISPUTE_ESCALATED: {"decision_at": END},
    EventKind.DISPUTE_DECIDED: ruling(by="operator"),
    EventKind.DISPUTE_WITHDRAWN: ruling(),
    EventKind.REPLACEMENT_ENDED: {},
    EventKind.REPLACEMENT_REVIVED: {"replacement_at": END},
    EventKind.CREDITED: {},
}


def event(kind: EventKind, **changes: Any) -> Event:
    return Event(kind, END, "somebody", PAYLOADS[kind] | changes)


def state_of(schedule: Schedule, verdict: Verdict) -> Appointment:
    return booked(TERMS)._replace(schedule=schedule, verdict=verdict)


@pytest.mark.parametrize("kind", EventKind)
@pytest.mark.parametrize(("schedule", "verdict"), list(product(Schedule, Verdict)))
def test_every_event_moves_exactly_the_states_it_may(kind: EventKind, schedule: Schedule, verdict: Verdict) -> None:
    state = state_of(schedule, verdict)
    assert allowed(state, kind) is ((schedule, verdict) in LEGAL[kind])
    if (schedule, verdict) in LEGAL[kind]:
        assert apply(state, event(kind)).version == state.version + 1
    else:
        with pytest.raises(IllegalMove) as refusal:
            apply(state, event(kind))
        assert refusal.value.code in ("illegal_transition", "already_submitted")


def test_every_kind_of_event_but_the_first_has_its_row_in_the_table() -> None:
    assert set(MOVES) == set(EventKind) - {EventKind.SUBMITTED}


@pytest.mark.parametrize("kind", list(MOVES))
def test_nothing_happens_to_an_appointment_that_was_never_submitted(kind: EventKind) -> None:
    with pytest.raises(IllegalMove, match="nothing"):
        apply(None, event(kind))


def test_a_move_never_changes_the_state_it_starts_from() -> None:
    for kind, (schedule, verdict) in ((kind, pair) for kind, pairs in LEGAL.items() for pair in pairs):
        state = state_of(schedule, verdict)
        frozen = state._replace(
            claims=MappingProxyType(dict(state.claims)), criteria=MappingProxyType(dict(state.criteria))
        )
        before = repr(frozen)
        apply(frozen, event(kind))
        assert repr(frozen) == before


def test_an_appointment_cannot_be_changed_by_assignment() -> None:
    with pytest.raises(AttributeError):
        booked(TERMS).amount = 1  # type: ignore[misc]


def test_a_submission_claims_what_its_facts_say_and_proves_nothing() -> None:
    state = booked(TERMS, claims={"size": True, "role": None, "owner": False})
    assert state.criteria == {
        "size": CriterionFinding.CLAIMED,
        "role": CriterionFinding.UNPROVEN,
        "owner": CriterionFinding.CLAIMED,
    }
    assert (state.schedule, state.verdict, state.attendance) == (Schedule.BOOKED, Verdict.PENDING, Finding.UNKNOWN)
    assert (state.amount, state.version, state.submitted_at) == (0, 1, SUBMITTED_AT)


def test_a_rebooking_takes_the_verdict_back_and_keeps_the_chain_in_one() -> None:
    before = missed(TERMS)
    state = apply(before, rescheduled(TERMS, before, LATER, END + timedelta(hours=1)))
    assert state.slots == (*before.slots, LATER)
    assert (state.rebookings, state.reschedules) == (1, 0)
    assert (state.verdict, state.verdict_by, state.verdict_at) == (Verdict.PENDING, None, None)
    assert (state.attendance, state.outcome, state.share) == (Finding.UNKNOWN, None, None)
    assert (state.rebooking_at, state.contest_at, state.clawback_at) == (None, None, None)
    assert state.findings_at is not None and state.findings_at > LATER.ends_at


def test_only_a_counted_reschedule_uses_one_up() -> None:
    state = booked(TERMS)
    assert apply(state, event(EventKind.RESCHEDULED, counts=True)).reschedules == 1
    assert apply(state, event(EventKind.RESCHEDULED, counts=False)).reschedules == 0


def test_a_dispute_stops_the_clock_of_findings_and_starts_its_own() -> None:
    state = apply(booked(TERMS), event(EventKind.DISPUTE_OPENED))
    assert state.disputed
    assert (state.findings_at, state.reply_at) == (None, END)
    replied = apply(state, event(EventKind.DISPUTE_REPLIED))
    assert (replied.reply_at, replied.decision_at) == (None, END)
    decided = apply(replied, event(EventKind.DISPUTE_DECIDED, replacement_at=END + timedelta(days=9)))
    assert (decided.verdict, decided.decision_at) == (Verdict.DECIDED, None)
    assert decided.next_due_at == END + timedelta(days=9)
    assert apply(decided, event(EventKind.REPLACEMENT_ENDED)).next_due_at is None


def test_withdrawal_restores_the_verdict_there_was() -> None:
    state = apply(state_of(Schedule.BOOKED, Verdict.DEEMED), event(EventKind.DISPUTE_OPENED))
    restored = apply(state, event(EventKind.DISPUTE_WITHDRAWN, verdict="deemed"))
    assert (restored.verdict, restored.reply_at, restored.decision_at) == (Verdict.DEEMED, None, None)


def test_while_disputed_the_clock_of_the_rebooking_keeps_running() -> None:
    state = missed(TERMS)
    disputed = apply(state, event(EventKind.DISPUTE_OPENED, reply_at=None))
    assert disputed.next_due_at == state.rebooking_at
    assert apply(disputed, event(EventKind.NO_SHOW_FINAL)).rebooking_at is None


def test_what_is_due_next_is_the_earliest_clock_that_ends_by_itself() -> None:
    state = booked(TERMS)
    assert state.next_due_at == state.findings_at
    no_show = missed(TERMS)
    assert no_show.next_due_at == no_show.rebooking_at
    assert settled(TERMS, no_show).next_due_at is None


def test_money_comes_only_with_an_event_that_brings_it() -> None:
    state = booked(TERMS)
    money = {"position": 3, "month": 202603, "price": 18000, "share": 10000, "amount": 18000}
    paid = apply(state, event(EventKind.FOUND, money=money))
    assert (paid.position, paid.price, paid.share, paid.amount, paid.held) == (3, 18000, 10000, 18000, 0)
    assert apply(state, event(EventKind.FOUND)).amount == 0
    held = apply(paid, event(EventKind.DISPUTE_OPENED, money={"held": 18000}))
    assert (held.amount, held.held) == (18000, 18000)


def story() -> list[Event]:
    """Submitted, corrected, missed, rebooked, cancelled."""
    first = decisions.submitted(TERMS, MET, slot_at(START), SUBMITTED_AT, "acme-calls", "sha256:00")
    events, state = [first], apply(None, first)

    def then(following: Event) -> Appointment:
        events.append(following)
        return apply(state, following)

    corrected = slot_at(START + timedelta(minutes=15))
    state = then(rescheduled(TERMS, state, corrected, SUBMITTED_AT + timedelta(hours=1)))
    criteria = {"owner": CriterionFinding.REFUTED}
    at = corrected.ends_at
    state = then(found(TERMS, state, Findings(Finding.PROSPECT_NO_SHOW, criteria=criteria), at))
    state = then(rescheduled(TERMS, state, LATER, at + timedelta(hours=1)))
    then(cancelled(TERMS, state, Party.SUPPLIER, at + timedelta(hours=2)))
    return events


def test_replaying_the_events_gives_the_state_back() -> None:
    events = story()
    state = replay(events)
    assert state.version == len(events)
    assert (state.schedule, state.outcome) == (Schedule.CANCELLED, Outcome.PROSPECT_NO_SHOW)


def test_events_that_went_through_json_lead_to_the_same_state() -> None:
    events = story()
    stored = [Event(EventKind(str(e.kind)), e.effective_at, e.actor, orjson.loads(dumps(e.payload))) for e in events]
    assert replay(stored) == replay(events)
    assert all(type(slot.starts_at) is type(START) for slot in replay(stored).slots)


def test_a_story_without_its_beginning_or_with_two_is_refused() -> None:
    events = story()
    for broken in ([], events[1:], [events[0], *events]):
        with pytest.raises(IllegalMove):
            replay(broken)


def test_rebooked_and_missed_again_has_no_clock_of_the_first_no_show_left() -> None:
    state = rebooked(TERMS, LATER, END + timedelta(hours=1))
    again = apply(state, found(TERMS, state, NO_SHOW, LATER.ends_at))
    assert again.rebooking_at is None
    assert again.contest_at is not None and again.contest_at > LATER.ends_at
    assert again.clawback_at == LATER.ends_at + timedelta(days=30, hours=-1)  # the clocks go forward on 29 March
