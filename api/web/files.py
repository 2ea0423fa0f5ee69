"""Files of documents for people: the PDF, the lines as CSV, a month of both as one archive.

Owns the way from an issued document to bytes. Refuses documents that the asker may not see: they are not there.
"""

import io
import zipfile
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from invoices import lines
from invoices.document import Document
from invoices.lines_csv import lines_csv
from invoices.render import render
from ledger.domain.errors import Unknown
from ledger.store import tables as t

DOS_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in an archive, so that the same month is the same bytes."""


def seen(connection: Connection, document_id: UUID, sees: ColumnElement[bool]) -> RowMapping:
    """The document's row. Raises `Unknown`."""
    found = connection.execute(select(t.document).where(t.document.c.id == document_id, sees)).mappings().one_or_none()
    if found is None:
        raise Unknown("there is no such document")
    return found


def pdf(connection: Connection, row: RowMapping) -> bytes:
    """The document on paper."""
    return render(Document.from_json(row["content"]), list(lines.read(connection, row["id"])))


def csv(connection: Connection, row: RowMapping) -> bytes:
    """The document's lines as a table."""
    return lines_csv(Document.from_json(row["content"]), list(lines.read(connection, row["id"])))


def archive(connection: Connection, rows: Iterable[RowMapping]) -> bytes:
    """Every document's PDF and CSV, named by number."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as file:
        for row in rows:
            for ending, content in (("pdf", pdf(connection, row)), ("csv", csv(connection, row))):
                file.writestr(zipfile.ZipInfo(f"{row['number']}.{ending}", DOS_EPOCH), content)
    return kept.getvalue()
