"""One installation with an object of every kind, for tests that walk over the whole OpenAPI document.

North Bank and Acme Calls own what is named in `ids`. West Bank and Beta Leads each trade with one of them, so that a
query which asks for only one side of a pair shows them what is not theirs. Everything is in euros, on 10 November
2026; October has been billed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask

from api import create_app
from api.units import CLOCK
from invoices import rendering
from invoices.printing import Printed
from invoices.storage import storage_at
from ledger.domain.encoding import dumps
from ledger.services import access, parties
from ledger.store.engine import writing
from tests.api.conftest import SECRET, Caller, store_of
from tests.domain.documents import agreement_document, definition_document
from tests.support import senders

OPENED = datetime(2026, 9, 28, 9, tzinfo=UTC)
OCTOBER = datetime(2026, 10, 5, 9, tzinfo=UTC)
BILLED = datetime(2026, 11, 2, 9, tzinfo=UTC)
NOW = datetime(2026, 11, 10, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)

ADDRESS = {"line1": "1 High Street", "city": "Leeds", "postcode": "LS1 4AP", "country": "GB"}
MONEY = {"iban": "GB33BUKB20201555555555", "bic": "BUKBGB22XXX"}
STATEMENT = {"mode": "statement", "acceptance_window": {"days": 10}, "self_billing": None}
PARTIES = {"buyer": "north-bank", "supplier": "acme-calls"}
LENGTH_OF_AN_ID = 36
ATTENDED = {"attendance": "attended", "minutes": 30}


@dataclass
class Scene:
    """Callers by name, and the ids of what belongs to North Bank and Acme Calls, by what it is."""

    app: Flask
    now: datetime = OPENED
    callers: dict[str, Caller] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def done(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """What came of a request that must succeed."""
        answer = self.callers[who](method, path.format(**self.ids), body, headers=headers)
        assert answer.status_code < 300, (method, path, answer.get_data(as_text=True))
        return answer.get_json(silent=True)

    def ids_for(self, who: str) -> dict[str, str]:
        """The ids, and as `own_x` those of the buyer's or the supplier's x: the supplier's for suppliers."""
        party = "supplier" if who.endswith("supplier") else "buyer"
        own = {"organisation": self.ids[PARTIES[party]], "slug": PARTIES[party], "role": party}
        own |= {name: self.ids[f"{party}_{name}"] for name in ("key", "user", "endpoint", "sent")}
        return self.ids | {f"own_{name}": value for name, value in own.items()}

    def secret_to(self, other: str) -> list[str]:
        """What must stay hidden from West Bank (`other_buyer`) or Beta Leads: ids, addresses, with whom one trades."""
        stranger = "acme-calls" if other == "other_supplier" else "north-bank"
        ids = [value for name, value in self.ids.items() if len(value) == LENGTH_OF_AN_ID and "other" not in name]
        return [*ids, stranger, *(f"p{number}@prospect.example" for number in (1, 2, 10, 11, 12, 20, 21))]

    def made(self, name: str, who: str, path: str, body: Any = None) -> Any:
        """The same, its id kept under the name."""
        found = self.done(who, "POST", path, body)
        self.ids[name] = found["id"]
        return found


def built(database_url: str, documents_url: str) -> Scene:
    """The installation, on a migrated and empty database."""
    app = create_app(
        {
            "DATABASE_URL": database_url,
            "DOCUMENTS_URL": documents_url,
            "SECRET_KEY": SECRET,
            "TESTING": True,
            "CREDIT_LIMIT": 100,
        }
    )
    scene = Scene(app)
    app.extensions[CLOCK] = lambda: scene.now
    _people(scene)
    _terms(scene)
    _october(scene, documents_url)
    _november(scene)
    _neighbours(scene)
    scene.now = NOW
    scene.ids["sandbox_dispute"] = scene.ids["dispute"]  # what a live key asks the sandbox for
    return scene


def _people(scene: Scene) -> None:
    with writing(store_of(scene.app).engine) as connection:
        for name, role, slug in (
            ("admin", "admin", None),
            ("finance", "finance", None),
            ("clerk", "finance", None),
            ("arbiter", "arbiter", None),
            ("buyer", "buyer", "north-bank"),
            ("supplier", "supplier", "acme-calls"),
            ("other_buyer", "buyer", "west-bank"),
            ("other_supplier", "supplier", "beta-leads"),
        ):
            owner = None
            if slug is not None:
                details: dict[str, Any] = {
                    "slug": slug,
                    "kind": role,
                    "legal_name": slug.replace("-", " ").title() + " Ltd",
                }
                where = {"time_zone": "Europe/London", "address": {"country": "GB"}}
                owner = parties.create_organisation(connection, details | where, scene.now)["id"]
            issued = access.issue_key(connection, role, owner, scene.now)
            scene.callers[name] = Caller(scene.app.test_client(), issued.secret, str(issued.row["id"]))
    for slug, vat_id in (("north-bank", "GB434031494"), ("acme-calls", "GB980780684")):
        details = {"address": ADDRESS, "bank": MONEY, "vat_id": vat_id, "vat_registered": True}
        known = scene.done("admin", "PATCH", f"/v1/organisations/{slug}", details)
        scene.ids[slug] = known["id"]
    for party, slug in PARTIES.items():
        scene.made(f"{party}_key", party, "/v1/keys", {"role": party, "name": f"a spare one of {slug}"})
        with writing(store_of(scene.app).engine) as connection:
            owner = UUID(scene.ids[slug])
            row = access.create_user(connection, f"{party}@{slug}.example", "Kim", "no hash", [party], owner, scene.now)
        scene.ids[f"{party}_user"] = str(row["id"])
        scene.made(f"{party}_endpoint", party, "/v1/webhook-endpoints", {"url": f"https://{slug}.example/hook"})
        scene.made(f"{party}_sent", party, f"/v1/webhook-endpoints/{{{party}_endpoint}}/test")


def definition(slug: str, **changes: Any) -> dict[str, Any]:
    return definition_document(slug=slug, currency="EUR", effective_from="2026-09-28T09:00:00Z", **changes)


def terms(slug: str, **changes: Any) -> dict[str, Any]:
    return agreement_document(definition=slug, effective_from="2026-09-28T09:00:00Z", **changes)


def _terms(scene: Scene) -> None:
    """Two definitions of North Bank: one self-billed with Acme Calls, one by statement with both suppliers."""
    for slug in ("finance-review", "branch-visit"):
        scene.done("buyer", "POST", "/v1/definitions", definition(slug))
        scene.done("buyer", "POST", f"/v1/definitions/{slug}/publish", {})
        if slug == "branch-visit":
            draft = definition(slug, name="A visit at a branch")
            scene.done("buyer", "PUT", f"/v1/definitions/{slug}/draft", draft)
    scene.ids |= {"definition": "finance-review", "drafted": "branch-visit", "one": "1"}
    _agree(scene, "agreement", "buyer", "supplier", {**terms("finance-review"), "supplier": "acme-calls"})
    visits = terms("branch-visit", billing=STATEMENT)
    _agree(scene, "visits", "buyer", "supplier", {**visits, "supplier": "acme-calls"})
    _agree(scene, "other_visits", "buyer", "other_supplier", {**visits, "supplier": "beta-leads"})
    scene.done("other_buyer", "POST", "/v1/definitions", definition("west-review"))
    scene.done("other_buyer", "POST", "/v1/definitions/west-review/publish", {})
    _agree(scene, "other_agreement", "other_buyer", "supplier", {**terms("west-review"), "supplier": "acme-calls"})


def _agree(scene: Scene, name: str, buyer: str, supplier: str, body: Mapping[str, Any]) -> None:
    scene.made(name, buyer, "/v1/agreements", body)
    for party in (buyer, supplier):
        scene.done(party, "POST", f"/v1/agreements/{{{name}}}/accept", {"version": 1})


def submission(number: int, starts_at: datetime, slug: str = "finance-review", **changes: Any) -> dict[str, Any]:
    """A submission that the definition takes, made within 60 days after the first of October."""
    ends_at = starts_at + timedelta(minutes=30)
    body: dict[str, Any] = {
        "definition": slug,
        "reference": f"S-{number}",
        "slot": {"starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()},
        "prospect": {"name": f"Prospect {number}", "email": f"p{number}@prospect.example", "region": "GB"},
        "channel": "outbound",
        "lead_created_at": "2026-10-01T09:00:00Z",
        "facts": {"employees": 42, "title": "CFO", "owner": True},
        "consent": {"basis": "opt_in", "captured_at": "2026-10-01T09:00:00Z", "reference": "c-1"},
    }
    return body | changes


def _october(scene: Scene, documents_url: str) -> None:
    """Two appointments attended, billed, rendered, partly paid, and a credit that waits for a second pair of eyes."""
    scene.now = OCTOBER
    held = OCTOBER + timedelta(days=1, hours=1)
    scene.made("billed", "supplier", "/v1/appointments", submission(1, held))
    scene.made("visited", "supplier", "/v1/appointments", submission(2, held, "branch-visit"))
    scene.now = held + HOUR
    for name in ("billed", "visited"):
        scene.done("buyer", "POST", f"/v1/appointments/{{{name}}}/findings", ATTENDED)
    scene.now = BILLED
    scene.made("billing_run", "finance", "/v1/billing-runs", {"period": "2026-10"})
    listed = scene.done("finance", "GET", "/v1/invoices")["items"]
    kinds = {each["kind"]: each["id"] for each in listed}
    scene.ids |= {"document": kinds["invoice"], "statement": kinds["statement"]}
    for each in listed:
        # Bytes that stand in for a PDF: what these tests look at is who gets them.
        printed = Printed(f"%PDF-1.7 {each['number']}".encode(), b"<invoice/>", "1")
        rendering._keep(store_of(scene.app).engine, storage_at(documents_url), UUID(each["id"]), printed, scene.now)
    paid = scene.done("finance", "POST", "/v1/invoices/{document}/payments", {"amount": 100, "paid_on": "2026-11-02"})
    scene.ids["payment"] = paid["payments"][0]["id"]
    credit = {"invoice": scene.ids["document"], "lines": [{"line": 1, "amount": 15000}], "reason": "too much"}
    scene.made("credit", "clerk", "/v1/credit-notes", credit)
    line = "booked_on,amount,currency,reference,counterparty,iban,id\n2026-11-02,-12.00,EUR,who knows,,,x1"
    scene.done("finance", "POST", "/v1/bank-statements", {"content": line})
    scene.ids["bank_line"] = scene.done("finance", "GET", "/v1/bank-lines")["items"][0]["id"]
    pay = {"buyer": "north-bank", "due_by": "2026-12-31", "pay_on": "2026-12-31"}
    scene.made("payment_file", "finance", "/v1/payment-files", pay)
    accounts = scene.done("finance", "GET", "/v1/ledger/trial-balance")["accounts"]
    scene.ids["account"] = next(each["id"] for each in accounts if each["supplier"] == "acme-calls")


def _november(scene: Scene) -> None:
    """Appointments at every point from booked to contested, and what comes with them."""
    scene.now = datetime(2026, 11, 6, 9, tzinfo=UTC)
    held = datetime(2026, 11, 9, 10, tzinfo=UTC)
    for number, name in enumerate(("contestable", "disputed", "contested"), start=10):
        scene.made(name, "supplier", "/v1/appointments", submission(number, held + number * HOUR / 2))
    scene.made("awaiting", "supplier", "/v1/appointments", submission(20, NOW - HOUR))
    scene.made("booked", "supplier", "/v1/appointments", submission(21, NOW + timedelta(days=9)))
    young = submission(1, NOW + timedelta(days=9), facts={"employees": 3, "title": "CFO"}, reference="S-30")
    assert scene.callers["supplier"]("POST", "/v1/appointments", young).status_code == 422
    scene.now = NOW - timedelta(hours=20)
    for name in ("contestable", "disputed", "contested"):
        fault = {"attendance": "supplier_fault"}
        scene.done("buyer", "POST", f"/v1/appointments/{{{name}}}/findings", fault)
    claim = {"reason": "attended_after_all", "claim": ATTENDED, "message": "We were there."}
    scene.made("dispute", "supplier", "/v1/appointments/{disputed}/disputes", claim)
    scene.made("arbitration", "supplier", "/v1/appointments/{contested}/disputes", claim)
    scene.done("buyer", "POST", "/v1/disputes/{arbitration}/reply", {"position": "contest", "message": "No."})
    note = {"kind": "note", "occurred_at": "2026-11-09T12:00:00Z", "content": {"text": "see the recording"}}
    scene.made("evidence", "supplier", "/v1/appointments/{disputed}/evidence", note)
    scene.done("buyer", "POST", "/v1/suppressions", {"items": [{"kind": "email", "value": "leave@me.example"}]})
    dialled = {"day": "2026-11-08", "definition": "finance-review", "dials": 90, "conversations": 12}
    scene.done("supplier", "POST", "/v1/activity", {"items": [dialled]})
    sale = {"appointment": scene.ids["billed"], "closed_on": "2026-11-08"}
    scene.done("buyer", "POST", "/v1/sales", {"items": [sale]})
    connection = {"slug": "acme-room", "provider": "standard_webhooks", "secret": senders.STANDARD_SECRET}
    scene.made("connection", "supplier", "/v1/connections", connection)
    _deliver(scene)


def _deliver(scene: Scene) -> None:
    """A delivery that was signed an hour ago: quarantined."""
    said = {"what": "no_show", "absent": "buyer", "supplier": "acme-calls", "reference": "S-11"}
    event = dumps({"type": "presence", "timestamp": "2026-11-09T12:00:00Z", "data": said})
    body, headers = senders.from_standard(event, scene.now - HOUR)
    answer = scene.app.test_client().post("/hooks/acme-room", data=body, headers=headers)
    assert answer.status_code == 204, answer.get_data(as_text=True)
    listed = scene.done("supplier", "GET", "/v1/connections/acme-room/deliveries")
    scene.ids["delivery"] = listed["items"][0]["id"]


def _neighbours(scene: Scene) -> None:
    """What the others have of their own, so that their lists are not empty."""
    later = NOW + timedelta(days=8)
    scene.made("other_visit", "other_supplier", "/v1/appointments", submission(40, later, "branch-visit"))
    scene.made("other_booked", "supplier", "/v1/appointments", submission(41, later, "west-review"))
