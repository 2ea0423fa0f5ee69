"""The test mode: a no-show and a dispute are played in a minute, and nothing of it reaches what is real."""

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select
from werkzeug.serving import make_server

from api import create_app, units
from api.databases import SANDBOX, SandboxDatabase
from api.sending import Sender
from ledger.domain.signatures import Delivery, Provider, verify
from ledger.services import sandboxes
from ledger.store import tables as t
from ledger.store.engine import reading
from tests.api.conftest import Caller
from tests.api.play import CLOCK, booked, contested
from tests.api.terms import body_of
from tests.support.applications import SECRET, store_of
from tests.support.receiver import Receiver, receiving


@pytest.fixture(autouse=True)
def _closed(app: Flask, sqlite_template: Path) -> Iterator[None]:
    """On SQLite a sandbox that is migrated already, which saves seconds."""
    sandbox: SandboxDatabase = app.extensions[SANDBOX]
    if sandbox.is_sqlite:
        copyfile(sqlite_template, sandbox.url.removeprefix("sqlite:///"))
    yield
    sandbox.dispose()


def opened(live: Caller) -> tuple[dict[str, Any], Caller, Caller]:
    """The sandbox, and a caller for its supplier and for its buyer."""
    sandbox = body_of(live("POST", "/v1/sandbox", {}, key="open-1"), 201)
    sides = [Caller(live.client, sandbox["keys"][role]["secret"]) for role in ("supplier", "buyer")]
    return sandbox, sides[0], sides[1]


def test_a_no_show_and_a_dispute_are_played_on_demand(supplier: Caller, app_engine: Engine) -> None:
    sandbox, seller, buyer = opened(supplier)
    assert sandbox["keys"]["buyer"]["secret"].startswith("al_test_")
    first, second = (booked(sandbox, seller, reference, days=400)["id"] for reference in ("t-1", "t-2"))
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


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_arbiter_of_a_sandbox_decides_as_its_parties_wish(supplier: Caller, caller: Any) -> None:
    sandbox, seller, buyer = opened(supplier)
    dispute = contested(sandbox, seller, buyer)
    path, by_share = f"/v1/sandbox/disputes/{dispute}/decision", {"share": 5_000, "reason": "Both are right."}
    read = {"If-Match": buyer("GET", f"/v1/disputes/{dispute}").headers["ETag"]}
    said = {"message": "One more thing."}
    written = buyer("POST", f"/v1/disputes/{dispute}/messages", said, headers=read)
    assert written.headers["ETag"] == buyer("GET", f"/v1/disputes/{dispute}").headers["ETag"] != read["If-Match"]
    body_of(buyer("POST", f"/v1/disputes/{dispute}/messages", said, headers=read), 412)
    _, stranger, _ = opened(caller("supplier", "beta-leads"))
    for other in (stranger, supplier):
        body_of(other("POST", path, by_share), 404)
    body_of(buyer("POST", f"/v1/disputes/{dispute}/decision", by_share), 403)
    decided = body_of(buyer("POST", path, by_share))
    assert (decided["state"], decided["resolution"]) == ("closed", "decided")
    assert body_of(seller("GET", f"/v1/appointments/{decided['appointment']}"))["money"]["amount"] == 9_000
    body_of(seller("POST", path, by_share), 409)


GUIDE = Path("docs/sandbox.md").read_text(encoding="utf-8")
TOLD = {
    "appointment.submitted", "appointment.found", "appointment.no_show_final", "amount.accrued", "dispute.opened",
    "dispute.message_sent", "dispute.replied", "dispute.decided", "appointment.final",
}  # fmt: skip


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def new_app(database_url: str, receiver: Receiver) -> Iterator[Flask]:
    """An application on a developer's machine, where the receiver runs too."""
    assert receiver.url
    app = create_app(
        {"DATABASE_URL": database_url, "SECRET_KEY": SECRET, "TESTING": True, "WEBHOOKS_TO_PRIVATE_NETWORKS": True}
    )
    yield app
    store_of(app).dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_guide_plays_both_and_the_receiver_is_told(
    new_app: Flask, receiver: Receiver, supplier: Caller, app_engine: Engine
) -> None:
    (script,) = re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL)
    (promised,) = re.findall(r"```\n(prospect_no_show.*?)```", GUIDE, re.DOTALL)
    _, seller, buyer = opened(supplier)
    endpoint = body_of(seller("POST", "/v1/webhook-endpoints", {"url": f"{receiver.url}/signed"}), 201)
    server = make_server("127.0.0.1", 0, new_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings = {"URL": f"http://127.0.0.1:{server.server_port}", "HOOK": f"{receiver.url}/in", "KEY": supplier.secret}
    command = ["bash", "-c", script]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, timeout=120, check=False)
    server.shutdown()
    thread.join()
    server.server_close()
    assert done.stdout + done.stderr == promised
    playground: SandboxDatabase = new_app.extensions[SANDBOX]
    sender = Sender(playground.opened(), new_app.extensions[units.SETTINGS], lambda: datetime.now(UTC))
    body_of(buyer("POST", CLOCK, {"advance": {"days": 60}}))
    sandboxes.go_round(sender.engine, datetime.now(UTC), full=True)
    sender.send_due()
    came = receiver.at("/signed")
    assert {each.message["type"] for each in came} == TOLD
    assert {each.message["livemode"] for each in came} == {False}
    for each in came:
        signed = Delivery(each.headers, each.body, "")
        assert not verify(Provider.STANDARD_WEBHOOKS, [endpoint["secret"]], signed, datetime.now(UTC)).stale
    assert {each.id for each in receiver.at("/in")} == {each.id for each in came}
    with reading(app_engine) as connection:
        assert connection.execute(select(func.count()).select_from(t.outgoing_delivery)).scalar_one() == 0
