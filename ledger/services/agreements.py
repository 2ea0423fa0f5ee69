"""Agreements: proposed, accepted by both sides, superseded by newer versions, ended for the future.

What each side accepts is identified by a hash that covers the definition version's hash. Refuses terms that do not
suit the definition and a second agreement of the same three. A version never counts before its second acceptance.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from ledger.domain.agreement import agreement_hash, check_against, parse_agreement
from ledger.domain.definition import parse_definition
from ledger.domain.errors import Conflict, Malformed, Refused, Unknown
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
    slug = terms.definition.rpartition(":")[2]
    definition_id = connection.execute(
        select(t.definition.c.id).where(t.definition.c.buyer_id == buyer_id, t.definition.c.slug == slug)
    ).scalar_one_or_none()
    if definition_id is None:
        raise Refused.by("definition", "unknown_definition", f"the buyer has no definition {slug!r}")
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
    head = _head(connection, agreement_id)
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

    Saying it again changes nothing.
    """
    head = _head(connection, agreement_id)
    document = connection.execute(
        select(t.agreement_version.c.document).where(
            t.agreement_version.c.agreement_id == agreement_id, t.agreement_version.c.number == version
        )
    ).scalar_one_or_none()
    if document is None:
        raise Unknown(f"the agreement has no version {version}")
    number, definition_hash = _published(connection, head.definition_id, definition_version, at)
    accepted = agreement_hash(document, definition_hash)
    connection.execute(
        insert_ignoring(connection, t.acceptance),
        {
            "id": new_id(),
            "buyer_id": head.buyer_id,
            "supplier_id": head.supplier_id,
            "agreement_id": agreement_id,
            "agreement_version": version,
            "definition_version": number,
            "party": party,
            "hash": accepted,
            "accepted_at": at,
            "recorded_at": now,
            "actor": actor,
        },
    )
    return accepted


def end(connection: Connection, agreement_id: UUID, from_: datetime, *, now: datetime) -> None:
    """Ends the agreement for the future: what was booked before is finished under it."""
    head = _head(connection, agreement_id)
    if from_ < now:
        raise Refused.by("from", "end_in_the_past", "an agreement can be ended only for the future")
    if head.ended_from is not None and head.ended_from <= from_:
        raise Conflict(f"the agreement ends at {head.ended_from.isoformat()} already")
    connection.execute(update(t.agreement).where(t.agreement.c.id == agreement_id).values(ended_from=from_))


def _published(connection: Connection, definition_id: UUID, number: int | None, at: datetime) -> tuple[int, str]:
    """The definition version that an acceptance covers: as named, else the one in force, else the first to come."""
    version = t.definition_version.c
    query = (
        select(version.number, version.hash, version.effective_from)
        .where(version.definition_id == definition_id, version.published_at.is_not(None))
        .order_by(version.effective_from, version.number)
    )
    rows = connection.execute(query).all()
    if number is not None:
        named = [row for row in rows if row.number == number]
        if not named:
            raise Refused.by("definition_version", "not_published", f"version {number} is not published")
        return named[0].number, named[0].hash
    if not rows:
        raise Refused.by("definition", "not_published", "the definition has no published version yet")
    in_force = [row for row in rows if row.effective_from <= at]
    chosen = in_force[-1] if in_force else rows[0]
    return chosen.number, chosen.hash


def _newest_definition(connection: Connection, definition_id: UUID) -> Any:
    version = t.definition_version.c
    document = connection.execute(
        select(version.document)
        .where(version.definition_id == definition_id)
        .order_by(version.published_at.is_(None), version.number.desc())
        .limit(1)
    ).scalar_one()
    return parse_definition(document)


def _head(connection: Connection, agreement_id: UUID) -> Any:
    head = connection.execute(select(t.agreement).where(t.agreement.c.id == agreement_id)).one_or_none()
    if head is None:
        raise Unknown("there is no such agreement")
    return head
