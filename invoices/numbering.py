"""Gapless numbers: one series per buyer, supplier and kind of document, taken in the transaction that issues.

Owns the printed form and the prefix, which is fixed when the series begins and is the supplier's alone. A number that
was taken in a transaction which failed was never taken. Refuses nothing: the database refuses a number given twice.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, String, bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger.store import tables as t
from ledger.store.prepared import Prepared

MARKS: Final = {"invoice": "", "credit_note": "-CN", "statement": "-ST"}
"""What tells the kinds of one pair apart."""
DIGITS: Final = 6

series, organisation = t.number_series.c, t.organisation.c


@dataclass(frozen=True, slots=True)
class Series:
    """Whose numbers: the parties by id and slug, and the kind of document."""

    supplier_id: UUID
    buyer_id: UUID
    supplier: str
    buyer: str
    kind: str


@dataclass(frozen=True, slots=True)
class Number:
    """`sequence` counts from 1 within the series; `text` is what is printed."""

    sequence: int
    text: str


_NEXT: Final = Prepared(
    update(t.number_series)
    .where(
        series.buyer_id == bindparam("of_buyer"),
        series.supplier_id == bindparam("of_supplier"),
        series.kind == bindparam("of_kind"),
    )
    .values(last=series.last + 1)
    .returning(series.last, series.prefix)
)


def take_number(connection: Connection, of: Series) -> Number:
    """The next number of the series. Nobody else can take one from it until this transaction ends."""
    values = {"of_buyer": of.buyer_id, "of_supplier": of.supplier_id, "of_kind": of.kind}
    taken = _NEXT.first(connection, values) or _begin(connection, of)
    return Number(taken.last, printed(taken.prefix, taken.last))


def printed(prefix: str, sequence: int) -> str:
    return f"{prefix}-{sequence:0{DIGITS}d}"


def _begin(connection: Connection, of: Series) -> Any:
    """The first number; the next one where somebody else has begun the series meanwhile.

    The supplier's row is locked, so that two series of his do not choose the same prefix.
    """
    _LOCK.all(connection, {"supplier_id": of.supplier_id})
    first = {
        "buyer_id": of.buyer_id,
        "supplier_id": of.supplier_id,
        "kind": of.kind,
        "prefix": _free_prefix(connection, of),
        "last": 1,
    }
    return _BEGUN[connection.dialect.name].first(connection, first)


def _free_prefix(connection: Connection, of: Series) -> str:
    """Both slugs, short where that is clear, else whole, else with a counter: the first that the supplier has not."""
    slugs = {"supplier": of.supplier, "buyer": of.buyer}
    firsts = {kind: slug.partition("-")[0] for kind, slug in slugs.items()}
    sharing = _SHARING.all(connection, firsts)[0]
    short = "-".join(firsts[kind] if getattr(sharing, kind) == 1 else slugs[kind] for kind in slugs)
    taken = {row.prefix for row in _TAKEN.all(connection, {"supplier_id": of.supplier_id})}
    whole = f"{of.supplier}-{of.buyer}"
    candidates = (short, whole, *(f"{whole}-{turn}" for turn in range(2, len(taken) + 3)))
    marked = (f"{candidate.upper()}{MARKS[of.kind]}" for candidate in candidates)
    return next(prefix for prefix in marked if prefix not in taken)


_BEGUN: Final = {
    name: Prepared(
        dialect.insert(t.number_series)
        .on_conflict_do_update(index_elements=["buyer_id", "supplier_id", "kind"], set_={"last": series.last + 1})
        .returning(series.last, series.prefix)
    )
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
_LOCK: Final = Prepared(
    select(organisation.id).where(organisation.id == bindparam("supplier_id")).with_for_update(key_share=True)
)
_TAKEN: Final = Prepared(select(series.prefix).where(series.supplier_id == bindparam("supplier_id")))


def _sharing(kind: str) -> ColumnElement[int]:
    first = bindparam(kind, type_=String)
    begins = func.substr(organisation.slug, 1, func.length(first) + 1) == first.concat("-")
    query = select(func.count()).where(organisation.kind == kind, or_(organisation.slug == first, begins))
    return query.scalar_subquery().label(kind)


_SHARING: Final = Prepared(select(_sharing("supplier"), _sharing("buyer")))
"""How many organisations of each kind have a slug with this first word."""
