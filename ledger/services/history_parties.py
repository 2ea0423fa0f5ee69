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

from ledger.domain.agreement import check_against, parse_agreement
from ledger.domain.definition import canonical, parse_definition
from ledger.domain.errors import Malformed, Refused
from ledger.domain.terms import Definition
from ledger.services import contracts
from ledger.services.agreements import accept, create_agreement
from ledger.services.definitions import create_definition, publish
from ledger.store import tables as t
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
    agreements = {
        pair: _agreement(connection, suppliers[pair[0]], buyers[pair[1]], agreement, commercial.effective_from, now)
        for pair in setting.pairs
    }
    timelines = contracts.timelines(connection)
    return Prepared(
        {pair: timelines[found] for pair, (found, _) in agreements.items()},
        made + more,
        sum(created for _, created in agreements.values()),
    )


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


def _agreement(
    connection: Connection,
    supplier_id: UUID,
    buyer_id: UUID,
    document: Mapping[str, Any],
    effective_from: datetime,
    now: datetime,
) -> tuple[UUID, bool]:
    agreement, definition = t.agreement.c, t.definition.c
    slug = str(document["definition"]).rpartition(":")[2]
    existing = connection.execute(
        select(agreement.id)
        .join(t.definition, definition.id == agreement.definition_id)
        .where(agreement.supplier_id == supplier_id, agreement.buyer_id == buyer_id, definition.slug == slug)
    ).scalar_one_or_none()
    if existing is not None:
        return existing, False
    agreement_id = create_agreement(connection, supplier_id, buyer_id, document, now=now, actor=ACTOR)
    for party in ("buyer", "supplier"):
        accept(connection, agreement_id, 1, party, at=effective_from, now=now, actor=ACTOR)
    return agreement_id, True
