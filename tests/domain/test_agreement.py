"""Rules of agreements: price, tax, payment and billing, and what both sides accept."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger.domain.agreement import agreement_hash, check_against, parse_agreement
from ledger.domain.definition import parse_definition
from ledger.domain.errors import Malformed
from ledger.domain.terms import BillingMode, Span, TaxCategory, Tier, Unit
from tests.domain.documents import agreement_document, definition_document

Document = dict[str, Any]


def faults(change: Callable[[Document], object]) -> set[str]:
    document = agreement_document()
    change(document)
    with pytest.raises(Malformed) as refusal:
        parse_agreement(document)
    return {error.pointer for error in refusal.value.errors}


def test_a_complete_document_becomes_terms() -> None:
    terms = parse_agreement(agreement_document())
    assert terms.definition == "uk-finance-review"
    assert terms.effective_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert terms.price.tiers == (Tier(1, 18000), Tier(51, 16000))
    assert terms.price.graduated
    assert terms.price.bonuses == {"owner": 2500}
    assert (terms.price.minimum_per_month, terms.price.deposit) == (None, None)
    assert (terms.tax.category, terms.tax.rate) == (TaxCategory.STANDARD, 2000)
    assert terms.payment_days == 30
    assert terms.billing.acceptance_window == Span(Unit.DAYS, 10)
    assert terms.billing.self_billing is not None
    assert (terms.billing.self_billing.start, terms.billing.self_billing.until) == (date(2026, 1, 1), None)


def test_a_minimum_and_a_deposit_are_amounts() -> None:
    document = agreement_document()
    document["price"] |= {"minimum_per_month": 100000, "deposit": {"amount": 50000}}
    price = parse_agreement(document).price
    assert (price.minimum_per_month, price.deposit) == (100000, 50000)


def test_a_key_that_may_be_null_may_be_left_out() -> None:
    document = agreement_document(tax={"category": "O", "rate": 0}, price={"tiers": [{"from": 1, "amount": 0}]})
    del document["effective_from"]
    document["billing"] = {"mode": "statement"}
    terms = parse_agreement(document)
    assert not terms.price.graduated
    assert terms.price.bonuses == {}
    assert terms.billing.mode is BillingMode.STATEMENT
    assert terms.billing.self_billing is None
    assert terms.billing.acceptance_window.is_zero


@pytest.mark.parametrize(
    "tiers",
    [
        [],
        [{"from": 2, "amount": 5}],
        [{"from": 1, "amount": 5}, {"from": 1, "amount": 4}],
        [{"from": 1, "amount": 5}, {"from": 51, "amount": 4}, {"from": 11, "amount": 3}],
    ],
)
def test_tiers_begin_with_the_first_position_and_ascend(tiers: list[Document]) -> None:
    assert faults(lambda d: d["price"].update(tiers=tiers)) == {"/price/tiers"}


@pytest.mark.parametrize("amount", [-1, 180.0, "18000", True, None, 10**15])
def test_an_amount_is_a_whole_number_of_minor_units(amount: object) -> None:
    assert faults(lambda d: d["price"]["tiers"][0].update(amount=amount)) == {"/price/tiers/0/amount"}
    assert faults(lambda d: d["price"]["bonuses"].update(owner=amount)) == {"/price/bonuses/owner"}


@pytest.mark.parametrize(
    ("tax", "place"),
    [
        ({"category": "S", "rate": 0}, "rate"),
        ({"category": "Z", "rate": 2000}, "rate"),
        ({"category": "E", "rate": 1, "exemption": "§ 19 UStG"}, "rate"),
        ({"category": "AE", "rate": 1900}, "rate"),
        ({"category": "O", "rate": 1}, "rate"),
        ({"category": "S", "rate": 10001}, "rate"),
        ({"category": "S", "rate": "20"}, "rate"),
        ({"category": "S", "rate": 2000, "exemption": "why"}, "exemption"),
        ({"category": "Z", "rate": 0, "exemption": "why"}, "exemption"),
        ({"category": "K", "rate": 0}, "category"),
        ({"category": "S"}, "rate"),
    ],
)
def test_a_tax_rate_suits_its_category(tax: Document, place: str) -> None:
    assert faults(lambda d: d.update(tax=tax)) == {f"/tax/{place}"}


@pytest.mark.parametrize("category", ["Z", "E", "AE", "O"])
def test_every_category_without_tax_has_a_rate_of_nothing(category: str) -> None:
    assert parse_agreement(agreement_document(tax={"category": category, "rate": 0})).tax.rate == 0


def test_an_exempt_supplier_may_give_the_reason_later() -> None:
    tax = {"category": "E", "rate": 0, "exemption": "§ 19 UStG"}
    assert parse_agreement(agreement_document(tax=tax)).tax.exemption == "§ 19 UStG"
    assert parse_agreement(agreement_document(tax=tax | {"exemption": None})).tax.exemption is None


def test_self_billing_needs_its_own_agreement_and_a_window() -> None:
    assert faults(lambda d: d.update(billing={"mode": "self_billed"})) == {
        "/billing/self_billing",
        "/billing/acceptance_window",
    }


def test_self_billing_does_not_end_before_it_begins() -> None:
    assert faults(lambda d: d["billing"]["self_billing"].update(until="2025-12-31")) == {"/billing/self_billing/until"}
    document = agreement_document()
    document["billing"]["self_billing"]["until"] = "2026-01-01"
    billing = parse_agreement(document).billing.self_billing
    assert billing is not None
    assert billing.until == date(2026, 1, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(extra=1),
        lambda d: d["price"].update(extra=1),
        lambda d: d["price"]["tiers"][0].update(extra=1),
        lambda d: d["price"].update(deposit={"amount": 1, "extra": 1}),
        lambda d: d["tax"].update(extra=1),
        lambda d: d["payment"].update(extra=1),
        lambda d: d["billing"].update(extra=1),
        lambda d: d["billing"]["self_billing"].update(extra=1),
    ],
)
def test_an_unknown_field_is_refused_wherever_it_stands(change: Callable[[Document], object]) -> None:
    (pointer,) = faults(change)
    assert pointer.endswith("/extra")


@pytest.mark.parametrize("key", ["definition", "price", "tax", "payment", "billing"])
def test_no_section_may_be_left_out(key: str) -> None:
    assert faults(lambda d: d.pop(key)) == {f"/{key}"}


def test_every_fault_is_named_at_once() -> None:
    def spoil(document: Document) -> None:
        document["price"]["tiers"][0]["amount"] = 1.5
        document["payment"]["days"] = -1
        document["billing"]["mode"] = "barter"
        document["billing"]["self_billing"]["from"] = "1 January"
        document["effective_from"] = "2026-01-01"

    assert faults(spoil) == {
        *("/price/tiers/0/amount", "/payment/days", "/billing/mode"),
        *("/billing/self_billing/from", "/effective_from"),
    }


def test_an_agreement_suits_its_definition() -> None:
    assert check_against(parse_agreement(agreement_document()), parse_definition(definition_document())) == ()
    named = parse_agreement(agreement_document(definition="north-bank:uk-finance-review"))
    assert check_against(named, parse_definition(definition_document())) == ()


def test_a_bonus_belongs_to_a_bonus_criterion_of_the_definition() -> None:
    document = agreement_document(definition="another")
    document["price"]["bonuses"] = {"owner": 1, "size": 2, "budget": 3}
    found = check_against(parse_agreement(document), parse_definition(definition_document()))
    assert [error.pointer for error in found] == ["/definition", "/price/bonuses/size", "/price/bonuses/budget"]


def test_what_is_accepted_covers_the_definition_version_too() -> None:
    document = agreement_document()
    accepted = agreement_hash(document, "sha256:one")
    assert accepted == agreement_hash(dict(reversed(document.items())), "sha256:one")
    assert accepted != agreement_hash(document, "sha256:two")
    assert accepted != agreement_hash(agreement_document(payment={"days": 31}), "sha256:one")
