"""Reports on the wire: what may be asked, and the shape of the answers."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema
from marshmallow import fields as plain

from api import fields
from api.schemas import Strict
from api.schemas.billing import PeriodField
from ledger.reports.scope import DIMENSIONS, MOST_MONTHS

DEFAULT = "supplier,definition,month"


class Dimensions(fields.Text):
    """A comma-separated choice of dimensions."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        names = super()._deserialize(value, attr, data, **kwargs).split(",")
        if len(set(names)) != len(names) or not set(names) <= set(DIMENSIONS):
            raise ValidationError(f"Needs some of {','.join(DIMENSIONS)}, each once, with commas between.")
        return tuple(names)


class ReportQuery(Strict):
    """Which months, divided by what, narrowed to what; as JSON or CSV."""

    from_ = PeriodField(
        data_key="from", load_default=None, metadata={"description": "First month; left out: two months before `to`"}
    )
    to = PeriodField(load_default=None, metadata={"description": "Last month, included; left out: the present one"})
    by = Dimensions(
        load_default=tuple(DEFAULT.split(",")),
        metadata={"description": f"Some of {', '.join(DIMENSIONS)}", "default": DEFAULT},
    )
    supplier = fields.Slug(load_default=None)
    buyer = fields.Slug(load_default=None)
    definition = fields.Slug(load_default=None)
    source = fields.Text(longest=100, load_default=None)
    channel = fields.Text(longest=100, load_default=None)
    format = fields.Choice(("json", "csv"), load_default="json")

    @validates_schema
    def _not_too_long(self, data: Mapping[str, Any], **_: Any) -> None:
        first, last = data.get("from_"), data.get("to")
        if first is not None and last is not None:
            months = (last.year - first.year) * 12 + last.month - first.month + 1
            if not 1 <= months <= MOST_MONTHS:
                raise ValidationError(f"Needs 1 to {MOST_MONTHS} months.", "to")


class ScenarioQuery(ReportQuery):
    """A report's arguments, and what the rates cannot tell, in minor units of `currency`."""

    currency = fields.Currency(load_default=None)
    cost_per_dial = fields.Digits(load_default=None, maximum=10**12, metadata={"description": "Needs `currency`"})
    value_per_sale = fields.Digits(
        load_default=None,
        maximum=10**12,
        metadata={"description": "Needs `currency`; left out: what buyers reported on average"},
    )

    @validates_schema
    def _currency_of_amounts(self, data: Mapping[str, Any], **_: Any) -> None:
        amounts = (data.get("cost_per_dial"), data.get("value_per_sale"))
        if data.get("currency") is None and amounts != (None, None):
            raise ValidationError("Is needed with cost_per_dial and value_per_sale.", "currency")


class RateShown(Strict):
    """A ratio: exact, and in basis points rounded half up (null where it was measured on nothing)."""

    numerator = fields.Whole(required=True)
    denominator = fields.Whole(required=True)
    basis_points = fields.Whole(required=True, allow_none=True)


class ReportRow(Strict):
    """One group: the dimensions asked for, its currency (null: of no definition) and what was measured."""

    supplier = fields.Text(allow_none=True)
    buyer = fields.Text(allow_none=True)
    definition = fields.Text(allow_none=True)
    source = fields.Text(allow_none=True)
    channel = fields.Text(allow_none=True)
    month = fields.Text(allow_none=True, longest=7)
    currency = fields.Text(required=True, allow_none=True)


class SupplierRow(ReportRow):
    """A supplier's work. Amounts are minor units; `revenue` is null for suppliers."""

    counts = plain.Dict(required=True, keys=plain.String(), values=fields.Whole())
    rates = plain.Dict(required=True, keys=plain.String())
    outcomes = plain.Dict(required=True, keys=plain.String(), values=fields.Whole())
    refusals_by_clause = plain.Dict(required=True, keys=plain.String(), values=fields.Whole())
    lead_age = plain.Dict(required=True, keys=plain.String(), values=fields.Whole(allow_none=True))
    amount = fields.Whole(required=True)
    cost_per_qualified_attended = fields.Whole(required=True, allow_none=True)
    cost_per_acquisition = fields.Whole(required=True, allow_none=True)
    revenue = fields.Whole(required=True, allow_none=True)


class BuyerRow(ReportRow):
    """The mirror: how a buyer treats what he gets, and how long it takes him."""

    counts = plain.Dict(required=True, keys=plain.String(), values=fields.Whole())
    rates = plain.Dict(required=True, keys=plain.String(), values=plain.Nested(RateShown))
    hours_to_findings = plain.Dict(required=True, keys=plain.String(), values=fields.Whole(allow_none=True))


class QualityRow(ReportRow):
    """What was wrong with the data, of everything submitted; unreachable contacts of what was taken."""

    submitted = fields.Whole(required=True)
    taken = fields.Whole(required=True)
    duplicates = plain.Nested(RateShown, required=True)
    stale_leads = plain.Nested(RateShown, required=True)
    missing_consent = plain.Nested(RateShown, required=True)
    suppression_hits = plain.Nested(RateShown, required=True)
    unreachable_contacts = plain.Nested(RateShown, required=True)


class ScenarioRow(ReportRow):
    """Unit economics on the measured rates. Amounts are minor units; null follows from what nobody measured or told."""

    measured = plain.Dict(required=True, keys=plain.String(), values=plain.Nested(RateShown))
    cost_per_qualified_attended = fields.Whole(required=True, allow_none=True)
    cost_per_dial = fields.Whole(required=True, allow_none=True)
    value_per_sale = fields.Whole(required=True, allow_none=True)
    scenarios = plain.List(plain.Dict(), required=True)


def report_of(row: type[ReportRow]) -> type[Strict]:
    """The schema of a report's answer."""
    members = {
        "from": fields.Text(required=True, longest=7),
        "to": fields.Text(required=True, longest=7),
        "items": plain.List(plain.Nested(row), required=True),
    }
    return type(f"{row.__name__}Report", (Strict,), {**members, "__doc__": f"A report: {row.__doc__}"})
