"""Rules of replacements: the next attended appointment is worth nothing and releases what was clawed back."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine

from invoices.billing_run import bill
from invoices.storage import storage_at
from invoices.verify import sweeps
from ledger.domain.calendar import Period
from ledger.domain.disputes import Position
from ledger.domain.errors import IllegalMove
from ledger.domain.lifecycle import CriterionFinding, EventKind, Finding, Party, Verdict
from ledger.domain.outcome import Findings
from ledger.services.verify import look_over
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.services.market import ATTENDED, DAY, NO_SHOW, TUESDAY, Document, Market
from tests.services.test_disputed_money import FOUND, NEXT, REFUTED, balances, decide, dispute, market, reply

HOUR = timedelta(hours=1)
EXPIRES = datetime(2026, 4, 10, 10, tzinfo=UTC)  # eleven o'clock in summer time, 30 days after the concession
LATE = datetime(2026, 6, 20, 9, tzinfo=UTC)
NO_OWNER = Findings(Finding.ATTENDED, criteria={"owner": CriterionFinding.REFUTED})


def uncapped(document: Document) -> None:
    document["clawback"]["return_cap"] = None


def promised(house: Market, reference: str = "S-1", at: datetime = NEXT) -> UUID:
    """An attended appointment for which a replacement is owed since `at`."""
    identity = house.taken(reference=reference)
    house.find(identity, ATTENDED, FOUND)
    claw_back(house, identity, at)
    return identity


def claw_back(
    house: Market, identity: UUID, at: datetime, reason: str = "out_of_business", claim: Findings = REFUTED
) -> None:
    which = dispute(house, identity, Party.BUYER, reason, claim, at)
    reply(house, identity, which, Position.CONCEDE, Party.SUPPLIER, at)


def attended(house: Market, reference: str, at: datetime, findings: Findings = ATTENDED) -> UUID:
    identity = house.taken(reference=reference, starts_at=at - HOUR)
    house.find(identity, findings, at)
    return identity


def clean(house: Market, now: datetime = LATE) -> None:
    """Nothing is wrong with the record."""
    with reading(house.engine) as connection:
        report = look_over(connection, sweeps(storage_at("unused")), now)
    assert report.faults == ()


def test_the_next_attended_appointment_is_worth_nothing_and_releases_what_was_held(engine: Engine) -> None:
    house = market(engine, uncapped)
    first = promised(house)
    house.find(house.taken(reference="S-2", starts_at=NEXT), NO_SHOW, NEXT + HOUR)
    house.find(house.taken(reference="S-3", starts_at=NEXT), Findings(Finding.ATTENDED, 3), NEXT + HOUR)
    house.find(house.taken(reference="S-4", starts_at=NEXT), REFUTED, NEXT + HOUR)
    assert house.state(first).held == 10000, "neither a no-show, nor what was cut short, nor the disqualified keep it"
    second = attended(house, "S-5", NEXT + DAY)
    state, kept = house.state(first), house.state(second)
    assert (state.amount, state.held, state.replacement_at, state.replaced_by_id) == (10000, 0, None, second)
    assert (kept.amount, kept.share, kept.position, kept.replaces_id) == (0, 10000, None, first)
    assert house.accrued(second) == []
    assert house.events(second)[-1].payload["replaces"]["reference"] == "S-1"
    third = attended(house, "S-6", NEXT + 2 * DAY)
    assert house.state(third).amount == 10000, "a promise is kept once"
    assert balances(house) == {"cost": 27500, "accrued": -27500}
    for each in (first, second, third):
        assert house.replayed(each) == house.state(each)
    clean(house)


def test_silence_keeps_promises_in_the_order_of_deadlines_whenever_the_worker_runs(engine: Engine) -> None:
    house = market(engine, uncapped)
    older, younger = promised(house, "S-1"), promised(house, "S-2", NEXT + HOUR)
    slots = {"S-3": 3 * DAY, "S-4": 2 * DAY, "S-5": DAY}
    silent = {name: house.taken(reference=name, starts_at=TUESDAY + slots[name]) for name in slots}
    at_expiry = house.taken(reference="S-6", starts_at=EXPIRES - timedelta(minutes=30, days=4))
    assert house.state(at_expiry).findings_at == EXPIRES.replace(day=8)
    house.settle(LATE)
    state = {name: house.state(identity) for name, identity in silent.items()}
    assert (state["S-5"].replaces_id, state["S-4"].replaces_id) == (older, younger)
    assert [each.amount for each in state.values()] == [10000, 0, 0]
    assert house.state(older).replaced_by_id == silent["S-5"]
    assert house.events(older)[-1].effective_at == state["S-5"].verdict_at
    clean(house)


def test_an_appointment_attended_at_the_very_expiry_is_too_late_and_paid(engine: Engine) -> None:
    house = market(engine, uncapped)
    first = promised(house)
    expiry = house.state(first).replacement_at
    assert expiry is not None
    late = attended(house, "S-2", expiry)
    assert (house.state(first).amount, house.state(late).amount) == (0, 10000)
    assert balances(house) == {"cost": 10000, "accrued": -10000}
    clean(house)


def test_one_attended_in_the_instant_before_the_promise_is_paid(engine: Engine) -> None:
    house = market(engine, uncapped)
    second = attended(house, "S-2", NEXT)
    first = promised(house)
    assert [house.state(each).amount for each in (first, second)] == [10000, 10000]
    assert house.state(first).replacement_at is not None
    clean(house, NEXT + DAY)


def test_what_was_invoiced_stays_so_when_the_replacement_comes(engine: Engine) -> None:
    house = market(engine, uncapped)
    with writing(engine) as connection:
        connection.execute(t.organisation.update().values(vat_id="GB980780684", vat_registered=True))
    first = house.taken(reference="S-1")
    house.find(first, ATTENDED, FOUND)
    april = datetime(2026, 4, 2, 9, tzinfo=UTC)
    bill(engine, Period(2026, 3), now=april, actor="finance")
    claw_back(house, first, april)
    assert house.state(first).held == 0
    second = attended(house, "S-2", april + DAY)
    assert (house.state(first).amount, house.state(second).amount) == (10000, 0)
    run = bill(engine, Period(2026, 4), now=april + 30 * DAY, actor="finance")
    assert run.documents == ()
    clean(house)


def test_one_paid_before_it_was_found_attended_gives_back_what_it_had(engine: Engine) -> None:
    house = market(engine, uncapped)
    first = promised(house)
    second = attended(house, "S-2", NEXT + HOUR, NO_SHOW)
    assert house.accrued(second) == [2500]
    house.find(second, ATTENDED, NEXT + 2 * HOUR)
    assert (house.state(second).amount, house.state(second).replaces_id) == (0, first)
    assert balances(house) == {"cost": 10000, "accrued": -10000}
    with pytest.raises(IllegalMove) as better:
        house.find(second, ATTENDED, NEXT + 3 * HOUR)
    assert better.value.code == "findings_given"
    clean(house)


def test_what_a_replacement_is_owed_for_or_has_settled_is_not_disputed_again(engine: Engine) -> None:
    house = market(engine, uncapped)
    first = promised(house)
    with pytest.raises(IllegalMove) as waiting:
        dispute(house, first, Party.BUYER, "wrong_person", NO_SHOW, NEXT + HOUR)
    second = attended(house, "S-2", NEXT + DAY)
    with pytest.raises(IllegalMove) as settled:
        dispute(house, first, Party.BUYER, "wrong_person", NO_SHOW, NEXT + DAY)
    assert (waiting.value.code, settled.value.code) == ("replaced", "replaced")
    with pytest.raises(IllegalMove) as nothing:
        dispute(house, second, Party.BUYER, "wrong_person", NO_OWNER, NEXT + DAY)
    assert nothing.value.code == "nothing_owed", "it is worth nothing, and the claim leaves it a replacement"


def test_a_clawback_upheld_against_the_replacement_revives_the_promise(engine: Engine) -> None:
    house = market(engine, uncapped)
    first = promised(house)
    second = attended(house, "S-2", NEXT + DAY)
    claw_back(house, second, NEXT + 2 * DAY)
    state, fallen = house.state(first), house.state(second)
    assert (state.held, state.replacement_at, state.replaced_by_id) == (10000, EXPIRES, None)
    assert (fallen.amount, fallen.replaces_id, fallen.replacement_at) == (0, None, None), "itself it is not replaceable"
    assert balances(house) == {"cost": 10000, "held": -10000}
    third = attended(house, "S-3", NEXT + 3 * DAY)
    assert (house.state(first).replaced_by_id, house.state(third).amount) == (third, 0)
    claw_back(house, third, NEXT + 4 * DAY, "wrong_person", NO_SHOW)
    assert house.accrued(third) == [2500], "no replacement any more, it is worth what the claim says"
    house.settle(LATE)
    assert (house.state(first).amount, house.state(first).held) == (0, 0)
    assert balances(house) == {"cost": 2500, "accrued": -2500}
    for each in (first, second, third):
        assert house.replayed(each) == house.state(each)
    clean(house)


def test_a_promise_revived_after_its_expiry_ends_at_once(engine: Engine) -> None:
    house = market(engine, uncapped)
    first = promised(house)
    second = attended(house, "S-2", EXPIRES - HOUR)
    claw_back(house, second, EXPIRES + DAY)
    assert (house.state(first).amount, house.state(first).held) == (0, 0)
    assert house.kinds(first)[-2:] == [EventKind.REPLACEMENT_REVIVED, EventKind.REPLACEMENT_ENDED]
    assert house.events(first)[-1].effective_at == EXPIRES + DAY
    assert balances(house) == {}
    clean(house)


def test_a_clawback_against_the_replacement_that_fails_changes_nothing(engine: Engine) -> None:
    house = market(engine, uncapped)
    first = promised(house)
    second = attended(house, "S-2", NEXT + DAY)
    which = dispute(house, second, Party.BUYER, "wrong_person", NO_SHOW, NEXT + 2 * DAY)
    reply(house, second, which, Position.CONTEST, Party.SUPPLIER, NEXT + 2 * DAY)
    decide(house, second, which, ATTENDED, NEXT + 3 * DAY)
    state = house.state(second)
    assert (state.verdict, state.amount, state.replaces_id) == (Verdict.DECIDED, 0, first)
    assert house.state(first).replaced_by_id == second
    assert balances(house) == {"cost": 10000, "accrued": -10000}
    clean(house)
