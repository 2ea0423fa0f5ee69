"""What `/v1/downloads` shows."""

from marshmallow import fields as plain

from api import fields
from api.schemas import Strict

SHOWN = ("id", "organisation", "actor", "path", "sha256", "size", "downloaded_at")


class Download(Strict):
    """A file that was handed out."""

    id = fields.Identifier(required=True)
    organisation = fields.Slug(required=True, allow_none=True, metadata={"description": "null: the operator's own"})
    actor = plain.String(required=True)
    path = plain.String(required=True, metadata={"description": "What was asked for"})
    sha256 = plain.String(required=True)
    size = plain.Integer(required=True, strict=True)
    downloaded_at = fields.Instant(required=True)
