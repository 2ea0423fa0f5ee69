"""What finance and suppliers do to issued documents on pages: pay, return, credit with four eyes, accept, query."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from api.units import SETTINGS
from invoices import payment_files, voiding
from invoices.billing_run import bill
from ledger.domain.calendar import Period
from ledger.services import parties
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.services.market import ATTENDED, TUESDAY
from tests.web.conftest import NOON, TOTP, House, send, token_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
APRIL = datetime(2026, 4, 2, 9, tzinfo=UTC)


@pytest.fixture
def path(house: House) -> str:
    """The page of an invoice of £205.00 net and £246.00 in all, issued this morning."""
    identity = house.market.taken(reference="S-7", name="Lena Vogt")
    house.market.find(identity, ATTENDED, TUESDAY.replace(hour=12))
    house.set_clock(APRIL)
    bill(house.engine, Period(2026, 3), now=APRIL, actor="test")
    with reading(house.engine) as connection:
        return f"/documents/{connection.execute(select(t.document.c.id)).scalar_one()}"


def fill(client: FlaskClient, path: str, action: str, **form: str) -> str:
    """Fills one of the page's forms in as it was last seen; the page that comes of it."""
    seen = re.search(r'name="seen" value="([^"]+)"', client.get(path).text)
    sent = send(client, f"{path}/{action}", {"seen": seen[1] if seen else "", **form}, on=path)
    return sent.text if sent.status_code != 302 else client.get(sent.location or path).text


@pytest.fixture
def fay(house: House, path: str) -> FlaskClient:
    return house.enter("fay@operator.example", second=True, at=APRIL)


def test_a_payment_is_recorded_once_and_may_come_back(fay: FlaskClient, path: str) -> None:
    page = fay.get(path).text
    assert 'value="246.00"' in page, "the open amount stands in the form"
    framed = fay.get(f"{path}/preview")
    assert framed.data.startswith(b"%PDF") and framed.headers["Content-Disposition"].startswith("inline")
    assert "frame-ancestors 'self'" in framed.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in fay.get(path).headers["Content-Security-Policy"]
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen
    form = {"seen": seen[1], "amount": "100.00", "paid_on": "2026-04-02", "reference": "BACS 7"}
    assert send(fay, f"{path}/payments", form, on=path).status_code == 302
    twice = send(fay, f"{path}/payments", form, on=path)
    assert twice.status_code == 412 and "has changed" in twice.text
    page = fay.get(path).text
    assert "BACS 7" in page and 'open <strong class="figure">£146.00</strong>' in page
    payment = re.search(r"/payments/([0-9a-f-]{36})/return", page)
    assert payment
    advice = re.search(r'href="(/remittances/[^"]+)"', page)
    assert advice and fay.get(advice[1]).data.startswith(b"%PDF")
    assert fay.get(advice[1].replace("2026-04-02", "2026-04-01")).status_code == 404
    page = fill(fay, path, f"payments/{payment[1]}/return", returned_on="2026-04-02")
    assert "Came back" in page and 'open <strong class="figure">£246.00</strong>' in page
    assert "Write the amount in GBP, such as 180.00" in fill(fay, path, "payments", amount="1e3", paid_on="2026-04-02")
    assert "has not come yet" in fill(fay, path, "payments", amount="1", paid_on="2026-04-03")


def test_a_large_credit_is_approved_by_somebody_else(
    house: House, fay: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(house.app.extensions, SETTINGS, replace(house.app.extensions[SETTINGS], credit_limit=100))
    assert "Say of which line" in fill(fay, path, "credits", amount="1.00", reason="wrong list")
    assert "205.00 GBP is left of line 1" in fill(fay, path, "credits", line="1", amount="205.01", reason="x")
    asked = fill(fay, path, "credits", line="1", amount="150.00", reason="wrong list")
    assert "A credit of £150.00 net waits for a second person" in asked
    waiting = fay.get("/credits").text
    assert "somebody else has to approve it" in waiting and "/approve" not in waiting
    house.add("ben@operator.example", "finance", totp=TOTP)
    ben = house.enter("ben@operator.example", second=True, at=APRIL)
    approve = re.search(r"/credits/[0-9a-f-]{36}/approve", ben.get("/credits").text)
    assert approve
    refused = send(fay, approve[0], {}, on="/months")
    assert (refused.status_code, "approval" in refused.text) == (409, True)
    note = send(ben, approve[0], {}, on="/credits")
    assert (
        "Self-billed credit note" in ben.get(note.location or "").text
        or "−£150.00" in ben.get(note.location or "").text
    )
    assert "No credit waits" in ben.get("/credits").text
    assert 'open <strong class="figure">£66.00</strong>' in fay.get(path).text


def test_a_supplier_queries_withdraws_and_accepts(house: House, fay: FlaskClient, path: str) -> None:
    sam = house.enter("sam@acme.example")
    assert "Record a payment" not in sam.get(path).text
    assert send(sam, f"{path}/payments", {"seen": "0"}, on=path).status_code == 403
    assert "Write what is wrong with the document" in fill(sam, path, "answer", position="query")
    assert "Withdraw the query" in fill(sam, path, "answer", position="query", message="line 1 is not ours")
    assert "A query stops the due date" in fay.get(path).text
    assert "Queried by their suppliers" in (months := fay.get("/months").text) and "line 1 is not ours" in months
    assert "Query it" in fill(sam, path, "answer", position="withdraw")
    assert "Your answer" not in fill(sam, path, "answer", position="accept")
    assert "line 1 is not ours" not in fay.get("/months").text
    house.add("bea@best.example", "supplier", slug="best-leads")
    bea = house.enter("bea@best.example")
    assert send(bea, f"{path}/answer", {"position": "accept"}, on="/documents").status_code == 404


def test_the_books_are_pages_as_of_either_clock(house: House, fay: FlaskClient, path: str) -> None:
    page = fay.get("/ledger").text
    assert "Both sides are equal" in page and page.count("246.00") == 3, "payable, and the sum of each side"
    assert "No account has a balance" in fay.get("/ledger?day=2026-03-01").text
    assert "Cost" in fay.get("/ledger?day=2026-03-31").text
    account = re.search(r"/ledger/accounts/[0-9a-f-]{36}", page)
    assert account and "Recorded" in fay.get(account[0]).text
    assert "Nothing had moved it" in fay.get(f"{account[0]}?day=2026-03-01&clock=recorded").text
    assert fay.get("/ledger?day=yesterday").status_code == fay.get("/ledger?clock=wall").status_code == 400
    assert "£246.00" not in fay.get("/open").text and "246.00" in fay.get("/open").text
    assert "Owed now" in fay.get("/suppliers/acme-calls/account").text
    sam = house.enter("sam@acme.example")
    assert "246.00" in sam.get("/open").text and "Owed now" in sam.get("/suppliers/acme-calls/account").text
    assert sam.get("/suppliers/best-leads/account").status_code == 404
    assert sam.get("/ledger").status_code == 403
    assert fay.get("/months/2026-03/accounting.zip").data.startswith(b"PK")


def test_a_parked_supplier_is_billed_by_one_click_after_the_mend(house: House) -> None:
    parked = house.market.taken("best-leads", "B-1")
    house.market.find(parked, ATTENDED, TUESDAY.replace(hour=12))
    house.set_clock(APRIL)
    fay = house.enter("fay@operator.example", second=True, at=APRIL)
    run = send(fay, "/months/2026-03/run", {"dry_run": "no"}, on="/months/2026-03")
    page = fay.get(run.location).text
    assert "Bill Best-Leads now" in page and page.count("Agrees") == 3 and "Differs" not in page
    assert page.count("£205.00") >= 3, "accrued, ready, and kept back until the mend"
    with writing(house.engine) as connection:
        changes = {"vat_id": "GB980780684", "vat_registered": True}
        parties.change_organisation(connection, house.market.ids["best-leads"], changes, "test", APRIL)
    run = send(fay, "/months/2026-03/run", {"supplier": "best-leads"}, on="/months/2026-03")
    page = fay.get(run.location).text
    assert "1 invoice: 1 line" in page and "Bill Best-Leads now" not in page


def test_self_billing_goes_on_for_a_changed_identifier_once_both_agreed_anew(house: House) -> None:
    rita, sam = house.enter("rita@north-bank.example"), house.enter("sam@acme.example")
    with writing(house.engine) as connection:
        changes = {"vat_id": "GB434031494", "vat_registered": True}
        parties.change_organisation(connection, house.market.ids["acme-calls"], changes, "test", NOON)
        agreement = t.agreement.c
        query = select(agreement.id).where(agreement.supplier_id == house.market.ids["acme-calls"])
        path = f"/agreements/{connection.execute(query).scalar_one()}"
    assert "elf-billing was agreed for the VAT identifier" in (page := sam.get(path).text)
    assert "Renew self-billing" not in page and 'value="GB434031494"' in rita.get(path).text
    assert send(sam, f"{path}/self-billing", {"from": "2026-03-10"}, on=path).status_code == 403
    renewal = {"from": "2026-03-10", "until": "2026-02-01", "vat_id": "GB434031494"}
    assert send(rita, f"{path}/self-billing", renewal, on=path).status_code == 400
    offered = send(rita, f"{path}/self-billing", {**renewal, "until": "2027-03-09"}, on=path)
    assert offered.status_code == 302
    assert "Waits for your acceptance" not in rita.get("/agreements").text, "offering it was the buyer's yes"
    twice = send(rita, f"{path}/self-billing", {**renewal, "until": ""}, on=path)
    assert twice.status_code == 409 and "A newer version waits" in twice.text
    send(sam, f"{path}/accept", {"version": "2", "definition_version": "1"}, on=path)
    assert "Agreed until" in (page := rita.get(path).text) and "Parked" not in page


def test_a_voided_document_says_why_and_what_stands_for_it(house: House, fay: FlaskClient, path: str) -> None:
    with writing(house.engine) as connection:
        done = voiding.void(connection, UUID(path[-36:]), reason="<b>wrong</b> name", actor="user:fay", now=APRIL)
    page = fay.get(path).text
    assert "&lt;b&gt;wrong&lt;/b&gt; name" in page and f"/documents/{done.reissue_id}" in page


def test_a_line_of_a_statement_is_set_aside_with_a_reason_and_taken_back(fay: FlaskClient) -> None:
    line = b"booked_on,amount,currency,reference\n2026-04-01,-3.00,GBP,account fee\n"
    form = {"statement": (BytesIO(line), "april.csv"), "csrf_token": token_in(fay.get("/bank").text)}
    assert fay.post("/bank", data=form, content_type="multipart/form-data").status_code == 302
    page = fay.get("/bank").text
    aside = re.search(r"/bank/[0-9a-f-]{36}/aside", page)
    assert aside and "account fee" in page
    assert "Say why it concerns no document" in send(fay, aside[0], {"reason": " "}, on="/bank").text
    assert send(fay, aside[0], {"reason": "the bank’s own fee"}, on="/bank").status_code == 302
    page = fay.get("/bank").text
    assert "No line waits for you" in page and "the bank’s own fee" in page
    assert send(fay, aside[0].replace("/aside", "/back"), {}, on="/bank").status_code == 302
    assert aside[0] in fay.get("/bank").text


def test_a_file_of_transfers_is_looked_at_made_and_downloaded(
    house: House, fay: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = "/payment-files?buyer=north-bank&due_by=2026-06-01&pay_on=2026-04-03"
    page = fay.get(ask).text
    assert "SEPA pays euros, this is GBP" in page and "Make the file" not in page
    monkeypatch.setattr(payment_files, "EURO", "GBP")  # the market trades in pounds
    for slug, iban in (("north-bank", "GB29NWBK60161331926819"), ("acme-calls", "DE02120300000000202051")):
        with writing(house.engine) as connection:
            organisation = t.organisation
            connection.execute(organisation.update().where(organisation.c.slug == slug).values(iban=iban))
    assert "Make the file over £246.00" in fay.get(ask).text
    late = fay.get(ask.replace("2026-04-03", "2026-04-01"))
    assert late.status_code == 422 and "has gone by already" in late.text and "Make the file" not in late.text
    form = {"buyer": "north-bank", "due_by": "2026-06-01", "pay_on": "2026-04-03", "seen": "24600"}
    assert send(fay, "/payment-files", form | {"seen": "100"}, on=ask).status_code == 412
    made = send(fay, "/payment-files", form, on=ask)
    assert made.status_code == 302
    link = re.search(r'href="(/payment-files/[0-9a-f-]{36}\.xml)"', fay.get(made.location or "").text)
    assert link and b"<CtrlSum>246.00</CtrlSum>" in fay.get(link[1]).data
    assert "in a payment file already" in fay.get(ask).text
    assert house.enter("sam@acme.example").get(link[1]).status_code == 403
