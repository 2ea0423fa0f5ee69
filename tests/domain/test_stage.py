"""Rules of what people see: the first stage that is true, the state of the money, and the clocks that still run."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from ledger.domain.lifecycle import Appointment, Event, EventKind, Finding, Party, Verdict, apply
from ledger.domain.outcome import Findings
from ledger.domain.stage import (
    Billed,
    MoneyState,
    Stage,
    contestable,
    deadlines,
    money_state,
    schedule_state,
    stage,
    verdict_state,
)
from ledger.domain.terms import Silence
from tests.domain.states import (
    ATTENDED,
    CONFIRMED,
    END,
    REFUTED,
    START,
    TICK,
    booked,
    cancelled,
    found,
    missed,
    settled,
    terms,
)

TERMS = terms()
NOTHING = Billed()
OPEN = Billed(uninvoiced=20500, ever_accrued=True)
ON_A_DOCUMENT = Billed(invoiced=20500, ever_accrued=True, on_a_document=True)


def given(findings: Findings = ATTENDED, **changes: Any) -> Appointment:
    state = booked(TERMS)
    return apply(state, found(TERMS, state, findings, END))._replace(**changes)


def paid(findings: Findings = ATTENDED, **changes: Any) -> Appointment:
    return given(findings, **{"amount": 20500, "price": 20500, "position": 1, **changes})


def disputed(state: Appointment, **payload: Any) -> Appointment:
    clocks = {"reply_at": END + timedelta(days=7), "decision_at": None}
    return apply(state, Event(EventKind.DISPUTE_OPENED, END, "supplier", clocks | payload))


# Stage


def test_the_stages_stand_in_the_order_of_the_rulebook() -> None:
    assert [each.value for each in Stage] == [
        *("disputed", "can_be_rebooked", "booked", "awaiting_findings", "credited", "invoiced"),
        *("contestable", "billable", "not_billable"),
    ]


def test_a_dispute_comes_before_everything() -> None:
    assert stage(TERMS, disputed(missed(TERMS)), ON_A_DOCUMENT, END) is Stage.DISPUTED


def test_a_no_show_can_be_rebooked_until_its_window_is_over() -> None:
    state = missed(TERMS)
    assert state.rebooking_at is not None
    assert stage(TERMS, state, NOTHING, state.rebooking_at - TICK) is Stage.CAN_BE_REBOOKED
    assert stage(TERMS, state, NOTHING, state.rebooking_at) is not Stage.CAN_BE_REBOOKED


def test_a_booked_slot_awaits_findings_from_its_very_start() -> None:
    assert stage(TERMS, booked(TERMS), NOTHING, START - TICK) is Stage.BOOKED
    assert stage(TERMS, booked(TERMS), NOTHING, START) is Stage.AWAITING_FINDINGS


def test_what_is_invoiced_and_worth_nothing_now_is_credited() -> None:
    assert stage(TERMS, given(amount=0), ON_A_DOCUMENT, END) is Stage.CREDITED


def test_what_is_invoiced_is_no_longer_shown_as_contestable() -> None:
    state = paid(Findings(Finding.ATTENDED, 1), amount=10250)
    assert contestable(TERMS, state, END)
    assert stage(TERMS, state, ON_A_DOCUMENT, END) is Stage.INVOICED


def test_what_is_contestable_comes_before_what_is_billable() -> None:
    state = paid(Findings(Finding.ATTENDED, 1), amount=10250)
    assert state.contest_at is not None
    assert stage(TERMS, state, OPEN, state.contest_at - TICK) is Stage.CONTESTABLE
    assert stage(TERMS, state, OPEN, state.contest_at) is Stage.BILLABLE


def test_a_full_amount_is_billable_and_no_amount_is_not() -> None:
    assert stage(TERMS, paid(), OPEN, END) is Stage.BILLABLE
    nothing = given(Findings(Finding.TECHNICAL_FAILURE))
    assert nothing.contest_at is not None
    assert stage(TERMS, nothing, NOTHING, nothing.contest_at) is Stage.NOT_BILLABLE


def test_a_cancelled_appointment_is_never_booked() -> None:
    state = apply(booked(TERMS), cancelled(TERMS, booked(TERMS), Party.SUPPLIER, START - TICK))
    assert stage(TERMS, state, NOTHING, START - TICK) is Stage.CONTESTABLE
    assert schedule_state(state, START) == "cancelled"


# Contestable


@pytest.mark.parametrize(("findings", "is_contestable"), [
    (ATTENDED, False),
    (Findings(Finding.ATTENDED, criteria={"owner": CONFIRMED}), False),
    (Findings(Finding.ATTENDED, criteria={"owner": REFUTED}), True),
    (Findings(Finding.ATTENDED, 3), True),
    (Findings(Finding.BUYER_NO_SHOW), False),
    (Findings(Finding.BOTH_ABSENT), True),
])  # fmt: skip
def test_contestable_is_less_than_the_whole_or_a_refuted_bonus_that_the_facts_meet(
    findings: Findings, is_contestable: bool
) -> None:
    assert contestable(TERMS, given(findings), END) is is_contestable


def test_a_refuted_bonus_that_the_facts_never_met_is_not_contestable() -> None:
    state = booked(TERMS, claims={"size": True, "role": True, "owner": None})
    refuted = Findings(Finding.ATTENDED, criteria={"owner": REFUTED})
    assert not contestable(TERMS, apply(state, found(TERMS, state, refuted, END)), END)


def test_what_silence_rejected_is_contestable() -> None:
    definition = terms(lambda d: d["verification"].update(silence=Silence.REJECT.value))
    state = settled(definition, booked(definition))
    assert state.verdict_at is not None
    assert stage(definition, state, NOTHING, state.verdict_at) is Stage.CONTESTABLE


def test_what_was_decided_is_not_contestable() -> None:
    assert not contestable(TERMS, given(Findings(Finding.BOTH_ABSENT), verdict=Verdict.DECIDED), END)


# Money


def test_the_states_of_money_stand_in_the_order_of_the_rulebook() -> None:
    assert [each.value for each in MoneyState] == [
        "held", "accrued", "credited", "invoiced", "reversed", "none",
    ]  # fmt: skip


def test_the_first_true_state_of_money_is_told() -> None:
    whole = paid(held=20500), Billed(invoiced=5, uninvoiced=7, ever_accrued=True, on_a_document=True)
    ladder = [
        (whole, MoneyState.HELD),
        ((paid(), whole[1]), MoneyState.ACCRUED),
        ((given(amount=0), ON_A_DOCUMENT), MoneyState.CREDITED),
        ((paid(), ON_A_DOCUMENT), MoneyState.INVOICED),
        ((given(amount=0), Billed(ever_accrued=True)), MoneyState.REVERSED),
        ((given(amount=0), NOTHING), MoneyState.NONE),
    ]
    assert [money_state(state, billed) for (state, billed), _ in ladder] == [expected for _, expected in ladder]


# Verdict and deadlines


def test_a_verdict_is_final_when_every_window_is_over() -> None:
    state = missed(TERMS)
    ends = sorted(at for at in (state.rebooking_at, state.contest_at, state.clawback_at) if at is not None)
    assert len(ends) == 3
    assert verdict_state(state, ends[-1] - TICK) == "given"
    assert verdict_state(state, ends[-1]) == "final"


def test_neither_an_open_dispute_nor_an_outstanding_verdict_is_ever_final() -> None:
    late = END + timedelta(days=999)
    assert verdict_state(disputed(given()), late) == "contested"
    assert verdict_state(booked(TERMS), late) == "pending"


def test_a_promised_replacement_keeps_a_decision_from_being_final() -> None:
    expires = END + timedelta(days=99)
    state = given(verdict=Verdict.DECIDED, replacement_at=expires)
    assert verdict_state(state, expires - TICK) == "decided"
    assert verdict_state(state, expires) == "final"


def kinds(state: Appointment, now: Any = END) -> list[str]:
    found_deadlines = deadlines(TERMS, state, now)
    assert all(earlier[1] <= later[1] for earlier, later in pairwise(found_deadlines))
    return [kind for kind, _ in found_deadlines]


def test_only_clocks_that_run_and_mean_something_are_told_soonest_first() -> None:
    assert kinds(booked(TERMS), START) == ["findings"]
    assert kinds(missed(TERMS)) == ["contest", "rebooking"]
    assert kinds(paid()) == ["clawback"]
    assert kinds(paid(Findings(Finding.ATTENDED, 1))) == ["contest", "clawback"]
    assert kinds(disputed(paid())) == ["reply"]
    assert kinds(paid(), END + timedelta(days=99)) == []


def test_a_deadline_is_gone_at_its_very_instant() -> None:
    state = booked(TERMS)
    assert state.findings_at is not None
    assert kinds(state, state.findings_at - TICK) == ["findings"]
    assert kinds(state, state.findings_at) == []


def test_a_late_arbiter_stays_flagged() -> None:
    state = disputed(paid(), reply_at=None, decision_at=END + timedelta(days=1))
    assert kinds(state, END + timedelta(days=9)) == ["decision"]


def test_a_slot_has_occurred_from_its_very_start() -> None:
    assert schedule_state(booked(TERMS), START - TICK) == "booked"
    assert schedule_state(booked(TERMS), START) == "occurred"
