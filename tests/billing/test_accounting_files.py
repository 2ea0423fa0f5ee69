"""The exported journal is read by somebody else's ledger, which comes to the same balances."""

import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core.data import Transaction
from lxml import etree
from sqlalchemy import Engine

from invoices import accounting_files, payments
from ledger.domain.calendar import Period
from ledger.domain.journal import AccountKind
from ledger.domain.money import Money, format_plain
from ledger.reports import beancount, ledger
from ledger.store.engine import reading, writing
from tests.billing.trade import AFTER_OCTOBER, NOVEMBER, OCTOBER, Trade

SEPTEMBER = Period(2026, 9)
ODD = 'Ω "Quoted" \\ Läden\n; Co. 山田'


@pytest.fixture
def trade(engine: Engine) -> Trade:
    """Pairs in pounds, yen and dinars, with odd names and slugs, invoiced, paid and charged again in November."""
    trade = Trade(engine)
    trade.join("Acme_Calls.9", "supplier", legal_name=ODD)
    trade.join("acme-calls-9", "supplier", legal_name="Acme 9")
    trade.join("sakura", "buyer", legal_name=ODD, time_zone="Asia/Tokyo")
    last_second = datetime(2026, 10, 31, 14, 59, 59, tzinfo=UTC)
    for supplier, buyer, currency, amount in (
        ("Acme_Calls.9", "north-bank", "GBP", 18001),
        ("acme-calls-9", "north-bank", "KWD", 55555),
        ("acme-calls-9", "sakura", "JPY", 20001),
    ):
        agreed = trade.agree(supplier, buyer, f"visits-{currency.lower()}", currency=currency)
        trade.charge(agreed, amount, last_second)
        trade.charge(agreed, 777, last_second + timedelta(seconds=1))
    trade.bill(OCTOBER, AFTER_OCTOBER)
    first = trade.documents()[0]
    with writing(engine) as connection:
        paid = Money(first.due - 1, first.currency)
        payments.record(connection, first.id, paid, date(2026, 11, 2), None, actor="finance", now=AFTER_OCTOBER)
    return trade


def test_beancount_comes_to_our_balances(trade: Trade, tmp_path: Path) -> None:
    with reading(trade.engine) as connection:
        dict(accounting_files.write(connection, NOVEMBER, tmp_path))
        ours = {
            (beancount.account_name(row["buyer"], row["supplier"], row["kind"]), row["currency"]): row["balance"]
            for row in ledger.trial_balance(connection).accounts
        }
    text = (tmp_path / "journal.beancount").read_text(encoding="utf-8")
    entries, errors, _ = loader.load_string(text)
    assert errors == []
    assert text.count(" balance ") == 3 * len(AccountKind), "every account is asserted"
    found: dict[tuple[str, str], Decimal] = {}
    for posting in (each for entry in entries if isinstance(entry, Transaction) for each in entry.postings):
        assert posting.units is not None and posting.units.number is not None
        place = posting.account, posting.units.currency
        found[place] = found.get(place, Decimal(0)) + posting.units.number
    assert {place: str(sum_) for place, sum_ in found.items() if sum_} == {
        (name, unit): format_plain(balance, unit) for (name, unit), balance in ours.items()
    }
    assert {unit for _, unit in found} == {"GBP", "JPY", "KWD"}


def test_every_month_stands_alone_in_its_buyers_time_zone(trade: Trade, tmp_path: Path) -> None:
    """The last second of October in Tokyo is in no other month there, and mid-afternoon in London."""
    with reading(trade.engine) as connection:
        written = {path.name: rows for path, rows in accounting_files.write(connection, OCTOBER, tmp_path)}
        months = {month: "".join(beancount.pages(connection, month)) for month in (SEPTEMBER, OCTOBER, NOVEMBER)}
    assert (written["journal.csv"], written["journal.beancount"]) == (5, 5)
    assert {month: loader.load_string(text)[1] for month, text in months.items()} == {month: [] for month in months}
    forged = months[NOVEMBER].replace(" 4156 JPY", " 4157 JPY", 1)
    assert forged != months[NOVEMBER]
    (tmp_path / "forged.beancount").write_text(forged, encoding="utf-8")
    assert bean_check(tmp_path / "journal.beancount") == (0, "")
    status, said = bean_check(tmp_path / "forged.beancount")
    assert status == 1, "a balance that is a yen off is told"
    assert "Balance failed" in said


def bean_check(path: Path) -> tuple[int, str]:
    """Beancount's own program on the file, as an accountant runs it: its exit status and what it complains of."""
    program = Path(sys.executable).with_name("bean-check")
    done = subprocess.run([program, "--no-cache", path], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_worksheet_shows_as_many_digits_as_the_currency_has(trade: Trade, tmp_path: Path) -> None:
    with reading(trade.engine) as connection:
        dict(accounting_files.write(connection, OCTOBER, tmp_path))
    for name, amounts in (("journal", ["amount"]), ("invoices", ["net", "tax", "gross", "prepaid", "due"])):
        head, *rows = cells(tmp_path / f"{name}.xlsx")
        currency = [text for text, _ in head].index("currency")
        shown = {
            (row[currency][0], row[place][1]) for row in rows for place, (text, _) in enumerate(head) if text in amounts
        }
        assert shown == {("GBP", "#,##0.00"), ("JPY", "#,##0"), ("KWD", "#,##0.000")}, name


def cells(path: Path) -> list[list[tuple[str, str | None]]]:
    """The first sheet of a workbook, row by row: each cell's text and the format of its number."""
    with zipfile.ZipFile(path) as bundle:
        styles, sheet = (etree.fromstring(bundle.read(f"xl/{part}.xml")) for part in ("styles", "worksheets/sheet1"))
    formats = {each.get("numFmtId"): each.get("formatCode") for each in styles.iter("{*}numFmt")}
    built_in = {"0": None, "3": "#,##0", "4": "#,##0.00"}
    used = [(built_in | formats)[each.get("numFmtId")] for each in styles.iterfind("{*}cellXfs/{*}xf")]
    return [
        [("".join(map(str, cell.itertext())), used[int(cell.get("s", "0"))]) for cell in row]
        for row in sheet.iter("{*}row")
    ]
