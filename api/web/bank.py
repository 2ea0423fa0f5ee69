"""Bank statements by page: a file taken in, what it paid, and what of it waits for a hand.

Owns the form for the file and those for each line that nothing matched with certainty: the document that it is about,
or why it is about none. What matches is `invoices.matching`'s to say; a file sent twice changes nothing.
"""

from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import Connection, RowMapping, select

from api.databases import database
from api.languages import gettext, marked
from api.problems import problem_of
from api.units import clock
from api.web.actors import names_of
from api.web.blueprint import led_to, pages, show
from api.web.inbox import identity
from api.web.mending import problem_shown
from api.web.sessions import only, person, takes_files
from invoices import bank_statements, matching, setting_aside
from ledger.domain.errors import Malformed, Refusal, Unknown
from ledger.reports import bank as lines
from ledger.services.access import FINANCE
from ledger.store import tables as t
from ledger.store.engine import reading, writing

PAGE: Final = 50
LATELY: Final = 20
LONGEST_REASON: Final = 500
COUNTS: Final = ("new", "known", "matched", "unmatched")
REASONS: Final = {
    "unknown_number": marked("It names no document."),
    "currency_differs": marked("The document it names is in another currency."),
    "nothing_to_return": marked("No payment of this amount could come back."),
    "ambiguous": marked("More than one document fits."),
    "amount_differs": marked("Another amount is open."),
}


@pages.get("/bank")
@only(FINANCE)
def bank() -> Response:
    """Statements to take in, lines that wait, lines that were matched."""
    return _page()


@pages.post("/bank")
@only(FINANCE)
@takes_files
def take_statement() -> Response:
    """Take a statement in, camt.053 or CSV."""
    sent = request.files.get("statement")
    try:
        if sent is None or not sent.filename:
            raise Malformed.at("statement", gettext("Choose the file that the bank gave you."))
        read = bank_statements.read(sent.stream.read())
        with writing(database().engine) as connection:
            taken = matching.take_in(connection, read, actor=person().principal.actor, now=clock())
    except Refusal as refusal:
        return _page(refusal, gettext("Nothing was taken in"))
    return led_to(url_for("web.bank", **asdict(taken)))


@pages.post("/bank/<uuid:line_id>")
@only(FINANCE)
def assign_line(line_id: UUID) -> Response:
    """Say by hand which document a line pays, or whose payment came back with it."""
    number = request.form.get("number", "").strip()
    try:
        with writing(database().engine) as connection:
            document_id = _numbered(connection, number)
            matching.assign(connection, line_id, document_id, actor=person().principal.actor, now=clock())
    except Unknown:
        raise
    except Refusal as refusal:
        return _page(refusal, gettext("The line was not assigned"), {line_id: number})
    return led_to(url_for("web.bank", done=number))


@pages.post("/bank/<uuid:line_id>/aside")
@only(FINANCE)
def set_line_aside(line_id: UUID) -> Response:
    """Say that a line concerns no document, and why."""
    reason = request.form.get("reason", "").strip()
    try:
        if not reason or len(reason) > LONGEST_REASON:
            raise Malformed.at("reason", gettext("Say why it concerns no document, in 500 characters at the most."))
        with writing(database().engine) as connection:
            setting_aside.set_aside(connection, line_id, reason, actor=person().principal.actor, now=clock())
    except Unknown:
        raise
    except Refusal as refusal:
        return _page(refusal, gettext("The line was not set aside"))
    return led_to(url_for("web.bank", turned="aside"))


@pages.post("/bank/<uuid:line_id>/back")
@only(FINANCE)
def take_line_back(line_id: UUID) -> Response:
    """Let a line that was set aside wait again."""
    try:
        with writing(database().engine) as connection:
            setting_aside.take_back(connection, line_id, actor=person().principal.actor, now=clock())
    except Unknown:
        raise
    except Refusal as refusal:
        return _page(refusal, gettext("The line was not taken back"))
    return led_to(url_for("web.bank", turned="back"))


def _numbered(connection: Connection, number: str) -> UUID:
    """The one document of this number. Raises `Malformed` where it is none or several: each supplier has his own."""
    document = t.document.c
    found = connection.execute(select(document.id).where(document.number == number)).scalars().all()
    if not found:
        raise Malformed.at("number", gettext("There is no document “%(number)s”.", number=number))
    if len(found) > 1:
        said = gettext("Several suppliers have a document “%(number)s”; record it on the page of yours.", number=number)
        raise Malformed.at("number", said)
    return UUID(str(found[0]))


def _page(refusal: Refusal | None = None, headline: str = "", given: dict[UUID, str] | None = None) -> Response:
    after = identity(request.args.get("after"))
    with reading(database().engine) as connection:
        waiting = lines.waiting(connection, limit=PAGE + 1, after=after)
        named = matching.named(connection, waiting[:PAGE])
        matched = lines.matched(connection, limit=LATELY)
        aside = lines.aside(connection, limit=PAGE)
        people = names_of(connection, {row.by for row in aside}, person().principal)
    return show(
        "bank",
        200 if refusal is None else problem_of(refusal).status,
        rows=[_shown(row, documents) for row, documents in zip(waiting, named, strict=False)],
        matched=matched,
        aside=aside,
        people=people,
        turned=request.args.get("turned"),
        following=waiting[PAGE - 1]["id"] if len(waiting) > PAGE else None,
        is_first=after is None,
        taken={name: request.args.get(name, 0, type=int) for name in COUNTS} if "new" in request.args else None,
        done=request.args.get("done"),
        refused=problem_shown(refusal),
        headline=headline,
        given=given or {},
    )


def _shown(row: RowMapping, documents: list[matching.Open]) -> dict[str, Any]:
    """A line with why it waits, and the documents that its reference names."""
    return {**row, "why": REASONS.get(row["unmatched"]), "documents": documents}
