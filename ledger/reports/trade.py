"""Counts of what became of appointments, set by set: the one reading that rates, mirror and scenarios share.

The books are read in groups of equal appointments, so that a month of a million is a few rows; what has fallen due and
is not settled yet is taken out of its group and counted as it will be settled. Refusals, activity and sales come from
their own records.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, select, true

from ledger.domain.calendar import Period
from ledger.domain.foreseen import Foreseen
from ledger.domain.journal import AccrualKind
from ledger.domain.lifecycle import EventKind
from ledger.domain.money import BASIS_POINTS
from ledger.reports.scope import Key, Scope, Span
from ledger.store import tables as t
from ledger.store.lookups import WholeHours, elements_of

row, event, dispute, refusal = t.appointment.c, t.appointment_event.c, t.dispute.c, t.intake_refusal.c
STATE: Final = ("schedule", "attendance", "outcome", "qualified", "verdict")
FLAGS: Final = ("silent", "found", "disputed", "overturned", "returned", "valued", "sold", "followed")
OVERTURNING: Final = ("contest", "contradiction")
"""Disputes against a finding or silence; an escalated silence has no verdict yet that could fall."""
_IN_CHUNKS: Final = 500


@dataclass(slots=True)
class Tally:
    """What is counted under one key. `amount` and `revenue` are minor units of the key's currency."""

    counts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    clauses: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    lead_hours: Counter[int] = field(default_factory=Counter)
    amount: int = 0
    revenue: int = 0


Tallies = dict[Key, Tally]


def _dispute(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(dispute.appointment_id == row.id, *conditions)


def _event(kind: EventKind) -> ColumnElement[bool]:
    return exists().where(event.appointment_id == row.id, event.kind == kind.value)


def _overturned() -> ColumnElement[bool]:
    """For its opener; an arbiter's share is neither his claim nor what stood, and overturns too."""
    won = dispute.upheld.is_(True) | (dispute.upheld.is_(None) & (dispute.resolution == "decided"))
    return _dispute(dispute.kind.in_(OVERTURNING), won)


def won_sale() -> ColumnElement[bool]:
    """The sale of an appointment that counts: the last report, if it was won."""
    later = t.sale.alias("later_sale")
    newer = exists().where(later.c.appointment_id == t.sale.c.appointment_id, later.c.revision > t.sale.c.revision)
    return and_(t.sale.c.won.is_(True), ~newer)


DISPUTED: Final = _dispute().label("disputed")
MARKS: Final = (
    _event(EventKind.DEEMED).label("silent"),
    _event(EventKind.FOUND).label("found"),
    DISPUTED,
    _overturned().label("overturned"),
    _dispute(dispute.kind == "clawback", dispute.upheld.is_(True)).label("returned"),
    exists()
    .where(t.accrual.c.appointment_id == row.id, t.accrual.c.kind == AccrualKind.OUTCOME, t.accrual.c.amount > 0)
    .label("valued"),
    exists().where(t.sale.c.appointment_id == row.id, won_sale()).label("sold"),
    exists().where(t.sale.c.appointment_id == row.id).label("followed"),
)


def outcomes(scope: Scope, foreseen: Iterable[Foreseen]) -> Tallies:
    """Appointments by the month of their slot, and what their sales brought in."""
    due = {each.id: each for each in foreseen}
    tallies: Tallies = {}
    columns = (*(row[name] for name in (*scope.place, *STATE)), *MARKS)
    for span in scope.spans():
        inside = scope.within(t.appointment, row.starts_at, span)
        read = select(*columns, row.amount).where(inside).subquery()
        groups = [read.c[column.key] for column in columns]
        query = select(*groups, func.count().label("number"), func.sum(read.c.amount).label("amount"))
        for each in scope.connection.execute(query.group_by(*groups)).mappings():
            count(tally_of(tallies, scope, each, span), each, each["number"], int(each["amount"]))
        for before in stored_of(scope, inside, due, row.amount, *columns):
            tally, settled = tally_of(tallies, scope, before, span), due[before["id"]]
            count(tally, before, -1, -before["amount"])
            count(tally, _settled(before, settled), 1, settled.amount)
        for sale in scope.connection.execute(_revenue(scope, inside)).mappings():
            if (key := scope.key(sale, span.month))[-1] == sale["currency"]:
                tallies.setdefault(key, Tally()).revenue += int(sale["revenue"])
    return tallies


def stored_of(
    scope: Scope, inside: ColumnElement[bool], due: Mapping[UUID, Foreseen], *columns: ColumnElement[Any]
) -> Iterator[Mapping[Any, Any]]:
    """The rows of what is due, as the table has them still."""
    ids = list(due)
    for start in range(0, len(ids), _IN_CHUNKS):
        query = select(row.id, *columns).where(inside, row.id.in_(ids[start : start + _IN_CHUNKS]))
        yield from scope.connection.execute(query).mappings()


def _settled(stored: Mapping[Any, Any], settled: Foreseen) -> dict[str, Any]:
    """The columns once what is due is settled."""
    kinds, upheld = settled.kinds, settled.upheld
    return {
        **stored,
        **settled.state,
        "silent": stored["silent"] or EventKind.DEEMED in kinds,
        "disputed": stored["disputed"] or EventKind.DISPUTE_OPENED in kinds,
        "overturned": stored["overturned"] or not upheld.isdisjoint(OVERTURNING),
        "returned": stored["returned"] or "clawback" in upheld,
        "valued": stored["valued"] or settled.amount > 0,
    }


def count(tally: Tally, each: Mapping[Any, Any], number: int, amount: int) -> None:
    """One group of equal appointments, whichever of `FLAGS` were looked up."""
    counts, attendance = tally.counts, each["attendance"]
    judged, held = each["verdict"] != "pending", each["schedule"] == "booked"
    counts["appointments"] += number
    tally.amount += amount
    if not judged:
        return
    tally.outcomes[each["outcome"] or "undecided"] += number
    for name in ("disputed", "overturned", "returned", "valued"):
        counts[name] += number * bool(each.get(name))
    if not held:
        counts["cancelled"] += number
        return
    counts["ruled"] += number
    counts["qualified"] += number * bool(each["qualified"])
    counts[attendance] += number
    for name in ("silent", "found", "sold", "followed"):
        counts[name] += number * bool(each.get(name))
    counts["delivered"] += number * bool(each["qualified"] and attendance == "attended")


def _revenue(scope: Scope, inside: ColumnElement[bool]) -> Select[Any]:
    sale, place = t.sale.c, [row[name] for name in scope.place]
    return (
        select(*place, sale.currency, func.sum(sale.revenue).label("revenue"))
        .join_from(t.sale, t.appointment, row.id == sale.appointment_id)
        .where(inside, won_sale(), sale.revenue.is_not(None))
        .group_by(*place, sale.currency)
    )


def submissions(scope: Scope, tallies: Tallies, *, leads: bool = True) -> None:
    """What was submitted, by the month of submission: taken with the lead's age and reach, refused with the clauses.

    Without `leads`, neither age nor reach is looked up.
    """
    place = [row[name] for name in scope.place]
    for span in scope.spans():
        inside = scope.within(t.appointment, row.submitted_at, span)
        taken = (
            _leads(scope, inside)
            if leads
            else select(*place, func.count().label("number")).where(inside).group_by(*place)
        )
        for each in scope.connection.execute(taken).mappings():
            tally, number = tally_of(tallies, scope, each, span), each["number"]
            tally.counts["taken"] += number
            tally.counts["unreachable"] += number * (not each.get("reached", True))
            if each.get("hours") is not None:
                tally.lead_hours[each["hours"]] += number
        inside = scope.within(t.intake_refusal, refusal.submitted_at, span)
        _refused(scope, tallies, span, inside)


def _leads(scope: Scope, inside: ColumnElement[bool]) -> Select[Any]:
    """What was taken, in groups of equal age (whole hours) and reach."""
    key, prospect = t.contact_key.c, t.prospect.c
    reached = exists().where(key.appointment_id == row.id, key.kind.in_(("email", "phone"))).label("reached")
    hours = WholeHours(row.submitted_at, prospect.lead_created_at).label("hours")
    taken = (
        select(*(row[name] for name in scope.place), hours, reached)
        .join_from(t.appointment, t.prospect, prospect.appointment_id == row.id)
        .where(inside)
        .subquery()
    )
    return select(*taken.c, func.count().label("number")).group_by(*taken.c)


def _refused(scope: Scope, tallies: Tallies, span: Span, inside: ColumnElement[bool]) -> None:
    """Refusals, and how many of them name each clause and each code."""
    place, number = [refusal[name] for name in scope.place], func.count(refusal.id.distinct()).label("number")
    counted = select(*place, number).where(inside).group_by(*place)
    for each in scope.connection.execute(counted).mappings():
        tally_of(tallies, scope, each, span).counts["refused"] += each["number"]
    for name in ("clause", "code"):
        elements, told = elements_of(scope.connection.dialect.name, refusal.violations, name)
        named = select(*place, told.label("told"), number).join_from(t.intake_refusal, elements, true())
        for each in scope.connection.execute(named.where(inside).group_by(*place, told)).mappings():
            tally = tally_of(tallies, scope, each, span)
            (tally.clauses if name == "clause" else tally.codes)[each["told"]] += each["number"]


def activity(scope: Scope, tallies: Tallies) -> None:
    """Dials and conversations as last reported."""
    day, (since, until) = t.activity.c, scope.days()
    later = t.activity.alias("later_activity")
    corrected = exists().where(
        later.c.supplier_id == day.supplier_id, later.c.subject == day.subject, later.c.revision > day.revision
    )
    place = [day[name] for name in scope.place]
    mine = and_(scope.sees(t.activity), scope.narrowed(t.activity), day.day >= since, day.day < until, ~corrected)
    query = select(*place, day.day, func.sum(day.dials).label("dials"), func.sum(day.conversations).label("talks"))
    for each in scope.connection.execute(query.where(mine).group_by(*place, day.day)).mappings():
        month = str(Period(each["day"].year, each["day"].month)) if "month" in scope.asked.by else None
        tally = tallies.setdefault(scope.key(each, month), Tally())
        tally.counts["dials"] += int(each["dials"])
        tally.counts["conversations"] += int(each["talks"])


def tally_of(tallies: Tallies, scope: Scope, each: Mapping[Any, Any], span: Span) -> Tally:
    """Where a row or a group of the span counts."""
    return tallies.setdefault(scope.key(each, span.month), Tally())


def findings(scope: Scope, tallies: Tallies) -> None:
    """What buyers found themselves: how often it was worth less than the full share, and how long it took them.

    The hours run from the end of the slot that counted then, and stand where leads' ages do elsewhere.
    """
    share = event.payload["share"].as_integer()
    for span in scope.spans():
        found = (
            select(
                *(row[name] for name in scope.place),
                WholeHours(event.effective_at, row.ends_at).label("hours"),
                func.coalesce(share < BASIS_POINTS, false()).label("rejected"),
            )
            .join_from(t.appointment, t.appointment_event, event.appointment_id == row.id)
            .where(scope.within(t.appointment, row.starts_at, span), event.kind == EventKind.FOUND.value)
            .subquery()
        )
        groups = select(*found.c, func.count().label("number")).group_by(*found.c)
        for each in scope.connection.execute(groups).mappings():
            tally, number = tally_of(tallies, scope, each, span), each["number"]
            tally.counts["findings"] += number
            tally.counts["rejections"] += number * bool(each["rejected"])
            tally.lead_hours[each["hours"]] += number
