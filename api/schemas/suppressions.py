"""Suppressions on the wire: contacts go in, digests stay."""

from marshmallow import fields as plain
from marshmallow import validate

from api import fields
from api.schemas import Strict
from ledger.domain.terms import ContactKind

MOST_ITEMS = 1_000


class SuppressionItem(Strict):
    """A contact to leave alone. It is hashed at once, never stored and never shown again."""

    kind = fields.Choice(ContactKind, required=True)
    value = fields.Text(
        required=True,
        longest=254,
        metadata={"description": "National telephone numbers are read in your own country", "writeOnly": True},
    )


class SuppressionBody(Strict):
    """Contacts to leave alone."""

    items = plain.List(plain.Nested(SuppressionItem), required=True, validate=validate.Length(min=1, max=MOST_ITEMS))


class SuppressionCount(Strict):
    """How many contacts are new on the list, and how many were on it before or twice in the request."""

    added = fields.Whole(required=True, minimum=0)
    known = fields.Whole(required=True, minimum=0)


class Suppression(Strict):
    """A contact on the list, as the digest by which it is recognised."""

    kind = fields.Choice(ContactKind, required=True)
    digest = plain.String(required=True, metadata={"description": "Keyed; tells nobody the contact"})
    created_at = fields.Instant(required=True)
