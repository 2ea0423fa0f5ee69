"""Definitions by page: the text that both sides sign, its versions, what changed between two, and publishing.

Owns no rule: found and read as the API does, linted and published by the same commands. A supplier reads what is
published of what he has an agreement on; another's definition is not there.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import Connection, RowMapping

from api.databases import database
from api.languages import gettext
from api.problems import problem_of
from api.units import clock
from api.web.acting import refusal_to
from api.web.actors import party_names
from api.web.blueprint import led_to, pages, show
from api.web.mending import problem_shown
from api.web.sessions import only, person
from api.web.terms_text import paragraphs
from ledger.domain.calendar import from_local
from ledger.domain.definition import parse_definition
from ledger.domain.diff import Change, diff
from ledger.domain.errors import Malformed, Refusal, Unknown
from ledger.domain.lint import lint, publishes
from ledger.domain.prose import quoted
from ledger.services import agreement_reading, definition_reading, definitions
from ledger.services.access import ADMIN, BUYER, SUPPLIER
from ledger.services.contracts import timelines
from ledger.services.definition_reading import Version, VersionState
from ledger.store import tables as t
from ledger.store.engine import reading

PAGE = 100


@pages.get("/definitions")
@only(ADMIN, BUYER, SUPPLIER)
def definition_list() -> Response:
    """Every definition that is the reader's to read, by name of its buyer and slug."""
    query = definition_reading.heads(person().principal, clock())
    query = query.order_by(t.organisation.c.slug, t.definition.c.slug).limit(PAGE)
    with reading(database().engine) as connection:
        rows = list(connection.execute(query).mappings())
        names = party_names(connection, (row["buyer"] for row in rows))
    return show("definitions", rows=rows, names=names)


@pages.get("/definitions/<reference>")
@only(ADMIN, BUYER, SUPPLIER)
def definition(reference: str) -> Response:
    """The version that counts (else the newest), its versions and its agreements."""
    return _version_page(reference, None)


@pages.get("/definitions/<reference>/versions/<int:number>")
@only(ADMIN, BUYER, SUPPLIER)
def definition_version(reference: str, number: int) -> Response:
    """One version as the text that both sides sign, with its hash and what it changed."""
    return _version_page(reference, number)


@pages.get("/definitions/<reference>/versions/<int:number>/diff")
@only(ADMIN, BUYER, SUPPLIER)
def definition_diff(reference: str, number: int) -> Response:
    """Two versions, clause by clause."""
    with reading(database().engine) as connection:
        head = found(connection, reference)
        versions = versions_of(connection, head)
    after = definition_reading.version(versions, number)
    named = request.args.get("against", "")
    against = int(named) if named.isascii() and named.isdigit() and len(named) < 6 else number - 1
    before = definition_reading.version(versions, against)
    return show(
        "definition_diff",
        head=head,
        reference=reference,
        before=before,
        after=after,
        versions=versions,
        changes=changes_between(before, after),
    )


@pages.get("/definitions/<reference>/publish")
@only(ADMIN, BUYER)
def publish_form(reference: str) -> Response:
    """What publishing would do: the linter's findings, what changes, from when."""
    return _publish_page(reference)


@pages.post("/definitions/<reference>/publish")
@only(ADMIN, BUYER)
def publish_definition(reference: str) -> Response:
    """Publish the draft that was shown; it can never change again."""
    published: list[int] = []

    def work(connection: Connection) -> None:
        now, head = clock(), found(connection, reference)
        definitions.lock(connection, head["id"])
        revision = request.form.get("revision", "")
        expected = int(revision) if revision.isascii() and revision.isdigit() else -1
        definition_reading.check_revision(versions_of(connection, head), expected)
        at = _instant(request.form.get("effective_from", ""), head["document"]["time_zone"])
        number, _ = definitions.publish(
            connection, head["id"], effective_from=at, now=now, actor=person().principal.actor
        )
        published.append(number)

    refusal = refusal_to(work)
    if refusal is not None:
        return _publish_page(reference, refusal)
    address = url_for("web.definition_version", reference=reference, number=published[-1], done="published")
    return led_to(address)


def found(connection: Connection, reference: str) -> RowMapping:
    """The definition, as `definition_reading.heads` has it. Raises `Unknown`."""
    return definition_reading.find(connection, reference, person().principal, clock())


def versions_of(connection: Connection, head: RowMapping) -> list[Version]:
    """The versions that the reader may read, oldest first."""
    drafts = definition_reading.sees_drafts(person().principal)
    return definition_reading.versions(connection, head["id"], clock(), drafts=drafts)


def changes_between(before: Version | None, after: Version) -> list[dict[str, Any]]:
    """What changed, each with what both texts say of the clause."""
    if before is None:
        return []
    was, is_now = parse_definition(before.document), parse_definition(after.document)

    def said(change: Change) -> dict[str, Any]:
        old, new = quoted(was, change.clause), quoted(is_now, change.clause)
        return {
            "clause": change.clause,
            "sentence": change.sentence,
            "before": None if change.before is None or old is None else old.text,
            "after": None if change.after is None or new is None else new.text,
        }

    return [said(change) for change in diff(before.document, after.document) if change.clause != "effective_from"]


def _version_page(reference: str, number: int | None) -> Response:
    now = clock()
    with reading(database().engine) as connection:
        head = found(connection, reference)
        versions = versions_of(connection, head)
        shown = _shown(versions, head["version"] if number is None else number)
        agreements = _agreements(connection, head["id"], now)
        names = party_names(
            connection, (head["buyer"], *(each[side] for each in agreements for side in ("supplier", "buyer")))
        )
    published = [each for each in versions if each.state is not VersionState.DRAFT and each.number < shown.number]
    before = published[-1] if published else None
    terms = parse_definition(shown.document)
    return show(
        "definition",
        head=head,
        reference=reference,
        versions=list(reversed(versions)),
        shown=shown,
        terms=terms,
        clauses=paragraphs(terms),
        before=before,
        changes=changes_between(before, shown),
        agreements=agreements,
        names=names,
        done=request.args.get("done"),
        now=now,
        zone=person().time_zone,
    )


def _shown(versions: list[Version], number: int | None) -> Version:
    if number is not None:
        return definition_reading.version(versions, number)
    if not versions:
        raise Unknown("there is no such definition")
    return versions[-1]


def _agreements(connection: Connection, definition_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Who trades by it, and the versions that count for each."""
    query = agreement_reading.heads(person().principal).where(t.agreement.c.definition_id == definition_id)
    rows = list(connection.execute(query.order_by(t.agreement.c.id)).mappings())
    known = timelines(connection, [row["id"] for row in rows])
    return [{**row, "counts": agreement_reading.counting(known[row["id"]], now)} for row in rows]


def _publish_page(reference: str, refused: Refusal | None = None) -> Response:
    with reading(database().engine) as connection:
        head = found(connection, reference)
        versions = versions_of(connection, head)
    draft = definition_reading.version(versions, head["draft"] or 0)
    before = next((each for each in reversed(versions) if each.state is not VersionState.DRAFT), None)
    findings = lint(parse_definition(draft.document))
    return show(
        "publish",
        200 if refused is None else problem_of(refused).status,
        head=head,
        reference=reference,
        draft=draft,
        before=before,
        changes=changes_between(before, draft),
        findings=findings,
        publishes=publishes(findings),
        revision=definition_reading.revision(versions),
        given=request.form,
        problem=problem_shown(refused),
        terms_zone=draft.document["time_zone"],
    )


def _instant(text: str, zone: str) -> datetime | None:
    """When it shall count from, on the clock of the terms; None for at once. Raises `Malformed`."""
    if not text.strip():
        return None
    try:
        return from_local(datetime.fromisoformat(text), zone)
    except ValueError:
        raise Malformed.at("effective_from", gettext("Give a day and a time, or leave it empty for now.")) from None
