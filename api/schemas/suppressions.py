"""Suppressions on the wire: contacts go in, digests stay."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validate, validates_schema
from marshmallow import fields as plain

from api import fields
from api.schemas import Strict
from ledger.domain.terms import ContactKind

MOST_ITEMS = 10_000
_SHA256 = re.compile("[0-9a-f]{64}")


class SuppressionItem(Strict):
    """A contact to leave alone, in the clear or as its SHA-256. It is hashed at once, never stored, never shown again.

    `sha256` is over the contact's plain form in UTF-8: an e-mail address in lower case without its plus-tag (for Gmail
    without dots too), a telephone number as +441234567890, a domain in lower case without www, a company number as
    letters and digits in upper case.
    """

    kind = fields.Choice(ContactKind, required=True)
    value = fields.Text(
        longest=254,
        load_default=None,
        metadata={"description": "National telephone numbers are read in your own country", "writeOnly": True},
    )
    sha256 = fields.Text(longest=64, pattern=_SHA256, load_default=None, metadata={"writeOnly": True})

    @validates_schema
    def _one_form(self, data: Mapping[str, Any], **_: Any) -> None:
        if (data["value"] is None) == (data["sha256"] is None):
            raise ValidationError("Needs either value or sha256.", "value")


class SuppressionBody(Strict):
    """Contacts to leave alone; as `text/csv` with the columns kind and value or sha256."""

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
