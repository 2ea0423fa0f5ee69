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

from sqlalchemy import BigInteger, Connection, Integer, bindparam, cast, func, select

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
    query = _query(connection)
    identity = document_id.hex if query is SQLITE else document_id
    hashed = hashlib.sha256()
    read, above, count, net = 0, 0, PORTION, 0
    taxes: set[tuple[str, int]] = set()
    while count == PORTION:
        row = connection.exec_driver_sql(query, (identity, above, above + PORTION)).one()
        text, count, amount, first_category, last_category, lowest_rate, highest_rate = row
        if count:
            hashed.update(text.encode())
            hashed.update(b"\n")
            taxes |= {(first_category, lowest_rate), (last_category, highest_rate)}
            net += int(amount)
        read, above = read + count, above + PORTION
    nets = dict.fromkeys(taxes, net) if len(taxes) <= 1 else _nets(connection, document_id)
    return Written(f"sha256:{hashed.hexdigest()}", read, nets)


def _query(connection: Connection) -> str:
    """The one for the database: the lines above one number and up to another, as text, and their sums."""
    dialect = connection.dialect
    if dialect.name == "sqlite":
        return SQLITE
    return POSTGRESQL if (getattr(dialect, "server_version_info", None) or ()) >= _SCALARS else POSTGRESQL_16


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


def _sqlite_texts() -> Iterator[tuple[str, str]]:
    """The format of each column, and what it formats: numbers as such, which spares making them texts before."""
    for name in HASHED:
        column = t.document_line.c[name]
        if name in WRITTEN:
            yield "%s", f"json_quote({name})"
        elif name in INSTANTS:
            yield "%.10s%s", f"{name}, {_SQLITE_CLOCK.format(name)}"
        else:
            yield "%d" if isinstance(column.type, Integer) and not column.nullable else "%s", name


_SQLITE_CLOCK: Final = (
    "' ' || CASE substr({0}, 20, 7) WHEN '.000000' THEN substr({0}, 12, 8) ELSE rtrim(substr({0}, 12, 15), '0') END"
)
"""Of `2026-10-01T06:00:12.960000+00:00` what comes after the date; nothing of nothing."""


def _postgresql_texts(json: str) -> Iterator[str]:
    """An interval of nothing is UTC without its name being looked up for each line."""
    for name in HASHED:
        text = f"{name}"
        if name in IDENTIFIERS:
            text = f"encode(uuid_send({name}), 'hex')"
        elif name in INSTANTS:
            text = f"timezone(interval '0', {name})"
        elif name in WRITTEN:
            text = f"{json}({name})"
        nothing = "null" if name in WRITTEN else ""
        yield f"coalesce({text}::text, '{nothing}')" if t.document_line.c[name].nullable else text


# Nothing but names of columns and formats of this module goes into the statements.
_SUMS: Final = "count(*), sum(amount), min(tax_category), max(tax_category), min(tax_rate), max(tax_rate)"
_TAB: Final = "\t"
_FORMATS, _FORMATTED = zip(*_sqlite_texts(), strict=True)
SQLITE: Final = (
    f"SELECT group_concat(text, char(10)), {_SUMS} FROM ("  # noqa: S608 - names of this module
    f"SELECT format('{_TAB.join(_FORMATS)}', {', '.join(_FORMATTED)}) AS text, amount, tax_category, tax_rate "
    "FROM document_line WHERE document_id = ? AND number > ? AND number <= ? ORDER BY number)"
)


def _postgresql(json: str) -> str:
    line = f"concat_ws(E'\\t', {', '.join(_postgresql_texts(json))})"
    return (
        f"SELECT string_agg({line}, E'\\n' ORDER BY number), {_SUMS} "  # noqa: S608
        "FROM document_line WHERE document_id = %s AND number > %s AND number <= %s"
    )


_SCALARS: Final = (17,)
"""The PostgreSQL that has JSON_SCALAR: the text of `to_json`, but what to do with the type is found out once."""
POSTGRESQL: Final = _postgresql("json_scalar")
POSTGRESQL_16: Final = _postgresql("to_json")
"""For those before."""
