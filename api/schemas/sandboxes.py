"""The test mode on the wire."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema
from marshmallow import fields as plain

from api import fields
from api.schemas import Strict
from api.schemas.parties import IssuedKey


class Sandbox(Strict):
    """Where test keys work: both sides, what they agreed on, and the time there."""

    organisation = fields.Slug(required=True)
    counterpart = fields.Slug(required=True, metadata={"description": "Whom you play against, with a key of its own"})
    definition = fields.Slug(required=True)
    agreement = fields.Identifier(required=True)
    now = fields.Instant(required=True)
    advanced_seconds = fields.Whole(required=True, minimum=0)


class OpenedSandbox(Sandbox):
    """A sandbox with a key for each side, shown this once."""

    keys = plain.Dict(required=True, keys=plain.String(), values=plain.Nested(IssuedKey))


class Advance(Strict):
    """A length of time with exactly one unit."""

    minutes = fields.Whole(minimum=1, maximum=1_000_000)
    hours = fields.Whole(minimum=1, maximum=17_520)
    days = fields.Whole(minimum=1, maximum=730)

    @validates_schema
    def _one_unit(self, data: dict[str, int], **_: Any) -> None:
        if len(data) != 1:
            raise ValidationError("Needs exactly one of minutes, hours and days.")


class ClockBody(Strict):
    """How far the clock goes on, or until when. Never back."""

    advance = plain.Nested(Advance, load_default=None, allow_none=True)
    to = fields.Instant(load_default=None, allow_none=True)

    @validates_schema
    def _one_of_them(self, data: Mapping[str, Any], **_: Any) -> None:
        if (data.get("advance") is None) == (data.get("to") is None):
            raise ValidationError("Needs either advance or to.")


class Clock(Strict):
    """The time in the sandbox now, and how much fell due on the way."""

    now = fields.Instant(required=True)
    advanced_seconds = fields.Whole(required=True, minimum=0)
    settled = fields.Whole(required=True, minimum=0)
