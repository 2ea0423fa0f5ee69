"""What finance and suppliers do to issued documents, over HTTP: roles, shapes and refusals."""

from collections.abc import Callable, Iterator

import pytest
from freezegun import freeze_time
from sqlalchemy import Engine

from tests.api.conftest import Caller
from tests.billing.trade import AFTER_OCTOBER, Trade

TODAY = AFTER_OCTOBER.date().isoformat()


@pytest.fixture(autouse=True)
def _november() -> Iterator[None]:
    with freeze_time(AFTER_OCTOBER):
        yield


@pytest.fixture
def trade(app_engine: Engine) -> Trade:
    """One invoice of 20,000.00 net in two lines, issued just now."""
    trade = Trade(app_engine)
    agreement = trade.agree()
    for amount in (500_000, 1_500_000):
        trade.charge(agreement, amount, appointment_id=None)
    trade.bill()
    return trade


def test_a_supplier_queries_withdraws_and_accepts_his_own_document(trade: Trade, caller: Callable[..., Caller]) -> None:
    path = f"/v1/invoices/{trade.document().id}/acceptance"
    supplier, other = caller("supplier", "acme-calls"), caller("supplier", "best-leads")
    assert other("POST", path, {"position": "accept"}).status_code == 404
    assert caller("buyer", "north-bank")("POST", path, {"position": "accept"}).status_code == 403
    assert supplier("POST", path, {"position": "query"}).json["violations"][0]["code"] == "message_needed"
    queried = supplier("POST", path, {"position": "query", "message": "line 2 is not ours"}).json
    assert (queried["state"], queried["settlement"]["due_on"]) == ("queried", None)
    assert supplier("POST", path, {"position": "withdraw"}).json["state"] == "issued"
    assert supplier("POST", path, {"position": "accept"}).json["state"] == "accepted"
    assert supplier("POST", path, {"position": "query", "message": "late"}).json["code"] == "accepted"


def test_finance_records_and_returns_payments(trade: Trade, caller: Callable[..., Caller]) -> None:
    finance, supplier = caller("finance"), caller("supplier", "acme-calls")
    path = f"/v1/invoices/{trade.document().id}/payments"
    assert supplier("POST", path, {"amount": 1, "paid_on": TODAY}).status_code == 403
    assert finance("POST", path, {"amount": 0, "paid_on": TODAY}).json["errors"][0]["pointer"] == "/amount"
    body = {"amount": {"amount": 2_500_000, "currency": "GBP"}, "paid_on": TODAY, "reference": "BACS 7"}
    paid = finance("POST", path, body, key="pay-1")
    assert (paid.status_code, paid.json["state"], paid.json["settlement"]["open"]) == (201, "paid", -100_000)
    assert finance("POST", path, body, key="pay-1").json == paid.json
    advice = f"/v1/remittances?supplier=acme-calls&buyer=north-bank&currency=GBP&paid_on={TODAY}"
    assert supplier("GET", advice).data.startswith(b"%PDF")
    assert caller("supplier", "best-leads")("GET", advice).status_code == 404
    payment = paid.json["payments"][0]["id"]
    back = finance("POST", f"/v1/payments/{payment}/return", {"returned_on": TODAY})
    assert back.status_code == 204
    again = finance("POST", f"/v1/payments/{payment}/return", {"returned_on": TODAY})
    assert (again.status_code, again.json["code"]) == (409, "payment_returned")
    shown = supplier("GET", f"/v1/invoices/{trade.document().id}").json
    assert (shown["settlement"]["open"], len(shown["payments"])) == (2_400_000, 2)
    account = supplier("GET", "/v1/reports/statement-of-account").json["items"]
    assert account[-1]["balance"] == 2_400_000, "his own, without naming himself"
    assert finance("GET", "/v1/reports/statement-of-account").status_code == 400


def test_a_large_credit_waits_for_a_second_person_of_finance(trade: Trade, caller: Callable[..., Caller]) -> None:
    first, second = caller("finance"), caller("finance")
    invoice = str(trade.document().id)
    body = {"invoice": invoice, "lines": [{"line": 2, "amount": 150_000}], "reason": "wrong list"}
    asked = first("POST", "/v1/credit-notes", body)
    assert (asked.status_code, asked.json["state"], asked.json["credit_note"]) == (201, "pending", None)
    path = f"/v1/credit-notes/{asked.json['id']}/approve"
    assert (first("POST", path).status_code, first("POST", path).json["code"]) == (403, "four_eyes")
    rotated = caller("admin")("POST", f"/v1/keys/{first.key_id}/rotate").json["secret"]
    assert Caller(first.client, rotated)("POST", path).json["code"] == "four_eyes", "a successor is the same person"
    granted = second("POST", path).json
    assert (granted["state"], granted["credit_note"]["number"]) == ("issued", "ACME-NORTH-CN-000001")
    small = first("POST", "/v1/credit-notes", {**body, "lines": [{"line": 1, "amount": 100_000}]})
    assert small.json["state"] == "issued"
    beyond = first("POST", "/v1/credit-notes", {**body, "lines": [{"line": 1, "amount": 400_001}]})
    assert (beyond.status_code, beyond.json["violations"][0]["code"]) == (422, "beyond_line")
    listed = caller("supplier", "acme-calls")("GET", "/v1/credit-notes?state=issued").json["items"]
    assert [each["amount"] for each in listed] == [100_000, 150_000]


def test_a_void_answers_with_the_note_and_the_reissue_every_time(trade: Trade, caller: Callable[..., Caller]) -> None:
    finance, invoice = caller("finance"), trade.document().id
    table, path = finance("GET", f"/v1/invoices/{invoice}/lines.csv"), f"/v1/invoices/{invoice}"
    read, paid = {"If-Match": finance("GET", path).headers["ETag"]}, {"amount": 100, "paid_on": "2026-11-02"}
    assert finance("POST", f"{path}/payments", paid, headers=read).status_code == 201
    assert finance("POST", f"{path}/void", headers=read).status_code == 412
    assert table.content_type == "text/csv; charset=utf-8"
    done = finance("POST", f"/v1/invoices/{invoice}/void")
    assert done.status_code == 200, done.text
    assert done.json["reissue"]["number"] == "ACME-NORTH-000002"
    assert finance("POST", f"/v1/invoices/{invoice}/void").json == done.json
    voided = finance("GET", f"/v1/invoices/{invoice}").json
    listed = finance("GET", "/v1/invoices?expand=lines&kind=invoice").json["items"][-1]
    assert (listed["id"], listed["lines"]) == (str(invoice), voided["lines"]) and voided["lines"]
    assert (voided["state"], voided["replaced_by"]["number"]) == ("credited", "ACME-NORTH-000002")
    assert finance("GET", f"/v1/invoices/{invoice}/lines.csv").data == table.data
    again = finance("GET", f"/v1/invoices/{done.json['reissue']['id']}").json
    assert (again["replaces"], again["totals"]["net"]) == (str(invoice), 2_000_000)


def test_a_deposit_is_recorded_for_an_agreement(trade: Trade, caller: Callable[..., Caller]) -> None:
    finance = caller("finance")
    (agreement,) = caller("admin")("GET", "/v1/agreements").json["items"]
    path = f"/v1/agreements/{agreement['id']}/deposits"
    made = finance("POST", path, {"amount": 50_000, "received_on": TODAY})
    assert (made.status_code, made.json["balance"]) == (201, 50_000)
    assert finance("POST", path.replace(agreement["id"], agreement["id"][::-1]), {}).status_code in (400, 404)
