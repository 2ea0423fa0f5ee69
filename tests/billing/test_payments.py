"""After the invoice: the supplier's answer, payments that are partial, too much or come back, statements, deposits."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, true

from invoices import acceptance, payments
from ledger.domain.errors import Conflict, IllegalMove, Refused
from ledger.domain.money import Money
from ledger.domain.settlement import Position
from ledger.reports import documents
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.billing.trade import AFTER_NOVEMBER, AFTER_OCTOBER, NOVEMBER, STATEMENT, Trade

DAY = timedelta(days=1)
PAID_ON = date(2026, 11, 20)
LATER = datetime(2026, 11, 25, 9, tzinfo=UTC)


def shown(trade: Trade, document_id: UUID, now: datetime = LATER) -> dict[str, Any]:
    with reading(trade.engine) as connection:
        found = documents.one(connection, document_id, true(), now)
    assert found is not None
    return found


def pay(trade: Trade, document_id: UUID, amount: int | Money) -> UUID:
    with writing(trade.engine) as connection:
        return payments.record(connection, document_id, amount, PAID_ON, "REF 1", actor="finance", now=LATER)


def listed(trade: Trade, state: str, now: datetime = LATER) -> list[str]:
    with reading(trade.engine) as connection:
        query = documents.documents(now).where(documents.Filters(state=state, now=now).condition())
        return [row.number for row in connection.execute(query)]


@pytest.fixture
def invoice(trade: Trade) -> UUID:
    """One invoice of 1,000 net, 1,200 gross, due after 30 days."""
    trade.charge(trade.agree(), 1000)
    trade.bill()
    document_id: UUID = trade.document().id
    return document_id


def test_a_document_is_issued_then_queried_then_accepted_by_silence(trade: Trade, invoice: UUID) -> None:
    def answer(position: Position, now: datetime) -> None:
        with writing(trade.engine) as connection:
            acceptance.respond(connection, invoice, true(), position, "line 1?", actor="supplier", now=now)

    window_ends = AFTER_OCTOBER + 10 * DAY
    fresh = shown(trade, invoice, AFTER_OCTOBER)
    assert (fresh["state"], fresh["deadlines"]) == ("issued", [{"kind": "acceptance", "at": window_ends}])
    answer(Position.QUERY, AFTER_OCTOBER + DAY)
    queried = shown(trade, invoice)
    assert (queried["state"], queried["settlement"]["due_on"], queried["deadlines"]) == ("queried", None, [])
    assert listed(trade, "queried") == [queried["number"]]
    answer(Position.WITHDRAW, AFTER_OCTOBER + 15 * DAY)
    accepted = shown(trade, invoice)
    assert (accepted["state"], listed(trade, "issued")) == ("accepted", [])
    assert accepted["settlement"]["due_on"] == accepted["due_on"] + 14 * DAY
    assert [each["position"] for each in accepted["acceptance"]["responses"]] == ["query", "withdraw"]


def test_payments_may_be_partial_and_too_much_and_come_back(trade: Trade, invoice: UUID) -> None:
    pay(trade, invoice, 500)
    assert shown(trade, invoice)["settlement"]["open"] == 700
    second = pay(trade, invoice, Money(1000, "GBP"))
    paid = shown(trade, invoice)
    assert (paid["state"], paid["settlement"]["open"], trade.balances()["payable"]) == ("paid", -300, 300)
    with writing(trade.engine) as connection:
        payments.give_back(connection, second, PAID_ON + DAY, None, actor="finance", now=LATER)
    assert (shown(trade, invoice)["settlement"]["open"], trade.balances()["payable"]) == (700, -700)
    with pytest.raises(Conflict, match="came back"), writing(trade.engine) as connection:
        payments.give_back(connection, second, PAID_ON + DAY, None, actor="finance", now=LATER)


def test_a_payment_counts_from_its_day_in_the_buyers_zone(trade: Trade, invoice: UUID) -> None:
    payment_id = pay(trade, invoice, 500)
    with reading(trade.engine) as connection:
        entry = connection.execute(select(t.entry).where(t.entry.c.source_id == payment_id)).one()
    assert (entry.effective_at, entry.recorded_at) == (datetime(2026, 11, 20, tzinfo=UTC), LATER)


def test_a_payment_in_another_currency_or_of_a_later_day_is_refused(trade: Trade, invoice: UUID) -> None:
    with pytest.raises(Refused, match="currency_differs"):
        pay(trade, invoice, Money(100, "EUR"))
    with pytest.raises(Refused, match="in_the_future"), writing(trade.engine) as connection:
        payments.record(connection, invoice, 1, LATER.date() + DAY, None, actor="finance", now=LATER)


def test_a_statement_is_payable_once_the_suppliers_own_invoice_is_recorded(trade: Trade) -> None:
    agreement = trade.agree(billing=STATEMENT)
    charged = trade.charge(agreement, 1000)
    trade.bill()
    statement = trade.document().id

    def record(document_id: UUID, number: str, net: int, tax: int, now: datetime = LATER) -> None:
        with writing(trade.engine) as connection:
            payments.record_supplier_document(
                connection, document_id, number, now.date(), net, tax, actor="finance", now=now
            )

    with pytest.raises(IllegalMove, match="not_payable_yet"):
        pay(trade, statement, 1)
    with pytest.raises(Refused, match="net_differs"):
        record(statement, "A-1", 999, 200)
    assert trade.balances() == {"cost": 1000, "accrued": -1000}
    trade.deposit(agreement, 300)
    record(statement, "A-1", 1000, 200)
    assert trade.balances() == {"cost": 1000, "vat": 200, "payable": -900, "settlement": -300}
    with pytest.raises(Conflict, match="already_recorded"):
        record(statement, "A-2", 1000, 200)
    assert shown(trade, statement)["settlement"]["open"] == 900
    trade.credit(charged, agreement, 400, LATER)
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    note = trade.documents()[-1].id
    record(note, "A-C1", 400, 80, AFTER_NOVEMBER)
    assert shown(trade, statement, AFTER_NOVEMBER)["settlement"] | {"due_on": None} == {
        "claimed": 900, "credited": 480, "paid": 0, "open": 420, "due_on": None,
    }  # fmt: skip
    assert trade.balances() == {"cost": 600, "vat": 120, "payable": -420, "settlement": -300}


def test_a_deposit_is_received_and_drawn_before_anything_is_due(trade: Trade) -> None:
    agreement = trade.agree()
    with writing(trade.engine) as connection:
        payments.receive_deposit(connection, agreement, 500, date(2026, 10, 1), actor="finance", now=AFTER_OCTOBER)
        with pytest.raises(Refused, match="currency_differs"):
            payments.receive_deposit(
                connection, agreement, Money(5, "EUR"), date(2026, 10, 1), actor="finance", now=AFTER_OCTOBER
            )
    trade.charge(agreement, 1000)
    trade.bill()
    assert (trade.document().prepaid, trade.document().due) == (500, 700)
    assert trade.balances() == {"cost": 1000, "vat": 200, "payable": -700, "settlement": -500}
