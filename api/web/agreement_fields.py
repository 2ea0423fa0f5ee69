"""The form of an agreement on a definition, declared: price, tax, payment and billing, and the words beside them.

Owns labels and hints, and what a first offer begins with. Amounts are of the definition's currency; only its bonus
criteria can have a bonus.
"""

from typing import Any, Final

from api.languages import marked
from api.web.terms_fields import Choices, Field, Kind, Part, Rows, span_of
from ledger.domain.terms import BillingMode, CriterionKind, Definition, TaxCategory

_MODES: Final[Choices] = (
    (BillingMode.SELF_BILLED.value, marked("You issue the invoices (self-billing)")),
    (BillingMode.STATEMENT.value, marked("You issue statements, the supplier invoices")),
)
_CATEGORIES: Final[Choices] = (
    (TaxCategory.STANDARD.value, marked("S: the standard or a reduced rate")),
    (TaxCategory.ZERO.value, marked("Z: zero rate")),
    (TaxCategory.EXEMPT.value, marked("E: exempt")),
    (TaxCategory.REVERSE_CHARGE.value, marked("AE: reverse charge")),
    (TaxCategory.OUTSIDE.value, marked("O: outside the scope of tax")),
)


def parts_for(definition: Definition) -> tuple[Part, ...]:
    """The form of an agreement on this definition."""
    currency = definition.currency
    bonuses = tuple(
        Field(f"price.bonuses.{each.id}", each.label or each.id, Kind.MONEY, optional=True, currency=currency)
        for each in definition.criteria
        if each.kind is CriterionKind.BONUS
    )
    return (
        Part(
            marked("Price"),
            marked("What a qualified, attended appointment is worth; the other outcomes are shares of it."),
            (
                Rows(
                    "price.tiers",
                    marked("price"),
                    (
                        Field("from", marked("From the month’s appointment number"), Kind.WHOLE),
                        Field("amount", marked("Each is worth"), Kind.MONEY, currency=currency),
                    ),
                ),
                *_least(currency),
            ),
        ),
        *(
            (Part(marked("Bonuses"), marked("What is added where the criterion is confirmed."), bonuses),)
            if bonuses
            else ()
        ),
        _TAX,
        _BILLING,
    )


def _least(currency: str) -> tuple[Field, ...]:
    return (
        Field(
            "price.minimum_per_month",
            marked("Least a month"),
            Kind.MONEY,
            marked("the shortfall is a line of its own; empty: none"),
            optional=True,
            currency=currency,
        ),
        Field(
            "price.deposit.amount",
            marked("Deposit"),
            Kind.MONEY,
            marked("drawn down before anything is due; empty: none"),
            optional=True,
            currency=currency,
        ),
    )


_TAX: Final = Part(
    marked("Tax and payment"),
    "",
    (
        Field("tax.category", marked("VAT category"), Kind.CHOICE, choices=_CATEGORIES),
        Field("tax.rate", marked("Rate"), Kind.PERCENT, marked("0 for every category but S")),
        Field(
            "tax.exemption",
            marked("Reason of the exemption"),
            hint=marked("for E, AE and O, as it is printed; may be empty for AE and O"),
            optional=True,
        ),
        Field("payment.days", marked("Days to pay"), Kind.WHOLE),
    ),
)
_BILLING: Final = Part(
    marked("Billing"),
    marked("Self-billing needs an agreement of its own: from when, until when, for which VAT identifier."),
    (
        Field("billing.mode", marked("Who invoices"), Kind.CHOICE, choices=_MODES),
        span_of("billing.acceptance_window", marked("The supplier answers within"), optional=True),
        Field("billing.self_billing.from", marked("Self-billing from"), Kind.DAY, optional=True),
        Field(
            "billing.self_billing.until",
            marked("Self-billing until"),
            Kind.DAY,
            marked("inclusive; empty: as long as the contract"),
            optional=True,
        ),
        Field(
            "billing.self_billing.supplier_vat_id",
            marked("Supplier’s VAT identifier"),
            hint=marked("empty: not registered for VAT"),
            optional=True,
        ),
        Field(
            "effective_from",
            marked("Counts from"),
            Kind.INSTANT,
            marked("empty: from the second acceptance"),
            optional=True,
        ),
    ),
)


def first_offer(today: str) -> dict[str, Any]:
    """What most agreements say; the price is the buyer's to name."""
    return {
        "effective_from": None,
        "price": {"tiers": [{"from": 1, "amount": ""}]},
        "tax": {"category": TaxCategory.STANDARD.value, "rate": "", "exemption": None},
        "payment": {"days": 30},
        "billing": {
            "mode": BillingMode.SELF_BILLED.value,
            "acceptance_window": {"days": 10},
            "self_billing": {"from": today, "until": None, "supplier_vat_id": None},
        },
    }
