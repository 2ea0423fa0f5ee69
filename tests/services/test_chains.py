"""Rules of a chain of slots in the books: billed once, told by its events, settled even where the answer is no."""

from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import Engine

from ledger.domain.errors import NotAllowed, Refusal, Refused, Unknown
from ledger.domain.lifecycle import CriterionFinding, Finding, Party, Schedule, Verdict
from ledger.domain.outcome import Findings
from ledger.domain.terms import Outcome
from tests.services.market import ATTENDED, DAY, MONDAY, NO_SHOW, TUESDAY, Document, Market

HOUR = timedelta(hours=1)
SEEN = TUESDAY + HOUR
NO_OWNER = {"owner": CriterionFinding.REFUTED}


def told(market: Market, appointment: UUID) -> None:
    """What the table holds is what the stored events lead to."""
    assert market.replayed(appointment) == market.state(appointment)


def test_every_state_is_what_its_stored_events_lead_to(engine: Engine) -> None:
    market = Market(engine)
    silent, missed, moved, cancelled = (market.taken(reference=f"S-{number}") for number in range(4))
    market.move(moved, TUESDAY + DAY, MONDAY + HOUR)
    market.cancel(cancelled, MONDAY + HOUR, Party.PROSPECT, Party.BUYER)
    market.find(missed, Findings(Finding.PROSPECT_NO_SHOW, criteria=NO_OWNER), SEEN)
    market.move(missed, TUESDAY + 2 * DAY, SEEN)
    market.find(moved, Findings(Finding.ATTENDED, 3, note="left early"), SEEN + DAY)
    market.settle(TUESDAY + 40 * DAY)
    for appointment in (silent, missed, moved, cancelled):
        told(market, appointment)
    assert market.state(silent).verdict is Verdict.DEEMED


def test_a_finding_that_raises_a_waiting_no_show_accrues_the_whole_and_ends_the_wait(engine: Engine) -> None:
    market = Market(engine)
    appointment = market.taken()
    market.find(appointment, NO_SHOW, SEEN)
    assert market.accrued(appointment) == []
    market.find(appointment, ATTENDED, SEEN + HOUR)
    state = market.state(appointment)
    assert (market.accrued(appointment), state.amount, state.position) == ([20500], 20500, 1)
    assert (state.rebooking_at, state.next_due_at) == (None, None)
    with pytest.raises(Refusal) as refusal:
        market.move(appointment, TUESDAY + 2 * DAY, SEEN + HOUR)
    assert refusal.value.code == "rebooking_closed"
    assert market.settle(TUESDAY + 40 * DAY) == 0
    told(market, appointment)


def test_a_finding_that_raises_a_final_no_show_accrues_the_difference(engine: Engine) -> None:
    market = Market(engine)
    appointment = market.taken()
    market.find(appointment, NO_SHOW, SEEN)
    market.settle(SEEN + 11 * DAY)
    market.find(appointment, ATTENDED, SEEN + 12 * DAY)
    assert market.accrued(appointment) == [5125, 15375]
    assert market.state(appointment).amount == 20500
    told(market, appointment)


def test_a_better_no_show_after_a_final_one_is_paid_at_once_and_opens_nothing(engine: Engine) -> None:
    market = Market(engine)
    appointment = market.taken()
    market.find(appointment, Findings(Finding.PROSPECT_NO_SHOW, criteria=NO_OWNER), SEEN)
    market.settle(SEEN + 11 * DAY)
    market.find(appointment, NO_SHOW, SEEN + 12 * DAY)
    assert market.accrued(appointment) == [4500, 625]
    assert market.state(appointment).rebooking_at is None
    with pytest.raises(Refusal) as refusal:
        market.move(appointment, SEEN + 14 * DAY, SEEN + 13 * DAY)
    assert refusal.value.code == "rebooking_closed"


def test_a_cancelled_rebooking_pays_the_no_show_as_it_was_found(engine: Engine) -> None:
    market = Market(engine)
    appointment = market.taken()
    market.find(appointment, Findings(Finding.PROSPECT_NO_SHOW, criteria=NO_OWNER), SEEN)
    market.move(appointment, TUESDAY + 2 * DAY, SEEN)
    market.cancel(appointment, TUESDAY + DAY, Party.SUPPLIER)
    state = market.state(appointment)
    assert (state.schedule, state.outcome) == (Schedule.CANCELLED, Outcome.PROSPECT_NO_SHOW)
    assert market.accrued(appointment) == [4500]
    told(market, appointment)


def test_a_chain_is_billed_once_however_often_it_was_missed(engine: Engine) -> None:
    market = Market(engine)
    appointment = market.taken()
    market.find(appointment, NO_SHOW, SEEN)
    market.move(appointment, TUESDAY + 2 * DAY, SEEN)
    market.find(appointment, NO_SHOW, SEEN + 2 * DAY)
    assert (market.accrued(appointment), market.state(appointment).rebooking_at) == ([5125], None)
    told(market, appointment)


def test_an_amount_that_rounds_to_nothing_is_no_accrual_and_takes_no_position(engine: Engine) -> None:
    def change(document: Document) -> None:
        document["outcomes"]["cut_short"] = 0
        document["outcomes"]["technical_failure"] = 1  # of 40.00 that is less than half a penny

    market = Market(engine, change, price={"tiers": [{"from": 1, "amount": 4000}, {"from": 2, "amount": 10}]})
    nothing, first, second = (market.taken(reference=f"S-{number}") for number in range(3))
    market.find(nothing, Findings(Finding.TECHNICAL_FAILURE), SEEN)
    market.find(first, ATTENDED, SEEN)
    market.find(second, ATTENDED, SEEN)
    assert market.accrued(nothing) == []
    state = market.state(nothing)
    assert (state.position, state.price, state.share, state.amount) == (None, None, 1, 0)
    assert [market.state(each).position for each in (first, second)] == [1, 2]
    assert market.accrued(second) == [10]
    told(market, nothing)


def test_what_had_fallen_due_stays_settled_although_the_command_is_refused(engine: Engine) -> None:
    market = Market(engine)
    appointment, other = market.taken(reference="S-1"), market.taken(reference="S-2")
    late = TUESDAY + 20 * DAY
    for refused in (
        partial(market.cancel, appointment, late, Party.BUYER),
        partial(market.move, appointment, late + 10 * DAY, late),
        partial(market.find, appointment, ATTENDED, late),
    ):
        with pytest.raises(Refusal):
            refused()
    for each in (appointment, other):
        assert market.kinds(each) == ["submitted", "deemed"]
        assert market.accrued(each) == [20500]


def test_a_refusal_before_anything_is_due_changes_nothing(engine: Engine) -> None:
    market = Market(engine)
    appointment = market.taken()
    with pytest.raises(NotAllowed):
        market.cancel(appointment, MONDAY + HOUR, Party.BUYER, Party.SUPPLIER)
    with pytest.raises(Refused):
        market.move(appointment, TUESDAY + 20 * DAY, MONDAY + HOUR)
    assert (market.kinds(appointment), market.state(appointment).version) == (["submitted"], 1)


def test_somebody_elses_appointment_is_unknown(engine: Engine) -> None:
    market = Market(engine)
    appointment = market.taken("acme-calls")
    with pytest.raises(Unknown):
        market.command(appointment, Party.SUPPLIER, MONDAY, lambda *_: None, slug="best-leads")
