"""The month against the ledger: equations hold through invoices, credits and payments, and show what does not agree."""

from datetime import date

from sqlalchemy import Engine, update

from invoices import payments
from ledger.reports import reconciliation
from ledger.reports.reconciliation import ACCRUED, DOCUMENTS, HELD, Equation
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.billing.trade import AFTER_OCTOBER, NOVEMBER, OCTOBER, STATEMENT, Trade


def equations(engine: Engine) -> dict[str, Equation]:
    with reading(engine) as connection:
        return reconciliation.equations(connection, OCTOBER)["GBP"]


def test_a_month_agrees_with_the_ledger_whatever_happens_to_its_documents(engine: Engine) -> None:
    trade = Trade(engine)
    trade.charge(trade.agree(), 18_000)
    before = equations(engine)
    assert before[ACCRUED].terms == {"ready": 18_000, "ready_elsewhere": 0, "on_statements": 0}
    trade.charge(trade.agree("best-leads", billing=STATEMENT), 5_000)
    trade.bill()
    with writing(engine) as connection:
        invoice = connection.execute(t.document.select().where(t.document.c.mode == "self_billed")).one()
        payments.record(connection, invoice.id, 10_000, date(2026, 11, 2), None, actor="test", now=AFTER_OCTOBER)

    found = equations(engine)
    assert found[DOCUMENTS].terms == {"issued": invoice.due, "credited": 0, "paid": -10_000}
    assert found[DOCUMENTS].total == found[DOCUMENTS].ledger == invoice.due - 10_000
    assert found[ACCRUED].terms == {"ready": 0, "ready_elsewhere": 0, "on_statements": 5_000}
    assert found[HELD].terms == {"held": 0, "held_elsewhere": 0}
    assert all(each.holds for each in (*before.values(), *found.values()))
    with reading(engine) as connection:
        elsewhere = reconciliation.equations(connection, NOVEMBER)["GBP"]
    assert elsewhere[DOCUMENTS].total == elsewhere[DOCUMENTS].ledger == 0

    with writing(engine) as connection:
        connection.execute(update(t.account).where(t.account.c.kind == "accrued").values(balance=-4_999))
    damaged = equations(engine)[ACCRUED]
    assert not damaged.holds and damaged.difference == 5_000 - damaged.ledger


def test_what_parking_keeps_back_is_told_by_supplier_and_buyer(engine: Engine) -> None:
    trade = Trade(engine)
    trade.charge(trade.agree(), 18_000)
    pair = ("acme-calls", "north-bank")
    with reading(engine) as connection:
        assert reconciliation.waiting(connection, OCTOBER, [pair]) == {pair: {"GBP": 18_000}}
        assert reconciliation.waiting(connection, OCTOBER.previous(), [pair]) == {}
        assert reconciliation.waiting(connection, OCTOBER, []) == {}
