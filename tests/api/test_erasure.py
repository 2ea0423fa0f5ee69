"""Erasing a person: no byte of him is left anywhere, everything else is as it was, and the record still verifies."""

import hashlib
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from freezegun import freeze_time
from sqlalchemy import Engine, select

from invoices.storage import storage_at
from invoices.verify import run_checks
from ledger.services import chain
from ledger.store import tables as t
from ledger.store.engine import reading
from tests.api.conftest import Caller
from tests.api.terms import agreed, body_of, submission
from tests.support.senders import STANDARD_SECRET, from_standard

NAME, EMAIL, PHONE = "Zebulon Quartermain", "zebulon@quartermain.example", "+442079460991"
TRACES = (b"zebulon", b"quartermain", b"79460991", b"7946 0991")
ERASE = "/v1/prospects/erase"


@pytest.fixture(autouse=True)
def monday() -> Any:
    with freeze_time("2026-10-05T09:00:00Z") as frozen:
        yield frozen


def person(reference: str = "S-1") -> Any:
    prospect = {
        "name": NAME,
        "email": EMAIL,
        "phone": "020 7946 0991",
        "region": "GB",
        "company": {"name": "Quartermain Ltd", "domain": "quartermain.example", "number": "01234567"},
    }
    consent = {"basis": "opt_in", "captured_at": "2026-10-01T09:00:00Z", "reference": "zebulon-form"}
    return submission(reference=reference, prospect=prospect, consent=consent)


BATCH = {"items": [dict(submission(reference="S-2")), person()]}


def lived(buyer: Caller, supplier: Caller, admin: Caller, frozen: Any) -> str:
    """An appointment about which everybody wrote and sent all that he could; its id."""
    agreed(buyer, supplier)
    one = body_of(supplier("POST", "/v1/appointments/batch", BATCH, key="b-1"))["items"][1]["appointment"]["id"]
    path = f"/v1/appointments/{one}"
    moved = {"slot": {"starts_at": "2026-10-07T10:00:00Z", "ends_at": "2026-10-07T10:30:00Z"}}
    body_of(supplier("POST", f"{path}/reschedule", {**moved, "requested_by": "prospect", "reason": f"{NAME} asked"}))
    room = {"slug": "rooms", "provider": "standard_webhooks", "owner": "operator", "secret": STANDARD_SECRET}
    body_of(admin("POST", "/v1/connections", room), 201)
    for text in ({"appointment": one, "what": "call", "status": "busy", "who": EMAIL}, {"people": [EMAIL], "x": NAME}):
        delivered(admin, text)
    frozen.move_to("2026-10-07T12:00:00Z")
    file = {"file": (io.BytesIO(NAME.encode()), f"{NAME}.txt"), "kind": "note", "occurred_at": "2026-10-07T10:00:00Z"}
    sent = {"Authorization": f"Bearer {buyer.secret}", "Idempotency-Key": "f-1"}
    assert buyer.client.post(f"{path}/evidence", data=file, headers=sent).status_code == 201
    refuted = [{"id": "size", "finding": "refuted", "note": f"{NAME} said so"}]
    said = {"attendance": "attended", "criteria": refuted, "note": f"talked to {NAME}"}
    body_of(buyer("POST", f"{path}/findings", said, key="f-2"))
    contest = {"reason": "criterion_met", "claim": {"attendance": "attended"}, "message": f"{EMAIL} wrote to us"}
    dispute = body_of(supplier("POST", f"{path}/disputes", contest, key="d-1"), 201)["id"]
    body_of(
        buyer("POST", f"/v1/disputes/{dispute}/reply", {"position": "contest", "message": f"ask {NAME}"}, key="r-1")
    )
    return str(one)


def delivered(admin: Caller, body: Any) -> None:
    raw = orjson.dumps(body)
    raw, headers = from_standard(raw, datetime(2026, 10, 5, 9, tzinfo=UTC), hashlib.sha256(raw).hexdigest())
    answer = admin.client.post("/hooks/rooms", data=raw, headers=headers)
    assert answer.status_code < 300, answer.get_data(as_text=True)


def everything(engine: Engine) -> dict[str, bytes]:
    """Every table as bytes."""
    with reading(engine) as connection:
        return {
            name: b"\n".join(
                b"\t".join(each if isinstance(each, bytes) else str(each).encode() for each in row)
                for row in connection.execute(select(table))
            )
            for name, table in t.metadata.tables.items()
        }


def traces(engine: Engine) -> set[str]:
    return {name for name, held in everything(engine).items() if any(trace in held.lower() for trace in TRACES)}


def test_no_byte_of_an_erased_person_is_left_and_the_record_verifies(
    app_engine: Engine, tmp_path: Path, buyer: Caller, supplier: Caller, admin: Caller, monday: Any
) -> None:
    one = lived(buyer, supplier, admin, monday)
    path = f"/v1/appointments/{one}"
    assert traces(app_engine) == {"prospect", "incoming_delivery", "idempotency_key"}
    shown = body_of(supplier("GET", path))
    kept = {name: held for name, held in everything(app_engine).items() if name in ("appointment_event", "evidence")}
    erased = body_of(buyer("POST", ERASE, {"phone": "020 7946 0991"}, key="e-1"))
    assert (len(erased["appointments"]), erased["deliveries"]) == (1, 1)
    assert erased["answers"] > 0
    assert body_of(admin("POST", ERASE, {"email": EMAIL}))["deliveries"] == 1
    assert traces(app_engine) == set()
    if app_engine.dialect.name == "sqlite":
        for end in ("", "-wal"):
            file = Path(f"{app_engine.url.database}{end}")
            held = file.read_bytes().lower() if file.exists() else b""
            assert not any(trace in held for trace in TRACES), end
    after = everything(app_engine)
    assert {name: after[name] for name in kept} == kept
    now = body_of(supplier("GET", path))
    assert now["prospect"]["name"] is None and now["facts"] == {} and now["consent"] is None
    assert {name: now[name] for name in ("stage", "money", "outcome", "version", "reference")} == {
        name: shown[name] for name in ("stage", "money", "outcome", "version", "reference")
    }
    (other, gone) = body_of(supplier("POST", "/v1/appointments/batch", BATCH, key="b-1"))["items"]
    assert other["appointment"]["prospect"]["name"] and gone["appointment"]["prospect"] is None
    events = body_of(supplier("GET", f"{path}/events"))["items"]
    assert next(event for event in events if event["kind"] == "found")["payload"]["note"] == "(erased)"
    (evidence, _) = body_of(supplier("GET", f"{path}/evidence"))["items"]
    body_of(supplier("GET", f"{path}/evidence/{evidence['id']}/content"), 404)
    body_of(supplier("GET", f"{path}/explanation"))
    chain.extend(app_engine)
    report = run_checks(app_engine, storage_at(tmp_path.as_uri()), datetime(2026, 10, 7, 13, tzinfo=UTC))
    assert report.faults == ()


def test_an_erased_person_is_still_known_again_and_only_the_buyers_own_is_erased(
    buyer: Caller, supplier: Caller, caller: Callable[..., Caller]
) -> None:
    agreed(buyer, supplier)
    one = body_of(supplier("POST", "/v1/appointments", person()), 201)["id"]
    other = caller("buyer", "south-bank")
    assert body_of(other("POST", ERASE, {"email": EMAIL})) == {"appointments": [], "deliveries": 0, "answers": 0}
    body_of(other("POST", ERASE, {"appointment": one}), 404)
    body_of(supplier("POST", ERASE, {"appointment": one}), 403)
    assert body_of(supplier("GET", f"/v1/appointments/{one}"))["prospect"]["name"] == NAME
    assert body_of(buyer("POST", ERASE, {"appointment": one}))["appointments"] == [one]
    assert body_of(buyer("POST", ERASE, {"appointment": one}))["appointments"] == []
    twice = body_of(supplier("POST", "/v1/appointments", person("S-9")), 422)
    assert [violation["clause"] for violation in twice["violations"]] == ["duplicates"]
    cancelled = {"by": "supplier", "reason": f"{NAME} is gone"}
    body_of(supplier("POST", f"/v1/appointments/{one}/cancel", cancelled))


@pytest.mark.parametrize("body", [{}, {"email": EMAIL, "phone": PHONE}, {"email": "nobody at home"}])
def test_exactly_one_contact_that_can_be_read_says_who(sqlite_admin: Caller, body: Any) -> None:
    body_of(sqlite_admin("POST", ERASE, body), 400)
