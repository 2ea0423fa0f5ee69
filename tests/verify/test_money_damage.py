"""What came after the invoice, and what somebody does to it with a hand in the database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Table, select, true

from invoices import acceptance, credits_by_hand, payments
from invoices.verify import run_checks
from ledger.domain.settlement import Position
from ledger.store import tables as t
from ledger.store.engine import writing
from tests.billing.trade import AFTER_OCTOBER, STATEMENT, Trade
from tests.verify.houses import MAY, House

HOUR, LATER = timedelta(hours=1), MAY + timedelta(days=1)
ISSUED = datetime(2026, 4, 3, 9, tzinfo=UTC)


def afterwards(connection: Connection) -> None:
    """The last invoice is queried, accepted, partly credited by two people, paid, and the payment returned."""
    found = select(t.document).where(t.document.c.kind == "invoice").order_by(t.document.c.id.desc()).limit(1)
    invoice = connection.execute(found).one()
    for hours, position in enumerate((Position.QUERY, Position.ACCEPT), 1):
        acceptance.respond(connection, invoice.id, true(), position, "line 1?", actor="acme", now=ISSUED + hours * HOUR)
    request_id = credits_by_hand.ask(
        connection, invoice.id, [credits_by_hand.Wanted(1, None, 100)], "goodwill", limit=0, person="ann", now=LATER
    )
    credits_by_hand.approve(connection, request_id, person="ben", now=LATER)
    paid = payments.record(connection, invoice.id, 5000, date(2026, 5, 3), None, actor="ann", now=LATER)
    payments.give_back(connection, paid, date(2026, 5, 4), None, actor="ann", now=LATER)


@dataclass(frozen=True)
class Damage:
    """What is changed or taken away of which rows, and the checks that must tell it."""

    name: str
    table: Table
    rows: Any
    values: dict[str, Any] | None
    told: set[str]


PAYMENT, ENTRY, REQUEST, GRANT, ANSWER = (
    table.c for table in (t.payment, t.entry, t.credit_request, t.credit_grant, t.document_response)
)
SOURCES = "entries have their source"
OF_PAYMENTS, BY_HAND, ANSWERS = "payments have their entry", "credits by hand", "answers to documents"
DAMAGES = (
    Damage("a payment's amount", t.payment, PAYMENT.kind == "payment", {"amount": 1}, {OF_PAYMENTS, SOURCES}),
    Damage("a payment gone", t.payment, PAYMENT.kind == "payment", None, {OF_PAYMENTS, SOURCES}),
    Damage("a payment's entry gone", t.entry, ENTRY.kind == "payment", None, {OF_PAYMENTS, "entries follow the chart"}),
    Damage("a payment in yen", t.payment, PAYMENT.kind == "payment", {"currency": "JPY"}, {OF_PAYMENTS, SOURCES}),
    Damage("a return of more", t.payment, PAYMENT.kind == "returned", {"amount": 9999}, {OF_PAYMENTS, SOURCES}),
    Damage("the same person twice", t.credit_grant, true(), {"granted_by": "ann", "requested_by": "ann"}, {BY_HAND}),
    Damage("a smaller request", t.credit_request, true(), {"amount": 99}, {BY_HAND}),
    Damage("an answer gone", t.document_response, ANSWER.number == 1, None, {ANSWERS}),
    Damage("a silent query", t.document_response, ANSWER.number == 1, {"message": " "}, {ANSWERS}),
    Damage(
        "an answer too late",
        t.document_response,
        ANSWER.number == 1,
        {"recorded_at": MAY + timedelta(days=40)},
        {ANSWERS},
    ),
)


def told(house: House, harm: Callable[[Connection], object]) -> set[str]:
    with house.damaged(harm) as connection:
        return {fault.check for fault in house.verified(connection, LATER).faults}


def test_what_comes_after_the_invoice_is_in_order(house: House) -> None:
    assert told(house, afterwards) == set()


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_damage_to_what_came_after_the_invoice_is_found(sqlite_house: House, damage: Damage) -> None:
    def harm(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        afterwards(connection)
        where = damage.table.delete() if damage.values is None else damage.table.update().values(damage.values)
        assert connection.execute(where.where(damage.rows)).rowcount == 1

    try:
        assert told(sqlite_house, harm) == damage.told
    finally:
        with sqlite_house.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")


def test_a_suppliers_own_invoice_may_charge_another_tax_and_draw_the_deposit(engine: Engine) -> None:
    trade = Trade(engine)
    agreed = trade.agree(billing=STATEMENT)
    trade.charge(agreed, 18000)
    trade.deposit(agreed, 500)
    trade.bill()
    document = trade.document()

    def faults() -> list[str]:
        return [f.what for f in run_checks(engine, None, AFTER_OCTOBER).faults if f.check == "document entries"]

    assert faults() == []
    with writing(engine) as connection:
        payments.record_supplier_document(
            connection, document.id, "R-7", date(2026, 11, 2), 18000, 1, actor="ann", now=AFTER_OCTOBER
        )
    assert faults() == []
