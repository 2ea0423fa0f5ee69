"""Evidence on the wire: what is sent, what is kept, and the presence that it shows."""

from marshmallow import fields as plain

from api import fields
from api.schemas import Strict


class EvidenceBody(Strict):
    """What a party says or shows. `contact_attempt` by the buyer counts towards a no-show.

    Content in one of the shapes of `/hooks/{connection}`'s Standard Webhooks (`participants`, or `what`) is read.
    """

    kind = fields.Text(required=True, longest=50)
    occurred_at = fields.Instant(required=True)
    content = plain.Raw(required=True, metadata={"description": "Any JSON value"})


class Evidence(Strict):
    """Evidence as it was received; its grade follows from who sent it."""

    id = fields.Identifier(required=True)
    kind = fields.Text(required=True)
    party = fields.Choice(("buyer", "supplier", "operator"), required=True)
    grade = fields.Choice(("A", "B", "C"), required=True)
    verified = fields.Flag(required=True)
    occurred_at = fields.Instant(required=True)
    received_at = fields.Instant(required=True)
    media_type = fields.Text(required=True)
    file_name = fields.Text(required=True, allow_none=True)
    sha256 = fields.Text(required=True, longest=64)
    size = fields.Whole(required=True)
    delivery = fields.Identifier(
        required=True, allow_none=True, metadata={"description": "What came by webhook names its delivery"}
    )
    said = plain.Raw(
        required=True,
        allow_none=True,
        metadata={
            "description": "What it proves, in one shape for every sender: `what` is joined, left, log, no_show, call "
            "or booking; null where it cannot be read"
        },
    )


class Stretch(Strict):
    """From one instant until another."""

    since = fields.Instant(required=True, data_key="from", attribute="from")
    until = fields.Instant(required=True)


class Shows(Strict):
    """What evidence shows for certain."""

    attendance = fields.Text(required=True)
    minutes = fields.Whole(required=True, allow_none=True)


class Presence(Strict):
    """Who was there around the last slot, by the evidence of one grade.

    `minutes` is the time together in whole minutes, `needed` the minimum of the terms, `waiting` the time that whoever
    came must wait. `unidentified`: somebody of whom the evidence does not tell the side. `logged`: what logs cover.
    `shows`: what independent evidence (grade A) shows for certain, else null.
    """

    grade = fields.Choice(("A", "B", "C"), required=True)
    minutes = fields.Whole(required=True)
    needed = fields.Whole(required=True)
    prospect = plain.List(plain.Nested(Stretch), required=True)
    buyer = plain.List(plain.Nested(Stretch), required=True)
    unidentified = plain.List(plain.Nested(Stretch), required=True)
    together = plain.List(plain.Nested(Stretch), required=True)
    logged = plain.List(plain.Nested(Stretch), required=True)
    waiting = plain.Nested(Stretch, required=True)
    shows = plain.Nested(Shows, required=True, allow_none=True)


class EvidenceList(Strict):
    """The evidence about an appointment, oldest first, and the presence that it shows, by grade."""

    items = plain.List(plain.Nested(Evidence), required=True)
    presence = plain.List(plain.Nested(Presence), required=True)
