"""Documents: a party's own, and the files of each.

Owns the list and the downloads. Finance sees every document, a party its own; another's is not there.
"""

from typing import Final
from uuid import UUID

from flask import Response, request

from api.databases import database
from api.web import files
from api.web.blueprint import pages, secured, show
from api.web.inbox import identity
from api.web.sessions import only, person
from ledger.reports import months as report
from ledger.services.access import BUYER, OPERATOR, PARTIES, SUPPLIER, visible
from ledger.store import tables as t
from ledger.store.engine import reading

PAGE: Final = 100


@pages.get("/documents")
@only(BUYER, SUPPLIER)
def documents() -> Response:
    """The party's own documents, newest first."""
    sees = visible(person().principal, t.document)
    with reading(database().engine) as connection:
        rows, following = report.documents(connection, sees, limit=PAGE, after=identity(request.args.get("after")))
    other = "buyer" if person().has(SUPPLIER) else "supplier"
    return show(
        "documents",
        rows=rows,
        following=following,
        other=other,
        is_first=not request.args.get("after"),
        totals=report.sums(rows),
    )


@pages.get("/documents/<uuid:document_id>.pdf")
@only(*PARTIES, *OPERATOR)
def document_pdf(document_id: UUID) -> Response:
    """The document on paper."""
    with reading(database().engine) as connection:
        row = files.seen(connection, document_id, visible(person().principal, t.document))
        return download(files.pdf(connection, row), f"{row['number']}.pdf", "application/pdf")


@pages.get("/documents/<uuid:document_id>.csv")
@only(*PARTIES, *OPERATOR)
def document_csv(document_id: UUID) -> Response:
    """The document's lines."""
    with reading(database().engine) as connection:
        row = files.seen(connection, document_id, visible(person().principal, t.document))
        return download(files.csv(connection, row), f"{row['number']}.csv", "text/csv; charset=utf-8")


def download(content: bytes, name: str, media_type: str) -> Response:
    """Bytes to be kept under a name."""
    response = Response(content, content_type=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return secured(response)
