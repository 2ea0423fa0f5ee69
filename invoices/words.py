"""The words on a document: its heading, the phrases the law asks for, names of outcomes, why it has no e-invoice.

Owns fixed text alone, chosen by country, mode and tax category. The issuing transaction freezes the legal phrases
into the document; nothing here decides an amount.
"""

from collections.abc import Iterable
from typing import Final

from invoices.document import Document, DocumentKind, Line, LineKind, Mode, Party, TaxBreakdown
from invoices.languages import Tongue
from invoices.text import clean
from ledger.domain.money import exponent

SELF_BILLING: Final = "Self-billing"
"""Directive 2006/112/EC, art. 226 (10a)."""
UK_OUTPUT_TAX: Final = "The VAT shown is your output tax due to HMRC"
REVERSE_CHARGE: Final = "Reverse charge"
NOT_SUBJECT: Final = "Not subject to VAT"
GERMAN_CORRECTION: Final = "Rechnungskorrektur"
"""In German law "Gutschrift" means self-billing, so that a credit note must not be called one."""
NOTHING_TO_PAY: Final = "Nothing to pay: the buyer owes this much less."
NOT_AN_INVOICE: Final = "This statement is not an invoice. Please send your own invoice for the amounts shown."
NOT_A_CREDIT_NOTE: Final = (
    "This statement is not a credit note. Please send your own credit note for the amounts shown."
)

OUTCOMES: Final = {
    "attended": "Attended",
    "cut_short": "Cut short",
    "prospect_no_show": "Prospect did not come",
    "buyer_no_show": "Buyer did not come",
    "both_absent": "Nobody came",
    "supplier_fault": "Supplier’s fault",
    "access_failure": "No access",
    "technical_failure": "Technical failure",
    "cancelled_by_prospect": "Cancelled by the prospect",
    "cancelled_by_buyer": "Cancelled by the buyer",
    "cancelled_by_buyer_late": "Cancelled late by the buyer",
    "cancelled_by_supplier": "Cancelled by the supplier",
    "disqualified": "Disqualified",
}
KINDS: Final = {"appointment": "", "shortfall": "Monthly minimum", "adjustment": "Adjustment", "credit": "Credit"}
CATEGORY_NAMES: Final = {
    "S": "Standard rate",
    "Z": "Zero rate",
    "E": "Exempt",
    "AE": "Reverse charge",
    "O": "Not subject to VAT",
}


def legal_words(
    mode: Mode, kind: DocumentKind, supplier: Party, buyer: Party, taxes: Iterable[TaxBreakdown]
) -> tuple[str, ...]:
    """The phrases to freeze into a document, in the order they are printed."""
    rows = tuple(taxes)
    categories = {row.category for row in rows}
    words: list[str] = []
    if mode == "self_billed":
        words.append(SELF_BILLING)
        if _is_british(supplier) and supplier.vat_registered and not categories & {"AE", "O"}:
            words.append(UK_OUTPUT_TAX)
        if kind == "credit_note" and governing_country(supplier, buyer, rows) == "DE":
            words.append(GERMAN_CORRECTION)
    else:
        words.append(NOT_A_CREDIT_NOTE if kind == "credit_note" else NOT_AN_INVOICE)
    if "AE" in categories:
        words.append(REVERSE_CHARGE)
    if "O" in categories:
        words.append(NOT_SUBJECT)
    words.extend(row.exemption for row in rows if row.exemption and row.exemption not in words)
    return tuple(words)


def governing_country(supplier: Party, buyer: Party, taxes: Iterable[TaxBreakdown]) -> str:
    """Whose invoicing law counts (directive, art. 219a): the supplier's; under reverse charge the buyer's."""
    reverse_charge = any(row.category == "AE" for row in taxes)
    return (buyer if reverse_charge else supplier).address.country


def heading(document: Document) -> str:
    """What the document calls itself in large type."""
    if document.mode == "statement":
        return "Credit statement" if document.kind == "credit_note" else "Statement"
    if document.kind == "credit_note":
        german = governing_country(document.supplier, document.buyer, document.taxes) == "DE"
        return GERMAN_CORRECTION if german else "Self-billed credit note"
    return "Self-billed invoice"


def e_invoice_obstacle(document: Document) -> str | None:
    """Why no e-invoice can be embedded, for the small print; None where one can, or where none is due (statements)."""
    if document.type_code is None:
        return None
    if exponent(document.currency) > 2:
        return f"{document.currency} has {exponent(document.currency)} decimals, EN 16931 allows two"
    for role, party in (("supplier", document.supplier), ("buyer", document.buyer)):
        if missing := party.address.missing:
            return f"the {role}'s address is incomplete ({', '.join(missing)} missing)"
    return None


def kind_and_outcome(kind: LineKind, outcome: str | None, say: Tongue) -> tuple[str, str]:
    """What sort of line it is, where it is no plain appointment, and what came of the appointment."""
    told = OUTCOMES.get(outcome or "")
    return say(KINDS[kind]) if KINDS[kind] else "", clean(outcome) if told is None else say(told)


def describe(line: Line, say: Tongue) -> str:
    """What the line is for, in words."""
    parts = (
        *kind_and_outcome(line.kind, line.outcome, say),
        ", ".join(line.confirmed),
        say("corrects line {number}", number=line.corrects_line) if line.corrects_line is not None else "",
        line.note,
    )
    return clean(" · ".join(part for part in parts if part))


def _is_british(party: Party) -> bool:
    return party.address.country in ("GB", "UK")
