"""Which terms count: resolving definitions and agreements, and the version of each that counts at an instant.

A definition version counts for a supplier from the later of its `effective_from` and his acceptance (publishing
is the buyer's); an agreement version from the later of its `effective_from` and the second acceptance (rulebook,
section 1). Newer versions go before older ones, whenever those were accepted. What an appointment pinned never
changes, so parsed versions are kept in memory.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, and_, bindparam, select

from ledger.domain.agreement import parse_agreement
from ledger.domain.calendar import format_instant
from ledger.domain.definition import parse_definition
from ledger.domain.errors import Refused
from ledger.domain.terms import Agreement, Definition
from ledger.services.access import PARTIES, SUPPLIER
from ledger.store import tables as t
from ledger.store.prepared import Prepared


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
    supplier: str
    buyer_country: str | None
    ended_from: datetime | None
    pairs: tuple[tuple[datetime, int, int], ...]
    """(counts from, agreement version, definition version), the newest versions first."""

    def versions_at(self, at: datetime) -> tuple[int, int] | None:
        """The (agreement, definition) versions that count at `at`; None where none do yet."""
        return next(((agreement, definition) for since, agreement, definition in self.pairs if since <= at), None)

    def has_ended(self, at: datetime) -> bool:
        return self.ended_from is not None and at >= self.ended_from


_SUPPLIER = t.organisation.alias("supplier")


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
            _SUPPLIER.c.slug.label("supplier"),
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
        .join(_SUPPLIER, _SUPPLIER.c.id == agreement.supplier_id)
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
    return Timeline(
        first.id,
        first.buyer_id,
        first.supplier_id,
        first.definition_id,
        first.slug,
        first.buyer,
        first.supplier,
        (first.buyer_address or {}).get("country"),
        first.ended_from,
        _pairs([row for row in rows if row.party is not None]),
    )


def _pairs(acceptances: list[Row[Any]]) -> tuple[tuple[datetime, int, int], ...]:
    """What counts from when. A definition version that the supplier accepted goes on under newer agreement versions,
    never under older ones, and not at all if the buyer never accepted the agreement version it was accepted with."""
    sides: dict[int, dict[str, datetime]] = {}
    for row in acceptances:
        said = sides.setdefault(row.agreement_version, {})
        said[row.party] = min(row.accepted_at, said.get(row.party, row.accepted_at))
    agreed = {number: max(said.values()) for number, said in sides.items() if len(said) == len(PARTIES)}
    taken: dict[int, datetime] = {}
    pairs: list[tuple[datetime, int, int]] = []
    for number in sorted(agreed):
        with_it = [row for row in acceptances if row.agreement_version == number]
        for row in with_it:
            if row.party == SUPPLIER:
                counts = max(row.definition_from, row.accepted_at, agreed[number])
                taken[row.definition_version] = min(counts, taken.get(row.definition_version, counts))
        since = max(with_it[0].agreement_from, agreed[number])
        pairs += [(max(since, counts), number, definition) for definition, counts in taken.items()]
    return tuple(sorted(pairs, key=lambda pair: pair[1:], reverse=True))


_THEIRS = _timeline_query().where(
    t.agreement.c.supplier_id == bindparam("supplier_id"), t.definition.c.slug == bindparam("definition")
)
_OF_SUPPLIER = Prepared(_THEIRS)
_OF_SUPPLIER_AND_BUYER = Prepared(_THEIRS.where(t.organisation.c.slug == bindparam("buyer_slug")))


def timeline_for(connection: Connection, supplier_id: UUID, definition: str) -> Timeline:
    """The supplier's agreement for `slug` or `buyer:slug`. Raises `Refused` where there is none or several."""
    buyer, _, slug = definition.rpartition(":")
    named = {"supplier_id": supplier_id, "definition": slug}
    if buyer:
        found = _timelines(_OF_SUPPLIER_AND_BUYER.all(connection, {**named, "buyer_slug": buyer}))
    else:
        found = _timelines(_OF_SUPPLIER.all(connection, named))
    if not found:
        raise Refused.by("definition", "unknown_definition", f"you have no agreement on a definition {definition!r}")
    if len(found) > 1:
        buyers = ", ".join(sorted(f"{timeline.buyer}:{slug}" for timeline in found))
        raise Refused.by("definition", "ambiguous_definition", f"{slug!r} could be any of {buyers}")
    return found[0]


def timelines(connection: Connection, agreement_ids: Iterable[UUID] | None = None) -> dict[UUID, Timeline]:
    """The timelines of these agreements, or of all."""
    query = _timeline_query()
    if agreement_ids is None:
        found = _timelines(connection.execute(query))
    else:
        wanted = list(agreement_ids)
        found = []
        for start in range(0, len(wanted), _IN_CHUNKS):
            some = wanted[start : start + _IN_CHUNKS]
            found += _timelines(connection.execute(query.where(t.agreement.c.id.in_(some))))
    return {timeline.agreement_id: timeline for timeline in found}


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


def in_force(connection: Connection, at: datetime, agreement_ids: Iterable[UUID] | None = None) -> dict[UUID, InForce]:
    """Of these agreements, or of all, every one that has an accepted version at `at`, by its id."""
    counting_now = [
        (timeline, versions)
        for timeline in timelines(connection, agreement_ids).values()
        if (versions := timeline.versions_at(at)) is not None
    ]
    terms = pin_many(connection, counting_now)
    return {
        timeline.agreement_id: InForce(
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
        for (timeline, versions), pinned in zip(counting_now, terms, strict=True)
    }


def counting(connection: Connection, timeline: Timeline, at: datetime) -> Pinned:
    """What a submission at `at` pins. Raises `Refused` where nothing counts yet or the agreement has ended."""
    if timeline.has_ended(at):
        raise Refused.by("agreement", "agreement_ended", "the agreement has ended")
    versions = timeline.versions_at(at)
    if versions is not None:
        return pin(connection, timeline, *versions)
    if timeline.pairs:
        begins = format_instant(min(since for since, _, _ in timeline.pairs))
        raise Refused.by("agreement", "agreement_not_in_force", f"the agreement counts from {begins} on")
    raise Refused.by("agreement", "agreement_not_accepted", "both sides must accept the agreement first")


def pin(connection: Connection, timeline: Timeline, agreement_version: int, definition_version: int) -> Pinned:
    return pinned(connection, timeline.agreement_id, agreement_version, timeline.definition_id, definition_version)


Key = tuple[UUID, int, UUID, int]
"""Agreement and its version, definition and its version."""

_PINNED: dict[Key, Pinned] = {}
"""Published versions are immutable, so a parsed one is good for as long as the process lives."""
_PINNED_LIMIT = 20_000


def pinned(
    connection: Connection, agreement_id: UUID, agreement_version: int, definition_id: UUID, definition_version: int
) -> Pinned:
    """The parsed terms of these versions, which must exist."""
    key = (agreement_id, agreement_version, definition_id, definition_version)
    found = _PINNED.get(key)
    return found if found is not None else _load(connection, [key])[0]


def pin_many(connection: Connection, wanted: Iterable[tuple[Timeline, tuple[int, int]]]) -> list[Pinned]:
    """The parsed terms of many (timeline, versions), in that order; what is not in memory is read by the hundred."""
    keys = [(timeline.agreement_id, a, timeline.definition_id, d) for timeline, (a, d) in wanted]
    known = {key: found for key in keys if (found := _PINNED.get(key)) is not None}
    missing = [key for key in keys if key not in known]
    for start in range(0, len(missing), _IN_CHUNKS):
        some = missing[start : start + _IN_CHUNKS]
        known.update(zip(some, _load(connection, some), strict=True))
    return [known[key] for key in keys]


_IN_CHUNKS = 200


def _load(connection: Connection, keys: list[Key]) -> list[Pinned]:
    version = t.agreement_version.c
    query = select(version.agreement_id, version.number, version.buyer_id, version.supplier_id, version.document)
    rows = connection.execute(query.where(version.agreement_id.in_({key[0] for key in keys})))
    agreements = {(row.agreement_id, row.number): row for row in rows}
    if len(_PINNED) + len(keys) > _PINNED_LIMIT:
        _PINNED.clear()
    found: list[Pinned] = []
    for key in keys:
        agreement_id, agreement_version, definition_id, definition_version = key
        agreement = agreements[agreement_id, agreement_version]
        definition_hash, definition = _definition(connection, definition_id, definition_version)
        loaded = _PINNED[key] = Pinned(
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
        found.append(loaded)
    return found


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
