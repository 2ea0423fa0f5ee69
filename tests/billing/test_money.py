"""What issuing does to the books: invoices, statements, drawn deposits, monthly minimums."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from ledger.domain.calendar import Period
from ledger.domain.journal import EntryKind
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.billing.trade import (
    AFTER_NOVEMBER,
    AFTER_OCTOBER,
    MID_OCTOBER,
    NOVEMBER,
    STATEMENT,
    Trade,
    self_billed,
)

PRICE = {"tiers": [{"from": 1, "amount": 18000}], "bonuses": {}, "minimum_per_month": 50000, "deposit": None}
LAST_INSTANT = datetime(2026, 10, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def test_an_invoice_turns_what_accrued_into_what_is_payable_with_its_tax(trade: Trade) -> None:
    trade.charge(trade.agree(), 18000)
    assert trade.balances() == {"cost": 18000, "accrued": -18000}
    trade.bill()
    assert trade.balances() == {"cost": 18000, "vat": 3600, "payable": -21600}


def test_a_document_and_its_entry_say_the_same(trade: Trade) -> None:
    trade.charge(trade.agree(), 18000)
    trade.bill()
    document = trade.document()
    with reading(trade.engine) as connection:
        entry = connection.execute(select(t.entry).where(t.entry.c.source_id == document.id)).one()
        query = select(t.transfer.c.amount).where(t.transfer.c.entry_id == entry.id).order_by(t.transfer.c.number)
        amounts = list(connection.execute(query).scalars())
    assert (entry.kind, entry.effective_at, entry.recorded_at) == (EntryKind.INVOICE, AFTER_OCTOBER, AFTER_OCTOBER)
    assert amounts == [document.net, document.tax]


def test_a_statement_posts_nothing(trade: Trade) -> None:
    trade.charge(trade.agree(billing=STATEMENT), 18000)
    before = trade.balances()
    trade.bill()
    assert trade.balances() == before
    assert (trade.document().kind, trade.document().number) == ("statement", "ACME-NORTH-ST-000001")
    assert trade.document().content["type_code"] is None


def test_an_invoice_without_tax_has_one_transfer(trade: Trade) -> None:
    trade.charge(trade.agree(tax={"category": "Z", "rate": 0, "exemption": None}), 18000)
    trade.bill()
    assert trade.balances() == {"cost": 18000, "payable": -18000}


@pytest.mark.parametrize(("amount", "rate", "tax"), [(333, 2000, 67), (332, 2000, 66), (250, 2000, 50), (1, 5000, 1)])
def test_tax_is_rounded_half_up_once_on_the_sum_of_the_lines(trade: Trade, amount: int, rate: int, tax: int) -> None:
    agreement = trade.agree(tax={"category": "S", "rate": rate, "exemption": None})
    trade.charge(agreement, amount)
    trade.bill()
    assert trade.document().tax == tax


def test_a_deposit_is_drawn_before_anything_is_due(trade: Trade) -> None:
    agreement = trade.agree()
    trade.deposit(agreement, 5000)
    trade.charge(agreement, 18000)
    trade.bill()
    document = trade.document()
    assert (document.gross, document.prepaid, document.due) == (21600, 5000, 16600)
    assert trade.balances() == {"cost": 18000, "vat": 3600, "payable": -16600, "settlement": -5000}
    assert document.content["totals"]["prepaid"] == 5000
    assert document.line_count == 1


def test_what_is_left_of_a_deposit_waits_for_the_next_invoice(trade: Trade) -> None:
    agreement = trade.agree()
    trade.deposit(agreement, 20000)
    trade.charge(agreement, 10000)
    trade.bill()
    trade.charge(agreement, 10000)
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    assert [(document.prepaid, document.due) for document in trade.documents()] == [(12000, 0), (8000, 4000)]


def test_documents_of_one_run_share_what_is_left_of_a_deposit(trade: Trade) -> None:
    agreements = trade.agree(), trade.agree(definition="calls", payment={"days": 7})
    trade.deposit(agreements[0], 20000)
    for agreement in agreements:
        trade.charge(agreement, 10000)
    trade.bill()
    documents = trade.documents()
    assert sorted((document.prepaid, document.due) for document in documents) == [(8000, 4000), (12000, 0)]
    assert sorted(document.sequence for document in documents) == [1, 2]
    assert trade.balances()["settlement"] == -20000


def test_a_statement_draws_no_deposit(trade: Trade) -> None:
    agreement = trade.agree(billing=STATEMENT)
    trade.deposit(agreement, 20000)
    trade.charge(agreement, 10000)
    trade.bill()
    assert trade.document().prepaid == 0


def test_a_months_shortfall_is_a_line_of_its_own_in_its_last_microsecond(trade: Trade) -> None:
    trade.charge(trade.agree(price=PRICE), 18000)
    trade.bill()
    visit, shortfall = trade.lines(trade.document().id)
    assert (visit.kind, visit.amount) == ("outcome", 18000)
    assert (shortfall.kind, shortfall.amount, shortfall.effective_at) == ("shortfall", 32000, LAST_INSTANT)
    assert trade.balances() == {"cost": 50000, "vat": 10000, "payable": -60000}


def test_a_month_without_anything_owes_the_whole_minimum(trade: Trade) -> None:
    trade.agree(price=PRICE)
    trade.bill()
    assert trade.document().net == 50000


def test_a_month_that_reaches_the_minimum_has_no_shortfall(trade: Trade) -> None:
    agreement = trade.agree(price=PRICE)
    trade.charge(agreement, 30000)
    trade.charge(agreement, 20000)
    trade.bill()
    assert trade.document().line_count == 2


def test_a_shortfall_is_made_once_however_often_the_run_runs(trade: Trade) -> None:
    trade.agree(price=PRICE)
    for _ in range(3):
        trade.bill()
    assert trade.count(t.accrual) == 1
    assert trade.count(t.document) == 1


def test_a_shortfall_is_made_by_its_own_months_run_alone(trade: Trade) -> None:
    trade.agree(price=PRICE)
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    with reading(trade.engine) as connection:
        months = list(connection.execute(select(t.accrual.c.month)).scalars())
    assert months == [202611]
    trade.bill(now=AFTER_NOVEMBER)
    assert [(document.period, document.net) for document in trade.documents()] == [(202611, 50000), (202610, 50000)]


def test_the_terms_in_force_at_the_months_end_decide_and_nothing_is_pro_rated(trade: Trade) -> None:
    agreement = trade.agree()
    trade.amend(agreement, datetime(2026, 10, 31, 12, tzinfo=UTC), price=PRICE)
    trade.amend(agreement, datetime(2026, 11, 1, 1, tzinfo=UTC), price={**PRICE, "minimum_per_month": 99000})
    trade.bill()
    assert trade.document().net == 50000


def test_an_agreement_that_ended_within_the_month_owes_no_minimum(trade: Trade) -> None:
    agreement = trade.agree(price=PRICE)
    with writing(trade.engine) as connection:
        connection.execute(update(t.agreement).where(t.agreement.c.id == agreement).values(ended_from=MID_OCTOBER))
    assert trade.bill().documents == ()


def test_a_months_end_is_its_definitions(trade: Trade) -> None:
    trade.agree(price=PRICE, zone="America/New_York")
    trade.bill()
    (line,) = trade.lines(trade.document().id)
    assert line.effective_at == datetime(2026, 11, 1, 3, 59, 59, 999_999, tzinfo=UTC)


def test_a_parked_suppliers_shortfall_is_kept_for_a_later_run(trade: Trade) -> None:
    agreement = trade.agree(price=PRICE, billing=self_billed(until="2026-10-31"))
    (parked,) = trade.bill().parked
    assert parked.supplier == "acme-calls"
    trade.amend(agreement, AFTER_NOVEMBER, billing=self_billed())
    trade.charge(agreement, 50000, MID_OCTOBER + timedelta(days=30))
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    assert [line.amount for line in trade.lines(trade.document().id)] == [50000, 50000]


def test_later_credits_do_not_reopen_a_months_minimum(trade: Trade) -> None:
    agreement = trade.agree(price=PRICE)
    charged = trade.charge(agreement, 50000)
    trade.bill()
    trade.credit(charged, agreement, 20000, datetime(2026, 11, 10, tzinfo=UTC))
    trade.charge(agreement, 50000, datetime(2026, 11, 12, tzinfo=UTC))
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    assert sorted((document.kind, document.net) for document in trade.documents()) == [
        ("credit_note", 20000),
        ("invoice", 50000),
        ("invoice", 50000),
    ]


def test_a_zero_minimum_is_none(trade: Trade) -> None:
    trade.agree(price={**PRICE, "minimum_per_month": 0})
    assert trade.bill(Period(2026, 10)).documents == ()
