"""Which terms count: resolving definitions and agreements, and the version of each that counts at an instant.

A definition version counts for a supplier from the later of its `effective_from` and his acceptance (publishing
is the buyer's); an agreement version from the later of its `effective_from` and the second acceptance. What an
appointment pinned never changes, so parsed versions are kept in memory.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, and_, select

from ledger.domain.agreement import parse_agreement
from ledger.domain.definition import parse_definition
from ledger.domain.errors import Refused
from ledger.domain.terms import Agreement, Definition
from ledger.store import tables as t


@dataclass(frozen=True, slots=True)
class Pinned:
    """The definition version and the agreement version of an appointment, parsed."""

    buyer_id: UUID
    supplier_id: UUID
    definition_id: UUID
    definition_version: int
    definition_hash: str
    definition: Definition
    agreement_id: UUID
    agreement_version: int
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Timeline:
    """When each version of an agreement and of its definition begins to count, for one supplier."""

    agreement_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    definition_id: UUID
    slug: str
    buyer: str
    buyer_country: str | None
    ended_from: datetime | None
    agreements: tuple[tuple[datetime, int], ...]
    definitions: tuple[tuple[datetime, int], ...]

    def versions_at(self, at: datetime) -> tuple[int, int] | None:
        """The (agreement, definition) versions that count at `at`; None where either has none."""
        agreement = newest(self.agreements, at)
        definition = newest(self.definitions, at)
        return None if agreement is None or definition is None else (agreement, definition)


def newest(versions: Iterable[tuple[datetime, int]], at: datetime) -> int | None:
    """The number that began to count last, not after `at`."""
    counting = [version for version in versions if version[0] <= at]
    return max(counting)[1] if counting else None


def _timeline_query() -> Select[Any]:
    agreement, accepted, version, published = (
        t.agreement.c,
        t.acceptance.c,
        t.agreement_version.c,
        t.definition_version.c,
    )
    return (
        select(
            agreement.id,
            agreement.buyer_id,
            agreement.supplier_id,
            agreement.definition_id,
            agreement.ended_from,
            t.definition.c.slug,
            t.organisation.c.slug.label("buyer"),
            t.organisation.c.address.label("buyer_address"),
            accepted.party,
            accepted.accepted_at,
            accepted.agreement_version,
            accepted.definition_version,
            version.effective_from.label("agreement_from"),
            published.effective_from.label("definition_from"),
        )
        .select_from(t.agreement)
        .join(t.definition, t.definition.c.id == agreement.definition_id)
        .join(t.organisation, t.organisation.c.id == agreement.buyer_id)
        .outerjoin(t.acceptance, accepted.agreement_id == agreement.id)
        .outerjoin(
            t.agreement_version,
            and_(version.agreement_id == accepted.agreement_id, version.number == accepted.agreement_version),
        )
        .outerjoin(
            t.definition_version,
            and_(published.definition_id == agreement.definition_id, published.number == accepted.definition_version),
        )
    )


def _timelines(rows: Iterable[Row[Any]]) -> list[Timeline]:
    grouped: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        grouped.setdefault(row.id, []).append(row)
    return [_timeline(group) for group in grouped.values()]


def _timeline(rows: list[Row[Any]]) -> Timeline:
    first = rows[0]
    accepted: dict[int, dict[str, datetime]] = {}
    effective: dict[int, datetime] = {}
    definitions: dict[int, datetime] = {}
    for row in rows:
        if row.party is None:
            continue
        sides = accepted.setdefault(row.agreement_version, {})
        sides[row.party] = min(row.accepted_at, sides.get(row.party, row.accepted_at))
        effective[row.agreement_version] = row.agreement_from
        if row.party == "supplier" and row.definition_from is not None:
            counts = max(row.definition_from, row.accepted_at)
            definitions[row.definition_version] = min(counts, definitions.get(row.definition_version, counts))
    agreements = tuple(
        (max(effective[number], *sides.values()), number) for number, sides in accepted.items() if len(sides) == 2
    )
    return Timeline(
        first.id,
        first.buyer_id,
        first.supplier_id,
        first.definition_id,
        first.slug,
        first.buyer,
        (first.buyer_address or {}).get("country"),
        first.ended_from,
        agreements,
        tuple((counts, number) for number, counts in definitions.items()),
    )


def timeline_for(connection: Connection, supplier_id: UUID, definition: str) -> Timeline:
    """The supplier's agreement for `slug` or `buyer:slug`. Raises `Refused` where there is none or several."""
    buyer, _, slug = definition.rpartition(":")
    query = _timeline_query().where(
        t.agreement.c.supplier_id == supplier_id,
        t.definition.c.slug == slug,
    )
    if buyer:
        query = query.where(t.organisation.c.slug == buyer)
    found = _timelines(connection.execute(query))
    if not found:
        raise Refused.by("definition", "unknown_definition", f"you have no agreement on a definition {definition!r}")
    if len(found) > 1:
        buyers = ", ".join(sorted(f"{timeline.buyer}:{slug}" for timeline in found))
        raise Refused.by("definition", "ambiguous_definition", f"{slug!r} could be any of {buyers}")
    return found[0]


def timelines(connection: Connection, agreement_ids: Iterable[UUID] | None = None) -> dict[UUID, Timeline]:
    """The timelines of these agreements, or of all."""
    query = _timeline_query()
    if agreement_ids is not None:
        query = query.where(t.agreement.c.id.in_(list(agreement_ids)))
    return {timeline.agreement_id: timeline for timeline in _timelines(connection.execute(query))}


@dataclass(frozen=True, slots=True)
class InForce:
    """The newest accepted version of an agreement: what billing takes mode, tax and payment terms from."""

    agreement_id: UUID
    version: int
    buyer_id: UUID
    supplier_id: UUID
    definition_id: UUID
    slug: str
    agreement: Agreement
    definition_version: int
    definition: Definition


def in_force(connection: Connection, at: datetime) -> dict[UUID, InForce]:
    """Every agreement that has an accepted version at `at`, by its id."""
    found: dict[UUID, InForce] = {}
    for timeline in timelines(connection).values():
        versions = timeline.versions_at(at)
        if versions is not None:
            pinned = pin(connection, timeline, *versions)
            found[timeline.agreement_id] = InForce(
                timeline.agreement_id,
                versions[0],
                timeline.buyer_id,
                timeline.supplier_id,
                timeline.definition_id,
                timeline.slug,
                pinned.agreement,
                versions[1],
                pinned.definition,
            )
    return found


def counting(connection: Connection, timeline: Timeline, at: datetime) -> Pinned:
    """What a submission at `at` pins. Raises `Refused` where nothing is accepted or the agreement has ended."""
    if timeline.ended_from is not None and at >= timeline.ended_from:
        raise Refused.by("agreement", "agreement_ended", "the agreement has ended")
    versions = timeline.versions_at(at)
    if versions is None:
        raise Refused.by("agreement", "agreement_not_accepted", "both sides must accept the agreement first")
    return pin(connection, timeline, *versions)


def pin(connection: Connection, timeline: Timeline, agreement_version: int, definition_version: int) -> Pinned:
    return pinned(connection, timeline.agreement_id, agreement_version, timeline.definition_id, definition_version)


_PINNED: dict[tuple[UUID, int, UUID, int], Pinned] = {}
"""Published versions are immutable, so a parsed one is good for as long as the process lives."""
_PINNED_LIMIT = 20_000


def pinned(
    connection: Connection, agreement_id: UUID, agreement_version: int, definition_id: UUID, definition_version: int
) -> Pinned:
    """The parsed terms of these versions, which must exist."""
    key = (agreement_id, agreement_version, definition_id, definition_version)
    found = _PINNED.get(key)
    if found is None:
        if len(_PINNED) >= _PINNED_LIMIT:
            _PINNED.clear()
        found = _PINNED[key] = _load(connection, *key)
    return found


def _load(
    connection: Connection, agreement_id: UUID, agreement_version: int, definition_id: UUID, definition_version: int
) -> Pinned:
    agreement = connection.execute(
        select(t.agreement_version.c.buyer_id, t.agreement_version.c.supplier_id, t.agreement_version.c.document).where(
            t.agreement_version.c.agreement_id == agreement_id,
            t.agreement_version.c.number == agreement_version,
        )
    ).one()
    definition_hash, definition = _definition(connection, definition_id, definition_version)
    return Pinned(
        agreement.buyer_id,
        agreement.supplier_id,
        definition_id,
        definition_version,
        definition_hash,
        definition,
        agreement_id,
        agreement_version,
        parse_agreement(agreement.document),
    )


_DEFINITIONS: dict[tuple[UUID, int], tuple[str, Definition]] = {}


def _definition(connection: Connection, definition_id: UUID, number: int) -> tuple[str, Definition]:
    key = (definition_id, number)
    found = _DEFINITIONS.get(key)
    if found is None:
        if len(_DEFINITIONS) >= _PINNED_LIMIT:
            _DEFINITIONS.clear()
        row = connection.execute(
            select(t.definition_version.c.hash, t.definition_version.c.document).where(
                t.definition_version.c.definition_id == definition_id,
                t.definition_version.c.number == number,
                t.definition_version.c.published_at.is_not(None),
            )
        ).one()
        found = _DEFINITIONS[key] = (str(row.hash), parse_definition(row.document))
    return found
