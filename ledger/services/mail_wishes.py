"""What e-mail each person wants: everything that is meant for his roles, but for what he has switched off."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, update

from ledger.domain.mailing import MEANT_FOR, MailKind
from ledger.services.posting import insert_ignoring
from ledger.store import tables as t
from ledger.store.mail import DROPPED, PENDING

wish, cause = t.mail_wish.c, t.mail_cause.c


def kinds_for(roles: Collection[str]) -> tuple[MailKind, ...]:
    """The kinds that are meant for somebody with these roles."""
    return tuple(kind for kind in MailKind if not MEANT_FOR[kind].isdisjoint(roles))


def wanted(connection: Connection, user_id: UUID, roles: Collection[str]) -> dict[MailKind, bool]:
    """Whether the person gets each kind that is meant for him."""
    query = select(wish.kind, wish.wanted).where(wish.user_id == user_id)
    said = {row.kind: row.wanted for row in connection.execute(query)}
    return {kind: said.get(kind.value, True) for kind in kinds_for(roles)}


def choose(connection: Connection, user_id: UUID, kind: MailKind, want: bool, now: datetime) -> None:
    """Switches a kind on or off for a person; what waits to be sent is dropped with it. Once more changes nothing."""
    row = {"user_id": user_id, "kind": kind.value, "wanted": True, "changed_at": now}
    if not want:
        connection.execute(insert_ignoring(connection, t.mail_wish), [row])
        waiting = (cause.user_id == user_id) & (cause.kind == kind.value) & (cause.state == PENDING)
        connection.execute(update(t.mail_cause).where(waiting).values(state=DROPPED, finished_at=now))
    this = (wish.user_id == user_id) & (wish.kind == kind.value) & (wish.wanted != want)
    connection.execute(update(t.mail_wish).where(this).values(wanted=want, changed_at=now))
