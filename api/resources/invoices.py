"""`/v1/invoices`: issued documents of every kind, their files, and a month's archive.

The operator's finance sees all, a party its own. A document never changes; what is not rendered yet is rendered on
the way out and not kept, since a GET writes nothing.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from flask import Response
from sqlalchemy import ColumnElement, Connection, RowMapping, select

from api import etags
from api.auth import ADMIN, ARBITER, FINANCE, PARTIES, SUPPLIER, visible
from api.endpoints import Resource
from api.schemas import billing as schemas
from api.schemas import payments as bodies
from api.units import Answer, Command, Query, settings
from invoices import acceptance, files, payments, voiding
from invoices.storage import storage_at
from ledger.domain.errors import Unknown, VersionMismatch
from ledger.reports import documents
from ledger.store import tables as t

blueprint = Resource("invoices", description="Issued documents: invoices, credit notes and statements.")

READERS = {ADMIN, ARBITER, FINANCE, *PARTIES}
LINES: Final = "lines"
MOST_WITH_LINES: Final = 20


@blueprint.listing("/invoices", roles=READERS, item=schemas.DocumentItem, arguments=schemas.DocumentFilters)
def list_invoices(query: Query) -> Answer:
    """List documents of every kind, newest first; with their lines, a page holds 20 at the most."""
    filters = {name: value for name, value in query.arguments.items() if name not in ("limit", "cursor", "expand")}
    condition = documents.Filters(**filters, now=query.now).condition()
    listed = documents.documents(query.now).where(visible(query.principal, t.document), condition)
    if LINES not in query.arguments["expand"]:
        return query.page(listed, [t.document.c.id], documents.as_json)

    def with_lines(row: RowMapping) -> dict[str, Any]:
        return {**documents.as_json(row), "lines": list(documents.lines(query.connection, row["id"]))}

    return query.page(listed, [t.document.c.id], with_lines, most=MOST_WITH_LINES)


@blueprint.query(
    "/invoices/<uuid:document_id>",
    roles=READERS,
    answers=schemas.Document,
    arguments=schemas.DocumentExpansion,
    versioned=True,
)
def show_invoice(query: Query, document_id: UUID) -> Answer:
    """Show one document with its lines, parties and files."""
    return _shown(query, document_id)


@blueprint.command(
    "/invoices/<uuid:document_id>/acceptance",
    roles={SUPPLIER},
    takes=bodies.AnswerBody,
    answers=schemas.Document,
)
def answer_invoice(command: Command, document_id: UUID) -> Answer:
    """Accept or query a self-billed document within its window, or withdraw the query. Silence is acceptance."""
    _expected(command, document_id)
    acceptance.respond(
        command.connection,
        document_id,
        visible(command.principal, t.document),
        command.body["position"],
        command.body["message"],
        actor=command.principal.actor,
        now=command.now,
    )
    return _shown(command, document_id)


@blueprint.command(
    "/invoices/<uuid:document_id>/payments",
    roles={FINANCE},
    takes=bodies.PaymentBody,
    answers=schemas.Document,
    status=201,
)
def record_payment(command: Command, document_id: UUID) -> Answer:
    """Record a payment: a part, the whole, or more, which stays as a credit of the pair."""
    _expected(command, document_id)
    payments.record(command.connection, document_id, **command.body, actor=command.principal.actor, now=command.now)
    return _shown(command, document_id)


@blueprint.command("/payments/<uuid:payment_id>/return", roles={FINANCE}, takes=bodies.ReturnBody, status=204)
def return_payment(command: Command, payment_id: UUID) -> Answer:
    """Record that a payment came back."""
    payments.give_back(command.connection, payment_id, **command.body, actor=command.principal.actor, now=command.now)
    return Answer()


@blueprint.command(
    "/invoices/<uuid:document_id>/supplier-invoice",
    roles={FINANCE},
    takes=bodies.SupplierInvoiceBody,
    answers=schemas.Document,
    status=201,
)
def record_supplier_invoice(command: Command, document_id: UUID) -> Answer:
    """Record the supplier's own invoice or credit note for a statement; from then on it is payable."""
    _expected(command, document_id)
    payments.record_supplier_document(
        command.connection, document_id, **command.body, actor=command.principal.actor, now=command.now
    )
    return _shown(command, document_id)


@blueprint.command("/invoices/<uuid:document_id>/void", roles={FINANCE}, takes=bodies.VoidBody, answers=bodies.Voided)
def void_invoice(command: Command, document_id: UUID) -> Answer:
    """Void a document: a credit note over all that is left, and a re-issue by the terms now. Again: the same two."""
    _expected(command, document_id)
    actor, reason = command.principal.actor, command.body["reason"]
    done = voiding.void(command.connection, document_id, reason=reason, actor=actor, now=command.now)
    known = documents.numbers(command.connection, (document_id, done.credit_note_id, done.reissue_id))
    return Answer(
        {
            "voided": known[document_id],
            "credit_note": known[done.credit_note_id],
            "reissue": known[done.reissue_id],
        }
    )


def _shown(unit: Query | Command, document_id: UUID) -> Answer:
    found = documents.one(unit.connection, document_id, visible(unit.principal, t.document), unit.now)
    if found is None:
        raise Unknown("there is no such document")
    return Answer({**found, "lines": list(documents.lines(unit.connection, document_id))}, version=_version(found))


def _expected(command: Command, document_id: UUID) -> None:
    """Raises `VersionMismatch` where `If-Match` names another version; else the document is held by the command."""
    expected = command.expected_version
    if expected is None:
        return
    sees = visible(command.principal, t.document)
    command.connection.execute(select(t.document.c.id).where(t.document.c.id == document_id, sees).with_for_update())
    found = documents.one(command.connection, document_id, sees, command.now)
    if found is not None and expected != _version(found):
        raise VersionMismatch("the document has changed since you read it")


def _version(shown: Mapping[str, Any]) -> int:
    """What became of the document, for it never changes itself."""
    answers = [] if shown["acceptance"] is None else shown["acceptance"]["responses"]
    is_recorded, is_replaced = shown["supplier_invoice"] is not None, shown["replaced_by"] is not None
    return etags.version_of(len(answers), len(shown["payments"]), len(shown["corrected_by"]), is_recorded, is_replaced)


@blueprint.query("/invoices/<uuid:document_id>/pdf", roles=READERS, media_type="application/pdf")
def download_pdf(query: Query, document_id: UUID) -> Response:
    """Download the document."""
    number = _number(query.connection, document_id, visible(query.principal, t.document))
    content = files.pdf(query.connection, storage_at(settings().documents_url), document_id)
    return _download(content, "application/pdf", f"{number}.pdf")


@blueprint.query(
    "/invoices/<uuid:document_id>/xml", roles=READERS, arguments=schemas.XmlQuery, media_type="application/xml"
)
def download_xml(query: Query, document_id: UUID) -> Response:
    """Download the e-invoice: EN 16931 as CII, the very bytes that the PDF carries, or as UBL."""
    number = _number(query.connection, document_id, visible(query.principal, t.document))
    syntax = query.arguments["format"]
    content = files.e_invoice(query.connection, storage_at(settings().documents_url), document_id, syntax=syntax)
    return _download(content, "application/xml", f"{number}{'' if syntax == files.CII else f'-{syntax}'}.xml")


@blueprint.query("/invoices/<uuid:document_id>/lines.csv", roles=READERS, media_type="text/csv")
def download_lines(query: Query, document_id: UUID) -> Response:
    """Download the lines as CSV."""
    number = _number(query.connection, document_id, visible(query.principal, t.document))
    return _download(files.csv(query.connection, document_id), "text/csv", f"{number}.csv")


@blueprint.query("/invoices/archive", roles=READERS, arguments=schemas.ArchiveQuery, media_type="application/zip")
def download_archive(query: Query) -> Response:
    """Download a whole month: every document's PDF, e-invoice and lines in a ZIP."""
    period = query.arguments["period"]
    condition = documents.Filters(period=period, supplier=query.arguments["supplier"]).condition()
    chunks: Iterator[bytes] = files.archive(
        query.connection, storage_at(settings().documents_url), visible(query.principal, t.document) & condition
    )
    return _download(b"".join(chunks), "application/zip", f"documents-{period}.zip")


def _number(connection: Connection, document_id: UUID, sees: ColumnElement[bool]) -> str:
    query = select(t.document.c.number).where(t.document.c.id == document_id, sees)
    number: str | None = connection.execute(query).scalar_one_or_none()
    if number is None:
        raise Unknown("there is no such document")
    return number


def _download(content: bytes, media_type: str, name: str) -> Response:
    response = Response(content, mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
