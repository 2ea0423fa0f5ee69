from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal

from appointment_ledger_client import models

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
    ) -> models.OrganisationPage: ...
    def create_organisation(
        self,
        body: models.OrganisationBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Organisation: ...
    def show_organisation(
        self,
        reference: str,
    ) -> models.Organisation: ...
    def change_organisation(
        self,
        reference: str,
        body: models.OrganisationChange | None = None,
        *,
        if_match: str | None = None,
    ) -> models.Organisation: ...
    def show_organisation_history(
        self,
        reference: str,
    ) -> models.OrganisationHistory: ...
    def list_users(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        q: str | None = None,
        organisation: str | None = None,
    ) -> models.UserPage: ...
    def create_user(
        self,
        body: models.UserBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.CreatedUser: ...
    def list_keys(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        q: str | None = None,
        organisation: str | None = None,
        role: Literal["admin", "finance", "arbiter", "buyer", "supplier"] | None = None,
    ) -> models.KeyPage: ...
    def issue_key(
        self,
        body: models.KeyBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.IssuedKey: ...
    def rotate_key(
        self,
        key_id: str,
        body: models.RotationBody | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.IssuedKey: ...
    def revoke_key(
        self,
        key_id: str,
        *,
        if_match: str | None = None,
    ) -> None: ...
    def show_sandbox(
        self,
    ) -> models.Sandbox: ...
    def open_sandbox(
        self,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.OpenedSandbox: ...
    def move_sandbox_clock(
        self,
        body: models.ClockBody | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Clock: ...
    def decide_sandbox_dispute(
        self,
        dispute_id: str,
        body: models.DecisionBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Dispute: ...
    def list_definitions(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        q: str | None = None,
        buyer: str | None = None,
    ) -> models.DefinitionSummaryPage: ...
    def create_definition(
        self,
        body: models.DefinitionBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Definition: ...
    def show_definition(
        self,
        reference: str,
    ) -> models.Definition: ...
    def put_draft(
        self,
        reference: str,
        body: models.DefinitionBody,
        *,
        if_match: str | None = None,
    ) -> models.DefinitionVersion: ...
    def lint_draft(
        self,
        reference: str,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Lint: ...
    def publish_definition(
        self,
        reference: str,
        body: models.PublishBody | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.PublishedVersion: ...
    def show_definition_version(
        self,
        reference: str,
        number: str,
    ) -> models.DefinitionVersion: ...
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
    ) -> models.Diff: ...
    def dry_run_draft(
        self,
        reference: str,
        body: models.DryRunBody | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.DryRun: ...
    def list_agreements(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        supplier: str | None = None,
        buyer: str | None = None,
        definition: str | None = None,
    ) -> models.AgreementSummaryPage: ...
    def create_agreement(
        self,
        body: models.AgreementBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Agreement: ...
    def show_agreement(
        self,
        agreement_id: str,
    ) -> models.Agreement: ...
    def add_agreement_version(
        self,
        agreement_id: str,
        body: models.AgreementVersionBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Agreement: ...
    def accept_agreement(
        self,
        agreement_id: str,
        body: models.AcceptanceBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Agreement: ...
    def end_agreement(
        self,
        agreement_id: str,
        body: models.EndBody | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Agreement: ...
    def receive_deposit(
        self,
        agreement_id: str,
        body: models.DepositBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.DepositReceived: ...
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
    ) -> models.AppointmentPage: ...
    def submit_appointment(
        self,
        body: models.SubmissionBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Appointment: ...
    def show_appointment(
        self,
        appointment_id: str,
        *,
        expand: str | None = None,
    ) -> models.Appointment: ...
    def list_appointment_events(
        self,
        appointment_id: str,
    ) -> models.Events: ...
    def give_findings(
        self,
        appointment_id: str,
        body: models.FindingsBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Appointment: ...
    def cancel_appointment(
        self,
        appointment_id: str,
        body: models.CancellationBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Appointment: ...
    def reschedule_appointment(
        self,
        appointment_id: str,
        body: models.RescheduleBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Appointment: ...
    def name_calendar_entry(
        self,
        appointment_id: str,
        body: models.CalendarBody | None = None,
        *,
        if_match: str | None = None,
    ) -> models.Appointment: ...
    def submit_appointments(
        self,
        body: models.BatchBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.BatchResults: ...
    def list_evidence(
        self,
        appointment_id: str,
    ) -> models.EvidenceList: ...
    def add_evidence(
        self,
        appointment_id: str,
        body: models.EvidenceBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Evidence: ...
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
    ) -> models.Explanation: ...
    def open_dispute(
        self,
        appointment_id: str,
        body: models.DisputeBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Dispute: ...
    def list_disputes(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        state: Literal["awaiting_reply", "with_arbiter", "closed"] | None = None,
        kind: Literal["contest", "clawback", "contradiction", "escalated_silence"] | None = None,
        appointment: str | None = None,
    ) -> models.DisputeItemPage: ...
    def show_dispute(
        self,
        dispute_id: str,
    ) -> models.Dispute: ...
    def reply_to_dispute(
        self,
        dispute_id: str,
        body: models.ReplyBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Dispute: ...
    def write_to_dispute(
        self,
        dispute_id: str,
        body: models.MessageBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Dispute: ...
    def withdraw_dispute(
        self,
        dispute_id: str,
        body: models.WithdrawalBody | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Dispute: ...
    def decide_dispute(
        self,
        dispute_id: str,
        body: models.DecisionBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Dispute: ...
    def list_connections(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        q: str | None = None,
        provider: Literal["cal_com", "calendly", "zoom", "twilio", "standard_webhooks"] | None = None,
    ) -> models.ConnectionPage: ...
    def create_connection(
        self,
        body: models.ConnectionBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Connection: ...
    def show_connection(
        self,
        connection: str,
    ) -> models.Connection: ...
    def disable_connection(
        self,
        connection: str,
        *,
        if_match: str | None = None,
    ) -> None: ...
    def rotate_connection(
        self,
        connection: str,
        body: models.ConnectionRotation,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Connection: ...
    def list_incoming_deliveries(
        self,
        connection: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        state: Literal["attached", "unmatched", "quarantined", "ignored"] | None = None,
    ) -> models.IncomingDeliveryPage: ...
    def release_delivery(
        self,
        connection: str,
        delivery_id: str,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.IncomingDelivery: ...
    def list_webhook_endpoints(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.WebhookEndpointPage: ...
    def create_webhook_endpoint(
        self,
        body: models.WebhookEndpointBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.NewWebhookEndpoint: ...
    def show_webhook_endpoint(
        self,
        endpoint_id: str,
    ) -> models.WebhookEndpoint: ...
    def change_webhook_endpoint(
        self,
        endpoint_id: str,
        body: models.WebhookEndpointChange | None = None,
        *,
        if_match: str | None = None,
    ) -> models.WebhookEndpoint: ...
    def delete_webhook_endpoint(
        self,
        endpoint_id: str,
        *,
        if_match: str | None = None,
    ) -> None: ...
    def rotate_webhook_secret(
        self,
        endpoint_id: str,
        body: models.WebhookRotation | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.NewWebhookEndpoint: ...
    def enable_webhook_endpoint(
        self,
        endpoint_id: str,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.WebhookEndpoint: ...
    def disable_webhook_endpoint(
        self,
        endpoint_id: str,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.WebhookEndpoint: ...
    def send_test_webhook(
        self,
        endpoint_id: str,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.OutgoingDelivery: ...
    def list_deliveries(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        endpoint: str | None = None,
        state: Literal["pending", "delivered", "failed"] | None = None,
        type: Literal["appointment.submitted", "appointment.rescheduled", "appointment.rebooked", "appointment.cancelled", "appointment.found", "appointment.deemed", "appointment.no_show_final", "appointment.credited", "dispute.opened", "dispute.replied", "dispute.escalated", "dispute.decided", "dispute.withdrawn", "replacement.ended", "replacement.revived", "appointment.refused", "appointment.final", "evidence.added", "dispute.message_sent", "amount.accrued", "amount.held", "amount.released", "amount.reversed", "amount.reduced", "invoice.issued", "credit_note.issued", "statement.issued", "document.rendered", "document.accepted", "document.queried", "document.query_withdrawn", "supplier_invoice.recorded", "payment.recorded", "payment.returned", "deposit.received", "definition.published", "agreement.offered", "agreement.accepted", "webhook.test"] | None = None,
    ) -> models.OutgoingDeliveryPage: ...
    def show_delivery(
        self,
        delivery_id: str,
    ) -> models.DeliveryInFull: ...
    def retry_delivery(
        self,
        delivery_id: str,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.OutgoingDelivery: ...
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
    ) -> models.IntakeRefusalPage: ...
    def erase_prospect(
        self,
        body: models.ErasureBody | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Erased: ...
    def list_suppressions(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        kind: Literal["email", "phone", "company_domain", "company_number"] | None = None,
    ) -> models.SuppressionPage: ...
    def suppress_contacts(
        self,
        body: models.SuppressionBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.SuppressionCount: ...
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
    ) -> models.ActivityPage: ...
    def report_activity(
        self,
        body: models.ActivityBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Counted: ...
    def list_sales(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        supplier: str | None = None,
        history: Literal["yes", "no"] | None = None,
    ) -> models.SalePage: ...
    def report_sales(
        self,
        body: models.SalesBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Counted: ...
    def list_billing_runs(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        period: str | None = None,
        state: Literal["queued", "running", "done", "failed"] | None = None,
    ) -> models.RunPage: ...
    def start_billing_run(
        self,
        body: models.RunBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Run: ...
    def show_billing_run(
        self,
        run_id: str,
    ) -> models.Run: ...
    def list_invoices(
        self,
        *,
        expand: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        period: str | None = None,
        supplier: str | None = None,
        buyer: str | None = None,
        kind: Literal["invoice", "credit_note", "statement"] | None = None,
        state: Literal["issued", "accepted", "queried", "credited", "paid"] | None = None,
        q: str | None = None,
    ) -> models.DocumentItemPage: ...
    def show_invoice(
        self,
        document_id: str,
        *,
        expand: str | None = None,
    ) -> models.Document: ...
    def answer_invoice(
        self,
        document_id: str,
        body: models.AnswerBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Document: ...
    def record_payment(
        self,
        document_id: str,
        body: models.PaymentBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Document: ...
    def return_payment(
        self,
        payment_id: str,
        body: models.ReturnBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> None: ...
    def record_supplier_invoice(
        self,
        document_id: str,
        body: models.SupplierInvoiceBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Document: ...
    def void_invoice(
        self,
        document_id: str,
        body: models.VoidBody | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.Voided: ...
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
    ) -> models.CreditByHandPage: ...
    def create_credit_note(
        self,
        body: models.CreditBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.CreditByHand: ...
    def show_credit_note(
        self,
        credit_id: str,
    ) -> models.CreditByHand: ...
    def approve_credit_note(
        self,
        credit_id: str,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.CreditByHand: ...
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
    ) -> models.SupplierRowReport | str: ...
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
    ) -> models.BuyerRowReport | str: ...
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
    ) -> models.QualityRowReport | str: ...
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
    ) -> models.ScenarioRowReport | str: ...
    def show_branding(
        self,
        *,
        buyer: str | None = None,
    ) -> models.Brand: ...
    def put_branding(
        self,
        body: models.BrandBody | None = None,
        *,
        if_match: str | None = None,
    ) -> models.Brand: ...
    def show_trial_balance(
        self,
        *,
        at: str | None = None,
        clock: Literal["effective", "recorded"] | None = None,
    ) -> models.TrialBalance: ...
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
    ) -> models.EntryPage: ...
    def show_account(
        self,
        account_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        at: str | None = None,
        clock: Literal["effective", "recorded"] | None = None,
    ) -> models.Account: ...
    def download_export(
        self,
        *,
        period: str,
    ) -> bytes: ...
    def take_bank_statement(
        self,
        body: models.StatementBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.StatementTaken: ...
    def list_bank_lines(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        matched: Literal["yes", "no"] | None = None,
        set_aside: Literal["yes", "no"] | None = None,
    ) -> models.BankLinePage: ...
    def assign_bank_line(
        self,
        line_id: str,
        body: models.AssignBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> None: ...
    def set_bank_line_aside(
        self,
        line_id: str,
        body: models.AsideBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> None: ...
    def take_bank_line_back(
        self,
        line_id: str,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> None: ...
    def list_payment_files(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.ListedPaymentFilePage: ...
    def create_payment_file(
        self,
        body: models.PaymentFileBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> models.PaymentFile: ...
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
    ) -> models.Items: ...
    def show_statement_of_account(
        self,
        *,
        supplier: str | None = None,
    ) -> models.Items: ...
    def show_reminders(
        self,
    ) -> models.Items: ...
    def list_downloads(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        q: str | None = None,
    ) -> models.DownloadPage: ...
