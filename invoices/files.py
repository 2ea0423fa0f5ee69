"""The files of documents as people download them: PDF, e-invoice, lines as CSV, a month in a ZIP.

Refuses an e-invoice of a document that has none, with the reason.
"""

import io
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select

from invoices import rendering, ubl
from invoices.en16931 import NoEInvoice
from invoices.lines_csv import lines_csv
from invoices.storage import Storage
from ledger.domain.errors import Unknown
from ledger.store import tables as t

pdf = rendering.pdf

CII, UBL = "cii", "ubl"
SYNTAXES: Final = (CII, UBL)

EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every entry of an archive, so that the same documents give the same bytes."""


def csv(connection: Connection, document_id: UUID) -> bytes:
    """The document's lines."""
    return lines_csv(*rendering.document_and_lines(connection, document_id))


def e_invoice(connection: Connection, storage: Storage, document_id: UUID, *, syntax: str = CII) -> bytes:
    """The document for machines: as CII (what its PDF carries) or UBL. Raises `Unknown` where there is none."""
    try:
        if syntax == UBL:
            return ubl.xml(*rendering.document_and_lines(connection, document_id))
        return rendering.xml(connection, storage, document_id)
    except NoEInvoice as reason:
        raise Unknown(f"this document has no e-invoice: {reason}", code="no_e_invoice") from None


def archive(connection: Connection, storage: Storage, condition: ColumnElement[bool]) -> Iterator[bytes]:
    """A ZIP of the documents that satisfy the condition, PDF, XML and CSV each, in pieces as they are made."""
    document = t.document.c
    wanted = connection.execute(select(document.id, document.number).where(condition).order_by(document.number)).all()
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as bundle:
        for row in wanted:
            for ending, content in _every_file(connection, storage, row.id):
                entry = zipfile.ZipInfo(f"{row.number}.{ending}", EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                bundle.writestr(entry, content)
                yield sink.taken()
    yield sink.taken()


def _every_file(connection: Connection, storage: Storage, document_id: UUID) -> Iterator[tuple[str, bytes]]:
    yield "pdf", pdf(connection, storage, document_id)
    with suppress(NoEInvoice):
        yield "xml", rendering.xml(connection, storage, document_id)
    yield "csv", csv(connection, document_id)


class _Sink(io.RawIOBase):
    """Collects what the archive writes until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # zipfile writes any buffer
        self._pieces.append(piece)
        self._length += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._length

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
