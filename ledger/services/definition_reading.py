"""Definitions as parties may read them: found by `slug` or `buyer:slug`, with their versions and derived states.

Owns who sees what: a buyer his own with the draft, a supplier those he has an agreement on, published versions
alone. Refuses a slug that could mean several. `superseded` is derived from the time and never stored.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, ScalarSelect, Select, and_, exists, func, select, true

from ledger.domain.definition import content_hash
from ledger.domain.errors import Malformed, Unknown, VersionMismatch
from ledger.services.access import SUPPLIER, Principal, visible
from ledger.store import tables as t

_VERSION = t.definition_version.c
_PUBLISHED = _VERSION.published_at.is_not(None)


class VersionState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Version:
    """One version. `hash`, `effective_from` and `published_at` are None for a draft."""

    number: int
    state: VersionState
    document: dict[str, Any]
    hash: str | None
    effective_from: datetime | None
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime


def readable(principal: Principal) -> ColumnElement[bool]:
    """The condition under which a definition is theirs to read; suppliers need something published to read."""
    if SUPPLIER not in principal.roles:
        return visible(principal, t.definition)
    agreed = exists().where(t.agreement.c.definition_id == t.definition.c.id, visible(principal, t.agreement))
    return and_(agreed, exists().where(_VERSION.definition_id == t.definition.c.id, _PUBLISHED))


def sees_drafts(principal: Principal) -> bool:
    return SUPPLIER not in principal.roles


def heads(principal: Principal, now: datetime) -> Select[Any]:
    """Every definition that the principal may read, with what a list shows of it.

    `version` is the newest published version in force, `draft` the number of the draft; both may be None.
    """
    visible_version = true() if sees_drafts(principal) else _PUBLISHED
    draft = _one(func.max(_VERSION.number), _VERSION.published_at.is_(None), visible_version)
    name = (
        select(_VERSION.document)
        .where(_VERSION.definition_id == t.definition.c.id, visible_version)
        .order_by(_PUBLISHED.desc(), _VERSION.number.desc())
        .limit(1)
        .correlate(t.definition)
        .scalar_subquery()
    )
    return (
        select(
            t.definition,
            t.organisation.c.slug.label("buyer"),
            name.label("document"),
            _one(func.max(_VERSION.number), _PUBLISHED, _VERSION.effective_from <= now).label("version"),
            draft.label("draft"),
        )
        .join(t.organisation, t.organisation.c.id == t.definition.c.buyer_id)
        .where(readable(principal))
    )


def find(
    connection: Connection, reference: str, principal: Principal, now: datetime, *, buyer: str | None = None
) -> RowMapping:
    """The definition that `slug` or `buyer:slug` names among those the principal may read, as `heads` has it.

    Raises `Unknown`, or `Malformed` (`ambiguous_definition`) naming every one it could be.
    """
    named, _, slug = reference.rpartition(":")
    query = heads(principal, now).where(t.definition.c.slug == slug)
    if named or buyer:
        query = query.where(t.organisation.c.slug == (named or buyer))
    found = connection.execute(query).mappings().all()
    if not found:
        raise Unknown
    if len(found) > 1:
        could_be = ", ".join(sorted(f"{row['buyer']}:{slug}" for row in found))
        raise Malformed((), f"{slug!r} could be any of {could_be}: name one of them", code="ambiguous_definition")
    return found[0]


def versions(connection: Connection, definition_id: UUID, now: datetime, *, drafts: bool) -> list[Version]:
    """Every version, oldest first; a version is superseded once a newer one counts."""
    query = select(t.definition_version).where(_VERSION.definition_id == definition_id).order_by(_VERSION.number)
    rows = connection.execute(query if drafts else query.where(_PUBLISHED)).all()
    counting = max((row.number for row in rows if row.published_at and row.effective_from <= now), default=0)
    return [
        Version(
            row.number,
            _state(row, counting),
            row.document,
            row.hash,
            row.effective_from,
            row.published_at,
            row.created_at,
            row.updated_at,
        )
        for row in rows
    ]


def version(found: Iterable[Version], number: int) -> Version:
    """The version of that number. Raises `Unknown`."""
    for candidate in found:
        if candidate.number == number:
            return candidate
    raise Unknown


def revision(found: Iterable[Version]) -> int:
    """A number that changes with every change of a version: what ETags compare, as the head has no counter."""
    said = "".join(f"{v.number} {v.hash or content_hash(v.document)}\n" for v in found)
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:8]) % 10**9


def check_revision(found: Iterable[Version], expected: int | None) -> None:
    """Raises `VersionMismatch` where something else was read than what is there."""
    if expected is not None and expected != revision(found):
        raise VersionMismatch


def _state(row: Any, counting: int) -> VersionState:
    if row.published_at is None:
        return VersionState.DRAFT
    return VersionState.SUPERSEDED if row.number < counting else VersionState.PUBLISHED


def _one(column: Any, *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    return (
        select(column)
        .where(_VERSION.definition_id == t.definition.c.id, *conditions)
        .correlate(t.definition)
        .scalar_subquery()
    )
