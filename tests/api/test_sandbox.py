"""The test mode: a no-show and a dispute are played in a minute, and nothing of it reaches what is real."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select

from api.databases import SANDBOX, Database
from ledger.store import tables as t
from ledger.store.engine import reading
from tests.api.conftest import Caller
from tests.api.terms import body_of

CLOCK = "/v1/sandbox/clock"


@pytest.fixture(autouse=True)
def _closed(app: Flask, sqlite_template: Path) -> Iterator[None]:
    """On SQLite a sandbox that is migrated already, which saves seconds."""
    sandbox: Database = app.extensions[SANDBOX]
    if sandbox.is_sqlite:
        copyfile(sqlite_template, sandbox.url.removeprefix("sqlite:///"))
    yield
    sandbox.dispose()


def opened(live: Caller) -> tuple[dict[str, Any], Caller, Caller]:
    """The sandbox, and a caller for its supplier and for its buyer."""
    sandbox = body_of(live("POST", "/v1/sandbox", {}, key="open-1"), 201)
    sides = [Caller(live.client, sandbox["keys"][role]["secret"]) for role in ("supplier", "buyer")]
    return sandbox, sides[0], sides[1]


def booked(sandbox: dict[str, Any], supplier: Caller, reference: str) -> str:
    """An appointment a day ahead of the sandbox's clock; its id."""
    slot = {"starts_at": sandbox["now"][:10] + "T23:00:00Z", "ends_at": sandbox["now"][:10] + "T23:30:00Z"}
    body_of(supplier("POST", CLOCK, {"advance": {"minutes": 1}}))
    body = {
        "definition": sandbox["definition"],
        "reference": reference,
        "slot": {name: str(int(each[:4]) + 1) + each[4:] for name, each in slot.items()},
        "prospect": {"name": "Ada Byron", "email": f"{reference}@engine.example", "region": "GB"},
        "channel": "outbound",
        "facts": {"employees": 42, "title": "CFO"},
    }
    return str(body_of(supplier("POST", "/v1/appointments", body), 201)["id"])


def test_a_no_show_and_a_dispute_are_played_on_demand(supplier: Caller, app_engine: Engine) -> None:
    sandbox, seller, buyer = opened(supplier)
    assert sandbox["keys"]["buyer"]["secret"].startswith("al_test_")
    first, second = booked(sandbox, seller, "t-1"), booked(sandbox, seller, "t-2")
    (slot,) = body_of(seller("GET", f"/v1/appointments/{first}"))["schedule"]["slots"]
    body_of(seller("POST", CLOCK, {"to": slot["ends_at"]}))
    body_of(buyer("POST", f"/v1/appointments/{first}/findings", {"attendance": "prospect_no_show"}))
    body_of(buyer("POST", CLOCK, {"advance": {"days": 11}}))
    assert body_of(seller("GET", f"/v1/appointments/{first}"))["money"]["amount"] == 4_500
    silent = body_of(buyer("GET", f"/v1/appointments/{second}"))
    assert (silent["verdict"]["state"], silent["money"]["amount"]) == ("deemed", 18_000)
    claim = {"attendance": "attended", "criteria": [{"id": "role", "finding": "refuted", "note": None}]}
    clawback = {"reason": "wrong_person", "claim": claim, "message": "It was an intern."}
    body_of(buyer("POST", f"/v1/appointments/{second}/disputes", clawback), 201)
    assert body_of(buyer("GET", f"/v1/appointments/{second}"))["stage"] == "disputed"
    assert body_of(seller("POST", CLOCK, {"advance": {"days": 30}}))["settled"] > 0
    assert body_of(buyer("GET", f"/v1/appointments/{second}"))["stage"] != "booked"
    with reading(app_engine) as connection:
        for table in (t.appointment, t.agreement, t.sandbox, t.entry):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_neither_mode_knows_the_others_keys_and_rows(supplier: Caller, caller: Any) -> None:
    bogus = Caller(supplier.client, "al_test_" + supplier.secret.removeprefix("al_"))
    body_of(bogus("GET", "/v1/sandbox"), 401)
    sandbox, seller, buyer = opened(supplier)
    body_of(bogus("GET", "/v1/sandbox"), 401)
    body_of(supplier("GET", "/v1/sandbox"), 404)
    body_of(supplier("POST", CLOCK, {"advance": {"days": 1}}), 404)
    body_of(seller("POST", "/v1/sandbox", {}), 403)
    again = body_of(supplier("POST", "/v1/sandbox", {}, key="open-1"), 201)
    assert again == sandbox
    body_of(supplier("GET", f"/v1/agreements/{sandbox['agreement']}"), 404)
    assert body_of(seller("GET", f"/v1/agreements/{sandbox['agreement']}"))["supplier"] == "acme-calls"
    issued = body_of(seller("POST", "/v1/keys", {"role": "supplier"}), 201)
    assert issued["secret"].startswith("al_test_")
    rotated = body_of(seller("POST", f"/v1/keys/{issued['id']}/rotate", {}), 201)
    assert Caller(supplier.client, rotated["secret"])("GET", "/v1/sandbox").status_code == 200
    body_of(seller("POST", "/v1/billing-runs", {"period": "2026-10"}), 403)
    other, _, _ = opened(caller("buyer", "north-bank"))
    assert other["counterpart"] != sandbox["counterpart"]
    moved = body_of(seller("POST", CLOCK, {"advance": {"hours": 2}}))
    assert moved["advanced_seconds"] == 7_200
    assert body_of(buyer("GET", "/v1/sandbox"))["advanced_seconds"] == 7_200
    body_of(seller("POST", CLOCK, {"to": sandbox["now"]}), 422)
    body_of(seller("POST", CLOCK, {"advance": {"days": 730}}), 422)
    body_of(seller("POST", CLOCK, {"advance": {"days": 1}, "to": sandbox["now"]}), 400)
