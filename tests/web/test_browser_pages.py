"""What only a browser shows: keys, htmx, pages without scripts, downloads; and that no other machine is asked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ledger.domain.lifecycle import Verdict
from tests.services.market import ATTENDED, TUESDAY
from tests.web.conftest import House, log_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

APRIL = datetime(2026, 4, 2, 9, tzinfo=UTC)
HEAVIEST = 150_000
"""Bytes of a page with everything it needs."""


@pytest.fixture
def complaints(page: Page) -> list[str]:
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    return found


def test_a_reviewer_records_findings_by_keyboard(house: House, address: str, page: Page, complaints: list[str]) -> None:
    identity = house.market.taken(reference="S-7", name="Lena Vogt")
    weights: list[int] = []
    log_in(page, address, "rita@north-bank.example")
    page.on("response", lambda response: weights.append(int(response.headers.get("content-length", "0"))))
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    page.wait_for_load_state()
    assert sum(weights) < HEAVIEST
    weights.clear()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Lena Vogt")).to_be_visible()
    page.wait_for_load_state()
    assert sum(weights) < HEAVIEST
    page.keyboard.press("n")
    expect(page.locator("#worth")).to_contain_text("£51.25")
    page.keyboard.press("a")
    expect(page.locator("#worth")).to_contain_text("£205.00")
    page.get_by_role("group", name="Owns the company").get_by_label("Refute").check()
    expect(page.locator("#worth")).to_contain_text("£180.00")
    page.get_by_role("button", name="Record findings").click()
    expect(page.get_by_role("status")).to_contain_text("Recorded: Attended, worth £180.00")
    assert house.market.state(identity).amount == 18000
    assert complaints == []


def test_everything_works_without_scripts(house: House, address: str, browser: Browser) -> None:
    identity = house.market.taken(reference="S-7", name="Lena Vogt")
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    log_in(page, address, "rita@north-bank.example")
    page.get_by_role("link", name="Lena Vogt").click()
    page.get_by_label("The prospect did not come").check()
    page.get_by_role("button", name="Work out the amount").click()
    expect(page.locator("#worth")).to_contain_text("£51.25")
    expect(page.get_by_label("The prospect did not come")).to_be_checked()
    page.get_by_role("button", name="Record findings").click()
    expect(page.get_by_role("status")).to_contain_text("Recorded")
    assert house.market.state(identity).verdict is Verdict.GIVEN
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    context.close()


def test_finance_bills_a_month_and_keeps_the_pdf(
    house: House, address: str, page: Page, complaints: list[str], tmp_path: Path
) -> None:
    identity = house.market.taken(reference="S-7")
    house.market.find(identity, ATTENDED, TUESDAY + timedelta(hours=1))
    house.set_clock(APRIL)
    log_in(page, address, "fay@operator.example", APRIL)
    page.get_by_role("link", name="March 2026").click()
    page.get_by_role("button", name="Issue invoices of March 2026").click()
    expect(page.get_by_role("status")).to_contain_text("1 invoice: 1 line, £205.00 net")
    with page.expect_download() as download:
        page.get_by_role("link", name="PDF").click()
    kept = tmp_path / download.value.suggested_filename
    download.value.save_as(kept)
    assert kept.suffix == ".pdf" and kept.read_bytes().startswith(b"%PDF")
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_a_phone(house: House, address: str, browser: Browser, scheme: str) -> None:
    identity = house.market.taken(reference="S-7", name="A name without end " + "x" * 60)
    house.market.taken(reference="S-" + "8" * 40, starts_at=TUESDAY + timedelta(days=1))
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    log_in(page, address, "rita@north-bank.example")
    for path in ("/inbox", "/inbox?show=coming", "/inbox?show=settled", f"/appointments/{identity}", "/documents"):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    context.close()
