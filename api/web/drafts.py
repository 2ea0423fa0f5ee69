"""The editor of a definition: a form, with the linter, the text and the difference to the published version beside it.

Owns the form's round trip, with scripts and without. A draft is kept by the API's commands; what the schema or a rule
stands against is shown beside the field. Another buyer's definition is not there.
"""

from collections.abc import Callable
from typing import Any

from flask import Response, request, url_for
from sqlalchemy import Connection, RowMapping
from werkzeug.datastructures import MultiDict

from api.databases import database
from api.problems import problem_of
from api.units import clock
from api.web.acting import refusal_to
from api.web.blueprint import led_to, pages, show
from api.web.definitions import changes_between, found, versions_of
from api.web.first_draft import first_draft
from api.web.mending import problem_shown
from api.web.sessions import only, person
from api.web.terms_form import document_of, in_words, parts_of, with_row, without_row
from api.web.terms_text import paragraphs
from ledger.domain.definition import parse_definition
from ledger.domain.errors import FieldError, Malformed, Refusal
from ledger.domain.lint import lint, publishes
from ledger.services import definition_reading, definitions, parties
from ledger.services.access import ADMIN, BUYER
from ledger.services.definition_reading import Version, VersionState
from ledger.store.engine import reading

Save = Callable[[Connection, dict[str, Any]], object]


@pages.get("/definitions/new")
@only(BUYER)
def new_definition() -> Response:
    """An empty form, with what most contracts say filled in."""
    return _editor(_first(), None, ())


@pages.post("/definitions/new")
@only(BUYER)
def create_definition() -> Response:
    """Work on it, or keep it as the first draft."""
    buyer_id = person().principal.organisation_id
    assert buyer_id is not None, "a buyer's person has an organisation"

    def save(connection: Connection, document: dict[str, Any]) -> None:
        definitions.create_definition(connection, buyer_id, document, now=clock())

    return _worked_on(None, (), save)


@pages.get("/definitions/<reference>/draft")
@only(ADMIN, BUYER)
def draft(reference: str) -> Response:
    """The draft in its form; where there is none, the newest version, from which the next one starts."""
    head, versions = _read(reference)
    document = versions[-1].document
    return _editor(document if head["draft"] else {**document, "effective_from": None}, head, versions)


@pages.post("/definitions/<reference>/draft")
@only(ADMIN, BUYER)
def change_draft(reference: str) -> Response:
    """Work on it, or keep it."""
    head, versions = _read(reference)

    def save(connection: Connection, document: dict[str, Any]) -> None:
        definitions.lock(connection, head["id"])
        revision = request.form.get("revision", "")
        expected = int(revision) if revision.isascii() and revision.isdigit() else -1
        definition_reading.check_revision(versions_of(connection, head), expected)
        definitions.put_draft(connection, head["id"], document, now=clock())

    return _worked_on(head, versions, save)


def _read(reference: str) -> tuple[RowMapping, list[Version]]:
    with reading(database().engine) as connection:
        head = found(connection, reference)
        return head, versions_of(connection, head)


def _first() -> dict[str, Any]:
    buyer_id = person().principal.organisation_id
    assert buyer_id is not None, "a buyer's person has an organisation"
    with reading(database().engine) as connection:
        buyer = parties.organisation(connection, buyer_id)
    return first_draft(buyer["time_zone"], buyer["address"].get("country"))


def _worked_on(head: RowMapping | None, versions: tuple[Version, ...] | list[Version], save: Save) -> Response:
    """One more row, one less, a look at what it would mean, or saved."""
    verb, _, place = request.form.get("do", "check").partition(":")
    form: MultiDict[str, str] = request.form
    if verb in ("add", "remove"):
        form = with_row(form, place) if verb == "add" else without_row(form, place)
        return _editor(document_of(form), head, versions)
    document = document_of(form)
    if verb != "save":
        if "HX-Request" in request.headers:
            return show("draft_beside", **_beside(document, versions))
        return _editor(document, head, versions)
    refusal = refusal_to(lambda connection: save(connection, document))
    if refusal is not None:
        return _editor(document, head, versions, refusal)
    buyer = head["buyer"] if head is not None else _own_slug()
    return led_to(url_for("web.draft", reference=f"{buyer}:{document['slug']}", done="saved"))


def _own_slug() -> str:
    organisation_id = person().principal.organisation_id
    assert organisation_id is not None, "a buyer's person has an organisation"
    with reading(database().engine) as connection:
        return str(parties.organisation(connection, organisation_id)["slug"])


def _editor(
    document: dict[str, Any],
    head: RowMapping | None,
    versions: tuple[Version, ...] | list[Version],
    refused: Refusal | None = None,
) -> Response:
    beside = _beside(document, versions)
    misplaced = refused is not None and not isinstance(refused, Malformed)
    return show(
        "draft",
        200 if refused is None else problem_of(refused).status,
        head=head,
        reference=None if head is None else f"{head['buyer']}:{head['slug']}",
        parts=parts_of(document, beside["faults"] if request.method == "POST" else ()),
        number=head["draft"] or versions[-1].number + 1 if head is not None else 1,
        revision=definition_reading.revision(versions),
        refused=problem_shown(refused) if misplaced else None,
        unreadable=isinstance(refused, Malformed),
        done=request.args.get("done"),
        **beside,
    )


def _beside(document: dict[str, Any], versions: tuple[Version, ...] | list[Version]) -> dict[str, Any]:
    """What stands beside the form: faults, or the linter's findings, the text and what it changes."""
    published = [each for each in versions if each.state is not VersionState.DRAFT]
    before = published[-1] if published else None
    faults: tuple[FieldError, ...] = ()
    nothing: dict[str, Any] = {"findings": (), "publishes": False, "clauses": (), "changes": (), "before": before}
    try:
        terms = parse_definition(document)
    except Malformed as malformed:
        faults = in_words(document, malformed.errors)
        return {**nothing, "faults": faults}
    findings = lint(terms)
    now = clock()
    twin = Version(0, VersionState.DRAFT, document, None, None, None, now, now)
    return {
        **nothing,
        "faults": faults,
        "findings": findings,
        "publishes": publishes(findings),
        "clauses": paragraphs(terms),
        "changes": changes_between(before, twin),
    }
