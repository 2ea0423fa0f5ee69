"""Every table as Core sees it, so that statements read `appointment.c.id` and migrations find the whole metadata."""

from sqlalchemy import Table
from sqlmodel import SQLModel

from ledger.store import (
    appointments,
    billing,
    brands,
    chain,
    contracts,
    disputes,
    downloads,
    evidence,
    hooks,
    journal,
    limits,
    logins,
    mail,
    parties,
    payments,
    reported,
    sandboxes,
    webhooks,
)


def _table(model: type[SQLModel]) -> Table:
    table = model.__dict__["__table__"]
    assert isinstance(table, Table)
    return table


metadata = SQLModel.metadata

organisation = _table(parties.Organisation)
organisation_change = _table(parties.OrganisationChange)
user_account = _table(parties.User)
api_key = _table(parties.ApiKey)
login_session = _table(logins.LoginSession)
recovery_code = _table(logins.RecoveryCode)
login_identity = _table(logins.LoginIdentity)
account_change = _table(logins.AccountChange)
download = _table(downloads.Download)

definition = _table(contracts.DefinitionHead)
definition_version = _table(contracts.DefinitionVersion)
agreement = _table(contracts.AgreementHead)
agreement_version = _table(contracts.AgreementVersion)
acceptance = _table(contracts.Acceptance)

appointment = _table(appointments.AppointmentRow)
prospect = _table(appointments.ProspectRow)
erasure = _table(appointments.Erasure)
linked_reference = _table(appointments.LinkedReference)
contact_key = _table(appointments.ContactKey)
appointment_event = _table(appointments.AppointmentEvent)
intake_refusal = _table(appointments.IntakeRefusal)
suppression = _table(appointments.Suppression)
activity = _table(reported.Activity)
sale = _table(reported.Sale)
evidence_item = _table(evidence.Evidence)
dispute = _table(disputes.DisputeRow)
dispute_message = _table(disputes.DisputeMessage)
connection = _table(hooks.Connection)
incoming_delivery = _table(hooks.IncomingDelivery)
delivery_hint = _table(hooks.DeliveryHint)
calendar_link = _table(hooks.CalendarLink)
webhook_endpoint = _table(webhooks.WebhookEndpoint)
outgoing_delivery = _table(webhooks.OutgoingDelivery)
delivery_attempt = _table(webhooks.DeliveryAttempt)
mail_cause = _table(mail.MailCause)
mail_wish = _table(mail.MailWish)
mail_look = _table(mail.MailLook)
idempotency_key = _table(appointments.IdempotencyKey)

rate_window = _table(limits.RateWindow)

account = _table(journal.Account)
entry = _table(journal.Entry)
transfer = _table(journal.Transfer)
accrual = _table(journal.Accrual)
month_position = _table(journal.MonthPosition)

billing_run = _table(billing.BillingRun)
number_series = _table(billing.NumberSeries)
document = _table(billing.DocumentRow)
document_line = _table(billing.DocumentLine)
rendering = _table(billing.Rendering)
document_file = _table(billing.DocumentFile)
deposit = _table(billing.Deposit)
logo = _table(brands.Logo)
branding = _table(brands.Branding)

document_response = _table(payments.DocumentResponse)
credit_request = _table(payments.CreditRequest)
credit_grant = _table(payments.CreditGrant)
supplier_document = _table(payments.SupplierDocument)
document_void = _table(payments.DocumentVoid)
bank_line = _table(payments.BankLine)
bank_line_aside = _table(payments.BankLineAside)
payment = _table(payments.Payment)
payment_file = _table(payments.PaymentFile)
payment_file_item = _table(payments.PaymentFileItem)

sandbox = _table(sandboxes.Sandbox)

chain_link = _table(chain.ChainLink)
