"""The terms two parties agree on, as frozen values.

Owns the vocabulary of a definition version (what qualifies, what counts as attended, what each outcome is
worth) and of an agreement version (price, tax, payment, billing). Values here are already validated;
`definition.py` and `agreement.py` parse documents into them and refuse everything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Unit(StrEnum):
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    BUSINESS_DAYS = "business_days"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time with exactly one unit. `days` keep the wall-clock time, `business_days` skip the calendar's."""

    unit: Unit
    count: int

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("a length of time is never negative")

    @property
    def is_zero(self) -> bool:
        return self.count == 0


class Operator(StrEnum):
    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    IN = "in"
    NOT_IN = "not_in"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BETWEEN = "between"
    MATCHES = "matches"
    PRESENT = "present"
    WITHIN_REGION = "within_region"


class FactType(StrEnum):
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    STRING = "string"
    CHOICE = "choice"
    DATE = "date"


class CriterionKind(StrEnum):
    REQUIRED = "required"
    BONUS = "bonus"


class Standard(StrEnum):
    """The standard of evidence a criterion or a reason asks for."""

    ATTESTATION = "attestation"
    VERBAL_ON_RECORDING = "verbal_on_recording"
    DOCUMENT = "document"


class Missing(StrEnum):
    REJECT = "reject"
    UNPROVEN = "unproven"


class Outcome(StrEnum):
    ATTENDED = "attended"
    CUT_SHORT = "cut_short"
    PROSPECT_NO_SHOW = "prospect_no_show"
    BUYER_NO_SHOW = "buyer_no_show"
    BOTH_ABSENT = "both_absent"
    SUPPLIER_FAULT = "supplier_fault"
    ACCESS_FAILURE = "access_failure"
    TECHNICAL_FAILURE = "technical_failure"
    CANCELLED_BY_PROSPECT = "cancelled_by_prospect"
    CANCELLED_BY_BUYER = "cancelled_by_buyer"
    CANCELLED_BY_BUYER_LATE = "cancelled_by_buyer_late"
    CANCELLED_BY_SUPPLIER = "cancelled_by_supplier"
    DISQUALIFIED = "disqualified"


class Present(StrEnum):
    """Who must have been there on the prospect's side."""

    DECISION_MAKER = "decision_maker"
    AUTHORISED_CONTACT = "authorised_contact"
    ANY = "any"


class Anchor(StrEnum):
    SLOT_END = "slot_end"
    DELIVERY = "delivery"


class Silence(StrEnum):
    ACCEPT = "accept"
    EVIDENCE_THEN_ACCEPT = "evidence_then_accept"
    REJECT = "reject"
    ESCALATE = "escalate"


class NoReply(StrEnum):
    UPHOLD = "uphold"
    DISMISS = "dismiss"
    ESCALATE = "escalate"


class RemedyKind(StrEnum):
    CREDIT = "credit"
    PARTIAL = "partial"
    REPLACEMENT = "replacement"


class ContactKind(StrEnum):
    EMAIL = "email"
    PHONE = "phone"
    COMPANY_DOMAIN = "company_domain"
    COMPANY_NUMBER = "company_number"


class DuplicateScope(StrEnum):
    DEFINITION = "definition"
    BUYER = "buyer"
    SUPPLIER = "supplier"


class TaxCategory(StrEnum):
    """UNCL 5305 codes that the product issues."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    OUTSIDE = "O"


class BillingMode(StrEnum):
    SELF_BILLED = "self_billed"
    STATEMENT = "statement"


FactValue = bool | int | str
"""A fact as it is stored: decimals and dates are strings."""


@dataclass(frozen=True, slots=True)
class Fact:
    type: FactType
    label: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Criterion:
    """`value` is a scalar, a tuple (`in`, `not_in`, `between`, `within_region`) or None (`present`)."""

    id: str
    label: str
    fact: str
    operator: Operator
    value: FactValue | tuple[FactValue, ...] | None
    kind: CriterionKind
    evidence: Standard
    missing: Missing


@dataclass(frozen=True, slots=True)
class Attendance:
    minimum_minutes: int
    wait: Span
    contact_attempts: int
    present: Present
    proof_grades: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reschedule:
    limit: int
    within: Span
    counts_from: Span


@dataclass(frozen=True, slots=True)
class Rebooking:
    within: Span
    limit: int


@dataclass(frozen=True, slots=True)
class Verification:
    window: Span
    anchor: Anchor
    silence: Silence


@dataclass(frozen=True, slots=True)
class Remedy:
    """`share` (basis points that remain) for `partial`, `expires` for `replacement`, neither for `credit`."""

    kind: RemedyKind
    share: int | None = None
    expires: Span | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    label: str
    evidence: Standard
    remedy: Remedy | None = None


@dataclass(frozen=True, slots=True)
class Dispute:
    contest_window: Span
    reply_window: Span
    decision_window: Span | None
    no_reply: NoReply
    reasons: tuple[Reason, ...]
    not_reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clawback:
    """`return_cap` in basis points of the month's accepted appointments; None means no cap."""

    window: Span
    anchor: Anchor
    return_cap: int | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Duplicates:
    keys: tuple[ContactKind, ...]
    window: Span
    scope: DuplicateScope


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """The consent asked for; `region` is None for the general rule, else an ISO country or subdivision prefix."""

    region: str | None
    required: bool
    bases: tuple[str, ...]
    max_age: Span | None


@dataclass(frozen=True, slots=True)
class Consent:
    general: ConsentRule
    regions: tuple[ConsentRule, ...]


@dataclass(frozen=True, slots=True)
class Caps:
    """The most appointments per supplier with a slot starting in one day, ISO week or month; None means no cap."""

    day: int | None
    week: int | None
    month: int | None

    @property
    def any(self) -> bool:
        return self.day is not None or self.week is not None or self.month is not None


@dataclass(frozen=True, slots=True)
class Intake:
    channels: tuple[str, ...]
    backdated_grace: Span
    submit_before: Span
    lead_age: Span | None
    consent: Consent
    caps: Caps
    suppressions: bool


@dataclass(frozen=True, slots=True)
class Definition:
    """One version's terms. Shares and caps are basis points (10000 = 100 %)."""

    slug: str
    name: str
    currency: str
    time_zone: str
    calendar: str
    effective_from: datetime | None
    facts: Mapping[str, Fact]
    criteria: tuple[Criterion, ...]
    attendance: Attendance
    outcomes: Mapping[Outcome, int]
    reschedule: Reschedule
    rebooking: Rebooking
    late_within: Span
    verification: Verification
    dispute: Dispute
    clawback: Clawback
    duplicates: Duplicates
    intake: Intake

    def criterion(self, criterion_id: str) -> Criterion | None:
        return next((c for c in self.criteria if c.id == criterion_id), None)


@dataclass(frozen=True, slots=True)
class Tier:
    """From this position in the agreement's month on (1-based), the base price in minor units."""

    start: int
    amount: int


@dataclass(frozen=True, slots=True)
class PriceSchedule:
    """Amounts are minor units of the definition's currency; `bonuses` by criterion id."""

    tiers: tuple[Tier, ...]
    bonuses: Mapping[str, int]
    minimum_per_month: int | None
    deposit: int | None

    @property
    def graduated(self) -> bool:
        return len(self.tiers) > 1


@dataclass(frozen=True, slots=True)
class Tax:
    """`rate` in basis points; `exemption` is the reason printed for E (and AE, O where given)."""

    category: TaxCategory
    rate: int
    exemption: str | None


@dataclass(frozen=True, slots=True)
class SelfBilling:
    """Both dates inclusive, in the buyer's zone; `until` None lasts as long as the contract."""

    start: date
    until: date | None
    supplier_vat_id: str | None


@dataclass(frozen=True, slots=True)
class Billing:
    mode: BillingMode
    acceptance_window: Span
    self_billing: SelfBilling | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version's commercial terms between a buyer and a supplier, for one definition."""

    definition: str
    effective_from: datetime | None
    price: PriceSchedule
    tax: Tax
    payment_days: int
    billing: Billing
