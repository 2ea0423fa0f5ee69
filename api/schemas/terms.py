"""Terms documents on the wire, described for the OpenAPI document.

Owns the description alone. The domain's parser reads the documents, finds every fault at once and knows what no
schema can say, such as which fact a criterion may read; so loading one of these checks only that it is an object.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from marshmallow import ValidationError, validate
from marshmallow import fields as plain

from api import fields
from api.schemas import Strict
from ledger.domain import terms
from ledger.domain.clauses import IDENTIFIER

SHARE: Final[dict[str, Any]] = {
    "minimum": 0,
    "maximum": 10_000,
    "metadata": {"description": "Basis points: 10000 is 100 %"},
}
_OPTIONAL: Final[dict[str, Any]] = {"allow_none": True}
MINOR_UNITS: Final[dict[str, Any]] = {"minimum": 0, "metadata": {"description": "Minor units of the currency"}}


class TermsDocument(Strict):
    """A terms document: an object, which the domain's parser checks."""

    def load(
        self,
        data: Any,
        *,
        many: bool | None = None,
        partial: bool | Sequence[str] | Any | None = None,
        unknown: str | None = None,
    ) -> Any:
        if not isinstance(data, Mapping):
            raise ValidationError("Needs an object.")
        return data


class Length(Strict):
    """A length of time: exactly one of these. Days and business days keep the wall-clock time."""

    minutes = fields.Whole(minimum=0)
    hours = fields.Whole(minimum=0)
    days = fields.Whole(minimum=0)
    business_days = fields.Whole(minimum=0)


def length(*, required: bool = True) -> plain.Nested:
    return plain.Nested(Length, required=required, allow_none=not required)


class TermsFact(Strict):
    """A fact that submissions carry. `choices` belong to the type `choice`."""

    type = fields.Choice(terms.FactType, required=True)
    label = fields.Text(**_OPTIONAL)
    choices = plain.List(fields.Text(), **_OPTIONAL)


class TermsCriterion(Strict):
    """What a prospect has to meet (`required`), or earns more by (`bonus`)."""

    id = fields.Text(required=True, longest=63, metadata={"pattern": f"^{IDENTIFIER}$"})
    label = fields.Text(**_OPTIONAL)
    fact = fields.Text(required=True, metadata={"description": "The declared fact that it reads"})
    operator = fields.Choice(terms.Operator, required=True)
    value = plain.Raw(
        allow_none=True,
        metadata={"description": "As the operator needs it: one value, a list, [lowest, highest], a pattern (RE2)"},
    )
    kind = fields.Choice(terms.CriterionKind, required=True)
    evidence = fields.Choice(terms.Standard, required=True)
    missing = fields.Choice(terms.Missing, required=True)


class TermsAttendance(Strict):
    """When both sides count as having met."""

    minimum_minutes = fields.Whole(required=True, minimum=0, maximum=1_440)
    wait = length()
    contact_attempts = fields.Whole(required=True, minimum=0, maximum=1_000)
    present = fields.Choice(terms.Present, required=True)
    proof_grades = plain.List(fields.Choice(("A", "B", "C")), **_OPTIONAL)


TermsOutcomes = Strict.from_dict({str(o): fields.Whole(**SHARE) for o in terms.Outcome}, name="TermsOutcomes")
TermsOutcomes.__doc__ = "The share of the price that each outcome is worth. A version publishes with all of them."


class TermsReschedule(Strict):
    """How often and how far a slot may be moved."""

    limit = fields.Whole(required=True, minimum=0, maximum=1_000)
    within = length()
    counts_from = length()


class TermsRebooking(Strict):
    """A second chance after a prospect's no-show."""

    within = length()
    limit = fields.Whole(required=True, minimum=0, maximum=1_000)


class TermsNotice(Strict):
    """Inside this time before the start, a buyer's cancellation is late."""

    late_within = length()


class TermsVerification(Strict):
    """The buyer's window to state findings, and what silence means."""

    window = length()
    anchor = fields.Choice(terms.Anchor, required=True)
    silence = fields.Choice(terms.Silence, required=True)


class TermsReason(Strict):
    """A reason that counts, and the evidence that it needs."""

    code = fields.Text(required=True, longest=63, metadata={"pattern": f"^{IDENTIFIER}$"})
    label = fields.Text(**_OPTIONAL)
    evidence = fields.Choice(terms.Standard, required=True)


class TermsRemedy(Strict):
    """What a clawback brings: `share` belongs to `partial`, `expires` to `replacement`."""

    kind = fields.Choice(terms.RemedyKind, required=True)
    share = fields.Whole(allow_none=True, **SHARE)
    expires = length(required=False)


class TermsClawbackReason(TermsReason):
    """A reason to claim back, with its remedy."""

    remedy = plain.Nested(TermsRemedy, required=True)


class TermsDispute(Strict):
    """Who may contest for how long, and how it ends."""

    contest_window = length()
    reply_window = length()
    decision_window = length(required=False)
    no_reply = fields.Choice(terms.NoReply, required=True)
    reasons = plain.List(plain.Nested(TermsReason), required=True)
    not_reasons = plain.List(fields.Text(), **_OPTIONAL)


class TermsClawback(Strict):
    """What the buyer may claim back after acceptance. `return_cap` null: no cap."""

    window = length()
    anchor = fields.Choice(terms.Anchor)
    return_cap = fields.Whole(allow_none=True, **SHARE)
    reasons = plain.List(plain.Nested(TermsClawbackReason), required=True)


class TermsDuplicates(Strict):
    """By what and for how long the same prospect is known again."""

    keys = plain.List(fields.Choice(terms.ContactKind), required=True)
    window = length()
    scope = fields.Choice(terms.DuplicateScope, required=True)


class TermsConsentRule(Strict):
    """The consent that a prospect must have given in a region."""

    region = fields.Text(required=True, longest=6)
    required = fields.Flag(required=True)
    bases = plain.List(fields.Text(), **_OPTIONAL)
    max_age = length(required=False)


class TermsConsent(Strict):
    """The consent that a prospect must have given, with regions of their own rules."""

    required = fields.Flag(required=True)
    bases = plain.List(fields.Text(), **_OPTIONAL)
    max_age = length(required=False)
    regions = plain.List(plain.Nested(TermsConsentRule), **_OPTIONAL)


class TermsCaps(Strict):
    """The most appointments per supplier, by the slot's start; null: no cap."""

    day = fields.Whole(minimum=0, maximum=1_000_000, **_OPTIONAL)
    week = fields.Whole(minimum=0, maximum=1_000_000, **_OPTIONAL)
    month = fields.Whole(minimum=0, maximum=1_000_000, **_OPTIONAL)


class TermsIntake(Strict):
    """What may be submitted."""

    channels = plain.List(fields.Text(), required=True)
    backdated_grace = length()
    submit_before = length()
    lead_age = length(required=False)
    consent = plain.Nested(TermsConsent, required=True)
    caps = plain.Nested(TermsCaps, **_OPTIONAL)
    suppressions = fields.Flag(required=True)


class DefinitionTerms(TermsDocument):
    """The terms of a definition version: what qualifies, what counts as attended, what each outcome is worth."""

    slug = fields.Text(required=True, longest=63, metadata={"description": "Unique per buyer; stays"})
    name = fields.Text(required=True)
    currency = fields.Currency(required=True)
    time_zone = fields.TimeZone(required=True)
    calendar = fields.Text(required=True, metadata={"description": "Of business days: PT, or a part such as GB-ENG"})
    effective_from = fields.Instant(
        allow_none=True, metadata={"description": "A proposal in a draft; settled when it is published"}
    )
    facts = plain.Dict(keys=plain.String(), values=plain.Nested(TermsFact), required=True)
    criteria = plain.List(plain.Nested(TermsCriterion), required=True)
    attendance = plain.Nested(TermsAttendance, required=True)
    outcomes = plain.Nested(TermsOutcomes, required=True)
    reschedule = plain.Nested(TermsReschedule, required=True)
    rebooking = plain.Nested(TermsRebooking, required=True)
    notice = plain.Nested(TermsNotice, required=True)
    verification = plain.Nested(TermsVerification, required=True)
    dispute = plain.Nested(TermsDispute, required=True)
    clawback = plain.Nested(TermsClawback, required=True)
    duplicates = plain.Nested(TermsDuplicates, required=True)
    intake = plain.Nested(TermsIntake, required=True)


TermsTier = Strict.from_dict(
    {
        "from": fields.Whole(required=True, minimum=1, metadata={"description": "Position within the billing month"}),
        "amount": fields.Whole(required=True, **MINOR_UNITS),
    },
    name="TermsTier",
)
TermsTier.__doc__ = "From this position on, this base price."


class TermsDeposit(Strict):
    """A security, drawn down before anything is due."""

    amount = fields.Whole(required=True, **MINOR_UNITS)


class TermsPrice(Strict):
    """The price schedule; `bonuses` by the id of a bonus criterion."""

    tiers = plain.List(plain.Nested(TermsTier), required=True, validate=validate.Length(min=1))
    bonuses = plain.Dict(keys=plain.String(), values=fields.Whole(**MINOR_UNITS), **_OPTIONAL)
    minimum_per_month = fields.Whole(allow_none=True, **MINOR_UNITS)
    deposit = plain.Nested(TermsDeposit, **_OPTIONAL)


class TermsTax(Strict):
    """The VAT category (UNCL 5305), its rate in basis points, and why it is exempt."""

    category = fields.Choice(terms.TaxCategory, required=True)
    rate = fields.Whole(required=True, **SHARE)
    exemption = fields.Text(longest=500, **_OPTIONAL)


class TermsPayment(Strict):
    """When an invoice is due."""

    days = fields.Whole(required=True, minimum=0, maximum=3_650)


TermsSelfBilling = Strict.from_dict(
    {
        "from": fields.Day(required=True),
        "until": fields.Day(allow_none=True, metadata={"description": "Inclusive; null: as long as the contract"}),
        "supplier_vat_id": fields.Text(
            longest=32, metadata={"description": "Null: what the supplier has when he accepts"}, **_OPTIONAL
        ),
    },
    name="TermsSelfBilling",
)
TermsSelfBilling.__doc__ = "The self-billing agreement: its days and the VAT identifier it was signed for."


class TermsBilling(Strict):
    """Who issues the documents."""

    mode = fields.Choice(terms.BillingMode, required=True)
    acceptance_window = length(required=False)
    self_billing = plain.Nested(TermsSelfBilling, **_OPTIONAL)


class AgreementTerms(TermsDocument):
    """The commercial terms of an agreement version."""

    definition = fields.Text(required=True, longest=130, metadata={"description": "The buyer's definition, by slug"})
    effective_from = fields.Instant(
        allow_none=True, metadata={"description": "It counts from here or the second acceptance, if that is later"}
    )
    price = plain.Nested(TermsPrice, required=True)
    tax = plain.Nested(TermsTax, required=True)
    payment = plain.Nested(TermsPayment, required=True)
    billing = plain.Nested(TermsBilling, required=True)
