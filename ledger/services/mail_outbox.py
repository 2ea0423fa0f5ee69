"""The e-mails at work: who writes to whom next, and what came of it.

Owns the claim (a lease on everything of one kind that waits for one person, which becomes one mail) and the record of
the attempt. A worker that dies leaves its causes to the next when the lease ends; what was sent and not recorded is
sent again under the same name, by which mailboxes know it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, and_, func, select, update

from ledger.domain.mailing import MailKind
from ledger.domain.retrying import GIVES_UP_AFTER, next_attempt
from ledger.services.access import Principal
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from ledger.store.mail import DROPPED, FAILED, PENDING, SENT
from ledger.store.types import new_id

LEASE: Final = timedelta(minutes=10)
"""Longer than any attempt lasts."""
MOST_CAUSES: Final = 500
LONGEST_ANSWER: Final = 300

cause, user = t.mail_cause.c, t.user_account.c


@dataclass(frozen=True, slots=True)
class Cause:
    """What a mail tells of: a row of the record, or a day, or a mark."""

    source: str
    source_id: UUID
    source_number: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to be written and sent now. `attempt` counts from 1; `name` is the same at every attempt."""

    name: UUID
    kind: MailKind
    user_id: UUID
    causes: tuple[Cause, ...]
    taken_by: UUID
    attempt: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to: `sent`, not needed any more (`dropped`), `refused` for good, or none of them: again."""

    sent: bool = False
    dropped: bool = False
    refused: bool = False
    answer: str | None = None


def is_waiting(engine: Engine, now: datetime) -> bool:
    """Whether anything is due."""
    with reading(engine) as connection:
        query = select(cause.id).where(cause.state == PENDING, cause.due_at <= now).limit(1)
        return connection.execute(query).first() is not None


def claim(engine: Engine, now: datetime) -> Letter | None:
    """Takes what is due for one person of one kind, with what waits beside it; what failed together stays together."""
    with writing(engine) as connection:
        due = select(t.mail_cause).where(cause.state == PENDING, cause.due_at <= now)
        first = connection.execute(
            due.order_by(cause.due_at, cause.id).limit(1).with_for_update(skip_locked=True)
        ).one_or_none()
        if first is None:
            return None
        together = (
            select(t.mail_cause)
            .where(
                cause.user_id == first.user_id,
                cause.kind == first.kind,
                cause.state == PENDING,
                cause.attempts == 0 if first.expires_at is None else cause.expires_at == first.expires_at,
            )
            .order_by(cause.happened_at, cause.id)
            .limit(MOST_CAUSES)
            .with_for_update(skip_locked=True)
        )
        rows = connection.execute(together).all()
        return _taken(connection, first, rows if first in rows else [first, *rows], now)


def _taken(connection: Connection, first: Row[Any], rows: Sequence[Row[Any]], now: datetime) -> Letter:
    mark, expires_at = new_id(), first.expires_at or now + GIVES_UP_AFTER
    attempt = first.attempts + 1
    ids = [row.id for row in rows]
    taken = {"taken_by": mark, "attempts": attempt, "due_at": now + LEASE, "expires_at": expires_at}
    connection.execute(update(t.mail_cause).where(cause.id.in_(ids)).values(taken))
    causes = tuple(Cause(row.source, row.source_id, row.source_number) for row in rows)
    return Letter(first.id, MailKind(first.kind), first.user_id, causes, mark, attempt, expires_at)


def reader(connection: Connection, user_id: UUID) -> Any:
    """Who is written to; None where the person was disabled meanwhile."""
    organisation = t.organisation.c
    zone = func.coalesce(user.time_zone, organisation.time_zone).label("zone")
    query = (
        select(t.user_account, zone, organisation.address)
        .outerjoin(t.organisation, organisation.id == user.organisation_id)
        .where(user.id == user_id, user.disabled_at.is_(None))
    )
    return connection.execute(query).one_or_none()


def record(engine: Engine, letter: Letter, outcome: Outcome, now: datetime, jitter: float) -> None:
    """Writes down what came of it. Where the lease has passed to another worker, it changes nothing."""
    mine = and_(cause.taken_by == letter.taken_by, cause.state == PENDING)
    answer = None if outcome.answer is None else _readable(outcome.answer)
    values: dict[str, Any] = {"answer": answer, "finished_at": now}
    again = next_attempt(letter.attempt, now, letter.expires_at, jitter)
    if outcome.sent or outcome.dropped:
        values["state"] = SENT if outcome.sent else DROPPED
    elif outcome.refused or again is None:
        values["state"] = FAILED
    else:
        values |= {"due_at": again, "finished_at": None}
    with writing(engine) as connection:
        connection.execute(update(t.mail_cause).where(mine).values(values))


def _readable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)[:LONGEST_ANSWER]


def principal_of(person: Any) -> Principal:
    """Whose eyes a mail is written for."""
    return Principal(frozenset(person.roles), person.organisation_id, f"user:{person.id}", user_id=person.id)


def counts(connection: Connection) -> dict[str, int]:
    """How many causes wait, and how many were given up: for whoever watches over it."""
    query = select(cause.state, func.count()).where(cause.state.in_((PENDING, FAILED))).group_by(cause.state)
    found = {row[0]: row[1] for row in connection.execute(query)}
    return {"waiting": found.get(PENDING, 0), "failed": found.get(FAILED, 0)}


def last_failure(connection: Connection, user_id: UUID, since: datetime) -> Any:
    """The newest mail to this person that was given up since then."""
    failed = and_(cause.user_id == user_id, cause.state == FAILED, cause.finished_at >= since)
    query = select(cause.kind, cause.answer, cause.finished_at).where(failed)
    return connection.execute(query.order_by(cause.finished_at.desc()).limit(1)).one_or_none()
