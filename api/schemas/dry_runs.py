"""Dry runs on the wire."""

from marshmallow import fields as plain

from api import fields
from api.schemas import Strict
from api.schemas.billing import PeriodField


class DryRunBody(Strict):
    """Which appointments, by the start of their slot: a month, or from and to; all of them where nothing is named."""

    period = PeriodField(load_default=None, allow_none=True)
    from_ = fields.Instant(data_key="from", load_default=None, allow_none=True)
    to = fields.Instant(load_default=None, allow_none=True)


class LeftOut(Strict):
    """How many appointments stay as they are, and why."""

    reason = fields.Choice(("open", "disputed", "can_be_rebooked", "decided", "erased"), required=True)
    appointments = fields.Whole(required=True)


Moved = Strict.from_dict(
    {
        "from": fields.Text(required=True),
        "to": fields.Text(required=True),
        "appointments": fields.Whole(required=True),
        "money": fields.Whole(required=True),
    },
    name="OutcomeMoved",
)


class DryRunEffect(Strict):
    """How many outcomes and amounts would differ, and the money: after minus before, in minor units."""

    outcomes = fields.Whole(required=True)
    amounts = fields.Whole(required=True)
    money = fields.Whole(required=True)
    changes = plain.List(plain.Nested(Moved), required=True)


class ClauseEffect(DryRunEffect):
    """One clause alone, everything else as it was pinned."""

    clause = fields.Text(required=True)
    sentence = fields.Text(required=True, longest=5000)
    replayed = fields.Flag(required=True)


class DryRun(Strict):
    """What the draft would have changed. `refused` and `open` may stand where an outcome does."""

    definition = fields.Slug(required=True)
    version = fields.Whole(required=True)
    currency = fields.Currency(required=True)
    appointments = fields.Whole(required=True)
    left_out = plain.List(plain.Nested(LeftOut), required=True)
    before = fields.Whole(required=True)
    after = fields.Whole(required=True)
    together = plain.Nested(DryRunEffect, required=True)
    clauses = plain.List(plain.Nested(ClauseEffect), required=True)
