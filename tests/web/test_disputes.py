"""Disputes on pages: the buyer answers, the arbiter sees both sides and the effect, then decides."""

import pytest
from playwright.sync_api import Page, expect

from ledger.domain.lifecycle import Verdict
from tests.services.market import NO_SHOW
from tests.services.meetings import TWENTY_TWO_MINUTES, show
from tests.web.conftest import NOON, TOTP, House, log_in, send

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_contradiction_is_answered_by_the_buyer_and_decided_by_the_arbiter(house: House) -> None:
    identity = house.market.taken(reference="S-7", name="Lena Vogt")
    show(house.market, identity, TWENTY_TWO_MINUTES, NOON)
    house.market.find(identity, NO_SHOW, NOON)
    state = house.market.state(identity)
    assert state.dispute is not None
    path = f"/disputes/{state.dispute['dispute']}"
    house.add("ada@operator.example", "arbiter", totp=TOTP)
    house.add("sid@south-bank.example", "buyer", slug="south-bank")

    arbiter, buyer = house.enter("ada@operator.example", second=True), house.enter("rita@north-bank.example")
    assert house.enter("sid@south-bank.example").get(path).status_code == 404
    assert "Awaits the reply" in arbiter.get("/disputes").text
    assert "Your decision" not in arbiter.get(path).text
    send(buyer, f"{path}/reply", {"position": "contest", "message": "We waited in vain"}, on=path)

    page = arbiter.get(path).text
    assert (
        "We waited in vain" in page and "Log: 22 min together" in page and "decide in" in arbiter.get("/disputes").text
    )
    form = {"attendance": "attended", "minutes": "22"}
    effect = send(arbiter, f"{path}/effect", form, on=path).text
    assert "£205.00 more is owed" in effect
    refused = send(arbiter, f"{path}/decide", form, on=path)
    assert refused.status_code == 400 and "a decision has a written reason" in refused.text.lower()
    assert house.market.state(identity).verdict is Verdict.CONTESTED
    send(arbiter, f"{path}/decide", {**form, "reason": "The log shows both"}, on=path)
    decided = house.market.state(identity)
    assert (decided.verdict, decided.amount) == (Verdict.DECIDED, 20500)
    assert "The log shows both" in buyer.get(path).text


def test_the_arbiter_sees_what_a_share_does_before_deciding_it(house: House, address: str, page: Page) -> None:
    identity = house.market.taken(reference="S-7", name="Lena Vogt")
    show(house.market, identity, TWENTY_TWO_MINUTES, NOON)
    house.market.find(identity, NO_SHOW, NOON)
    dispute = house.market.state(identity).dispute
    assert dispute is not None
    path = f"/disputes/{dispute['dispute']}"
    send(house.enter("rita@north-bank.example"), f"{path}/reply", {"position": "contest", "message": "No"}, on=path)
    house.add("ada@operator.example", "arbiter", totp=TOTP)
    log_in(page, address, "ada@operator.example", NOON)
    page.goto(address + path)
    page.get_by_label("A share of the price, and the appointment is closed").check()
    page.get_by_label("Share in percent").fill("40")
    expect(page.locator("#decided")).to_contain_text("£82.00 more is owed")
    assert house.market.state(identity).amount == 0
    page.get_by_label("Reason (both sides read it)").fill("Both were late")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("Both were late")).to_be_visible()
    decided = house.market.state(identity)
    assert (decided.verdict, decided.amount) == (Verdict.DECIDED, 8200)
