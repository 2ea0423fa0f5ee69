from dataclasses import replace
from typing import Any

import pytest

from invoices.document import Address, Category, TaxBreakdown
from invoices.words import REVERSE_CHARGE, SELF_BILLING, UK_OUTPUT_TAX, e_invoice_obstacle, heading, legal_words
from tests.invoices.samples import BUYER, SUPPLIER, make_document, make_lines

GERMAN = replace(SUPPLIER, address=Address("Marktplatz 1", None, "Bremen", "28195", None, "DE"))


def tax(category: Category, exemption: str | None = None) -> list[TaxBreakdown]:
    return [TaxBreakdown(category, 2000 if category == "S" else 0, 100, 20 if category == "S" else 0, exemption)]


def test_every_self_billed_document_says_so() -> None:
    assert legal_words("self_billed", "invoice", GERMAN, BUYER, tax("S")) == (SELF_BILLING,)


def test_a_british_supplier_is_told_that_the_vat_is_his_to_pay() -> None:
    assert UK_OUTPUT_TAX in legal_words("self_billed", "invoice", SUPPLIER, BUYER, tax("S"))


@pytest.mark.parametrize(
    ("supplier", "category"),
    [(replace(SUPPLIER, vat_registered=False), "E"), (GERMAN, "S"), (SUPPLIER, "AE"), (SUPPLIER, "O")],
)
def test_nobody_else_is(supplier: Any, category: Category) -> None:
    assert UK_OUTPUT_TAX not in legal_words("self_billed", "invoice", supplier, BUYER, tax(category, "reason"))


def test_reverse_charge_and_exemptions_are_named() -> None:
    assert REVERSE_CHARGE in legal_words("self_billed", "invoice", GERMAN, BUYER, tax("AE"))
    assert "§ 19 UStG" in legal_words("self_billed", "invoice", GERMAN, BUYER, tax("E", "§ 19 UStG"))


def test_a_statement_asks_for_the_supplier_s_own_invoice() -> None:
    (words,) = legal_words("statement", "statement", SUPPLIER, BUYER, tax("S"))
    assert "not an invoice" in words


def test_a_german_credit_note_is_a_rechnungskorrektur() -> None:
    lines = make_lines(1)
    assert heading(make_document(lines, kind="credit_note", supplier=GERMAN)) == "Rechnungskorrektur"
    assert heading(make_document(lines, kind="credit_note")) == "Self-billed credit note"
    assert "Rechnungskorrektur" in legal_words("self_billed", "credit_note", GERMAN, BUYER, tax("S"))


def test_under_reverse_charge_the_buyer_s_law_counts() -> None:
    lines, german_buyer = make_lines(1, tax=("AE", 0)), replace(BUYER, address=GERMAN.address)
    assert heading(make_document(lines, supplier=GERMAN, kind="credit_note")) == "Self-billed credit note"
    assert heading(make_document(lines, buyer=german_buyer, kind="credit_note")) == "Rechnungskorrektur"


def test_headings() -> None:
    lines = make_lines(1)
    assert heading(make_document(lines)) == "Self-billed invoice"
    assert heading(make_document(lines, mode="statement", kind="statement")) == "Statement"
    assert heading(make_document(lines, mode="statement", kind="credit_note")) == "Credit statement"


def test_an_e_invoice_needs_two_decimals_and_whole_addresses() -> None:
    lines = make_lines(1)
    nowhere = Address(country="DE")
    assert e_invoice_obstacle(make_document(lines)) is None
    assert "three" not in (e_invoice_obstacle(make_document(lines, currency="KWD")) or "")
    assert "KWD has 3 decimals" in (e_invoice_obstacle(make_document(lines, currency="KWD")) or "")
    assert e_invoice_obstacle(make_document(lines, currency="JPY")) is None
    buyer = e_invoice_obstacle(make_document(lines, buyer=replace(BUYER, address=nowhere)))
    assert buyer == "the buyer's address is incomplete (street, city missing)"
    assert e_invoice_obstacle(make_document(lines, mode="statement", kind="statement", currency="KWD")) is None
