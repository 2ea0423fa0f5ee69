"""The supplier's side: what is due, what was refused and why, how appointments fail."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from ledger.domain.lifecycle import CriterionFinding, Finding
from ledger.domain.outcome import Findings
from tests.services.market import ATTENDED, FACTS, MONDAY, NO_SHOW, TUESDAY
from tests.web.conftest import NOON, House, log_in, send

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

REFUTED = Findings(Finding.ATTENDED, criteria={"size": CriterionFinding.REFUTED})
SOON = TUESDAY + timedelta(hours=1)


@pytest.fixture
def trade(house: House) -> House:
    """One refuted, one missed, one attended and clawed back, one refused."""
    house.market.find(house.market.taken(reference="S-1", name="Refuted"), REFUTED, SOON)
    house.market.find(house.market.taken(reference="S-2", name="Missed"), NO_SHOW, SOON)
    attended = house.market.taken(reference="S-3", name="Attended")
    house.market.find(attended, ATTENDED, SOON)
    house.market.refused(reference="S-4", facts={**FACTS, "employees": 2})
    buyer, path = house.enter("rita@north-bank.example"), f"/appointments/{attended}/dispute"
    claim = {"reason": "wrong_person", "attendance": "attended", "criterion.size": "refuted"}
    assert send(buyer, path, claim, on=path).status_code == 302
    return house


def test_what_is_due_names_each_chance_with_its_deadline(trade: House, address: str, page: Page) -> None:
    log_in(page, address, "sam@acme.example")
    expect(page.get_by_role("heading", name="Due")).to_be_visible()
    expect(page.get_by_role("table", name="Replies you owe")).to_contain_text("Attended")
    expect(page.get_by_role("table", name="You can rebook")).to_contain_text("Missed")
    expect(page.get_by_role("table", name="You can contest")).to_contain_text("Refuted")
    page.get_by_role("link", name="Refuted").click()
    expect(page.get_by_role("link", name="Contest this")).to_be_visible()


def test_a_refused_submission_names_every_clause_and_stays_its_partys(trade: House) -> None:
    assert "S-4" in trade.enter("sam@acme.example").get("/refusals").text
    trade.add("ben@best.example", "supplier", slug="best-leads")
    other = trade.enter("ben@best.example")
    assert "Nothing was refused" in other.get("/refusals").text
    assert "Nothing failed in these months" in other.get("/quality?from=2026-03&to=2026-03").text
    assert "Nothing waits for you" in other.get("/due").text


def test_quality_counts_failures_by_clause_and_source(trade: House) -> None:
    client = trade.enter("sam@acme.example")
    text = client.get(f"/quality?from={MONDAY:%Y-%m}&to={NOON:%Y-%m}").text
    for clause in ("criteria.size", "outcomes.prospect_no_show", ">size<"):
        assert clause in text
    assert text.count('role="img"') == 3, "from booked to billed, by week, by source"
    assert client.get("/quality?from=2026-03&to=2026-01").status_code == 400
    assert client.get("/quality?from=soon").status_code == 400


def test_nothing_to_do_says_so(house: House) -> None:
    house.set_clock(datetime(2026, 2, 1, tzinfo=UTC))
    assert "Nothing waits for you" in house.enter("sam@acme.example").get("/due").text


def test_finance_narrows_quality_to_a_supplier(trade: House) -> None:
    fay = trade.enter("fay@operator.example", second=True)
    text = fay.get("/quality?from=2026-03&to=2026-03&supplier=acme-calls").text
    assert "criteria.size" in text and 'value="acme-calls" selected' in text
    assert "Nothing failed in these months" in fay.get("/quality?from=2026-03&to=2026-03&supplier=best-leads").text
    assert "Nothing failed in these months" in fay.get("/quality?from=2026-03&to=2026-03&source=fair").text
