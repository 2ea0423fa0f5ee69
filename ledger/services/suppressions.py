"""A buyer's suppression list: contacts that his suppliers must leave alone, as keyed digests.

Owns how contacts get on the list. Refuses what cannot be read as a contact of its kind, naming its place and never
its value, for nobody would ever be recognised by it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from ledger.domain.contacts import contact_key, digest, digest_of_hash
from ledger.domain.errors import FieldError, Malformed
from ledger.domain.terms import ContactKind
from ledger.services.posting import insert_ignoring
from ledger.store import tables as t

_IN_CHUNKS = 500


def suppress(
    connection: Connection,
    buyer_id: UUID,
    items: Sequence[Mapping[str, Any]],
    *,
    secret: bytes,
    now: datetime,
    actor: str,
) -> int:
    """Puts every contact (`kind`, and `value` or `sha256`) on the buyer's list, all or none.
    Returns how many were not on it. Raises `Malformed` naming every item that is no contact of its kind.
    """
    organisation = t.organisation.c
    address = connection.execute(select(organisation.address).where(organisation.id == buyer_id)).scalar_one()
    digests: dict[str, ContactKind] = {}
    errors: list[FieldError] = []
    for index, item in enumerate(items):
        kind = ContactKind(item["kind"])
        if item["sha256"] is not None:
            digests[digest_of_hash(secret, kind, item["sha256"])] = kind
            continue
        key = contact_key(kind, item["value"], address.get("country"))
        if key is None:
            errors.append(FieldError(f"/items/{index}/value", f"Cannot be read as a contact of the kind {kind}."))
        else:
            digests[digest(secret, kind, key)] = kind
    if errors:
        raise Malformed(errors)
    before = _count(connection, buyer_id, list(digests))
    connection.execute(
        insert_ignoring(connection, t.suppression),
        [
            {"buyer_id": buyer_id, "digest": value, "kind": kind.value, "created_at": now, "actor": actor}
            for value, kind in sorted(digests.items())
        ],
    )
    return len(digests) - before


def _count(connection: Connection, buyer_id: UUID, digests: list[str]) -> int:
    found = 0
    column = t.suppression.c.digest
    for start in range(0, len(digests), _IN_CHUNKS):
        some = digests[start : start + _IN_CHUNKS]
        query = select(column).where(t.suppression.c.buyer_id == buyer_id, column.in_(some))
        found += len(connection.execute(query).all())
    return found
