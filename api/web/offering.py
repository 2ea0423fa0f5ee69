"""Offering an agreement, or its next version: a form, with the text that both sides would sign beside it.

Owns the form's round trip. What is offered is proposed by the API's commands, and waits for both sides on the
agreement's page. Another buyer's definition or agreement is not there.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import Connection, RowMapping
from werkzeug.datastructures import MultiDict

from api.databases import database
from api.languages import gettext
from api.problems import problem_of
from api.units import clock
from api.web.acting import outcome_of
from api.web.actors import party_names
from api.web.agreement_fields import first_offer, parts_for
from api.web.blueprint import led_to, pages, show
from api.web.definitions import found, versions_of
from api.web.mending import problem_shown
from api.web.sessions import only, person
from api.web.terms_form import document_of, in_words, parts_of, with_row, without_row
from api.web.terms_text import paragraphs
from ledger.domain.agreement import check_against, parse_agreement
from ledger.domain.calendar import local_date
from ledger.domain.definition import parse_definition
from ledger.domain.errors import Malformed, Refusal, Refused, Unknown
from ledger.domain.terms import BillingMode, Definition
from ledger.services import agreement_reading, agreements, definition_reading, parties
from ledger.services.access import BUYER
from ledger.services.definition_reading import Version, VersionState
from ledger.store.engine import reading

Keep = Callable[[Connection, dict[str, Any]], UUID]


@pages.get("/definitions/<reference>/offer")
@only(BUYER)
def new_offer(reference: str) -> Response:
    """An empty form, with what most agreements say filled in."""
    definition = _definition(reference)
    today = local_date(clock(), person().time_zone).isoformat()
    return _form(definition, {"definition": definition.slug, **first_offer(today)}, None, reference)


@pages.post("/definitions/<reference>/offer")
@only(BUYER)
def make_offer(reference: str) -> Response:
    """Work on it, or offer it to the supplier."""
    buyer_id = person().principal.organisation_id
    assert buyer_id is not None, "a buyer's person has an organisation"

    def keep(connection: Connection, document: dict[str, Any]) -> UUID:
        slug = request.form.get("supplier", "").strip()
        if not slug:
            raise Refused.by("supplier", "unknown_supplier", gettext("Name the supplier."))
        supplier_id = parties.supplier_named(connection, slug)
        actor = person().principal.actor
        return agreements.create_agreement(connection, supplier_id, buyer_id, document, now=clock(), actor=actor)

    return _worked_on(_definition(reference), None, keep, reference)


@pages.get("/agreements/<uuid:agreement_id>/offer")
@only(BUYER)
def next_offer(agreement_id: UUID) -> Response:
    """The newest version in its form, from which the next one starts."""
    head, definition, document = _agreement(agreement_id)
    return _form(definition, {**document, "effective_from": None}, head)


@pages.post("/agreements/<uuid:agreement_id>/offer")
@only(BUYER)
def offer_next(agreement_id: UUID) -> Response:
    """Work on it, or offer it as the next version."""
    head, definition, _ = _agreement(agreement_id)

    def keep(connection: Connection, document: dict[str, Any]) -> UUID:
        agreements.add_version(connection, agreement_id, document, now=clock(), actor=person().principal.actor)
        return agreement_id

    return _worked_on(definition, head, keep)


def _definition(reference: str) -> Definition:
    """The newest published version. Raises `Unknown` without one."""
    with reading(database().engine) as connection:
        head = found(connection, reference)
        return _newest(versions_of(connection, head))


def _newest(versions: Sequence[Version]) -> Definition:
    published = [each for each in versions if each.state is not VersionState.DRAFT]
    if not published:
        raise Unknown("its definition has no published version yet")
    return parse_definition(published[-1].document)


def _agreement(agreement_id: UUID) -> tuple[RowMapping, Definition, dict[str, Any]]:
    """The agreement's head, its definition, and its newest terms."""
    now = clock()
    with reading(database().engine) as connection:
        view = agreement_reading.view(connection, agreement_id, person().principal, now)
        definition = _newest(definition_reading.versions(connection, view.head["definition_id"], now, drafts=False))
    newest = max(view.versions, key=lambda version: version.number)
    return view.head, definition, dict(newest.document)


def _worked_on(definition: Definition, head: RowMapping | None, keep: Keep, reference: str = "") -> Response:
    """What the form's buttons do: a row more or less, a check, or the offer."""
    verb, _, place = request.form.get("do", "check").partition(":")
    form: MultiDict[str, str] = request.form
    if verb == "add":
        form = with_row(form, place, parts_for(definition))
    elif verb == "remove":
        form = without_row(form, place)
    document = _document(form, definition)
    if verb == "offer":
        came = outcome_of(lambda connection: keep(connection, document))
        if not isinstance(came, Refusal):
            return led_to(url_for("web.agreement", agreement_id=came, done="offered"))
        return _form(definition, document, head, reference, came)
    if "HX-Request" in request.headers and verb == "check":
        return show("offer_beside", **_beside(document, definition))
    return _form(definition, document, head, reference)


def _document(form: MultiDict[str, str], definition: Definition) -> dict[str, Any]:
    """The terms that the form says; what is for self-billing alone is left out elsewhere."""
    document = document_of(form, parts_for(definition), definition.time_zone)
    billing = document["billing"]
    if billing["mode"] != BillingMode.SELF_BILLED:
        document["billing"] = {name: value for name, value in billing.items() if name != "self_billing"}
    return {"definition": definition.slug, **document}


def _form(
    definition: Definition,
    document: dict[str, Any],
    head: RowMapping | None,
    reference: str = "",
    refused: Refusal | None = None,
) -> Response:
    beside = _beside(document, definition)
    faults = beside["faults"] if request.method == "POST" else ()
    with reading(database().engine) as connection:
        names = {} if head is None else party_names(connection, (head["supplier"],))
    return show(
        "offer",
        200 if refused is None else problem_of(refused).status,
        definition=definition,
        reference=reference,
        head=head,
        names=names,
        parts=parts_of(document, faults, parts_for(definition), definition.time_zone),
        supplier=request.form.get("supplier", ""),
        refused=None if isinstance(refused, Malformed) else problem_shown(refused),
        headline=gettext("It was not offered"),
        unreadable=isinstance(refused, Malformed),
        **beside,
    )


def _beside(document: dict[str, Any], definition: Definition) -> dict[str, Any]:
    """What stands beside the form: what is missing, or the text that both sides would sign."""
    try:
        terms = parse_agreement(document)
    except Malformed as malformed:
        return {"faults": in_words(document, malformed.errors, parts_for(definition)), "clauses": ()}
    return {"faults": check_against(terms, definition), "clauses": paragraphs(definition, terms)}
