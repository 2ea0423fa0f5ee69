"""The billing run: what it takes, what it leaves, and that it comes out the same however often it runs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from invoices.billing_run import RunResult
from ledger.domain.calendar import Period
from ledger.domain.errors import Refused, Unknown
from ledger.domain.terms import Outcome
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.billing.trade import (
    AFTER_NOVEMBER,
    AFTER_OCTOBER,
    MID_OCTOBER,
    NOVEMBER,
    OCTOBER,
    STATEMENT,
    UNTAXED,
    Trade,
    self_billed,
)

TICK = timedelta(microseconds=1)
LONDON_NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


def numbers(result: RunResult) -> list[str | None]:
    return [document.number for document in result.documents]


def test_a_run_for_a_period_that_has_not_ended_is_refused(trade: Trade) -> None:
    trade.charge(trade.agree(), 18000)
    with pytest.raises(Refused) as refused:
        trade.bill(now=LONDON_NOVEMBER - TICK)
    assert refused.value.code == "period_not_ended"
    assert trade.count(t.document) == 0


def test_a_period_ends_in_the_last_of_its_zones(trade: Trade) -> None:
    trade.agree()
    trade.agree("acme-calls", "far-bank", "visits", zone="Pacific/Honolulu")
    with pytest.raises(Refused):
        trade.bill(now=LONDON_NOVEMBER + timedelta(hours=9))
    assert trade.bill(now=LONDON_NOVEMBER + timedelta(hours=10)).documents == ()


def test_a_supplier_alone_is_billed_when_his_zones_are_over(trade: Trade) -> None:
    trade.charge(trade.agree(), 18000)
    trade.agree("far-calls", "far-bank", "visits", zone="Pacific/Honolulu")
    result = trade.bill(now=LONDON_NOVEMBER, supplier="acme-calls")
    assert numbers(result) == ["ACME-NORTH-000001"]


def test_a_supplier_nobody_knows_is_unknown(trade: Trade) -> None:
    trade.agree()
    with pytest.raises(Unknown):
        trade.bill(supplier="north-bank")


def test_a_month_with_nothing_is_no_error(trade: Trade) -> None:
    trade.agree()
    result = trade.bill()
    assert (result.documents, result.parked, result.totals) == ((), (), ())


def test_an_installation_with_nobody_in_it_can_be_billed(trade: Trade) -> None:
    assert trade.bill().documents == ()


def test_the_last_instant_of_the_month_is_in_it_and_the_first_of_the_next_is_not(trade: Trade) -> None:
    agreement = trade.agree()
    trade.charge(agreement, 100, LONDON_NOVEMBER - TICK)
    trade.charge(agreement, 200, LONDON_NOVEMBER)
    trade.bill()
    assert trade.document().net == 100
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    assert [document.net for document in trade.documents()] == [100, 200]


def test_the_month_is_the_definitions_not_the_buyers(trade: Trade) -> None:
    agreement = trade.agree(zone="America/New_York")
    trade.charge(agreement, 100, LONDON_NOVEMBER + timedelta(hours=3))
    result = trade.bill(now=AFTER_OCTOBER)
    assert [document.net for document in result.documents] == [100]


def test_late_charges_of_earlier_months_are_taken_too(trade: Trade) -> None:
    agreement = trade.agree()
    trade.charge(agreement, 100, datetime(2026, 8, 3, tzinfo=UTC))
    trade.charge(agreement, 200)
    trade.bill()
    assert [line.amount for line in trade.lines(trade.document().id)] == [100, 200]


def test_what_comes_late_for_a_billed_group_goes_to_the_next_run(trade: Trade) -> None:
    agreement = trade.agree()
    trade.charge(agreement, 100)
    trade.bill()
    trade.charge(agreement, 200)
    again = trade.bill()
    assert [(document.net, document.is_new) for document in again.documents] == [(100, False)]
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    assert [document.net for document in trade.documents()] == [100, 200]


@pytest.mark.parametrize("state", ["held", "closed"])
def test_what_is_held_or_closed_is_not_invoiced(trade: Trade, state: str) -> None:
    agreement = trade.agree()
    held = trade.charge(agreement, 100)
    trade.charge(agreement, 200)
    with writing(trade.engine) as connection:
        connection.execute(update(t.accrual).where(t.accrual.c.id == held).values(state=state))
    trade.bill()
    assert trade.document().net == 200


def test_running_again_gives_the_same_documents_and_no_second_one(trade: Trade) -> None:
    for supplier in ("acme-calls", "best-leads", "cold-callers"):
        trade.charge(trade.agree(supplier), 18000)
    first = trade.bill()
    second = trade.bill()
    assert numbers(first) == numbers(second)
    assert [document.is_new for document in first.documents] == [True] * 3
    assert [document.is_new for document in second.documents] == [False] * 3
    assert trade.count(t.document) == 3
    assert first.totals == second.totals


def test_a_run_is_on_record_with_what_came_of_it(trade: Trade) -> None:
    trade.charge(trade.agree(), 18000)
    told: list[tuple[int, int]] = []
    result = trade.bill(progress=lambda done, total: told.append((done, total)))
    with reading(trade.engine) as connection:
        run = connection.execute(select(t.billing_run)).one()
    assert (run.state, run.actor, run.period, run.error) == ("done", "finance", 202610, None)
    assert run.result == result.to_json()
    assert trade.document().run_id == run.id
    assert told[0] == (0, 1)
    assert told[-1] == (1, 1)


def test_a_dry_run_tells_the_same_and_leaves_nothing(trade: Trade) -> None:
    agreement = trade.agree()
    trade.charge(agreement, 18000)
    before = trade.balances()
    dry = trade.bill(dry_run=True)
    assert [(document.number, document.net, document.tax) for document in dry.documents] == [(None, 18000, 3600)]
    for table in (t.document, t.document_line, t.number_series, t.rendering):
        assert trade.count(table) == 0
    assert trade.balances() == before
    assert trade.bill().totals == dry.totals
    ids = [shown["id"] for result in (dry, trade.bill(dry_run=True)) for shown in result.to_json()["documents"]]
    assert ids == [None, str(trade.document().id)]


def test_lines_stand_in_the_order_of_effect_then_of_submission(trade: Trade) -> None:
    agreement = trade.agree()
    trade.charge(agreement, 3, MID_OCTOBER + timedelta(hours=1))
    trade.charge(agreement, 1)
    trade.charge(agreement, 2)
    trade.bill()
    assert [(line.number, line.amount) for line in trade.lines(trade.document().id)] == [(1, 1), (2, 2), (3, 3)]


def test_a_line_repeats_what_its_accrual_says(trade: Trade) -> None:
    accrued = trade.charge(
        trade.agree(), 9000, base=18000, share=5000, outcome=Outcome.CUT_SHORT.value, reference="S-7"
    )
    trade.bill()
    (line,) = trade.lines(trade.document().id)
    with reading(trade.engine) as connection:
        accrual = connection.execute(select(t.accrual).where(t.accrual.c.id == accrued)).one()
    for name in ("reference", "service_at", "effective_at", "outcome", "confirmed", "base", "bonus", "share", "amount"):
        assert getattr(line, name) == getattr(accrual, name)
    assert (line.tax_category, line.tax_rate) == ("S", 2000)


def test_agreements_of_the_same_terms_share_a_document(trade: Trade) -> None:
    trade.charge(trade.agree(definition="visits"), 100)
    trade.charge(trade.agree(definition="calls"), 200)
    trade.bill()
    assert trade.document().net == 300


def test_different_rates_stand_on_one_document_each_with_its_tax(trade: Trade) -> None:
    trade.charge(trade.agree(definition="visits"), 333)
    trade.charge(trade.agree(definition="calls", tax={"category": "S", "rate": 500, "exemption": None}), 333)
    trade.charge(trade.agree(definition="books", tax={"category": "Z", "rate": 0, "exemption": None}), 333)
    trade.bill()
    document = trade.document()
    rows = [(tax["category"], tax["rate"], tax["net"], tax["tax"]) for tax in document.content["taxes"]]
    assert rows == [("S", 2000, 333, 67), ("S", 500, 333, 17), ("Z", 0, 333, 0)]
    assert (document.net, document.tax, document.gross) == (999, 84, 1083)


@pytest.mark.parametrize(
    "other",
    [
        {"payment": {"days": 14}},
        {"tax": UNTAXED},
        {"billing": STATEMENT},
    ],
)
def test_other_payment_terms_category_o_or_another_mode_make_a_document_of_their_own(
    trade: Trade, other: dict[str, Any]
) -> None:
    trade.charge(trade.agree(definition="visits"), 100)
    trade.charge(trade.agree(definition="calls", **other), 200)
    trade.bill()
    assert sorted(document.net for document in trade.documents()) == [100, 200]


def test_currencies_never_mix(trade: Trade) -> None:
    trade.charge(trade.agree(definition="visits"), 100)
    trade.charge(trade.agree(definition="calls", currency="EUR"), 200)
    trade.bill()
    assert sorted((document.currency, document.net) for document in trade.documents()) == [("EUR", 200), ("GBP", 100)]


def test_mode_tax_and_payment_terms_are_the_newest_accepted_when_the_document_is_issued(trade: Trade) -> None:
    agreement = trade.agree()
    trade.charge(agreement, 1000)
    trade.amend(
        agreement,
        datetime(2026, 11, 1, 8, tzinfo=UTC),
        tax={"category": "S", "rate": 500, "exemption": None},
        payment={"days": 7},
        billing=self_billed(),
    )
    trade.bill()
    document = trade.document()
    assert (document.tax, document.due_on.isoformat()) == (50, "2026-11-09")


def test_an_ended_agreement_is_billed_to_its_end(trade: Trade) -> None:
    agreement = trade.agree()
    trade.charge(agreement, 1000)
    with writing(trade.engine) as connection:
        ended = update(t.agreement).where(t.agreement.c.id == agreement).values(ended_from=MID_OCTOBER)
        connection.execute(ended)
    trade.bill()
    assert trade.document().net == 1000


def test_dates_are_the_buyers(trade: Trade) -> None:
    trade.join("tokyo-bank", "buyer", time_zone="Asia/Tokyo")
    trade.charge(trade.agree(buyer="tokyo-bank"), 1000)
    trade.bill(now=datetime(2026, 11, 1, 16, tzinfo=UTC))
    document = trade.document()
    assert document.due_on.isoformat() == "2026-12-02"
    assert document.content["due_on"] == "2026-12-02"
    assert document.content["time_zone"] == "Asia/Tokyo"


def test_a_document_says_which_month_it_is_for(trade: Trade) -> None:
    trade.charge(trade.agree(), 1000)
    trade.bill(Period(2026, 10))
    content = trade.document().content
    assert (content["period"], content["period_start"], content["period_end"]) == (
        str(OCTOBER),
        "2026-10-01",
        "2026-10-31",
    )


def test_a_month_of_history_takes_every_charge_once(trade: Trade) -> None:
    agreement = trade.agree()
    with writing(trade.engine) as connection:
        for hour in range(300):
            trade.accrue(connection, agreement, 100 + hour, MID_OCTOBER - timedelta(hours=hour))
    trade.bill()
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    document = trade.document()
    assert (document.line_count, document.net) == (300, sum(range(100, 400)))
