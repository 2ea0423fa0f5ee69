"""What only a browser shows: keys, htmx, pages without scripts, downloads; and that no other machine is asked."""

import time
from collections.abc import Callable
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


def test_findings_are_held_for_ten_seconds_and_can_be_undone(
    house: House, address: str, page: Page, complaints: list[str]
) -> None:
    identity = house.market.taken(reference="S-7", name="Lena Vogt")
    later = house.market.taken(reference="S-8", name="Otto Brandt", starts_at=TUESDAY + timedelta(minutes=30))
    log_in(page, address, "rita@north-bank.example")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Lena Vogt")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("n")
    expect(page.locator("#worth")).to_contain_text("£51.25")
    page.keyboard.press("a")
    expect(page.locator("#worth")).to_contain_text("£205.00")
    owner = page.get_by_role("group", name="Owns the company")
    page.keyboard.press("3")
    expect(owner.get_by_label("Confirm")).to_be_checked()
    page.keyboard.press("3")
    expect(owner.get_by_label("Refute")).to_be_checked()
    expect(page.locator("#worth")).to_contain_text("£180.00")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Otto Brandt")).to_be_visible()
    expect(page.locator("#held")).to_contain_text("Lena Vogt, Attended, £180.00")
    assert house.market.state(identity).verdict is Verdict.PENDING
    page.keyboard.press("u")
    expect(page.get_by_role("heading", name="Lena Vogt")).to_be_visible()
    expect(owner.get_by_label("Refute")).to_be_checked()
    expect(page.locator("#worth")).to_contain_text("£180.00")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Otto Brandt")).to_be_visible()
    page.get_by_role("button", name="Record now").click()
    expect(page.locator("#held")).to_contain_text("is recorded")
    assert house.market.state(identity).amount == 18000
    page.locator("form[data-hold]").evaluate("form => form.dataset.hold = 1")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    bar = page.locator(".held", has_text="Otto Brandt, We did not come")
    expect(bar).to_be_visible()
    expect(bar).to_contain_text("is recorded")
    assert house.market.state(later).verdict is Verdict.GIVEN
    assert complaints == []


def test_who_leaves_or_closes_the_page_records_what_is_held(
    house: House, address: str, page: Page, complaints: list[str]
) -> None:
    first, second = (house.market.taken(reference=f"S-{n}", starts_at=TUESDAY + timedelta(minutes=n)) for n in (1, 2))
    log_in(page, address, "rita@north-bank.example")
    page.goto(f"{address}/appointments/{first}")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="S-2")).to_be_visible()
    page.get_by_role("link", name="Documents").click()
    expect(page.get_by_role("heading", name="Documents")).to_be_visible()
    assert house.market.state(first).verdict is Verdict.GIVEN
    page.goto(f"{address}/appointments/{second}")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.locator("#held")).to_contain_text("S-2, Attended")
    assert house.market.state(second).verdict is Verdict.PENDING
    page.close()
    assert becomes(lambda: house.market.state(second).verdict is Verdict.GIVEN)
    assert complaints == []


def test_what_cannot_be_recorded_after_all_is_told_and_near_the_deadline_nothing_is_held(
    house: House, address: str, page: Page, complaints: list[str]
) -> None:
    first, second = (house.market.taken(reference=f"S-{n}", starts_at=TUESDAY + timedelta(minutes=n)) for n in (1, 2))
    due = house.market.state(first).findings_at
    assert due is not None
    house.set_clock(due - timedelta(minutes=5))
    log_in(page, address, "rita@north-bank.example")
    page.goto(f"{address}/appointments/{first}")
    page.keyboard.press("t")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="S-2")).to_be_visible()
    house.set_clock(due)
    page.get_by_role("button", name="Record now").click()
    expect(page.get_by_role("alert")).to_contain_text("was not recorded")
    expect(page.get_by_role("alert")).to_contain_text("silence took effect")
    house.set_clock(due + timedelta(seconds=40))
    page.goto(f"{address}/appointments/{second}")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Recorded")
    assert house.market.state(second).verdict is Verdict.GIVEN
    assert [text for text in complaints if "409" not in text] == []


def test_several_are_confirmed_at_once_after_their_cost_is_shown(house: House, address: str, page: Page) -> None:
    ids = [house.market.taken(reference=f"S-{n}", starts_at=TUESDAY + timedelta(minutes=n)) for n in range(6)]
    log_in(page, address, "rita@north-bank.example")
    for _ in range(5):
        page.keyboard.press("j")
        page.keyboard.press("x")
    page.get_by_role("button", name="Confirm the chosen as attended").click()
    expect(page.locator("tfoot")).to_contain_text("1,025.00")
    page.get_by_role("button", name="Record 5 as attended").click()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    page.get_by_role("button", name="Record now").click()
    expect(page.locator("#held")).to_contain_text("is recorded")
    verdicts = [house.market.state(id_).verdict for id_ in ids]
    assert verdicts == [Verdict.GIVEN] * 5 + [Verdict.PENDING]


def becomes(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether it comes true in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


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


def test_no_page_is_wider_than_a_phone(house: House, address: str, browser: Browser) -> None:
    identity = house.market.taken(reference="S-7", name="A name without end " + "x" * 60)
    house.market.taken(reference="S-" + "8" * 40, starts_at=TUESDAY + timedelta(days=1))
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    log_in(page, address, "rita@north-bank.example")
    for path in ("/inbox", "/inbox?show=coming", "/inbox?show=settled", f"/appointments/{identity}", "/documents"):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    context.close()
