"""Checks of what came by webhook: its bytes, the evidence that it became, and the grade that evidence earns."""

import hashlib
from collections.abc import Iterator
from typing import Final

from sqlalchemy import exists, select

from ledger.domain.lifecycle import Party
from ledger.domain.statements import grade_of
from ledger.services.verify import Fault, Finding, Look, Notice, Sweep
from ledger.store import tables as t
from ledger.store.hooks import ATTACHED, QUARANTINED

BYTES, MATCHED, GRADES, HELD = "delivered bytes", "delivered evidence", "evidence grades", "quarantine"

delivery, evidence = t.incoming_delivery.c, t.evidence_item.c
FEW: Final = 50
"""Rows with their bytes that are in memory at a time."""


def delivered_bytes(look: Look) -> Iterator[Finding]:
    """Deliveries whose bytes are not those that came."""
    query = select(delivery.id, delivery.content, delivery.size, delivery.sha256, delivery.erased_at)
    query = query.order_by(delivery.id)
    for row in look.connection.execute(query.execution_options(yield_per=FEW)):
        content = bytes(row.content)
        if row.erased_at is not None:
            if content:
                yield Fault(BYTES, "it was erased, and its bytes are there", f"delivery {row.id}")
            continue
        if len(content) != row.size or hashlib.sha256(content).hexdigest() != row.sha256:
            yield Fault(BYTES, "the bytes do not match the size and SHA-256 they came with", f"delivery {row.id}")


def delivered_evidence(look: Look) -> Iterator[Finding]:
    """Attached deliveries without their evidence, and evidence that its delivery does not bear out."""
    became = exists().where(
        evidence.delivery_id == delivery.id,
        evidence.appointment_id == delivery.appointment_id,
        evidence.sha256 == delivery.sha256,
    )
    for row in look.rows(select(delivery.id, delivery.appointment_id).where(delivery.state == ATTACHED, ~became)):
        yield Fault(MATCHED, "it is attached and has no evidence", f"delivery {row.id} of {row.appointment_id}")
    borne_out = exists().where(
        delivery.id == evidence.delivery_id,
        delivery.appointment_id == evidence.appointment_id,
        delivery.sha256 == evidence.sha256,
    )
    strayed = select(evidence.id, evidence.delivery_id).where(evidence.delivery_id.is_not(None), ~borne_out)
    for row in look.rows(strayed):
        yield Fault(MATCHED, f"delivery {row.delivery_id} does not bear it out", f"evidence {row.id}")


def evidence_grades(look: Look) -> Iterator[Finding]:
    """Evidence with another grade than whoever sent it earns for what it says."""
    query = select(evidence.id, evidence.appointment_id, evidence.party, evidence.grade, evidence.said)
    for row in look.rows(query):
        earned = grade_of(Party(row.party), row.said)
        if row.grade != earned:
            where = f"evidence {row.id} of appointment {row.appointment_id}"
            yield Fault(GRADES, f"it has grade {row.grade} and earns {earned}", where)


def quarantine(look: Look) -> Iterator[Finding]:
    """What was signed too long ago and waits for somebody to vouch for it."""
    for row in look.rows(select(delivery.id, delivery.event).where(delivery.state == QUARANTINED)):
        yield Notice(HELD, f"{row.event} was signed too long ago and has no effect", f"delivery {row.id}")


SWEEPS = (
    Sweep((BYTES,), delivered_bytes),
    Sweep((MATCHED,), delivered_evidence),
    Sweep((GRADES,), evidence_grades),
    Sweep((HELD,), quarantine),
)
