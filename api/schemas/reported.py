"""Activity and sales on the wire."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validate, validates_schema
from marshmallow import fields as plain

from api import fields
from api.schemas import Page, Strict

MOST_ITEMS = 10_000
_OPTIONAL: dict[str, Any] = {"load_default": None, "allow_none": True}


class Counted(Strict):
    """What became of the items. A correction counts from now on; what it corrects stays on record."""

    added = fields.Whole(required=True, minimum=0)
    corrected = fields.Whole(required=True, minimum=0)
    unchanged = fields.Whole(required=True, minimum=0)


class ActivityItem(Strict):
    """A day's dials and conversations. Without a definition they count for none, and no buyer sees them."""

    day = fields.Day(required=True, metadata={"format": "date", "type": "string"})
    definition = fields.Text(longest=130, metadata={"description": "Slug, or `buyer:slug`"}, **_OPTIONAL)
    source = fields.Text(longest=100, **_OPTIONAL)
    channel = fields.Text(longest=100, **_OPTIONAL)
    dials = fields.Whole(required=True, minimum=0, maximum=2**31 - 1)
    conversations = fields.Whole(required=True, minimum=0, maximum=2**31 - 1)


class ActivityBody(Strict):
    """Days of activity; as `text/csv` with the columns of an item."""

    items = plain.List(plain.Nested(ActivityItem), required=True, validate=validate.Length(min=1, max=MOST_ITEMS))


class Activity(Strict):
    """A day's dials and conversations as last reported; `revision` counts its reports from 1."""

    id = fields.Identifier(required=True)
    supplier = fields.Slug(required=True)
    buyer = fields.Slug(required=True, allow_none=True)
    definition = fields.Slug(required=True, allow_none=True)
    day = fields.Day(required=True, metadata={"format": "date", "type": "string"})
    source = fields.Text(required=True, allow_none=True)
    channel = fields.Text(required=True, allow_none=True)
    dials = fields.Whole(required=True, minimum=0)
    conversations = fields.Whole(required=True, minimum=0)
    revision = fields.Whole(required=True, minimum=1)
    reported_at = fields.Instant(required=True)


class ActivityFilters(Page):
    """Which days; `history=yes` shows what was corrected too."""

    from_ = fields.Day(data_key="from", load_default=None, metadata={"format": "date", "type": "string"})
    to = fields.Day(load_default=None, metadata={"format": "date", "description": "Not included", "type": "string"})
    source = fields.Text(longest=100, load_default=None)
    channel = fields.Text(longest=100, load_default=None)
    history = fields.Choice(("yes", "no"), load_default="no")


class SaleItem(Strict):
    """What came of an appointment: named by its id, or by the supplier and his reference."""

    appointment = fields.Identifier(**_OPTIONAL)
    supplier = fields.Slug(**_OPTIONAL)
    reference = fields.Text(**_OPTIONAL)
    won = fields.Flag(load_default=True, metadata={"description": "false takes a sale back that was reported"})
    closed_on = fields.Day(required=True, metadata={"format": "date", "type": "string"})
    revenue = fields.Money(load_default=None, allow_none=True)

    @validates_schema
    def _one_name(self, data: Mapping[str, Any], **_: Any) -> None:
        by_reference = data["supplier"] is not None and data["reference"] is not None
        one_of_them = data["supplier"] is not None or data["reference"] is not None
        if (data["appointment"] is None) != by_reference or (one_of_them and not by_reference):
            raise ValidationError("Needs either appointment, or supplier and reference.")


class SalesBody(Strict):
    """Sales; as `text/csv` with the columns of an item, `revenue.amount` and `revenue.currency` among them."""

    items = plain.List(plain.Nested(SaleItem), required=True, validate=validate.Length(min=1, max=MOST_ITEMS))


class Sale(Strict):
    """What came of an appointment, as last reported; `revision` counts its reports from 1."""

    id = fields.Identifier(required=True)
    appointment = fields.Identifier(required=True)
    supplier = fields.Slug(required=True)
    reference = fields.Text(required=True)
    won = fields.Flag(required=True)
    closed_on = fields.Day(required=True, metadata={"format": "date", "type": "string"})
    revenue = fields.Money(required=True, allow_none=True)
    revision = fields.Whole(required=True, minimum=1)
    recorded_at = fields.Instant(required=True)


class SaleFilters(Page):
    """Which sales; `history=yes` shows what was corrected too."""

    supplier = fields.Slug(load_default=None)
    history = fields.Choice(("yes", "no"), load_default="no")
