"""Windows of zero: over at once, in the command with which they begin, whoever settles afterwards."""

from datetime import timedelta

from sqlalchemy import Engine

from ledger.domain.lifecycle import Party, Verdict
from ledger.domain.stage import verdict_state
from ledger.domain.terms import Outcome
from tests.services.market import ATTENDED, MONDAY, NO_SHOW, TUESDAY, Document, Market
from tests.services.test_disputed_money import FOUND, MET, NEXT, REFUTED, balances, dispute, market

HOUR = timedelta(hours=1)


def test_a_dispute_with_no_time_to_reply_ends_with_its_opening_and_a_promise_without_time_too(engine: Engine) -> None:
    def hurried(document: Document) -> None:
        document["dispute"] |= {"reply_window": {"business_days": 0}, "no_reply": "uphold"}
        replacement = next(r for r in document["clawback"]["reasons"] if r["code"] == "out_of_business")
        replacement["remedy"]["expires"] = {"days": 0}

    house = market(engine, hurried)
    contested, returned = house.taken(), house.taken(reference="S-2")
    house.find(contested, REFUTED, FOUND)
    dispute(house, contested, Party.SUPPLIER, "criterion_met", MET)
    state = house.state(contested)
    assert (state.verdict, state.outcome, state.amount, state.verdict_at) == (
        Verdict.DECIDED, Outcome.ATTENDED, 10000, NEXT
    )  # fmt: skip
    house.find(returned, ATTENDED, FOUND + HOUR)
    dispute(house, returned, Party.BUYER, "out_of_business", REFUTED, NEXT + HOUR)
    assert house.kinds(returned) == [
        *("submitted", "found", "dispute_opened", "dispute_decided", "replacement_ended"),
    ]
    assert house.replayed(returned) == house.state(returned)
    assert balances(house) == {"cost": 10000, "accrued": -10000}
    assert house.settle(NEXT + HOUR) == 0


def test_a_no_show_without_time_to_rebook_is_final_with_the_finding(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    house.find(identity, NO_SHOW, FOUND)
    state = house.state(identity)
    assert state.amount == 2500
    assert verdict_state(state._replace(contest_at=FOUND, clawback_at=FOUND), FOUND) == "final"


def test_silence_without_a_window_takes_effect_with_the_submission_after_what_was_due_before(engine: Engine) -> None:
    def told_late(document: Document) -> None:
        document["verification"]["window"] = {"days": 0}
        document["intake"]["backdated_grace"] = {"days": 2}

    tiers = {"tiers": [{"from": 1, "amount": 10000}, {"from": 2, "amount": 9000}]}
    house = Market(engine, told_late, price=tiers)
    waiting = house.taken(at=MONDAY, starts_at=TUESDAY)
    late = TUESDAY + 5 * HOUR
    identity = house.taken(reference="S-2", at=late, starts_at=TUESDAY + HOUR)
    assert house.kinds(identity) == ["submitted", "deemed"]
    assert [house.state(each).amount for each in (waiting, identity)] == [10000, 9000]
    assert house.state(identity).verdict_at == late
