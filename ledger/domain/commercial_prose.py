"""An agreement's price and billing as prose: the clauses that follow those of the definition.

Owns their sentences; how they are numbered and put together is in `prose.py`.
"""

from ledger.domain import wording
from ledger.domain.terms import Agreement, BillingMode, Definition, Span, TaxCategory
from ledger.domain.wording import Clause

_TAXES = {
    TaxCategory.STANDARD: "VAT is charged at {rate}",
    TaxCategory.ZERO: "VAT is charged at the zero rate",
    TaxCategory.EXEMPT: "The service is exempt from VAT",
    TaxCategory.REVERSE_CHARGE: "The buyer accounts for the VAT (reverse charge)",
    TaxCategory.OUTSIDE: "The service is outside the scope of VAT",
}


def price(agreement: Agreement, definition: Definition) -> Clause:
    terms, currency = agreement.price, definition.currency
    if terms.graduated:
        sentences = [("price.tiers", "The base price goes by the position in the agreement's month:")]
        for tier in terms.tiers:
            base = wording.money(tier.amount, currency)
            sentences.append((f"price.tiers.{tier.start}", f"- From number {tier.start} on: {base}."))
    else:
        base = wording.money(terms.tiers[0].amount, currency)
        sentences = [("price.tiers", f"The base price is {base}.")]
    for identifier, amount in terms.bonuses.items():
        criterion = definition.criterion(identifier)
        label = criterion.label if criterion is not None else identifier
        adds = wording.money(amount, currency)
        sentences.append((f"price.bonuses.{identifier}", f"“{label}” (`{identifier}`), where confirmed, adds {adds}."))
    if terms.minimum_per_month is not None:
        minimum = wording.money(terms.minimum_per_month, currency)
        said = f"A month comes to at least {minimum} net; what is missing is owed as a shortfall."
        sentences.append(("price.minimum_per_month", said))
    if terms.deposit is not None:
        deposit = wording.money(terms.deposit, currency)
        sentences.append(
            ("price.deposit", f"The buyer pays a deposit of {deposit}, drawn down before anything is due.")
        )
    sentences.append(("price", "Amounts are rounded half up, once, after the share is taken."))
    return "Price", sentences


def billing(agreement: Agreement) -> Clause:
    terms, tax = agreement.billing, agreement.tax
    sentences = [("billing", "Bills are made for each calendar month.")]
    if terms.mode is BillingMode.SELF_BILLED:
        sentences.append(("billing.mode", "The buyer issues the invoices in the supplier's name (self-billing)."))
    else:
        sentences.append(("billing.mode", "The buyer receives statements; the supplier issues the invoices."))
    if terms.self_billing is not None:
        agreed = terms.self_billing
        until = (
            f" until {agreed.until.isoformat()}, that day included"
            if agreed.until
            else ", as long as the contract lasts"
        )
        number = f", for the VAT identifier {agreed.supplier_vat_id}" if agreed.supplier_vat_id else ""
        said = f"Self-billing is agreed from {agreed.start.isoformat()}{until}{number}."
        sentences.append(("billing.self_billing", said))
    if not _unused(terms.acceptance_window, terms.mode):
        window = wording.length(terms.acceptance_window)
        said = f"The supplier may query a document within {window}; silence is acceptance."
        sentences.append(("billing.acceptance_window", said))
    exemption = f": {tax.exemption}" if tax.exemption else ""
    sentences.append(("tax", f"{_TAXES[tax.category].format(rate=wording.percent(tax.rate))}{exemption}."))
    due = wording.counted(agreement.payment_days, "day")
    sentences.append(("payment.days", f"Documents are due {due} after they are issued."))
    return "Billing", sentences


def _unused(window: Span, mode: BillingMode) -> bool:
    return mode is BillingMode.STATEMENT or window.is_zero
