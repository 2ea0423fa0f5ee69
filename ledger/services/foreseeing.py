"""What has fallen due and waits for the worker, as it will be settled: for reports, which show it as settled.

A preview desk lets it happen in memory and writes nothing.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from ledger.domain.foreseen import Foreseen
from ledger.domain.lifecycle import Event, EventKind
from ledger.services.cases import IN_CHUNKS, changing
from ledger.services.desk import Desk
from ledger.store import tables as t

_STATE = ("schedule", "attendance", "outcome", "qualified", "verdict")


def foreseen(connection: Connection, agreement_ids: Iterable[UUID], now: datetime) -> list[Foreseen]:
    """Every appointment of these agreements that is not as the table has it any more."""
    desk = Desk(connection, now, preview=True)
    desk.fetch_due(now, agreement_ids)
    desk.settle(now)
    happened: dict[UUID, list[Event]] = {}
    for identity, event in desk.foreseen:
        happened.setdefault(identity, []).append(event)
    kinds = _disputes(connection, happened)
    return [_foreseen(desk, identity, events, kinds) for identity, events in happened.items() if identity in desk.cases]


def _foreseen(desk: Desk, identity: UUID, events: list[Event], disputes: dict[str, str]) -> Foreseen:
    case = desk.cases[identity]
    columns = changing(case)
    upheld = {
        disputes[event.payload["dispute"]]
        for event in events
        if event.kind is EventKind.DISPUTE_DECIDED and event.payload["upheld"] and event.payload["dispute"] in disputes
    }
    return Foreseen(
        identity,
        {name: columns[name] for name in _STATE},
        case.state.amount,
        frozenset(event.kind.value for event in events),
        frozenset(upheld),
    )


def _disputes(connection: Connection, appointment_ids: Iterable[UUID]) -> dict[str, str]:
    """The kinds of the disputes of these appointments, by id."""
    wanted, found = list(appointment_ids), {}
    for start in range(0, len(wanted), IN_CHUNKS):
        some = t.dispute.c.appointment_id.in_(wanted[start : start + IN_CHUNKS])
        for row in connection.execute(select(t.dispute.c.id, t.dispute.c.kind).where(some)):
            found[str(row.id)] = row.kind
    return found
