"""Agreements as both parties read them: versions, who accepted what when, and which versions count.

Owns the hash of each version with each published definition version, so that a party can tell what its yes would
cover. Refuses nothing but what is not theirs to see.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, RowMapping, Select, select

from ledger.domain.agreement import agreement_hash
from ledger.domain.errors import Unknown, VersionMismatch
from ledger.services.access import SUPPLIER, Principal, visible
from ledger.services.contracts import Timeline, timelines
from ledger.store import tables as t

_SUPPLIER, _BUYER = t.organisation.alias("supplier"), t.organisation.alias("buyer")


@dataclass(frozen=True, slots=True)
class AgreementVersion:
    """One version; `hashes` by the number of the definition version."""

    number: int
    effective_from: datetime
    document: dict[str, Any]
    hashes: dict[int, str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AgreementView:
    """An agreement whole. `acceptances` are rows of the table, oldest first."""

    head: RowMapping
    versions: list[AgreementVersion]
    acceptances: list[Row[Any]]
    counts: tuple[int, int] | None

    @property
    def revision(self) -> int:
        """A number that changes with every change: what ETags compare, as the head has no counter."""
        said = f"{len(self.versions)} {len(self.acceptances)} {self.head['ended_from']}"
        return int.from_bytes(hashlib.sha256(said.encode()).digest()[:8]) % 10**9

    def check_revision(self, expected: int | None) -> None:
        """Raises `VersionMismatch` where something else was read than what is there."""
        if expected is not None and expected != self.revision:
            raise VersionMismatch


def heads(principal: Principal) -> Select[Any]:
    """Every agreement that is theirs to see, with the slugs of what it is between."""
    agreement = t.agreement.c
    return (
        select(
            t.agreement,
            _SUPPLIER.c.slug.label("supplier"),
            _BUYER.c.slug.label("buyer"),
            t.definition.c.slug.label("definition"),
        )
        .join(_SUPPLIER, _SUPPLIER.c.id == agreement.supplier_id)
        .join(_BUYER, _BUYER.c.id == agreement.buyer_id)
        .join(t.definition, t.definition.c.id == agreement.definition_id)
        .where(visible(principal, t.agreement))
    )


def head(connection: Connection, agreement_id: UUID, principal: Principal) -> RowMapping:
    """Raises `Unknown` for what is not there and for what is somebody else's."""
    query = heads(principal).where(t.agreement.c.id == agreement_id)
    found = connection.execute(query).mappings().one_or_none()
    if found is None:
        raise Unknown
    return found


def view(connection: Connection, agreement_id: UUID, principal: Principal, now: datetime) -> AgreementView:
    """The whole agreement as it stands at `now`. Raises `Unknown`."""
    found = head(connection, agreement_id, principal)
    said = t.acceptance.c
    acceptances = connection.execute(
        select(t.acceptance).where(said.agreement_id == agreement_id).order_by(said.accepted_at, said.id)
    )
    timeline = timelines(connection, [agreement_id])[agreement_id]
    return AgreementView(found, _versions(connection, found), list(acceptances), counting(timeline, now))


def offers(found: AgreementView, standing: Iterable[int], party: str) -> list[tuple[int, int]]:
    """What this side has not said yes to: (agreement version, definition version), the newest first.

    `standing` are the published definition versions that no newer one has superseded. The supplier accepts each of
    them; the buyer has accepted them by publishing, and accepts each agreement version once.
    """
    said = {(row.agreement_version, row.definition_version) for row in found.acceptances if row.party == party}
    newest = max((version.number for version in found.versions), default=0)
    counts = () if found.counts is None else (found.counts[0],)
    definitions = sorted(standing, reverse=True)
    pairs = [(version, number) for version in dict.fromkeys((newest, *counts)) for number in definitions]
    if party == SUPPLIER:
        return [pair for pair in pairs if pair not in said]
    return [(newest, number) for number in definitions[:1] if newest not in {version for version, _ in said}]


def counting(timeline: Timeline, at: datetime) -> tuple[int, int] | None:
    """The (agreement, definition) versions that a submission at `at` would pin; None where it would be refused."""
    return None if timeline.has_ended(at) else timeline.versions_at(at)


def _versions(connection: Connection, head: RowMapping) -> list[AgreementVersion]:
    published, version = t.definition_version.c, t.agreement_version.c
    hashes = connection.execute(
        select(published.number, published.hash)
        .where(published.definition_id == head["definition_id"], published.published_at.is_not(None))
        .order_by(published.number)
    ).all()
    rows = connection.execute(
        select(t.agreement_version).where(version.agreement_id == head["id"]).order_by(version.number)
    )
    return [
        AgreementVersion(
            row.number,
            row.effective_from,
            row.document,
            {number: agreement_hash(row.document, content) for number, content in hashes},
            row.created_at,
        )
        for row in rows
    ]
