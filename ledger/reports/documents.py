"""Issued documents as the contract shows them: a page of many, and one with its parties and where it stands.

Read-only. The frozen content is the document; what happened to it later (rendering) stands in rows of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, exists, or_, select, true

from ledger.domain.calendar import Period
from ledger.store import tables as t


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None means everything."""

    period: Period | None = None
    supplier: str | None = None
    buyer: str | None = None
    kind: str | None = None
    state: str | None = None

    def condition(self) -> ColumnElement[bool]:
        document = t.document.c
        conditions: list[ColumnElement[bool]] = [true()]
        if self.period is not None:
            number = self.period.number
            conditions.append(
                or_(document.run_period == number, and_(document.run_period.is_(None), document.period == number))
            )
        for slug, column in ((self.supplier, document.supplier_id), (self.buyer, document.buyer_id)):
            if slug is not None:
                organisation = t.organisation.c
                conditions.append(column == select(organisation.id).where(organisation.slug == slug).scalar_subquery())
        if self.kind is not None:
            conditions.append(document.kind == self.kind)
        if self.state is not None:
            conditions.append(_is_credited() if self.state == CREDITED else ~_is_credited())
        return and_(*conditions)


ISSUED, CREDITED = "issued", "credited"
STATES = (ISSUED, CREDITED)
"""A document is `credited` as soon as a credit note refers to it."""


def _is_credited() -> ColumnElement[bool]:
    note = t.document.alias("note")
    return exists().where(note.c.corrects_id == t.document.c.id)


SUPPLIER = t.organisation.alias("supplier")
BUYER = t.organisation.alias("buyer")


def documents() -> Select[Any]:
    """Documents with both parties' slugs, their state and how far the rendering is; without their content."""
    document = t.document.c
    columns = [column for column in document if column.name not in ("content", "hash")]
    return (
        select(
            *columns,
            SUPPLIER.c.slug.label("supplier"),
            BUYER.c.slug.label("buyer"),
            t.rendering.c.state.label("rendering"),
            _is_credited().label("is_credited"),
        )
        .join_from(t.document, SUPPLIER, SUPPLIER.c.id == document.supplier_id)
        .join(BUYER, BUYER.c.id == document.buyer_id)
        .outerjoin(t.rendering, t.rendering.c.document_id == document.id)
    )


def one(connection: Connection, document_id: UUID, sees: ColumnElement[bool]) -> dict[str, Any] | None:
    """The whole document, or None where there is none to see. Its lines are read apart."""
    document = t.document.c
    query = documents().add_columns(document.content, document.hash).where(document.id == document_id, sees)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    series = t.number_series.c
    prefix = connection.execute(
        select(series.prefix).where(
            series.supplier_id == row["supplier_id"], series.buyer_id == row["buyer_id"], series.kind == row["kind"]
        )
    ).scalar_one()
    content = row["content"]
    return {
        **as_json(row),
        "number_series": {"prefix": prefix, "sequence": row["sequence"]},
        "parties": {"supplier": content["supplier"], "buyer": content["buyer"]},
        "taxes": content["taxes"],
        "words": content["words"],
        "chain_head": content["chain_head"],
        "line_count": row["line_count"],
        "hash": row["hash"],
        "files": files(connection, document_id),
    }


def as_json(row: RowMapping) -> dict[str, Any]:
    """A row of `documents` in the shape of the contract."""
    return {
        "id": row["id"],
        "number": row["number"],
        "kind": row["kind"],
        "mode": row["mode"],
        "period": str(Period.from_number(row["run_period"] or row["period"])),
        "supplier": row["supplier"],
        "buyer": row["buyer"],
        "currency": row["currency"],
        "totals": {name: row[name] for name in ("net", "tax", "gross", "prepaid", "due")},
        "corrects": row["corrects_id"],
        "issued_at": row["issued_at"],
        "due_on": row["due_on"],
        "state": CREDITED if row["is_credited"] else ISSUED,
        "rendering": row["rendering"],
    }


def files(connection: Connection, document_id: UUID) -> list[dict[str, Any]]:
    """What is kept of it in the document store."""
    file = t.document_file.c
    query = (
        select(file.kind, file.size, file.sha256, file.stored_at)
        .where(file.document_id == document_id)
        .order_by(file.kind)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def lines(
    connection: Connection, document_id: UUID, *, after: int = 0, limit: int | None = None
) -> Iterable[dict[str, Any]]:
    """The lines of a document in order; all of them, or up to `limit` behind the number `after`."""
    line = t.document_line.c
    query = select(t.document_line).where(line.document_id == document_id, line.number > after)
    for row in connection.execute(query.order_by(line.number).limit(limit)):
        yield {
            "number": row.number,
            "kind": row.kind,
            "appointment": row.appointment_id,
            "reference": row.reference,
            "service_at": row.service_at,
            "effective_at": row.effective_at,
            "outcome": row.outcome,
            "confirmed": row.confirmed.split("\n") if row.confirmed else [],
            "definition": {"slug": row.definition, "version": row.definition_version},
            "price": row.base + row.bonus,
            "share": row.share,
            "amount": row.amount,
            "tax": {"category": row.tax_category, "rate": row.tax_rate},
            "corrects_line": row.corrects_number,
        }
