"""Erasing a person, on the wire."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema
from marshmallow import fields as plain

from api import fields
from api.schemas import Strict


class ErasureBody(Strict):
    """Who is to be erased: by e-mail address, telephone number or appointment, one of them."""

    email = fields.Text(longest=254, load_default=None, allow_none=True)
    phone = fields.Text(longest=40, load_default=None, allow_none=True)
    appointment = fields.Identifier(load_default=None, allow_none=True)

    @validates_schema
    def _one(self, data: Mapping[str, Any], **_: Any) -> None:
        if sum(value is not None for value in data.values()) != 1:
            raise ValidationError("Needs exactly one of email, phone and appointment.")


class Erased(Strict):
    """What was erased now; once more there is nothing left to erase."""

    appointments = plain.List(fields.Identifier(), required=True, metadata={"description": "Whose prospect is gone"})
    deliveries = fields.Whole(required=True, minimum=0)
    answers = fields.Whole(required=True, minimum=0)
