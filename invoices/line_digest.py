"""The digest of a document's lines: what its hash covers of them, the same on both engines.

Owns the one text of a line: the columns `HASHED` with a tab between them and a line feed after, identifiers as 32
hexadecimal digits, instants as RFC 3339 in UTC with microseconds, `\\N` for nothing, and in what people wrote a
backslash before control characters and itself (PostgreSQL's COPY text format). The database writes it.
"""

import hashlib
import select
from collections.abc import Iterable, Iterator
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from ledger.domain.errors import Unavailable

IDENTIFIERS: Final = frozenset({"accrual_id", "appointment_id", "corrects_document_id"})
INSTANTS: Final = frozenset({"service_at", "effective_at"})
WRITTEN: Final = frozenset({"reference", "confirmed"})
"""What people wrote; every other text is one of the product's own words."""
OPTIONAL: Final = frozenset(
    {"appointment_id", "reference", "service_at", "outcome", "corrects_document_id", "corrects_number"}
)
HASHED: Final = (
    "number",
    "accrual_id",
    "appointment_id",
    "kind",
    "reference",
    "service_at",
    "effective_at",
    "outcome",
    "confirmed",
    "definition",
    "definition_version",
    "base",
    "bonus",
    "share",
    "amount",
    "tax_category",
    "tax_rate",
    "corrects_document_id",
    "corrects_number",
)
"""Every column but the document's id and its parties, which the frozen content holds."""


def lines_digest(connection: Connection, document_id: UUID) -> str:
    """`sha256:` and the digest over the lines of the document in their order."""
    driver = connection.connection.driver_connection
    assert driver is not None, "a connection in a transaction has its driver's"
    written = _by_sqlite if connection.dialect.name == "sqlite" else _by_postgresql
    hashed = hashlib.sha256()
    for text in written(driver, document_id):
        hashed.update(text)
    return f"sha256:{hashed.hexdigest()}"


def _by_sqlite(driver: Any, document_id: UUID) -> Iterator[bytes]:
    for (text,) in driver.execute(SQLITE, (document_id.hex,)):
        yield text.encode()


def _by_postgresql(driver: Any, document_id: UUID) -> Iterator[bytes | memoryview]:
    """The rows as they arrive. The driver's own way to read a COPY takes longer than all the rest of issuing."""
    server = driver.pgconn
    if server.transaction_status == 0:
        driver.execute("SELECT 1")  # begins the transaction that the caller believes to be in
    server.send_query(POSTGRESQL.format(document_id=document_id).encode())
    _answered(server)
    while True:
        size, data = server.get_copy_data(1)
        if size > 0:
            yield data
        elif size == 0:
            _wait(server)
        else:
            break
    _answered(server)


def _answered(server: Any) -> None:
    """Takes the answer to what was sent; raises where it is an error."""
    while True:
        while server.is_busy():
            _wait(server)
        answer = server.get_result()
        if answer is None:
            return
        if answer.error_message:
            raise Unavailable("the lines could not be read; nothing was done", code="database_unavailable")
        if answer.status == COPYING:
            return


def _wait(server: Any) -> None:
    select.select([server.socket], [], [])
    server.consume_input()


COPYING: Final = 3
"""libpq's PGRES_COPY_OUT."""


def _sqlite_texts(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        text = name
        if name in WRITTEN:
            for found, shown in CONTROLS:
                text = f"replace({text}, {found}, '{shown}')"
        yield f"coalesce({text}, '\\N')" if name in OPTIONAL else text


CONTROLS: Final = (
    ("'\\'", "\\\\"),
    ("char(8)", "\\b"),
    ("char(9)", "\\t"),
    ("char(10)", "\\n"),
    ("char(11)", "\\v"),
    ("char(12)", "\\f"),
    ("char(13)", "\\r"),
)
"""What COPY writes otherwise than it is, the backslash first."""


def _postgresql_texts(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if name in IDENTIFIERS:
            yield f"encode(uuid_send({name}), 'hex')"
        elif name in INSTANTS:
            yield f"to_char(timezone('UTC', {name}), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')"
        else:
            yield name


# Names of columns, formats of this module and, for the last, an identifier: nothing that a stranger could write.
_SHAPE: Final = "\t".join("%s" for _ in HASHED) + "\n"
SQLITE: Final = (
    f"SELECT format('{_SHAPE}', {', '.join(_sqlite_texts(HASHED))}) "  # noqa: S608
    "FROM document_line WHERE document_id = ? ORDER BY number"
)
POSTGRESQL: Final = (
    f"COPY (SELECT {', '.join(_postgresql_texts(HASHED))} "  # noqa: S608
    "FROM document_line WHERE document_id = '{document_id}' ORDER BY number) TO STDOUT"
)
