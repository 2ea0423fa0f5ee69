"""The lines of issued documents: taken from accruals in one statement, and read back in order.

Owns which accruals are billable and the way from a stored row to a `document.Line`. An accrual becomes a line once;
whatever is on a line already is never taken again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Insert,
    Integer,
    Row,
    Select,
    String,
    and_,
    bindparam,
    case,
    column,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.types import TypeEngine

from invoices.document import Line, LineKind
from ledger.domain.encoding import dumps
from ledger.domain.journal import AccrualKind, AccrualState
from ledger.domain.terms import Tax
from ledger.store import tables as t
from ledger.store.lookups import line_of_accrual

COPIED: Final = (
    "buyer_id",
    "supplier_id",
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
)
"""What a line repeats of its accrual, column by column."""
KINDS: Final[dict[str, LineKind]] = {
    AccrualKind.OUTCOME.value: "appointment",
    AccrualKind.RELEASED.value: "adjustment",
    AccrualKind.SHORTFALL.value: "shortfall",
    AccrualKind.REISSUED.value: "appointment",
    AccrualKind.CREDIT.value: "credit",
}
"""What an accrual's kind is called on paper."""
LABEL_SEPARATOR: Final = "\n"
"""Between the labels of the confirmed criteria in an accrual and a line; no label holds one."""
PORTION: Final = 5_000
"""How many rows of a long result are read at a time."""

accrual, line = t.accrual.c, t.document_line.c


@dataclass(frozen=True, slots=True)
class Charge:
    """An agreement to charge, and whose it is: the first instant that is too late, and the tax its lines bear."""

    supplier_id: UUID
    agreement_id: UUID
    cut: datetime
    tax: Tax


def unbilled() -> ColumnElement[bool]:
    """That no document has the accrual yet. Written as a look-up per row: no plan may read all lines ever issued."""
    taken = t.document_line.alias("taken")
    found: Select[Any] = select(literal_column("1")).where(line_of_accrual(taken)).correlate(t.accrual).limit(1)
    return found.scalar_subquery().is_(None)


def _newer() -> ColumnElement[bool]:
    """That the accrual is newer than all that the supplier has on documents, and so on none: known without a look."""
    latest = (
        select(line.accrual_id)
        .where(line.supplier_id == bindparam("supplier_id"))
        .order_by(line.accrual_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return accrual.id > func.coalesce(latest, literal(UUID(int=0), accrual.id.type))


def has_billable(connection: Connection, charges: Sequence[Charge]) -> bool:
    """Whether `take_charges` would find anything."""
    values, classes = _classes(charges)
    return bool(connection.execute(_has_billable(classes), values).scalar_one())


def take_charges(
    connection: Connection, document_id: UUID, charges: Sequence[Charge], *, between: tuple[UUID, UUID] | None = None
) -> None:
    """Makes every billable accrual a line, by effective time and order of submission.

    Billable is what is open, took effect in time and is on no line yet; `between` narrows it to a range of ids.
    """
    values, classes = _classes(charges)
    if between is not None:
        values |= {"first": between[0], "last": between[1]}
    values["document_id"] = document_id
    narrowed = between is not None
    if connection.dialect.name != "sqlite":
        connection.execute(_taking(classes, narrowed=narrowed), values)
        return
    places = connection.execute(_places(classes, narrowed=narrowed), values).scalars().all()
    if places:
        connection.execute(_taking_placed(classes), {**values, "places": dumps(places).decode()})


def _classes(charges: Sequence[Charge]) -> tuple[dict[str, Any], int]:
    """The parameters of `_billable` and `_taking` for charges of one supplier: those of one cut and tax are a class.

    And how many classes there are.
    """
    members: dict[tuple[datetime, Tax], list[UUID]] = {}
    for charge in charges:
        members.setdefault((charge.cut, charge.tax), []).append(charge.agreement_id)
    values: dict[str, Any] = {"supplier_id": charges[0].supplier_id}
    for place, ((cut, tax), agreement_ids) in enumerate(members.items()):
        values[f"agreements_{place}"] = agreement_ids
        values[f"cut_{place}"] = cut
        values[f"category_{place}"] = tax.category.value
        values[f"rate_{place}"] = tax.rate
    return values, len(members)


def _members(place: int) -> ColumnElement[bool]:
    return accrual.agreement_id.in_(bindparam(f"agreements_{place}", expanding=True))


def _billable(classes: int) -> ColumnElement[bool]:
    in_time = (and_(_members(place), accrual.effective_at < bindparam(f"cut_{place}")) for place in range(classes))
    return and_(or_(*in_time), accrual.state == AccrualState.OPEN, accrual.amount > 0, or_(_newer(), unbilled()))


@lru_cache(maxsize=64)
def _has_billable(classes: int) -> Select[Any]:
    return select(exists(select(literal_column("1")).where(_billable(classes))))


def _wanted(classes: int, *, narrowed: bool) -> ColumnElement[bool]:
    wanted = _billable(classes)
    return and_(wanted, accrual.id.between(bindparam("first"), bindparam("last"))) if narrowed else wanted


_ORDER: Final = (accrual.effective_at, accrual.appointment_id.nulls_last(), accrual.id)
_FILLED: Final = ("document_id", "number", "accrual_id", *COPIED, "amount", "tax_category", "tax_rate")


def _rows(number: ColumnElement[int], classes: int) -> Select[Any]:
    """Accruals as the columns `_FILLED` of lines."""

    def taxed(name: str, kind: TypeEngine[Any]) -> ColumnElement[Any]:
        values = [bindparam(f"{name}_{place}", type_=kind) for place in range(classes)]
        return values[0] if classes == 1 else case(*((_members(place), value) for place, value in enumerate(values)))

    return select(
        bindparam("document_id", type_=line.document_id.type),
        number,
        accrual.id,
        *(accrual[name] for name in COPIED),
        accrual.amount,
        taxed("category", String()),
        taxed("rate", Integer()),
    )


@lru_cache(maxsize=64)
def _taking(classes: int, *, narrowed: bool) -> Insert:
    numbered = _rows(func.row_number().over(order_by=_ORDER), classes)
    return insert(t.document_line).from_select(_FILLED, numbered.where(_wanted(classes, narrowed=narrowed)))


@lru_cache(maxsize=64)
def _places(classes: int, *, narrowed: bool) -> Select[Any]:
    """Where SQLite keeps the rows, in the order of their lines: it would copy all that it sorts three times."""
    return select(_PLACE).where(_wanted(classes, narrowed=narrowed)).order_by(*_ORDER)


@lru_cache(maxsize=64)
def _taking_placed(classes: int) -> Insert:
    """`places` is the JSON list of them; to number them here costs less than a window does there."""
    placed = func.json_each(bindparam("places", type_=String())).table_valued(
        column("key", Integer), column("value", Integer)
    )
    taken = _rows(placed.c.key + 1, classes).join_from(placed, t.accrual, placed.c.value == _PLACE)
    return insert(t.document_line).from_select(_FILLED, taken)


_PLACE: Final = literal_column("accrual.rowid", Integer)


def take_credits(connection: Connection, document_id: UUID, original_id: UUID, given: ColumnElement[bool]) -> None:
    """Makes these credit accruals of an original lines of a credit note, the newest corrected line first."""
    charged = t.document_line.alias("charged")
    order = func.row_number().over(order_by=(charged.c.number.desc(), accrual.effective_at, accrual.id))
    rows = (
        select(
            literal(document_id, accrual.id.type),
            order,
            accrual.id,
            *(accrual[name] for name in COPIED),
            -accrual.amount,
            charged.c.tax_category,
            charged.c.tax_rate,
            charged.c.document_id,
            charged.c.number,
        )
        .join_from(t.accrual, charged, corrected_line(charged))
        .where(charged.c.document_id == original_id, given, unbilled())
    )
    columns = ["document_id", "number", "accrual_id", *COPIED, "amount", "tax_category", "tax_rate"]
    corrected = ["corrects_document_id", "corrects_number"]
    connection.execute(insert(t.document_line).from_select(columns + corrected, rows))


def corrected_line(charged: FromClause) -> ColumnElement[bool]:
    """That a credit accrual gives back from this line."""
    return and_(charged.c.supplier_id == accrual.supplier_id, charged.c.accrual_id == accrual.corrects_accrual_id)


_READ: Final = (
    select(t.document_line).where(line.document_id == bindparam("document_id")).order_by(line.number)
).execution_options(yield_per=PORTION)


def read(connection: Connection, document_id: UUID) -> Iterator[Line]:
    """The lines as they are printed, in their order, a portion of rows at a time."""
    for row in connection.execute(_READ, {"document_id": document_id}):
        yield as_line(row)


def _kind(row: Row[Any]) -> LineKind:
    """A re-issued line is called what it was."""
    is_shortfall = row.kind == AccrualKind.REISSUED and row.appointment_id is None
    return "shortfall" if is_shortfall else KINDS[row.kind]


def as_line(row: Row[Any]) -> Line:
    return Line(
        number=row.number,
        kind=_kind(row),
        reference=row.reference,
        appointment_id=None if row.appointment_id is None else str(row.appointment_id),
        service_at=row.service_at,
        outcome=row.outcome,
        confirmed=tuple(label for label in row.confirmed.split(LABEL_SEPARATOR) if label),
        definition=row.definition,
        definition_version=row.definition_version,
        price=row.base + row.bonus,
        share=row.share,
        amount=row.amount,
        tax_category=row.tax_category,
        tax_rate=row.tax_rate,
        corrects_line=row.corrects_number,
    )
