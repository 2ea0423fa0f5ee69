"""The course of appointments: from booked to attended to billed, missed and disputed week by week, and what each source
cost.

An appointment counts in the week of its slot's start, Monday to Monday in its definition's zone. The books are read in
groups of equal appointments; what has fallen due and is not settled yet counts as it will be settled.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, select

from ledger.domain.calendar import local_date, midnight
from ledger.domain.foreseen import Foreseen
from ledger.domain.lifecycle import EventKind
from ledger.domain.rates import Rate, per
from ledger.reports.scope import DIMENSIONS, Scope, Span
from ledger.reports.trade import DISPUTED, STATE, Tallies, count, row, stored_of, tally_of
from ledger.store import tables as t
from ledger.store.lookups import line_of_accrual

MISSED: Final = {"prospect_no_show": "by_prospect", "buyer_no_show": "by_buyer", "both_absent": "by_both"}
_WEEK: Final = timedelta(days=7)
_SOURCE: Final = DIMENSIONS.index("source")
BILLED: Final = and_(
    row.amount > 0,
    exists()
    .where(t.accrual.c.appointment_id == row.id, exists().where(line_of_accrual()).correlate(t.accrual))
    .correlate(t.appointment),
).label("billed")
"""That it is on a document and was not credited in whole."""


@dataclass(slots=True)
class Course:
    """`funnel` counts booked, attended, billed (of those that attended) and otherwise (billed for another outcome);
    `weeks` judged, ruled (of those not cancelled), by_prospect, by_buyer, by_both and disputed by their Monday."""

    funnel: Counter[str] = field(default_factory=Counter)
    weeks: dict[date, Counter[str]] = field(default_factory=dict)

    def count(self, monday: date, each: Mapping[Any, Any], number: int) -> None:
        """One group of equal appointments."""
        attended, week = each["attendance"] == "attended", self.weeks.setdefault(monday, Counter())
        self.funnel["booked"] += number
        if each["billed"]:
            self.funnel["billed" if attended else "otherwise"] += number
        if each["verdict"] == "pending":
            return
        week["judged"] += number
        week["disputed"] += number * bool(each["disputed"])
        if each["schedule"] == "booked":
            self.funnel["attended"] += number * attended
            week["ruled"] += number
            if each["attendance"] in MISSED:
                week[MISSED[each["attendance"]]] += number


@dataclass(frozen=True, slots=True)
class Cost:
    """What a source's appointments came to, in minor units, and how many of them were qualified and attended."""

    source: str | None
    currency: str
    amount: int
    delivered: int

    @property
    def each(self) -> int | None:
        """For each that was qualified and attended; None where there was none."""
        return per(self.amount, self.delivered)


def missed(week: Counter[str]) -> Rate:
    """No-shows, whoever did not come, out of those that somebody said who was there."""
    return Rate(sum(week[who] for who in MISSED.values()), week["ruled"])


def disputed(week: Counter[str]) -> Rate:
    return Rate(week["disputed"], week["judged"])


def course(scope: Scope, foreseen: Iterable[Foreseen], tallies: Tallies) -> Course:
    """Of the asker's appointments whose slots begin in the months asked for. The weeks without any are there too.

    The same reading fills `tallies` as `trade.outcomes` does, but for sales and the flags that a course does not show.
    """
    due, found = {each.id: each for each in foreseen}, Course()
    for span in scope.spans():
        mondays = _mondays(span)
        for monday in mondays:
            found.weeks.setdefault(monday, Counter())
        inside = scope.within(t.appointment, row.starts_at, span)
        place = (row[name] for name in (*scope.place, *STATE))
        columns = (*place, _week(mondays, span), DISPUTED, BILLED)
        read = select(*columns, row.amount).where(inside).subquery()
        groups = [column for column in read.c if column.key != row.amount.key]
        query = select(*groups, func.count().label("number"), func.sum(read.c.amount).label("amount"))
        for each in scope.connection.execute(query.group_by(*groups)).mappings():
            found.count(mondays[each["week"]], each, each["number"])
            count(tally_of(tallies, scope, each, span), each, each["number"], int(each["amount"]))
        for before in stored_of(scope, inside, due, row.amount, *columns):
            settled, tally = due[before["id"]], tally_of(tallies, scope, before, span)
            after = _settled(before, settled)
            found.count(mondays[before["week"]], before, -1)
            found.count(mondays[before["week"]], after, 1)
            count(tally, before, -1, -before["amount"])
            count(tally, after, 1, settled.amount)
    found.weeks = dict(sorted(found.weeks.items()))
    return found


def _settled(before: Mapping[Any, Any], settled: Foreseen) -> dict[str, Any]:
    billed = before["billed"] and settled.amount > 0
    opened = EventKind.DISPUTE_OPENED in settled.kinds
    return {**before, **settled.state, "billed": billed, "disputed": before["disputed"] or opened}


def _mondays(span: Span) -> list[date]:
    """Of every week that the span touches."""
    first, last = local_date(span.since, span.zone), local_date(span.until, span.zone)
    monday = first - timedelta(days=first.weekday())
    found = []
    while monday < last:
        found.append(monday)
        monday += _WEEK
    return found


def _week(mondays: list[date], span: Span) -> ColumnElement[int]:
    """Which of the weeks an appointment's slot begins in; halved again and again, so that years cost little more."""

    def among(first: int, last: int) -> ColumnElement[int]:
        if first == last:
            return literal(first)
        middle = (first + last + 1) // 2
        is_before = row.starts_at < midnight(mondays[middle], span.zone)
        return case((is_before, among(first, middle - 1)), else_=among(middle, last))

    return among(0, len(mondays) - 1).label("week")


def costs(tallies: Tallies) -> list[Cost]:
    """Currency by currency, the source that cost most first; `tallies` are divided by source."""
    sums: dict[tuple[str | None, str], list[int]] = {}
    for key, tally in tallies.items():
        if key[-1] is not None and (tally.amount or tally.counts["delivered"]):
            found = sums.setdefault((key[_SOURCE], key[-1]), [0, 0])
            found[0] += tally.amount
            found[1] += tally.counts["delivered"]
    costs = [Cost(source, currency, *found) for (source, currency), found in sums.items()]
    return sorted(costs, key=lambda cost: (cost.currency, -cost.amount, cost.source or ""))
