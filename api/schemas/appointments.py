"""Appointments on the wire: submissions, findings, cancellations, reschedules, and the whole appointment."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from marshmallow import ValidationError, validates_schema
from marshmallow import fields as plain

from api import fields
from api.schemas import Page, Strict
from ledger.domain.lifecycle import CriterionFinding, Finding
from ledger.domain.messages import LONGEST, link_key
from ledger.domain.signatures import Provider
from ledger.domain.stage import Stage
from ledger.services.expansion import EXPANSIONS

REFERENCE: Final[dict[str, Any]] = {
    "longest": 200,
    "metadata": {"description": "Yours, unique among your appointments"},
}
REGION: Final = re.compile(r"[A-Z]{2,3}(?:-[A-Z0-9]{1,3})?")
LONGEST_SLOT: Final = timedelta(days=31)


class SlotBody(Strict):
    """When it takes place: half-open, each instant with its offset."""

    starts_at = fields.Instant(required=True)
    ends_at = fields.Instant(required=True)

    @validates_schema
    def check_order(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["ends_at"] <= data["starts_at"]:
            raise ValidationError("Must be after starts_at.", "ends_at")
        if data["ends_at"] - data["starts_at"] > LONGEST_SLOT:
            raise ValidationError(f"Must be within {LONGEST_SLOT.days} days of starts_at.", "ends_at")


class CompanyBody(Strict):
    """The prospect's company."""

    name = fields.Text(load_default=None, allow_none=True)
    domain = fields.Text(load_default=None, allow_none=True, longest=253)
    number = fields.Text(load_default=None, allow_none=True, longest=50)


class ProspectBody(Strict):
    """Who is to be met. Contacts tell duplicates apart; `region` is an ISO 3166 code such as GB or GB-KEN."""

    name = fields.Text(load_default=None, allow_none=True)
    email = fields.Email(load_default=None, allow_none=True)
    phone = fields.Text(load_default=None, allow_none=True, longest=40)
    company = plain.Nested(CompanyBody, load_default=None, allow_none=True)
    region = fields.Text(load_default=None, allow_none=True, longest=7, pattern=REGION)


class ConsentBody(Strict):
    """The prospect's consent to be contacted."""

    basis = fields.Text(required=True, longest=50)
    captured_at = fields.Instant(load_default=None, allow_none=True)
    reference = fields.Text(load_default=None, allow_none=True)


class FactsField(plain.Dict):
    """Facts by name, as the definition declares them: whole numbers, booleans, strings; decimals as strings."""

    def __init__(self, **kwargs: Any) -> None:
        name = fields.Text(longest=100)
        super().__init__(keys=name, values=plain.Raw(allow_none=True), **kwargs)
        self._known_name = lru_cache(maxsize=1024)(name.deserialize)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        """Definitions name their facts, so that the same names come again and again; any value is taken as it is."""
        if type(value) is dict:
            with suppress(ValidationError):
                for name in value:
                    self._known_name(name)
                return dict(value)
        return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]  # marshmallow's


class CalendarBody(Strict):
    """Where the appointment stands in a calendar: what Cal.com, Calendly or Zoom send is found by it."""

    provider = fields.Choice(Provider, load_default=None, allow_none=True)
    external_id = fields.Text(
        load_default=None,
        allow_none=True,
        longest=LONGEST,
        metadata={"description": "The booking's id: Cal.com's `uid`, Calendly's invitee or event URI"},
    )
    join_url = fields.Text(load_default=None, allow_none=True, longest=LONGEST)

    @validates_schema
    def check_something(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["external_id"] is None and data["join_url"] is None:
            raise ValidationError("Needs external_id or join_url.")
        if data["join_url"] is not None and link_key(data["join_url"]) is None:
            raise ValidationError("Needs a web address with a path.", "join_url")


class CalendarEntry(Strict):
    """How calendars name the appointment; a reschedule there gives it a new id and keeps the former ones."""

    provider = fields.Choice(Provider, required=True, allow_none=True)
    external_id = fields.Text(required=True, allow_none=True)
    former_ids = plain.List(fields.Text(), required=True)
    join_url = fields.Text(required=True, allow_none=True)


class SubmissionBody(Strict):
    """One appointment to submit."""

    definition = fields.Text(
        required=True,
        longest=130,
        metadata={"description": "The definition's slug, or `buyer:slug` where two buyers use the same"},
    )
    reference = fields.Text(required=True, **REFERENCE)
    slot = plain.Nested(SlotBody, required=True)
    prospect = plain.Nested(ProspectBody, required=True)
    channel = fields.Text(load_default=None, allow_none=True, longest=50)
    source = fields.Text(load_default=None, allow_none=True, longest=100)
    lead_created_at = fields.Instant(load_default=None, allow_none=True)
    facts = FactsField(load_default=dict)
    consent = plain.Nested(ConsentBody, load_default=None, allow_none=True)
    calendar = plain.Nested(CalendarBody, load_default=None, allow_none=True)


class CriterionFindingBody(Strict):
    """One criterion, ruled on."""

    id = fields.Text(required=True, longest=100)
    finding = fields.Choice((CriterionFinding.CONFIRMED, CriterionFinding.REFUTED), required=True)
    note = fields.Text(load_default=None, allow_none=True, longest=2000, lines=True)


ATTENDANCES: Final = tuple(finding for finding in Finding if finding is not Finding.UNKNOWN)


class FindingsBody(Strict):
    """What happened. Criteria left out are confirmed where the facts meet them, else unproven."""

    attendance = fields.Choice(ATTENDANCES, required=True)
    minutes = fields.Whole(minimum=0, maximum=100_000, load_default=None, allow_none=True)
    criteria = plain.List(plain.Nested(CriterionFindingBody), load_default=list)
    note = fields.Text(load_default=None, allow_none=True, longest=2000, lines=True)

    @validates_schema
    def check_criteria(self, data: Mapping[str, Any], **_: Any) -> None:
        ids = [criterion["id"] for criterion in data["criteria"]]
        if len(set(ids)) < len(ids):
            raise ValidationError("A criterion is ruled on once.", "criteria")


class CancellationBody(Strict):
    """Who asked for the cancellation, and why."""

    by = fields.Choice(("prospect", "buyer", "supplier"), required=True)
    reason = fields.Text(load_default=None, allow_none=True, longest=2000, lines=True)


class RescheduleBody(Strict):
    """Another slot, who asked for it, and why."""

    slot = plain.Nested(SlotBody, required=True)
    requested_by = fields.Choice(("prospect", "buyer", "supplier"), required=True)
    reason = fields.Text(load_default=None, allow_none=True, longest=2000, lines=True)


class Expansion(Strict):
    """What is wanted beside the appointment."""

    expand = fields.Names(
        EXPANSIONS,
        load_default=tuple,
        metadata={"description": "Some of events, lines, prospect, with commas between; the prospect is always there"},
    )


class AppointmentFilters(Page, Expansion):
    """What the list is narrowed to."""

    stage = fields.Choice(Stage)
    supplier = fields.Slug()
    buyer = fields.Slug()
    definition = fields.Text(longest=130, metadata={"description": "Slug, or `buyer:slug`"})
    source = fields.Text(longest=100)
    channel = fields.Text(longest=50)
    from_ = fields.Instant(data_key="from", metadata={"description": "Slots starting at or after it"})
    to = fields.Instant(metadata={"description": "Slots starting before it"})
    due_before = fields.Instant(metadata={"description": "Findings still to come, due before it"})
    q = fields.Text(longest=100, metadata={"description": "Reference, name, e-mail or company"})


class VersionOf(Strict):
    """The definition version that an appointment pinned."""

    slug = fields.Text(required=True)
    version = fields.Whole(required=True)
    hash = fields.Text(required=True)


class AgreementOf(Strict):
    """The agreement version that an appointment pinned."""

    id = fields.Identifier(required=True)
    version = fields.Whole(required=True)


class Slot(Strict):
    """A slot of the chain."""

    starts_at = fields.Instant(required=True)
    ends_at = fields.Instant(required=True)


class ScheduleAxis(Strict):
    """Booked, cancelled, or occurred; every slot of the chain, the present one last."""

    state = fields.Choice(("booked", "cancelled", "occurred"), required=True)
    slots = plain.List(plain.Nested(Slot), required=True)


class CriterionState(Strict):
    """A criterion, what was found, and the fact claimed."""

    id = fields.Text(required=True)
    finding = fields.Choice(CriterionFinding, required=True)
    value = plain.Raw(required=True, allow_none=True)


class QualificationAxis(Strict):
    """Whether the prospect is what was agreed, criterion by criterion."""

    state = fields.Choice(("qualified", "disqualified"), required=True)
    criteria = plain.List(plain.Nested(CriterionState), required=True)


class AttendanceAxis(Strict):
    """Who was there, and for how many minutes together."""

    finding = fields.Choice(Finding, required=True)
    minutes = fields.Whole(required=True, allow_none=True)


class VerdictAxis(Strict):
    """How far the verdict is, by whom, and since when it counts."""

    state = fields.Choice(("pending", "given", "deemed", "contested", "decided", "final"), required=True)
    by = fields.Text(required=True, allow_none=True)
    effective_at = fields.Instant(required=True, allow_none=True)


class MoneyAxis(Strict):
    """What it is worth: minor units of the currency, the share in basis points.

    An appointment that keeps the promise of a replacement is worth nothing: `replaces` is the one that it makes up
    for, whose `replaced_by` it is.
    """

    state = fields.Choice(("held", "accrued", "credited", "invoiced", "reversed", "none"), required=True)
    price = fields.Whole(required=True, allow_none=True)
    share = fields.Whole(required=True, allow_none=True)
    amount = fields.Whole(required=True)
    currency = fields.Currency(required=True)
    period = fields.Text(required=True, allow_none=True, longest=7)
    invoice = fields.Identifier(required=True, allow_none=True)
    replaces = fields.Identifier(required=True, allow_none=True)
    replaced_by = fields.Identifier(required=True, allow_none=True)


class Deadline(Strict):
    """What runs out when. What comes at the very instant is late."""

    kind = fields.Choice(
        ("findings", "rebooking", "contest", "reply", "decision", "clawback", "acceptance", "replacement"),
        required=True,
    )
    at = fields.Instant(required=True)


class Event(Strict):
    """One move of an appointment."""

    number = fields.Whole(required=True)
    kind = fields.Text(required=True)
    effective_at = fields.Instant(required=True)
    recorded_at = fields.Instant(required=True)
    actor = fields.Text(required=True)
    payload = plain.Raw(required=True)


class ExpandedDocument(Strict):
    """The document of a line."""

    id = fields.Identifier(required=True)
    number = fields.Text(required=True)
    kind = fields.Text(required=True)


class ExpandedLine(Strict):
    """A line that charges the appointment or gives back; amounts in minor units, shares and rates in basis points."""

    document = plain.Nested(ExpandedDocument, required=True)
    number = fields.Whole(required=True)
    kind = fields.Text(required=True)
    outcome = fields.Text(required=True, allow_none=True)
    price = fields.Whole(required=True)
    share = fields.Whole(required=True)
    amount = fields.Whole(required=True)
    currency = fields.Currency(required=True)
    tax = plain.Dict(required=True)


class Appointment(Strict):
    """An appointment, as every party sees it. `events` and `lines` are there where they were asked for."""

    id = fields.Identifier(required=True)
    reference = fields.Text(required=True, **REFERENCE)
    supplier = fields.Slug(required=True)
    buyer = fields.Slug(required=True)
    definition = plain.Nested(VersionOf, required=True)
    agreement = plain.Nested(AgreementOf, required=True)
    stage = fields.Choice(Stage, required=True)
    outcome = fields.Text(required=True, allow_none=True)
    schedule = plain.Nested(ScheduleAxis, required=True)
    qualification = plain.Nested(QualificationAxis, required=True)
    attendance = plain.Nested(AttendanceAxis, required=True)
    verdict = plain.Nested(VerdictAxis, required=True)
    money = plain.Nested(MoneyAxis, required=True)
    deadlines = plain.List(plain.Nested(Deadline), required=True)
    prospect = plain.Nested(ProspectBody, required=True, allow_none=True)
    channel = fields.Text(required=True, allow_none=True)
    source = fields.Text(required=True, allow_none=True)
    facts = FactsField(required=True)
    consent = plain.Nested(ConsentBody, required=True, allow_none=True)
    calendar = plain.Nested(
        CalendarEntry,
        allow_none=True,
        metadata={"description": "Of an appointment on its own; null where none is known"},
    )
    events = plain.List(plain.Nested(Event))
    lines = plain.List(plain.Nested(ExpandedLine))
    version = fields.Whole(required=True)
    created_at = fields.Instant(required=True)
    effective_at = fields.Instant(required=True)


class Events(Strict):
    """An appointment's events, oldest first."""

    items = plain.List(plain.Nested(Event), required=True)


class BatchBody(Strict):
    """Up to 1,000 submissions; each is judged on its own, in order."""

    items = plain.List(plain.Raw(allow_none=True), required=True)

    @validates_schema
    def check_size(self, data: Mapping[str, Any], **_: Any) -> None:
        if not 1 <= len(data["items"]) <= 1000:
            raise ValidationError("Needs 1 to 1,000 items.", "items")


class BatchResult(Strict):
    """What became of one item: 201 with the appointment, else the problem."""

    index = fields.Whole(required=True)
    status = fields.Whole(required=True)
    appointment = plain.Nested(Appointment, allow_none=True)
    problem = plain.Raw(allow_none=True)


class BatchResults(Strict):
    """One result per item, in order."""

    items = plain.List(plain.Nested(BatchResult), required=True)
