"""Opening a dispute by page: the reasons that count, what it does to the money, refusals in place, evidence."""

import io
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from ledger.domain.lifecycle import Verdict
from ledger.store import tables as t
from ledger.store.engine import reading
from tests.services.market import ATTENDED, NO_SHOW, TUESDAY
from tests.web.conftest import NOON, House, log_in, send

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CONTEST = {"reason": "attended_after_all", "attendance": "attended", "minutes": "22", "message": "We were there"}


@pytest.fixture
def no_show(house: House) -> UUID:
    identity = house.market.taken(reference="S-7", name="Lena Vogt")
    house.market.find(identity, NO_SHOW, TUESDAY + timedelta(hours=1))
    return identity


def test_a_supplier_contests_with_files_after_seeing_what_it_does(house: House, no_show: UUID) -> None:
    client, path = house.enter("sam@acme.example"), f"/appointments/{no_show}/dispute"
    form = client.get(path).text
    assert 'value="attended_after_all"' in form and "no_sale" not in form
    effect = send(client, f"{path}/effect", CONTEST, on=path).text
    assert "£205.00 more than now" in effect and "the claim of the one who opened the dispute is upheld" in effect
    assert house.market.state(no_show).verdict is Verdict.GIVEN

    files = [(io.BytesIO(b"one"), "zoom.png"), (io.BytesIO(b"two"), "mail.pdf")]
    response = send(client, path, {**CONTEST, "files": files}, on=path)
    assert response.status_code == 302, response.text
    page = client.get(response.location).text
    assert "We were there" in page and "zoom.png" in page and "mail.pdf" in page
    evidence = t.evidence_item.c
    with reading(house.engine) as connection:
        kept = connection.execute(select(evidence.grade, evidence.id).order_by(evidence.id)).all()
    assert [row.grade for row in kept] == ["C", "C"]

    buyer = house.enter("rita@north-bank.example")
    download = buyer.get(f"/appointments/{no_show}/evidence/{kept[0].id}")
    assert download.data == b"one" and download.headers["Content-Disposition"].startswith("attachment")
    assert 'class="figure n">205.00' in buyer.get(response.location).text
    house.add("sid@south-bank.example", "buyer", slug="south-bank")
    stranger = house.enter("sid@south-bank.example")
    for address in (path, download.request.path, f"/appointments/{no_show}/evidence"):
        assert stranger.get(address).status_code == 404


def test_a_claim_that_says_nothing_new_is_refused_in_place_with_clause_and_mend(
    house: House, no_show: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, path = house.enter("sam@acme.example"), f"/appointments/{no_show}/dispute"
    form = {"reason": "attended_after_all", "attendance": "prospect_no_show", "message": "Keep me"}
    refused = send(client, path, form, on=path)
    assert refused.status_code == 422
    assert "Change at least one fact" in refused.text and "Keep me" in refused.text
    assert send(client, path, {**CONTEST, "version": "99"}, on=path).status_code == 412
    unknown = send(client, path, {**CONTEST, "reason": "no_sale"}, on=path)
    assert unknown.status_code == 422 and "dispute.not_reasons" in unknown.text
    monkeypatch.setattr("api.web.evidence.LARGEST_FILE", 100)
    too_large = {**CONTEST, "files": (io.BytesIO(b"x" * 101), "film.mp4")}
    page = send(client, path, too_large, on=path)
    assert page.status_code == 400 and "larger than 10 MiB" in page.text
    assert house.market.state(no_show).verdict is Verdict.GIVEN


def test_a_buyer_claims_back_and_the_supplier_concedes(house: House) -> None:
    identity = house.market.taken(reference="S-7", name="Lena Vogt")
    house.market.find(identity, ATTENDED, TUESDAY + timedelta(hours=1))
    buyer, path = house.enter("rita@north-bank.example"), f"/appointments/{identity}/dispute"
    assert "Claim it back" in buyer.get(f"/appointments/{identity}").text
    reason = "wrong_person"
    form = {"reason": reason, "attendance": "attended", "criterion.size": "refuted"}
    assert "£205.00 less than now" in send(buyer, f"{path}/effect", form, on=path).text
    opened = send(buyer, path, form, on=path)
    assert opened.status_code == 302, opened.text
    assert "A dispute is open already" in buyer.get(path).text
    supplier = house.enter("sam@acme.example")
    assert "reply in" in supplier.get("/disputes").text
    dispute = opened.location.partition("?")[0]
    send(supplier, f"{dispute}/reply", {"position": "concede"}, on=dispute)
    assert house.market.state(identity).amount == 0


def test_after_the_window_the_form_says_that_it_has_closed(house: House, no_show: UUID) -> None:
    house.set_clock(NOON + timedelta(days=60))
    page = house.enter("sam@acme.example").get(f"/appointments/{no_show}/dispute").text
    assert "The window to contest has closed" in page and "<textarea" not in page


def test_a_contact_attempt_is_kept_with_the_time_at_which_it_was_made(house: House) -> None:
    identity = house.market.taken(reference="S-7", name="Lena Vogt")
    client, path = house.enter("rita@north-bank.example"), f"/appointments/{identity}/evidence"
    form = {"kind": "contact_attempt", "occurred_at": "2026-03-10T10:05", "words": "Called, no answer"}
    assert send(client, path, {**form, "words": ""}, on=path).status_code == 400
    assert send(client, path, {**form, "occurred_at": "2030-01-01T00:00"}, on=path).status_code == 422
    assert send(client, path, form, on=path).status_code == 302
    assert "Contact attempt" in client.get(f"/appointments/{identity}").text


def test_a_contest_in_the_browser(house: House, no_show: UUID, address: str, page: Page) -> None:
    log_in(page, address, "sam@acme.example")
    page.goto(f"{address}/appointments/{no_show}")
    page.get_by_role("link", name="Contest this").click()
    page.get_by_label("The meeting did take place").check()
    page.get_by_label("Attended").check()
    expect(page.locator("#effect")).to_contain_text("£205.00 more than now")
    page.get_by_label("Evidence").set_input_files({"name": "log.txt", "mimeType": "text/plain", "buffer": b"22 min"})
    page.get_by_role("button", name="Open the contest").click()
    expect(page.get_by_role("status")).to_contain_text("Opened")
    expect(page.get_by_role("link", name="log.txt")).to_be_visible()
