"""The course of appointments as people read it: a funnel, rates by week, and what each source cost.

Owns what stands in each row and drawing of `course.html`; what is counted is `ledger.reports.course`'s. Pure.
"""

from collections import Counter
from datetime import date
from itertools import groupby
from typing import Any, Final

from api.languages import gettext, locale
from api.web import charts
from api.web.display import day_of
from invoices import display as paper
from ledger.domain.rates import Rate
from ledger.reports.course import MISSED, Cost, Course, disputed, missed

SHOWN_SOURCES: Final = 8
"""What a drawing holds; the others stand in one row."""


def shown(course: Course, costs: list[Cost]) -> dict[str, Any]:
    """What the template asks for."""
    return {
        "funnel": _funnel(course.funnel),
        "otherwise": course.funnel["otherwise"],
        "weeks": _weeks(course.weeks),
        "costs": [_cost(currency, list(own)) for currency, own in groupby(costs, lambda cost: cost.currency)],
    }


def _funnel(counts: Counter[str]) -> list[dict[str, Any]]:
    booked = counts["booked"]
    steps = (
        (gettext("Booked"), gettext("taken, whatever became of them"), booked),
        (gettext("Attended"), gettext("somebody of both sides was there"), counts["attended"]),
        (gettext("Billed"), gettext("attended, on a document, not credited in whole"), counts["billed"]),
    )
    drawn = charts.bars([number for *_, number in steps], booked)
    return [
        {"label": label, "words": words, "number": number, "value": str(number), "bar": bar}
        | {"share": Rate(number, booked).basis_points}
        for (label, words, number), bar in zip(steps, drawn, strict=True)
    ]


def _weeks(weeks: dict[date, Counter[str]]) -> dict[str, Any]:
    """From the first week with a verdict to the last."""
    judged = [monday for monday, counts in weeks.items() if counts["judged"]]
    held = [monday for monday in weeks if judged and judged[0] <= monday <= judged[-1]]
    rows = [{"monday": monday, **_rates(weeks[monday])} for monday in held]
    names = {"missed": gettext("No-shows"), "disputed": gettext("Disputed")}
    return {
        "judged": len(judged),
        "rows": rows,
        "all": _rates(sum(weeks.values(), Counter())),
        "labels": [day_of(monday) for monday in held],
        "drawn": charts.lines([[row[name] for row in rows] for name in names]),
        "tips": [[_tip(words, row["monday"], row[name]) for row in rows] for name, words in names.items()],
    }


def _rates(counts: Counter[str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: counts[name] for name in ("ruled", *MISSED.values())}
    return found | {"missed": missed(counts).basis_points, "disputed": disputed(counts).basis_points}


def _tip(name: str, monday: date, points: int | None) -> str:
    return "" if points is None else f"{name}, {day_of(monday)}: {paper.percent(points, locale())}"


def _cost(currency: str, costs: list[Cost]) -> dict[str, Any]:
    """One currency: the sources that cost most, and the others in one row."""
    rest = costs[SHOWN_SOURCES:]
    named = [(cost.source or gettext("no source"), cost) for cost in costs[:SHOWN_SOURCES]]
    if rest:
        named.append((gettext("%(n)s others", n=len(rest)), _together(currency, rest)))
    drawn = charts.bars([cost.each for _, cost in named])
    return {
        "currency": currency,
        "all": _together(currency, costs),
        "rows": [
            {"label": label, "amount": cost.amount, "delivered": cost.delivered, "each": cost.each, "bar": bar}
            | {"value": "–" if cost.each is None else paper.money(cost.each, currency, locale())}
            for (label, cost), bar in zip(named, drawn, strict=True)
        ],
    }


def _together(currency: str, costs: list[Cost]) -> Cost:
    return Cost(None, currency, sum(cost.amount for cost in costs), sum(cost.delivered for cost in costs))
