"""A whole month through the front door alone: from two organisations to an invoice that adds up."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest
from click.testing import CliRunner
from facturx import get_facturx_xml_from_pdf
from flask.testing import FlaskClient
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory, StepTickTimeFactory, TickingDateTimeFactory

from api import create_app
from api.cli import main
from tests.domain.documents import agreement_document, definition_document

Clock = FrozenDateTimeFactory | StepTickTimeFactory | TickingDateTimeFactory

ADDRESS = {"line1": "4 Foundry Lane", "city": "Leeds", "postcode": "LS1 4AP", "country": "GB"}


@dataclass
class House:
    """One installation with its clients, as outsiders see it."""

    client: FlaskClient
    environment: dict[str, str]
    keys: dict[str, str]
    clock: Clock

    def call(self, role: str, method: str, path: str, body: Any = None, expect: int = 200) -> Any:
        response = self.client.open(
            path, method=method, json=body, headers={"Authorization": f"Bearer {self.keys[role]}"}
        )
        assert response.status_code == expect, response.text
        return response.json if response.is_json else response.data

    def command(self, *arguments: str, expect: int = 0) -> str:
        result = CliRunner().invoke(main, arguments, env=self.environment)
        assert result.exit_code == expect, result.output
        return result.output


@pytest.fixture
def house(database_url: str, tmp_path: Any) -> Iterator[House]:
    settings = {"DATABASE_URL": database_url, "DOCUMENTS_URL": str(tmp_path / "documents"), "SECRET_KEY": "k" * 40}
    with freeze_time("2026-10-01T08:00:00Z") as clock:
        app = create_app({**settings, "TESTING": True})
        found = House(app.test_client(), settings, {}, clock)
        for role in ("admin", "finance"):
            found.keys[role] = json.loads(found.command("keys", "create", "--role", role, "--json"))["secret"]
        for slug, kind, more in (
            ("acme-calls", "supplier", {"vat_id": "GB980780684", "vat_registered": True}),
            ("north-bank", "buyer", {}),
        ):
            body = {"slug": slug, "kind": kind, "legal_name": slug.title(), "address": ADDRESS, **more}
            found.call("admin", "POST", "/v1/organisations", {**body, "time_zone": "Europe/London"}, 201)
            key = found.call("admin", "POST", "/v1/keys", {"role": kind, "organisation": slug}, 201)
            found.keys[kind] = key["secret"]
        terms(found)
        yield found


def terms(house: House) -> None:
    """A definition and an agreement that both accepted."""
    document = {name: value for name, value in definition_document().items() if name != "effective_from"}
    attendance = {**document["attendance"], "contact_attempts": 0}
    house.call("buyer", "POST", "/v1/definitions", {**document, "attendance": attendance}, 201)
    house.call("buyer", "POST", "/v1/definitions/uk-finance-review/publish", {})
    agreement = agreement_document(
        price={
            "tiers": [{"from": 1, "amount": 18000}, {"from": 3, "amount": 16000}],
            "bonuses": {"owner": 2500},
            "minimum_per_month": None,
            "deposit": None,
        }
    )
    body = {**agreement, "supplier": "acme-calls", "buyer": "north-bank"}
    made = house.call("buyer", "POST", "/v1/agreements", body, 201)
    for side in ("buyer", "supplier"):
        house.call(side, "POST", f"/v1/agreements/{made['id']}/accept", {"version": 1})


def submission(number: int, day: int, **changes: Any) -> dict[str, Any]:
    return {
        "definition": "uk-finance-review",
        "reference": f"S-{number}",
        "slot": {"starts_at": f"2026-10-{day:02d}T10:00:00+01:00", "ends_at": f"2026-10-{day:02d}T10:30:00+01:00"},
        "prospect": {"name": f"Person {number}", "email": f"person{number}@company{number}.example", "region": "GB"},
        "channel": "outbound",
        "source": "linkedin-q4",
        "lead_created_at": "2026-09-20T09:00:00Z",
        "facts": {"employees": 42, "title": "CFO", "owner": number % 2 == 0},
        "consent": {"basis": "opt_in", "captured_at": "2026-09-20T09:00:00Z", "reference": "form-7"},
        **changes,
    }


def submit(house: House, number: int, day: int) -> str:
    return str(house.call("supplier", "POST", "/v1/appointments", submission(number, day), 201)["id"])


def test_a_month_from_submission_to_invoice(house: House) -> None:
    attended, bonus, silent, missed, refuted = (submit(house, n, 4 + n) for n in range(1, 6))
    house.clock.move_to("2026-10-10T12:00:00Z")  # findings are due two working days after each slot
    assert house.call("buyer", "GET", f"/v1/appointments/{attended}")["verdict"]["state"] == "deemed"
    house.clock.move_to("2026-10-06T09:45:00Z")
    house.call("buyer", "POST", f"/v1/appointments/{attended}/findings", {"attendance": "attended", "minutes": 30})
    house.call("buyer", "POST", f"/v1/appointments/{bonus}/findings", {"attendance": "attended"})
    house.clock.move_to("2026-10-09T09:45:00Z")
    shown = house.call("buyer", "POST", f"/v1/appointments/{missed}/findings", {"attendance": "prospect_no_show"})
    assert (shown["stage"], shown["money"]["amount"]) == ("can_be_rebooked", 0)
    ruling = {"attendance": "attended", "criteria": [{"id": "size", "finding": "refuted"}]}
    house.call("buyer", "POST", f"/v1/appointments/{refuted}/findings", ruling)
    house.clock.move_to("2026-11-02T08:00:00Z")
    house.command("tick")
    shown = {
        name: house.call("supplier", "GET", f"/v1/appointments/{identity}")
        for name, identity in (("silent", silent), ("missed", missed), ("refuted", refuted), ("bonus", bonus))
    }
    assert shown["silent"]["verdict"]["state"] == "deemed"
    assert [shown[name]["money"]["amount"] for name in ("bonus", "silent", "missed", "refuted")] == [
        18000 + 2500,
        16000,
        4000 + 625,
        0,
    ]
    run = house.call("finance", "POST", "/v1/billing-runs", {"period": "2026-10"}, 202)
    run = house.call("finance", "GET", f"/v1/billing-runs/{run['id']}")
    assert (run["state"], run["parked"]) == ("done", [])
    listed = house.call("supplier", "GET", "/v1/invoices")["items"]
    net = 18000 + 20500 + 16000 + 4625
    tax = (net * 2000 + 5000) // 10000
    assert [(d["kind"], d["totals"]["net"], d["totals"]["tax"], d["due_on"]) for d in listed] == [
        ("invoice", net, tax, "2026-12-02")
    ]
    check_documents(house, listed[0]["id"], net)
    house.command("verify")


def check_documents(house: House, identity: str, net: int) -> None:
    whole = house.call("supplier", "GET", f"/v1/invoices/{identity}")
    assert sum(line["amount"] for line in whole["lines"]) == net
    rows = list(
        csv.reader(io.StringIO(house.call("supplier", "GET", f"/v1/invoices/{identity}/lines.csv").decode("utf-8-sig")))
    )
    assert len(rows) == 1 + len(whole["lines"])
    assert house.call("buyer", "GET", f"/v1/invoices/{identity}/pdf").startswith(b"%PDF-1.7")
    house.command("render")
    check_e_invoice(house, identity, whole["number"])
    balance = house.call("finance", "GET", "/v1/ledger/trial-balance")
    assert sum(account["balance"] for account in balance["accounts"]) == 0


def check_e_invoice(house: House, identity: str, number: str) -> None:
    """The same XML beside the PDF, in it and in the archive, under the hash that the document names."""
    xml = house.call("supplier", "GET", f"/v1/invoices/{identity}/xml")
    pdf = house.call("supplier", "GET", f"/v1/invoices/{identity}/pdf")
    assert get_facturx_xml_from_pdf(pdf, check_schematron=False) == ("factur-x.xml", xml)
    files = {file["kind"]: file["sha256"] for file in house.call("buyer", "GET", f"/v1/invoices/{identity}")["files"]}
    assert files == {"pdf": sha256(pdf).hexdigest(), "xml": sha256(xml).hexdigest()}
    archive = zipfile.ZipFile(io.BytesIO(house.call("finance", "GET", "/v1/invoices/archive?period=2026-10")))
    assert archive.namelist() == [f"{number}.{ending}" for ending in ("pdf", "xml", "csv")]
    assert archive.read(f"{number}.xml") == xml
    ubl = house.call("supplier", "GET", f"/v1/invoices/{identity}/xml?format=ubl")
    assert b"<Invoice " in ubl and b"poacc:selfbilling" in ubl
