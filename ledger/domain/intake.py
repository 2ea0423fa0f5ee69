"""What a submission must satisfy before it is an appointment.

Owns `Submission` and the intake rules of the rulebook (sections 2 and 3): every broken clause is named, not the
first alone. What only a look into the books can tell (duplicates, suppressions, how full a cap is) comes in
as `Standing`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from ledger.domain.calendar import deadline, start_before
from ledger.domain.contacts import country_of
from ledger.domain.errors import Violation
from ledger.domain.lifecycle import Slot
from ledger.domain.terms import ConsentRule, ContactKind, CriterionKind, Definition, FactValue, Missing


class Company(NamedTuple):
    name: str | None = None
    domain: str | None = None
    number: str | None = None


class Prospect(NamedTuple):
    """`region` is an ISO 3166 code: a country or a subdivision such as GB-KEN."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    company: Company = Company()
    region: str | None = None


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    basis: str
    captured_at: datetime | None
    reference: str | None = None


class Submission(NamedTuple):
    """What a supplier claims. Instants are aware. Named tuples, as a history makes them by the million."""

    reference: str
    slot: Slot
    prospect: Prospect
    channel: str | None
    source: str | None = None
    lead_created_at: datetime | None = None
    facts: Mapping[str, FactValue] = MappingProxyType({})
    consent: ConsentGiven | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the books say: contact kinds already taken or suppressed, and appointments per day, week and month."""

    duplicates: tuple[ContactKind, ...] = ()
    suppressed: bool = False
    day: int = 0
    week: int = 0
    month: int = 0


CLEAR = Standing()


def violations(
    definition: Definition,
    submission: Submission,
    claims: Mapping[str, bool | None],
    at: datetime,
    standing: Standing = CLEAR,
) -> tuple[Violation, ...]:
    """Every clause that the submission breaks, received at `at`; empty where it is taken."""
    return (
        *_timing(definition, submission, at),
        *_channel(definition, submission),
        *_lead_age(definition, submission, at),
        *_consent(definition, submission, at),
        *_criteria(definition, claims),
        *_standing(definition, standing),
    )


def _timing(definition: Definition, submission: Submission, at: datetime) -> Iterator[Violation]:
    intake, starts_at, zone = definition.intake, submission.slot.starts_at, definition.time_zone
    backdated = at >= starts_at and at >= deadline(starts_at, intake.backdated_grace, zone, definition.calendar)
    if backdated:
        yield Violation("intake.backdated_grace", "backdated", "it was submitted after the slot had started")
    if intake.submit_before.is_zero or (at >= starts_at and not backdated):
        return  # whom the grace lets in after the start, the time before it keeps out no more
    if at >= start_before(starts_at, intake.submit_before, zone, definition.calendar):
        yield Violation(
            "intake.submit_before", "submitted_too_late", "it was submitted too shortly before the slot's start"
        )


def _channel(definition: Definition, submission: Submission) -> Iterator[Violation]:
    channels = definition.intake.channels
    if submission.channel not in channels:
        named = f"channel {submission.channel!r}" if submission.channel else "a submission without a channel"
        taken = ", ".join(channels) or "none"
        yield Violation("intake.channels", "channel_not_taken", f"{named} is not taken; taken: {taken}")


def _lead_age(definition: Definition, submission: Submission, at: datetime) -> Iterator[Violation]:
    limit = definition.intake.lead_age
    created = submission.lead_created_at
    if created is not None and created > at:
        yield Violation("intake.lead_age", "lead_from_the_future", "the lead was created after the submission")
    elif limit is not None and created is None:
        yield Violation("intake.lead_age", "lead_age_unknown", "lead_created_at is needed to tell the lead's age")
    elif (
        limit is not None
        and created is not None
        and at >= deadline(created, limit, definition.time_zone, definition.calendar)
    ):
        yield Violation("intake.lead_age", "lead_too_old", "the lead is older than the definition takes")


def consent_rule(definition: Definition, region: str | None) -> ConsentRule:
    """The rule for the prospect's region: the longest matching region's, else the general one."""
    consent = definition.intake.consent
    if region is None or not consent.regions:
        return consent.general
    place = _two_letter(region)
    matching = [
        rule
        for rule in consent.regions
        if rule.region is not None and (place == rule.region or place.startswith(rule.region + "-"))
    ]
    return max(matching, key=lambda rule: len(rule.region or ""), default=consent.general)


def _two_letter(region: str) -> str:
    """The region as terms name it, so that no other spelling of a country escapes its rule: DE-BY for DEU-BY."""
    country, dash, part = region.strip().upper().partition("-")
    return f"{country_of(country) or country}{dash}{part}"


def _consent(definition: Definition, submission: Submission, at: datetime) -> Iterator[Violation]:
    rule = consent_rule(definition, submission.prospect.region)
    if not rule.required:
        return
    clause, consent = "intake.consent", submission.consent
    if consent is None:
        yield Violation(clause, "consent_missing", "the prospect's consent is needed")
        return
    if rule.bases and consent.basis not in rule.bases:
        yield Violation(clause, "consent_basis", f"consent by {consent.basis!r} does not count here")
    if consent.captured_at is None:
        if rule.max_age is not None:
            yield Violation(clause, "consent_age_unknown", "consent.captured_at is needed to tell the consent's age")
    elif consent.captured_at > at:
        yield Violation(clause, "consent_from_the_future", "the consent was captured after the submission")
    elif rule.max_age is not None and at >= deadline(
        consent.captured_at, rule.max_age, definition.time_zone, definition.calendar
    ):
        yield Violation(clause, "consent_too_old", "the consent is older than the definition takes")


def _criteria(definition: Definition, claims: Mapping[str, bool | None]) -> Iterator[Violation]:
    for criterion in definition.criteria:
        if criterion.kind is not CriterionKind.REQUIRED:
            continue
        met = claims[criterion.id]
        if met is False:
            yield Violation(criterion.id, "criterion_not_met", f"{criterion.label}: the facts do not meet it")
        elif met is None and criterion.missing is Missing.REJECT:
            yield Violation(criterion.id, "criterion_missing", f"{criterion.label}: fact {criterion.fact!r} is missing")


def _standing(definition: Definition, standing: Standing) -> Iterator[Violation]:
    if standing.duplicates:
        kinds = ", ".join(standing.duplicates)
        yield Violation("duplicates", "duplicate", f"this prospect was submitted before (same {kinds})")
    if standing.suppressed:
        yield Violation("intake.suppressions", "suppressed", "this prospect must not be contacted")
    yield from cap_violations(definition, standing)


def cap_violations(definition: Definition, standing: Standing) -> Iterator[Violation]:
    """The caps that are already full."""
    caps = definition.intake.caps
    for name, cap, taken in (
        ("day", caps.day, standing.day),
        ("week", caps.week, standing.week),
        ("month", caps.month, standing.month),
    ):
        if cap is not None and taken >= cap:
            yield Violation(f"intake.caps.{name}", "cap_reached", f"the cap of {cap} per {name} is reached")
