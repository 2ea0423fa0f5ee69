"""`/v1/organisations`: buyers and suppliers, how they change, and what they were before.

An admin sees all of them; a party's key its own, by id or slug.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from api.auth import ADMIN, PARTIES, visible
from api.endpoints import Resource
from api.narrowing import narrowed
from api.schemas import filters
from api.schemas import parties as schemas
from api.units import Answer, Command, Query, with_id
from ledger.services import parties
from ledger.store import tables as t

blueprint = Resource("organisations", description="Buyers and suppliers: who they are, how they change.")

READERS = {ADMIN, *PARTIES}


@blueprint.command(
    "/organisations", roles={ADMIN}, takes=schemas.OrganisationBody, answers=schemas.Organisation, status=201
)
def create_organisation(command: Command) -> Answer:
    """Take an organisation on.

    VAT identifier and bank details are tested offline for form and checksum; when and how is recorded.
    """
    row = parties.create_organisation(command.connection, columns_of(command.body), command.now)
    return Answer(rendered(row), version=row["version"], headers=with_id("/v1/organisations", row["id"]))


@blueprint.listing("/organisations", roles=READERS, item=schemas.Organisation, arguments=filters.OrganisationFilters)
def list_organisations(query: Query) -> Answer:
    """List organisations, newest first."""
    column = t.organisation.c
    rows = select(t.organisation).where(visible(query.principal, t.organisation))
    rows = narrowed(rows, query.arguments, equal={"kind": column.kind}, search=(column.slug, column.legal_name))
    return query.page(rows, [column.id], rendered)


@blueprint.query("/organisations/<reference>", roles=READERS, answers=schemas.Organisation, versioned=True)
def show_organisation(query: Query, reference: str) -> Answer:
    """Show one organisation, by id or slug."""
    within = visible(query.principal, t.organisation)
    row = parties.organisation(query.connection, reference, within=within)
    return Answer(rendered(row), version=row["version"])


@blueprint.command(
    "/organisations/<reference>",
    method="PATCH",
    roles=READERS,
    takes=schemas.OrganisationChange,
    answers=schemas.Organisation,
)
def change_organisation(command: Command, reference: str) -> Answer:
    """Change an organisation; what it was before is kept.

    What is left out stays, null clears. A change of the VAT identifier parks self-billing until it is agreed anew.
    """
    row = parties.change_organisation(
        command.connection,
        reference,
        columns_of(command.body),
        command.principal.actor,
        command.now,
        expected_version=command.expected_version,
        within=visible(command.principal, t.organisation),
    )
    return Answer(rendered(row), version=row["version"])


@blueprint.query("/organisations/<reference>/history", roles=READERS, answers=schemas.OrganisationHistory)
def show_organisation_history(query: Query, reference: str) -> Answer:
    """Show what an organisation was before each change, oldest first."""
    row = parties.organisation(query.connection, reference, within=visible(query.principal, t.organisation))
    items = [
        {
            "version": change["version"],
            "before": change["before"],
            "actor": change["actor"],
            "changed_at": change["recorded_at"],
        }
        for change in parties.changes_of(query.connection, row["id"])
    ]
    return Answer({"items": items})


def rendered(row: Mapping[Any, Any]) -> dict[str, Any]:
    """An organisation as its readers see it."""
    return {
        "id": row["id"],
        "slug": row["slug"],
        "kind": row["kind"],
        "legal_name": row["legal_name"],
        "address": row["address"],
        "vat_id": row["vat_id"],
        "vat_registered": row["vat_registered"],
        "vat_check": {
            "valid": True if parties.is_checked(row["vat_check"]) else None,
            "checked_at": row["vat_checked_at"],
            "method": row["vat_check"],
        },
        "tax_number": row["tax_number"],
        "registration_number": row["registration_number"],
        "bank": {"iban": row["iban"], "bic": row["bic"]},
        "time_zone": row["time_zone"],
        "email": row["email"],
        "version": row["version"],
        "created_at": row["created_at"],
    }


def columns_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with the bank details as columns; `"bank": null` clears both."""
    columns = dict(body)
    if "bank" in columns:
        bank = columns.pop("bank")
        columns |= {"iban": None, "bic": None} if bank is None else bank
    return columns
