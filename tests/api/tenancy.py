"""Who may do what: a row for every operation, with the status that each role gets on what is its own.

A role that a row leaves out gets 403; without a key everybody gets 401. `other_buyer` and `other_supplier` get 404 on a
path that names something, and what their role gets otherwise. `@name` in a body, `{name}` in a query and `at` name an
object of `tests.api.scene`; `own_x` is the buyer's or the supplier's x, whoever asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.api.scene import ADDRESS, ATTENDED, NOW, definition, submission, terms
from tests.support.senders import STANDARD_SECRET

OTHERS = ("other_buyer", "other_supplier")

FOREIGN = {
    "supplier": {"other_supplier": "acme-calls", "other_buyer": "beta-leads"},
    "buyer": {"other_supplier": "west-bank", "other_buyer": "north-bank"},
    "definition": dict.fromkeys(OTHERS, "finance-review"),
    "appointment": dict.fromkeys(OTHERS, "@billed"),
    "endpoint": dict.fromkeys(OTHERS, "@supplier_endpoint"),
}
"""What is foreign to whom, by the name of the query parameter that filters by it."""

WHERE = {
    "agreement_id": "agreement",
    "appointment_id": "booked",
    "dispute_id": "dispute",
    "document_id": "document",
    "payment_id": "payment",
    "credit_id": "credit",
    "account_id": "account",
    "connection": "connection",
    "delivery_id": "delivery",
    "evidence_id": "evidence",
    "run_id": "billing_run",
    "key_id": "own_key",
    "endpoint_id": "own_endpoint",
    "line_id": "bank_line",
    "file_id": "payment_file",
    "number": "one",
}
"""Which object a path's parameter names, where the row does not say."""


@dataclass(frozen=True)
class Row:
    """One operation: what is sent, and what each role gets. `anybody` is the status of an operation without a key; with
    `test`, parties ask with a key of the test mode."""

    statuses: Mapping[str, int]
    body: Any = None
    query: str = ""
    at: Mapping[str, str] = field(default_factory=dict)
    anybody: int = 0
    test: bool = False

    def status(self, who: str, path: str) -> int:
        """The status that `who` gets."""
        if who in self.statuses:
            return self.statuses[who]
        role = who.removeprefix("other_")
        if role not in self.statuses:
            return 403
        return 404 if role != who and "{" in path else self.statuses[role]

    def named(self, parameter: str, path: str) -> str:
        """The name of the object that stands for a path's parameter."""
        if parameter == "reference":
            return self.at.get(parameter, "own_organisation" if "/organisations/" in path else "definition")
        return self.at.get(parameter) or WHERE[parameter]


def row(
    body: Any = None,
    also: Mapping[str, int] | None = None,
    *,
    query: str = "",
    at: Mapping[str, str] | None = None,
    anybody: int = 0,
    test: bool = False,
    **statuses: int,
) -> Row:
    """A row for the roles that are named, and those that `also` names."""
    return Row({**(also or {}), **statuses}, body, query, at or {}, anybody, test)


ALL = {"admin": 200, "finance": 200, "arbiter": 200, "buyer": 200, "supplier": 200}
OWN = {"admin": 200, "buyer": 200, "supplier": 200}
BOOKS = {"admin": 200, "finance": 200}
WRITERS = {"admin": 200, "buyer": 200}

SECRET = {"secret": STANDARD_SECRET}
MESSAGE = {"message": "We say so."}
CLAIM = {"reason": "attended_after_all", "claim": ATTENDED}
LATER = {"starts_at": "2026-11-20T10:00:00Z", "ends_at": "2026-11-20T10:30:00Z"}
NEW = submission(50, NOW.replace(day=20))
STATEMENT_CSV = {"content": "booked_on,amount,currency,reference,counterparty,iban,id\n2026-11-03,-1.00,EUR,x,,,x2"}

ROWS: dict[str, Row] = {
    # Parties, people, keys
    "create_organisation": row(
        {"slug": "new", "kind": "buyer", "legal_name": "New", "address": ADDRESS, "time_zone": "Europe/London"},
        admin=201,
    ),
    "list_organisations": row(also=OWN),
    "show_organisation": row(also=OWN),
    "change_organisation": row({"legal_name": "Renamed"}, also=OWN),
    "show_organisation_history": row(also=OWN),
    "create_user": row(
        {"email": "new@people.example", "name": "New", "roles": ["@own_role"], "organisation": "@own_slug"},
        admin=201, buyer=201, supplier=201, other_buyer=404, other_supplier=404,
    ),
    "list_users": row(also=OWN),
    "issue_key": row(
        {"role": "@own_role", "organisation": "@own_slug"},
        admin=201, buyer=201, supplier=201, other_buyer=404, other_supplier=404,
    ),
    "list_keys": row(also=OWN),
    "rotate_key": row({"grace": {"hours": 2}}, admin=201, buyer=201, supplier=201),
    "revoke_key": row(admin=204, buyer=204, supplier=204),
    # The test mode
    "open_sandbox": row(buyer=201, supplier=201),
    "show_sandbox": row(test=True, buyer=200, supplier=200),
    "move_sandbox_clock": row({"advance": {"hours": 1}}, test=True, buyer=200, supplier=200),
    "decide_sandbox_dispute": row(
        {"share": 5000, "reason": "Both are right."},
        at={"dispute_id": "sandbox_dispute"},
        test=True,
        buyer=200,
        supplier=200,
    ),
    # Terms
    "create_definition": row(
        {**definition("new-review"), "buyer": "north-bank"}, admin=201, buyer=201, other_buyer=403
    ),
    "list_definitions": row(also=OWN),
    "show_definition": row(also=OWN),
    "put_draft": row(definition("finance-review"), also=WRITERS),
    "lint_draft": row(at={"reference": "drafted"}, also=WRITERS),
    "publish_definition": row({}, at={"reference": "drafted"}, also=WRITERS),
    "dry_run_draft": row({}, at={"reference": "drafted"}, also=WRITERS),
    "show_definition_version": row(also=OWN),
    "show_definition_text": row(also=OWN),
    "show_definition_diff": row(query="?against=1", also=OWN),
    "create_agreement": row(
        {**terms("west-or-north"), "supplier": "beta-leads", "buyer": "north-bank", "definition": "finance-review"},
        admin=201, buyer=201, other_buyer=403,
    ),
    "list_agreements": row(also=OWN),
    "show_agreement": row(also=OWN),
    "add_agreement_version": row(terms("finance-review"), admin=201, buyer=201),
    "accept_agreement": row({"version": 1}, buyer=200, supplier=200),
    "end_agreement": row({"from": "2027-01-01T00:00:00Z"}, also=OWN),
    "receive_deposit": row({"amount": 5000, "received_on": "2026-11-02"}, finance=201),
    # Appointments, evidence, disputes
    "submit_appointment": row(NEW, supplier=201, other_supplier=422),
    "submit_appointments": row({"items": [NEW]}, supplier=200),
    "list_appointments": row(also=ALL),
    "show_appointment": row(also=ALL),
    "list_appointment_events": row(also=ALL),
    "explain_appointment": row(at={"appointment_id": "billed"}, also=ALL),
    "give_findings": row(ATTENDED, at={"appointment_id": "awaiting"}, buyer=200),
    "cancel_appointment": row({"by": "prospect"}, buyer=200, supplier=200),
    "reschedule_appointment": row({"slot": LATER, "requested_by": "prospect"}, buyer=200, supplier=200),
    "name_calendar_entry": row({"provider": "zoom", "external_id": "m-1"}, admin=200, supplier=200),
    "add_evidence": row(
        {"kind": "note", "occurred_at": "2026-11-09T12:00:00Z", "content": "x"},
        admin=201, arbiter=201, buyer=201, supplier=201,
    ),
    "list_evidence": row(at={"appointment_id": "disputed"}, also=ALL),
    "download_calendar": row(also=ALL),
    "download_evidence": row(at={"appointment_id": "disputed"}, also=ALL),
    "open_dispute": row(CLAIM, at={"appointment_id": "contestable"}, supplier=201, buyer=422),
    "list_disputes": row(also=ALL),
    "show_dispute": row(also=ALL),
    "reply_to_dispute": row({"position": "concede"}, buyer=200, supplier=403),
    "write_to_dispute": row(MESSAGE, admin=201, finance=201, arbiter=201, buyer=201, supplier=201),
    "withdraw_dispute": row(MESSAGE, buyer=403, supplier=200),
    "decide_dispute": row({"share": 5000, "reason": "Both are right."}, at={"dispute_id": "arbitration"}, arbiter=200),
    # Evidence that comes by itself
    "create_connection": row(
        {"slug": "new-room", "provider": "zoom", "owner": "@own_slug", **SECRET},
        admin=201, buyer=201, supplier=201, other_buyer=404, other_supplier=404,
    ),
    "list_connections": row(also=OWN),
    "show_connection": row(admin=200, buyer=404, supplier=200),
    "rotate_connection": row(SECRET, admin=200, buyer=404, supplier=200),
    "disable_connection": row(admin=204, buyer=404, supplier=204),
    "list_incoming_deliveries": row(admin=200, buyer=404, supplier=200),
    "release_delivery": row(admin=200),
    "receive_delivery": row(anybody=401),
    # Events that are sent
    "create_webhook_endpoint": row({"url": "https://new.example/hook"}, buyer=201, supplier=201),
    "list_webhook_endpoints": row(buyer=200, supplier=200),
    "show_webhook_endpoint": row(buyer=200, supplier=200),
    "change_webhook_endpoint": row({"description": "for the CRM"}, buyer=200, supplier=200),
    "disable_webhook_endpoint": row(buyer=200, supplier=200),
    "delete_webhook_endpoint": row(buyer=204, supplier=204),
    "rotate_webhook_secret": row({}, buyer=200, supplier=200),
    "enable_webhook_endpoint": row(buyer=200, supplier=200),
    "send_test_webhook": row(buyer=202, supplier=202),
    "list_deliveries": row(buyer=200, supplier=200),
    "show_delivery": row(at={"delivery_id": "own_sent"}, buyer=200, supplier=200),
    "retry_delivery": row(at={"delivery_id": "own_sent"}, buyer=202, supplier=202),
    # Intake
    "list_intake_refusals": row(also=OWN),
    "suppress_contacts": row({"items": [{"kind": "email", "value": "new@leave.example"}]}, buyer=201),
    "list_suppressions": row(buyer=200),
    "erase_prospect": row({"appointment": "@booked"}, admin=200, buyer=200, other_buyer=404),
    # What parties report
    "report_activity": row(
        {"items": [{"day": "2026-10-02", "definition": "finance-review", "dials": 9, "conversations": 3}]},
        supplier=200,
        other_supplier=422,
    ),
    "list_activity": row(admin=200, supplier=200),
    "report_sales": row({"items": [{"appointment": "@billed", "closed_on": "2026-11-03"}]}, buyer=200, other_buyer=422),
    "list_sales": row(admin=200, buyer=200),
    # Billing
    "start_billing_run": row({"period": "2026-10"}, admin=202, finance=202),
    "list_billing_runs": row(also=BOOKS),
    "show_billing_run": row(also=BOOKS),
    "list_invoices": row(also=ALL),
    "show_invoice": row(also=ALL),
    "answer_invoice": row({"position": "accept"}, supplier=200),
    "record_payment": row({"amount": 100, "paid_on": "2026-11-03"}, finance=201),
    "return_payment": row({"returned_on": "2026-11-04"}, finance=204),
    "record_supplier_invoice": row(
        {"number": "A-8", "issued_on": "2026-11-03", "net": 20500, "tax": 4100},
        at={"document_id": "statement"},
        finance=201,
    ),
    "void_invoice": row({"reason": "another address"}, finance=200),
    "download_pdf": row(also=ALL),
    "download_xml": row(also=ALL),
    "download_lines": row(also=ALL),
    "download_archive": row(query="?period=2026-10", also=ALL),
    "create_credit_note": row({"invoice": "@document", "reason": "goodwill"}, finance=201),
    "list_credit_notes": row(admin=200, finance=200, buyer=200, supplier=200),
    "show_credit_note": row(also=BOOKS),
    "approve_credit_note": row(finance=200),
    "show_trial_balance": row(also=BOOKS),
    "list_entries": row(also=BOOKS),
    "show_account": row(also=BOOKS),
    "download_export": row(query="?period=2026-10", also=BOOKS),
    "take_bank_statement": row(STATEMENT_CSV, finance=200),
    "list_bank_lines": row(also=BOOKS),
    "assign_bank_line": row({"invoice": "@document"}, finance=204),
    "set_bank_line_aside": row({"reason": "a bank fee"}, finance=204),
    "take_bank_line_back": row(finance=409),  # it is not set aside
    "create_payment_file": row(
        {"buyer": "north-bank", "due_by": "2026-12-31", "pay_on": "2026-12-31", "again": ["@document"]},
        finance=201
    ),
    "list_payment_files": row(also=BOOKS),
    "download_payment_file": row(also=BOOKS),
    "download_remittance": row(
        query="?supplier=acme-calls&buyer=north-bank&currency=EUR&paid_on=2026-11-02",
        admin=200,
        finance=200,
        buyer=200,
        supplier=200,
        other_buyer=404,
        other_supplier=404,
    ),
    "show_ageing": row(admin=200, finance=200, buyer=200, supplier=200),
    "show_statement_of_account": row(
        query="?supplier=acme-calls", admin=200, finance=200, supplier=200, other_supplier=404
    ),
    "show_reminders": row(also=BOOKS),
    "report_on_suppliers": row(query="?by=supplier,buyer,definition", also=ALL),
    "report_on_buyers": row(query="?by=supplier,buyer,definition", also=ALL),
    "report_on_data": row(query="?by=supplier,buyer,definition", also=ALL),
    "report_on_scenarios": row(query="?by=supplier,buyer,definition", also=ALL),
    "list_downloads": row(also=OWN),
    "put_branding": row({"buyer": "north-bank", "accent": "#134e4a", "footer": "North Bank Ltd, Leeds"}, admin=200),
    "show_branding": row(query="?buyer=north-bank", admin=200),
    # Watching
    "show_health": row(anybody=200),
    "show_readiness": row(anybody=200),
    "show_metrics": row(anybody=200),
}  # fmt: skip
