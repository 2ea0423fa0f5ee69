"""Agreements: proposed, accepted by both sides, superseded by newer versions, ended for the future.

What each side accepts is identified by a hash that covers the definition version's hash. Refuses terms that do not
suit the definition, a second agreement of the same three, and a yes to an offer that a newer one has replaced. A
version never counts before its second acceptance. How agreements are read is in `agreement_reading.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from ledger.domain.agreement import agreement_hash, check_against, parse_agreement
from ledger.domain.calendar import format_instant
from ledger.domain.definition import parse_definition
from ledger.domain.errors import Conflict, IllegalMove, Malformed, Refused, Unknown
from ledger.services.access import BUYER, PARTIES, SUPPLIER
from ledger.services.posting import insert_ignoring
from ledger.store import tables as t
from ledger.store.types import new_id


def create_agreement(
    connection: Connection,
    supplier_id: UUID,
    buyer_id: UUID,
    document: Mapping[str, Any],
    *,
    now: datetime,
    actor: str,
) -> UUID:
    """A new agreement with version 1, accepted by nobody yet. `document` names the buyer's definition by slug."""
    terms = parse_agreement(document)
    definition_id = _definition_of(connection, buyer_id, terms.definition)
    agreement = t.agreement.c
    existing = connection.execute(
        select(agreement.id).where(
            agreement.supplier_id == supplier_id,
            agreement.buyer_id == buyer_id,
            agreement.definition_id == definition_id,
        )
    ).scalar_one_or_none()
    if existing is not None:
        raise Conflict("these two have an agreement on this definition; add a version", existing_id=str(existing))
    agreement_id = new_id()
    connection.execute(
        insert(t.agreement).values(
            id=agreement_id, buyer_id=buyer_id, supplier_id=supplier_id, definition_id=definition_id, created_at=now
        )
    )
    add_version(connection, agreement_id, document, now=now, actor=actor)
    return agreement_id


def add_version(
    connection: Connection,
    agreement_id: UUID,
    document: Mapping[str, Any],
    *,
    now: datetime,
    actor: str,
) -> int:
    """The next version of the terms. It counts once both have accepted it. Returns its number."""
    head = lock(connection, agreement_id)
    terms = parse_agreement(document)
    definition = _newest_definition(connection, head.definition_id)
    faults = check_against(terms, definition)
    if faults:
        raise Malformed(faults)
    effective = terms.effective_from or now
    version = t.agreement_version.c
    last = connection.execute(select(func.max(version.number)).where(version.agreement_id == agreement_id)).scalar()
    number = (last or 0) + 1
    settled = {**document, "effective_from": effective.astimezone(UTC).isoformat().replace("+00:00", "Z")}
    connection.execute(
        insert(t.agreement_version).values(
            agreement_id=agreement_id,
            number=number,
            buyer_id=head.buyer_id,
            supplier_id=head.supplier_id,
            document=settled,
            effective_from=effective,
            created_at=now,
            created_by=actor,
        )
    )
    return number


def accept(
    connection: Connection,
    agreement_id: UUID,
    version: int,
    party: str,
    *,
    at: datetime,
    now: datetime,
    actor: str,
    definition_version: int | None = None,
) -> str:
    """One side's yes, to this version and to a definition version (default: the one in force). Returns the hash.

    Saying it again changes nothing. Raises `IllegalMove` for an offer that a newer one has replaced, and for a
    definition version that the buyer has superseded, unless the buyer himself said yes to the two together.
    """
    head = lock(connection, agreement_id)
    column = t.agreement_version.c
    query = select(column.number, column.document, column.effective_from).where(column.agreement_id == agreement_id)
    versions = {row.number: row for row in connection.execute(query)}
    if version not in versions:
        raise Unknown(f"the agreement has no version {version}")
    covered = _published(connection, head.definition_id, definition_version, at)
    accepted = agreement_hash(versions[version].document, covered.hash)
    said = _acceptances(connection, agreement_id)
    if (party, version, covered.number) in said:
        return accepted
    effective = {number for number, row in versions.items() if row.effective_from <= at}
    _check_offer(said, version, newest=max(versions), effective=effective)
    if covered.superseded and party == SUPPLIER and (BUYER, version, covered.number) not in said:
        raise IllegalMove(
            f"the buyer has superseded version {covered.number} of the definition", code="superseded_definition"
        )
    connection.execute(
        insert_ignoring(connection, t.acceptance),
        {
            "id": new_id(),
            "buyer_id": head.buyer_id,
            "supplier_id": head.supplier_id,
            "agreement_id": agreement_id,
            "agreement_version": version,
            "definition_version": covered.number,
            "party": party,
            "hash": accepted,
            "accepted_at": at,
            "recorded_at": now,
            "actor": actor,
        },
    )
    return accepted


def _acceptances(connection: Connection, agreement_id: UUID) -> set[tuple[str, int, int]]:
    """(party, agreement version, definition version) of every yes so far."""
    said = t.acceptance.c
    query = select(said.party, said.agreement_version, said.definition_version)
    return {tuple(row) for row in connection.execute(query.where(said.agreement_id == agreement_id))}


def _check_offer(said: set[tuple[str, int, int]], version: int, *, newest: int, effective: set[int]) -> None:
    """A newer version is a new offer in the old one's place. What both accepted stays open to newer definition
    versions until a newer one that both accepted is effective."""
    agreed = {number for _, number, _ in said if {party for party, of, _ in said if of == number} == PARTIES}
    replaced = any(number > version for number in agreed & effective)
    if replaced or (version not in agreed and version < newest):
        raise IllegalMove(f"a newer version has taken the place of version {version}", code="superseded_version")


def end(connection: Connection, agreement_id: UUID, from_: datetime, *, now: datetime) -> None:
    """Ends the agreement for the future: what was booked before is finished under it."""
    head = lock(connection, agreement_id)
    if from_ < now:
        raise Refused.by("from", "end_in_the_past", "an agreement can be ended only for the future")
    if head.ended_from is not None and head.ended_from <= from_:
        raise Conflict(f"the agreement ends at {format_instant(head.ended_from)} already", code="already_ended")
    connection.execute(update(t.agreement).where(t.agreement.c.id == agreement_id).values(ended_from=from_))


@dataclass(frozen=True, slots=True)
class _Covered:
    """The definition version that an acceptance covers; `superseded` where a newer one is in force."""

    number: int
    hash: str
    superseded: bool


def _published(connection: Connection, definition_id: UUID, number: int | None, at: datetime) -> _Covered:
    """The definition version that an acceptance covers: as named, else the one in force, else the first to come."""
    version = t.definition_version.c
    query = (
        select(version.number, version.hash, version.effective_from)
        .where(version.definition_id == definition_id, version.published_at.is_not(None))
        .order_by(version.number)
    )
    rows = {row.number: row for row in connection.execute(query)}
    in_force = max((row.number for row in rows.values() if row.effective_from <= at), default=0)
    if number is None and not rows:
        raise Refused.by("definition", "not_published", "the definition has no published version yet")
    chosen = rows.get(in_force or min(rows) if number is None else number)
    if chosen is None:
        raise Refused.by("definition_version", "not_published", f"the definition has no published version {number}")
    return _Covered(chosen.number, chosen.hash, superseded=chosen.number < in_force)


def _definition_of(connection: Connection, buyer_id: UUID, reference: str) -> UUID:
    """The buyer's definition by `slug`, or by `buyer:slug` where the buyer is this one."""
    named, _, slug = reference.rpartition(":")
    query = (
        select(t.definition.c.id)
        .join(t.organisation, t.organisation.c.id == t.definition.c.buyer_id)
        .where(t.definition.c.buyer_id == buyer_id, t.definition.c.slug == slug)
    )
    if named:
        query = query.where(t.organisation.c.slug == named)
    found: UUID | None = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise Refused.by("definition", "unknown_definition", f"the buyer has no definition {reference!r}")
    return found


def _newest_definition(connection: Connection, definition_id: UUID) -> Any:
    version = t.definition_version.c
    document = connection.execute(
        select(version.document)
        .where(version.definition_id == definition_id)
        .order_by(version.published_at.is_(None), version.number.desc())
        .limit(1)
    ).scalar_one()
    return parse_definition(document)


def lock(connection: Connection, agreement_id: UUID) -> Any:
    """The head, held until the end of the transaction: versions and acceptances go one after the other."""
    query = select(t.agreement).where(t.agreement.c.id == agreement_id).with_for_update()
    head = connection.execute(query).one_or_none()
    if head is None:
        raise Unknown
    return head
