"""The main jobs of people, from end to end in a browser: fifty reviewed by keyboard, credits with four eyes, a bank
statement, a webhook that is delivered and sent again, terms that are tried, published and accepted by both sides.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from api.sending import Sender
from api.units import SETTINGS
from invoices.billing_run import bill
from ledger.domain.calendar import Period
from ledger.domain.lifecycle import Finding
from ledger.services import announcing
from ledger.store import tables as t
from ledger.store.engine import reading
from tests.services.market import ATTENDED, NO_SHOW, TUESDAY
from tests.support.receiver import Receiver, receiving
from tests.web.accessibility import DESK
from tests.web.conftest import NOON, TOTP, House, log_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

APRIL = datetime(2026, 4, 2, 9, tzinfo=UTC)
FAY, BEN = "fay@operator.example", "ben@operator.example"
RITA, SAM = "rita@north-bank.example", "sam@acme.example"
FIFTY = 50


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def invoiced(house: House, *references: str) -> list[str]:
    """Numbers of the invoices, one for each supplier, over what was attended in March."""
    for supplier, reference in zip(("acme-calls", "best-leads"), references, strict=False):
        identity = house.market.taken(supplier, reference)
        house.market.find(identity, ATTENDED, TUESDAY.replace(hour=12))
    house.set_clock(APRIL)
    bill(house.engine, Period(2026, 3), now=APRIL, actor="test")
    with reading(house.engine) as connection:
        return list(connection.execute(select(t.document.c.number).order_by(t.document.c.number)).scalars())


def another(browser: Browser, house: House, address: str, email: str, at: datetime | None = None) -> Page:
    """Somebody else's browser; whoever is of the operator's staff has a second factor."""
    page = browser.new_context(locale="en-GB").new_page()
    log_in(page, address, email, at)
    return page


def test_a_reviewer_states_fifty_findings_by_keyboard_alone(house: House, address: str, page: Page) -> None:
    starts = [TUESDAY + timedelta(minutes=n) for n in range(FIFTY)]
    ids = [house.market.taken(reference=f"S-{n:02}", starts_at=start) for n, start in enumerate(starts)]
    log_in(page, address, RITA)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    for n in range(FIFTY):
        expect(page.get_by_role("heading", name=f"S-{n:02}")).to_be_visible()
        page.wait_for_load_state()
        page.evaluate("document.querySelector('form[data-hold]').dataset.hold = 1")
        page.keyboard.press("n" if n % 10 == 9 else "a")
        if n % 10 == 4:
            page.keyboard.press("1")
            page.keyboard.press("1")
        page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing awaits your findings").first).to_be_visible()
    states = [house.market.state(id_) for id_ in ids]
    assert [state.attendance for state in states] == [
        Finding.PROSPECT_NO_SHOW if n % 10 == 9 else Finding.ATTENDED for n in range(FIFTY)
    ]
    assert sum(state.amount == 0 for state in states) == 10, "five refuted, five that may still be booked again"


def test_a_credit_above_the_limit_takes_a_second_person(
    house: House, address: str, page: Page, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(house.app.extensions, SETTINGS, replace(house.app.extensions[SETTINGS], credit_limit=100))
    (number,) = invoiced(house, "S-7")
    house.add(BEN, "finance", totp=TOTP)
    log_in(page, address, FAY, APRIL)
    page.get_by_role("link", name="March 2026").click()
    page.get_by_role("link", name=number).click()
    page.get_by_text("Credit by hand").click()
    page.get_by_label("Line (empty").fill("1")
    page.get_by_label("Net amount").fill("150.00")
    page.get_by_role("textbox", name="Why").fill("wrong list")
    page.get_by_role("button", name="Issue the credit note, or ask for it").click()
    expect(page.get_by_text("A credit of £150.00 net waits for a second person.")).to_be_visible()
    page.get_by_role("link", name="Credits to approve").click()
    expect(page.get_by_text("Yours: somebody else has to approve it")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)

    other = another(browser, house, address, BEN, APRIL)
    other.get_by_role("link", name="Credits").click()
    other.get_by_role("button", name="Approve £150.00").click()
    expect(other.get_by_role("heading", level=1)).to_contain_text("CN-000001")
    page.reload()
    expect(page.get_by_text("No credit waits for a second person.")).to_be_visible()


def test_a_bank_statement_pays_what_it_names_and_the_rest_is_assigned_by_hand(
    house: House, address: str, page: Page
) -> None:
    (number,) = invoiced(house, "S-7")
    part = f"booked_on,amount,currency,reference\n2026-04-02,-100.00,GBP,part of {number}\n2026-04-02,-9.90,GBP,rent\n"
    log_in(page, address, FAY, APRIL)
    page.get_by_role("link", name="Bank").click()
    take_in(page, "april.csv", part)
    expect(page.get_by_role("status")).to_contain_text("2 new lines. 0 matched, 2 waiting for you")
    take_in(page, "april.csv", part)
    expect(page.get_by_role("status")).to_contain_text("0 new lines. 0 matched, 0 waiting for you, 2 known before")
    line = page.get_by_role("row").filter(has_text="part of")
    expect(line).to_contain_text("open £246.00")
    line.get_by_role("button", name="Record as paid").click()
    expect(page.get_by_role("status")).to_contain_text(f"Recorded on {number}")
    rent = page.get_by_role("row").filter(has_text="It names no document.")
    rent.get_by_role("textbox").fill("NOBODY-1")
    rent.get_by_role("button", name="Record as paid").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no document “NOBODY-1”")
    take_in(page, "april.xml", CAMT.format(number=number))
    expect(page.get_by_role("status")).to_contain_text("1 new line. 1 matched, 0 waiting for you")
    expect(page.get_by_role("table", name="Lines that became payments")).to_contain_text("£146.00")
    expect(page.get_by_role("table", name="Lines of statements")).not_to_contain_text(number)
    page.get_by_role("link", name=number).first.click()
    expect(page.get_by_role("table", name=f"Payments of {number}").locator("tfoot")).to_contain_text("246.00")


CAMT = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Ntry>
<Amt Ccy="GBP">146.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-04-02</Dt></BookgDt>
<NtryDtls><TxDtls><RmtInf><Ustrd>{number}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>
"""


def take_in(page: Page, name: str, content: str) -> None:
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content.encode()}
    page.get_by_label("Bank statement").set_input_files(file)  # type: ignore[arg-type]  # a file's payload
    page.get_by_role("button", name="Take the statement in").click()


def test_an_endpoint_is_told_of_an_event_and_told_again(
    house: House, address: str, page: Page, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = replace(house.app.extensions[SETTINGS], webhooks_to_private_networks=True)
    monkeypatch.setitem(house.app.extensions, SETTINGS, own)
    sender = Sender(house.engine, own, lambda: NOON)
    page.set_viewport_size(DESK)  # type: ignore[arg-type]  # as Playwright types it
    log_in(page, address, SAM)
    page.get_by_role("link", name="Set-up").click()
    page.get_by_role("link", name="Webhooks").click()
    page.get_by_label("Where to send events").fill(f"{receiver.url}/in")
    page.get_by_role("button", name="Add the endpoint").click()
    expect(page.get_by_label("Secret")).to_have_value(re.compile("^whsec_"))
    house.market.taken(reference="S-7", at=NOON, starts_at=NOON + timedelta(days=1))
    announcing.announce(house.engine, NOON)
    assert sender.send_due() == 1
    page.get_by_role("link", name="I have kept it").click()
    sent = page.get_by_role("row").filter(has_text="appointment.submitted")
    expect(sent).to_contain_text("Delivered")
    sent.get_by_role("link").click()
    expect(page.get_by_role("table", name="Attempts").locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_role("status")).to_contain_text("under the same id and with the same body")
    assert sender.send_due() == 1
    page.reload()
    expect(page.get_by_role("table", name="Attempts").locator("tbody tr")).to_have_count(2)
    first, second = receiver.at("/in")
    assert (first.id, first.body) == (second.id, second.body)


def test_terms_are_tried_published_and_accepted_by_both_sides(
    house: House, address: str, page: Page, browser: Browser
) -> None:
    for reference, findings in (("S-1", ATTENDED), ("S-2", NO_SHOW)):
        house.market.find(house.market.taken(reference=reference), findings, TUESDAY + timedelta(hours=1))
    house.market.settle(TUESDAY + timedelta(days=20))
    house.set_clock(NOON + timedelta(days=30))
    log_in(page, address, RITA)
    page.get_by_role("link", name="Definitions").click()
    page.get_by_role("link", name="Finance review with a UK company").click()
    page.get_by_role("link", name="Draft version 2").click()
    page.get_by_label("The prospect did not come", exact=True).fill("50")
    page.get_by_role("button", name="Save the draft").click()
    page.get_by_role("link", name="Replay it over the past").click()
    band = page.locator(".band")
    expect(band).to_contain_text("£256.25")
    expect(band).to_contain_text("+£51.25")
    expect(page.locator("svg[role=img]")).to_be_visible()
    page.get_by_role("link", name="Finance review with a UK company").click()
    page.get_by_role("link", name="Publish draft 2").click()
    expect(page.get_by_text("25 % to 50 %")).to_be_visible()
    page.get_by_role("button", name="Publish version 2").click()
    expect(page.get_by_role("status")).to_contain_text("Version 2 can never change again")

    other = another(browser, house, address, SAM)
    other.get_by_role("table", name="Offers to read").get_by_role("link").click()
    expect(other.get_by_text("25 % to 50 %")).to_be_visible()
    other.get_by_role("button", name="Accept version 1 with definition 2").click()
    expect(other.get_by_role("status")).to_contain_text("version 1 with definition version 2")
    page.reload()
    expect(page.get_by_role("link", name="Acme-Calls")).to_be_visible()
    page.get_by_role("link", name="Acme-Calls").click()
    expect(page.get_by_text("Counts now: 1 with 2")).to_be_visible()
    expect(page.get_by_role("table", name="Acceptances").locator("tbody tr")).to_have_count(3)
