"""The money of a correction: what is left of each line of a document, and the accruals that give it back.

Owns the credit accruals of credits by hand and of voids, posted `accrued` to `cost`, under the agreements' locks. Never
gives back more than is left of a line, whoever gave back what before: disputes, finance or a void.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, func, select

from ledger.domain.calendar import Period
from ledger.domain.errors import Unknown
from ledger.domain.journal import AccrualKind, AccrualState, EntryKind
from ledger.domain.pricing import Told, part_of
from ledger.services.posting import Postings
from ledger.store import tables as t
from ledger.store.bulk import insert_rows
from ledger.store.types import new_id

accrual, line, document = t.accrual.c, t.document_line.c, t.document.c


@dataclass(frozen=True, slots=True)
class Charged:
    """A line of a document with its accrual's row; `left` is what nothing has given back yet, in minor units."""

    number: int
    accrual: Mapping[str, Any]
    left: int


@dataclass(frozen=True, slots=True)
class Given:
    """Accruals made one after the other in one unit of work, under locks that let nobody else make any."""

    first: UUID
    last: UUID

    def condition(self) -> ColumnElement[bool]:
        return accrual.id.between(self.first, self.last)


def original(connection: Connection, document_id: UUID) -> Any:
    """The document's row, locked so that corrections of it happen one after the other. Raises `Unknown`."""
    query = select(t.document).where(document.id == document_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise Unknown("there is no such document")
    return row


def agreements_of(connection: Connection, document_id: UUID) -> list[UUID]:
    query = select(accrual.agreement_id).join_from(t.document_line, t.accrual, accrual.id == line.accrual_id)
    return list(connection.execute(query.where(line.document_id == document_id).distinct()).scalars())


def charged_lines(connection: Connection, document_id: UUID) -> dict[int, Charged]:
    """The document's lines by number."""
    back = t.accrual.alias("back")
    given = (
        select(back.c.corrects_accrual_id, cast(func.sum(back.c.amount), BigInteger).label("given"))
        .where(back.c.corrects_accrual_id.in_(select(line.accrual_id).where(line.document_id == document_id)))
        .group_by(back.c.corrects_accrual_id)
        .subquery()
    )
    query = (
        select(line.number, func.coalesce(given.c.given, 0).label("given"), *t.accrual.c)
        .join_from(t.document_line, t.accrual, accrual.id == line.accrual_id)
        .outerjoin(given, given.c.corrects_accrual_id == accrual.id)
        .where(line.document_id == document_id)
        .order_by(line.number)
    )
    found: dict[int, Charged] = {}
    for row in connection.execute(query).mappings():
        own = {column.name: row[column.name] for column in t.accrual.c}
        found[row["number"]] = Charged(row["number"], own, row["amount"] + row["given"])
    return found


def give_back(
    connection: Connection,
    postings: Postings,
    gifts: Iterable[tuple[Charged, int]],
    zones: Mapping[UUID, str],
    now: datetime,
) -> Given:
    """Makes the credit accruals; `zones` are the definitions' by agreement."""
    rows = []
    for charged, amount in gifts:
        assert 0 < amount <= charged.left, "never beyond what is left of a line"
        changed = {"kind": AccrualKind.CREDIT.value, "amount": -amount, "corrects_accrual_id": charged.accrual["id"]}
        rows.append(_new(charged.accrual, zones, now, **changed))
    return _post(connection, postings, EntryKind.REDUCTION, rows)


def charge_again(
    connection: Connection,
    postings: Postings,
    charges: Iterable[tuple[Charged, int]],
    zones: Mapping[UUID, str],
    now: datetime,
) -> Given:
    """Makes the accruals of a re-issue: what was given back by a void becomes owed once more."""
    rows = [
        _new(charged.accrual, zones, now, kind=AccrualKind.REISSUED.value, amount=amount, corrects_accrual_id=None)
        for charged, amount in charges
    ]
    return _post(connection, postings, EntryKind.ACCRUAL, rows)


def _new(row: Mapping[str, Any], zones: Mapping[UUID, str], now: datetime, **changed: Any) -> dict[str, Any]:
    return {
        **row,
        **part_of(Told.of(row), abs(changed["amount"])).columns(),
        "id": new_id(),
        "state": AccrualState.OPEN.value,
        "effective_at": now,
        "recorded_at": now,
        "month": Period.of(now, zones[row["agreement_id"]]).number,
        **changed,
    }


def _post(connection: Connection, postings: Postings, kind: EntryKind, rows: list[dict[str, Any]]) -> Given:
    insert_rows(connection, t.accrual, rows)
    for row in rows:
        postings.post(
            kind,
            (row["supplier_id"], row["buyer_id"], row["currency"]),
            (abs(row["amount"]),),
            source_id=row["id"],
            effective_at=row["effective_at"],
            recorded_at=row["recorded_at"],
            appointment_id=row["appointment_id"],
        )
    return Given(rows[0]["id"], rows[-1]["id"])
