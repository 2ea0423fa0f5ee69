"""The digest of a document's lines: what its hash covers of them, the same on both engines.

Owns reading back what was just written, with its sums, and the one text of a line: the columns `HASHED` with a tab
between them and a line feed after, identifiers as 32 hexadecimal digits, instants in UTC as `2026-10-01 06:00:12.96`
(no zeros at the end of a second), what people wrote as JSON strings, nothing where there is nothing. The database
writes it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, Connection, bindparam, cast, func, select

from ledger.store import tables as t

PORTION: Final = 5_000
"""Lines whose text is in memory at a time."""
IDENTIFIERS: Final = frozenset({"accrual_id", "appointment_id", "corrects_document_id"})
INSTANTS: Final = frozenset({"service_at", "effective_at"})
WRITTEN: Final = frozenset({"reference", "confirmed"})
"""What people wrote; every other text is one of the product's own words."""
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


@dataclass(frozen=True, slots=True)
class Written:
    """The lines of a document: `sha256:` and their digest, how many, and the net per tax category and rate."""

    digest: str
    count: int
    nets: dict[tuple[str, int], int]


def lines_digest(connection: Connection, document_id: UUID) -> str:
    """`sha256:` and the digest over the lines of the document in their order."""
    return written(connection, document_id).digest


def written(connection: Connection, document_id: UUID) -> Written:
    """The lines as they stand in the table; nets in minor units."""
    on_sqlite = connection.dialect.name == "sqlite"
    query, identity = (SQLITE, document_id.hex) if on_sqlite else (POSTGRESQL, document_id)
    hashed = hashlib.sha256()
    read, above, count, net = 0, 0, PORTION, 0
    taxes: set[tuple[str, int]] = set()
    while count == PORTION:
        row = connection.exec_driver_sql(query, (identity, above, above + PORTION)).one()
        text, count, amount, first_category, last_category, lowest_rate, highest_rate = row
        if count:
            hashed.update(text.encode())
            taxes |= {(first_category, lowest_rate), (last_category, highest_rate)}
            net += int(amount)
        read, above = read + count, above + PORTION
    nets = dict.fromkeys(taxes, net) if len(taxes) <= 1 else _nets(connection, document_id)
    return Written(f"sha256:{hashed.hexdigest()}", read, nets)


def _nets(connection: Connection, document_id: UUID) -> dict[tuple[str, int], int]:
    """For the document that bears more than one tax."""
    return {(row[0], row[1]): row[2] for row in connection.execute(_BY_TAX, {"document_id": document_id})}


_BY_TAX: Final = (
    select(
        t.document_line.c.tax_category,
        t.document_line.c.tax_rate,
        cast(func.sum(t.document_line.c.amount), BigInteger),
    )
    .where(t.document_line.c.document_id == bindparam("document_id"))
    .group_by(t.document_line.c.tax_category, t.document_line.c.tax_rate)
)


def _sqlite_texts() -> Iterator[str]:
    for name in HASHED:
        if name in WRITTEN:
            yield f"json_quote({name})"
        elif name in INSTANTS:
            yield f"rtrim(rtrim(replace(substr({name}, 1, {len('2026-10-01T06:00:12.960000')}), 'T', ' '), '0'), '.')"
        else:
            yield name


def _postgresql_texts() -> Iterator[str]:
    for name in HASHED:
        text = f"{name}"
        if name in IDENTIFIERS:
            text = f"encode(uuid_send({name}), 'hex')"
        elif name in INSTANTS:
            text = f"timezone('UTC', {name})"
        elif name in WRITTEN:
            text = f"to_json({name})"
        nothing = "null" if name in WRITTEN else ""
        yield f"coalesce({text}::text, '{nothing}')" if t.document_line.c[name].nullable else text


# Nothing but names of columns and formats of this module goes into the statements.
_SUMS: Final = "count(*), sum(amount), min(tax_category), max(tax_category), min(tax_rate), max(tax_rate)"
_SHAPE: Final = "\t".join("%s" for _ in HASHED) + "\n"
SQLITE: Final = (
    f"SELECT group_concat(text, ''), {_SUMS} FROM ("  # noqa: S608 - names of this module
    f"SELECT format('{_SHAPE}', {', '.join(_sqlite_texts())}) AS text, amount, tax_category, tax_rate "
    "FROM document_line WHERE document_id = ? AND number > ? AND number <= ? ORDER BY number)"
)
POSTGRESQL: Final = (
    f"SELECT string_agg(concat_ws(E'\\t', {', '.join(_postgresql_texts())}) || E'\\n', '' ORDER BY number), {_SUMS} "  # noqa: S608
    "FROM document_line WHERE document_id = %s AND number > %s AND number <= %s"
)
