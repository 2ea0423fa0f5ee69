"""A dispute's row, kept in step with the events of its appointment.

Owns what each move of a dispute writes to the table, for commands and for what happens by rule alike.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Executable, exists, select, update

from ledger.domain.decisions import CONTACT_ATTEMPT
from ledger.domain.disputes import OPENER, DisputeKind, open_dispute
from ledger.domain.lifecycle import Event, EventKind, instant
from ledger.services.cases import Case
from ledger.store import tables as t

CLOSING = {EventKind.DISPUTE_DECIDED, EventKind.DISPUTE_WITHDRAWN}


def changes(case: Case, event: Event, add: Callable[..., None]) -> list[Executable]:
    """Adds the row of a dispute that opens; the statements for one that moves. `case` is after the event."""
    if event.kind is EventKind.DISPUTE_OPENED:
        add("dispute", **opened(case, event))
        return []
    values = moved(event)
    if not values:
        return []
    return [update(t.dispute).where(t.dispute.c.id == UUID(event.payload["dispute"])).values(**values)]


def moved(event: Event) -> dict[str, Any]:
    """What the event changes of its dispute's row, if it moves one."""
    payload = event.payload
    if event.kind is EventKind.DISPUTE_REPLIED:
        return {"state": "with_arbiter", "reply_at": None, "position": payload["position"], **_clock(payload)}
    if event.kind is EventKind.DISPUTE_ESCALATED:
        return {"state": "with_arbiter", "reply_at": None, **_clock(payload)}
    return _closed(event) if event.kind in CLOSING else {}


def opened(case: Case, event: Event) -> dict[str, Any]:
    """The row of the dispute that the event opens. `case` is after the event."""
    payload, pinned = event.payload, case.pinned
    waits = payload["reply_at"] is not None
    return {
        "id": UUID(payload["dispute"]),
        "appointment_id": case.id,
        "agreement_id": pinned.agreement_id,
        "buyer_id": pinned.buyer_id,
        "supplier_id": pinned.supplier_id,
        "kind": payload["kind"],
        "state": "awaiting_reply" if waits else "with_arbiter",
        "opened_by": payload["by"],
        "actor": event.actor,
        "reason": payload["reason"],
        "claim": payload["claim"],
        "month": payload["month"],
        "held": payload.get("money", {}).get("held", 0),
        "opened_at": event.effective_at,
        "reply_at": instant(payload["reply_at"]),
        "position": None,
        "decision_at": instant(payload["decision_at"]),
        "resolution": None,
        "upheld": None,
        "decision": None,
        "decision_reason": None,
        "decided_by": None,
        "closed_at": None,
    }


def is_proven(connection: Connection, case: Case, at: datetime) -> bool:
    """Whether the opener has brought evidence, of any grade, by `at`."""
    opener = OPENER[DisputeKind(open_dispute(case.state)["kind"])]
    evidence = t.evidence_item.c
    query = select(
        exists().where(
            evidence.appointment_id == case.id,
            evidence.party == opener.value,
            evidence.kind != CONTACT_ATTEMPT,
            evidence.received_at < at,
        )
    )
    return bool(connection.execute(query).scalar_one())


def _clock(payload: Any) -> dict[str, Any]:
    return {"decision_at": instant(payload["decision_at"])}


def _closed(event: Event) -> dict[str, Any]:
    payload = event.payload
    withdrawn = event.kind is EventKind.DISPUTE_WITHDRAWN
    decision = None
    if not withdrawn:
        decision = {name: payload[name] for name in ("attendance", "minutes", "criteria", "outcome", "share")}
    return {
        "state": "closed",
        "resolution": "withdrawn" if withdrawn else payload["resolution"],
        "upheld": False if withdrawn else payload["upheld"],
        "decision": decision,
        "decision_reason": payload.get("reason"),
        "decided_by": event.actor,
        "closed_at": event.effective_at,
        "reply_at": None,
        "decision_at": None,
        "held": 0,
    }
