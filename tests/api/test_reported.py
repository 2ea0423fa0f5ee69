"""What parties report of their own: all items or none, the same again changes nothing, corrections leave a trace."""

from typing import Any

import pytest
from flask import request
from freezegun import freeze_time

from api.csv_bodies import ItemsAsCsv
from ledger.domain.errors import Malformed
from tests.api.conftest import Caller
from tests.api.terms import SLUG, agreed, body_of, submission


@pytest.fixture(autouse=True)
def _monday() -> Any:
    with freeze_time("2026-10-05T09:00:00Z") as frozen:
        yield frozen


def csv(caller: Caller, path: str, text: str) -> Any:
    sent = {"Authorization": f"Bearer {caller.secret}", "Content-Type": "text/csv; charset=utf-8"}
    return caller.client.post(path, data=text.encode(), headers=sent)


def day(**changes: Any) -> dict[str, Any]:
    return {"day": "2026-10-02", "source": "list-a", "dials": 120, "conversations": 14, **changes}


def test_activity_again_changes_nothing_and_other_figures_correct_it(buyer: Caller, supplier: Caller) -> None:
    agreed(buyer, supplier)
    first = {"items": [day(), day(definition=SLUG)]}
    assert body_of(supplier("POST", "/v1/activity", first)) == {"added": 2, "corrected": 0, "unchanged": 0}
    table = "day,source,dials,conversations\n2026-10-02,list-a,120,14\n2026-10-03,list-a,80,9\n\n"
    assert body_of(csv(supplier, "/v1/activity", table)) == {"added": 1, "corrected": 0, "unchanged": 1}
    assert body_of(supplier("POST", "/v1/activity", {"items": [day(dials=130)]}))["corrected"] == 1
    shown = body_of(supplier("GET", "/v1/activity?from=2026-10-02&to=2026-10-03"))["items"]
    assert sorted((item["definition"] or "", item["dials"], item["revision"]) for item in shown) == [
        ("", 130, 2),
        (SLUG, 120, 1),
    ]
    assert len(body_of(supplier("GET", "/v1/activity?history=yes"))["items"]) == 4
    assert buyer("GET", "/v1/activity").status_code == 403


@pytest.mark.parametrize("head", ["day,dials,dials.x,conversations", "day,dials.x,dials,conversations"])
def test_a_column_is_a_value_or_has_members(sqlite_admin: Caller, head: str) -> None:
    columns = ItemsAsCsv(numbers=frozenset({"dials"}))
    with (
        sqlite_admin.client.application.test_request_context(
            "/", method="POST", data=f"{head}\n2026-10-01,1,1,1\n", content_type="text/csv"
        ),
        pytest.raises(Malformed),
    ):
        columns(request, 1_000)


@pytest.mark.parametrize(
    ("item", "status", "code"),
    [
        (day(conversations=121), 422, "conversations_exceed_dials"),
        (day(day="2026-10-06"), 422, "day_in_the_future"),
        (day(definition="unheard-of"), 422, "unknown_definition"),
        (day(dials="12"), 400, "malformed"),
        (day(dials=-1), 400, "malformed"),
    ],
    ids=["more-conversations-than-dials", "tomorrow", "another-definition", "text-for-a-number", "negative"],
)
def test_activity_that_cannot_be_refuses_all_of_it(supplier: Caller, item: Any, status: int, code: str) -> None:
    other = day(source="list-b")
    assert body_of(supplier("POST", "/v1/activity", {"items": [other, item]}), status)["code"] == code
    assert body_of(supplier("GET", "/v1/activity"))["items"] == []


def test_a_sale_is_the_buyers_own_and_can_be_taken_back(buyer: Caller, supplier: Caller, caller: Any) -> None:
    agreed(buyer, supplier)
    made = body_of(supplier("POST", "/v1/appointments", submission()), 201)
    table = "supplier,reference,closed_on,revenue.amount,revenue.currency\nacme-calls,S-1001,2026-10-05,250000,GBP\n"
    assert body_of(csv(buyer, "/v1/sales", table))["added"] == 1
    assert body_of(csv(buyer, "/v1/sales", table))["unchanged"] == 1
    lost = {"items": [{"appointment": made["id"], "won": False, "closed_on": "2026-10-05"}]}
    assert body_of(buyer("POST", "/v1/sales", lost))["corrected"] == 1
    (shown,) = body_of(buyer("GET", "/v1/sales"))["items"]
    assert (shown["reference"], shown["won"], shown["revenue"], shown["revision"]) == ("S-1001", False, None, 2)
    other = caller("buyer", "south-bank")
    assert body_of(other("POST", "/v1/sales", lost), 422)["code"] == "unknown_appointment"
    unnamed = {"items": [{"closed_on": "2026-10-05", "reference": "S-1001"}]}
    assert body_of(buyer("POST", "/v1/sales", unnamed), 400)["errors"][0]["pointer"] == "/items/0"
