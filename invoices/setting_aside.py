"""Lines of bank statements that concern no document, set aside with a reason and taken back.

Owns the turns: a line that has its payment is not set aside, one that is set aside is not assigned before it is taken
back. Every turn is kept; the last one counts.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select

from ledger.domain.errors import Conflict, IllegalMove, Unknown
from ledger.reports import bank
from ledger.store import tables as t

line, turn = t.bank_line.c, t.bank_line_aside.c


def set_aside(connection: Connection, line_id: UUID, reason: str, *, actor: str, now: datetime) -> None:
    """The line waits no longer. Raises `Unknown`, or `Conflict` for one that has its payment or is set aside."""
    number = _turns(connection, line_id)
    if connection.execute(select(t.payment.c.id).where(t.payment.c.bank_line_id == line_id)).first() is not None:
        raise Conflict("the line has its payment already", code="already_matched")
    if number % 2:
        raise Conflict("the line is set aside already", code="set_aside")
    _turn(connection, line_id, number + 1, reason, actor, now)


def take_back(connection: Connection, line_id: UUID, *, actor: str, now: datetime) -> None:
    """The line waits again. Raises `Unknown`, or `IllegalMove` for one that is not set aside."""
    number = _turns(connection, line_id)
    if number % 2 == 0:
        raise IllegalMove("the line is not set aside", code="not_set_aside")
    _turn(connection, line_id, number + 1, None, actor, now)


def check_waits(connection: Connection, line_id: UUID) -> None:
    """Raises `Conflict` for a line that is set aside."""
    if connection.execute(select(line.id).where(line.id == line_id, bank.is_aside())).first() is not None:
        raise Conflict("the line is set aside; take it back first", code="set_aside")


def _turns(connection: Connection, line_id: UUID) -> int:
    """How often the line was set aside or taken back; it is locked."""
    if connection.execute(select(line.id).where(line.id == line_id).with_for_update()).first() is None:
        raise Unknown("there is no such line")
    query = select(turn.number).where(turn.bank_line_id == line_id).order_by(turn.number.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none() or 0


def _turn(connection: Connection, line_id: UUID, number: int, reason: str | None, actor: str, now: datetime) -> None:
    row = {"bank_line_id": line_id, "number": number, "reason": reason, "recorded_at": now, "actor": actor}
    connection.execute(insert(t.bank_line_aside), row)
