"""The resources, one module each, and the pattern they follow.

A module owns one blueprint and what is particular to it: roles, schemas, the service that does the work and a
function that renders a row. Everything else is the decorators':

    blueprint = Resource("organisations", description="Buyers and suppliers.")

    @blueprint.command("/organisations", roles={ADMIN}, takes=OrganisationBody, answers=Organisation, status=201)
    def create_organisation(command: Command) -> Answer:
        \"\"\"Take an organisation on.\"\"\"          ← summary and description in the OpenAPI document
        row = parties.create_organisation(command.connection, command.body, command.now)
        return Answer(rendered(row), version=row["version"], headers=with_id("/v1/organisations", row["id"]))

`command` opens the transaction, authenticates, checks the body, claims the idempotency key and keeps the answer;
`query` reads in one snapshot; `listing` reads a page, answered by `query.page(select, keys, render)`. Rows of parties
are found through `visible(principal, table)`, so that somebody else's row is unknown. A service raises its refusals;
one that must keep what was written raises `ledger.services.Kept`. A new module is added to `BLUEPRINTS` below.
"""

from api.endpoints import Resource
from api.resources import (
    agreements,
    appointments,
    batches,
    billing_runs,
    branding,
    calendars,
    connections,
    credit_notes,
    definitions,
    disputes,
    downloads,
    dry_runs,
    erasure,
    evidence,
    explanations,
    health,
    hooks,
    intake_refusals,
    invoices,
    keys,
    ledger,
    organisations,
    payables,
    reported,
    reports,
    sandboxes,
    suppressions,
    users,
    webhooks,
)

BLUEPRINTS: tuple[Resource, ...] = (
    organisations.blueprint,
    users.blueprint,
    keys.blueprint,
    sandboxes.blueprint,
    definitions.blueprint,
    dry_runs.blueprint,
    agreements.blueprint,
    appointments.blueprint,
    batches.blueprint,
    evidence.blueprint,
    calendars.blueprint,
    explanations.blueprint,
    disputes.blueprint,
    connections.blueprint,
    hooks.blueprint,
    webhooks.blueprint,
    intake_refusals.blueprint,
    erasure.blueprint,
    suppressions.blueprint,
    reported.blueprint,
    billing_runs.blueprint,
    invoices.blueprint,
    credit_notes.blueprint,
    reports.blueprint,
    branding.blueprint,
    ledger.blueprint,
    payables.blueprint,
    downloads.blueprint,
    health.blueprint,
)
