"""What happens by rule: settling everything that has fallen due, whoever watches and whenever the worker runs.

Owns `settle_due`, which goes agreement by agreement in transactions of its own, so that it can be run at any time,
twice at once, or late, and be stopped in the middle.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Engine, exists, select, true

from ledger.services.desk import Desk
from ledger.store import tables as t
from ledger.store.engine import reading, writing

BATCH = 2_000
"""How many appointments one transaction settles at the most."""


def agreements_due(connection: Connection, until: datetime, among: ColumnElement[bool] | None = None) -> list[UUID]:
    """The agreements, of all or `among` some, that have something due by `until` (inclusive)."""
    appointment = t.appointment.c
    due = exists().where(appointment.agreement_id == t.agreement.c.id, appointment.next_due_at <= until)
    query = select(t.agreement.c.id).where(due, true() if among is None else among)
    return list(connection.execute(query.order_by(t.agreement.c.id)).scalars())


def settle_due(
    engine: Engine,
    until: datetime,
    now: datetime,
    *,
    among: ColumnElement[bool] | None = None,
    progress: Callable[[int], None] = lambda _settled: None,
) -> int:
    """Lets everything happen that is due by `until`, effective at its deadline, recorded `now`. Returns the moves.

    `among` is the condition on the agreements, where it is not for all of them."""
    with reading(engine) as connection:
        waiting = agreements_due(connection, until, among)
    moves = 0
    for agreement_id in waiting:
        while True:
            with writing(engine) as connection:
                settled = settle_agreement(connection, agreement_id, until, now)
            moves += settled
            progress(moves)
            if not settled:
                break
    return moves


def settle_agreement(connection: Connection, agreement_id: UUID, until: datetime, now: datetime) -> int:
    """The agreement's earliest due appointments, at most one batch of them. Returns the moves."""
    desk = Desk(connection, now)
    desk.lock((agreement_id,))
    last = connection.execute(
        select(t.appointment.c.next_due_at)
        .where(t.appointment.c.agreement_id == agreement_id, t.appointment.c.next_due_at <= until)
        .order_by(t.appointment.c.next_due_at)
        .offset(BATCH)
        .limit(1)
    ).scalar_one_or_none()
    moves = desk.settle(until if last is None else last, agreement_id=agreement_id)
    desk.flush()
    return moves
