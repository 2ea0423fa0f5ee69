"""Bank statements and payment files: matched by number and amount, taken in once, paid once."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from lxml import etree
from sqlalchemy import select, true

from invoices import bank_statements, matching, payment_files, reminders, setting_aside
from ledger.domain.errors import Conflict, IllegalMove, Malformed, Refused
from ledger.reports import bank, documents, open_items
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.billing.trade import AFTER_OCTOBER, UNTAXED, Trade, self_billed

LATER = datetime(2026, 12, 20, 9, tzinfo=UTC)
HEAD = "booked_on,amount,currency,reference,counterparty,iban,id\n"

CAMT = """<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Acct><Id><IBAN>GB33BUKB20201555555555</IBAN></Id></Acct>
<Ntry><Amt Ccy="GBP">30.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-12-01</Dt></BookgDt>
<AcctSvcrRef>B1</AcctSvcrRef><NtryDtls>
<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><Amt Ccy="GBP">12.00</Amt>
<RltdPties><Cdtr><Pty><Nm>Acme</Nm></Pty></Cdtr><CdtrAcct><Id><IBAN>DE02120300000000202051</IBAN></Id></CdtrAcct></RltdPties>
<RmtInf><Ustrd>invoice ACME-NORTH-</Ustrd><Ustrd>000001</Ustrd></RmtInf></TxDtls>
<TxDtls><Refs><EndToEndId>E2</EndToEndId></Refs><Amt Ccy="GBP">18.00</Amt></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="GBP">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts></Ntry>
</Stmt></BkToCstmrStmt></Document>"""


def csv(*rows: str) -> bytes:
    return (HEAD + "\n".join(rows)).encode()


def take(trade: Trade, content: bytes) -> tuple[int, int, int, int]:
    with writing(trade.engine) as connection:
        taken = matching.take_in(connection, bank_statements.read(content), actor="finance", now=LATER)
    return taken.new, taken.known, taken.matched, taken.unmatched


def open_of(trade: Trade) -> list[int]:
    with reading(trade.engine) as connection:
        rows = connection.execute(documents.documents(LATER).order_by(t.document.c.issued_at, t.document.c.number))
        return [row.claimed - row.credited - row.paid for row in rows]


def reasons(trade: Trade) -> list[str | None]:
    with reading(trade.engine) as connection:
        return list(connection.execute(select(t.bank_line.c.unmatched).order_by(t.bank_line.c.id)).scalars())


def invoices(trade: Trade, *amounts: int, **clauses: Any) -> None:
    """One untaxed invoice each, of suppliers of their own."""
    for place, amount in enumerate(amounts):
        clauses = {"tax": UNTAXED} | clauses
        trade.charge(trade.agree(("acme-calls", "best-leads", "clear-sky")[place], **clauses), amount)
    trade.bill()


def test_camt_is_read_transaction_by_transaction_and_what_is_pending_is_not() -> None:
    first, second = bank_statements.read(CAMT.encode())
    assert (first.amount, first.currency, first.booked_on) == (-1200, "GBP", date(2026, 12, 1))
    assert (first.reference, first.counterparty, first.iban) == (
        "invoice ACME-NORTH- 000001", "Acme", "DE02120300000000202051",
    )  # fmt: skip
    assert (second.amount, second.reference) == (-1800, "E2")
    assert "ACME-NORTH-000001" in matching.words(first.reference), "banks break lines anywhere"


def test_between_semicolons_decimals_may_have_a_comma() -> None:
    head = b"booked_on;amount;currency;reference\n"
    lines = bank_statements.read(head + b"2026-12-01;-1.234,50;EUR;A-1\n2026-12-01;12.5;EUR;A-2\n")
    assert [line.amount for line in lines] == [-123450, 1250]
    with pytest.raises(Malformed):
        bank_statements.read(head + b"2026-12-01;1.234;EUR;thousand or decimals\n")


@pytest.mark.parametrize(
    "content",
    [b"<!DOCTYPE x><x/>", b"<a>", b"<a/>", b"amount\n1", csv("2026-13-01,1,GBP,x"), csv("2026-12-01,1.001,GBP,x")],
    ids=["dtd", "broken", "other", "columns", "day", "digits"],
)
def test_what_is_no_statement_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        bank_statements.read(content)


def test_lines_pay_what_they_name_and_the_same_file_changes_nothing(trade: Trade) -> None:
    invoices(trade, 1000, 2000, 3000)
    statement = csv(
        "2026-12-01,-10.00,GBP,pays acme-north-000001,,,a",
        "2026-12-01,-50.00,GBP,BEST-NORTH-000001 and CLEAR-NORTH-000001,,,b",
        "2026-12-02,-10.00,GBP,ACME-NORTH-000001,,,c",
        "2026-12-02,-10.00,GBP,rent,,,d",
        "2026-12-02,-10.00,EUR,ACME-NORTH-000001,,,e",
        "2026-12-03,10.00,GBP,return of ACME-NORTH-000001,,,f",
    )
    assert take(trade, statement) == (6, 0, 3, 3)
    assert reasons(trade) == [None, None, "amount_differs", "unknown_number", "currency_differs", None]
    assert open_of(trade) == [1000, 0, 0]
    assert take(trade, statement) == (0, 6, 0, 0)
    assert open_of(trade) == [1000, 0, 0]
    with reading(trade.engine) as connection:
        query = select(t.bank_line.c.id).where(t.bank_line.c.unmatched == "amount_differs")
        line_id = connection.execute(query).scalar_one()
        document_id = (
            connection.execute(select(t.document.c.id).order_by(t.document.c.issued_at, t.document.c.number))
            .scalars()
            .first()
        )
        waiting = bank.waiting(connection, limit=9)
        named = [[each.row.number for each in found] for found in matching.named(connection, waiting)]
    assert [row["unmatched"] for row in waiting] == ["currency_differs", "unknown_number", "amount_differs"]
    assert named == [[], [], ["ACME-NORTH-000001"]]
    assert document_id is not None
    with pytest.raises(Refused, match="in GBP"), writing(trade.engine) as connection:
        matching.assign(connection, waiting[0]["id"], document_id, actor="finance", now=LATER)
    with writing(trade.engine) as connection:
        matching.assign(connection, line_id, document_id, actor="finance", now=LATER)
    assert open_of(trade) == [0, 0, 0]
    with reading(trade.engine) as connection:
        assert [row["kind"] for row in bank.matched(connection, limit=3)] == ["payment", "returned", "payment"]
    with pytest.raises(Conflict, match="already"), writing(trade.engine) as connection:
        matching.assign(connection, line_id, document_id, actor="finance", now=LATER)


def test_a_line_set_aside_waits_no_longer_until_it_is_taken_back(trade: Trade) -> None:
    statement = csv("2026-12-01,-3.00,GBP,account fee,,,a")
    take(trade, statement)

    def waiting() -> list[UUID]:
        with reading(trade.engine) as connection:
            return [row["id"] for row in bank.waiting(connection, limit=9)]

    def aside(line_id: UUID, reason: str | None) -> None:
        with writing(trade.engine) as connection:
            if reason is None:
                setting_aside.take_back(connection, line_id, actor="finance", now=LATER)
            else:
                setting_aside.set_aside(connection, line_id, reason, actor="finance", now=LATER)

    (line_id,) = waiting()
    with pytest.raises(IllegalMove, match="not set aside"):
        aside(line_id, None)
    aside(line_id, "the bank's fee")
    assert waiting() == []
    with pytest.raises(Conflict, match="already"):
        aside(line_id, "once more")
    with pytest.raises(Conflict, match="take it back first"), writing(trade.engine) as connection:
        matching.assign(connection, line_id, uuid4(), actor="finance", now=LATER)
    assert take(trade, statement) == (0, 1, 0, 0), "the same file changes nothing"
    with reading(trade.engine) as connection:
        assert [row["reason"] for row in bank.aside(connection, limit=9)] == ["the bank's fee"]
    aside(line_id, None)
    assert waiting() == [line_id]
    aside(line_id, "a fee after all")
    with reading(trade.engine) as connection:
        turns = connection.execute(select(t.bank_line_aside.c.reason).order_by(t.bank_line_aside.c.number))
        assert [row.reason for row in turns] == ["the bank's fee", None, "a fee after all"]


def test_of_two_invoices_of_one_amount_the_account_paid_tells_which(trade: Trade) -> None:
    for slug, iban in (("acme-calls", "FR1420041010050500013M02606"), ("best-leads", "DE02120300000000202051")):
        trade.charge(trade.agree(slug, tax=UNTAXED), 1000)
        trade.change(slug, iban=iban)
    trade.bill()
    both = "ACME-NORTH-000001 BEST-NORTH-000001"
    statement = csv(f"2026-12-01,-10.00,GBP,{both},,,a", f"2026-12-01,-10.00,GBP,{both},,FR1420041010050500013M02606,b")
    assert take(trade, statement) == (2, 0, 1, 1)
    assert reasons(trade) == ["ambiguous", None]
    assert open_of(trade) == [0, 1000]


def test_ageing_and_the_statement_of_account_agree_with_the_books(trade: Trade) -> None:
    invoices(trade, 1000, 2000)
    take(trade, csv("2026-12-01,-4.00,GBP,ACME-NORTH-000001,,,a"))
    with writing(trade.engine) as connection:
        line_id = connection.execute(select(t.bank_line.c.id)).scalar_one()
        first, _ = connection.execute(
            select(t.document.c.id).order_by(t.document.c.issued_at, t.document.c.number)
        ).scalars()
        matching.assign(connection, line_id, first, actor="finance", now=LATER)
        rows = open_items.ageing(connection, true(), LATER)
        moves = open_items.account(connection, trade.ids["acme-calls"], true())
    assert [(row["supplier"], row["1_30"], row["total"]) for row in rows] == [
        ("acme-calls", 600, 600), ("best-leads", 2000, 2000),
    ]  # fmt: skip
    assert [(move["kind"], move["change"], move["balance"]) for move in moves] == [
        ("invoice", 1000, 1000), ("payment", -400, 600),
    ]  # fmt: skip
    assert trade.balances()["payable"] == -600


def test_a_payment_file_holds_what_is_due_and_no_document_twice(trade: Trade) -> None:
    invoices(trade, 1000, 2000, currency="EUR")
    trade.change("north-bank", iban="DE02120300000000202051", bic="BYLADEM1001", time_zone="Pacific/Pago_Pago")
    trade.change("acme-calls", iban="FR1420041010050500013M02606")

    today = date(2026, 12, 19)  # in Greenwich it is over

    def make(
        due_by: date = date(2026, 12, 31), again: tuple[UUID, ...] = (), pay_on: date = today
    ) -> payment_files.File:
        with writing(trade.engine) as connection:
            return payment_files.make(
                connection, trade.ids["north-bank"], due_by, pay_on, again=again, actor="fin", now=LATER
            )

    with pytest.raises(Refused, match="nothing is due"):
        make(AFTER_OCTOBER.date())
    with pytest.raises(Refused, match=r"pay_on \(day_in_the_past\)"):
        make(pay_on=today - timedelta(days=1))
    made = make()
    assert (made.amount, made.documents) == (1000, 1)
    assert [each.reason for each in made.skipped] == ["the supplier's IBAN is missing"]
    with reading(trade.engine) as connection:
        (listed,) = connection.execute(payment_files.files()).all()
        content = payment_files.content(connection, listed.id)
        left = payment_files.plan(connection, trade.ids["north-bank"], date(2026, 12, 31), now=LATER)
        first = (
            connection.execute(select(t.document.c.id).order_by(t.document.c.issued_at, t.document.c.number))
            .scalars()
            .first()
        )
    assert (listed.id, listed.buyer, listed.amount, listed.documents) == (made.id, "north-bank", 1000, 1)
    assert (left.amount, len(left.skipped)) == (0, 2)
    root = etree.fromstring(content.encode())
    assert root.findtext(".//{*}EndToEndId") == "ACME-NORTH-000001"
    assert (root.findtext(".//{*}GrpHdr/{*}CtrlSum"), root.findtext(".//{*}ReqdExctnDt")) == ("10.00", str(today))
    with pytest.raises(Refused, match="in a payment file already"):
        make()
    assert first is not None
    assert make(again=(first,)).documents == 1


def test_finance_is_reminded_before_self_billing_ends(trade: Trade) -> None:
    until = (LATER + timedelta(days=6)).date()
    trade.agree(billing=self_billed(until=until.isoformat()))
    trade.agree("best-leads", billing=self_billed(until=(LATER + timedelta(days=40)).date().isoformat()))
    with reading(trade.engine) as connection:
        (found,) = reminders.reminders(connection, LATER)
    assert (found["supplier"], found["until"], found["days_left"], found["remind"]) == ("acme-calls", until, 6, 7)
