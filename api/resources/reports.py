"""`/v1/reports/…`: what the numbers tell, by role: the operator sees all, a party what it is a party to.

What has fallen due is counted as settled. Nothing is cached and nothing is written.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import Response

from api.auth import OPERATOR, PARTIES, SUPPLIER, visible
from api.csv_bodies import MEDIA_TYPE
from api.endpoints import Resource
from api.schemas import reports as schemas
from api.units import Answer, Query
from invoices.lines_csv import guarded
from ledger.domain.calendar import Period
from ledger.domain.errors import Malformed
from ledger.reports import performance, scope, trade
from ledger.reports.scope import Asked, Scope
from ledger.reports.trade import Tallies, Tally
from ledger.services.foreseeing import foreseen

blueprint = Resource("reports", description="Rates, costs, scenarios and data quality, from the events.")

READERS = {*OPERATOR, *PARTIES}
Measure = Callable[[Tally], dict[str, Any]]


@blueprint.query(
    "/reports/suppliers",
    roles=READERS,
    answers=schemas.report_of(schemas.SupplierRow),
    arguments=schemas.ReportQuery,
    or_csv=True,
)
def report_on_suppliers(query: Query) -> Answer | Response:
    """Show contact, booking, qualification, attendance, no-show, dispute, silence and return rates, and what it cost.

    Appointments count in the month of their slot's start, submissions and refusals in that of their submission, in the
    definition's time zone. `ruled` are those with a verdict and not cancelled; `delivered` are qualified and attended.
    """
    view = _scope(query)
    tallies = trade.outcomes(view, foreseen(query.connection, view.agreements, query.now))
    trade.submissions(view, tallies)
    trade.activity(view, tallies)
    revenue = query.principal.party != SUPPLIER
    return _answer(query, view.asked, tallies, lambda tally: performance.supplier(tally, revenue=revenue))


@blueprint.query(
    "/reports/buyers",
    roles=READERS,
    answers=schemas.report_of(schemas.BuyerRow),
    arguments=schemas.ReportQuery,
    or_csv=True,
)
def report_on_buyers(query: Query) -> Answer | Response:
    """Show how often buyers reject, stay silent, are late, and how often they are overturned.

    A rejection is a finding of the buyer's that leaves less than the full share.
    """
    view = _scope(query)
    tallies = trade.outcomes(view, foreseen(query.connection, view.agreements, query.now))
    trade.findings(view, tallies)
    return _answer(query, view.asked, tallies, performance.buyer)


@blueprint.query(
    "/reports/data-quality",
    roles=READERS,
    answers=schemas.report_of(schemas.QualityRow),
    arguments=schemas.ReportQuery,
    or_csv=True,
)
def report_on_data(query: Query) -> Answer | Response:
    """Show duplicates, stale leads, missing consent, unreachable contacts and suppression hits."""
    view, tallies = _scope(query), Tallies()
    trade.submissions(view, tallies)
    return _answer(query, view.asked, tallies, performance.quality)


@blueprint.query(
    "/reports/scenarios",
    roles=READERS,
    answers=schemas.report_of(schemas.ScenarioRow),
    arguments=schemas.ScenarioQuery,
    or_csv=True,
)
def report_on_scenarios(query: Query) -> Answer | Response:
    """Show pessimistic, realistic and optimistic unit economics on the measured rates, with the break-even prices.

    The pessimist and the optimist take each rate at the ends of its 90 % interval: the less was measured, the further
    they are apart.
    """
    view, asked = _scope(query), query.arguments
    tallies = trade.outcomes(view, foreseen(query.connection, view.agreements, query.now))
    trade.submissions(view, tallies)
    trade.activity(view, tallies)
    if asked["currency"] is not None:
        tallies = {key: tally for key, tally in tallies.items() if key[-1] == asked["currency"]}
    revenue = query.principal.party != SUPPLIER

    def measure(tally: Tally) -> dict[str, Any]:
        told = {"per_dial": asked["cost_per_dial"], "per_sale": asked["value_per_sale"]}
        return performance.scenarios(tally, **told, revenue=revenue)

    return _answer(query, view.asked, tallies, measure)


def _scope(query: Query) -> Scope:
    given = query.arguments
    last = given["to"] or (Period.of(query.now, "UTC") if given["from_"] is None else _later(query, given["from_"]))
    first = given["from_"] or last.previous().previous()
    if (last.year - first.year) * 12 + last.month - first.month >= scope.MOST_MONTHS or first > last:
        raise Malformed.at("/from", f"Needs 1 to {scope.MOST_MONTHS} months.")
    names = ("supplier", "buyer", "definition", "source", "channel")
    asked = Asked(first, last, given["by"], **{name: given[name] for name in names})
    return Scope(query.connection, asked, lambda table: visible(query.principal, table))


def _later(query: Query, first: Period) -> Period:
    return max(first, Period.of(query.now, "UTC"))


def _answer(query: Query, asked: Asked, tallies: Tallies, measure: Measure) -> Answer | Response:
    ordered = sorted(tallies.items(), key=lambda item: [(part is None, part or "") for part in item[0]])
    items = [{**scope.as_json(asked, key), **measure(tally)} for key, tally in ordered]
    if query.arguments["format"] == "csv":
        return _csv(items)
    return Answer({"from": str(asked.first), "to": str(asked.last), "items": items})


def _csv(items: list[dict[str, Any]]) -> Response:
    """A row for each item, or for each of its scenarios; members of members as `rates.contact.numerator`."""
    rows = [dict(_flat(row)) for item in items for row in _scenarios(item)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(names)
    table.writerows([_cell(row.get(name)) for name in names] for row in rows)
    response = Response(text.getvalue().encode(), content_type=f"{MEDIA_TYPE}; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="report.csv"'
    return response


def _scenarios(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "scenarios" not in item:
        yield item
        return
    for each in item["scenarios"]:
        yield {name: value for name, value in item.items() if name != "scenarios"} | each


def _flat(row: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _cell(value: Any) -> str | int:
    return value if isinstance(value, int) else guarded(value)
