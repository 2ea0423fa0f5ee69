"""The digest of a document's lines: what its hash covers of them, the same on both engines.

Owns the one text of a line: PostgreSQL's COPY text format of the columns `HASHED` (tab between them, line feed after,
`\\N` for nothing, backslashes before control characters), instants in UTC without an offset. PostgreSQL writes it
itself; for SQLite it is written here. Refuses nothing.
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

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
_INSTANTS: Final = ("service_at", "effective_at")
_ESCAPES: Final = str.maketrans(
    {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
)
_NOTHING: Final = "\\N"


def lines_digest(connection: Connection, document_id: UUID) -> str:
    """`sha256:` and the digest over the lines of the document in their order."""
    texts = (
        _written(connection, document_id) if connection.dialect.name == "sqlite" else _copied(connection, document_id)
    )
    hashed = hashlib.sha256()
    for text in texts:
        hashed.update(text)
    return f"sha256:{hashed.hexdigest()}"


def _copied(connection: Connection, document_id: UUID) -> Iterator[bytes | memoryview]:
    driver = connection.connection.driver_connection
    assert driver is not None, "a connection in a transaction has its driver's"
    with driver.cursor() as cursor, cursor.copy(_COPY, (document_id,)) as copy:
        yield from copy


_COPY: Final = (
    "COPY (SELECT "  # noqa: S608 - names of columns
    + ", ".join(f"timezone('UTC', {name})" if name in _INSTANTS else name for name in HASHED)
    + " FROM document_line WHERE document_id = %s ORDER BY document_line.number) TO STDOUT"
)


def _written(connection: Connection, document_id: UUID) -> Iterator[bytes]:
    driver = connection.connection.driver_connection
    assert driver is not None, "a connection in a transaction has its driver's"
    for row in driver.execute(_SELECT, (document_id.hex,)):
        yield _text(row)


_SELECT: Final = f"SELECT {', '.join(HASHED)} FROM document_line WHERE document_id = ? ORDER BY number"  # noqa: S608 - same


def _text(row: tuple[Any, ...]) -> bytes:
    """One raw row of SQLite as PostgreSQL would copy it."""
    number, accrual_id, appointment_id, kind, reference, service_at, effective_at, outcome, confirmed, definition = row[
        :10
    ]
    version, base, bonus, share, amount, category, rate, corrects_id, corrects_number = row[10:]
    return (
        f"{number}\t{_uuid(accrual_id)}\t{_uuid(appointment_id)}\t{_known(kind)}\t{_own(reference)}\t"
        f"{_instant(service_at)}\t{_instant(effective_at)}\t{_known(outcome)}\t{_known(confirmed)}\t"
        f"{_known(definition)}\t{version}\t{base}\t{bonus}\t{share}\t{amount}\t{category}\t{rate}\t"
        f"{_uuid(corrects_id)}\t{_NOTHING if corrects_number is None else corrects_number}\n"
    ).encode()


@lru_cache(maxsize=1024)
def _known(text: str | None) -> str:
    """Text that many lines share."""
    return _NOTHING if text is None else text.translate(_ESCAPES)


def _own(text: str | None) -> str:
    if text is None:
        return _NOTHING
    return text if text.isprintable() and "\\" not in text else text.translate(_ESCAPES)


def _uuid(digits: str | None) -> str:
    if digits is None:
        return _NOTHING
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _instant(text: str | None) -> str:
    """`2026-10-01T06:00:12.960000+00:00` as `2026-10-01 06:00:12.96`."""
    return _NOTHING if text is None else f"{text[:10]} {text[11:26].rstrip('0').rstrip('.')}"
