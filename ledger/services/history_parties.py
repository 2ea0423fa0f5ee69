"""Who and what a history file presupposes: organisations, one definition per buyer, one agreement per pair.

Creates what does not exist yet; definition and agreement count as accepted by both from their `effective_from`.
Refuses to use an existing definition or agreement whose terms are other than the file's.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select

from ledger.domain.agreement import agreement_hash, check_against, parse_agreement
from ledger.domain.definition import canonical, parse_definition
from ledger.domain.errors import Malformed, Refused
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
    pairs: Mapping[tuple[str, str], contracts.Timeline]
    organisations: int
    agreements: int


def prepare(
    connection: Connection,
    setting: Setting,
    definition: Mapping[str, Any],
    agreement: Mapping[str, Any],
    now: datetime,
) -> Prepared:
    """Makes sure that every pair has its agreement. Raises `Malformed` or `Refused` for terms that cannot be used."""
    terms = parse_definition(definition)
    commercial = parse_agreement(agreement)
    faults = check_against(commercial, terms)
    if faults:
        raise Malformed(faults, "the agreement does not suit the definition")
    if terms.effective_from is None or commercial.effective_from is None:
        raise Malformed.at("/effective_from", "the terms of a history say from when they count")
    suppliers, made = _organisations(connection, {s for s, _ in setting.pairs}, "supplier", terms, now)
    buyers, more = _organisations(connection, {b for _, b in setting.pairs}, "buyer", terms, now)
    for buyer_id in buyers.values():
        _definition(connection, buyer_id, terms, definition, now)
    ids = {(suppliers[supplier], buyers[buyer]): (supplier, buyer) for supplier, buyer in setting.pairs}
    created = _agreements(connection, ids.keys(), agreement, commercial, now)
    found = {
        ids[timeline.supplier_id, timeline.buyer_id]: timeline
        for timeline in contracts.timelines(connection).values()
        if timeline.slug == terms.slug and (timeline.supplier_id, timeline.buyer_id) in ids
    }
    return Prepared(found, made + more, created)


def _organisations(
    connection: Connection, slugs: set[str], kind: str, terms: Definition, now: datetime
) -> tuple[dict[str, UUID], int]:
    organisation = t.organisation.c
    known = {
        row.slug: row
        for row in connection.execute(select(organisation.slug, organisation.id, organisation.kind))
        if row.slug in slugs
    }
    for slug, row in known.items():
        if row.kind != kind:
            raise Refused.by(kind, "wrong_kind", f"{slug!r} is a {row.kind}, not a {kind}")
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
        for slug in sorted(slugs - known.keys())
    ]
    if missing:
        connection.execute(insert(t.organisation), missing)
    found = {slug: row.id for slug, row in known.items()}
    return {**found, **{row["slug"]: row["id"] for row in missing}}, len(missing)


def _definition(
    connection: Connection, buyer_id: UUID, terms: Definition, document: Mapping[str, Any], now: datetime
) -> None:
    version = t.definition_version.c
    published = connection.execute(
        select(version.document)
        .join(t.definition, t.definition.c.id == version.definition_id)
        .where(
            t.definition.c.buyer_id == buyer_id,
            t.definition.c.slug == terms.slug,
            version.published_at.is_not(None),
        )
        .order_by(version.number)
        .limit(1)
    ).scalar_one_or_none()
    if published is None:
        definition_id = create_definition(connection, buyer_id, document, now=now)
        publish(connection, definition_id, effective_from=terms.effective_from, now=now, actor=ACTOR, imported=True)
    elif _without_time(published) != _without_time(document):
        raise Refused.by("definition", "definition_differs", f"the buyer has another definition {terms.slug!r} already")


def _without_time(document: Mapping[str, Any]) -> bytes:
    return canonical({name: value for name, value in document.items() if name != "effective_from"})


def _agreements(
    connection: Connection,
    pairs: Collection[tuple[UUID, UUID]],
    document: Mapping[str, Any],
    terms: Agreement,
    now: datetime,
) -> int:
    """One agreement for each (supplier, buyer) that has none, accepted by both from the start. Returns how many."""
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
    agreement = t.agreement.c
    known = {
        (row.supplier_id, row.buyer_id)
        for row in connection.execute(
            select(agreement.supplier_id, agreement.buyer_id)
            .join(t.definition, definition.id == agreement.definition_id)
            .where(definition.slug == slug)
        )
    }
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
