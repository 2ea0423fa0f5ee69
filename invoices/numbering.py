"""Gapless numbers: one series per buyer, supplier and kind of document, taken in the transaction that issues.

Owns the printed form and the prefix, which is fixed when the series begins and is the supplier's alone. A number that
was taken in a transaction which failed was never taken. Refuses nothing: the database refuses a number given twice.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Select, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from ledger.store import tables as t

MARKS: Final = {"invoice": "", "credit_note": "-CN", "statement": "-ST"}
"""What tells the kinds of one pair apart."""
DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Number:
    """`sequence` counts from 1 within the series; `text` is what is printed."""

    sequence: int
    text: str


def take_number(connection: Connection, buyer_id: UUID, supplier_id: UUID, kind: str) -> Number:
    """The next number of the series. Nobody else can take one from it until this transaction ends."""
    series = t.number_series.c
    prefix = connection.execute(
        select(series.prefix).where(series.buyer_id == buyer_id, series.supplier_id == supplier_id, series.kind == kind)
    ).scalar_one_or_none()
    if prefix is None:
        prefix = _free_prefix(connection, buyer_id, supplier_id, kind)
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    taken = connection.execute(
        dialect.insert(t.number_series)
        .values(buyer_id=buyer_id, supplier_id=supplier_id, kind=kind, prefix=prefix, last=1)
        .on_conflict_do_update(
            index_elements=["buyer_id", "supplier_id", "kind"], set_={"last": t.number_series.c.last + 1}
        )
        .returning(series.last, series.prefix)
    ).one()
    return Number(taken.last, printed(taken.prefix, taken.last))


def printed(prefix: str, sequence: int) -> str:
    return f"{prefix}-{sequence:0{DIGITS}d}"


def _free_prefix(connection: Connection, buyer_id: UUID, supplier_id: UUID, kind: str) -> str:
    """The prefix of a series that begins now. The supplier's row is locked, so that two do not choose the same one."""
    lock = select(t.organisation.c.id).where(t.organisation.c.id == supplier_id).with_for_update(key_share=True)
    connection.execute(lock).all()
    supplier, buyer = _slug(connection, supplier_id), _slug(connection, buyer_id)
    short = f"{_shortened(connection, supplier, 'supplier')}-{_shortened(connection, buyer, 'buyer')}"
    whole = f"{supplier}-{buyer}"
    taken = set(
        connection.execute(
            select(t.number_series.c.prefix).where(t.number_series.c.supplier_id == supplier_id)
        ).scalars()
    )
    candidates = [short, whole, *(f"{whole}-{turn}" for turn in range(2, len(taken) + 3))]
    marked = (f"{candidate.upper()}{MARKS[kind]}" for candidate in candidates)
    return next(prefix for prefix in marked if prefix not in taken)


def _slug(connection: Connection, organisation_id: UUID) -> str:
    slug: str = connection.execute(
        select(t.organisation.c.slug).where(t.organisation.c.id == organisation_id)
    ).scalar_one()
    return slug


def _shortened(connection: Connection, slug: str, kind: str) -> str:
    """The first segment of a slug where no other organisation of that kind begins with it, else the whole slug."""
    first = slug.partition("-")[0]
    return first if connection.execute(_sharing(first, kind)).scalar_one() == 1 else slug


def _sharing(first: str, kind: str) -> Select[int]:
    slug = t.organisation.c.slug
    return select(func.count()).where(
        t.organisation.c.kind == kind, or_(slug == first, slug.startswith(f"{first}-", autoescape=True))
    )
