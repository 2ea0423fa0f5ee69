"""Issued documents as the contract shows them: a page of many, and one with its parties and where it stands.

Read-only. The frozen content is the document; what happened to it later (rendering) stands in rows of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, or_, select, true

from ledger.domain import settlement
from ledger.domain.calendar import Period
from ledger.domain.settlement import DocumentState, Position, Sums
from ledger.reports import settlement as standing
from ledger.store import tables as t


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None means everything. A state is one at an instant, `now`."""

    period: Period | None = None
    supplier: str | None = None
    buyer: str | None = None
    kind: str | None = None
    state: str | None = None
    now: datetime | None = None
    q: str | None = None

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
            assert self.now is not None, "a state is one at an instant"
            conditions.append(standing.state(self.now) == self.state)
        if self.q is not None:
            conditions.append(document.number.icontains(self.q, autoescape=True))
        return and_(*conditions)


STATES = tuple(state.value for state in DocumentState)

SUPPLIER = t.organisation.alias("supplier")
BUYER = t.organisation.alias("buyer")


def documents(now: datetime) -> Select[Any]:
    """Documents with both parties' slugs, their state and how far the rendering is; without their content."""
    document = t.document.c
    columns = [column for column in document if column.name not in ("content", "hash")]
    return (
        select(
            *columns,
            SUPPLIER.c.slug.label("supplier"),
            BUYER.c.slug.label("buyer"),
            t.rendering.c.state.label("rendering"),
            standing.claimed().label("claimed"),
            standing.credited().label("credited"),
            standing.paid().label("paid"),
            standing.state(now).label("state"),
        )
        .join_from(t.document, SUPPLIER, SUPPLIER.c.id == document.supplier_id)
        .join(BUYER, BUYER.c.id == document.buyer_id)
        .outerjoin(t.rendering, t.rendering.c.document_id == document.id)
    )


def one(connection: Connection, document_id: UUID, sees: ColumnElement[bool], now: datetime) -> dict[str, Any] | None:
    """The whole document, or None where there is none to see. Its lines are read apart."""
    document = t.document.c
    query = documents(now).add_columns(document.content, document.hash).where(document.id == document_id, sees)
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
        **_afterwards(connection, row, content["time_zone"], now),
    }


def _afterwards(connection: Connection, row: RowMapping, zone: str, now: datetime) -> dict[str, Any]:
    """What became of the document: how the supplier stands to it, what was credited and paid, when it is due now."""
    said = standing.responses(connection, [row["id"]]).get(row["id"], [])
    credited_at = standing.credited_at(connection, [row["id"]]).get(row["id"], [])
    state = settlement.acceptance(row["accept_by"], said, credited_at, now)
    waiting = [] if state is not settlement.Acceptance.OPEN else [{"kind": "acceptance", "at": row["accept_by"]}]
    sums = Sums(row["claimed"], row["credited"], row["paid"])
    response, own, payment = t.document_response.c, t.supplier_document.c, t.payment.c
    responses = select(response.position, response.message, response.recorded_at).where(
        response.document_id == row["id"]
    )
    recorded = select(own.number, own.issued_on, own.net, own.tax, own.prepaid, own.recorded_at)
    found = connection.execute(recorded.where(own.document_id == row["id"])).mappings().one_or_none()
    payments = select(
        payment.id,
        payment.kind,
        payment.amount,
        payment.paid_on,
        payment.reference,
        payment.returns_id.label("returns"),
    ).where(payment.document_id == row["id"])
    void = t.document_void.c
    voided = select(void.reason, void.recorded_at.label("at"))
    return {
        "deadlines": waiting,
        "acceptance": None
        if state is None
        else {
            "state": state,
            "accept_by": row["accept_by"],
            "responses": _rows(connection, responses.order_by(response.number)),
        },
        "settlement": {
            "claimed": sums.claimed,
            "credited": sums.credited,
            "paid": sums.paid,
            "open": sums.open,
            "due_on": settlement.due_on(row["due_on"], said, credited_at, zone),
        },
        "payments": _rows(connection, payments.order_by(payment.id)),
        "supplier_invoice": None if found is None else dict(found),
        "corrected_by": _numbers(connection, t.document.c.corrects_id == row["id"]),
        "replaces": row["replaces_id"],
        "replaced_by": next(iter(_numbers(connection, t.document.c.replaces_id == row["id"])), None),
        "voided": next(iter(_rows(connection, voided.where(void.document_id == row["id"]))), None),
    }


def _rows(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query).mappings()]


def _numbers(connection: Connection, condition: ColumnElement[bool]) -> list[dict[str, Any]]:
    document = t.document.c
    return _rows(connection, select(document.id, document.number, document.net).where(condition).order_by(document.id))


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
        "state": row["state"],
        "rendering": row["rendering"],
    }


def queried(connection: Connection, now: datetime, *, limit: int) -> list[dict[str, Any]]:
    """Documents that wait for an answer to their supplier's query, the longest first, each with what he says."""
    response = t.document_response.c
    asked = select(response.document_id).where(response.position == Position.QUERY.value)
    waits = and_(t.document.c.id.in_(asked), standing.state(now) == DocumentState.QUERIED.value)
    found = [dict(row) for row in connection.execute(documents(now).where(waits)).mappings()]
    ids = [row["id"] for row in found]
    query = select(response.document_id, response.message, response.recorded_at)
    said = connection.execute(query.where(response.document_id.in_(ids)).order_by(response.number))
    last = {row.document_id: {"message": row.message, "queried_at": row.recorded_at} for row in said}
    return sorted(({**row, **last[row["id"]]} for row in found), key=lambda row: row["queried_at"])[:limit]


def numbers(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """What these documents are called: id and number."""
    document = t.document.c
    query = select(document.id, document.number).where(document.id.in_(list(ids)))
    return {row["id"]: dict(row) for row in connection.execute(query).mappings()}


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
