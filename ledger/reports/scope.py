"""What a report looks at and how it is divided: whose rows, which months, and by what.

Owns the dimensions, the months as instants of each definition's zone, and the conditions that every query of a report
shares. An appointment counts in the month of its slot's start, a submission in its own, a day of activity in the day's.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, false, or_, select, true

from ledger.domain.calendar import Period
from ledger.store import tables as t

DIMENSIONS: Final = ("supplier", "buyer", "definition", "source", "channel", "month")
COLUMNS_OF: Final = {"supplier": "supplier_id", "buyer": "buyer_id", "source": "source", "channel": "channel"}
"""Of the dimensions that a row names itself, besides its definition."""
MOST_MONTHS: Final = 24

Key = tuple[Any, ...]
"""The value of each dimension (None: not divided by it, or unknown) and the currency."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Months, both included; what to divide by; and what to narrow to (None: everything)."""

    first: Period
    last: Period
    by: tuple[str, ...]
    supplier: str | None = None
    buyer: str | None = None
    definition: str | None = None
    source: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time of the definitions of one zone; `month` is None where months are not told apart."""

    zone: str
    month: str | None
    since: datetime
    until: datetime
    definitions: tuple[UUID, ...]


@dataclass(frozen=True)
class Scope:
    """A report's view of the books. `sees` gives the condition under which rows of a table are the asker's to see."""

    connection: Connection
    asked: Asked
    sees: Callable[[Table], ColumnElement[bool]]

    @cached_property
    def definitions(self) -> dict[UUID, Row[Any]]:
        """The definitions with an agreement that the asker sees: slug, newest published zone and currency."""
        version, newest = t.definition_version, t.definition_version.alias("newer")
        later = newest.c.definition_id == version.c.definition_id
        query = (
            select(
                t.definition.c.id,
                t.definition.c.slug,
                version.c.document["time_zone"].as_string().label("zone"),
                version.c.document["currency"].as_string().label("currency"),
            )
            .join(version, version.c.definition_id == t.definition.c.id)
            .where(
                version.c.published_at.is_not(None),
                ~select(newest.c.number)
                .where(later, newest.c.published_at.is_not(None), newest.c.number > version.c.number)
                .exists(),
                t.definition.c.id.in_(select(t.agreement.c.definition_id).where(self.sees(t.agreement))),
            )
        )
        if self.asked.definition is not None:
            query = query.where(t.definition.c.slug == self.asked.definition)
        return {row.id: row for row in self.connection.execute(query)}

    @cached_property
    def slugs(self) -> dict[UUID | None, str]:
        query = select(t.organisation.c.id, t.organisation.c.slug)
        return {row.id: row.slug for row in self.connection.execute(query)}

    @cached_property
    def agreements(self) -> list[UUID]:
        query = select(t.agreement.c.id).where(self.sees(t.agreement), self.narrowed(t.agreement))
        return list(self.connection.execute(query).scalars())

    def spans(self) -> Iterator[Span]:
        """Every stretch of time that is asked for, zone by zone."""
        zones: dict[str, list[UUID]] = {}
        for row in self.definitions.values():
            zones.setdefault(row.zone, []).append(row.id)
        for zone, found in sorted(zones.items()):
            if "month" not in self.asked.by:
                yield Span(zone, None, self.asked.first.start(zone), self.asked.last.end(zone), tuple(found))
                continue
            for month in self.months():
                yield Span(zone, str(month), month.start(zone), month.end(zone), tuple(found))

    def months(self) -> Iterator[Period]:
        month = self.asked.first
        while month <= self.asked.last:
            yield month
            month = month.next()

    def days(self) -> tuple[date, date]:
        """The days asked for, half-open."""
        return self.asked.first.first_day, self.asked.last.next().first_day

    def narrowed(self, table: Table) -> ColumnElement[bool]:
        """The filters, as far as the table has their columns."""
        conditions: list[ColumnElement[bool]] = [true()]
        for name, slug in (("supplier_id", self.asked.supplier), ("buyer_id", self.asked.buyer)):
            if slug is not None:
                conditions.append(table.c[name].in_(self._named(slug)))
        if self.asked.definition is not None:
            conditions.append(table.c.definition_id.in_(list(self.definitions)))
        for name in ("source", "channel"):
            value = getattr(self.asked, name)
            if value is not None and name in table.c:
                conditions.append(table.c[name] == value)
        return and_(*conditions)

    def within(self, table: Table, column: ColumnElement[datetime], span: Span) -> ColumnElement[bool]:
        """The asker's rows of a span, after the filters."""
        mine = and_(self.sees(table), self.narrowed(table), column >= span.since, column < span.until)
        if "agreement_id" in table.c:
            # By the agreements, so that the index of their slots finds them.
            mine = and_(mine, table.c.agreement_id.in_(self.agreements) if self.agreements else false())
        known = table.c.definition_id.in_(span.definitions)
        return and_(mine, or_(known, table.c.definition_id.is_(None)) if table.c.definition_id.nullable else known)

    @cached_property
    def place(self) -> tuple[str, ...]:
        """The columns that tell under which key a row counts."""
        divided = [column for name, column in COLUMNS_OF.items() if name in self.asked.by]
        return ("definition_id", *divided)

    def key(self, row: Mapping[Any, Any], month: str | None) -> Key:
        """What a row counts under; `row` has the columns of `place`."""
        definition = self.definitions.get(row["definition_id"])
        values = {
            "supplier": self.slugs.get(row.get("supplier_id")),
            "buyer": self.slugs.get(row.get("buyer_id")),
            "definition": None if definition is None else definition.slug,
            "source": row.get("source"),
            "channel": row.get("channel"),
            "month": month,
        }
        divided = tuple(values[name] if name in self.asked.by else None for name in DIMENSIONS)
        return (*divided, None if definition is None else definition.currency)

    def _named(self, slug: str) -> Any:
        return select(t.organisation.c.id).where(t.organisation.c.slug == slug)


def as_json(asked: Asked, key: Key) -> dict[str, Any]:
    """The dimensions that were asked for, and the currency."""
    return {name: value for name, value in zip(DIMENSIONS, key[:-1], strict=True) if name in asked.by} | {
        "currency": key[-1]
    }
