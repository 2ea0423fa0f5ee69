"""The worked cases of verification and disputes, each told whole: through the services, to the cent, into the invoice.

Price 100.00, a no-show 25 %, disqualified nothing, where the story does not say otherwise.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from invoices.billing_run import RunResult, bill
from ledger.domain.calendar import Period
from ledger.domain.disputes import Position
from ledger.domain.errors import IllegalMove, Refusal, Refused
from ledger.domain.lifecycle import Party, Verdict
from ledger.domain.terms import Outcome
from ledger.services import agreements, definitions
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.domain.documents import definition_document
from tests.services.market import (
    ATTENDED,
    DAY,
    MONDAY,
    NO_SHOW,
    TICK,
    TUESDAY,
    Document,
    Market,
    easy,
)
from tests.services.test_disputed_money import PRICE, REFUTED, balances, dispute, reply

HOUR = timedelta(hours=1)
SEEN = TUESDAY + HOUR


def market(engine: Engine, change: Callable[[Document], Any] = lambda _d: None) -> Market:
    """Buyer and suppliers with tax identifiers, so that runs issue documents; reasons need no evidence."""

    def plain(document: Document) -> None:
        for reason in (*document["dispute"]["reasons"], *document["clawback"]["reasons"]):
            reason["evidence"] = "attestation"
        change(document)

    house = Market(engine, plain, price=PRICE)
    with writing(engine) as connection:
        connection.execute(t.organisation.update().values(vat_id="GB980780684", vat_registered=True))
    return house


def billed(house: Market, period: str, now: datetime) -> list[tuple[str, int]]:
    """The run's documents by kind and net."""
    result: RunResult = bill(house.engine, Period.parse(period), now=now, actor="finance")
    assert result.parked == ()
    return [(document.kind, document.net) for document in result.documents]


def effective(house: Market, identity: UUID) -> list[datetime]:
    accrual = t.accrual.c
    query = select(accrual.effective_at).where(accrual.appointment_id == identity).order_by(accrual.effective_at)
    with reading(house.engine) as connection:
        return list(connection.execute(query).scalars())


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_case_1_a_no_show_rebooked_in_time_and_attended_is_paid_once(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    house.find(identity, NO_SHOW, SEEN)
    house.move(identity, TUESDAY + 8 * DAY, SEEN + DAY)
    house.find(identity, ATTENDED, SEEN + 8 * DAY)
    house.settle(SEEN + 20 * DAY)
    assert house.accrued(identity) == [10000]
    assert billed(house, "2026-03", utc(2026, 4, 2)) == [("invoice", 10000)]
    assert billed(house, "2026-04", utc(2026, 5, 2)) == []


def test_case_2_a_no_show_that_is_not_rebooked_is_paid_when_its_window_ends(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken(starts_at=utc(2026, 3, 24, 10))
    house.find(identity, NO_SHOW, utc(2026, 3, 24, 11))
    window_ends = utc(2026, 4, 3, 10)  # ten days later at eleven o'clock: summer time has begun
    assert billed(house, "2026-03", utc(2026, 4, 2)) == []
    house.settle(utc(2026, 4, 20))
    assert (house.accrued(identity), effective(house, identity)) == ([2500], [window_ends])
    assert billed(house, "2026-04", utc(2026, 5, 2)) == [("invoice", 2500)]


def test_case_6_findings_at_the_very_deadline_are_late_and_silence_has_taken_effect(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    deadline = utc(2026, 3, 12, 10, 30)  # two working days after Tuesday's slot has ended
    with pytest.raises(Refusal) as late:
        house.find(identity, NO_SHOW, deadline)
    assert late.value.code == "window_closed"
    state = house.state(identity)
    assert (state.verdict, state.verdict_at, state.amount) == (Verdict.DEEMED, deadline, 10000)
    in_time = house.taken(reference="S-2")
    house.find(in_time, NO_SHOW, deadline - TICK)
    assert house.state(in_time).verdict is Verdict.GIVEN


def test_case_7_a_clawback_in_november_is_a_credit_note_and_leaves_octobers_document_alone(engine: Engine) -> None:
    house = market(engine)
    slot = utc(2026, 10, 20, 9)
    identity = house.taken(at=slot - 5 * DAY, starts_at=slot)
    house.find(identity, ATTENDED, slot + HOUR)
    assert billed(house, "2026-10", utc(2026, 11, 2, 9)) == [("invoice", 10000)]
    with reading(engine) as connection:
        document, lines = (connection.execute(select(table)).all() for table in (t.document, t.document_line))
    which = dispute(house, identity, Party.BUYER, "wrong_person", REFUTED, utc(2026, 11, 10, 9))
    reply(house, identity, which, Position.CONCEDE, Party.SUPPLIER, utc(2026, 11, 12, 9))
    assert billed(house, "2026-11", utc(2026, 12, 2, 9)) == [("credit_note", 10000)]
    with reading(engine) as connection:
        assert connection.execute(select(t.document).where(t.document.c.id == document[0].id)).all() == document
        kept = select(t.document_line).where(t.document_line.c.document_id == document[0].id)
        assert connection.execute(kept).all() == lines
        credit = connection.execute(select(t.document).where(t.document.c.kind == "credit_note")).one()
    assert credit.corrects_id == document[0].id
    assert balances(house) == {}


def test_case_8_a_clawback_is_refused_once_fifteen_percent_of_the_month_are_returned(engine: Engine) -> None:
    house = market(engine)
    ids = [house.taken(reference=f"S-{number}") for number in range(13)]
    for identity in ids:
        house.find(identity, ATTENDED, SEEN)
    for identity in ids[:2]:  # one of 13 is under the cap, so that the second one, which crosses it, is taken
        dispute(house, identity, Party.BUYER, "wrong_person", REFUTED, SEEN + DAY)
    with pytest.raises(Refused) as full:
        dispute(house, ids[2], Party.BUYER, "wrong_person", REFUTED, SEEN + DAY)
    assert full.value.code == "return_cap_reached"
    assert balances(house) == {"cost": 130000, "accrued": -110000, "held": -20000}


def test_case_10_the_version_of_the_submission_prices_it_also_after_a_reschedule(engine: Engine) -> None:
    house = market(engine)
    identity = house.taken()
    second = definition_document()
    easy(second)
    second["outcomes"]["attended"] = 5000
    with writing(engine) as connection:
        definition = connection.execute(select(t.definition.c.id)).scalar_one()
        definitions.put_draft(connection, definition, second, now=MONDAY + HOUR)
        definitions.publish(connection, definition, effective_from=MONDAY + HOUR, now=MONDAY + HOUR, actor="buyer")
        for agreement in connection.execute(select(t.agreement.c.id)).scalars().all():
            for party in ("buyer", "supplier"):
                at = MONDAY + 2 * HOUR
                agreements.accept(connection, agreement, 1, party, at=at, now=at, actor=party, definition_version=2)
    house.move(identity, TUESDAY + DAY, MONDAY + DAY)
    later = house.taken(reference="S-2", at=MONDAY + DAY)
    for each in (identity, later):
        house.find(each, ATTENDED, SEEN + DAY)
    assert (house.accrued(identity), house.accrued(later)) == ([10000], [5000])


def test_case_11_the_second_supplier_is_refused_until_the_first_one_is_cancelled(engine: Engine) -> None:
    house = market(engine)
    first = house.taken("acme-calls", "S-1", email="Ann.Lee+x@Ex.com")
    again: dict[str, Any] = {"at": MONDAY + HOUR, "email": "ann.lee@ex.com"}
    assert house.refused("best-leads", "B-1", **again) == [("duplicates", "duplicate")]
    house.cancel(first, MONDAY + HOUR)
    second = house.taken("best-leads", "B-2", **again)
    house.settle(TUESDAY + 10 * DAY)
    assert (house.accrued(first), house.accrued(second)) == ([], [10000])


def test_case_12_two_business_days_after_the_night_the_clocks_go_back_to_the_second(engine: Engine) -> None:
    """Sunday 25 October 2026, 01:30, comes twice in London; the second one is meant. The Monday is a working day.

    A year later the first working day after Christmas is Wednesday 29 December: Monday and Tuesday stand in for
    Christmas Day and Boxing Day.
    """
    house = market(engine)
    night = house.taken(reference="S-1", at=utc(2026, 10, 1), starts_at=utc(2026, 10, 25, 1, 30))
    assert house.state(night).findings_at == utc(2026, 10, 27, 2, 0)
    christmas = house.taken(reference="S-2", at=utc(2027, 12, 1), starts_at=utc(2027, 12, 23, 16, 30, 7))
    assert house.state(christmas).findings_at == utc(2027, 12, 29, 17, 0, 7)
    easter = house.taken(reference="S-3", at=utc(2026, 3, 2), starts_at=utc(2026, 4, 2, 8, 30))
    assert house.state(easter).findings_at == utc(2026, 4, 8, 9, 0)
    house.settle(utc(2028, 1, 1))
    assert [house.state(each).verdict_at for each in (night, christmas, easter)] == [
        utc(2026, 10, 27, 2, 0),
        utc(2027, 12, 29, 17, 0, 7),
        utc(2026, 4, 8, 9, 0),
    ]


def test_case_14_a_buyers_cancellation_23_hours_before_is_late_and_paid(engine: Engine) -> None:
    house = market(engine)
    late, at_notice, early = (house.taken(reference=f"S-{number}") for number in range(3))
    house.cancel(early, TUESDAY - DAY - TICK, Party.BUYER)
    house.cancel(at_notice, TUESDAY - DAY, Party.BUYER)
    house.cancel(late, TUESDAY - 23 * HOUR, Party.BUYER)
    assert house.state(late).outcome is Outcome.CANCELLED_BY_BUYER_LATE
    assert [house.accrued(each) for each in (late, at_notice, early)] == [[5000], [5000], []]
    started = house.taken(reference="S-9")
    with pytest.raises(IllegalMove) as too_late:
        house.cancel(started, TUESDAY, Party.BUYER)
    assert too_late.value.code == "slot_started"
    house.settle(TUESDAY + 10 * DAY)
    assert billed(house, "2026-03", utc(2026, 4, 2)) == [("invoice", 20000)]


def test_a_rescheduled_chain_counts_where_its_slot_is_and_is_priced_when_it_accrues(engine: Engine) -> None:
    def capped(document: Document) -> None:
        document["intake"]["caps"] = {"day": None, "week": None, "month": 2}
        document["duplicates"]["keys"] = []

    tiers = {"tiers": [{"from": 1, "amount": 10000}, {"from": 2, "amount": 8000}]}
    house = Market(engine, capped, price=tiers)
    end_of_march = utc(2026, 3, 30, 9)
    first, second = (house.taken(reference=name, starts_at=end_of_march) for name in ("S-1", "S-2"))
    assert house.refused(reference="S-3", starts_at=end_of_march) == [("intake.caps.month", "cap_reached")]
    house.move(second, utc(2026, 4, 7, 9), MONDAY + DAY)
    third = house.taken(reference="S-4", at=MONDAY + DAY, starts_at=end_of_march)
    fourth = house.taken(reference="S-5", at=MONDAY + DAY, starts_at=utc(2026, 4, 8, 9))
    with pytest.raises(Refused) as full:
        house.move(third, utc(2026, 4, 8, 9), MONDAY + 2 * DAY)
    assert full.value.code == "cap_reached"
    house.settle(utc(2026, 5, 1))
    month = {each: house.state(each) for each in (first, second, third, fourth)}
    # Two business days after 30 March is 1 April, so that all of them accrue in April, in the order of deadlines.
    assert [state.position for state in month.values()] == [1, 3, 2, 4]
    assert [state.amount for state in month.values()] == [10000, 8000, 8000, 8000]
