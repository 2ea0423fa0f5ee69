"""The terms document of an agreement version: price, tax, payment and billing between one buyer and one supplier.

Owns its schema, what it must say to suit its definition, and the hash both sides accept, which covers the
definition version's hash. Refuses unknown fields, floats, and a tax rate that its category does not have.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from ledger.domain.canonical import content_hash
from ledger.domain.errors import FieldError
from ledger.domain.reading import Faults, Fields, check_plain, escaped
from ledger.domain.terms import (
    Agreement,
    Billing,
    BillingMode,
    CriterionKind,
    Definition,
    PriceSchedule,
    SelfBilling,
    Span,
    Tax,
    TaxCategory,
    Tier,
    Unit,
)

MOST_MONEY: Final = 10**14
"""Minor units. The sum of a hundred thousand such amounts still fits into 64 bits."""
_MOST_RATE: Final = 10_000
_LONGEST_PAYMENT_DAYS: Final = 3_650
_LATEST_POSITION: Final = 10**9
_UNEXPLAINED: Final = frozenset({TaxCategory.STANDARD, TaxCategory.ZERO})
"""Categories that EN 16931 gives no exemption reason (BR-S-10, BR-Z-10)."""


def parse_agreement(document: Mapping[str, Any]) -> Agreement:
    """The terms of a version. Raises `Malformed` with every fault of the document.

    A key whose value may be null may be left out; a statement needs no acceptance window.
    """
    faults = Faults()
    check_plain(document, faults)
    root = Fields(document, "", faults)
    agreement = Agreement(
        definition=root.text("definition"),
        effective_from=root.optional_instant("effective_from"),
        price=_price(root.fields("price")),
        tax=_tax(root.fields("tax")),
        payment_days=_payment_days(root.fields("payment")),
        billing=_billing(root.fields("billing")),
    )
    root.close()
    faults.raise_if_any("The agreement")
    return agreement


def check_against(agreement: Agreement, definition: Definition) -> tuple[FieldError, ...]:
    """Where the agreement does not suit the definition; nothing if it does.

    A bonus criterion without a bonus is worth nothing extra, which is allowed; a bonus for anything but a bonus
    criterion could never be earned, which is not.
    """
    errors: list[FieldError] = []
    if agreement.definition.rpartition(":")[2] != definition.slug:
        errors.append(FieldError("/definition", f"is not the definition {definition.slug}"))
    for identifier in agreement.price.bonuses:
        criterion = definition.criterion(identifier)
        if criterion is None or criterion.kind is not CriterionKind.BONUS:
            errors.append(FieldError(f"/price/bonuses/{escaped(identifier)}", "is not a bonus criterion"))
    return tuple(errors)


def agreement_hash(document: Mapping[str, Any], definition_hash: str) -> str:
    """What each side accepts: the agreement's terms together with the hash of the definition version."""
    return content_hash({"agreement": document, "definition_hash": definition_hash})


def _price(fields: Fields) -> PriceSchedule:
    tiers = tuple(_tier(Fields(item, pointer, fields.faults)) for pointer, item in fields.items("tiers"))
    starts = [tier.start for tier in tiers]
    if fields.has("tiers") and starts[:1] != [1]:
        fields.fault("tiers", "must begin with the position 1")
    if any(later <= earlier for earlier, later in pairwise(starts)):
        fields.fault("tiers", "must ascend by position")
    bonuses = fields.optional_fields("bonuses")
    deposit = fields.optional_fields("deposit")
    schedule = PriceSchedule(
        tiers=tiers,
        bonuses={} if bonuses is None else {k: bonuses.integer(k, 0, MOST_MONEY) for k in bonuses.names()},
        minimum_per_month=fields.optional_integer("minimum_per_month", 0, MOST_MONEY),
        deposit=None if deposit is None else deposit.integer("amount", 0, MOST_MONEY),
    )
    if deposit is not None:
        deposit.close()
    fields.close()
    return schedule


def _tier(fields: Fields) -> Tier:
    tier = Tier(fields.integer("from", 1, _LATEST_POSITION), fields.integer("amount", 0, MOST_MONEY))
    fields.close()
    return tier


def _tax(fields: Fields) -> Tax:
    before = len(fields.faults.errors)
    tax = Tax(
        category=fields.choice("category", TaxCategory),
        rate=fields.integer("rate", 0, _MOST_RATE),
        exemption=fields.optional_text("exemption", longest=500),
    )
    if len(fields.faults.errors) == before:
        if tax.category is TaxCategory.STANDARD and tax.rate == 0:
            fields.fault("rate", "must be more than 0 for category S; a rate of 0 is category Z")
        if tax.category is not TaxCategory.STANDARD and tax.rate > 0:
            fields.fault("rate", f"must be 0 for category {tax.category}")
        if tax.exemption is not None and tax.category in _UNEXPLAINED:
            fields.fault("exemption", f"category {tax.category} has no exemption")
    fields.close()
    return tax


def _payment_days(fields: Fields) -> int:
    days = fields.integer("days", 0, _LONGEST_PAYMENT_DAYS)
    fields.close()
    return days


def _billing(fields: Fields) -> Billing:
    mode = fields.choice("mode", BillingMode)
    if mode is BillingMode.SELF_BILLED and not fields.has("self_billing"):
        fields.fault("self_billing", "is needed where the buyer issues the invoices")
    window = (
        fields.span("acceptance_window")
        if mode is BillingMode.SELF_BILLED or fields.has("acceptance_window")
        else Span(Unit.DAYS, 0)
    )
    self_billing = fields.optional_fields("self_billing")
    billing = Billing(mode, window, None if self_billing is None else _self_billing(self_billing))
    fields.close()
    return billing


def _self_billing(fields: Fields) -> SelfBilling:
    self_billing = SelfBilling(
        start=fields.day("from"),
        until=fields.optional_day("until"),
        supplier_vat_id=fields.optional_text("supplier_vat_id", longest=32),
    )
    if self_billing.until is not None and self_billing.until < self_billing.start:
        fields.fault("until", "must not be before the first day")
    fields.close()
    return self_billing
