"""How documents look, on the wire."""

from base64 import b64decode
from binascii import Error
from typing import Any

from marshmallow import ValidationError
from marshmallow import fields as plain

from api import fields
from api.schemas import Strict
from invoices.brand import PAPERS, PLAIN
from invoices.logos import MOST_BYTES


class Base64(fields.Text):
    """Bytes in base64."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return b64decode(text, validate=True)
        except (Error, ValueError):
            raise ValidationError("Is not base64.") from None


class BrandOf(Strict):
    """Whose documents; without a buyer those of all who have no brand of their own."""

    buyer = fields.Slug(load_default=None, allow_none=True)


class BrandBody(BrandOf):
    """A whole brand: what is left out is as built in. `logo` is a PNG or SVG."""

    accent = fields.Text(longest=7, load_default=PLAIN.accent)
    band = fields.Text(longest=7, load_default=PLAIN.band)
    footer = fields.Text(longest=1000, lines=True, load_default=None, allow_none=True)
    paper = fields.Choice(PAPERS, load_default=PLAIN.paper)
    logo = Base64(longest=MOST_BYTES * 4 // 3 + 4, load_default=None, allow_none=True)


class LogoMark(Strict):
    """Which picture, and its proportions."""

    sha256 = fields.Text(required=True)
    media_type = fields.Text(required=True)
    width = fields.Whole(required=True)
    height = fields.Whole(required=True)


class Brand(Strict):
    """What the next documents look like."""

    buyer = fields.Slug(required=True, allow_none=True)
    accent = fields.Text(required=True)
    band = fields.Text(required=True)
    footer = plain.List(fields.Text(), required=True)
    paper = fields.Choice(PAPERS, required=True)
    logo = plain.Nested(LogoMark, required=True, allow_none=True)
