"""What organisations can be told by webhook: the types of events, by what they stem from.

Owns the names, which are for ever, and the shape of a message. A message is thin: identifiers, type, stage and version;
whoever wants to know more reads the resource with a key of its own, and sees what that key may see.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from ledger.domain.encoding import dumps
from ledger.domain.journal import EntryKind
from ledger.domain.lifecycle import EventKind

APPOINTMENT_TYPES: Final[Mapping[EventKind, str]] = {
    EventKind.SUBMITTED: "appointment.submitted",
    EventKind.RESCHEDULED: "appointment.rescheduled",
    EventKind.REBOOKED: "appointment.rebooked",
    EventKind.CANCELLED: "appointment.cancelled",
    EventKind.FOUND: "appointment.found",
    EventKind.DEEMED: "appointment.deemed",
    EventKind.NO_SHOW_FINAL: "appointment.no_show_final",
    EventKind.CREDITED: "appointment.credited",
    EventKind.DISPUTE_OPENED: "dispute.opened",
    EventKind.DISPUTE_REPLIED: "dispute.replied",
    EventKind.DISPUTE_ESCALATED: "dispute.escalated",
    EventKind.DISPUTE_DECIDED: "dispute.decided",
    EventKind.DISPUTE_WITHDRAWN: "dispute.withdrawn",
    EventKind.REPLACEMENT_ENDED: "replacement.ended",
    EventKind.REPLACEMENT_REVIVED: "replacement.revived",
}
AMOUNT_TYPES: Final[Mapping[EntryKind, str]] = {
    EntryKind.ACCRUAL: "amount.accrued",
    EntryKind.HOLD: "amount.held",
    EntryKind.RELEASE: "amount.released",
    EntryKind.REVERSAL: "amount.reversed",
    EntryKind.REDUCTION: "amount.reduced",
}
APPOINTMENT_REFUSED: Final = "appointment.refused"
APPOINTMENT_FINAL: Final = "appointment.final"
EVIDENCE_ADDED: Final = "evidence.added"
DISPUTE_MESSAGE: Final = "dispute.message_sent"
ISSUED: Final[Mapping[str, str]] = {
    "invoice": "invoice.issued",
    "credit_note": "credit_note.issued",
    "statement": "statement.issued",
}
RENDERED: Final = "document.rendered"
RESPONSES: Final[Mapping[str, str]] = {
    "accept": "document.accepted",
    "query": "document.queried",
    "withdraw": "document.query_withdrawn",
}
SUPPLIER_INVOICE: Final = "supplier_invoice.recorded"
PAYMENTS: Final[Mapping[str, str]] = {"payment": "payment.recorded", "returned": "payment.returned"}
DEPOSIT: Final = "deposit.received"
PUBLISHED: Final = "definition.published"
OFFERED: Final = "agreement.offered"
ACCEPTED: Final = "agreement.accepted"
TEST: Final = "webhook.test"

TYPES: Final = (
    *APPOINTMENT_TYPES.values(),
    APPOINTMENT_REFUSED,
    APPOINTMENT_FINAL,
    EVIDENCE_ADDED,
    DISPUTE_MESSAGE,
    *AMOUNT_TYPES.values(),
    *ISSUED.values(),
    RENDERED,
    *RESPONSES.values(),
    SUPPLIER_INVOICE,
    *PAYMENTS.values(),
    DEPOSIT,
    PUBLISHED,
    OFFERED,
    ACCEPTED,
)
"""Every type that can be asked for. A test message comes whatever was asked for."""

_NAMESPACE: Final = UUID("6f0a3a0e-3c38-4a0c-9d0c-5a2a8f3d8c11")


def event_id(source: str, source_id: UUID, number: int) -> UUID:
    """The event's own id: the same whenever it is asked for, so that a receiver knows what it had before."""
    return uuid5(_NAMESPACE, f"{source}/{source_id}/{number}")


def message_id(event: UUID) -> str:
    """How the event is named in the header `webhook-id`."""
    return f"evt_{event.hex}"


def message(kind: str, happened_at: datetime, data: Mapping[str, Any], *, livemode: bool = True) -> str:
    """The body as Standard Webhooks wants it: `type`, `timestamp`, `data`; and whether it is in earnest."""
    return dumps({"type": kind, "livemode": livemode, "timestamp": happened_at, "data": data}).decode()
