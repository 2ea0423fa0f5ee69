"""Checks of outgoing webhooks: nobody was left out, and nobody was told what is not theirs to know."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, exists, or_, select

from ledger.services.announced import FINAL, SOURCES, alive, delivery, endpoint, untold
from ledger.services.announcing import KEPT, LOOKS_BACK
from ledger.services.endpoints import TESTED
from ledger.services.verify import Fault, Finding, Look, Notice, Sweep
from ledger.store import tables as t

TOLD, RECIPIENTS, ENDPOINTS = "events told", "event recipients", "webhook endpoints"


def told(look: Look) -> Iterator[Finding]:
    """Events that an endpoint should have been told of by its mark, and was not."""
    for source in SOURCES:
        for through, party in source.parties:
            for row in look.rows(untold(source, through, party, look.now - KEPT)):
                late = row.happened_at >= row.announced_until - LOOKS_BACK  # still found by a full look
                if late or (row.types is not None and source.tell(row)[0] not in row.types):
                    continue
                where = f"{source.name} {row.source_id} number {row.source_number}"
                yield Fault(TOLD, f"endpoint {row.endpoint_id} has no delivery of it", where)


def recipients(look: Look) -> Iterator[Finding]:
    """Deliveries of what is not on record, or not the recipient's to know."""
    theirs: list[ColumnElement[bool]] = [delivery.source == TESTED]
    for source in SOURCES:
        identity, number = source.key
        of_row = (identity == delivery.source_id) & (number == delivery.source_number)
        for through, party in source.parties:
            known = exists().select_from(through).where(of_row, party == delivery.organisation_id)
            theirs.append((delivery.source == source.name) & known)
    appointment = t.appointment.c
    us = or_(appointment.supplier_id == delivery.organisation_id, appointment.buyer_id == delivery.organisation_id)
    theirs.append((delivery.source == FINAL) & exists().where(appointment.id == delivery.source_id, us))
    own = exists().where(endpoint.id == delivery.endpoint_id, endpoint.organisation_id == delivery.organisation_id)
    query = select(delivery.id, delivery.source, delivery.source_id).where(or_(~own, ~or_(*theirs)))
    for row in look.rows(query):
        yield Fault(RECIPIENTS, f"{row.source} {row.source_id} is not the recipient's to know", f"delivery {row.id}")


def endpoints(look: Look) -> Iterator[Finding]:
    """Endpoints that are told of nothing any more."""
    for row in look.rows(select(endpoint.id, endpoint.disabled_because).where(~alive(), endpoint.deleted_at.is_(None))):
        yield Notice(ENDPOINTS, f"it is disabled: {row.disabled_because}", f"endpoint {row.id}")


SWEEPS: Final = (Sweep((TOLD,), told), Sweep((RECIPIENTS,), recipients), Sweep((ENDPOINTS,), endpoints))
