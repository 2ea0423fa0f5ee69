"""Agreements by page: the whole text that a side signs, with its hash; both sides' acceptances; the end.

Owns no rule: accepted and ended by the API's commands. Nobody accepts for somebody else, and another's agreement is
not there.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import Connection

from api.databases import database
from api.problems import problem_of
from api.units import clock
from api.web import renewing
from api.web.acting import refusal_to
from api.web.actors import party_names
from api.web.blueprint import led_to, pages, show
from api.web.mending import problem_shown
from api.web.sessions import only, person
from api.web.terms_text import paragraphs
from ledger.domain.agreement import parse_agreement
from ledger.domain.definition import parse_definition
from ledger.domain.diff import diff
from ledger.domain.errors import Refusal, Unknown
from ledger.services import agreement_reading, agreements, definition_reading
from ledger.services.access import ADMIN, BUYER, PARTIES, SUPPLIER
from ledger.services.agreement_reading import AgreementView
from ledger.services.definition_reading import Version, VersionState
from ledger.store import tables as t
from ledger.store.engine import reading

PAGE = 50


@pages.get("/agreements")
@only(ADMIN, *PARTIES)
def agreement_list() -> Response:
    """Every agreement of the reader's, with what counts and what waits for his yes; the newest first."""
    now = clock()
    with reading(database().engine) as connection:
        rows = _listed(connection, now)
        names = party_names(connection, (row[side] for row in rows for side in ("supplier", "buyer")))
    return show("agreements", rows=rows, names=names, now=now, zone=person().time_zone)


def waiting(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    """The agreements that wait for the reader's yes."""
    return [row for row in _listed(connection, now) if row["offers"]]


def _listed(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    principal = person().principal
    query = agreement_reading.heads(principal).order_by(t.agreement.c.id.desc()).limit(PAGE)
    rows = []
    for head in connection.execute(query).mappings().all():
        view = agreement_reading.view(connection, head["id"], principal, now)
        rows.append({**head, "counts": view.counts, "offers": _offers(view, _published(connection, view))})
    return rows


@pages.get("/agreements/<uuid:agreement_id>")
@only(ADMIN, *PARTIES)
def agreement(agreement_id: UUID) -> Response:
    """The agreement: its text, its versions, who accepted what."""
    return _page(agreement_id)


@pages.post("/agreements/<uuid:agreement_id>/accept")
@only(BUYER, SUPPLIER)
def accept_agreement(agreement_id: UUID) -> Response:
    """Say yes to the text that was shown, by its hash."""
    viewer = person()
    party = viewer.principal.party
    assert party is not None, "the roles of this page are the parties'"

    def work(connection: Connection) -> None:
        now = clock()
        agreement_reading.head(connection, agreement_id, viewer.principal)
        agreements.accept(
            connection,
            agreement_id,
            _whole("version"),
            party,
            at=now,
            now=now,
            actor=viewer.principal.actor,
            definition_version=_whole("definition_version"),
        )

    refusal = refusal_to(work)
    if refusal is not None:
        return _page(agreement_id, refusal)
    return led_to(url_for("web.agreement", agreement_id=agreement_id, done="accepted"))


@pages.post("/agreements/<uuid:agreement_id>/self-billing")
@only(ADMIN, BUYER)
def renew_self_billing(agreement_id: UUID) -> Response:
    """Offer the terms that count with new ones of self-billing."""
    refusal = refusal_to(lambda connection: renewing.renew(connection, agreement_id, clock()))
    if refusal is not None:
        return _page(agreement_id, refusal)
    return led_to(url_for("web.agreement", agreement_id=agreement_id, done="renewed"))


@pages.post("/agreements/<uuid:agreement_id>/end")
@only(ADMIN, *PARTIES)
def end_agreement(agreement_id: UUID) -> Response:
    """End it for what is submitted from now on."""

    def work(connection: Connection) -> None:
        now = clock()
        agreement_reading.head(connection, agreement_id, person().principal)
        agreements.end(connection, agreement_id, now, now=now)

    refusal = refusal_to(work)
    if refusal is not None:
        return _page(agreement_id, refusal)
    return led_to(url_for("web.agreement", agreement_id=agreement_id, done="ended"))


def _whole(name: str) -> int:
    text = request.values.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _published(connection: Connection, view: AgreementView) -> list[Version]:
    return definition_reading.versions(connection, view.head["definition_id"], clock(), drafts=False)


def _offers(view: AgreementView, versions: list[Version]) -> list[tuple[int, int]]:
    party = person().principal.party
    if party is None or view.head["ended_from"] is not None:
        return []
    standing = [each.number for each in versions if each.state is VersionState.PUBLISHED]
    return agreement_reading.offers(view, standing, party)


def _page(agreement_id: UUID, refused: Refusal | None = None) -> Response:
    now, viewer = clock(), person()
    with reading(database().engine) as connection:
        view = agreement_reading.view(connection, agreement_id, viewer.principal, now)
        versions = _published(connection, view)
        self_billing = renewing.standing(connection, view, now)
        names = party_names(connection, (view.head["supplier"], view.head["buyer"]))
    offers = _offers(view, versions)
    version, number = _chosen(view, versions, offers)
    text = view.versions[version - 1]
    published = definition_reading.version(versions, number)
    definition, terms = parse_definition(published.document), parse_agreement(text.document)
    return show(
        "agreement",
        200 if refused is None else problem_of(refused).status,
        view=view,
        head=view.head,
        names=names,
        text=text,
        definition_version=published,
        definition=definition,
        clauses=paragraphs(definition, terms),
        changes=_changes(view, versions, (version, number)),
        offers=offers,
        is_open=(version, number) in offers,
        problem=problem_shown(refused),
        self_billing=self_billing,
        given=request.form if refused else {},
        done=request.args.get("done"),
        now=now,
        zone=viewer.time_zone,
    )


def _chosen(view: AgreementView, versions: list[Version], offers: list[tuple[int, int]]) -> tuple[int, int]:
    """The versions to show: what was asked for, else what waits for a yes, counts, or is newest. Raises `Unknown`."""
    asked = _whole("version"), _whole("definition_version")
    known = {(text.number, each.number) for text in view.versions for each in versions}
    if any(asked):
        if asked not in known:
            raise Unknown("there is no such version")
        return asked
    newest = max(known, default=None)
    found = offers[0] if offers else view.counts or newest
    if found is None:
        raise Unknown("its definition has no published version yet")
    return found


def _changes(view: AgreementView, versions: list[Version], shown: tuple[int, int]) -> list[dict[str, Any]]:
    """What the text that is shown changes against the one that counts."""
    if view.counts is None or view.counts == shown:
        return []
    documents = {text.number: text.document for text in view.versions}
    pairs = (
        (definition_reading.version(versions, view.counts[1]).document,
         definition_reading.version(versions, shown[1]).document),
        (documents[view.counts[0]], documents[shown[0]]),
    )  # fmt: skip
    found = [change for before, after in pairs for change in diff(before, after)]
    return [{"clause": c.clause, "sentence": c.sentence} for c in found if c.clause != "effective_from"]
