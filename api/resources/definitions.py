"""`/v1/definitions`: what an appointment is, drafted and published by its buyer, read by both parties.

A buyer works on his own; an admin names the buyer. A supplier reads the published versions of what he has an
agreement on. The reference in a path is the slug, or `buyer:slug` where it could mean several.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy import Connection, RowMapping, select

from api.auth import ADMIN, BUYER, SUPPLIER, Principal
from api.endpoints import Resource
from api.narrowing import narrowed
from api.schemas import definitions as schemas
from api.schemas import filters
from api.units import Answer, Command, Query
from ledger.domain.definition import parse_definition
from ledger.domain.diff import diff
from ledger.domain.errors import Malformed, NotAllowed, Refused
from ledger.domain.lint import LintFinding, publishes
from ledger.domain.prose import prose
from ledger.services import definition_reading as reading
from ledger.services import definitions
from ledger.services.definition_reading import Version
from ledger.store import tables as t

blueprint = Resource("definitions", description="What an appointment is and what each outcome is worth, by version.")

WRITERS = {ADMIN, BUYER}
READERS = {*WRITERS, SUPPLIER}


@blueprint.command("/definitions", roles=WRITERS, takes=schemas.DefinitionBody, answers=schemas.Definition, status=201)
def create_definition(command: Command) -> Answer:
    """Create a definition with a first draft.

    A faulty document is refused with every fault at once; whether its terms are wise is the linter's question.
    """
    named, document = terms_of(command.body, "buyer")
    buyer_id, buyer = owner(command.connection, command.principal, named["buyer"])
    definitions.create_definition(command.connection, buyer_id, document, now=command.now)
    answer = _shown(command, _found(command, f"{buyer}:{document['slug']}"))
    return Answer(
        answer.body, version=answer.version, headers={"Location": f"/v1/definitions/{buyer}:{document['slug']}"}
    )


@blueprint.listing("/definitions", roles=READERS, item=schemas.DefinitionSummary, arguments=filters.DefinitionFilters)
def list_definitions(query: Query) -> Answer:
    """List definitions, newest first. Suppliers see those they have an agreement on."""
    column, rows = t.definition.c, reading.heads(query.principal, query.now)
    rows = narrowed(rows, query.arguments, parties={"buyer": column.buyer_id}, search=(column.slug,))
    return query.page(rows, [column.id], summary)


@blueprint.query("/definitions/<reference>", roles=READERS, answers=schemas.Definition, versioned=True)
def show_definition(query: Query, reference: str) -> Answer:
    """Show a definition and its versions.

    A slug that two buyers use needs `buyer:slug`; without it the answer names both (400, `ambiguous_definition`).
    """
    return _shown(query, _found(query, reference))


@blueprint.command(
    "/definitions/<reference>/draft",
    method="PUT",
    roles=WRITERS,
    takes=schemas.DefinitionBody,
    answers=schemas.DefinitionVersion,
)
def put_draft(command: Command, reference: str) -> Answer:
    """Replace the draft, or start the next one after a published version."""
    named, document = terms_of(command.body, "buyer")
    if named["buyer"] is not None:
        owner(command.connection, command.principal, named["buyer"])
    head = _found(command, reference, buyer=named["buyer"])
    if named["buyer"] not in (None, head["buyer"]):
        raise Refused.by("buyer", "buyer_changed", f"the definition is {head['buyer']!r}'s and stays so")
    _check(command, head)
    number = definitions.put_draft(command.connection, head["id"], document, now=command.now)
    return _version(command, head, number)


@blueprint.command("/definitions/<reference>/draft/lint", roles=WRITERS, answers=schemas.Lint)
def lint_draft(command: Command, reference: str) -> Answer:
    """Say everything that is loose about the draft, each with the clause and the mend. Nothing changes."""
    head = _found(command, reference)
    _check(command, head)
    findings = definitions.lint_draft(command.connection, head["id"])
    return Answer({"version": head["draft"], "publishes": publishes(findings), "findings": rendered(findings)})


@blueprint.command(
    "/definitions/<reference>/publish", roles=WRITERS, takes=schemas.PublishBody, answers=schemas.PublishedVersion
)
def publish_definition(command: Command, reference: str) -> Answer:
    """Publish the draft; it can never change again.

    Publishing is the buyer's acceptance; a supplier's own makes the version count for him. A loose draft is refused
    with every finding of the linter.
    """
    head = _found(command, reference)
    _check(command, head)
    number, warnings = definitions.publish(
        command.connection,
        head["id"],
        effective_from=command.body["effective_from"],
        now=command.now,
        actor=command.principal.actor,
    )
    answer = _version(command, head, number)
    return Answer({**answer.body, "warnings": rendered(warnings)}, version=answer.version)


@blueprint.query(
    "/definitions/<reference>/versions/<int:number>",
    roles=READERS,
    answers=schemas.DefinitionVersion,
    versioned=True,
)
def show_definition_version(query: Query, reference: str, number: int) -> Answer:
    """Show a version with its document and hash."""
    return _version(query, _found(query, reference), number)


@blueprint.query("/definitions/<reference>/versions/<int:number>/text", roles=READERS, media_type="text/markdown")
def show_definition_text(query: Query, reference: str, number: int) -> Response:
    """Show a version as prose that both parties can sign, in Markdown."""
    found = reading.version(_versions(query, _found(query, reference)), number)
    text = prose(parse_definition(found.document), found.number)
    headers = {"Cache-Control": "private, no-cache"}
    return Response(text, content_type="text/markdown; charset=utf-8", headers=headers)


@blueprint.query(
    "/definitions/<reference>/versions/<int:number>/diff",
    roles=READERS,
    answers=schemas.Diff,
    arguments=schemas.Against,
)
def show_definition_diff(query: Query, reference: str, number: int) -> Answer:
    """Show clause by clause what changes from version `against` to this one."""
    head = _found(query, reference)
    versions = _versions(query, head)
    after = reading.version(versions, number)
    before = reading.version(versions, query.arguments["against"])
    changes = [
        {
            "clause": change.clause,
            "pointer": change.pointer,
            "before": change.before,
            "after": change.after,
            "sentence": change.sentence,
        }
        for change in diff(before.document, after.document)
    ]
    return Answer({"definition": head["slug"], "against": before.number, "version": after.number, "changes": changes})


def terms_of(body: Mapping[str, Any], *parties: str) -> tuple[dict[str, str | None], dict[str, Any]]:
    """The parties that a body names (None where it does not), and the terms document without them."""
    named = {party: body.get(party) for party in parties}
    for party, slug in named.items():
        if slug is not None and not isinstance(slug, str):
            raise Malformed.at(f"/{party}", "Needs a string.")
    return named, {name: value for name, value in body.items() if name not in parties}


def owner(connection: Connection, principal: Principal, slug: str | None) -> tuple[UUID, str]:
    """Id and slug of the buyer that a body is about: a buyer's key its own, an admin the named one."""
    organisation = t.organisation.c
    query = select(organisation.id, organisation.slug)
    if not principal.is_operator:
        own = connection.execute(query.where(organisation.id == principal.organisation_id)).one()
        if slug not in (None, own.slug):
            raise NotAllowed("a buyer's key acts for its own organisation alone")
        return own.id, own.slug
    if slug is None:
        raise Malformed.at("/buyer", "An admin names the buyer.")
    found = connection.execute(query.where(organisation.slug == slug, organisation.kind == BUYER)).one_or_none()
    if found is None:
        raise Refused.by("buyer", "unknown_buyer", f"there is no buyer {slug!r}")
    return found.id, found.slug


def summary(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A definition as a list shows it."""
    return {
        "id": row["id"],
        "slug": row["slug"],
        "buyer": row["buyer"],
        "name": row["document"]["name"],
        "version": row["version"],
        "draft": row["draft"],
        "created_at": row["created_at"],
    }


def version_summary(version: Version) -> dict[str, Any]:
    return {
        "version": version.number,
        "state": version.state,
        "hash": version.hash,
        "effective_from": version.effective_from,
        "published_at": version.published_at,
    }


def rendered(findings: Iterable[LintFinding]) -> list[dict[str, Any]]:
    """The linter's findings as they go out."""
    return [
        {
            "clause": finding.clause,
            "code": finding.code,
            "severity": finding.severity,
            "detail": finding.detail,
            "mend": finding.mend,
        }
        for finding in findings
    ]


def _found(unit: Query | Command, reference: str, *, buyer: str | None = None) -> RowMapping:
    return reading.find(unit.connection, reference, unit.principal, unit.now, buyer=buyer)


def _versions(unit: Query | Command, head: RowMapping) -> list[Version]:
    drafts = reading.sees_drafts(unit.principal)
    return reading.versions(unit.connection, head["id"], unit.now, drafts=drafts)


def _check(command: Command, head: RowMapping) -> None:
    """Holds `If-Match` against what is there, and what is there until the command is done."""
    if command.expected_version is not None:
        definitions.lock(command.connection, head["id"])
        reading.check_revision(_versions(command, head), command.expected_version)


def _shown(unit: Query | Command, head: RowMapping) -> Answer:
    versions = _versions(unit, head)
    body = {**summary(head), "versions": [version_summary(version) for version in versions]}
    return Answer(body, version=reading.revision(versions))


def _version(unit: Query | Command, head: RowMapping, number: int) -> Answer:
    """A version whole. Its ETag is the definition's, so that commands can name either."""
    versions = _versions(unit, head)
    found = reading.version(versions, number)
    body = {
        **version_summary(found),
        "definition": head["slug"],
        "buyer": head["buyer"],
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "document": found.document,
    }
    return Answer(body, version=reading.revision(versions))
