"""Reports: counted by hand, the same before and after the worker, and to each role its own."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from sqlalchemy import Engine, literal, null, select, true

from ledger.domain.calendar import Period
from ledger.reports import failures, trade
from ledger.reports.course import costs, course
from ledger.reports.scope import Asked, Scope
from ledger.services.deadlines import settle_due
from ledger.services.foreseeing import foreseen
from ledger.store.engine import reading
from ledger.store.lookups import WholeHours
from ledger.store.types import Instant
from tests.api.conftest import Caller
from tests.api.terms import SLUG, agreed, body_of, submission

MONTH = "from=2026-10&to=2026-10"


def rate(numerator: int, denominator: int) -> dict[str, int | None]:
    points = round(numerator * 10_000 / denominator) if denominator else None
    return {"numerator": numerator, "denominator": denominator, "basis_points": points}


@pytest.fixture
def month(buyer: Caller, supplier: Caller, app_engine: Engine) -> None:
    """Four were taken and two refused: one attended and bought, one came and did not qualify, one was cancelled by the
    buyer, one waits in silence that is due."""
    with freeze_time("2026-10-05T09:00:00Z"):
        agreed(buyer, supplier)
        days = [{"day": "2026-10-02", "definition": SLUG, "source": "list-a", "dials": 200, "conversations": 20}]
        body_of(supplier("POST", "/v1/activity", {"items": days}))
        ids = [body_of(supplier("POST", "/v1/appointments", person(number)), 201)["id"] for number in range(1, 5)]
        twin = person(9) | {"prospect": person(1)["prospect"]}
        late = person(8) | {"lead_created_at": "2026-01-01T09:00:00Z"}
        for refused in (twin, late):
            body_of(supplier("POST", "/v1/appointments", refused), 422)
        body_of(buyer("POST", f"/v1/appointments/{ids[2]}/cancel", {"by": "buyer", "reason": None}))
    with freeze_time("2026-10-08T12:30:00Z"):
        body_of(buyer("POST", f"/v1/appointments/{ids[0]}/findings", {"attendance": "attended"}))
        refuted = [{"id": "size", "finding": "refuted", "note": None}]
        said = {"attendance": "attended", "criteria": refuted}
        body_of(buyer("POST", f"/v1/appointments/{ids[1]}/findings", said))
    with freeze_time("2026-10-20T09:00:00Z"):
        sold = {"appointment": ids[0], "closed_on": "2026-10-19", "revenue": {"amount": 500_000, "currency": "GBP"}}
        body_of(buyer("POST", "/v1/sales", {"items": [sold]}))


def person(number: int) -> dict[str, Any]:
    prospect = {"name": f"Person {number}", "email": f"p{number}@firm{number}.example", "region": "GB"}
    return dict(submission(reference=f"S-{number}", prospect=prospect, source="list-a"))


def shown(caller: Caller, report: str, more: str = "") -> list[dict[str, Any]]:
    with freeze_time("2026-10-20T10:00:00Z"):
        items: list[dict[str, Any]] = body_of(caller("GET", f"/v1/reports/{report}?{MONTH}{more}"))["items"]
        return items


def test_a_month_is_counted_as_by_hand_before_and_after_the_worker(
    month: None, buyer: Caller, supplier: Caller, caller: Callable[..., Caller], app_engine: Engine
) -> None:
    (before,) = shown(buyer, "suppliers", "&by=supplier,source,month")
    assert (before["supplier"], before["source"], before["month"], before["currency"]) == (
        "acme-calls",
        "list-a",
        "2026-10",
        "GBP",
    )
    rates = before["rates"]
    assert rates["contact"] == rate(20, 200)
    assert rates["booking"] == rate(4, 20)
    assert rates["refusal"] == rate(2, 6)
    assert rates["qualification"] == rate(2, 3)
    assert rates["attendance"] == rate(3, 3)
    assert rates["silence"] == rate(1, 3)
    assert rates["conversion"] == rate(1, 2)
    assert rates["no_show"] == {who: rate(0, 3) for who in ("by_prospect", "by_buyer", "by_both")}
    assert before["refusals_by_clause"] == {"duplicates": 1, "intake.lead_age": 1}
    assert before["lead_age"] == {"leads": 4, "mean_hours": 96, "median_hours": 96, "longest_hours": 96}
    assert before["revenue"] == 500_000
    money = sum(
        item["money"]["amount"]
        for item in body_of(buyer("GET", "/v1/appointments"))["items"]
        if item["money"]["amount"]
    )
    assert before["amount"] == before["cost_per_acquisition"] == money > 0
    assert before["cost_per_qualified_attended"] == (money + 1) // 2
    at = datetime(2026, 10, 20, 10, tzinfo=UTC)
    assert settle_due(app_engine, at, at) == 1
    assert shown(buyer, "suppliers", "&by=supplier,source,month") == [before]
    (own,) = shown(supplier, "suppliers", "&by=supplier,source,month")
    assert own == before | {"revenue": None}
    assert shown(caller("supplier", "best-leads"), "suppliers") == shown(caller("buyer", "south-bank"), "buyers") == []
    assert [item["supplier"] for item in shown(caller("arbiter"), "suppliers")] == ["acme-calls"]


def test_who_asks_less_of_the_same_month_is_told_the_same(month: None, app_engine: Engine) -> None:
    asked = Asked(Period(2026, 10), Period(2026, 10), ("source",))
    with reading(app_engine) as connection:
        scope = Scope(connection, asked, lambda _table: true())
        due = foreseen(connection, scope.agreements, datetime(2026, 10, 20, 10, tzinfo=UTC))
        told = []
        for whole in (True, False):
            tallies: trade.Tallies = trade.outcomes(scope, due) if whole else {}
            if not whole:
                course(scope, due, tallies)
            trade.submissions(scope, tallies, leads=whole)
            told.append((failures.failures(scope, tallies), failures.sources(tallies), costs(tallies)))
    assert len(due) == 1 and told[0] == told[1]
    assert {each.clause for each in told[0][0]} >= {"outcomes.cancelled_by_buyer", "criteria.size"}


def test_hours_are_whole_and_none_where_the_later_comes_first(engine: Engine) -> None:
    noon = datetime(2026, 10, 5, 12, microsecond=300_000, tzinfo=UTC)
    ages = (timedelta(hours=3), timedelta(hours=3) - timedelta(microseconds=1), timedelta(hours=-5))
    hours = [WholeHours(literal(noon, Instant()), literal(noon - age, Instant())) for age in ages]
    with reading(engine) as connection:
        assert connection.execute(select(*hours, WholeHours(literal(noon, Instant()), null()))).one() == (3, 2, 0, None)


def test_the_mirror_shows_rejections_and_silence_and_the_data_what_was_wrong(
    month: None, buyer: Caller, supplier: Caller
) -> None:
    (mirror,) = shown(supplier, "buyers", "&by=buyer")
    assert mirror["rates"]["rejection"] == rate(1, 2)
    assert mirror["rates"]["silence"] == rate(1, 3)
    assert mirror["hours_to_findings"]["mean_hours"] == 2
    (data,) = shown(buyer, "data-quality", "&by=supplier")
    assert (data["submitted"], data["taken"]) == (6, 4)
    assert data["duplicates"] == data["stale_leads"] == rate(1, 6)
    assert data["unreachable_contacts"] == rate(0, 4)
    with freeze_time("2026-10-20T10:00:00Z"):
        answer = buyer("GET", f"/v1/reports/data-quality?{MONTH}&by=supplier&format=csv")
    head, row = answer.get_data(as_text=True).splitlines()
    table = dict(zip(head.split(","), row.split(","), strict=True))
    assert (table["supplier"], table["duplicates.numerator"], table["duplicates.denominator"]) == (
        "acme-calls",
        "1",
        "6",
    )


def test_scenarios_rest_on_the_measured_rates(month: None, buyer: Caller, supplier: Caller) -> None:
    (told,) = shown(buyer, "scenarios", "&by=supplier&currency=GBP&cost_per_dial=50")
    worst, real, best = told["scenarios"]
    assert real["rates"] == {"contact": 1000, "booking": 2000, "delivery": 5000, "conversion": 5000}
    assert real["supplier"]["break_even_price"] == 5_000
    assert real["buyer"]["break_even_price"] == 250_000
    assert worst["buyer"]["break_even_price"] < 250_000 < best["buyer"]["break_even_price"]
    (own,) = shown(supplier, "scenarios", "&by=supplier")
    assert own["value_per_sale"] is None


@pytest.mark.parametrize(
    "query",
    ["by=colour", "by=supplier,supplier", "from=2026-10&to=2026-09", "from=2020-01&to=2026-10", "cost_per_dial=50"],
)
def test_what_cannot_be_asked_is_malformed(sqlite_admin: Caller, query: str) -> None:
    for report in ("scenarios",):
        body_of(sqlite_admin("GET", f"/v1/reports/{report}?{query}"), 400)
