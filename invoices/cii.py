"""The terms of EN 16931 as UN/CEFACT's Cross Industry Invoice, the syntax of Factur-X.

Byte for byte what the factur-x library makes of the same terms (a test holds that), many times faster: a document has
thousands of lines. Knows the order of the elements and nothing about invoices.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from typing import Any, Final
from xml.sax.saxutils import escape

from lxml import etree

from invoices.en16931 import ONE, Terms

GUIDELINE: Final = "urn:cen.eu:en16931:2017"
NAMESPACES: Final = {
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
LINE: Final = "ram:IncludedSupplyChainTradeLineItem"
_PLACE: Final = f"    <{LINE}/>\n".encode()
"""What stands for all lines until they are written."""
DAY: Final[dict[str, str]] = {"format": "102"}
"""UNTDID 2379: YYYYMMDD."""

Element = etree._Element  # noqa: SLF001 - the only name that the library has for it


def write(terms: Terms) -> bytes:
    """The XML file, UTF-8 with its declaration."""
    root = etree.Element(_name("rsm:CrossIndustryInvoice"), nsmap=NAMESPACES)
    context = _add(root, "rsm:ExchangedDocumentContext")
    _add(_add(context, "ram:GuidelineSpecifiedDocumentContextParameter"), "ram:ID", GUIDELINE)
    _document(_add(root, "rsm:ExchangedDocument"), terms)
    transaction = _add(root, "rsm:SupplyChainTradeTransaction")
    _add(transaction, LINE)
    agreement = _add(transaction, "ram:ApplicableHeaderTradeAgreement")
    _given(agreement, "ram:BuyerReference", terms, "BT-10")
    _party(agreement, "ram:SellerTradeParty", terms["BG-4"])
    _party(agreement, "ram:BuyerTradeParty", terms["BG-7"])
    event = _add(_add(transaction, "ram:ApplicableHeaderTradeDelivery"), "ram:ActualDeliverySupplyChainEvent")
    _instant(event, "ram:OccurrenceDateTime", _day(terms["BT-72"]))
    _settlement(_add(transaction, "ram:ApplicableHeaderTradeSettlement"), terms)
    head, tail = etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8").split(_PLACE)
    return b"".join((head, *_lines(terms["BG-25"]), tail))


def _document(parent: Element, terms: Terms) -> None:
    _given(parent, "ram:ID", terms, "BT-1")
    _given(parent, "ram:TypeCode", terms, "BT-3")
    _instant(parent, "ram:IssueDateTime", _day(terms["BT-2"]))
    for note in terms["BG-1"]:
        _given(_add(parent, "ram:IncludedNote"), "ram:Content", note, "BT-22")


def _lines(lines: Sequence[Terms]) -> Iterator[bytes]:
    """Lines that have the same terms differ in text alone: one is built, the others are its text with their own."""
    for line in lines:
        texts = {key: escape(value) if type(value) is str else _day(value) for key, value in line.items()}
        yield _mould(tuple(line)).format_map(texts).encode()


@lru_cache(maxsize=64)
def _mould(shape: tuple[str, ...]) -> str:
    """The text of a line that has the names of its terms in braces for texts, as it stands in the file."""
    root = etree.Element(_name("rsm:CrossIndustryInvoice"), nsmap=NAMESPACES)
    _line(_add(root, "rsm:SupplyChainTradeTransaction"), {key: f"{{{key}}}" for key in shape})
    _, start, rest = etree.tostring(root, pretty_print=True, encoding="unicode").partition(f"    <{LINE}>")
    inner, end, _ = rest.partition(f"</{LINE}>\n")
    return start + inner + end


def _line(parent: Element, line: Terms) -> None:
    item = _add(parent, LINE)
    _add(_add(item, "ram:AssociatedDocumentLineDocument"), "ram:LineID", line["BT-126"])
    product = _add(item, "ram:SpecifiedTradeProduct")
    _given(product, "ram:SellerAssignedID", line, "BT-155")
    _add(product, "ram:Name", line["BT-153"])
    _given(product, "ram:Description", line, "BT-154")
    price = _add(_add(item, "ram:SpecifiedLineTradeAgreement"), "ram:NetPriceProductTradePrice")
    _add(price, "ram:ChargeAmount", line["BT-146"])
    delivery = _add(item, "ram:SpecifiedLineTradeDelivery")
    _add(delivery, "ram:BilledQuantity", line["BT-129"], {"unitCode": ONE})
    settlement = _add(item, "ram:SpecifiedLineTradeSettlement")
    tax = _add(settlement, "ram:ApplicableTradeTax")
    _add(tax, "ram:TypeCode", "VAT")
    _add(tax, "ram:CategoryCode", line["BT-151"])
    _given(tax, "ram:RateApplicablePercent", line, "BT-152")
    if "BT-134" in line:
        _period(settlement, line["BT-134"], line["BT-135"])
    sums = _add(settlement, "ram:SpecifiedTradeSettlementLineMonetarySummation")
    _add(sums, "ram:LineTotalAmount", line["BT-131"])


def _party(parent: Element, name: str, party: Terms) -> None:
    one = _add(parent, name)
    for identifier in party.get("identifiers", {}).values():
        _add(one, "ram:ID", identifier)
    _given(one, "ram:Name", party, "name")
    if "legal_identifier" in party:
        _given(_add(one, "ram:SpecifiedLegalOrganization"), "ram:ID", party, "legal_identifier")
    address = _add(one, "ram:PostalTradeAddress")
    for part, key in _ADDRESS:
        _given(address, part, party, key)
    if "einvoicing_addr" in party:
        scheme = {"schemeID": party["einvoicing_addr_schemeid"]}
        _add(_add(one, "ram:URIUniversalCommunication"), "ram:URIID", party["einvoicing_addr"], scheme)
    for key, scheme_id in (("vat_identifier", "VA"), ("tax_identifier", "FC")):
        if key in party:
            _add(_add(one, "ram:SpecifiedTaxRegistration"), "ram:ID", party[key], {"schemeID": scheme_id})


_ADDRESS: Final = (
    ("ram:PostcodeCode", "postcode"),
    ("ram:LineOne", "addr_l1"),
    ("ram:LineTwo", "addr_l2"),
    ("ram:CityName", "city"),
    ("ram:CountryID", "country_code"),
    ("ram:CountrySubDivisionName", "country_subdivision"),
)


def _settlement(parent: Element, terms: Terms) -> None:
    _given(parent, "ram:PaymentReference", terms, "BT-83")
    _given(parent, "ram:InvoiceCurrencyCode", terms, "BT-5")
    if "BT-81" in terms:
        _payment_means(_add(parent, "ram:SpecifiedTradeSettlementPaymentMeans"), terms)
    for tax in terms["BG-23"]:
        row = _add(parent, "ram:ApplicableTradeTax")
        _given(row, "ram:CalculatedAmount", tax, "BT-117")
        _add(row, "ram:TypeCode", "VAT")
        for part, key in _TAX:
            _given(row, part, tax, key)
    _period(parent, _day(terms["BT-73"]), _day(terms["BT-74"]))
    if "BT-20" in terms or "BT-9" in terms:
        payment_terms = _add(parent, "ram:SpecifiedTradePaymentTerms")
        _given(payment_terms, "ram:Description", terms, "BT-20")
        if "BT-9" in terms:
            _instant(payment_terms, "ram:DueDateDateTime", _day(terms["BT-9"]))
    _sums(_add(parent, "ram:SpecifiedTradeSettlementHeaderMonetarySummation"), terms)
    for preceding in terms.get("BG-3", ()):
        reference = _add(parent, "ram:InvoiceReferencedDocument")
        _given(reference, "ram:IssuerAssignedID", preceding, "BT-25")
        at = _add(reference, "ram:FormattedIssueDateTime")
        _add(at, "qdt:DateTimeString", _day(preceding["BT-26"]), DAY)


_TAX: Final = (
    ("ram:ExemptionReason", "BT-120"),
    ("ram:BasisAmount", "BT-116"),
    ("ram:CategoryCode", "BT-118"),
    ("ram:ExemptionReasonCode", "BT-121"),
    ("ram:RateApplicablePercent", "BT-119"),
)


def _payment_means(parent: Element, terms: Terms) -> None:
    _given(parent, "ram:TypeCode", terms, "BT-81")
    account = _add(parent, "ram:PayeePartyCreditorFinancialAccount")
    _given(account, "ram:IBANID", terms, "BT-84")
    _given(account, "ram:AccountName", terms, "BT-85")
    if "BT-86" in terms:
        _given(_add(parent, "ram:PayeeSpecifiedCreditorFinancialInstitution"), "ram:BICID", terms, "BT-86")


def _sums(parent: Element, terms: Terms) -> None:
    _given(parent, "ram:LineTotalAmount", terms, "BT-106")
    _given(parent, "ram:TaxBasisTotalAmount", terms, "BT-109")
    _add(parent, "ram:TaxTotalAmount", terms["BT-110"], {"currencyID": terms["BT-5"]})
    _given(parent, "ram:GrandTotalAmount", terms, "BT-112")
    _given(parent, "ram:TotalPrepaidAmount", terms, "BT-113")
    _given(parent, "ram:DuePayableAmount", terms, "BT-115")


def _period(parent: Element, first: str, last: str) -> None:
    period = _add(parent, "ram:BillingSpecifiedPeriod")
    _instant(period, "ram:StartDateTime", first)
    _instant(period, "ram:EndDateTime", last)


def _instant(parent: Element, name: str, day: str) -> None:
    _add(_add(parent, name), "udt:DateTimeString", day, DAY)


def _given(parent: Element, name: str, terms: Mapping[str, Any], key: str) -> None:
    """The element, where the term is given."""
    if key in terms:
        _add(parent, name, terms[key])


def _add(parent: Element, name: str, text: str | None = None, attributes: dict[str, str] | None = None) -> Element:
    element = etree.SubElement(parent, _name(name), attributes)
    element.text = text
    return element


@cache
def _name(prefixed: str) -> str:
    prefix, _, local = prefixed.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


@cache
def _day(day: date) -> str:
    return f"{day:%Y%m%d}"
