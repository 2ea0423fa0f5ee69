"""The test mode: a sandbox of an organisation, with a counterpart, an agreement between them, and a clock.

Owns how a sandbox is made and how its clock goes: with ours, and ahead by what was asked for, never back. Nobody in a
sandbox has a key of the operator, so nothing there is billed; its parties ask the arbiter to decide
as they like. Refuses a clock that would go back or too far.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    bindparam,
    exists,
    insert,
    or_,
    select,
    update,
)

from ledger.domain.errors import Refused, Unknown
from ledger.domain.lifecycle import Party
from ledger.services import access, agreements, announcing, definitions, parties
from ledger.services.access import BUYER, SUPPLIER, IssuedKey
from ledger.services.announced import alive
from ledger.services.commands import Actor
from ledger.services.deadlines import agreements_due, settle_agreement, settle_due
from ledger.store import tables as t
from ledger.store.engine import reading
from ledger.store.types import new_id

FURTHEST: Final = timedelta(days=730)
ACTOR: Final = "sandbox"
ARBITER: Final = Actor("sandbox arbiter", Party.OPERATOR, None)
"""Who decides there, when one of its parties asks for it."""
OTHER: Final = {BUYER: SUPPLIER, SUPPLIER: BUYER}
_SIDES: Final = ("organisation_id", "counterpart_id")

_OWN = (t.sandbox.c.organisation_id == bindparam("own")) | (t.sandbox.c.counterpart_id == bindparam("own"))
_CLOCK = select(t.sandbox.c.advanced).where(_OWN)
_SLUGS = {name: t.organisation.alias(name) for name in ("organisation", "counterpart")}


@dataclass(frozen=True, slots=True)
class Opened:
    """A sandbox with a key for each side, by role."""

    row: RowMapping
    keys: dict[str, IssuedKey]


def now_in(connection: Connection, organisation_id: UUID | None, now: datetime) -> datetime:
    """The time in the sandbox of this organisation; ours where there is none."""
    advanced = connection.execute(_CLOCK, {"own": organisation_id}).scalar_one_or_none()
    return now if advanced is None else now + timedelta(seconds=advanced)


def show(connection: Connection, organisation_id: UUID | None) -> RowMapping:
    """The sandbox of this organisation, with both slugs. Raises `Unknown`."""
    own, other = _SLUGS["organisation"], _SLUGS["counterpart"]
    query = (
        select(t.sandbox, own.c.slug.label("organisation"), own.c.kind, other.c.slug.label("counterpart"))
        .join(own, own.c.id == t.sandbox.c.organisation_id)
        .join(other, other.c.id == t.sandbox.c.counterpart_id)
        .where(_OWN)
    )
    found = connection.execute(query, {"own": organisation_id}).mappings().one_or_none()
    if found is None:
        raise Unknown("there is no sandbox; a live key opens one")
    return found


def open_sandbox(
    connection: Connection,
    who: RowMapping,
    definition: Mapping[str, Any],
    agreement: Mapping[str, Any],
    now: datetime,
) -> Opened:
    """The sandbox of the organisation (`slug`, `kind`, `legal_name`, `time_zone`, `address`), made where there is none,
    and new keys for both of its sides. Two at once make one."""
    organisation = t.organisation.c
    known = connection.execute(select(organisation.id).where(organisation.slug == who["slug"])).scalar_one_or_none()
    own = _made(connection, who, definition, agreement, now) if known is None else known
    row = show(connection, own)
    time = now_in(connection, own, now)
    sides = {row["kind"]: row["organisation_id"], OTHER[row["kind"]]: row["counterpart_id"]}
    keys = {role: access.issue_key(connection, role, side, time, test=True) for role, side in sides.items()}
    return Opened(row, keys)


def _made(
    connection: Connection,
    who: RowMapping,
    definition: Mapping[str, Any],
    agreement: Mapping[str, Any],
    now: datetime,
) -> UUID:
    kept = {name: who[name] for name in ("slug", "kind", "legal_name", "time_zone", "address")}
    own: UUID = parties.create_organisation(connection, kept, now)["id"]
    kind = OTHER[who["kind"]]
    other = {**kept, "slug": f"test-{kind}-{own.hex[-8:]}", "kind": kind, "legal_name": f"Test {kind}"}
    counterpart: UUID = parties.create_organisation(connection, other, now)["id"]
    buyer, supplier = (own, counterpart) if who["kind"] == BUYER else (counterpart, own)
    identity = definitions.create_definition(connection, buyer, dict(definition), now=now)
    definitions.publish(connection, identity, effective_from=now, now=now, actor=ACTOR)
    agreed = agreements.create_agreement(connection, supplier, buyer, dict(agreement), now=now, actor=ACTOR)
    for party in (BUYER, SUPPLIER):
        agreements.accept(connection, agreed, 1, party, at=now, now=now, actor=ACTOR)
    connection.execute(
        insert(t.sandbox).values(
            id=new_id(),
            organisation_id=own,
            counterpart_id=counterpart,
            agreement_id=agreed,
            definition=definition["slug"],
            advanced=0,
            created_at=now,
        )
    )
    return own


def advance(connection: Connection, organisation_id: UUID | None, until: datetime, now: datetime) -> int:
    """Moves the sandbox's clock from `now`, its present time, on to `until`, and lets happen what falls due on the way.

    Returns how much that was. Raises `Refused` for a time that has passed or lies too far ahead.
    """
    row = show(connection, organisation_id)
    if until < now:
        raise Refused.by("to", "clock_goes_forward", "a clock goes forward; this time has passed")
    locked = select(t.sandbox.c.advanced).where(t.sandbox.c.id == row["id"]).with_for_update()
    advanced = connection.execute(locked).scalar_one() + -(-(until - now) // timedelta(seconds=1))
    if timedelta(seconds=advanced) > FURTHEST:
        raise Refused.by("to", "clock_too_far", f"a sandbox's clock is {FURTHEST.days} days ahead at the most")
    connection.execute(update(t.sandbox).where(t.sandbox.c.id == row["id"]).values(advanced=advanced))
    moves = 0
    for agreement_id in agreements_due(connection, until, _between(row["organisation_id"], row["counterpart_id"])):
        while settled := settle_agreement(connection, agreement_id, until, until):
            moves += settled
    return moves


def go_round(engine: Engine, now: datetime, *, full: bool = False) -> int:
    """Settles and announces in every sandbox where somebody wants to be told, by its clock. How much there is to send.

    In the others what is due happens when the clock moves, or somebody looks."""
    own = or_(*(t.webhook_endpoint.c.organisation_id == t.sandbox.c[side] for side in _SIDES))
    with reading(engine) as connection:
        told = connection.execute(select(t.sandbox).where(exists().where(alive(), own))).all()
    made = 0
    for row in told:
        there, sides = now + timedelta(seconds=row.advanced), (row.organisation_id, row.counterpart_id)
        settle_due(engine, there, there, among=_between(*sides))
        made += announcing.announce(engine, there, full=full, sandbox=announcing.Sandboxed(sides, now))
    return made


def _between(*sides: UUID) -> ColumnElement[bool]:
    """The condition on the agreements of a sandbox."""
    return or_(t.agreement.c.buyer_id.in_(sides), t.agreement.c.supplier_id.in_(sides))
