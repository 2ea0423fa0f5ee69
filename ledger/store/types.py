"""Column types and conventions that every table shares.

Owns `Instant` (aware UTC in, aware UTC out, on both engines), identifiers, the naming of constraints and the
CHECK that a column holds one of an enum's values. Refuses naive datetimes.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Dialect, String, TypeDecorator
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel
from uuid6 import uuid7

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(TypeDecorator[datetime]):
    """A point in time: `timestamptz` on PostgreSQL, fixed-width sortable RFC 3339 text on SQLite."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(32))
        return dialect.type_descriptor(DateTime(timezone=True))

    # Processors rather than `process_bind_param` and its like: one call for each of an import's millions of instants.
    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        return _text if dialect.name == "sqlite" else in_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        return _from_text if dialect.name == "sqlite" else in_utc


def in_utc(value: datetime | None) -> datetime | None:
    """The same instant in UTC. Raises ValueError for one without an offset."""
    if value is None or value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError("an instant without an offset")
    return value.astimezone(UTC)


@lru_cache(maxsize=16_384)
def _text(value: datetime | None) -> str | None:
    """The sortable text; the same instants come again and again, as a batch's recording time does in every row."""
    instant = in_utc(value)
    return None if instant is None else instant.isoformat(timespec="microseconds")


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def new_id() -> UUID:
    """A UUIDv7: sortable by the time it was made, unguessable in its random part."""
    return uuid7()


def one_of(column: str, values: Iterable[str] | type[StrEnum], *, name: str | None = None) -> CheckConstraint:
    """A CHECK that the column holds one of the values (NULL passes)."""
    listed = ", ".join(f"'{value!s}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name or column)
