"""Who and what a history file presupposes: organisations, one definition per buyer, one agreement per pair.

Creates what does not exist yet; definition and agreement count as accepted by both from their `effective_from`.
Refuses to use an existing definition or agreement whose terms are other than the file's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select

from ledger.domain.agreement import agreement_hash, check_against, parse_agreement
from ledger.domain.definition import canonical, parse_definition
from ledger.domain.errors import Malformed, Refused, Violation
from ledger.domain.terms import Agreement, Definition
from ledger.services import contracts
from ledger.services.definitions import create_definition, publish
from ledger.store import tables as t
from ledger.store.bulk import insert_rows
from ledger.store.types import new_id

ACTOR = "import"


@dataclass(frozen=True, slots=True)
class Setting:
    """The (supplier, buyer) slugs that the file speaks of."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The agreement of every (supplier, buyer) pair, or why it can have none; how much was made for them."""

    pairs: Mapping[tuple[str, str], contracts.Timeline]
    unusable: Mapping[tuple[str, str], Violation]
    organisations: int
    agreements: int


def check_terms(definition: Mapping[str, Any], agreement: Mapping[str, Any]) -> tuple[Definition, Agreement]:
    """Both documents, parsed. Raises `Malformed` naming the field that makes them unusable for a history."""
    terms = parse_definition(definition)
    commercial = parse_agreement(agreement)
    faults = check_against(commercial, terms)
    if faults:
        raise Malformed(faults, "the agreement does not suit the definition")
    if terms.effective_from is None or commercial.effective_from is None:
        which = "definition" if terms.effective_from is None else "agreement"
        raise Malformed.at("/effective_from", f"the {which} of a history must say from when it counts")
    return terms, commercial


def prepare(
    connection: Connection,
    setting: Setting,
    definition: Mapping[str, Any],
    agreement: Mapping[str, Any],
    now: datetime,
) -> Prepared:
    """Makes sure that every pair has its agreement. Raises `Malformed` or `Refused` for terms that cannot be used."""
    terms, commercial = check_terms(definition, agreement)
    unusable = _unusable(connection, setting)
    pairs = [pair for pair in setting.pairs if pair not in unusable]
    suppliers, made = _organisations(connection, {s for s, _ in pairs}, "supplier", terms, now)
    buyers, more = _organisations(connection, {b for _, b in pairs}, "buyer", terms, now)
    for slug, buyer_id in sorted(buyers.items()):
        _definition(connection, slug, buyer_id, terms, definition, now)
    ids = {(suppliers[supplier], buyers[buyer]): (supplier, buyer) for supplier, buyer in pairs}
    created = _agreements(connection, ids, agreement, commercial, now)
    found = {
        ids[timeline.supplier_id, timeline.buyer_id]: timeline
        for timeline in contracts.timelines(connection).values()
        if timeline.slug == terms.slug and (timeline.supplier_id, timeline.buyer_id) in ids
    }
    return Prepared(found, unusable, made + more, created)


def _unusable(connection: Connection, setting: Setting) -> dict[tuple[str, str], Violation]:
    """The pairs of which one side is something else: in the books, or as the other side of another row."""
    organisation = t.organisation.c
    kinds = {supplier: "supplier" for supplier, _ in setting.pairs}
    kinds = {buyer: "buyer" for _, buyer in setting.pairs} | kinds
    named = set(kinds)
    known = connection.execute(select(organisation.slug, organisation.kind))
    kinds.update({row.slug: row.kind for row in known if row.slug in named})
    found = {}
    for supplier, buyer in setting.pairs:
        for slug, kind in ((supplier, "supplier"), (buyer, "buyer")):
            if kinds[slug] != kind:
                found[supplier, buyer] = Violation(kind, "wrong_kind", f"{slug!r} is a {kinds[slug]}, not a {kind}")
    return found


def _organisations(
    connection: Connection, slugs: set[str], kind: str, terms: Definition, now: datetime
) -> tuple[dict[str, UUID], int]:
    """The ids of all, made where they do not exist yet, and how many were made."""
    organisation = t.organisation.c
    found = {
        row.slug: row.id for row in connection.execute(select(organisation.slug, organisation.id)) if row.slug in slugs
    }
    missing = [
        {
            "id": new_id(),
            "slug": slug,
            "kind": kind,
            "legal_name": slug,
            "address": {
                "line1": None,
                "line2": None,
                "city": None,
                "postcode": None,
                "region": None,
                "country": terms.calendar[:2],
            },
            "vat_registered": False,
            "time_zone": terms.time_zone,
            "version": 1,
            "created_at": now,
        }
        for slug in sorted(slugs - found.keys())
    ]
    if missing:
        connection.execute(insert(t.organisation), missing)
    return {**found, **{row["slug"]: row["id"] for row in missing}}, len(missing)


def _definition(
    connection: Connection, buyer: str, buyer_id: UUID, terms: Definition, document: Mapping[str, Any], now: datetime
) -> None:
    version = t.definition_version.c
    query = (
        select(version.document)
        .join(t.definition, t.definition.c.id == version.definition_id)
        .where(
            t.definition.c.buyer_id == buyer_id,
            t.definition.c.slug == terms.slug,
            version.published_at.is_not(None),
        )
    )
    published = connection.execute(query).scalars().all()
    if not published:
        definition_id = create_definition(connection, buyer_id, document, now=now)
        publish(connection, definition_id, effective_from=terms.effective_from, now=now, actor=ACTOR, imported=True)
    elif _without_time(document) not in map(_without_time, published):
        raise Refused.by("definition", "definition_differs", f"{buyer} has another definition {terms.slug!r} already")


def _without_time(document: Mapping[str, Any]) -> bytes:
    return canonical({name: value for name, value in document.items() if name != "effective_from"})


def _agreements(
    connection: Connection,
    pairs: Mapping[tuple[UUID, UUID], tuple[str, str]],
    document: Mapping[str, Any],
    terms: Agreement,
    now: datetime,
) -> int:
    """One agreement for each (supplier, buyer) that has none, accepted by both from the start. Returns how many.

    Raises `Refused` where a pair has agreed on something else.
    """
    definition, version = t.definition.c, t.definition_version.c
    slug, effective_from = terms.definition.rpartition(":")[2], terms.effective_from
    published = {
        row.buyer_id: row
        for row in connection.execute(
            select(version.buyer_id, version.definition_id, version.number, version.hash)
            .join(t.definition, definition.id == version.definition_id)
            .where(definition.slug == slug, version.published_at.is_not(None))
            .order_by(version.number.desc())
        )
    }
    known = _known_agreements(connection, slug)
    for pair, (supplier, buyer) in pairs.items():
        if pair in known and _without_time(document) not in known[pair]:
            raise Refused.by("agreement", "agreement_differs", f"{supplier} and {buyer} have another agreement already")
    missing = [pair for pair in pairs if pair not in known]
    agreements, versions, acceptances = [], [], []
    for supplier_id, buyer_id in missing:
        agreement_id, tenant = new_id(), {"buyer_id": buyer_id, "supplier_id": supplier_id}
        covered = published[buyer_id]
        agreements.append(
            {
                "id": agreement_id,
                **tenant,
                "definition_id": covered.definition_id,
                "ended_from": None,
                "created_at": now,
            }
        )
        versions.append(
            {
                "agreement_id": agreement_id,
                "number": 1,
                **tenant,
                "document": document,
                "effective_from": effective_from,
                "created_at": now,
                "created_by": ACTOR,
            }
        )
        accepted = agreement_hash(document, covered.hash)
        acceptances += [
            {
                "id": new_id(),
                **tenant,
                "agreement_id": agreement_id,
                "agreement_version": 1,
                "definition_version": covered.number,
                "party": party,
                "hash": accepted,
                "accepted_at": effective_from,
                "recorded_at": now,
                "actor": ACTOR,
            }
            for party in ("buyer", "supplier")
        ]
    insert_rows(connection, t.agreement, agreements)
    insert_rows(connection, t.agreement_version, versions)
    insert_rows(connection, t.acceptance, acceptances)
    return len(missing)


def _known_agreements(connection: Connection, slug: str) -> dict[tuple[UUID, UUID], set[bytes]]:
    """The (supplier, buyer) pairs that have an agreement on a definition of this slug, with each version's terms."""
    agreement, version = t.agreement.c, t.agreement_version.c
    query = (
        select(agreement.supplier_id, agreement.buyer_id, version.document)
        .join(t.definition, t.definition.c.id == agreement.definition_id)
        .join(t.agreement_version, version.agreement_id == agreement.id)
        .where(t.definition.c.slug == slug)
    )
    found: dict[tuple[UUID, UUID], set[bytes]] = {}
    for row in connection.execute(query):
        found.setdefault((row.supplier_id, row.buyer_id), set()).add(_without_time(row.document))
    return found
