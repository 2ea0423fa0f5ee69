"""Commands from a page: who acts, in one transaction; on an appointment with what is due settled first.

Owns that a refusal (which keeps such a settlement) comes back as a value, to be shown beside the form that was sent,
and that a command is tried again where another one stood in its way.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection

from api.databases import database
from api.web.sessions import person
from ledger.domain.errors import Refusal
from ledger.domain.lifecycle import Party
from ledger.services import Kept, commands, keeping
from ledger.services.access import Principal
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.store.engine import Contended, writing

ATTEMPTS = 4
Done = TypeVar("Done")
Act = Callable[[Desk, Case, datetime], None]
Take = Callable[[Desk, UUID, Actor, datetime], Case]


def actor_of(principal: Principal) -> Actor:
    """Who commands or would, as the services name it."""
    if principal.is_operator or principal.party is None:
        return Actor(principal.actor, Party.OPERATOR, None)
    return Actor(principal.actor, Party(principal.party), principal.organisation_id)


def refusal_of(
    identity: UUID, act: Act, clock: Callable[[], datetime], take: Take = commands.in_hand
) -> Refusal | None:
    """Acts on what `take` finds under the id; what refuses it."""
    return _tried(lambda: _acted(identity, act, clock(), take))


def refusal_to(work: Callable[[Connection], object]) -> Refusal | None:
    """Does the work in one transaction; what refuses it, and undoes it."""
    came = outcome_of(work)
    return came if isinstance(came, Refusal) else None


def outcome_of(work: Callable[[Connection], Done]) -> Done | Refusal:
    """Does the work in one transaction; what came of it, or what refuses and undoes it."""
    return _tried(lambda: _worked(work))


def _tried(attempted: Callable[[], Done]) -> Done:
    for attempt in range(ATTEMPTS):
        try:
            return attempted()
        except Contended:
            if attempt + 1 == ATTEMPTS:
                raise
    raise AssertionError("the last attempt ends or raises")


def _worked(work: Callable[[Connection], Done]) -> Done | Refusal:
    try:
        with writing(database().engine) as connection:
            return work(connection)
    except Refusal as refusal:
        return refusal


def _acted(identity: UUID, act: Act, now: datetime, take: Take) -> Refusal | None:
    with writing(database().engine) as connection:
        desk = Desk(connection, now)
        case = take(desk, identity, actor_of(person().principal), now)
        try:
            with keeping(desk.flush):
                act(desk, case, now)
            desk.flush()
        except Kept as kept:
            return kept.refusal
    return None
