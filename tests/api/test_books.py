"""The books over HTTP: balances, entries and accounts as of an instant on either clock, and the month's files."""

import io
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine

from invoices import payments
from ledger.domain.calendar import format_instant
from ledger.store.engine import writing
from tests.api.conftest import Caller
from tests.billing.trade import AFTER_OCTOBER, MID_OCTOBER, Trade

Ask = Callable[[str], dict[str, Any]]


@pytest.fixture
def ask(app_engine: Engine, caller: Callable[..., Caller]) -> Ask:
    """A charge of October, and a deposit that was received before it and recorded in November."""
    trade = Trade(app_engine)
    agreed = trade.agree()
    trade.charge(agreed, 18000, appointment_id=None)
    with writing(app_engine) as connection:
        payments.receive_deposit(connection, agreed, 500, date(2026, 10, 1), actor="finance", now=AFTER_OCTOBER)
    finance = caller("finance")

    def get(path: str) -> dict[str, Any]:
        answer = finance("GET", f"/v1/ledger/{path}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json
        return found

    return get


def test_every_view_of_the_books_goes_by_either_clock(ask: Ask) -> None:
    """What was received on 1 October and recorded on 2 November is in mid-October's books by the first clock alone."""
    at = quote(format_instant(MID_OCTOBER))
    deposit = next(a["id"] for a in ask("trial-balance")["accounts"] if a["kind"] == "deposit")
    for clock, kinds, balance in (
        ("effective", ["deposit", "accrual"], 500),
        ("recorded", ["accrual"], 0),
    ):
        then = f"at={at}&clock={clock}"
        assert [entry["kind"] for entry in ask(f"entries?{then}")["items"]] == kinds
        account = ask(f"accounts/{deposit}?{then}")
        assert (account["balance"], len(account["items"]), account["clock"]) == (balance, balance // 500, clock)
        found = {a["kind"]: a["balance"] for a in ask(f"trial-balance?{then}")["accounts"]}
        assert (found.get("deposit", 0), found["accrued"]) == (balance, -18000)
    first = ask(f"entries?at={at}&limit=1")
    assert [e["kind"] for e in ask(f"entries?at={at}&limit=1&cursor={first['next_cursor']}")["items"]] == ["accrual"]


def test_a_months_files_come_as_one_archive(ask: Ask, caller: Callable[..., Caller]) -> None:
    found = caller("finance")("GET", "/v1/ledger/export?period=2026-10")
    with zipfile.ZipFile(io.BytesIO(found.data)) as bundle:
        assert sorted(bundle.namelist()) == [
            f"2026-10-{name}"
            for name in ("invoices.csv", "invoices.xlsx", "journal.beancount", "journal.csv", "journal.xlsx")
        ]
        assert bundle.read("2026-10-journal.csv").count(b"180.00") == 1
    assert caller("buyer", "north-bank")("GET", "/v1/ledger/export?period=2026-10").status_code == 403
