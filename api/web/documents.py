"""Documents: a party's own, and the files of each.

Owns the list and the downloads. Finance sees every document, a party its own; another's is not there.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

from flask import Response, request
from sqlalchemy import Connection, select

from api.databases import database
from api.handing_out import handed_out
from api.problems import problem_of
from api.units import clock, settings
from api.web import afterwards
from api.web.blueprint import pages, secured, show
from api.web.inbox import identity
from api.web.mending import problem_shown
from api.web.sessions import only, person
from invoices import files, remittance
from invoices.storage import Storage, storage_at
from ledger.domain.errors import Malformed, Refusal, Unknown
from ledger.reports import documents as issued
from ledger.reports import months as report
from ledger.services.access import BUYER, FINANCE, OPERATOR, PARTIES, SUPPLIER, visible
from ledger.store import tables as t
from ledger.store.engine import reading

PAGE: Final = 100
LINES: Final = 200
MOST_DIGITS: Final = 10


@pages.get("/documents")
@only(BUYER, SUPPLIER)
def documents() -> Response:
    """The party's own documents, newest first."""
    sees = visible(person().principal, t.document)
    with reading(database().engine) as connection:
        rows, following = report.documents(
            connection, sees, clock(), limit=PAGE, after=identity(request.args.get("after"))
        )
    other = "buyer" if person().has(SUPPLIER) else "supplier"
    return show(
        "documents",
        rows=rows,
        following=following,
        other=other,
        is_first=not request.args.get("after"),
        totals=report.sums(rows),
    )


@pages.get("/documents/<uuid:document_id>")
@only(*PARTIES, *OPERATOR)
def document(document_id: UUID) -> Response:
    """One document with its lines, each of which says why."""
    return page(document_id)


def page(
    document_id: UUID, *, refusal: Refusal | None = None, headline: str = "", given: Mapping[str, str] | None = None
) -> Response:
    """A document's page; with what refused a form that was sent from it."""
    after, now = line_number(request.args.get("after")), clock()
    with reading(database().engine) as connection:
        found = issued.one(connection, document_id, visible(person().principal, t.document), now)
        if found is None:
            raise Unknown("there is no such document")
        lines = list(issued.lines(connection, document_id, after=after, limit=LINES + 1))
        forms = afterwards.forms(connection, found, now)
    following = lines[LINES - 1]["number"] if len(lines) > LINES else None
    return show(
        "document",
        200 if refusal is None else problem_of(refusal).status,
        d=found,
        refused=problem_shown(refusal),
        headline=headline,
        given=given or {},
        **forms,
        lines=lines[:LINES],
        following=following,
        is_first=not after,
        zone=person().time_zone,
    )


def line_number(text: str | None) -> int:
    """Where a page of lines goes on. Raises `Malformed` for what no page of ours links to."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < MOST_DIGITS):
        raise Malformed.at("after", "no page goes on there")
    return int(text)


@pages.get("/documents/<uuid:document_id>.pdf")
@only(*PARTIES, *OPERATOR)
def document_pdf(document_id: UUID) -> Response:
    """The document on paper."""
    return _on_paper(document_id, framed=False)


@pages.get("/documents/<uuid:document_id>/preview")
@only(*PARTIES, *OPERATOR)
def document_preview(document_id: UUID) -> Response:
    """The document on paper, to be looked at inside its page."""
    return _on_paper(document_id, framed=True)


def _on_paper(document_id: UUID, *, framed: bool) -> Response:
    with reading(database().engine) as connection:
        number = _number(connection, document_id)
        content = files.pdf(connection, storage(), document_id)
    return download(content, f"{number}.pdf", "application/pdf", framed=framed)


@pages.get("/remittances/<supplier>/<buyer>/<currency>/<paid_on>.pdf")
@only(*PARTIES, FINANCE)
def remittance_pdf(supplier: str, buyer: str, currency: str, paid_on: str) -> Response:
    """What the supplier was paid on that day, on paper."""
    try:
        day = date.fromisoformat(paid_on)
    except ValueError:
        raise Unknown("there is no such day") from None
    with reading(database().engine) as connection:
        found = remittance.find(connection, supplier, buyer, currency, day, visible(person().principal, t.payment))
    if found is None:
        raise Unknown("nothing was paid so on that day")
    return download(remittance.render(found), f"remittance-{supplier}-{day}.pdf", "application/pdf")


@pages.get("/documents/<uuid:document_id>.xml")
@only(*PARTIES, *OPERATOR)
def document_xml(document_id: UUID) -> Response:
    """The e-invoice."""
    with reading(database().engine) as connection:
        number = _number(connection, document_id)
        content = files.e_invoice(connection, storage(), document_id)
    return download(content, f"{number}.xml", "application/xml")


@pages.get("/documents/<uuid:document_id>.csv")
@only(*PARTIES, *OPERATOR)
def document_csv(document_id: UUID) -> Response:
    """The document's lines."""
    with reading(database().engine) as connection:
        number = _number(connection, document_id)
        content = files.csv(connection, document_id)
    return download(content, f"{number}.csv", "text/csv; charset=utf-8")


def _number(connection: Connection, document_id: UUID) -> str:
    """The document's number. Raises `Unknown` for one that is not this person's to see."""
    sees = visible(person().principal, t.document)
    query = select(t.document.c.number).where(t.document.c.id == document_id, sees)
    number = connection.execute(query).scalar_one_or_none()
    if number is None:
        raise Unknown("there is no such document")
    return str(number)


def storage() -> Storage:
    """Where rendered documents are kept."""
    return storage_at(settings().documents_url)


def download(content: bytes, name: str, media_type: str, *, framed: bool = False) -> Response:
    """Bytes to be kept under a name, or looked at inside a page; that they were handed out is on record."""
    response = Response(content, content_type=media_type)
    response.headers.set("Content-Disposition", "inline" if framed else "attachment", filename=name)
    return secured(handed_out(response, person().principal, clock()), framed=framed)
