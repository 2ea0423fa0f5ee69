"""A dry run by page: the draft replayed over the past, as a chart and a table, clause by clause. Nothing changes.

Owns the form (from when, until when, in the address) and what is drawn; the replay is the API's.
"""

from datetime import date, datetime, timedelta
from typing import Any

from flask import Response, request

from api.databases import database
from api.languages import gettext
from api.problems import problem_of
from api.resources.dry_runs import rendered
from api.units import clock
from api.web import charts
from api.web.blueprint import pages, show
from api.web.definitions import found
from api.web.mending import problem_shown
from api.web.sessions import only
from ledger.domain.calendar import midnight
from ledger.domain.errors import IllegalMove, Malformed, Refusal
from ledger.services import dry_runs
from ledger.services.access import ADMIN, BUYER
from ledger.store.engine import reading

MONEY_UNTIL, OUTCOMES_SINCE = 64, 70
"""Per cent of the drawing's width; what `charts.html` draws the axes at."""
USUALLY = timedelta(days=92)
"""How far back it looks where nobody says since when."""


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
        drawn=[] if result is None else _drawn(result),
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


def _drawn(run: dict[str, Any]) -> list[dict[str, Any]]:
    """For each clause, and at last for all together, the bar of its money and that of its outcomes."""
    rows = [each for each in run["clauses"] if each["replayed"]]
    told = [(each["clause"], each) for each in rows] + [(gettext("all together"), run["together"])]
    money = charts.sides([row["money"] for _, row in told], 0, MONEY_UNTIL)
    counts = charts.between([row["outcomes"] for _, row in told], OUTCOMES_SINCE, charts.WHOLE)
    return [
        {"label": label, "money": bar, "count": count, "is_less": row["money"] < 0}
        for (label, row), bar, count in zip(told, money, counts, strict=True)
    ]
