"""The e-invoice: its terms, its two syntaxes, and the official rules (`tests/conftest.py` checks every XML)."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pikepdf
import pytest
from facturx import generate_xml, get_facturx_xml_from_pdf, parse_ubl_cii_xml
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from invoices import en16931, facturx, ubl
from invoices.document import Address, Category, Correction, Document, Line, Party, TaxBreakdown
from invoices.en16931 import NoEInvoice
from invoices.printing import print_document
from invoices.totals import totals
from tests.invoices.samples import BUYER, SUPPLIER, make_document, make_lines
from tests.support.schematron import verdict

BREMEN = Address("Am Markt 1", None, "Bremen", "28195", "Bremen", "DE")
GERMAN = replace(
    SUPPLIER, legal_name="Küstenruf GmbH", address=BREMEN, vat_id="DE136695976", iban="DE89370400440532013000"
)
SMALL = replace(GERMAN, vat_id=None, vat_registered=False, tax_number="60/123/45678", registration_number=None)
UNREGISTERED = replace(SUPPLIER, vat_id=None, vat_registered=False, registration_number=None, iban=None, bic=None)
TAXES: dict[Category, tuple[Party, int, str | None]] = {
    "S": (SUPPLIER, 2000, None),
    "Z": (SUPPLIER, 0, None),
    "E": (SMALL, 0, "Kein Ausweis von Umsatzsteuer, § 19 UStG"),
    "AE": (GERMAN, 0, None),
    "O": (UNREGISTERED, 0, None),
}


def sample(
    category: Category = "S", kind: Any = "invoice", currency: str = "GBP", **changes: Any
) -> tuple[Document, tuple[Line, ...]]:
    supplier, rate, exemption = TAXES[category]
    buyer = replace(BUYER, vat_id=None) if category == "O" else BUYER
    lines = make_lines(3, tax=(category, rate))
    if kind == "credit_note":
        lines = tuple(replace(line, kind="credit", corrects_line=4 - line.number) for line in lines)
    facts = {"kind": kind, "currency": currency, "supplier": supplier, "buyer": buyer, "exemption": exemption}
    return make_document(lines, **{**facts, **changes}), lines


def told(xml: bytes) -> dict[str, Any]:
    """The terms as a reader finds them."""
    found: dict[str, Any] = parse_ubl_cii_xml(xml)
    return found


@pytest.mark.parametrize("currency", ["GBP", "EUR", "JPY"])
@pytest.mark.parametrize("kind", ["invoice", "credit_note"])
@pytest.mark.parametrize("category", list(TAXES))
def test_every_category_kind_and_currency_satisfies_the_official_rules(
    category: Category, kind: str, currency: str
) -> None:
    document, lines = sample(category, kind, currency)
    for xml in (facturx.xml(document, lines), ubl.xml(document, lines)):
        found = verdict(xml)
        assert found.fired > 50
        assert found.failures == ()


def test_a_document_of_several_rates_too() -> None:
    one, two, three = make_lines(3)
    lines = (one, replace(two, tax_rate=500), replace(three, tax_category="Z", tax_rate=0))
    rows = told(facturx.xml(make_document(lines), lines))["BG-23"]
    assert [(tax["BT-118"], tax["BT-119"]) for tax in rows] == [("S", "20.00"), ("S", "5.00"), ("Z", "0.00")]


@pytest.mark.parametrize("term", ["LineTotalAmount", "TaxTotalAmount", "GrandTotalAmount", "DuePayableAmount"])
def test_a_corrupted_total_is_found(term: str) -> None:
    root = etree.fromstring(facturx.xml(*sample()))
    amount = list(root.iter(f"{{*}}{term}"))[-1]
    amount.text = str(float(amount.text or "") + 1)
    failures = verdict(etree.tostring(root, xml_declaration=True, encoding="UTF-8")).failures
    assert any(f"BR-CO-{rule}" in failure for failure in failures for rule in (10, 14, 15, 16))


def test_what_a_reader_finds_is_what_was_told() -> None:
    document, lines = sample(prepaid=500)
    terms = en16931.terms(document, lines)
    guideline = {"BT-24": "urn:cen.eu:en16931:2017"}
    assert told(facturx.xml(document, lines)) == {**terms, **guideline}
    peppol = {"BT-23": ubl.PROFILE, "BT-24": ubl.CUSTOMIZATION}
    assert told(ubl.xml(document, lines)) == {**terms, **peppol}


@pytest.mark.parametrize("kind", ["invoice", "credit_note"])
@pytest.mark.parametrize("category", list(TAXES))
def test_the_bytes_are_those_of_the_library_s_own_writer(category: Category, kind: str) -> None:
    document, lines = sample(category, kind, prepaid=500 if kind == "invoice" else 0)
    theirs = generate_xml(en16931.terms(document, lines), level="en16931", check_schematron=False)
    assert facturx.xml(document, lines) == theirs


def test_a_self_billed_invoice_is_389_with_period_delivery_payment_and_the_drawn_deposit() -> None:
    document, lines = sample(prepaid=500)
    terms = told(facturx.xml(document, lines))
    assert (terms["BT-1"], terms["BT-3"], terms["BT-2"]) == ("ACME-NORTH-000012", "389", date(2026, 11, 1))
    assert (terms["BT-73"], terms["BT-74"], terms["BT-72"]) == (
        date(2026, 10, 1),
        date(2026, 10, 31),
        date(2026, 10, 6),
    )
    assert (terms["BT-9"], terms["BT-84"], terms["BT-86"]) == (date(2026, 12, 1), "GB33BUKB20201555555555", "BUKBGB22")
    assert [terms[key] for key in ("BT-106", "BT-109", "BT-110", "BT-112", "BT-113", "BT-115")] == [
        "565.00", "565.00", "113.00", "678.00", "5.00", "673.00",
    ]  # fmt: skip
    assert {"BT-22": "Self-billing"} in terms["BG-1"]
    assert {"BT-22": "The VAT shown is your output tax due to HMRC"} in terms["BG-1"]


def test_a_credit_note_is_261_names_its_original_and_asks_for_no_payment() -> None:
    terms = told(facturx.xml(*sample(kind="credit_note")))
    assert terms["BT-3"] == "261"
    assert terms["BG-3"] == [{"BT-25": "ACME-NORTH-000011", "BT-26": date(2026, 10, 1)}]
    assert "BT-84" not in terms and "BT-9" not in terms
    assert "corrects line 3" in terms["BG-25"][0]["BT-154"]


def test_a_re_issue_names_the_voided_invoice() -> None:
    voided = Correction("0199-voided", "ACME-NORTH-000007", date(2026, 10, 20))
    document, lines = sample(replaces=voided)
    assert told(facturx.xml(document, lines))["BG-3"] == [{"BT-25": voided.number, "BT-26": voided.issued_on}]


def test_a_line_is_one_thing_at_its_net_price_with_reference_and_day() -> None:
    document, lines = sample(currency="EUR")
    line = told(facturx.xml(document, lines))["BG-25"][2]
    assert (line["BT-129"], line["BT-146"], line["BT-131"], line["BT-155"]) == ("1", "205.00", "205.00", "S-1003")
    assert line["BT-134"] == line["BT-135"] == date(2026, 10, 6)
    assert line["BT-154"] == "Attended · 10 to 250 people, decision maker, budget agreed · uk-finance-review v3"


def test_a_share_of_the_price_is_explained() -> None:
    lines = make_lines(7)
    assert "33.33 % of 180.00" in told(facturx.xml(make_document(lines), lines))["BG-25"][6]["BT-154"]


def test_a_service_outside_the_period_is_told_in_words() -> None:
    late = replace(make_lines(1)[0], service_at=datetime(2026, 9, 30, 22, 30, tzinfo=UTC))
    earlier = replace(late, number=2, service_at=datetime(2026, 9, 30, 22, tzinfo=UTC))
    document = make_document((late, earlier), time_zone="Europe/London")
    for zone, days in (("Europe/London", ["2026-09-30", "2026-09-30"]), ("Europe/Berlin", [None, None])):
        terms = told(facturx.xml(replace(document, time_zone=zone), (late, earlier)))
        assert terms["BT-72"] == (date(2026, 9, 30) if days[0] else date(2026, 10, 1))
        for line, day in zip(terms["BG-25"], days, strict=True):
            assert ("BT-134" in line) == (day is None)
            assert line["BT-154"].endswith(f"service on {day}" if day else "v3")


def test_an_appointment_after_the_period_delivers_on_its_last_day() -> None:
    cancelled = replace(make_lines(1)[0], service_at=datetime(2026, 11, 5, 9, tzinfo=UTC), outcome="cancelled_by_buyer")
    terms = told(facturx.xml(make_document((cancelled,)), (cancelled,)))
    assert terms["BT-72"] == date(2026, 10, 31)


def test_a_monthly_minimum_is_an_item_of_its_own() -> None:
    shortfall = replace(
        make_lines(1)[0], kind="shortfall", appointment_id=None, reference=None, service_at=None, outcome=None
    )
    line = told(facturx.xml(make_document((shortfall,)), (shortfall,)))["BG-25"][0]
    assert line["BT-153"] == "Monthly minimum"
    assert "BT-155" not in line and "BT-134" not in line


def test_what_is_not_subject_to_vat_names_no_vat_identifier_and_no_rate() -> None:
    document, lines = sample("O")
    xml = facturx.xml(document, lines)
    terms = told(xml)
    assert "vat_identifier" not in terms["BG-4"] | terms["BG-7"]
    assert terms["BG-4"]["identifiers"] == {None: "acme-calls"}
    assert "BT-152" not in terms["BG-25"][0] and "BT-119" not in terms["BG-23"][0]
    assert (terms["BG-23"][0]["BT-120"], terms["BG-23"][0]["BT-121"]) == ("Not subject to VAT", "VATEX-EU-O")


def test_a_small_german_business_is_exempt_by_its_tax_number() -> None:
    terms = told(facturx.xml(*sample("E")))
    assert terms["BG-4"]["tax_identifier"] == "60/123/45678"
    assert terms["BG-23"][0]["BT-118"] == "E"
    assert "§ 19 UStG" in terms["BG-23"][0]["BT-120"]


def test_reverse_charge_gives_its_reason() -> None:
    tax = told(facturx.xml(*sample("AE")))["BG-23"][0]
    assert (tax["BT-119"], tax["BT-120"], tax["BT-121"]) == ("0.00", "Reverse charge", "VATEX-EU-AE")


def test_a_vat_identifier_begins_with_its_country() -> None:
    document, lines = sample(supplier=replace(SUPPLIER, vat_id="980780684"))
    assert told(facturx.xml(document, lines))["BG-4"]["vat_identifier"] == "GB980780684"


def test_a_credit_note_s_allocated_tax_may_differ_by_a_cent_from_its_rate() -> None:
    document, lines = sample(kind="credit_note")
    (tax,) = document.taxes
    allocated = (TaxBreakdown("S", tax.rate, tax.net, tax.tax - 1),)
    given = replace(document, taxes=allocated, totals=totals(allocated))
    assert verdict(facturx.xml(given, lines)).failures == ()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"currency": "KWD"}, "KWD has 3 decimals"),
        ({"supplier": replace(SUPPLIER, address=Address(country="GB"))}, "the supplier's address is incomplete"),
        ({"mode": "statement", "kind": "statement"}, "a statement is no invoice"),
    ],
    ids=["three decimals", "incomplete address", "statement"],
)
def test_there_is_no_e_invoice_of_what_the_norm_cannot_hold(changes: dict[str, Any], why: str) -> None:
    document, lines = sample(**changes)
    assert not facturx.is_due(document)
    with pytest.raises(NoEInvoice, match=why):
        facturx.xml(document, lines)
    with pytest.raises(NoEInvoice, match=why):
        ubl.xml(document, lines)


ODD = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\x00\x01\x0b\x1f\x85\u202e\ufffe\uffff<&>\"']]>"), max_size=30
)


@settings(max_examples=15)
@given(ODD, ODD, ODD)
def test_whatever_people_write_the_xml_is_valid(name: str, reference: str, label: str) -> None:
    supplier = replace(SUPPLIER, legal_name=f"A{name}", address=replace(SUPPLIER.address, line2=name), iban=name)
    lines = tuple(replace(line, reference=reference, confirmed=(label,)) for line in make_lines(2))
    document = make_document(lines, supplier=supplier, number=f"N-{reference}")
    xml = facturx.xml(document, lines)
    assert told(xml)["BG-25"][1]["BT-126"] == "2"


def test_the_pdf_carries_the_very_bytes_once_as_factur_x_asks() -> None:
    printed = print_document(*sample())
    assert get_facturx_xml_from_pdf(printed.pdf, check_schematron=False) == (facturx.FILE_NAME, printed.xml)
    with pikepdf.open(io.BytesIO(printed.pdf)) as pdf:
        (attached,) = pdf.Root.AF
        assert (str(attached.AFRelationship), str(attached.F)) == ("/Alternative", "factur-x.xml")
        assert list(pdf.attachments) == ["factur-x.xml"]
        assert str(attached.EF.F.Subtype) == "/text/xml"
        metadata = pdf.open_metadata()
        fx = "{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}"
        assert [metadata[f"{fx}{name}"] for name in ("ConformanceLevel", "DocumentType", "Version")] == [
            "EN 16931", "INVOICE", "1.0",
        ]  # fmt: skip
        assert metadata.pdfa_status == "3B"
        xmp = pdf.Root.Metadata.read_bytes()
        assert xmp.count(b"<rdf:RDF") == xmp.count(b"<pdfaExtension:schemas>") == 1
        assert len(pdf.Root.OutputIntents) == 1


def test_the_same_document_gives_the_same_files() -> None:
    assert print_document(*sample()) == print_document(*sample())
