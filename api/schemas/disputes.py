"""Disputes on the wire."""

from typing import Any

from marshmallow import ValidationError, validates_schema
from marshmallow import fields as plain

from api import fields
from api.schemas import Page, Strict
from api.schemas.appointments import FindingsBody
from api.schemas.evidence import Evidence, Presence
from ledger.domain.disputes import DisputeKind, Position
from ledger.store.disputes import RESOLUTIONS, STATES

MESSAGE: dict[str, Any] = {"longest": 5000, "lines": True}


class DisputeBody(Strict):
    """A contest (supplier) or clawback (buyer): the reason's code, and the findings that are claimed to be true."""

    reason = fields.Text(required=True, longest=100)
    claim = plain.Nested(FindingsBody, required=True)
    message = fields.Text(load_default=None, allow_none=True, **MESSAGE)


class ReplyBody(Strict):
    """The other side's position."""

    position = fields.Choice(Position, required=True)
    message = fields.Text(load_default=None, allow_none=True, **MESSAGE)


class MessageBody(Strict):
    """A message for both sides and the arbiter."""

    message = fields.Text(required=True, **MESSAGE)


class WithdrawalBody(Strict):
    """Why, if the opener likes to say."""

    message = fields.Text(load_default=None, allow_none=True, **MESSAGE)


class DecisionBody(Strict):
    """Findings, or a share of the price in basis points; always with a written reason."""

    findings = plain.Nested(FindingsBody, load_default=None, allow_none=True)
    share = fields.Whole(minimum=0, maximum=10_000, load_default=None, allow_none=True)
    reason = fields.Text(required=True, **MESSAGE)

    @validates_schema
    def check_one(self, data: Any, **_: Any) -> None:
        if (data["findings"] is None) == (data["share"] is None):
            raise ValidationError("Needs either findings or a share.", "findings")


class DisputeFilters(Page):
    """What the list is narrowed to."""

    state = fields.Choice(STATES)
    kind = fields.Choice(DisputeKind)
    appointment = fields.Identifier()


class Message(Strict):
    """What was said."""

    party = fields.Text(required=True)
    body = fields.Text(required=True, **MESSAGE)
    sent_at = fields.Instant(required=True)


class DisputeItem(Strict):
    """A dispute in a list. `held` in minor units of the appointment's currency."""

    id = fields.Identifier(required=True)
    appointment = fields.Identifier(required=True)
    supplier = fields.Slug(required=True)
    buyer = fields.Slug(required=True)
    kind = fields.Choice(DisputeKind, required=True)
    state = fields.Choice(STATES, required=True)
    opened_by = fields.Text(required=True)
    reason = fields.Text(required=True, allow_none=True)
    claim = plain.Dict(required=True, allow_none=True)
    held = fields.Whole(required=True)
    opened_at = fields.Instant(required=True)
    reply_at = fields.Instant(required=True, allow_none=True)
    position = fields.Text(required=True, allow_none=True)
    decision_at = fields.Instant(required=True, allow_none=True)
    late = fields.Flag(
        required=True, metadata={"description": "The arbiter's window is over; the decision still counts"}
    )
    resolution = fields.Choice(RESOLUTIONS, required=True, allow_none=True)
    upheld = fields.Flag(required=True, allow_none=True)
    decision = plain.Dict(required=True, allow_none=True)
    decision_reason = fields.Text(required=True, allow_none=True, longest=5000)
    closed_at = fields.Instant(required=True, allow_none=True)


class Dispute(DisputeItem):
    """A dispute on its own, with both sides' messages and evidence."""

    messages = plain.List(plain.Nested(Message), required=True)
    evidence = plain.List(plain.Nested(Evidence), required=True)
    presence = plain.List(plain.Nested(Presence), required=True)
