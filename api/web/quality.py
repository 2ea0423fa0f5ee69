"""Quality by page: what became of appointments, why they failed by clause and source, and what was refused.

Owns the months and the other side in the address; what is counted is `ledger.reports`', what the charts say
`courses`'. A party sees its own rows alone, finance all of them.
"""

from typing import Any, Final

from flask import Response, request
from sqlalchemy import Connection, select

from api.databases import database
from api.languages import gettext, marked
from api.resources.intake_refusals import refusals, rendered
from api.units import clock
from api.web import courses, display
from api.web.actors import party_names
from api.web.blueprint import pages, show
from api.web.inbox import identity
from api.web.sessions import only, person
from ledger.domain.calendar import Period
from ledger.domain.errors import Malformed
from ledger.domain.rates import Rate
from ledger.domain.terms import Outcome
from ledger.reports import course, failures, trade
from ledger.reports.scope import Asked, Scope
from ledger.services.access import BUYER, FINANCE, SUPPLIER, visible
from ledger.services.foreseeing import foreseen
from ledger.store import tables as t
from ledger.store.engine import reading

PAGE: Final = 50
MONTHS_BACK: Final = 2
MOST_MONTHS: Final = 12
SHOWN_SOURCES: Final = 5
NARROWED: Final = ("supplier", "buyer", "source")
WIDTH: Final = 1_000
KINDS: Final = {
    "refused": marked("Refused on submission"),
    "refuted": marked("Criterion refuted"),
    "outcome": marked("Did not take place as agreed"),
}


@pages.get("/quality")
@only(BUYER, SUPPLIER, FINANCE)
def quality() -> Response:
    """What became of appointments, and why they failed, by clause and source."""
    now, viewer = clock(), person()
    last = _month("to") or Period.of(now, viewer.time_zone)
    first = _month("from") or _back(last, MONTHS_BACK)
    if not 0 <= (last.year - first.year) * 12 + last.month - first.month < MOST_MONTHS:
        raise Malformed.at("/from", gettext("Choose 1 to %(n)s months.", n=MOST_MONTHS))
    with reading(database().engine) as connection:
        asked = Asked(first, last, ("source",), **{name: _given(name) for name in NARROWED})
        scope = Scope(connection, asked, lambda table: visible(viewer.principal, table))
        due = foreseen(connection, scope.agreements, now)
        tallies: trade.Tallies = {}
        taken_course = course.course(scope, due, tallies)
        trade.submissions(scope, tallies, leads=False)
        became = courses.shown(taken_course, course.costs(tallies))
        others = _others(connection)
        found, sources = failures.failures(scope, tallies), failures.sources(tallies)
        labels = _labels(connection, scope)
    largest = max((each.total for each in found), default=0)
    named = [each.name for each in sources[:SHOWN_SOURCES]]
    return show(
        "quality",
        first=first,
        last=last,
        named=named,
        rest=len(sources) > len(named),
        sides=others,
        asked=asked,
        **became,
        sources=sources,
        totals=_totals(sources),
        rows=[
            {
                "clause": each.clause,
                "kind": KINDS[each.kind],
                "words": _words(each.clause, labels),
                "total": each.total,
                "width": round(WIDTH * each.total / largest, 1),
                "by_source": [each.by_source[name] for name in named],
                "rest": sum(number for name, number in each.by_source.items() if name not in named),
            }
            for each in found
        ],
    )


@pages.get("/refusals")
@only(BUYER, SUPPLIER)
def refused_submissions() -> Response:
    """What was not taken, newest first, with every clause that it broke."""
    refusal, viewer = t.intake_refusal.c, person()
    query = refusals().where(visible(viewer.principal, t.intake_refusal)).order_by(refusal.id.desc())
    after = identity(request.args.get("after"))
    if after is not None:
        query = query.where(refusal.id < after)
    with reading(database().engine) as connection:
        rows = [rendered(row) for row in connection.execute(query.limit(PAGE + 1)).mappings()]
        names = party_names(connection, (row[side] for row in rows for side in ("supplier", "buyer")))
    following = str(rows[PAGE - 1]["id"]) if len(rows) > PAGE else None
    return show(
        "refusals", rows=rows[:PAGE], names=names, following=following, is_first=after is None, zone=viewer.time_zone
    )


def _given(name: str) -> str | None:
    return request.args.get(name) or None


def _others(connection: Connection) -> dict[str, dict[str, str]]:
    """Whom to narrow to: the other sides of the viewer's agreements, by name, where there are several."""
    agreement, organisation, viewer = t.agreement.c, t.organisation.c, person()
    found = {}
    for side in ("supplier", "buyer"):
        theirs = select(agreement[f"{side}_id"]).where(visible(viewer.principal, t.agreement))
        query = select(organisation.slug, organisation.legal_name).where(organisation.id.in_(theirs))
        names = {row.slug: row.legal_name for row in connection.execute(query.order_by(organisation.legal_name))}
        if len(names) > 1:
            found[side] = names
    return found


def _month(name: str) -> Period | None:
    text = request.args.get(name, "")
    try:
        return Period.parse(text) if text else None
    except ValueError:
        raise Malformed.at(f"/{name}", gettext("Give a month such as 2026-10.")) from None


def _back(month: Period, months: int) -> Period:
    for _ in range(months):
        month = month.previous()
    return month


def _totals(sources: list[failures.Source]) -> dict[str, Any]:
    """What the band says: counts, and rates in basis points where there is something to measure them on."""
    taken, refused, ruled, delivered = (
        sum(getattr(each, name) for each in sources) for name in ("taken", "refused", "ruled", "delivered")
    )
    return {
        "submitted": taken + refused,
        "refused": refused,
        "refusal": Rate(refused, taken + refused).basis_points,
        "ruled": ruled,
        "delivered": delivered,
        "delivery": Rate(delivered, ruled).basis_points,
    }


def _labels(connection: Connection, scope: Scope) -> dict[str, str]:
    """What the newest versions call their criteria."""
    version = t.definition_version
    query = (
        version.select()
        .where(version.c.published_at.is_not(None), version.c.definition_id.in_(list(scope.definitions)))
        .order_by(version.c.number)
    )
    rows = connection.execute(query).mappings()
    return {c["id"]: c.get("label") or c["id"] for row in rows for c in row["document"]["criteria"]}


def _words(clause: str, labels: dict[str, str]) -> str | None:
    if clause in labels:  # a refusal names a criterion by its id alone
        return labels[clause]
    section, _, name = clause.partition(".")
    if section == "outcomes" and name in Outcome.__members__.values():
        return display.outcome(name)
    return labels.get(name.partition(".")[0]) if section == "criteria" else None
