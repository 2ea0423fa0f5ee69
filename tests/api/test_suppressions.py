"""Suppressions over HTTP: contacts go in, digests stay, and submissions of them are refused."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from freezegun import freeze_time
from sqlalchemy import Engine, select

from ledger.store import tables as t
from tests.api.conftest import Caller
from tests.api.terms import agreed, body_of, submission

PATH = "/v1/suppressions"
Make = Callable[..., Caller]


@pytest.fixture(autouse=True)
def _monday() -> Any:
    with freeze_time("2026-10-05T09:00:00Z") as frozen:
        yield frozen


def item(kind: str, value: str) -> dict[str, str]:
    return {"kind": kind, "value": value}


def test_a_contact_is_known_again_however_it_is_spelt(buyer: Caller) -> None:
    items = [item("email", "Ada+list@Engine.example"), item("phone", "020 7946 0018")]
    assert body_of(buyer("POST", PATH, {"items": items}), 201) == {"added": 2, "known": 0}
    items = [item("email", "ada@engine.example"), item("phone", "+44 20 7946 0018"), item("company_number", "00 12")]
    assert body_of(buyer("POST", PATH, {"items": items}), 201) == {"added": 1, "known": 2}
    assert body_of(buyer("POST", PATH, {"items": [items[0], items[0]]}), 201) == {"added": 0, "known": 2}


def test_a_list_comes_as_csv_or_hashed_too(buyer: Caller) -> None:
    plain = hashlib.sha256(b"ada@engine.example").hexdigest()
    table = f"kind;value;sha256\nemail;Ada@Engine.example;\nemail;;{plain}\nphone;020 7946 0018;\n"
    sent = {"Authorization": f"Bearer {buyer.secret}", "Content-Type": "text/csv"}
    answer = buyer.client.post(PATH, data=table, headers=sent)
    assert body_of(answer, 201) == {"added": 2, "known": 1}
    wrong = buyer.client.post(PATH, data="kind,value\nemail", headers=sent)
    assert body_of(wrong, 400)["errors"][0]["detail"].startswith("line 2 has 1 cells")


def test_no_contact_is_stored_or_shown(buyer: Caller, app_engine: Engine) -> None:
    body_of(buyer("POST", PATH, {"items": [item("email", "ada@engine.example")]}, key="k-1"), 201)
    shown = body_of(buyer("GET", PATH))["items"]
    assert [sorted(entry) for entry in shown] == [["created_at", "digest", "kind"]]
    with app_engine.connect() as connection:
        kept = [connection.execute(select(table)).all() for table in (t.suppression, t.idempotency_key)]
    assert "engine" not in repr(kept) and "engine" not in repr(shown)


def test_what_is_no_contact_of_its_kind_refuses_all_without_being_repeated(buyer: Caller) -> None:
    items = [item("email", "ada@engine.example"), item("email", "ada at home"), item("phone", "not a phone")]
    problem = body_of(buyer("POST", PATH, {"items": items}), 400)
    assert [error["pointer"] for error in problem["errors"]] == ["/items/1/value", "/items/2/value"]
    assert "ada at home" not in str(problem) and "not a phone" not in str(problem)
    assert body_of(buyer("GET", PATH))["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"items": []},
        {"items": [{"kind": "email"}]},
        {"items": [{"kind": "name", "value": "Ada"}]},
        {"items": [{"kind": "email", "value": "ada@engine.example", "note": "x"}]},
        {"items": [item("company_number", str(n)) for n in range(1, 10_002)]},
    ],
)
def test_other_bodies_are_malformed(buyer: Caller, body: Any) -> None:
    body_of(buyer("POST", PATH, body), 400)


def test_a_thousand_go_in_at_once_and_are_listed_page_by_page(buyer: Caller) -> None:
    items = [item("company_number", str(n)) for n in range(1, 1_001)]
    assert body_of(buyer("POST", PATH, {"items": items}), 201)["added"] == 1_000
    seen: list[str] = []
    path, page = f"{PATH}?limit=200", {}
    for _ in range(5):
        page = body_of(buyer("GET", path))
        seen += [entry["digest"] for entry in page["items"]]
        path = f"{PATH}?limit=200&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    assert len(seen) == len(set(seen)) == 1_000


def test_a_suppressed_prospect_is_refused_for_this_buyer_alone(buyer: Caller, supplier: Caller, caller: Make) -> None:
    south = caller("buyer", "south-bank")
    agreed(buyer, supplier)
    agreed(south, supplier)
    body_of(buyer("POST", PATH, {"items": [item("email", "ADA@engine.example")]}), 201)
    assert body_of(south("GET", PATH))["items"] == []
    north = submission(definition="north-bank:uk-finance-review")
    problem = body_of(supplier("POST", "/v1/appointments", north), 422)
    assert [violation["clause"] for violation in problem["violations"]] == ["intake.suppressions"]
    body_of(supplier("POST", "/v1/appointments", submission(definition="south-bank:uk-finance-review")), 201)


@pytest.mark.parametrize("role", ["supplier", "admin", "finance", "arbiter"])
def test_the_list_is_the_buyers(caller: Make, role: str) -> None:
    asker = caller(role, "acme-calls" if role == "supplier" else None)
    body_of(asker("POST", PATH, {"items": [item("email", "ada@engine.example")]}), 403)
    body_of(asker("GET", PATH), 403)
