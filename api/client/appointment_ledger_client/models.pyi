from typing import Any, Generic, Literal, NotRequired, TypedDict, TypeVar

T = TypeVar("T")

class Page(TypedDict, Generic[T]):
    items: list[T]
    next_cursor: str | None


class Fault(TypedDict):
    pointer: str
    detail: str


class BrokenClause(TypedDict):
    clause: str
    code: Literal["agreement_ended", "agreement_not_accepted", "agreement_not_in_force", "ambiguous_definition", "amount_not_positive", "attendance_unknown", "backdated", "before_payment", "buyer_changed", "cap_reached", "channel_not_taken", "claim_worth_more", "clock_goes_forward", "clock_too_far", "consent_age_unknown", "consent_basis", "consent_from_the_future", "consent_missing", "consent_too_old", "contact_attempts_missing", "conversations_exceed_dials", "criterion_missing", "criterion_not_met", "currency_changed", "currency_differs", "day_in_the_future", "day_in_the_past", "duplicate", "effective_before_predecessor", "effective_in_the_past", "end_in_the_past", "finding_not_possible", "idempotency_key_reused", "in_the_future", "intake_refused", "lead_age_unknown", "lead_from_the_future", "lead_too_old", "loose_definition", "message_needed", "minutes_of_an_absence", "negative_revenue", "net_differs", "no_lines", "not_fit_to_print", "not_published", "nothing_disputed", "nothing_left", "nothing_to_pay", "organisation_needed", "period_not_ended", "reason_does_not_count", "reason_not_taken", "rebooking_too_late", "refused", "repeated", "reschedule_limit", "reschedule_too_far", "return_cap_reached", "role_does_not_fit", "slot_in_the_past", "slug_changed", "submitted_too_late", "supplier_changed", "suppressed", "terms_differ", "too_many_endpoints", "unknown_appointment", "unknown_buyer", "unknown_criterion", "unknown_definition", "unknown_organisation", "unknown_role", "unknown_supplier", "unusable_secret", "url_not_taken", "contest_closed_before_verdict", "contradicting_windows", "duplicates_under_rebooking", "endless_silence", "outcome_without_share", "reason_valid_and_invalid", "undeclared_fact"]
    detail: str


class Problem(TypedDict):
    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: NotRequired[list[Fault]]
    violations: NotRequired[list[BrokenClause]]
    existing_id: NotRequired[str]
    request_id: NotRequired[str]


class PaginationMetadata(TypedDict):
    total: NotRequired[int]
    total_pages: NotRequired[int]
    first_page: NotRequired[int]
    last_page: NotRequired[int]
    page: NotRequired[int]
    previous_page: NotRequired[int]
    next_page: NotRequired[int]


class Address(TypedDict):
    line1: NotRequired[str | None]
    line2: NotRequired[str | None]
    city: NotRequired[str | None]
    postcode: NotRequired[str | None]
    region: NotRequired[str | None]
    country: str


class Bank(TypedDict):
    iban: NotRequired[str | None]
    bic: NotRequired[str | None]


class OrganisationBody(TypedDict):
    slug: str
    kind: Literal["buyer", "supplier"]
    legal_name: str
    address: Address
    vat_id: NotRequired[str | None]
    vat_registered: NotRequired[bool]
    tax_number: NotRequired[str | None]
    registration_number: NotRequired[str | None]
    bank: NotRequired[Bank | None]
    time_zone: str
    email: NotRequired[str | None]


class VatCheck(TypedDict):
    valid: bool | None
    checked_at: str | None
    method: str | None


class Organisation(TypedDict):
    id: str
    slug: str
    kind: Literal["buyer", "supplier"]
    legal_name: str
    address: Address
    vat_id: str | None
    vat_registered: bool
    vat_check: VatCheck
    tax_number: str | None
    registration_number: str | None
    bank: Bank
    time_zone: str
    email: str | None
    version: int
    created_at: str

OrganisationPage = Page[Organisation]

class AddressChange(TypedDict):
    line1: NotRequired[str | None]
    line2: NotRequired[str | None]
    city: NotRequired[str | None]
    postcode: NotRequired[str | None]
    region: NotRequired[str | None]
    country: NotRequired[str]


class BankChange(TypedDict):
    iban: NotRequired[str | None]
    bic: NotRequired[str | None]


class OrganisationChange(TypedDict):
    legal_name: NotRequired[str]
    address: NotRequired[AddressChange]
    vat_id: NotRequired[str | None]
    vat_registered: NotRequired[bool]
    tax_number: NotRequired[str | None]
    registration_number: NotRequired[str | None]
    bank: NotRequired[BankChange | None]
    time_zone: NotRequired[str]
    email: NotRequired[str | None]


class FormerOrganisation(TypedDict):
    version: int
    before: dict[str, Any]
    actor: str
    changed_at: str


class OrganisationHistory(TypedDict):
    items: list[FormerOrganisation]


class UserBody(TypedDict):
    email: str
    name: str
    roles: list[Literal["admin", "finance", "arbiter", "buyer", "supplier"]]
    organisation: NotRequired[str | None]
    password: NotRequired[str | None]


class CreatedUser(TypedDict):
    id: str
    email: str
    name: str
    roles: list[Literal["admin", "finance", "arbiter", "buyer", "supplier"]]
    organisation: str | None
    second_factor: bool
    disabled_at: str | None
    created_at: str
    password: NotRequired[str]


class User(TypedDict):
    id: str
    email: str
    name: str
    roles: list[Literal["admin", "finance", "arbiter", "buyer", "supplier"]]
    organisation: str | None
    second_factor: bool
    disabled_at: str | None
    created_at: str

UserPage = Page[User]

class KeyBody(TypedDict):
    role: Literal["admin", "finance", "arbiter", "buyer", "supplier"]
    organisation: NotRequired[str | None]
    name: NotRequired[str | None]


class IssuedKey(TypedDict):
    id: str
    role: Literal["admin", "finance", "arbiter", "buyer", "supplier"]
    organisation: str | None
    name: str | None
    prefix: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    replaced_by: str | None
    last_used_at: str | None
    secret: str


class Key(TypedDict):
    id: str
    role: Literal["admin", "finance", "arbiter", "buyer", "supplier"]
    organisation: str | None
    name: str | None
    prefix: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    replaced_by: str | None
    last_used_at: str | None

KeyPage = Page[Key]

class Grace(TypedDict):
    minutes: NotRequired[int]
    hours: NotRequired[int]
    days: NotRequired[int]


class RotationBody(TypedDict):
    grace: NotRequired[Grace | None]


class OpenedSandbox(TypedDict):
    organisation: str
    counterpart: str
    definition: str
    agreement: str
    now: str
    advanced_seconds: int
    keys: dict[str, IssuedKey]


class Sandbox(TypedDict):
    organisation: str
    counterpart: str
    definition: str
    agreement: str
    now: str
    advanced_seconds: int


class Advance(TypedDict):
    minutes: NotRequired[int]
    hours: NotRequired[int]
    days: NotRequired[int]


class ClockBody(TypedDict):
    advance: NotRequired[Advance | None]
    to: NotRequired[str | None]


class Clock(TypedDict):
    now: str
    advanced_seconds: int
    settled: int


class CriterionFindingBody(TypedDict):
    id: str
    finding: Literal["confirmed", "refuted"]
    note: NotRequired[str | None]


class FindingsBody(TypedDict):
    attendance: Literal["attended", "prospect_no_show", "buyer_no_show", "both_absent", "supplier_fault", "access_failure", "technical_failure"]
    minutes: NotRequired[int | None]
    criteria: NotRequired[list[CriterionFindingBody]]
    note: NotRequired[str | None]


class DecisionBody(TypedDict):
    findings: NotRequired[FindingsBody | None]
    share: NotRequired[int | None]
    reason: str


class Message(TypedDict):
    party: str
    body: str
    sent_at: str


class Evidence(TypedDict):
    id: str
    kind: str
    party: Literal["buyer", "supplier", "operator"]
    grade: Literal["A", "B", "C"]
    verified: bool
    occurred_at: str
    received_at: str
    media_type: str
    file_name: str | None
    sha256: str
    size: int
    delivery: str | None
    said: Any

Stretch = TypedDict(
    "Stretch",
    {
        "from": str,
        "until": str,
    },
)

class Shows(TypedDict):
    attendance: str
    minutes: int | None


class Presence(TypedDict):
    grade: Literal["A", "B", "C"]
    minutes: int
    needed: int
    prospect: list[Stretch]
    buyer: list[Stretch]
    unidentified: list[Stretch]
    together: list[Stretch]
    logged: list[Stretch]
    waiting: Stretch
    shows: Shows | None


class Dispute(TypedDict):
    id: str
    appointment: str
    supplier: str
    buyer: str
    kind: Literal["contest", "clawback", "contradiction", "escalated_silence"]
    state: Literal["awaiting_reply", "with_arbiter", "closed"]
    opened_by: str
    reason: str | None
    claim: dict[str, Any] | None
    held: int
    opened_at: str
    reply_at: str | None
    position: str | None
    decision_at: str | None
    late: bool
    resolution: Literal["conceded", "upheld", "dismissed", "decided", "withdrawn", None]
    upheld: bool | None
    decision: dict[str, Any] | None
    decision_reason: str | None
    closed_at: str | None
    messages: list[Message]
    evidence: list[Evidence]
    presence: list[Presence]


class TermsFact(TypedDict):
    type: Literal["integer", "decimal", "boolean", "string", "choice", "date"]
    label: NotRequired[str | None]
    choices: NotRequired[list[str] | None]


class TermsCriterion(TypedDict):
    id: str
    label: NotRequired[str | None]
    fact: str
    operator: Literal["equals", "not_equals", "in", "not_in", "at_least", "at_most", "between", "matches", "present", "within_region"]
    value: NotRequired[Any]
    kind: Literal["required", "bonus"]
    evidence: Literal["attestation", "verbal_on_recording", "document"]
    missing: Literal["reject", "unproven"]


class Length(TypedDict):
    minutes: NotRequired[int]
    hours: NotRequired[int]
    days: NotRequired[int]
    business_days: NotRequired[int]


class TermsAttendance(TypedDict):
    minimum_minutes: int
    wait: Length
    contact_attempts: int
    present: Literal["decision_maker", "authorised_contact", "any"]
    proof_grades: NotRequired[list[Literal["A", "B", "C"]] | None]


class TermsOutcomes(TypedDict):
    attended: NotRequired[int]
    cut_short: NotRequired[int]
    prospect_no_show: NotRequired[int]
    buyer_no_show: NotRequired[int]
    both_absent: NotRequired[int]
    supplier_fault: NotRequired[int]
    access_failure: NotRequired[int]
    technical_failure: NotRequired[int]
    cancelled_by_prospect: NotRequired[int]
    cancelled_by_buyer: NotRequired[int]
    cancelled_by_buyer_late: NotRequired[int]
    cancelled_by_supplier: NotRequired[int]
    disqualified: NotRequired[int]


class TermsReschedule(TypedDict):
    limit: int
    within: Length
    counts_from: Length


class TermsRebooking(TypedDict):
    within: Length
    limit: int


class TermsNotice(TypedDict):
    late_within: Length


class TermsVerification(TypedDict):
    window: Length
    anchor: Literal["slot_end", "delivery"]
    silence: Literal["accept", "evidence_then_accept", "reject", "escalate"]


class TermsReason(TypedDict):
    code: str
    label: NotRequired[str | None]
    evidence: Literal["attestation", "verbal_on_recording", "document"]


class TermsDispute(TypedDict):
    contest_window: Length
    reply_window: Length
    decision_window: NotRequired[Length | None]
    no_reply: Literal["uphold", "dismiss", "escalate"]
    reasons: list[TermsReason]
    not_reasons: NotRequired[list[str] | None]


class TermsRemedy(TypedDict):
    kind: Literal["credit", "partial", "replacement"]
    share: NotRequired[int | None]
    expires: NotRequired[Length | None]


class TermsClawbackReason(TypedDict):
    code: str
    label: NotRequired[str | None]
    evidence: Literal["attestation", "verbal_on_recording", "document"]
    remedy: TermsRemedy


class TermsClawback(TypedDict):
    window: Length
    anchor: NotRequired[Literal["slot_end", "delivery"]]
    return_cap: NotRequired[int | None]
    reasons: list[TermsClawbackReason]


class TermsDuplicates(TypedDict):
    keys: list[Literal["email", "phone", "company_domain", "company_number"]]
    window: Length
    scope: Literal["definition", "buyer", "supplier"]


class TermsConsentRule(TypedDict):
    region: str
    required: bool
    bases: NotRequired[list[str] | None]
    max_age: NotRequired[Length | None]


class TermsConsent(TypedDict):
    required: bool
    bases: NotRequired[list[str] | None]
    max_age: NotRequired[Length | None]
    regions: NotRequired[list[TermsConsentRule] | None]


class TermsCaps(TypedDict):
    day: NotRequired[int | None]
    week: NotRequired[int | None]
    month: NotRequired[int | None]


class TermsIntake(TypedDict):
    channels: list[str]
    backdated_grace: Length
    submit_before: Length
    lead_age: NotRequired[Length | None]
    consent: TermsConsent
    caps: NotRequired[TermsCaps | None]
    suppressions: bool


class DefinitionBody(TypedDict):
    slug: str
    name: str
    currency: str
    time_zone: str
    calendar: str
    effective_from: NotRequired[str | None]
    facts: dict[str, TermsFact]
    criteria: list[TermsCriterion]
    attendance: TermsAttendance
    outcomes: TermsOutcomes
    reschedule: TermsReschedule
    rebooking: TermsRebooking
    notice: TermsNotice
    verification: TermsVerification
    dispute: TermsDispute
    clawback: TermsClawback
    duplicates: TermsDuplicates
    intake: TermsIntake
    buyer: NotRequired[str | None]


class VersionSummary(TypedDict):
    version: int
    state: Literal["draft", "published", "superseded"]
    hash: str | None
    effective_from: str | None
    published_at: str | None


class Definition(TypedDict):
    id: str
    slug: str
    buyer: str
    name: str
    version: int | None
    draft: int | None
    created_at: str
    versions: list[VersionSummary]


class DefinitionSummary(TypedDict):
    id: str
    slug: str
    buyer: str
    name: str
    version: int | None
    draft: int | None
    created_at: str

DefinitionSummaryPage = Page[DefinitionSummary]

class DefinitionTerms(TypedDict):
    slug: str
    name: str
    currency: str
    time_zone: str
    calendar: str
    effective_from: NotRequired[str | None]
    facts: dict[str, TermsFact]
    criteria: list[TermsCriterion]
    attendance: TermsAttendance
    outcomes: TermsOutcomes
    reschedule: TermsReschedule
    rebooking: TermsRebooking
    notice: TermsNotice
    verification: TermsVerification
    dispute: TermsDispute
    clawback: TermsClawback
    duplicates: TermsDuplicates
    intake: TermsIntake


class DefinitionVersion(TypedDict):
    version: int
    state: Literal["draft", "published", "superseded"]
    hash: str | None
    effective_from: str | None
    published_at: str | None
    definition: str
    buyer: str
    created_at: str
    updated_at: str
    document: DefinitionTerms


class LintFinding(TypedDict):
    clause: str
    code: str
    severity: Literal["error", "warning"]
    detail: str
    mend: str


class Lint(TypedDict):
    version: int
    publishes: bool
    findings: list[LintFinding]


class PublishBody(TypedDict):
    effective_from: NotRequired[str | None]


class PublishedVersion(TypedDict):
    version: int
    state: Literal["draft", "published", "superseded"]
    hash: str | None
    effective_from: str | None
    published_at: str | None
    definition: str
    buyer: str
    created_at: str
    updated_at: str
    document: DefinitionTerms
    warnings: list[LintFinding]


class Change(TypedDict):
    clause: str
    pointer: str
    before: Any
    after: Any
    sentence: str


class Diff(TypedDict):
    definition: str
    against: int
    version: int
    changes: list[Change]

DryRunBody = TypedDict(
    "DryRunBody",
    {
        "period": NotRequired[str | None],
        "from": NotRequired[str | None],
        "to": NotRequired[str | None],
    },
)

class LeftOut(TypedDict):
    reason: Literal["open", "disputed", "can_be_rebooked", "decided", "erased"]
    appointments: int

OutcomeMoved = TypedDict(
    "OutcomeMoved",
    {
        "from": str,
        "to": str,
        "appointments": int,
        "money": int,
    },
)

class DryRunEffect(TypedDict):
    outcomes: int
    amounts: int
    money: int
    changes: list[OutcomeMoved]


class ClauseEffect(TypedDict):
    outcomes: int
    amounts: int
    money: int
    changes: list[OutcomeMoved]
    clause: str
    sentence: str
    replayed: bool


class DryRun(TypedDict):
    definition: str
    version: int
    currency: str
    appointments: int
    left_out: list[LeftOut]
    before: int
    after: int
    together: DryRunEffect
    clauses: list[ClauseEffect]

TermsTier = TypedDict(
    "TermsTier",
    {
        "from": int,
        "amount": int,
    },
)

class TermsDeposit(TypedDict):
    amount: int


class TermsPrice(TypedDict):
    tiers: list[TermsTier]
    bonuses: NotRequired[dict[str, int] | None]
    minimum_per_month: NotRequired[int | None]
    deposit: NotRequired[TermsDeposit | None]


class TermsTax(TypedDict):
    category: Literal["S", "Z", "E", "AE", "O"]
    rate: int
    exemption: NotRequired[str | None]


class TermsPayment(TypedDict):
    days: int

TermsSelfBilling = TypedDict(
    "TermsSelfBilling",
    {
        "from": str,
        "until": NotRequired[str | None],
        "supplier_vat_id": NotRequired[str | None],
    },
)

class TermsBilling(TypedDict):
    mode: Literal["self_billed", "statement"]
    acceptance_window: NotRequired[Length | None]
    self_billing: NotRequired[TermsSelfBilling | None]


class AgreementBody(TypedDict):
    definition: str
    effective_from: NotRequired[str | None]
    price: TermsPrice
    tax: TermsTax
    payment: TermsPayment
    billing: TermsBilling
    supplier: str
    buyer: NotRequired[str | None]


class Counting(TypedDict):
    version: int
    definition_version: int


class AcceptanceHash(TypedDict):
    definition_version: int
    hash: str


class AgreementTerms(TypedDict):
    definition: str
    effective_from: NotRequired[str | None]
    price: TermsPrice
    tax: TermsTax
    payment: TermsPayment
    billing: TermsBilling


class AgreementVersion(TypedDict):
    version: int
    effective_from: str
    hashes: list[AcceptanceHash]
    created_at: str
    document: AgreementTerms


class Acceptance(TypedDict):
    party: Literal["buyer", "supplier"]
    version: int
    definition_version: int
    hash: str
    accepted_at: str


class Agreement(TypedDict):
    id: str
    supplier: str
    buyer: str
    definition: str
    counts: Counting | None
    ended_from: str | None
    created_at: str
    versions: list[AgreementVersion]
    acceptances: list[Acceptance]


class AgreementSummary(TypedDict):
    id: str
    supplier: str
    buyer: str
    definition: str
    counts: Counting | None
    ended_from: str | None
    created_at: str

AgreementSummaryPage = Page[AgreementSummary]

class AgreementVersionBody(TypedDict):
    definition: str
    effective_from: NotRequired[str | None]
    price: TermsPrice
    tax: TermsTax
    payment: TermsPayment
    billing: TermsBilling
    supplier: NotRequired[str | None]
    buyer: NotRequired[str | None]


class AcceptanceBody(TypedDict):
    version: int
    definition_version: NotRequired[int | None]

EndBody = TypedDict(
    "EndBody",
    {
        "from": NotRequired[str | None],
    },
)

class DepositBody(TypedDict):
    amount: int | dict[str, Any]
    received_on: str


class DepositReceived(TypedDict):
    id: str
    agreement: str
    amount: int
    currency: str
    received_on: str
    balance: int


class SlotBody(TypedDict):
    starts_at: str
    ends_at: str


class CompanyBody(TypedDict):
    name: NotRequired[str | None]
    domain: NotRequired[str | None]
    number: NotRequired[str | None]


class ProspectBody(TypedDict):
    name: NotRequired[str | None]
    email: NotRequired[str | None]
    phone: NotRequired[str | None]
    company: NotRequired[CompanyBody | None]
    region: NotRequired[str | None]


class ConsentBody(TypedDict):
    basis: str
    captured_at: NotRequired[str | None]
    reference: NotRequired[str | None]


class CalendarBody(TypedDict):
    provider: NotRequired[Literal["cal_com", "calendly", "zoom", "twilio", "standard_webhooks", None]]
    external_id: NotRequired[str | None]
    join_url: NotRequired[str | None]


class SubmissionBody(TypedDict):
    definition: str
    reference: str
    slot: SlotBody
    prospect: ProspectBody
    channel: NotRequired[str | None]
    source: NotRequired[str | None]
    lead_created_at: NotRequired[str | None]
    facts: NotRequired[dict[str, Any]]
    consent: NotRequired[ConsentBody | None]
    calendar: NotRequired[CalendarBody | None]


class VersionOf(TypedDict):
    slug: str
    version: int
    hash: str


class AgreementOf(TypedDict):
    id: str
    version: int


class Slot(TypedDict):
    starts_at: str
    ends_at: str


class ScheduleAxis(TypedDict):
    state: Literal["booked", "cancelled", "occurred"]
    slots: list[Slot]


class CriterionState(TypedDict):
    id: str
    finding: Literal["claimed", "confirmed", "refuted", "unproven"]
    value: Any


class QualificationAxis(TypedDict):
    state: Literal["qualified", "disqualified"]
    criteria: list[CriterionState]


class AttendanceAxis(TypedDict):
    finding: Literal["unknown", "attended", "prospect_no_show", "buyer_no_show", "both_absent", "supplier_fault", "access_failure", "technical_failure"]
    minutes: int | None


class VerdictAxis(TypedDict):
    state: Literal["pending", "given", "deemed", "contested", "decided", "final"]
    by: str | None
    effective_at: str | None


class MoneyAxis(TypedDict):
    state: Literal["held", "accrued", "credited", "invoiced", "reversed", "none"]
    price: int | None
    share: int | None
    amount: int
    currency: str
    period: str | None
    invoice: str | None
    replaces: str | None
    replaced_by: str | None


class Deadline(TypedDict):
    kind: Literal["findings", "rebooking", "contest", "reply", "decision", "clawback", "acceptance", "replacement"]
    at: str


class CalendarEntry(TypedDict):
    provider: Literal["cal_com", "calendly", "zoom", "twilio", "standard_webhooks", None]
    external_id: str | None
    former_ids: list[str]
    join_url: str | None


class Event(TypedDict):
    number: int
    kind: str
    effective_at: str
    recorded_at: str
    actor: str
    payload: Any


class ExpandedDocument(TypedDict):
    id: str
    number: str
    kind: str


class ExpandedLine(TypedDict):
    document: ExpandedDocument
    number: int
    kind: str
    outcome: str | None
    price: int
    share: int
    amount: int
    currency: str
    tax: dict[str, Any]


class Appointment(TypedDict):
    id: str
    reference: str
    supplier: str
    buyer: str
    definition: VersionOf
    agreement: AgreementOf
    stage: Literal["disputed", "can_be_rebooked", "booked", "awaiting_findings", "credited", "invoiced", "contestable", "billable", "not_billable"]
    outcome: str | None
    schedule: ScheduleAxis
    qualification: QualificationAxis
    attendance: AttendanceAxis
    verdict: VerdictAxis
    money: MoneyAxis
    deadlines: list[Deadline]
    prospect: ProspectBody | None
    channel: str | None
    source: str | None
    facts: dict[str, Any]
    consent: ConsentBody | None
    calendar: NotRequired[CalendarEntry | None]
    events: NotRequired[list[Event]]
    lines: NotRequired[list[ExpandedLine]]
    version: int
    created_at: str
    effective_at: str

AppointmentPage = Page[Appointment]

class Events(TypedDict):
    items: list[Event]


class CancellationBody(TypedDict):
    by: Literal["prospect", "buyer", "supplier"]
    reason: NotRequired[str | None]


class RescheduleBody(TypedDict):
    slot: SlotBody
    requested_by: Literal["prospect", "buyer", "supplier"]
    reason: NotRequired[str | None]


class BatchBody(TypedDict):
    items: list[Any]


class BatchResult(TypedDict):
    index: int
    status: int
    appointment: NotRequired[Appointment | None]
    problem: NotRequired[Any]


class BatchResults(TypedDict):
    items: list[BatchResult]


class EvidenceBody(TypedDict):
    kind: str
    occurred_at: str
    content: Any


class EvidenceList(TypedDict):
    items: list[Evidence]
    presence: list[Presence]


class VersionExplained(TypedDict):
    slug: str
    version: int
    hash: str


class ActorOfStep(TypedDict):
    party: Literal["prospect", "buyer", "supplier", "operator", "rule"]
    organisation: str | None
    name: str | None


class Quotation(TypedDict):
    path: str
    number: int
    heading: str
    text: str


class StatedFact(TypedDict):
    label: str
    said: str


class ProofItem(TypedDict):
    id: str
    kind: str
    grade: Literal["A", "B", "C"]
    party: str
    received_at: str


class StepDeadline(TypedDict):
    kind: str
    at: str


class StepMoney(TypedDict):
    change: int
    amount: int
    held: int
    position: int | None
    price: int | None
    share: int | None


class MovedMoney(TypedDict):
    debit: str
    credit: str
    amount: int


class PostedEntry(TypedDict):
    id: str
    kind: str
    effective_at: str
    recorded_at: str
    transfers: list[MovedMoney]


class LineOfDocument(TypedDict):
    id: str
    number: str
    kind: Literal["invoice", "credit_note", "statement"]
    period: str
    line: int
    amount: int


class Step(TypedDict):
    kind: str
    at: str
    recorded_at: str | None
    sentence: str
    actor: ActorOfStep
    note: str | None
    clauses: list[Quotation]
    facts: list[StatedFact]
    evidence: list[ProofItem]
    deadline: str | None
    begins: list[StepDeadline]
    money: StepMoney
    entries: list[PostedEntry]
    document: LineOfDocument | None


class Explanation(TypedDict):
    appointment: str
    reference: str
    definition: VersionExplained
    currency: str
    answer: str
    steps: list[Step]


class DisputeBody(TypedDict):
    reason: str
    claim: FindingsBody
    message: NotRequired[str | None]


class DisputeItem(TypedDict):
    id: str
    appointment: str
    supplier: str
    buyer: str
    kind: Literal["contest", "clawback", "contradiction", "escalated_silence"]
    state: Literal["awaiting_reply", "with_arbiter", "closed"]
    opened_by: str
    reason: str | None
    claim: dict[str, Any] | None
    held: int
    opened_at: str
    reply_at: str | None
    position: str | None
    decision_at: str | None
    late: bool
    resolution: Literal["conceded", "upheld", "dismissed", "decided", "withdrawn", None]
    upheld: bool | None
    decision: dict[str, Any] | None
    decision_reason: str | None
    closed_at: str | None

DisputeItemPage = Page[DisputeItem]

class ReplyBody(TypedDict):
    position: Literal["concede", "contest"]
    message: NotRequired[str | None]


class MessageBody(TypedDict):
    message: str


class WithdrawalBody(TypedDict):
    message: NotRequired[str | None]


class ConnectionBody(TypedDict):
    slug: str
    provider: Literal["cal_com", "calendly", "zoom", "twilio", "standard_webhooks"]
    owner: NotRequired[str | None]
    secret: str


class Connection(TypedDict):
    id: str
    slug: str
    provider: Literal["cal_com", "calendly", "zoom", "twilio", "standard_webhooks"]
    owner: str
    url: str
    former_secret_until: str | None
    created_at: str
    disabled_at: str | None

ConnectionPage = Page[Connection]

class ConnectionRotation(TypedDict):
    secret: str
    grace: NotRequired[Grace | None]


class IncomingDelivery(TypedDict):
    id: str
    event: str
    state: Literal["attached", "unmatched", "quarantined", "ignored"]
    appointment: str | None
    received_at: str
    signed_at: str | None
    occurred_at: str | None
    sha256: str
    size: int

IncomingDeliveryPage = Page[IncomingDelivery]

class WebhookEndpointBody(TypedDict):
    url: str
    types: NotRequired[list[Literal["appointment.submitted", "appointment.rescheduled", "appointment.rebooked", "appointment.cancelled", "appointment.found", "appointment.deemed", "appointment.no_show_final", "appointment.credited", "dispute.opened", "dispute.replied", "dispute.escalated", "dispute.decided", "dispute.withdrawn", "replacement.ended", "replacement.revived", "appointment.refused", "appointment.final", "evidence.added", "dispute.message_sent", "amount.accrued", "amount.held", "amount.released", "amount.reversed", "amount.reduced", "invoice.issued", "credit_note.issued", "statement.issued", "document.rendered", "document.accepted", "document.queried", "document.query_withdrawn", "supplier_invoice.recorded", "payment.recorded", "payment.returned", "deposit.received", "definition.published", "agreement.offered", "agreement.accepted"]] | None]
    description: NotRequired[str | None]


class NewWebhookEndpoint(TypedDict):
    id: str
    url: str
    types: list[Literal["appointment.submitted", "appointment.rescheduled", "appointment.rebooked", "appointment.cancelled", "appointment.found", "appointment.deemed", "appointment.no_show_final", "appointment.credited", "dispute.opened", "dispute.replied", "dispute.escalated", "dispute.decided", "dispute.withdrawn", "replacement.ended", "replacement.revived", "appointment.refused", "appointment.final", "evidence.added", "dispute.message_sent", "amount.accrued", "amount.held", "amount.released", "amount.reversed", "amount.reduced", "invoice.issued", "credit_note.issued", "statement.issued", "document.rendered", "document.accepted", "document.queried", "document.query_withdrawn", "supplier_invoice.recorded", "payment.recorded", "payment.returned", "deposit.received", "definition.published", "agreement.offered", "agreement.accepted"]] | None
    description: str | None
    former_secret_until: str | None
    created_at: str
    failing_since: str | None
    disabled_at: str | None
    disabled_because: Literal["gone", "failing", "asked", None]
    version: int
    secret: str


class WebhookEndpoint(TypedDict):
    id: str
    url: str
    types: list[Literal["appointment.submitted", "appointment.rescheduled", "appointment.rebooked", "appointment.cancelled", "appointment.found", "appointment.deemed", "appointment.no_show_final", "appointment.credited", "dispute.opened", "dispute.replied", "dispute.escalated", "dispute.decided", "dispute.withdrawn", "replacement.ended", "replacement.revived", "appointment.refused", "appointment.final", "evidence.added", "dispute.message_sent", "amount.accrued", "amount.held", "amount.released", "amount.reversed", "amount.reduced", "invoice.issued", "credit_note.issued", "statement.issued", "document.rendered", "document.accepted", "document.queried", "document.query_withdrawn", "supplier_invoice.recorded", "payment.recorded", "payment.returned", "deposit.received", "definition.published", "agreement.offered", "agreement.accepted"]] | None
    description: str | None
    former_secret_until: str | None
    created_at: str
    failing_since: str | None
    disabled_at: str | None
    disabled_because: Literal["gone", "failing", "asked", None]
    version: int

WebhookEndpointPage = Page[WebhookEndpoint]

class WebhookEndpointChange(TypedDict):
    url: NotRequired[str]
    types: NotRequired[list[Literal["appointment.submitted", "appointment.rescheduled", "appointment.rebooked", "appointment.cancelled", "appointment.found", "appointment.deemed", "appointment.no_show_final", "appointment.credited", "dispute.opened", "dispute.replied", "dispute.escalated", "dispute.decided", "dispute.withdrawn", "replacement.ended", "replacement.revived", "appointment.refused", "appointment.final", "evidence.added", "dispute.message_sent", "amount.accrued", "amount.held", "amount.released", "amount.reversed", "amount.reduced", "invoice.issued", "credit_note.issued", "statement.issued", "document.rendered", "document.accepted", "document.queried", "document.query_withdrawn", "supplier_invoice.recorded", "payment.recorded", "payment.returned", "deposit.received", "definition.published", "agreement.offered", "agreement.accepted"]] | None]
    description: NotRequired[str | None]


class WebhookRotation(TypedDict):
    grace: NotRequired[Grace | None]


class OutgoingDelivery(TypedDict):
    id: str
    endpoint: str
    event_id: str
    type: Literal["appointment.submitted", "appointment.rescheduled", "appointment.rebooked", "appointment.cancelled", "appointment.found", "appointment.deemed", "appointment.no_show_final", "appointment.credited", "dispute.opened", "dispute.replied", "dispute.escalated", "dispute.decided", "dispute.withdrawn", "replacement.ended", "replacement.revived", "appointment.refused", "appointment.final", "evidence.added", "dispute.message_sent", "amount.accrued", "amount.held", "amount.released", "amount.reversed", "amount.reduced", "invoice.issued", "credit_note.issued", "statement.issued", "document.rendered", "document.accepted", "document.queried", "document.query_withdrawn", "supplier_invoice.recorded", "payment.recorded", "payment.returned", "deposit.received", "definition.published", "agreement.offered", "agreement.accepted", "webhook.test"]
    state: Literal["pending", "delivered", "failed"]
    attempts: int
    status: int | None
    happened_at: str
    created_at: str
    next_attempt_at: str | None
    finished_at: str | None

OutgoingDeliveryPage = Page[OutgoingDelivery]

class Attempt(TypedDict):
    number: int
    began_at: str
    milliseconds: int
    status: int | None
    error: str | None
    response: str | None


class DeliveryInFull(TypedDict):
    id: str
    endpoint: str
    event_id: str
    type: Literal["appointment.submitted", "appointment.rescheduled", "appointment.rebooked", "appointment.cancelled", "appointment.found", "appointment.deemed", "appointment.no_show_final", "appointment.credited", "dispute.opened", "dispute.replied", "dispute.escalated", "dispute.decided", "dispute.withdrawn", "replacement.ended", "replacement.revived", "appointment.refused", "appointment.final", "evidence.added", "dispute.message_sent", "amount.accrued", "amount.held", "amount.released", "amount.reversed", "amount.reduced", "invoice.issued", "credit_note.issued", "statement.issued", "document.rendered", "document.accepted", "document.queried", "document.query_withdrawn", "supplier_invoice.recorded", "payment.recorded", "payment.returned", "deposit.received", "definition.published", "agreement.offered", "agreement.accepted", "webhook.test"]
    state: Literal["pending", "delivered", "failed"]
    attempts: int
    status: int | None
    happened_at: str
    created_at: str
    next_attempt_at: str | None
    finished_at: str | None
    body: dict[str, Any]
    log: list[Attempt]


class IntakeRefusal(TypedDict):
    id: str
    supplier: str
    buyer: str | None
    definition: VersionOf | None
    reference: str
    channel: str | None
    source: str | None
    violations: list[BrokenClause]
    submitted_at: str

IntakeRefusalPage = Page[IntakeRefusal]

class ErasureBody(TypedDict):
    email: NotRequired[str | None]
    phone: NotRequired[str | None]
    appointment: NotRequired[str | None]


class Erased(TypedDict):
    appointments: list[str]
    deliveries: int
    answers: int


class SuppressionItem(TypedDict):
    kind: Literal["email", "phone", "company_domain", "company_number"]
    value: NotRequired[str | None]
    sha256: NotRequired[str | None]


class SuppressionBody(TypedDict):
    items: list[SuppressionItem]


class SuppressionCount(TypedDict):
    added: int
    known: int


class Suppression(TypedDict):
    kind: Literal["email", "phone", "company_domain", "company_number"]
    digest: str
    created_at: str

SuppressionPage = Page[Suppression]

class ActivityItem(TypedDict):
    day: str
    definition: NotRequired[str | None]
    source: NotRequired[str | None]
    channel: NotRequired[str | None]
    dials: int
    conversations: int


class ActivityBody(TypedDict):
    items: list[ActivityItem]


class Counted(TypedDict):
    added: int
    corrected: int
    unchanged: int


class Activity(TypedDict):
    id: str
    supplier: str
    buyer: str | None
    definition: str | None
    day: str
    source: str | None
    channel: str | None
    dials: int
    conversations: int
    revision: int
    reported_at: str

ActivityPage = Page[Activity]

class Money(TypedDict):
    amount: int
    currency: str


class SaleItem(TypedDict):
    appointment: NotRequired[str | None]
    supplier: NotRequired[str | None]
    reference: NotRequired[str | None]
    won: NotRequired[bool]
    closed_on: str
    revenue: NotRequired[Money | None]


class SalesBody(TypedDict):
    items: list[SaleItem]


class Sale(TypedDict):
    id: str
    appointment: str
    supplier: str
    reference: str
    won: bool
    closed_on: str
    revenue: Money | None
    revision: int
    recorded_at: str

SalePage = Page[Sale]

class RunBody(TypedDict):
    period: str
    supplier: NotRequired[str | None]
    dry_run: NotRequired[bool]


class Progress(TypedDict):
    done: int
    total: int


class Run(TypedDict):
    id: str
    period: str
    supplier: str | None
    dry_run: bool
    state: Literal["queued", "running", "done", "failed"]
    progress: Progress
    documents: list[dict[str, Any]]
    parked: list[dict[str, Any]]
    totals: list[dict[str, Any]]
    error: str | None
    created_at: str
    finished_at: str | None

RunPage = Page[Run]

class Totals(TypedDict):
    net: int
    tax: int
    gross: int
    prepaid: int
    due: int


class DocumentItem(TypedDict):
    id: str
    number: str
    kind: Literal["invoice", "credit_note", "statement"]
    mode: Literal["self_billed", "statement"]
    period: str
    supplier: str
    buyer: str
    currency: str
    totals: Totals
    corrects: str | None
    issued_at: str
    due_on: str
    state: Literal["issued", "accepted", "queried", "credited", "paid"]
    rendering: Literal["pending", "done", "failed"]
    lines: NotRequired[list[dict[str, Any]]]

DocumentItemPage = Page[DocumentItem]

class DocumentAcceptance(TypedDict):
    state: Literal["open", "queried", "accepted"]
    accept_by: str
    responses: list[dict[str, Any]]


class DocumentSettlement(TypedDict):
    claimed: int | None
    credited: int
    paid: int
    open: int
    due_on: str | None


class Document(TypedDict):
    id: str
    number: str
    kind: Literal["invoice", "credit_note", "statement"]
    mode: Literal["self_billed", "statement"]
    period: str
    supplier: str
    buyer: str
    currency: str
    totals: Totals
    corrects: str | None
    issued_at: str
    due_on: str
    state: Literal["issued", "accepted", "queried", "credited", "paid"]
    rendering: Literal["pending", "done", "failed"]
    lines: list[dict[str, Any]]
    number_series: dict[str, Any]
    parties: dict[str, Any]
    taxes: list[dict[str, Any]]
    words: list[Any]
    chain_head: str | None
    line_count: int
    hash: str
    files: list[dict[str, Any]]
    deadlines: list[dict[str, Any]]
    acceptance: DocumentAcceptance | None
    settlement: DocumentSettlement
    payments: list[dict[str, Any]]
    supplier_invoice: dict[str, Any] | None
    corrected_by: list[dict[str, Any]]
    replaces: str | None
    replaced_by: dict[str, Any] | None
    voided: dict[str, Any] | None


class AnswerBody(TypedDict):
    position: Literal["accept", "query", "withdraw"]
    message: NotRequired[str | None]


class PaymentBody(TypedDict):
    amount: int | dict[str, Any]
    paid_on: str
    reference: NotRequired[str | None]


class ReturnBody(TypedDict):
    returned_on: str
    reference: NotRequired[str | None]


class SupplierInvoiceBody(TypedDict):
    number: str
    issued_on: str
    net: int
    tax: int


class VoidBody(TypedDict):
    reason: NotRequired[str | None]


class Named(TypedDict):
    id: str
    number: str


class Voided(TypedDict):
    voided: Named
    credit_note: Named
    reissue: Named


class CreditLineBody(TypedDict):
    line: NotRequired[int | None]
    appointment: NotRequired[str | None]
    amount: NotRequired[int | dict[str, Any] | None]


class CreditBody(TypedDict):
    invoice: str
    lines: NotRequired[list[CreditLineBody] | None]
    reason: str


class CreditByHand(TypedDict):
    id: str
    state: Literal["pending", "issued"]
    invoice: str
    number: str
    supplier: str
    buyer: str
    amount: int
    currency: str
    reason: str
    lines: list[dict[str, Any]]
    requested_by: str
    requested_at: str
    granted_by: str | None
    granted_at: str | None
    credit_note: dict[str, Any] | None

CreditByHandPage = Page[CreditByHand]

class SupplierRow(TypedDict):
    supplier: NotRequired[str | None]
    buyer: NotRequired[str | None]
    definition: NotRequired[str | None]
    source: NotRequired[str | None]
    channel: NotRequired[str | None]
    month: NotRequired[str | None]
    currency: str | None
    counts: dict[str, int]
    rates: dict[str, Any]
    outcomes: dict[str, int]
    refusals_by_clause: dict[str, int]
    lead_age: dict[str, int | None]
    amount: int
    cost_per_qualified_attended: int | None
    cost_per_acquisition: int | None
    revenue: int | None

SupplierRowReport = TypedDict(
    "SupplierRowReport",
    {
        "from": str,
        "to": str,
        "items": list[SupplierRow],
    },
)

class RateShown(TypedDict):
    numerator: int
    denominator: int
    basis_points: int | None


class BuyerRow(TypedDict):
    supplier: NotRequired[str | None]
    buyer: NotRequired[str | None]
    definition: NotRequired[str | None]
    source: NotRequired[str | None]
    channel: NotRequired[str | None]
    month: NotRequired[str | None]
    currency: str | None
    counts: dict[str, int]
    rates: dict[str, RateShown]
    hours_to_findings: dict[str, int | None]

BuyerRowReport = TypedDict(
    "BuyerRowReport",
    {
        "from": str,
        "to": str,
        "items": list[BuyerRow],
    },
)

class QualityRow(TypedDict):
    supplier: NotRequired[str | None]
    buyer: NotRequired[str | None]
    definition: NotRequired[str | None]
    source: NotRequired[str | None]
    channel: NotRequired[str | None]
    month: NotRequired[str | None]
    currency: str | None
    submitted: int
    taken: int
    duplicates: RateShown
    stale_leads: RateShown
    missing_consent: RateShown
    suppression_hits: RateShown
    unreachable_contacts: RateShown

QualityRowReport = TypedDict(
    "QualityRowReport",
    {
        "from": str,
        "to": str,
        "items": list[QualityRow],
    },
)

class ScenarioRow(TypedDict):
    supplier: NotRequired[str | None]
    buyer: NotRequired[str | None]
    definition: NotRequired[str | None]
    source: NotRequired[str | None]
    channel: NotRequired[str | None]
    month: NotRequired[str | None]
    currency: str | None
    measured: dict[str, RateShown]
    cost_per_qualified_attended: int | None
    cost_per_dial: int | None
    value_per_sale: int | None
    scenarios: list[dict[str, Any]]

ScenarioRowReport = TypedDict(
    "ScenarioRowReport",
    {
        "from": str,
        "to": str,
        "items": list[ScenarioRow],
    },
)

class BrandBody(TypedDict):
    buyer: NotRequired[str | None]
    accent: NotRequired[str]
    band: NotRequired[str]
    footer: NotRequired[str | None]
    paper: NotRequired[Literal["A4", "Letter"]]
    logo: NotRequired[str | None]


class LogoMark(TypedDict):
    sha256: str
    media_type: str
    width: int
    height: int


class Brand(TypedDict):
    buyer: str | None
    accent: str
    band: str
    footer: list[str]
    paper: Literal["A4", "Letter"]
    logo: LogoMark | None


class AccountItem(TypedDict):
    id: str
    kind: Literal["cost", "accrued", "held", "vat", "payable", "settlement", "deposit"]
    currency: str
    supplier: str
    buyer: str
    balance: int


class TrialBalance(TypedDict):
    at: str
    clock: Literal["effective", "recorded"]
    accounts: list[AccountItem]
    sums: dict[str, Any]
    unsettled: int


class Transfer(TypedDict):
    debit: Literal["cost", "accrued", "held", "vat", "payable", "settlement", "deposit"]
    debit_id: str
    credit: Literal["cost", "accrued", "held", "vat", "payable", "settlement", "deposit"]
    credit_id: str
    amount: int


class Entry(TypedDict):
    id: str
    kind: Literal["accrual", "hold", "release", "reversal", "reduction", "invoice", "credit_note", "payment", "payment_returned", "deposit", "deposit_drawn"]
    supplier: str
    buyer: str
    currency: str
    source: str
    appointment: str | None
    effective_at: str
    recorded_at: str
    transfers: list[Transfer]

EntryPage = Page[Entry]

class AccountLine(TypedDict):
    entry: str
    kind: Literal["accrual", "hold", "release", "reversal", "reduction", "invoice", "credit_note", "payment", "payment_returned", "deposit", "deposit_drawn"]
    source: str
    appointment: str | None
    effective_at: str
    recorded_at: str
    change: int


class Account(TypedDict):
    id: str
    kind: Literal["cost", "accrued", "held", "vat", "payable", "settlement", "deposit"]
    currency: str
    supplier: str
    buyer: str
    balance: int
    at: str
    clock: Literal["effective", "recorded"]
    unsettled: int
    items: list[AccountLine]
    next_cursor: str | None


class StatementBody(TypedDict):
    content: str


class StatementTaken(TypedDict):
    new: int
    known: int
    matched: int
    unmatched: int


class BankLine(TypedDict):
    id: str
    booked_on: str
    amount: int
    currency: str
    reference: str
    counterparty: str | None
    iban: str | None
    unmatched: str | None
    set_aside: str | None

BankLinePage = Page[BankLine]

class AssignBody(TypedDict):
    invoice: str


class AsideBody(TypedDict):
    reason: str


class PaymentFileBody(TypedDict):
    buyer: str
    due_by: str
    pay_on: str
    again: NotRequired[list[str]]


class PaymentFile(TypedDict):
    id: str
    amount: int
    currency: str
    documents: int
    skipped: list[dict[str, Any]]


class ListedPaymentFile(TypedDict):
    id: str
    buyer: str
    currency: str
    pay_on: str
    amount: int
    documents: int
    created_at: str

ListedPaymentFilePage = Page[ListedPaymentFile]

class Items(TypedDict):
    items: list[dict[str, Any]]


class Download(TypedDict):
    id: str
    organisation: str | None
    actor: str
    path: str
    sha256: str
    size: int
    downloaded_at: str

DownloadPage = Page[Download]

class Health(TypedDict):
    status: Literal["ok", "ready"]

