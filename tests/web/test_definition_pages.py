"""Definitions and agreements by page: drafted in a form, linted live, replayed, published, accepted by both sides."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from api.demo.terms import finance_review, solar_advice
from api.web.agreement_fields import parts_for
from api.web.terms_fields import PARTS, Part
from api.web.terms_form import document_of, parts_of, with_row, without_row
from ledger.domain.agreement import parse_agreement
from ledger.domain.definition import parse_definition
from ledger.domain.errors import Malformed
from ledger.store import tables as t
from ledger.store.engine import reading
from tests.domain.documents import agreement_document, definition_document
from tests.services.market import ATTENDED, NO_SHOW, TUESDAY
from tests.web.conftest import NOON, House, log_in, send

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ZONE = "Europe/London"
HEAD = "/definitions/north-bank:uk-finance-review"


def form_of(document: dict[str, Any], parts: Sequence[Part] = PARTS) -> MultiDict[str, str]:
    """What a browser would send of the form, as it is filled in."""
    form: MultiDict[str, str] = MultiDict()
    fields = [each for part in parts_of(document, (), parts, ZONE) for each in part["fields"]]
    for each in [f for field in fields for row in field.get("rows", ()) for f in row["fields"]] + fields:
        if "rows" in each:
            continue
        if each["kind"] == "span":
            form[f"{each['name']}.count"], form[f"{each['name']}.unit"] = each["value"]["count"], each["value"]["unit"]
        elif each["kind"] == "marks":
            form.setlist(each["name"], each["value"])
        else:
            form[each["name"]] = each["value"]
    return form


@pytest.mark.parametrize("make", [definition_document, finance_review, solar_advice])
def test_the_form_has_every_part_of_the_terms(make: Any) -> None:
    document = make()
    read = document_of(form_of(document))
    assert parse_definition(read) == parse_definition(document)
    assert set(read) == set(document)


@pytest.mark.parametrize("currency", ["GBP", "JPY", "KWD"])
def test_the_form_of_an_agreement_has_every_part_of_its_terms(currency: str) -> None:
    definition = parse_definition(definition_document(currency=currency))
    document = agreement_document()
    document["price"] |= {"minimum_per_month": 123_456, "deposit": {"amount": 5}}
    read = document_of(form_of(document, parts_for(definition)), parts_for(definition), ZONE)
    assert parse_agreement({"definition": definition.slug, **read}) == parse_agreement(document)


@pytest.mark.parametrize(
    ("currency", "typed", "read"),
    [
        ("GBP", "180", 18_000),
        ("GBP", "180,5", 18_050),
        ("GBP", "180.005", "180.005"),
        ("JPY", "9000", 9_000),
        ("JPY", "9000.0", "9000.0"),
        ("KWD", "1.5", 1_500),
        ("KWD", "1,234", "1,234"),
        ("GBP", "-1", "-1"),
        ("GBP", "1e3", "1e3"),
        ("GBP", "", ""),
    ],
)
def test_amounts_are_typed_in_the_currency_itself(currency: str, typed: str, read: Any) -> None:
    parts = parts_for(parse_definition(definition_document(currency=currency)))
    form = form_of(agreement_document(), parts)
    form["price.tiers.0.amount"] = typed
    assert document_of(form, parts, ZONE)["price"]["tiers"][0]["amount"] == read


@on_sqlite
def test_an_agreement_is_offered_in_a_form_and_its_price_changed_later(house: House) -> None:
    house.join("beta-leads", "supplier")
    house.add("bea@beta.example", "supplier", slug="beta-leads")
    buyer, supplier = house.enter("rita@north-bank.example"), house.enter("bea@beta.example")
    assert "Offer it to a supplier" in buyer.get(HEAD).text
    assert buyer.get(f"{HEAD}/offer").status_code == 200
    terms = {**agreement_document(), "effective_from": None}
    parts = parts_for(parse_definition(_published(house)))
    form = {"supplier": "beta-leads", "do": "offer", **form_of(terms, parts)}

    for wrong, status, said in (
        ({"price.tiers.0.amount": "much"}, 400, "Write the amount in GBP, such as 180.00."),
        ({"price.minimum_per_month": "12.345"}, 400, "12.345 GBP has more than 2 decimals."),
        ({"tax.rate": "a fifth"}, 400, "Write the percentage as a number, such as 20 or 12.5."),
        ({"tax.rate": "0"}, 400, "more than 0 for category S"),
        ({"supplier": "nobody"}, 422, "there is no supplier"),
    ):
        refused = send(buyer, f"{HEAD}/offer", form | wrong)
        assert (refused.status_code, said.lower() in refused.text.lower()) == (status, True), refused.text
    more = send(buyer, f"{HEAD}/offer", form | {"do": "add:price.tiers"})
    assert 'name="price.tiers.2.amount"' in more.text and _offered(house, "beta-leads") is None

    offered = send(buyer, f"{HEAD}/offer", form)
    path = f"/agreements/{_offered(house, 'beta-leads')}"
    assert offered.location.startswith(path)
    for client in (buyer, supplier):
        assert "180.00" in client.get(path).text
        send(client, f"{path}/accept", {"version": "1", "definition_version": "1"}, on=path)
    assert "Counts now: 1 with 1" in buyer.get(path).text

    again = send(buyer, f"{HEAD}/offer", form)
    assert again.status_code == 409 and "have an agreement on this definition" in again.text
    dearer = {**form_of(terms, parts), "do": "offer", "price.tiers.0.amount": "195.50", "billing.mode": "statement"}
    assert send(buyer, f"{path}/offer", dearer).status_code == 302
    assert "195.50" in supplier.get(path).text
    assert supplier.get(f"{path}/offer").status_code == 403


def test_what_cannot_be_read_stays_as_it_was_typed_and_is_marked_where_it_stands() -> None:
    form = form_of(definition_document())
    wrong = {
        "attendance.minimum_minutes": "a few",
        "outcomes.attended": "most",
        "verification.window.count": "",
        "facts.0.name": "two words",
        "criteria.0.value": "10",
    }
    for name, value in wrong.items():
        form[name] = value
    document = document_of(form)
    with pytest.raises(Malformed) as malformed:
        parse_definition(document)
    fields = [each for part in parts_of(document, malformed.value.errors) for each in part["fields"]]
    flat = [*fields, *(f for field in fields for row in field.get("rows", ()) for f in row["fields"])]
    marked = {each["name"] for each in flat if "fault" in each}
    assert {"attendance.minimum_minutes", "outcomes.attended", "verification.window", "criteria.0.value"} <= marked
    assert {each["value"] for each in flat if each["name"] == "attendance.minimum_minutes"} == {"a few"}


def test_rows_come_and_go_and_two_facts_of_one_name_are_both_kept() -> None:
    form = form_of(definition_document())
    more = document_of(with_row(form, "criteria"))["criteria"]
    assert [each["id"] for each in more] == ["size", "role", "owner", ""]
    assert [each["id"] for each in document_of(without_row(form, "criteria.0"))["criteria"]] == ["role", "owner"]
    form["facts.1.name"] = "employees"
    assert len(document_of(form)["facts"]) == 3


@on_sqlite
def test_a_draft_is_made_replayed_published_and_accepted(house: House) -> None:
    for reference, findings in (("S-1", ATTENDED), ("S-2", NO_SHOW)):
        house.market.find(house.market.taken(reference=reference), findings, TUESDAY + timedelta(hours=1))
    house.market.settle(TUESDAY + timedelta(days=20))
    house.set_clock(NOON + timedelta(days=30))
    buyer = house.enter("rita@north-bank.example")
    supplier = house.enter("sam@acme.example")
    document = {**_published(house), "effective_from": None}
    form = {name: value for name, value in form_of(document).items() if name != "duplicates.keys"}
    changed = {**form, "duplicates.keys": "email", "outcomes.prospect_no_show": "50"}

    broken = send(buyer, f"{HEAD}/draft", {**changed, "attendance.wait.count": "x", "do": "save"})
    assert broken.status_code == 400 and "Must be a whole number between" in broken.text
    loose = send(buyer, f"{HEAD}/draft", {**changed, "dispute.contest_window.count": "0", "do": "check"}).text
    assert "contest_window" in loose and "Too loose to publish" in loose and _drafts(house) == 0
    saved = send(buyer, f"{HEAD}/draft", {**changed, "do": "save"})
    assert saved.status_code == 302, saved.text
    assert supplier.get(f"{HEAD}/versions/2").status_code == 404

    replayed = buyer.get(f"{HEAD}/dry-run?from=").text
    assert 'aria-labelledby="effects-title effects-desc"' in replayed and "+51.25" in replayed
    past = send(buyer, f"{HEAD}/publish", {"effective_from": "2026-01-01T09:00"})
    assert past.status_code == 422 and "Choose now, or a time to come" in past.text
    done = send(buyer, f"{HEAD}/publish", {})
    assert done.status_code == 302, done.text
    assert "25 % to 50 %" in supplier.get(f"{HEAD}/versions/2/diff").text

    agreement = f"/agreements/{_agreement(house)}"
    assert "Waits for your acceptance" in supplier.get("/agreements").text
    offer = supplier.get(agreement).text
    assert "Accept version 1 with definition 2" in offer and "25 % to 50 %" in offer
    send(supplier, f"{agreement}/accept", {"version": "1", "definition_version": "2"}, on=agreement)
    assert "Counts now: 1 with 2" in buyer.get(agreement).text

    house.add("sid@south-bank.example", "buyer", slug="south-bank")
    stranger = house.enter("sid@south-bank.example")
    private = ("", "/draft", "/publish", "/dry-run", "/versions/1", "/offer")
    for path in (*(HEAD + page for page in private), agreement, f"{agreement}/offer"):
        assert stranger.get(path).status_code == 404


@on_sqlite
def test_a_new_definition_begins_with_common_terms(house: House) -> None:
    client = house.enter("rita@north-bank.example")
    page = client.get("/definitions/new").text
    assert "Owns the company" not in page and "Decides on the purchase" in page
    assert send(client, "/definitions/new", {"do": "save"}).status_code == 400


@on_sqlite
def test_the_linter_answers_while_the_form_is_filled_in(house: House, address: str, page: Page) -> None:
    log_in(page, address, "rita@north-bank.example")
    page.goto(f"{address}{HEAD}/draft")
    expect(page.locator("#beside")).to_contain_text("May be published")
    page.get_by_label("The prospect did not come", exact=True).fill("")
    expect(page.locator("#beside")).to_contain_text("Nobody knows what is owed when this happens")
    page.get_by_label("The prospect did not come", exact=True).fill("50")
    expect(page.locator("#beside")).to_contain_text("changes from 25 % to 50 %")
    page.get_by_role("button", name="Add a criterion").click()
    expect(page.get_by_role("group", name="Criterion 4")).to_be_visible()
    page.get_by_role("button", name="Remove this criterion").last.click()
    expect(page.get_by_role("group", name="Criterion 4")).to_have_count(0)
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_role("status")).to_contain_text("Saved as draft 2")
    assert _drafts(house) == 1


@on_sqlite
def test_the_text_to_be_signed_is_shown_while_an_offer_is_filled_in(house: House, address: str, page: Page) -> None:
    house.join("beta-leads", "supplier")
    log_in(page, address, "rita@north-bank.example")
    page.goto(f"{address}{HEAD}")
    page.get_by_role("link", name="Offer it to a supplier").click()
    expect(page.locator("#beside")).to_contain_text("Not complete yet")
    page.get_by_label("Each is worth").fill("95.50")
    page.get_by_label("Rate").fill("20")
    expect(page.locator("#beside")).to_contain_text("95.50")
    page.get_by_role("button", name="Offer it").click()
    expect(page.get_by_role("alert")).to_contain_text("Name the supplier")
    page.get_by_label("Short name").fill("beta-leads")
    page.get_by_role("button", name="Offer it").click()
    expect(page.get_by_role("status")).to_contain_text("It counts once both sides have accepted it")


def _published(house: House) -> dict[str, Any]:
    with reading(house.engine) as connection:
        return dict(connection.execute(select(t.definition_version.c.document)).scalar_one())


def _drafts(house: House) -> int:
    version = t.definition_version.c
    with reading(house.engine) as connection:
        return len(connection.execute(select(version.number).where(version.published_at.is_(None))).all())


def _agreement(house: House) -> UUID:
    found = _offered(house, "acme-calls")
    assert found is not None
    return found


def _offered(house: House, supplier: str) -> UUID | None:
    agreement = t.agreement.c
    query = select(agreement.id).where(agreement.supplier_id == house.market.ids[supplier])
    with reading(house.engine) as connection:
        found: UUID | None = connection.execute(query).scalar_one_or_none()
    return found
