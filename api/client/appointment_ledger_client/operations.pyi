from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal

TABLE: Mapping[str, Mapping[str, Any]]

class Operations(ABC):
    @abstractmethod
    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any],
        key: str | None = None,
        if_match: str | None = None,
    ) -> Any: ...
    def list_organisations(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        q: str | None = None,
        kind: Literal["buyer", "supplier"] | None = None,
    ) -> dict[str, Any]: ...
    def create_organisation(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def show_organisation(
        self,
        reference: str,
    ) -> dict[str, Any]: ...
    def change_organisation(
        self,
        reference: str,
        body: Mapping[str, Any] | None = None,
        *,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def show_organisation_history(
        self,
        reference: str,
    ) -> dict[str, Any]: ...
    def list_users(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        q: str | None = None,
        organisation: str | None = None,
    ) -> dict[str, Any]: ...
    def create_user(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_keys(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        q: str | None = None,
        organisation: str | None = None,
        role: Literal["admin", "finance", "arbiter", "buyer", "supplier"] | None = None,
    ) -> dict[str, Any]: ...
    def issue_key(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def rotate_key(
        self,
        key_id: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def revoke_key(
        self,
        key_id: str,
        *,
        if_match: str | None = None,
    ) -> None: ...
    def show_sandbox(
        self,
    ) -> dict[str, Any]: ...
    def open_sandbox(
        self,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def move_sandbox_clock(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def decide_sandbox_dispute(
        self,
        dispute_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_definitions(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        q: str | None = None,
        buyer: str | None = None,
    ) -> dict[str, Any]: ...
    def create_definition(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def show_definition(
        self,
        reference: str,
    ) -> dict[str, Any]: ...
    def put_draft(
        self,
        reference: str,
        body: Mapping[str, Any],
        *,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def lint_draft(
        self,
        reference: str,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def publish_definition(
        self,
        reference: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def show_definition_version(
        self,
        reference: str,
        number: str,
    ) -> dict[str, Any]: ...
    def show_definition_text(
        self,
        reference: str,
        number: str,
    ) -> str: ...
    def show_definition_diff(
        self,
        reference: str,
        number: str,
        *,
        against: int,
    ) -> dict[str, Any]: ...
    def dry_run_draft(
        self,
        reference: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_agreements(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        supplier: str | None = None,
        buyer: str | None = None,
        definition: str | None = None,
    ) -> dict[str, Any]: ...
    def create_agreement(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def show_agreement(
        self,
        agreement_id: str,
    ) -> dict[str, Any]: ...
    def add_agreement_version(
        self,
        agreement_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def accept_agreement(
        self,
        agreement_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def end_agreement(
        self,
        agreement_id: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def receive_deposit(
        self,
        agreement_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_appointments(
        self,
        *,
        expand: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        stage: Literal["disputed", "can_be_rebooked", "booked", "awaiting_findings", "credited", "invoiced", "contestable", "billable", "not_billable"] | None = None,
        supplier: str | None = None,
        buyer: str | None = None,
        definition: str | None = None,
        source: str | None = None,
        channel: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        due_before: str | None = None,
        q: str | None = None,
    ) -> dict[str, Any]: ...
    def submit_appointment(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def show_appointment(
        self,
        appointment_id: str,
        *,
        expand: str | None = None,
    ) -> dict[str, Any]: ...
    def list_appointment_events(
        self,
        appointment_id: str,
    ) -> dict[str, Any]: ...
    def give_findings(
        self,
        appointment_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def cancel_appointment(
        self,
        appointment_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def reschedule_appointment(
        self,
        appointment_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def name_calendar_entry(
        self,
        appointment_id: str,
        body: Mapping[str, Any] | None = None,
        *,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def submit_appointments(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_evidence(
        self,
        appointment_id: str,
    ) -> dict[str, Any]: ...
    def add_evidence(
        self,
        appointment_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def download_evidence(
        self,
        appointment_id: str,
        evidence_id: str,
    ) -> bytes: ...
    def download_calendar(
        self,
        appointment_id: str,
    ) -> str: ...
    def explain_appointment(
        self,
        appointment_id: str,
    ) -> dict[str, Any]: ...
    def open_dispute(
        self,
        appointment_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_disputes(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        state: Literal["awaiting_reply", "with_arbiter", "closed"] | None = None,
        kind: Literal["contest", "clawback", "contradiction", "escalated_silence"] | None = None,
        appointment: str | None = None,
    ) -> dict[str, Any]: ...
    def show_dispute(
        self,
        dispute_id: str,
    ) -> dict[str, Any]: ...
    def reply_to_dispute(
        self,
        dispute_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def write_to_dispute(
        self,
        dispute_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def withdraw_dispute(
        self,
        dispute_id: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def decide_dispute(
        self,
        dispute_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_connections(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        q: str | None = None,
        provider: Literal["cal_com", "calendly", "zoom", "twilio", "standard_webhooks"] | None = None,
    ) -> dict[str, Any]: ...
    def create_connection(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def show_connection(
        self,
        connection: str,
    ) -> dict[str, Any]: ...
    def disable_connection(
        self,
        connection: str,
        *,
        if_match: str | None = None,
    ) -> None: ...
    def rotate_connection(
        self,
        connection: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_incoming_deliveries(
        self,
        connection: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        state: Literal["attached", "unmatched", "quarantined", "ignored"] | None = None,
    ) -> dict[str, Any]: ...
    def release_delivery(
        self,
        connection: str,
        delivery_id: str,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_webhook_endpoints(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> dict[str, Any]: ...
    def create_webhook_endpoint(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def show_webhook_endpoint(
        self,
        endpoint_id: str,
    ) -> dict[str, Any]: ...
    def delete_webhook_endpoint(
        self,
        endpoint_id: str,
        *,
        if_match: str | None = None,
    ) -> None: ...
    def rotate_webhook_secret(
        self,
        endpoint_id: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def enable_webhook_endpoint(
        self,
        endpoint_id: str,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def send_test_webhook(
        self,
        endpoint_id: str,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_deliveries(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        endpoint: str | None = None,
        state: Literal["pending", "delivered", "failed"] | None = None,
        type: Literal["appointment.submitted", "appointment.rescheduled", "appointment.rebooked", "appointment.cancelled", "appointment.found", "appointment.deemed", "appointment.no_show_final", "appointment.credited", "dispute.opened", "dispute.replied", "dispute.escalated", "dispute.decided", "dispute.withdrawn", "replacement.ended", "replacement.revived", "appointment.refused", "appointment.final", "evidence.added", "dispute.message_sent", "amount.accrued", "amount.held", "amount.released", "amount.reversed", "amount.reduced", "invoice.issued", "credit_note.issued", "statement.issued", "document.rendered", "document.accepted", "document.queried", "document.query_withdrawn", "supplier_invoice.recorded", "payment.recorded", "payment.returned", "deposit.received", "definition.published", "agreement.offered", "agreement.accepted", "webhook.test"] | None = None,
    ) -> dict[str, Any]: ...
    def show_delivery(
        self,
        delivery_id: str,
    ) -> dict[str, Any]: ...
    def retry_delivery(
        self,
        delivery_id: str,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_intake_refusals(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        supplier: str | None = None,
        buyer: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        q: str | None = None,
        definition: str | None = None,
        clause: str | None = None,
    ) -> dict[str, Any]: ...
    def erase_prospect(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_suppressions(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        kind: Literal["email", "phone", "company_domain", "company_number"] | None = None,
    ) -> dict[str, Any]: ...
    def suppress_contacts(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_activity(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        source: str | None = None,
        channel: str | None = None,
        history: Literal["yes", "no"] | None = None,
    ) -> dict[str, Any]: ...
    def report_activity(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_sales(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        supplier: str | None = None,
        history: Literal["yes", "no"] | None = None,
    ) -> dict[str, Any]: ...
    def report_sales(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_billing_runs(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        period: str | None = None,
        state: Literal["queued", "running", "done", "failed"] | None = None,
    ) -> dict[str, Any]: ...
    def start_billing_run(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def show_billing_run(
        self,
        run_id: str,
    ) -> dict[str, Any]: ...
    def list_invoices(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        period: str | None = None,
        supplier: str | None = None,
        buyer: str | None = None,
        kind: Literal["invoice", "credit_note", "statement"] | None = None,
        state: Literal["issued", "accepted", "queried", "credited", "paid"] | None = None,
        q: str | None = None,
    ) -> dict[str, Any]: ...
    def show_invoice(
        self,
        document_id: str,
    ) -> dict[str, Any]: ...
    def answer_invoice(
        self,
        document_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def record_payment(
        self,
        document_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def return_payment(
        self,
        payment_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> None: ...
    def record_supplier_invoice(
        self,
        document_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def void_invoice(
        self,
        document_id: str,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def download_pdf(
        self,
        document_id: str,
    ) -> bytes: ...
    def download_xml(
        self,
        document_id: str,
        *,
        format: Literal["cii", "ubl"] | None = None,
    ) -> bytes: ...
    def download_lines(
        self,
        document_id: str,
    ) -> str: ...
    def download_archive(
        self,
        *,
        period: str,
        supplier: str | None = None,
    ) -> bytes: ...
    def list_credit_notes(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        state: Literal["pending", "issued"] | None = None,
    ) -> dict[str, Any]: ...
    def create_credit_note(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def show_credit_note(
        self,
        credit_id: str,
    ) -> dict[str, Any]: ...
    def approve_credit_note(
        self,
        credit_id: str,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def report_on_suppliers(
        self,
        *,
        from_: str | None = None,
        to: str | None = None,
        by: str | None = None,
        supplier: str | None = None,
        buyer: str | None = None,
        definition: str | None = None,
        source: str | None = None,
        channel: str | None = None,
        format: Literal["json", "csv"] | None = None,
    ) -> Any: ...
    def report_on_buyers(
        self,
        *,
        from_: str | None = None,
        to: str | None = None,
        by: str | None = None,
        supplier: str | None = None,
        buyer: str | None = None,
        definition: str | None = None,
        source: str | None = None,
        channel: str | None = None,
        format: Literal["json", "csv"] | None = None,
    ) -> Any: ...
    def report_on_data(
        self,
        *,
        from_: str | None = None,
        to: str | None = None,
        by: str | None = None,
        supplier: str | None = None,
        buyer: str | None = None,
        definition: str | None = None,
        source: str | None = None,
        channel: str | None = None,
        format: Literal["json", "csv"] | None = None,
    ) -> Any: ...
    def report_on_scenarios(
        self,
        *,
        from_: str | None = None,
        to: str | None = None,
        by: str | None = None,
        supplier: str | None = None,
        buyer: str | None = None,
        definition: str | None = None,
        source: str | None = None,
        channel: str | None = None,
        format: Literal["json", "csv"] | None = None,
        currency: str | None = None,
        cost_per_dial: int | None = None,
        value_per_sale: int | None = None,
    ) -> Any: ...
    def show_branding(
        self,
        *,
        buyer: str | None = None,
    ) -> dict[str, Any]: ...
    def put_branding(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def show_trial_balance(
        self,
        *,
        at: str | None = None,
        clock: Literal["effective", "recorded"] | None = None,
    ) -> dict[str, Any]: ...
    def list_entries(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        at: str | None = None,
        clock: Literal["effective", "recorded"] | None = None,
        supplier: str | None = None,
        buyer: str | None = None,
        kind: Literal["accrual", "hold", "release", "reversal", "reduction", "invoice", "credit_note", "payment", "payment_returned", "deposit", "deposit_drawn"] | None = None,
        appointment: str | None = None,
    ) -> dict[str, Any]: ...
    def show_account(
        self,
        account_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        at: str | None = None,
        clock: Literal["effective", "recorded"] | None = None,
    ) -> dict[str, Any]: ...
    def download_export(
        self,
        *,
        period: str,
    ) -> bytes: ...
    def take_bank_statement(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def list_bank_lines(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        matched: Literal["yes", "no"] | None = None,
    ) -> dict[str, Any]: ...
    def assign_bank_line(
        self,
        line_id: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> None: ...
    def create_payment_file(
        self,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> dict[str, Any]: ...
    def download_payment_file(
        self,
        file_id: str,
    ) -> bytes: ...
    def download_remittance(
        self,
        *,
        supplier: str,
        buyer: str,
        currency: str,
        paid_on: str,
    ) -> bytes: ...
    def show_ageing(
        self,
    ) -> dict[str, Any]: ...
    def show_statement_of_account(
        self,
        *,
        supplier: str,
    ) -> dict[str, Any]: ...
    def show_reminders(
        self,
    ) -> dict[str, Any]: ...
    def list_downloads(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        q: str | None = None,
    ) -> dict[str, Any]: ...
