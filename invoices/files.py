"""The files of documents as people download them: one PDF, its lines as CSV, a month in a ZIP."""

import io
import zipfile
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select

from invoices import lines, rendering
from invoices.document import Document
from invoices.lines_csv import lines_csv
from invoices.storage import Storage
from ledger.store import tables as t

pdf = rendering.pdf

EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every entry of an archive, so that the same documents give the same bytes."""


def csv(connection: Connection, document_id: UUID) -> bytes:
    """The document's lines."""
    content = connection.execute(select(t.document.c.content).where(t.document.c.id == document_id)).scalar_one()
    return lines_csv(Document.from_json(content), list(lines.read(connection, document_id)))


def archive(connection: Connection, storage: Storage, condition: ColumnElement[bool]) -> Iterator[bytes]:
    """A ZIP of the documents that satisfy the condition, PDF and CSV each, in pieces as they are made."""
    document = t.document.c
    wanted = connection.execute(select(document.id, document.number).where(condition).order_by(document.number)).all()
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as bundle:
        for row in wanted:
            for name, content in (
                (f"{row.number}.pdf", pdf(connection, storage, row.id)),
                (f"{row.number}.csv", csv(connection, row.id)),
            ):
                entry = zipfile.ZipInfo(name, EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                bundle.writestr(entry, content)
                yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Collects what the archive writes until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        self._length += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._length

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
