"""What money and agreements leave beside the documents, and what somebody does to it with a hand in the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Table, func, select, text, true

from invoices import bank_statements, matching, payment_files, payments
from invoices.verify import sweeps
from ledger.services.verify import look_over
from ledger.store import tables as t
from ledger.store import triggers
from ledger.store.engine import make_engine, writing
from tests.billing.trade import AFTER_OCTOBER, STATEMENT, Trade
from tests.domain.documents import agreement_document
from tests.support import databases

PAID = AFTER_OCTOBER + timedelta(days=40)
DAY = date(2026, 12, 11)


def settled(engine: Engine) -> None:
    """A statement with the supplier's own invoice, a minimum, a deposit, a bank statement and a file of transfers."""
    trade = Trade(engine)
    trade.join("acme-calls", "supplier", iban="DE89370400440532013000")
    trade.join("north-bank", "buyer", iban="DE02120300000000202051", time_zone="Europe/Berlin")
    price = {**agreement_document()["price"], "minimum_per_month": 50_000}
    stated = trade.agree(definition="stated", billing=STATEMENT)
    billed = trade.agree(definition="billed", price=price, currency="EUR")
    trade.charge(stated, 18_000)
    trade.charge(billed, 20_000)
    with writing(engine) as connection:
        payments.receive_deposit(connection, stated, 700, date(2026, 10, 1), actor="ann", now=AFTER_OCTOBER)
    trade.bill()
    documents = {row.mode: row for row in trade.documents()}
    own, invoice = documents["statement"], documents["self_billed"]
    with writing(engine) as connection:
        recorded = (own.id, "R-7", date(2026, 11, 2), 18_000, 3_600)
        payments.record_supplier_document(connection, *recorded, actor="ann", now=AFTER_OCTOBER)
        buyer = trade.ids["north-bank"]
        payment_files.make(connection, buyer, date(2027, 1, 31), PAID.date(), actor="ann", now=PAID)
        said = f"booked_on,amount,currency,reference\n{DAY},-600.00,EUR,{invoice.number}\n".encode()
        assert matching.take_in(connection, bank_statements.read(said), actor="ann", now=PAID).matched == 1


@pytest.fixture(scope="module")
def books(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path = tmp_path_factory.mktemp("settled") / "ledger.sqlite"
    copyfile(sqlite_template, path)
    engine = make_engine(databases.sqlite_url_of(path))
    settled(engine)
    yield engine
    engine.dispose()


def faults(connection: Connection) -> set[str]:
    return {fault.check for fault in look_over(connection, sweeps(None), PAID).faults} - {"chain"}


@contextmanager
def unguarded(engine: Engine) -> Iterator[Connection]:
    """The guards taken away and put back; undone in the end."""
    with engine.connect() as connection:
        transaction = connection.begin()
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        for statement in triggers.drop_statements("sqlite"):
            connection.execute(text(statement))
        yield connection
        transaction.rollback()
        connection.execute(text("PRAGMA ignore_check_constraints = OFF"))


@dataclass(frozen=True)
class Damage:
    """What is changed or taken away of the rows, and the checks that must tell it."""

    name: str
    table: Table
    rows: Any
    values: dict[str, Any] | None
    told: set[str]


OWN = t.supplier_document
OF_PAYMENTS, SOURCES, BOOKED = "payments have their entry", "entries have their source", "document entries"
FROM_BANK = t.payment.c.bank_line_id.is_not(None)
SHORTFALL = t.accrual.c.kind == "shortfall"
DAMAGES = (
    Damage("the supplier's number", OWN, true(), {"number": "R-8"}, {"suppliers' own documents"}),
    Damage("the supplier's date", OWN, true(), {"issued_on": DAY}, {"suppliers' own documents"}),
    Damage("the supplier's tax", OWN, true(), {"tax": 1}, {"suppliers' own documents", BOOKED}),
    Damage("the supplier's hash", OWN, true(), {"hash": "sha256:0"}, {"suppliers' own documents"}),
    Damage("the supplier's document gone", OWN, true(), None, {BOOKED}),
    Damage("a deposit's amount", t.deposit, true(), {"amount": 1}, {"deposits have their entry"}),
    Damage("a deposit gone", t.deposit, true(), None, {SOURCES}),
    Damage("a deposit in yen", t.deposit, true(), {"currency": "JPY"}, {"deposits have their entry"}),
    Damage("a smaller bank line", t.bank_line, true(), {"amount": -1}, {"bank lines"}),
    Damage("a bank line in yen", t.bank_line, true(), {"currency": "JPY"}, {"bank lines"}),
    Damage("another day of payment", t.payment, FROM_BANK, {"paid_on": date(2026, 12, 1)}, {OF_PAYMENTS}),
    Damage("a payment file's sum", t.payment_file, true(), {"amount": 1}, {"payment files"}),
    Damage("a payment file's text", t.payment_file, true(), {"content": "<Document/>"}, {"payment files"}),
    Damage("a document out of its payment file", t.payment_file_item, true(), None, {"payment files"}),
    Damage(
        "a shortfall on another day",
        t.accrual,
        SHORTFALL,
        {"effective_at": PAID},
        {"accruals have their entry", "lines and accruals", "monthly minimums"},
    ),
)


def test_what_is_beside_the_documents_is_in_order(engine: Engine) -> None:
    settled(engine)
    with engine.connect() as connection:
        assert faults(connection) == set()
        assert connection.execute(select(func.count()).select_from(t.payment_file_item)).scalar_one() == 1
        assert connection.execute(select(t.accrual.c.amount).where(SHORTFALL)).scalar_one() == 30_000


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_damage_beside_the_documents_is_found(books: Engine, damage: Damage) -> None:
    with unguarded(books) as connection:
        harm = damage.table.delete() if damage.values is None else damage.table.update().values(damage.values)
        assert connection.execute(harm.where(damage.rows)).rowcount == 1
        triggers.recreate(connection)
        assert faults(connection) == damage.told


def test_a_line_that_is_set_aside_and_booked_is_found(books: Engine) -> None:
    with unguarded(books) as connection:
        line = connection.execute(select(t.bank_line.c.id)).scalar_one()
        turn = {"bank_line_id": line, "number": 1, "reason": "a fee", "recorded_at": PAID, "actor": "ann"}
        connection.execute(t.bank_line_aside.insert(), turn)
        triggers.recreate(connection)
        assert faults(connection) == {"bank lines"}


def test_a_void_without_a_re_issue_is_found(books: Engine) -> None:
    with unguarded(books) as connection:
        document = connection.execute(select(t.document).where(t.document.c.mode == "self_billed")).one()
        pair = {"buyer_id": document.buyer_id, "supplier_id": document.supplier_id}
        void = {"document_id": document.id, **pair, "recorded_at": PAID, "actor": "ann"}
        connection.execute(t.document_void.insert(), void)
        triggers.recreate(connection)
        assert faults(connection) == {"voided documents"}


def test_a_shortfall_of_a_month_that_lacked_less_is_found(books: Engine) -> None:
    """The accrual, its entry and its line say the same, and what the month came to does not."""
    with unguarded(books) as connection:
        connection.execute(t.accrual.update().where(t.accrual.c.amount == 20_000).values(month=202609))
        triggers.recreate(connection)
        assert "monthly minimums" in faults(connection)


def test_an_invoice_of_a_day_without_a_self_billing_agreement_is_found(books: Engine) -> None:
    with unguarded(books) as connection:
        connection.execute(t.acceptance.update().where(t.acceptance.c.party == "supplier").values(accepted_at=PAID))
        triggers.recreate(connection)
        assert {"self-billing agreed", "monthly minimums"} <= faults(connection)


def test_category_o_beside_another_is_found(books: Engine) -> None:
    with unguarded(books) as connection:
        row = connection.execute(select(t.document_line).where(t.document_line.c.kind == "shortfall")).one()
        which = (t.document_line.c.document_id == row.document_id) & (t.document_line.c.number == row.number)
        connection.execute(t.document_line.update().where(which).values(tax_category="O", tax_rate=0))
        triggers.recreate(connection)
        told = look_over(connection, sweeps(None), PAID).faults
        assert "category O stands beside others" in [fault.what for fault in told]
