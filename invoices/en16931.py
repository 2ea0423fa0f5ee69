"""A document as the terms of EN 16931: BT and BG numbers and their values, whatever the syntax they are written in.

Amounts are the frozen ones as decimal text, texts are cleaned, dates are days in the document's zone; nothing is
calculated. Refuses documents that `words.e_invoice_obstacle` names and those that are no invoice.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from invoices.document import Document, Line, Party, TaxBreakdown
from invoices.languages import tongue
from invoices.text import clean
from invoices.words import NOT_SUBJECT, NOTHING_TO_PAY, REVERSE_CHARGE, describe, e_invoice_obstacle
from ledger.domain.money import BASIS_POINTS, format_plain

Terms = dict[str, Any]
"""By BT or BG number, the parties by name of their part: the shape that the factur-x library takes."""

APPOINTMENT: Final = "Appointment"
MINIMUM: Final = "Monthly minimum"
ONE: Final = "C62"
"""The unit of measure "one" (UN/ECE Recommendation 20)."""
CREDIT_TRANSFER: Final = "30"
"""UNTDID 4461."""
E_MAIL: Final = "EM"
"""The scheme of an electronic address that is an e-mail address (EAS)."""
EXEMPTION_CODES: Final = {"AE": "VATEX-EU-AE", "O": "VATEX-EU-O"}
EXEMPTIONS: Final = {"AE": REVERSE_CHARGE, "O": NOT_SUBJECT}
"""The reason of the categories that always have the same one."""


class NoEInvoice(ValueError):
    """Why the document has none."""


def terms(document: Document, lines: Sequence[Line]) -> Terms:
    """The whole document. Raises NoEInvoice for statements, currencies of three decimals, incomplete addresses."""
    if document.type_code is None:
        raise NoEInvoice("a statement is no invoice")
    if obstacle := e_invoice_obstacle(document):
        raise NoEInvoice(obstacle)
    return {
        **_header(document, lines),
        **_settlement(document),
        **_totals(document),
        "BG-25": lines_terms(document, lines),
    }


def _header(document: Document, lines: Sequence[Line]) -> Terms:
    found: Terms = {
        "BT-1": clean(document.number),
        "BT-2": document.issued_at.astimezone(ZoneInfo(document.time_zone)).date(),
        "BT-3": str(document.type_code),
        "BT-5": document.currency,
        "BT-10": clean(document.buyer.slug),
        "BG-1": [{"BT-22": note} for note in map(clean, _notes(document)) if note],
        "BG-4": {**_party(document.supplier), **_seller_identifiers(document.supplier)},
        "BG-7": _party(document.buyer),
        "BT-72": _delivered_on(document, lines),
        "BT-73": document.period_start,
        "BT-74": document.period_end,
    }
    if preceding := document.corrects or document.replaces:
        found["BG-3"] = [{"BT-25": clean(preceding.number), "BT-26": preceding.issued_on}]
    return found


def _notes(document: Document) -> list[str]:
    say = tongue(document.language)
    head = [] if document.chain_head is None else [say("Ledger head when issued: {head}", head=document.chain_head)]
    return [*map(say.legal, document.words), *head]


def _party(party: Party) -> Terms:
    address = party.address
    found = {
        "name": clean(party.legal_name) or party.slug,
        "addr_l1": clean(address.line1),
        "addr_l2": clean(address.line2),
        "city": clean(address.city),
        "postcode": clean(address.postcode),
        "country_subdivision": clean(address.region),
        "country_code": address.country,
        "vat_identifier": _with_country(clean(party.vat_id), address.country),
        "legal_identifier": clean(party.registration_number),
    }
    if email := clean(party.email):
        found |= {"einvoicing_addr": email, "einvoicing_addr_schemeid": E_MAIL}
    return {name: value for name, value in found.items() if value}


def _seller_identifiers(seller: Party) -> Terms:
    """His tax number (BT-32), and his name here (BT-29) where nothing else would identify him (BR-CO-26)."""
    found: Terms = {}
    if tax_number := clean(seller.tax_number):
        found["tax_identifier"] = tax_number
    if not (clean(seller.vat_id) or clean(seller.registration_number)):
        found["identifiers"] = {None: seller.slug}
    return found


def _with_country(vat_id: str, country: str) -> str:
    """A VAT identifier begins with its country's letters (BR-CO-9)."""
    return vat_id if not vat_id or vat_id[:2].isalpha() else country + vat_id


def _delivered_on(document: Document, lines: Sequence[Line]) -> date:
    """The last day of service that the period holds, else the period's last day."""
    days = (day for line in lines if (day := _service_day(document, line)) is not None)
    return max((day for day in days if day <= document.period_end), default=document.period_end)


def _service_day(document: Document, line: Line) -> date | None:
    return None if line.service_at is None else line.service_at.astimezone(ZoneInfo(document.time_zone)).date()


def _settlement(document: Document) -> Terms:
    if document.kind == "credit_note":
        return {"BT-20": tongue(document.language)(NOTHING_TO_PAY)}
    supplier = document.supplier
    found: Terms = {"BT-83": clean(document.number)}
    if document.due_on is not None:
        found["BT-9"] = document.due_on
    if iban := clean(supplier.iban).replace(" ", ""):
        found |= {"BT-81": CREDIT_TRANSFER, "BT-84": iban, "BT-85": clean(supplier.legal_name) or supplier.slug}
        if bic := clean(supplier.bic):
            found["BT-86"] = bic
    return found


def _totals(document: Document) -> Terms:
    sums, currency = document.totals, document.currency
    found: Terms = {
        "BG-23": [_tax(tax, currency) for tax in document.taxes],
        "BT-106": format_plain(sums.net, currency),
        "BT-109": format_plain(sums.net, currency),
        "BT-110": format_plain(sums.tax, currency),
        "BT-112": format_plain(sums.gross, currency),
        "BT-115": format_plain(sums.due, currency),
    }
    if sums.prepaid:
        found["BT-113"] = format_plain(sums.prepaid, currency)
    return found


def _tax(tax: TaxBreakdown, currency: str) -> Terms:
    found = {
        "BT-116": format_plain(tax.net, currency),
        "BT-117": format_plain(tax.tax, currency),
        "BT-118": tax.category,
    }
    if tax.category != "O":  # it has no rate, and its lines have none either (BR-O-5)
        found["BT-119"] = _percent(tax.rate)
    if reason := clean(tax.exemption) or EXEMPTIONS.get(tax.category):
        found["BT-120"] = reason
    if code := EXEMPTION_CODES.get(tax.category):
        found["BT-121"] = code
    return found


def lines_terms(document: Document, lines: Sequence[Line]) -> list[Terms]:
    """BG-25: each line is one thing at its net price.

    A line's period must lie in the document's (Peppol R110, R111), which is the billing period; a service outside it
    is told in words.
    """
    currency, zone, say = document.currency, ZoneInfo(document.time_zone), tongue(document.language)
    first, last = document.period_start, document.period_end
    rates = {line.tax_rate: _percent(line.tax_rate) for line in lines}
    found = []
    for line in lines:
        what = [describe(line, say), f"{clean(line.definition)} v{line.definition_version}"]
        if line.kind == "appointment" and line.share < BASIS_POINTS:
            what.append(f"{_percent(line.share)} % of {format_plain(line.price, currency)}")
        one: Terms = {
            "BT-126": str(line.number),
            "BT-129": "1" if line.amount >= 0 else "-1",
            "BT-130": ONE,
            "BT-131": format_plain(line.amount, currency),
            "BT-146": format_plain(abs(line.amount), currency),
            "BT-151": line.tax_category,
            "BT-153": MINIMUM if line.appointment_id is None else APPOINTMENT,
        }
        if line.tax_category != "O":
            one["BT-152"] = rates[line.tax_rate]
        if line.service_at is not None:
            day = line.service_at.astimezone(zone).date()
            if first <= day <= last:
                one["BT-134"] = one["BT-135"] = day
            else:
                what.append(f"service on {day.isoformat()}")
        one["BT-154"] = " · ".join(part for part in what if part)
        if reference := clean(line.reference):
            one["BT-155"] = reference
        found.append(one)
    return found


def _percent(basis_points: int) -> str:
    """2000 is "20.00"."""
    return f"{basis_points // 100}.{basis_points % 100:02d}"
