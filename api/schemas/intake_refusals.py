"""Refused submissions on the wire."""

from marshmallow import fields as plain

from api import fields
from api.schemas import Strict
from api.schemas.appointments import VersionOf
from api.schemas.filters import Between, OfParties, Searched
from api.schemas.problem import BrokenClause


class IntakeRefusalFilters(Searched, Between, OfParties):
    """Which refusals."""

    definition = fields.Text(longest=130, load_default=None, metadata={"description": "Slug, or `buyer:slug`"})
    clause = fields.Text(
        longest=200,
        load_default=None,
        metadata={"description": "A broken clause such as intake.caps.day, or a section of the terms such as intake"},
    )


class IntakeRefusal(Strict):
    """A submission that was not taken, and every clause that it broke. It holds nothing of the person."""

    id = fields.Identifier(required=True)
    supplier = fields.Slug(required=True)
    buyer = fields.Slug(required=True, allow_none=True)
    definition = plain.Nested(VersionOf, required=True, allow_none=True)
    reference = plain.String(required=True)
    channel = plain.String(required=True, allow_none=True)
    source = plain.String(required=True, allow_none=True)
    violations = plain.List(plain.Nested(BrokenClause), required=True)
    submitted_at = fields.Instant(required=True)
