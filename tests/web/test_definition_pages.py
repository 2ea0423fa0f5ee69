"""Definitions and agreements by page: drafted in a form, linted live, replayed, published, accepted by both sides."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from api.demo.terms import finance_review, solar_advice
from api.web.terms_form import document_of, parts_of, with_row, without_row
from ledger.domain.definition import parse_definition
from ledger.domain.errors import Malformed
from ledger.store import tables as t
from ledger.store.engine import reading
from tests.domain.documents import definition_document
from tests.services.market import ATTENDED, NO_SHOW, TUESDAY
from tests.web.conftest import NOON, House, log_in, send

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HEAD = "/definitions/north-bank:uk-finance-review"


def form_of(document: dict[str, Any]) -> MultiDict[str, str]:
    """What a browser would send of the form, as it is filled in."""
    form: MultiDict[str, str] = MultiDict()
    fields = [each for part in parts_of(document) for each in part["fields"]]
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
    for path in (HEAD, f"{HEAD}/draft", f"{HEAD}/publish", f"{HEAD}/dry-run", f"{HEAD}/versions/1", agreement):
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


def _published(house: House) -> dict[str, Any]:
    with reading(house.engine) as connection:
        return dict(connection.execute(select(t.definition_version.c.document)).scalar_one())


def _drafts(house: House) -> int:
    version = t.definition_version.c
    with reading(house.engine) as connection:
        return len(connection.execute(select(version.number).where(version.published_at.is_(None))).all())


def _agreement(house: House) -> UUID:
    agreement = t.agreement.c
    query = select(agreement.id).where(agreement.supplier_id == house.market.ids["acme-calls"])
    with reading(house.engine) as connection:
        return UUID(str(connection.execute(query).scalar_one()))
