"""What a dispute does to the money: holding, releasing, reversing, crediting, with the ledger beside it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, func, select

from invoices import lines
from invoices.billing_run import bill
from ledger.domain.calendar import Period
from ledger.domain.disputes import Position
from ledger.domain.errors import IllegalMove, NotAllowed, Refused
from ledger.domain.lifecycle import CriterionFinding, Finding, Party, Verdict
from ledger.domain.outcome import Findings
from ledger.services import commands, disputes, verify_appointments
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.services.verify import look_over
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.services.market import ATTENDED, DAY, NO_SHOW, TUESDAY, Document, Market

PRICE = {"tiers": [{"from": 1, "amount": 10000}]}
FOUND = TUESDAY + timedelta(hours=1)
NEXT = FOUND + DAY
ARBITER = Actor("user:arbiter", Party.OPERATOR, None)
REFUTED = Findings(Finding.ATTENDED, criteria={"size": CriterionFinding.REFUTED})
MET = Findings(Finding.ATTENDED, criteria={"size": CriterionFinding.CONFIRMED})


def market(engine: Engine, change: Callable[[Document], Any] = lambda _d: None, price: Document = PRICE) -> Market:
    """Price 100.00, no-show 25 %, disqualified 0, a no-show is final at once, no evidence needed."""

    def easy(document: Document) -> None:
        document["rebooking"] = {"within": {"days": 0}, "limit": 1}
        for reason in (*document["dispute"]["reasons"], *document["clawback"]["reasons"]):
            reason["evidence"] = "attestation"
        change(document)

    return Market(engine, easy, price=price)


def dispute(house: Market, identity: UUID, party: Party, reason: str, claim: Findings, at: datetime = NEXT) -> UUID:
    opened: list[UUID] = []

    def act(desk: Desk, case: Case, actor: Actor) -> None:
        opened.append(disputes.open_dispute(desk, case, reason, claim, "see the log", actor, at))

    house.command(identity, party, at, act)
    return opened[-1]


def reply(house: Market, identity: UUID, which: UUID, position: Position, party: Party, at: datetime = NEXT) -> None:
    house.command(
        identity,
        party,
        at,
        lambda desk, case, actor: disputes.reply(desk, case, which, position, None, actor, at),
    )


def decide(
    house: Market, identity: UUID, which: UUID, decision: Findings | int, at: datetime, arbiter: Actor = ARBITER
) -> None:
    with writing(house.engine) as connection:
        desk = Desk(connection, at)
        case = commands.in_hand(desk, identity, ARBITER, at)
        disputes.decide(desk, case, which, decision, "as the log shows", arbiter, at)
        desk.flush()


def balances(house: Market) -> dict[str, int]:
    """The accounts that are not at zero; debits are positive."""
    account = t.account.c
    with reading(house.engine) as connection:
        rows = connection.execute(select(account.kind, func.sum(account.balance)).group_by(account.kind))
        found = {kind: int(balance) for kind, balance in rows}
    assert sum(found.values()) == 0
    return {kind: balance for kind, balance in found.items() if balance}


def test_a_contest_for_more_than_has_accrued_holds_nothing(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    house.find(identity, NO_SHOW, FOUND)
    dispute(house, identity, Party.SUPPLIER, "attended_after_all", ATTENDED)
    assert house.state(identity).held == 0
    assert balances(house) == {"cost": 2500, "accrued": -2500}
    assert house.replayed(identity) == house.state(identity)


def test_a_conceded_contest_accrues_the_difference_at_the_concession(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    house.find(identity, NO_SHOW, FOUND)
    which = dispute(house, identity, Party.SUPPLIER, "attended_after_all", ATTENDED)
    reply(house, identity, which, Position.CONCEDE, Party.BUYER, NEXT + DAY)
    state = house.state(identity)
    assert (state.verdict, state.amount, state.share) == (Verdict.DECIDED, 10000, 10000)
    assert house.accrued(identity) == [2500, 7500]
    assert balances(house) == {"cost": 10000, "accrued": -10000}
    assert house.replayed(identity) == state


def test_no_reply_upholds_the_contest_effective_at_the_reply_deadline(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    house.find(identity, NO_SHOW, FOUND)
    dispute(house, identity, Party.SUPPLIER, "attended_after_all", ATTENDED)
    due = house.state(identity).reply_at
    assert due is not None
    house.settle(due + 30 * DAY)
    state = house.state(identity)
    assert (state.verdict_at, state.amount) == (due, 10000)


def test_no_reply_without_the_evidence_that_the_reason_needs_goes_to_the_arbiter(engine: Engine) -> None:
    def documented(document: Document) -> None:
        document["dispute"]["reasons"][0]["evidence"] = "document"

    house = market(engine, documented)
    identity = house.taken()
    house.find(identity, NO_SHOW, FOUND)
    dispute(house, identity, Party.SUPPLIER, "attended_after_all", ATTENDED)
    house.settle(NEXT + 30 * DAY)
    state = house.state(identity)
    assert (state.verdict, state.amount) == (Verdict.CONTESTED, 2500)
    assert state.decision_at is not None


def test_worked_case_4_no_reply_upholds_a_contest_with_the_suppliers_own_screenshot(engine: Engine) -> None:
    def documented(document: Document) -> None:
        document["dispute"]["reasons"][0]["evidence"] = "document"

    house = market(engine, documented)
    identity = house.taken()
    house.find(identity, NO_SHOW, FOUND)
    dispute(house, identity, Party.SUPPLIER, "attended_after_all", ATTENDED)
    screenshot: dict[str, Any] = {
        "kind": "screenshot",
        "occurred_at": TUESDAY,
        "content": b"png",
        "media_type": "image/png",
    }
    house.command(
        identity,
        Party.SUPPLIER,
        NEXT + DAY,
        lambda desk, case, actor: commands.add_evidence(desk, case, actor, NEXT + DAY, **screenshot),
    )
    due = house.state(identity).reply_at
    house.settle(NEXT + 30 * DAY)
    state = house.state(identity)
    assert (state.amount, state.verdict_at) == (10000, due)


def test_a_clawback_holds_the_whole_and_an_awarded_share_splits_it(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    house.find(identity, ATTENDED, FOUND)
    which = dispute(house, identity, Party.BUYER, "wrong_person", REFUTED)
    assert house.state(identity).held == 10000
    assert balances(house) == {"cost": 10000, "held": -10000}
    reply(house, identity, which, Position.CONTEST, Party.SUPPLIER, NEXT)
    decide(house, identity, which, 4000, NEXT + DAY)
    state = house.state(identity)
    assert (state.amount, state.held, state.share) == (4000, 0, 4000)
    assert balances(house) == {"cost": 4000, "accrued": -4000}
    assert house.replayed(identity) == state


def test_only_the_difference_between_the_claims_is_held(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    house.find(identity, ATTENDED, FOUND)
    dispute(house, identity, Party.BUYER, "wrong_person", NO_SHOW)
    assert balances(house) == {"cost": 10000, "accrued": -2500, "held": -7500}


def test_of_a_partial_remedy_only_what_does_not_remain_is_held(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    house.find(identity, ATTENDED, FOUND)
    which = dispute(house, identity, Party.BUYER, "smaller_company", REFUTED)
    assert balances(house) == {"cost": 10000, "accrued": -5000, "held": -5000}
    reply(house, identity, which, Position.CONCEDE, Party.SUPPLIER)
    assert balances(house) == {"cost": 5000, "accrued": -5000}


def test_a_clawback_that_claims_more_than_there_is_is_refused(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    house.find(identity, NO_SHOW, FOUND)
    before = house.state(identity)
    with pytest.raises(Refused) as refused:
        dispute(house, identity, Party.BUYER, "wrong_person", MET)
    assert [each.code for each in refused.value.violations] == ["claim_worth_more"]
    assert house.state(identity) == before and before.amount == 2500


def test_a_withdrawn_clawback_releases_what_it_held(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    house.find(identity, ATTENDED, FOUND)
    before = house.state(identity)
    which = dispute(house, identity, Party.BUYER, "wrong_person", REFUTED)
    house.command(
        identity,
        Party.BUYER,
        NEXT + DAY,
        lambda desk, case, actor: disputes.withdraw(desk, case, which, actor, NEXT + DAY),
    )
    state = house.state(identity)
    assert (state.verdict, state.amount, state.held) == (before.verdict, 10000, 0)
    assert balances(house) == {"cost": 10000, "accrued": -10000}


def test_held_money_is_not_invoiced_and_what_was_invoiced_comes_back_as_a_credit_note(engine: Engine) -> None:
    def uncapped(document: Document) -> None:
        document["clawback"]["return_cap"] = None

    house = market(engine, uncapped, {**PRICE, "bonuses": {"owner": 2500}})
    with writing(engine) as connection:
        connection.execute(
            t.organisation.update()
            .where(t.organisation.c.slug == "acme-calls")
            .values(vat_id="GB980780684", vat_registered=True)
        )
    held, invoiced = house.taken(reference="S-1"), house.taken(reference="S-2")
    for identity in (held, invoiced):
        house.find(identity, ATTENDED, FOUND)
    dispute(house, held, Party.BUYER, "wrong_person", REFUTED)
    run = bill(engine, Period(2026, 3), now=TUESDAY + 25 * DAY, actor="finance")
    assert [document.net for document in run.documents] == [12500]
    with reading(engine) as connection:
        document = connection.execute(select(t.document)).one()
    no_owner = Findings(Finding.ATTENDED, criteria={"owner": CriterionFinding.REFUTED})
    second = dispute(house, invoiced, Party.BUYER, "wrong_person", no_owner, TUESDAY + 26 * DAY)
    assert house.state(invoiced).held == 0
    reply(house, invoiced, second, Position.CONCEDE, Party.SUPPLIER, TUESDAY + 27 * DAY)
    assert house.state(invoiced).amount == 10000
    later = bill(engine, Period(2026, 4), now=TUESDAY + 60 * DAY, actor="finance")
    assert [(d.kind, d.net) for d in later.documents] == [("credit_note", 2500)]
    with reading(engine) as connection:
        (line,) = lines.read(connection, later.documents[0].id)
        assert (line.price, line.share, line.amount, line.confirmed) == (2500, 10000, 2500, ("Owns the company",))
        assert look_over(connection, verify_appointments.SWEEPS, TUESDAY + 60 * DAY).faults == ()
        assert connection.execute(select(t.document).where(t.document.c.id == document.id)).one() == document


def test_a_refuted_criterion_that_the_arbiter_confirms_is_paid(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    house.find(identity, REFUTED, FOUND)
    assert house.state(identity).amount == 0
    which = dispute(house, identity, Party.SUPPLIER, "criterion_met", MET)
    reply(house, identity, which, Position.CONTEST, Party.BUYER)
    decide(house, identity, which, MET, NEXT + DAY)
    assert house.state(identity).amount == 10000


def test_escalated_silence_waits_for_the_arbiter_and_nothing_accrues(engine: Engine) -> None:
    def escalate(document: Document) -> None:
        document["verification"]["silence"] = "escalate"

    house = market(engine, escalate)
    identity = house.taken()
    house.settle(TUESDAY + 30 * DAY)
    state = house.state(identity)
    assert (state.verdict, state.outcome, state.amount) == (Verdict.CONTESTED, None, 0)
    with reading(engine) as connection:
        row = connection.execute(select(t.dispute)).one()
    assert (row.kind, row.state, row.opened_by) == ("escalated_silence", "with_arbiter", "rule")
    decide(house, identity, row.id, ATTENDED, TUESDAY + 31 * DAY)
    assert house.state(identity).amount == 10000
    assert house.replayed(identity) == house.state(identity)


def test_a_clawback_above_the_return_cap_is_refused(engine: Engine) -> None:
    def capped(document: Document) -> None:
        document["clawback"]["return_cap"] = 3000

    house = market(engine, capped)
    ids = [house.taken(reference=f"S-{n}") for n in range(4)]
    for identity in ids:
        house.find(identity, ATTENDED, FOUND)
    for identity in ids[:2]:
        dispute(house, identity, Party.BUYER, "wrong_person", REFUTED)
    with pytest.raises(Refused) as refused:
        dispute(house, ids[2], Party.BUYER, "wrong_person", REFUTED)
    assert refused.value.code == "return_cap_reached"


def test_the_return_cap_counts_what_is_settled_with_the_very_command(engine: Engine) -> None:
    house = market(engine, lambda document: document["clawback"].update(return_cap=5000))
    first, second = house.taken(), house.taken(reference="S-2")
    late = TUESDAY + 8 * DAY
    dispute(house, first, Party.BUYER, "wrong_person", REFUTED, late)
    with pytest.raises(Refused, match="return_cap_reached"):
        dispute(house, second, Party.BUYER, "wrong_person", REFUTED, late)


def test_a_no_show_contested_in_vain_can_still_be_rebooked_and_is_paid_once(engine: Engine) -> None:
    house = market(engine, lambda document: document.update(rebooking={"within": {"days": 5}, "limit": 1}))
    identity = house.taken()
    house.find(identity, NO_SHOW, FOUND)
    which = dispute(house, identity, Party.SUPPLIER, "attended_after_all", ATTENDED)
    reply(house, identity, which, Position.CONTEST, Party.BUYER)
    decide(house, identity, which, NO_SHOW, NEXT)
    assert (house.state(identity).amount, balances(house)) == (0, {})
    house.move(identity, NEXT + DAY, NEXT)
    house.find(identity, ATTENDED, NEXT + DAY)
    assert (house.state(identity).amount, house.accrued(identity)) == (10000, [10000])
    assert house.replayed(identity) == house.state(identity)


def test_an_expired_promise_of_a_replacement_reverses_what_was_held(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    house.find(identity, ATTENDED, FOUND)
    which = dispute(house, identity, Party.BUYER, "out_of_business", REFUTED)
    reply(house, identity, which, Position.CONCEDE, Party.SUPPLIER)
    state = house.state(identity)
    assert (state.amount, state.held) == (10000, 10000)
    assert state.replacement_at == NEXT + 30 * DAY + timedelta(hours=-1)  # summer time begins in between
    house.settle(NEXT + 40 * DAY)
    assert (house.state(identity).amount, house.state(identity).held) == (0, 0)
    assert balances(house) == {}


def test_the_arbiter_waits_for_the_reply_and_is_nobody_of_the_parties(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    house.find(identity, NO_SHOW, FOUND)
    which = dispute(house, identity, Party.SUPPLIER, "attended_after_all", ATTENDED)
    with pytest.raises(IllegalMove) as early:
        decide(house, identity, which, 5000, NEXT + timedelta(hours=1))
    assert early.value.code == "reply_pending"
    reply(house, identity, which, Position.CONTEST, Party.BUYER)
    insider = Actor("user:insider", Party.OPERATOR, house.ids["north-bank"])
    with pytest.raises(NotAllowed):
        decide(house, identity, which, 5000, NEXT + DAY, insider)
    with pytest.raises(IllegalMove):
        decide(house, identity, uuid4(), 5000, NEXT + DAY)


@pytest.mark.parametrize(
    ("decision", "price", "share", "amount", "confirmed"),
    [
        (Findings(Finding.ATTENDED, criteria={"owner": CriterionFinding.REFUTED}), 10000, 10000, 10000, False),
        (3333, 12500, 3333, 4166, True),
    ],
    ids=["a bonus is refuted", "a share"],
)
def test_what_a_decision_leaves_says_in_state_and_books_how_it_is_priced(
    engine: Engine, decision: Findings | int, price: int, share: int, amount: int, confirmed: bool
) -> None:
    house = market(engine, price={**PRICE, "bonuses": {"owner": 2500}})
    identity = house.taken()
    house.find(identity, ATTENDED, FOUND)
    claim = Findings(Finding.ATTENDED, criteria={"owner": CriterionFinding.REFUTED})
    which = dispute(house, identity, Party.BUYER, "wrong_person", claim)
    reply(house, identity, which, Position.CONTEST, Party.SUPPLIER)
    decide(house, identity, which, decision, NEXT + DAY)
    state = house.state(identity)
    assert (state.price, state.share, state.amount) == (price, share, amount)
    accrual = t.accrual.c
    query = select(accrual.base + accrual.bonus, accrual.share, accrual.amount, accrual.confirmed)
    with reading(engine) as connection:
        standing = connection.execute(query.where(accrual.state == "open")).one()
    assert tuple(standing[:3]) == (price, share, amount)
    assert ("Owns the company" in standing.confirmed) is confirmed
    assert balances(house) == {"cost": amount, "accrued": -amount}
