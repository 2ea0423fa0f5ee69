"""What evidence does by itself: it speaks for a silent buyer, and opens a dispute against a finding it contradicts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, event, select

from invoices.billing_run import bill
from ledger.domain.calendar import Period
from ledger.domain.disputes import Position
from ledger.domain.lifecycle import CriterionFinding, Finding, Party, Verdict
from ledger.domain.outcome import Findings
from ledger.domain.terms import Outcome
from ledger.services import commands, disputes, valuation
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.services.market import DAY, NO_SHOW, TUESDAY, Document, Market
from tests.services.meetings import ARBITER, PROSPECT_WAITED, TWENTY_TWO_MINUTES, at, show, stay

PRICE = {"tiers": [{"from": 1, "amount": 10000}]}
FOUND = TUESDAY + timedelta(hours=1)
OUTCOMES = {"prospect_no_show": 2500, "buyer_no_show": 8000, "disqualified": 0}


def market(engine: Engine, change: Callable[[Document], Any] = lambda _d: None) -> Market:
    """Price 100.00, no-show 25 %, buyer's no-show 80 %; ten minutes are needed, ten must be waited."""

    def clauses(document: Document) -> None:
        document["attendance"] |= {"minimum_minutes": 10, "proof_grades": ["A"]}
        document["outcomes"] |= OUTCOMES
        document["verification"]["silence"] = "evidence_then_accept"
        change(document)

    return Market(engine, clauses, price=PRICE)


def open_dispute(house: Market, identity: UUID) -> Any:
    dispute = t.dispute.c
    with reading(house.engine) as connection:
        return connection.execute(
            select(t.dispute).where(dispute.appointment_id == identity, dispute.state != "closed")
        ).one_or_none()


def decide(house: Market, identity: UUID, decision: Findings, when: datetime) -> None:
    dispute = open_dispute(house, identity)
    with writing(house.engine) as connection:
        desk = Desk(connection, when)
        case = commands.in_hand(desk, identity, ARBITER, when)
        disputes.decide(desk, case, dispute.id, decision, "as the log shows", ARBITER, when)
        desk.flush()


def contest(house: Market, identity: UUID, when: datetime) -> None:
    """The buyer answers the dispute that stands against his finding."""
    dispute = open_dispute(house, identity)
    house.command(
        identity,
        Party.BUYER,
        when,
        lambda desk, case, actor: disputes.reply(desk, case, dispute.id, Position.CONTEST, "we waited", actor, when),
    )


def invoiced(house: Market, period: Period, now: datetime) -> list[int]:
    return [document.net for document in bill(house.engine, period, now=now, actor="finance").documents]


def test_worked_case_3_a_meeting_marked_as_a_no_show_is_decided_by_the_log(engine: Engine) -> None:
    house = market(engine)
    with writing(engine) as connection:
        organisation = t.organisation
        connection.execute(
            organisation.update()
            .where(organisation.c.slug == "acme-calls")
            .values(vat_id="GB980780684", vat_registered=True)
        )
    identity = house.taken()
    show(house, identity, TWENTY_TWO_MINUTES, at(40))
    house.find(identity, NO_SHOW, FOUND)
    state, dispute = house.state(identity), open_dispute(house, identity)
    assert (state.verdict, state.amount, state.held) == (Verdict.CONTESTED, 0, 0)
    assert (dispute.kind, dispute.opened_by, dispute.opened_at) == ("contradiction", "rule", FOUND)
    assert (dispute.claim["attendance"], dispute.claim["minutes"], dispute.state) == ("attended", 22, "awaiting_reply")
    contest(house, identity, FOUND + DAY)
    rebooking_ends = state.rebooking_at
    assert rebooking_ends is not None
    house.settle(rebooking_ends)
    assert (house.state(identity).amount, house.state(identity).held) == (2500, 0)
    assert invoiced(house, Period(2026, 3), TUESDAY + 25 * DAY) == [2500]
    decide(house, identity, Findings(Finding.ATTENDED, 22), TUESDAY + 26 * DAY)
    state = house.state(identity)
    assert (state.amount, state.outcome, state.minutes) == (10000, Outcome.ATTENDED, 22)
    assert invoiced(house, Period(2026, 4), TUESDAY + 60 * DAY) == [7500]
    assert house.replayed(identity) == state


def test_worked_case_5_silence_means_what_the_evidence_shows(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    show(house, identity, PROSPECT_WAITED, at(40))
    due = house.state(identity).findings_at
    assert due is not None
    with reading(engine) as connection:
        case = valuation.as_settled(connection, identity, t.appointment.c.id == identity, due)
    assert case is not None and case.state.amount == 8000, "reads show what is due as settled"
    house.settle(due + 30 * DAY)
    state = house.state(identity)
    assert (state.verdict, state.verdict_at) == (Verdict.DEEMED, due)
    assert (state.attendance, state.outcome, state.amount) == (Finding.BUYER_NO_SHOW, Outcome.BUYER_NO_SHOW, 8000)
    assert house.events(identity)[-1].payload["proven"] is True


def test_evidence_that_comes_at_the_deadline_is_too_late_to_speak_for_the_silent(engine: Engine) -> None:
    house = market(engine)
    early, late = house.taken(reference="S-1"), house.taken(reference="S-2")
    due = house.state(late).findings_at
    assert due is not None
    show(house, early, PROSPECT_WAITED, due - timedelta(microseconds=1))
    show(house, late, PROSPECT_WAITED, due)
    house.settle(due + DAY)
    assert [house.state(each).amount for each in (early, late)] == [8000, 10000]
    assert open_dispute(house, late) is None, "against a deemed verdict evidence opens nothing"


def test_where_nothing_is_shown_silence_is_acceptance(engine: Engine) -> None:
    house = market(engine)
    alone, own_log = house.taken(reference="S-1"), house.taken(reference="S-2")
    show(house, alone, stay("prospect", 0, 5), at(40))
    show(house, own_log, PROSPECT_WAITED, at(40), grade="C")
    house.settle(TUESDAY + 30 * DAY)
    assert [house.state(each).amount for each in (alone, own_log)] == [10000, 10000]


def test_evidence_alone_presumes_nothing_and_ends_no_verdict_early(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    show(house, identity, TWENTY_TWO_MINUTES, at(40))
    state = house.state(identity)
    assert (state.attendance, state.verdict, state.amount) == (Finding.UNKNOWN, Verdict.PENDING, 0)


def test_evidence_after_the_finding_opens_the_dispute_while_it_can_be_contested_and_not_later(engine: Engine) -> None:
    house = market(engine)
    inside, outside = house.taken(reference="S-1"), house.taken(reference="S-2")
    for identity in (inside, outside):
        house.find(identity, NO_SHOW, FOUND)
    closes = house.state(outside).contest_at
    assert closes is not None
    show(house, inside, TWENTY_TWO_MINUTES, closes - timedelta(microseconds=1))
    show(house, outside, TWENTY_TWO_MINUTES, closes)
    assert open_dispute(house, inside).opened_at == closes - timedelta(microseconds=1)
    assert open_dispute(house, outside) is None
    assert house.state(outside).verdict is Verdict.GIVEN


def test_leaves_that_come_after_the_finding_decide_what_the_claim_is(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    come, gone = TWENTY_TWO_MINUTES[0:3:2], TWENTY_TWO_MINUTES[1:4:2]
    show(house, identity, come, at(11))
    house.find(identity, NO_SHOW, at(12))
    assert open_dispute(house, identity) is None, "they are still together"
    show(house, identity, gone, at(27))
    assert open_dispute(house, identity).claim["minutes"] == 22


def test_conceding_a_contradiction_pays_by_the_evidence_and_the_suppliers_claims(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    show(house, identity, TWENTY_TWO_MINUTES, at(40))
    refuted = Findings(Finding.PROSPECT_NO_SHOW, criteria={"size": CriterionFinding.REFUTED})
    house.find(identity, refuted, FOUND)
    dispute = open_dispute(house, identity)
    when = FOUND + DAY
    house.command(
        identity,
        Party.BUYER,
        when,
        lambda desk, case, actor: disputes.reply(desk, case, dispute.id, Position.CONCEDE, None, actor, when),
    )
    state = house.state(identity)
    assert (state.amount, state.criteria["size"]) == (10000, CriterionFinding.CONFIRMED)
    assert house.replayed(identity) == state


def test_the_buyer_is_told_before_the_click_that_his_finding_opens_a_dispute(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    show(house, identity, TWENTY_TWO_MINUTES, at(40))
    buyer = Actor("north-bank", Party.BUYER, house.ids["north-bank"])
    with reading(engine) as connection:
        case = valuation.as_settled(connection, identity, t.appointment.c.id == identity, FOUND)
        assert case is not None
        worth = valuation.of_findings(connection, case, NO_SHOW, buyer, FOUND)
    assert (worth.disputed, worth.amount) == (True, 2500)
    assert open_dispute(house, identity) is None


def test_settling_many_asks_for_their_evidence_once(engine: Engine) -> None:
    house = market(engine)
    for number in range(6):
        show(house, house.taken(reference=f"S-{number}"), PROSPECT_WAITED, at(40))
    statements: list[str] = []

    def count(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(engine, "before_cursor_execute", count)
    house.settle(TUESDAY + 5 * DAY)
    event.remove(engine, "before_cursor_execute", count)
    assert sum("FROM evidence" in statement for statement in statements) == 1
