"""A dry run by page: the draft replayed over the past, as a chart and a table, clause by clause. Nothing changes.

Owns the form (from when, until when, in the address) and the drawing of its bars; the replay is the API's.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import Response, request

from api.databases import database
from api.languages import gettext
from api.problems import problem_of
from api.resources.dry_runs import rendered
from api.units import clock
from api.web.blueprint import pages, show
from api.web.definitions import found
from api.web.mending import problem_shown
from api.web.sessions import only
from ledger.domain.calendar import midnight
from ledger.domain.errors import IllegalMove, Malformed, Refusal
from ledger.services import dry_runs
from ledger.services.access import ADMIN, BUYER
from ledger.store.engine import reading

WIDTH = 1_000
USUALLY = timedelta(days=92)
"""How far back it looks where nobody says since when."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in thousandths of the drawing's width; money runs from the middle to either side."""

    x: float
    width: float


@pages.get("/definitions/<reference>/dry-run")
@only(ADMIN, BUYER)
def dry_run(reference: str) -> Response:
    """What the draft would have changed: outcomes and money, by clause and all together."""
    given = request.args or {"from": (clock() - USUALLY).date().isoformat()}
    refused: Refusal | None = None
    result: dict[str, Any] | None = None
    with reading(database().engine) as connection:
        head = found(connection, reference)
        zone = head["document"]["time_zone"]
        try:
            if head["draft"] is None:
                raise IllegalMove("there is no draft; the newest version is published", code="no_draft")
            since, until = _bound(given.get("from", ""), zone), _bound(given.get("to", ""), zone)
            result = rendered(dry_runs.dry_run(connection, head["id"], head["draft"], since=since, until=until))
            result["clauses"] = [each for each in result["clauses"] if each["clause"] != "effective_from"]
        except Refusal as refusal:
            refused = refusal
    return show(
        "dry_run",
        200 if refused is None else problem_of(refused).status,
        head=head,
        reference=reference,
        run=result,
        bars={} if result is None else _bars(result),
        problem=problem_shown(refused),
        given=given,
        terms_zone=zone,
    )


def _bound(text: str, zone: str) -> datetime | None:
    if not text:
        return None
    try:
        return midnight(date.fromisoformat(text), zone)
    except (ValueError, OverflowError):
        raise Malformed.at("from", gettext("Give a day, or leave it empty.")) from None


def _bars(run: dict[str, Any]) -> dict[str, tuple[Bar, Bar]]:
    """For each clause, and for all together (`""`), the bar of its money and that of its outcomes."""
    rows = {"": run["together"], **{each["clause"]: each for each in run["clauses"] if each["replayed"]}}
    money = max((abs(row["money"]) for row in rows.values()), default=0)
    outcomes = max((row["outcomes"] for row in rows.values()), default=0)
    return {
        name: (_to_a_side(row["money"], money), _from_left(row["outcomes"], outcomes)) for name, row in rows.items()
    }


def _to_a_side(value: int, largest: int) -> Bar:
    width = WIDTH / 2 * abs(value) / largest if largest else 0.0
    return Bar(round(WIDTH / 2 - (width if value < 0 else 0), 1), round(width, 1))


def _from_left(value: int, largest: int) -> Bar:
    return Bar(0.0, round(WIDTH * value / largest, 1) if largest else 0.0)
