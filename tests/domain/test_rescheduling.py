"""Rules of the next slot: reschedules, corrections that are none, and the rebooking of a no-show."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger.domain import decisions
from ledger.domain.errors import IllegalMove, NotAllowed, Refused, WindowClosed
from ledger.domain.lifecycle import (
    Appointment,
    CriterionFinding,
    Event,
    EventKind,
    Finding,
    Party,
    Schedule,
    Slot,
    Verdict,
    apply,
)
from ledger.domain.outcome import Findings
from ledger.domain.terms import Definition, Outcome
from tests.domain.states import (
    END,
    NO_SHOW,
    REFUTED,
    START,
    SUBMITTED_AT,
    TICK,
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
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WINDOW_ENDS = END + 10 * DAY


def moved(definition: Definition, state: Appointment, slot: Slot, at: datetime = SUBMITTED_AT) -> Appointment:
    return apply(state, rescheduled(definition, state, slot, at))


def refusal_of(definition: Definition, state: Appointment, slot: Slot, at: datetime = SUBMITTED_AT) -> str:
    with pytest.raises(Refused) as refusal:
        rescheduled(definition, state, slot, at)
    return refusal.value.code


def test_a_change_of_the_start_counts_from_the_hour_on() -> None:
    state = booked(TERMS)
    assert moved(TERMS, state, slot_at(START + HOUR)).reschedules == 1
    assert moved(TERMS, state, slot_at(START - HOUR)).reschedules == 1
    assert moved(TERMS, state, slot_at(START + HOUR - TICK)).reschedules == 0
    assert moved(TERMS, state, slot_at(START, minutes=90)).reschedules == 0


def test_corrections_are_measured_from_the_start_that_counted_last_and_do_not_add_up() -> None:
    state = booked(TERMS)
    for minutes in (40, 59, -59, 0):
        state = moved(TERMS, state, slot_at(START + timedelta(minutes=minutes)))
    assert state.reschedules == 0
    state = moved(TERMS, moved(TERMS, state, slot_at(START + HOUR - TICK)), slot_at(START + HOUR))
    assert (state.reschedules, state.counted_start) == (1, START + HOUR)
    assert moved(TERMS, state, slot_at(START + HOUR / 2)).reschedules == 1
    rebooked_at = START + 2 * DAY
    state = rebooked(TERMS, slot_at(rebooked_at), END)
    assert moved(TERMS, state, slot_at(rebooked_at + HOUR / 2), END).reschedules == 0


def test_where_every_change_counts_the_same_start_is_still_a_correction() -> None:
    definition = terms(lambda d: d["reschedule"].update(counts_from={"hours": 0}))
    assert moved(definition, booked(definition), slot_at(START, minutes=90)).reschedules == 0
    assert moved(definition, booked(definition), slot_at(START + TICK)).reschedules == 1


def test_it_may_be_rescheduled_as_often_as_the_limit_says() -> None:
    state = booked(TERMS)
    for day in (1, 2):
        state = moved(TERMS, state, slot_at(START + day * DAY))
    assert refusal_of(TERMS, state, slot_at(START + 3 * DAY)) == "reschedule_limit"


def test_a_correction_needs_no_reschedule_that_is_left() -> None:
    definition = terms(reschedule={"limit": 0, "within": {"days": 0}, "counts_from": {"hours": 1}})
    assert moved(definition, booked(definition), slot_at(START + HOUR / 2)).slot == slot_at(START + HOUR / 2)
    assert refusal_of(definition, booked(definition), slot_at(START + HOUR)) == "reschedule_limit"


def test_the_new_start_lies_within_the_window_of_the_first_slots_start() -> None:
    state = moved(TERMS, booked(TERMS), slot_at(START + 13 * DAY))
    assert moved(TERMS, state, slot_at(START + 14 * DAY - TICK)).reschedules == 2
    assert refusal_of(TERMS, state, slot_at(START + 14 * DAY)) == "reschedule_too_far"
    assert refusal_of(TERMS, booked(TERMS), slot_at(START + 14 * DAY)) == "reschedule_too_far"


def test_the_window_of_reschedules_keeps_the_wall_clock_time() -> None:
    state = booked(TERMS, slot_at(datetime(2026, 3, 20, 10, tzinfo=UTC)))
    ends = datetime(2026, 4, 3, 9, tzinfo=UTC)  # ten o'clock in summer time
    assert moved(TERMS, state, slot_at(ends - TICK)).reschedules == 1
    assert refusal_of(TERMS, state, slot_at(ends)) == "reschedule_too_far"


def test_the_new_slot_starts_in_the_future() -> None:
    assert refusal_of(TERMS, booked(TERMS), slot_at(START - HOUR), START - HOUR) == "slot_in_the_past"
    assert moved(TERMS, booked(TERMS), slot_at(START - HOUR), START - HOUR - TICK).reschedules == 1


def test_from_the_start_on_nothing_is_rescheduled() -> None:
    with pytest.raises(IllegalMove) as refusal:
        rescheduled(TERMS, booked(TERMS), slot_at(START + DAY), START)
    assert refusal.value.code == "slot_started"


def test_a_cancelled_appointment_is_not_rescheduled() -> None:
    state = apply(booked(TERMS), cancelled(TERMS, booked(TERMS), Party.SUPPLIER, SUBMITTED_AT))
    with pytest.raises(IllegalMove) as refusal:
        rescheduled(TERMS, state, slot_at(START + DAY), SUBMITTED_AT)
    assert refusal.value.code == "illegal_transition"


@pytest.mark.parametrize("stated_by", [Party.BUYER, Party.SUPPLIER])
def test_a_party_names_itself_or_the_prospect_as_the_one_who_asked(stated_by: Party) -> None:
    other = Party.SUPPLIER if stated_by is Party.BUYER else Party.BUYER
    for state, at in ((booked(TERMS), SUBMITTED_AT), (missed(TERMS), END)):
        slot = slot_at(START + DAY)
        with pytest.raises(NotAllowed):
            decisions.rescheduled(TERMS, state, slot, other, stated_by, at, "somebody", "")
        for asked_by in (stated_by, Party.PROSPECT):
            event = decisions.rescheduled(TERMS, state, slot, asked_by, stated_by, at, "somebody", "")
            assert event.payload["asked_by"] == asked_by


def test_each_slot_has_its_own_deadline_for_findings() -> None:
    state = moved(TERMS, booked(TERMS), slot_at(START + 3 * DAY))
    assert state.findings_at == datetime(2026, 3, 17, 10, 30, tzinfo=UTC)


# Rebooking


def test_command_and_new_start_lie_inside_the_rebooking_window() -> None:
    state = missed(TERMS)
    assert state.rebooking_at == WINDOW_ENDS
    event = rescheduled(TERMS, state, slot_at(WINDOW_ENDS - TICK), WINDOW_ENDS - 2 * TICK)
    assert event.kind is EventKind.REBOOKED
    assert refusal_of(TERMS, state, slot_at(WINDOW_ENDS), END) == "rebooking_too_late"
    assert refusal_of(TERMS, state, slot_at(END), END) == "slot_in_the_past"
    with pytest.raises(WindowClosed) as closed:
        rescheduled(TERMS, state, slot_at(WINDOW_ENDS + DAY), WINDOW_ENDS)
    assert closed.value.code == "rebooking_closed"


def test_a_rebooking_uses_up_no_reschedule_and_the_rebooked_slot_may_be_rescheduled() -> None:
    state = rebooked(TERMS, slot_at(START + 2 * DAY), END)
    assert (state.rebookings, state.reschedules) == (1, 0)
    state = moved(TERMS, state, slot_at(START + 3 * DAY), END)
    assert (state.rebookings, state.reschedules, len(state.slots)) == (1, 1, 3)


def test_only_a_prospects_no_show_can_be_rebooked() -> None:
    for finding in set(Finding) - {Finding.UNKNOWN, Finding.PROSPECT_NO_SHOW}:
        state = missed(TERMS, END, Findings(finding))
        assert state.rebooking_at is None
        with pytest.raises(WindowClosed):
            rescheduled(TERMS, state, slot_at(START + DAY), END)


def test_a_disqualified_prospect_who_did_not_come_is_not_rebooked() -> None:
    state = missed(TERMS, END, Findings(Finding.PROSPECT_NO_SHOW, criteria={"size": REFUTED}))
    assert (state.outcome, state.rebooking_at) == (Outcome.DISQUALIFIED, None)


def test_a_final_no_show_is_not_rebooked() -> None:
    state = settled(TERMS, missed(TERMS))
    assert (state.outcome, state.rebooking_at) == (Outcome.PROSPECT_NO_SHOW, None)
    with pytest.raises(WindowClosed):
        rescheduled(TERMS, state, slot_at(START + DAY), END)


def test_a_no_show_becomes_final_at_the_very_end_of_the_window() -> None:
    event = decisions.fallen_due(TERMS, missed(TERMS))
    assert event is not None
    assert (event.kind, event.effective_at) == (EventKind.NO_SHOW_FINAL, WINDOW_ENDS)


def test_while_disputed_nothing_is_rebooked() -> None:
    payload = {"reply_at": None, "decision_at": None}
    state = apply(missed(TERMS), Event(EventKind.DISPUTE_OPENED, END, "supplier", payload))
    with pytest.raises(IllegalMove) as refusal:
        rescheduled(TERMS, state, slot_at(START + DAY), END)
    assert refusal.value.code == "disputed"


@pytest.mark.parametrize("rebooking", [{"within": {"days": 0}, "limit": 1}, {"within": {"days": 10}, "limit": 0}])
def test_without_rebooking_a_no_show_is_final_at_once(rebooking: dict[str, object]) -> None:
    definition = terms(rebooking=rebooking)
    assert missed(definition).rebooking_at is None


def test_missed_again_it_is_final_once_the_rebookings_are_used_up() -> None:
    slot = slot_at(START + 2 * DAY)
    for limit, rebooking_at in ((1, None), (2, slot.ends_at + 10 * DAY)):
        definition = terms(rebooking={"within": {"days": 10}, "limit": limit})
        state = rebooked(definition, slot, END)
        assert apply(state, found(definition, state, NO_SHOW, slot.ends_at)).rebooking_at == rebooking_at


@pytest.mark.parametrize("by", [Party.BUYER, Party.SUPPLIER, Party.PROSPECT])
def test_a_rebooked_slot_that_is_cancelled_restores_the_no_show_final_at_once(by: Party) -> None:
    slot = slot_at(START + 2 * DAY)
    state = rebooked(TERMS, slot, END)
    after = apply(state, cancelled(TERMS, state, by, slot.starts_at - TICK, Party.OPERATOR))
    assert (after.schedule, after.verdict, after.attendance) == (
        Schedule.CANCELLED,
        Verdict.GIVEN,
        Finding.PROSPECT_NO_SHOW,
    )
    assert (after.outcome, after.share, after.rebooking_at) == (Outcome.PROSPECT_NO_SHOW, 2500, None)
    assert after.verdict_at == slot.starts_at - TICK


def test_the_restored_no_show_keeps_what_was_found_of_the_criteria() -> None:
    state = missed(TERMS, END, Findings(Finding.PROSPECT_NO_SHOW, criteria={"owner": REFUTED}))
    slot = slot_at(START + 2 * DAY)
    state = moved(TERMS, state, slot, END)
    after = apply(state, cancelled(TERMS, state, Party.SUPPLIER, slot.starts_at - TICK))
    assert after.criteria["owner"] is CriterionFinding.REFUTED
    assert after.criteria["size"] is CriterionFinding.CONFIRMED
