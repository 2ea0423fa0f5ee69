"""Who cannot be billed at the moment, why, and that nothing is lost by it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from invoices.billing_run import RunResult
from ledger.services import parties
from ledger.store import tables as t
from ledger.store.engine import writing
from tests.billing.trade import (
    AFTER_NOVEMBER,
    AFTER_OCTOBER,
    NOVEMBER,
    STATEMENT,
    UNTAXED,
    VAT_ID,
    Trade,
    self_billed,
)

NOBODY: dict[str, Any] = {"vat_id": None, "vat_registered": False}
NOT_SIGNED_FOR = self_billed(supplier_vat_id=None)
EXEMPT = {"category": "E", "rate": 0, "exemption": "§ 19 UStG"}
REVERSE = {"category": "AE", "rate": 0, "exemption": None}


def reasons(result: RunResult) -> list[str]:
    assert result.documents == ()
    (parked,) = result.parked
    assert (parked.supplier, parked.buyer) == ("acme-calls", "north-bank")
    assert all(reason.detail for reason in parked.reasons)
    return [reason.code for reason in parked.reasons]


def test_until_is_inclusive_in_the_buyers_zone(trade: Trade) -> None:
    trade.join("north-bank", "buyer", time_zone="America/New_York")
    trade.charge(trade.agree(billing=self_billed(until="2026-11-02")), 18000)
    assert reasons(trade.bill(now=datetime(2026, 11, 3, 5, tzinfo=UTC))) == ["self_billing_ended"]
    assert len(trade.bill(now=datetime(2026, 11, 3, 4, 59, tzinfo=UTC)).documents) == 1


def test_self_billing_that_has_not_started_parks(trade: Trade) -> None:
    trade.charge(trade.agree(billing=self_billed(**{"from": "2026-11-03"})), 18000)
    assert reasons(trade.bill(now=AFTER_OCTOBER)) == ["self_billing_not_started"]


def test_a_changed_vat_identifier_parks_until_it_is_agreed_anew(trade: Trade) -> None:
    agreement = trade.agree()
    trade.charge(agreement, 18000)
    trade.change("acme-calls", vat_id="GB434031494")
    assert reasons(trade.bill()) == ["vat_id_changed"]
    trade.amend(agreement, AFTER_OCTOBER, billing=self_billed(supplier_vat_id="GB434031494"))
    (document,) = trade.bill().documents
    assert document.net == 18000
    assert trade.document().content["supplier"]["vat_id"] == "GB434031494"


def test_an_agreement_that_names_no_vat_identifier_is_signed_for_the_one_held_then(trade: Trade) -> None:
    agreement = trade.agree(billing=NOT_SIGNED_FOR)
    trade.charge(agreement, 18000)
    trade.bill()
    _tell(trade, "GB434031494")
    trade.charge(agreement, 500, AFTER_OCTOBER)
    (parked,) = trade.bill(NOVEMBER, AFTER_NOVEMBER).parked
    assert [reason.code for reason in parked.reasons] == ["vat_id_changed"]
    trade.amend(agreement, AFTER_NOVEMBER, billing=NOT_SIGNED_FOR)
    assert len(trade.bill(NOVEMBER, AFTER_NOVEMBER).documents) == 1


def test_the_identifier_that_was_missing_at_the_signature_completes_it(trade: Trade) -> None:
    trade.join("acme-calls", "supplier", **NOBODY)
    agreement = trade.agree(billing=NOT_SIGNED_FOR)
    trade.charge(agreement, 18000)
    assert reasons(trade.bill()) == ["supplier_tax_id_missing"]
    _tell(trade, VAT_ID)
    assert len(trade.bill().documents) == 1
    trade.charge(agreement, 500, AFTER_OCTOBER)
    _tell(trade, "GB434031494")
    assert reasons(trade.bill(NOVEMBER, AFTER_NOVEMBER)) == ["vat_id_changed"]


def _tell(trade: Trade, vat_id: str) -> None:
    """The supplier's identifier as the API changes it, with what it was before."""
    with writing(trade.engine) as connection:
        parties.change_organisation(connection, trade.ids["acme-calls"], {"vat_id": vat_id}, "finance", AFTER_OCTOBER)


def test_a_vat_identifier_written_otherwise_is_the_same(trade: Trade) -> None:
    trade.charge(trade.agree(billing=self_billed(supplier_vat_id="gb 980 7806 84")), 18000)
    assert len(trade.bill().documents) == 1


@pytest.mark.parametrize("category", ["S", "Z", "E", "AE"])
def test_a_taxed_invoice_needs_the_suppliers_vat_or_tax_number(trade: Trade, category: str) -> None:
    trade.join("acme-calls", "supplier", **NOBODY)
    trade.join("north-bank", "buyer", vat_id="GB434031494")
    tax = {"category": category, "rate": 2000 if category == "S" else 0, "exemption": EXEMPT["exemption"]}
    if category in ("S", "Z"):
        tax["exemption"] = None
    trade.charge(trade.agree(billing=NOT_SIGNED_FOR, tax=tax), 18000)
    assert reasons(trade.bill()) == ["supplier_tax_id_missing"]
    trade.change("acme-calls", tax_number="12/345/67890")
    assert len(trade.bill().documents) == 1


def test_reverse_charge_needs_the_buyers_vat_or_registration_number(trade: Trade) -> None:
    trade.charge(trade.agree(tax=REVERSE), 18000)
    assert reasons(trade.bill()) == ["buyer_id_missing"]
    trade.change("north-bank", registration_number="01234567")
    assert trade.bill().documents[0].tax == 0


def test_an_exemption_without_a_reason_parks(trade: Trade) -> None:
    trade.charge(trade.agree(tax={**EXEMPT, "exemption": None}), 18000)
    assert reasons(trade.bill()) == ["exemption_reason_missing"]


def test_every_reason_is_told_at_once(trade: Trade) -> None:
    trade.charge(trade.agree(tax=REVERSE, billing=self_billed(until="2026-10-31")), 18000)
    trade.change("acme-calls", **NOBODY)
    assert reasons(trade.bill()) == [
        "self_billing_ended",
        "vat_id_changed",
        "supplier_tax_id_missing",
        "buyer_id_missing",
    ]


def test_category_o_asks_for_no_identifier_and_prints_none(trade: Trade) -> None:
    trade.join("acme-calls", "supplier", **NOBODY)
    trade.join("north-bank", "buyer", vat_id="GB434031494")
    trade.charge(trade.agree(billing=NOT_SIGNED_FOR, tax=UNTAXED), 18000)
    trade.bill()
    content = trade.document().content
    assert (content["supplier"]["vat_id"], content["buyer"]["vat_id"]) == (None, None)
    assert content["supplier"]["slug"] == "acme-calls"


def test_address_bank_and_e_mail_never_park(trade: Trade) -> None:
    trade.charge(trade.agree(), 18000)
    trade.change("acme-calls", address={"country": "GB"}, iban=None, bic=None, email=None)
    assert len(trade.bill().documents) == 1


def test_a_statement_needs_neither_self_billing_nor_identifiers(trade: Trade) -> None:
    trade.join("acme-calls", "supplier", **NOBODY)
    trade.charge(trade.agree(billing=STATEMENT), 18000)
    (document,) = trade.bill().documents
    assert (document.kind, document.mode) == ("statement", "statement")


def test_a_parked_supplier_with_nothing_due_is_not_told(trade: Trade) -> None:
    trade.agree(billing=self_billed(until="2026-10-31"))
    assert trade.bill().parked == ()


def test_a_parked_supplier_leaves_the_others_alone(trade: Trade) -> None:
    trade.charge(trade.agree(billing=self_billed(until="2026-10-31")), 18000)
    trade.charge(trade.agree("best-leads"), 18000)
    result = trade.bill()
    assert [parked.supplier for parked in result.parked] == ["acme-calls"]
    assert [document.supplier for document in result.documents] == ["best-leads"]


def test_after_the_mend_a_later_run_takes_what_waited(trade: Trade) -> None:
    agreement = trade.agree(billing=self_billed(until="2026-10-31"))
    trade.charge(agreement, 18000)
    trade.bill()
    assert trade.count(t.document) == 0
    trade.amend(agreement, AFTER_NOVEMBER, billing=self_billed(supplier_vat_id=VAT_ID))
    (document,) = trade.bill(NOVEMBER, AFTER_NOVEMBER).documents
    assert document.net == 18000


def test_what_waited_is_taken_once_though_newer_charges_of_the_supplier_were_billed_before(trade: Trade) -> None:
    parked = trade.agree(billing=self_billed(until="2026-10-31"))
    trade.charge(parked, 18000)
    trade.charge(trade.agree(buyer="south-bank", definition="calls"), 20000)
    assert [document.buyer for document in trade.bill().documents] == ["south-bank"]
    trade.amend(parked, AFTER_NOVEMBER, billing=self_billed(supplier_vat_id=VAT_ID))
    trade.charge(parked, 19000)
    (document,) = trade.bill(NOVEMBER, AFTER_NOVEMBER).documents
    assert (document.buyer, document.net) == ("north-bank", 37000)
    assert trade.count(t.document_line) == 3
