"""What must be true after every step of a simulation, told from the tables and not from the services' own sums.

Owns the cheap checks: one appointment against its events, its accruals and its lines, and one pair's accounts
against all of its appointments. The dear ones are `verify`'s, once a simulated day.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, case, func, select

from ledger.domain.lifecycle import Event, EventKind, replay
from ledger.domain.stage import Stage
from ledger.services import cases
from ledger.store import tables as t
from ledger.store.lookups import line_of_accrual

STAGES: Final = frozenset(stage.value for stage in Stage)
accrual, line, document, account = t.accrual.c, t.document_line.c, t.document.c, t.account.c


def of_appointment(connection: Connection, appointment_id: UUID, shown: dict[str, Any] | None) -> Iterator[str]:
    """What is wrong with one appointment; `shown` is what a party was answered a moment ago."""
    (found,) = cases.load(connection, t.appointment.c.id == appointment_id)
    row = found.state
    event = t.appointment_event.c
    events = connection.execute(
        select(t.appointment_event).where(event.appointment_id == appointment_id).order_by(event.number)
    ).all()
    if [each.number for each in events] != list(range(1, row.version + 1)):
        yield f"version {row.version}, but events {[each.number for each in events]}"
    told = replay(Event(EventKind(each.kind), each.effective_at, each.actor, each.payload) for each in events)
    if _comparable(told) != _comparable(row):
        yield f"its events lead to {told}, the row is {row}"
    if any(later.effective_at < earlier.effective_at for earlier, later in pairwise(events)):
        yield "an event takes effect before the one that came earlier"
    accruals = connection.execute(
        select(accrual.amount, accrual.state, accrual.kind, line.amount.label("on_line"))
        .outerjoin(t.document_line, line_of_accrual())
        .where(accrual.appointment_id == appointment_id)
    ).all()
    standing = sum(each.amount for each in accruals if each.state != "closed")
    held = sum(each.amount for each in accruals if each.state == "held")
    if (standing, held) != (row.amount, row.held):
        yield f"amount {row.amount}, held {row.held}; its accruals come to {standing}, held {held}"
    if not 0 <= row.held <= row.amount <= (row.price or 0):
        yield f"not in order: 0 ≤ held {row.held} ≤ amount {row.amount} ≤ price {row.price}"
    billed = sum(-each.on_line if each.kind == "credit" else each.on_line for each in accruals if each.on_line)
    if not 0 <= billed <= (row.price or 0):
        yield f"{billed} is on documents, the price is {row.price}"
    if row.held and not row.disputed and row.replacement_at is None:
        yield f"{row.held} is held without a dispute or a promise"
    if shown is not None and shown["stage"] not in STAGES:
        yield f"its stage is {shown['stage']!r}"


def _comparable(state: Any) -> Any:
    return state._replace(dispute=None, criteria=dict(state.criteria), claims=dict(state.claims)), bool(state.dispute)


def of_books(connection: Connection) -> Iterator[str]:
    """What is wrong with the accounts: each pair's balances against its appointments, accruals and lines."""
    twice = select(line.accrual_id).group_by(line.accrual_id).having(func.count() > 1)
    if connection.execute(twice).first() is not None:
        yield "an accrual is on two lines"
    pairs = (accrual.supplier_id, accrual.buyer_id, accrual.currency)
    posts_nothing = document.mode == "statement"
    sums = connection.execute(
        select(
            *pairs,
            func.sum(case((accrual.state != "closed", accrual.amount), else_=0)).label("cost"),
            func.sum(case((accrual.state == "held", accrual.amount), else_=0)).label("held"),
            func.sum(
                case(((accrual.state == "open") & (line.accrual_id.is_(None) | posts_nothing), accrual.amount), else_=0)
            ).label("accrued"),
        )
        .outerjoin(t.document_line, line_of_accrual())
        .outerjoin(t.document, document.id == line.document_id)
        .group_by(*pairs)
    ).all()
    balances: dict[tuple[Any, ...], dict[str, int]] = {}
    for row in connection.execute(select(t.account)):
        balances.setdefault((row.supplier_id, row.buyer_id, row.currency), {})[row.kind] = row.balance
    for key, kinds in balances.items():
        if sum(kinds.values()):
            yield f"the accounts of {key} come to {sum(kinds.values())}, not to zero"
    for row in sums:
        kinds = balances.get((row.supplier_id, row.buyer_id, row.currency), {})
        for name, sign in (("cost", 1), ("held", -1), ("accrued", -1)):
            booked, expected = sign * kinds.get(name, 0), getattr(row, name)
            if booked != expected:
                yield f"account {name} of {row.supplier_id} for {row.buyer_id} is {booked}, its accruals say {expected}"


def at_the_end(connection: Connection) -> Iterator[str]:
    """What is wrong once every window is over, every dispute decided and every month billed."""
    appointment = t.appointment.c
    query = select(t.appointment).where(
        (appointment.held != 0) | (appointment.verdict == "pending") | appointment.next_due_at.is_not(None)
    )
    for row in connection.execute(query):
        yield f"{row.reference} is not at its end: verdict {row.verdict}, held {row.held}, due {row.next_due_at}"
    left = connection.execute(
        select(func.count())
        .select_from(t.accrual)
        .outerjoin(t.document_line, line_of_accrual())
        .where(accrual.state == "open", line.accrual_id.is_(None))
    ).scalar_one()
    if left:
        yield f"{left} accruals are on no document after the last run"
