"""P9: one command on a database with 1,000,000 appointments ÷ on one with 10,000, for each kind of command.

Both databases are there at the same time and take turns, each command in a transaction of its own that is committed.
Submissions and deliveries go through the whole application, the others through the services that it calls. The ratio
is the worst of all. Arguments: how many appointments the large and the small one have, and which engines.
"""

import base64
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select

from api import create_app
from api.units import CLOCK
from bench._databases import ENGINES, Databases, databases
from bench._serving import SECRET, submission
from bench._submitted import submitted, times
from ledger.domain.disputes import Position
from ledger.domain.lifecycle import Finding, Party, Slot
from ledger.domain.outcome import Findings
from ledger.domain.signatures import Provider
from ledger.services import access, commands, connections, disputes
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.store import tables as t
from ledger.store.engine import writing

COMMANDS = 100
CLAWBACKS = 10
"""As many as the month's return cap lets through, with those that warm up."""
WARM_UP = 10
ARBITER = Actor("arbiter", Party.OPERATOR, None)
SIGNING_KEY = b"a key for as long as it is measured"
WEBHOOK_SECRET = f"whsec_{base64.b64encode(SIGNING_KEY).decode()}"
Act = Callable[[Desk, Case, datetime], object]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two databases: its engine, application and key, and appointments spread over the whole table."""

    engine: Engine
    client: Any
    key: str
    identities: list[UUID]
    starts_at: datetime
    numbers: Iterator[int]

    @classmethod
    def made(cls, url: str, rows: int, wanted: int) -> "Side":
        engine = submitted(url, rows)
        starts_at = times(engine).starts_at
        app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
        with writing(engine) as connection:
            rooms = (connection, "rooms", Provider.STANDARD_WEBHOOKS, None, WEBHOOK_SECRET, SECRET)
            connections.create(*rooms, datetime.now(UTC), "bench")
            supplier_id = connection.execute(select(t.appointment.c.supplier_id).limit(1)).scalar_one()
            key = access.issue_key(connection, "supplier", supplier_id, datetime.now(UTC)).secret
            every = connection.execute(select(t.appointment.c.id).order_by(t.appointment.c.id)).scalars().all()
        spread = list(every[:: max(1, len(every) // wanted)])
        return cls(engine, app.test_client(), key, spread[:wanted], starts_at, count(rows))


def of(case: Case, party: Party) -> Actor:
    return Actor("bench", party, case.pinned.buyer_id if party is Party.BUYER else case.pinned.supplier_id)


def reschedule(desk: Desk, case: Case, at: datetime) -> None:
    slot, day = case.state.slot, timedelta(days=1)
    moved = Slot(slot.starts_at + day, slot.ends_at + day)
    commands.reschedule(desk, case, moved, Party.PROSPECT, of(case, Party.SUPPLIER), at, "")


def cancel(desk: Desk, case: Case, at: datetime) -> None:
    commands.cancel(desk, case, Party.BUYER, of(case, Party.BUYER), at, "")


def find(desk: Desk, case: Case, at: datetime, *, finding: Finding = Finding.ATTENDED) -> None:
    commands.give_findings(desk, case, Findings(finding), of(case, Party.BUYER), at)


def claw_back(desk: Desk, case: Case, at: datetime) -> None:
    actor, claim = of(case, Party.BUYER), Findings(Finding.SUPPLIER_FAULT)
    disputes.open_dispute(desk, case, "wrong_person", claim, None, actor, at)


def show(desk: Desk, case: Case, at: datetime) -> None:
    actor = of(case, Party.SUPPLIER)
    commands.add_evidence(
        desk, case, actor, at, kind="recording", occurred_at=at, content=b"{}", media_type="application/json"
    )


def contest(desk: Desk, case: Case, at: datetime) -> None:
    actor, claim = of(case, Party.SUPPLIER), Findings(Finding.ATTENDED)
    disputes.open_dispute(desk, case, "attended_after_all", claim, None, actor, at)


def reply(desk: Desk, case: Case, at: datetime) -> None:
    disputes.reply(desk, case, _open(case), Position.CONTEST, None, of(case, Party.BUYER), at)


def decide(desk: Desk, case: Case, at: datetime) -> None:
    disputes.decide(desk, case, _open(case), Findings(Finding.ATTENDED), "It was so.", ARBITER, at)


def _open(case: Case) -> UUID:
    assert case.state.dispute is not None
    return UUID(case.state.dispute["dispute"])


def command(side: Side, identity: UUID, act: Act, at: datetime) -> None:
    with writing(side.engine) as connection:
        desk = Desk(connection, at)
        case = commands.in_hand(desk, identity, ARBITER, at)
        act(desk, case, at)
        desk.flush()


def submit(side: Side, _identity: UUID, at: datetime) -> None:
    side.client.application.extensions[CLOCK] = lambda: at
    body = submission(next(side.numbers), at)
    headers = {"Authorization": f"Bearer {side.key}"}
    answer = side.client.post("/v1/appointments", json=body, headers=headers)
    assert answer.status_code == 201, answer.get_data(as_text=True)


def deliver(side: Side, identity: UUID, at: datetime) -> None:
    side.client.application.extensions[CLOCK] = lambda: at
    since, until = (at - timedelta(minutes=each) for each in (30, 0))
    present = [{"side": each, "joined_at": since.isoformat()} for each in ("prospect", "buyer")]
    data = {
        "appointment": str(identity),
        "participants": present,
        "from": since.isoformat(),
        "until": until.isoformat(),
    }
    body, name = json.dumps({"type": "presence", "data": data}), f"msg_{identity}"
    stamp = str(int(at.timestamp()))
    mark = base64.b64encode(hmac.digest(SIGNING_KEY, f"{name}.{stamp}.{body}".encode(), hashlib.sha256)).decode()
    signed = {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": f"v1,{mark}"}
    headers = {**signed, "content-type": "application/json"}
    answer = side.client.post("/hooks/rooms", data=body, headers=headers)
    assert answer.status_code == 204, answer.get_data(as_text=True)


def timed(act: Callable[[], object]) -> float:
    """Milliseconds that it takes, committed."""
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def measure(made: Databases, name: str, large: int, small: int) -> dict[str, Any]:
    many = COMMANDS + WARM_UP
    sides = [Side.made(made.make(name), rows, 6 * many) for rows in (large, small)]
    early, late = timedelta(days=-1), timedelta(hours=1)
    absent = partial(find, finding=Finding.SUPPLIER_FAULT)
    plan: list[tuple[str, Callable[..., object], int, timedelta, int]] = [
        ("submit", submit, 0, early, many),
        ("cancel", partial(command, act=cancel), 1, early, many),
        ("reschedule", partial(command, act=reschedule), 2, early, many),
        ("find", partial(command, act=find), 3, late, many),
        ("claw back", partial(command, act=claw_back), 3, late, CLAWBACKS + WARM_UP),
        ("find absent", partial(command, act=absent), 4, late, many),
        ("show", partial(command, act=show), 4, late, many),
        ("contest", partial(command, act=contest), 4, late, many),
        ("reply", partial(command, act=reply), 4, late, many),
        ("decide", partial(command, act=decide), 4, late, many),
        ("deliver", deliver, 5, late, many),
    ]
    told: dict[str, list[float]] = {}
    for what, act, part, when, how_many in plan:
        taken: list[list[float]] = [[], []]
        for number in range(how_many):
            for which, side in enumerate(sides):
                identity = side.identities[part * many + number]
                taken[which].append(timed(partial(act, side, identity, at=side.starts_at + when)))
        told[what] = [round(median(found[WARM_UP:]), 2) for found in taken]
    for side in sides:
        side.engine.dispose()
    return {
        "id": f"P9 {name}",
        "ratio": round(max(most / few for most, few in told.values()), 2),
        "goal": "<= 1.3",
        "absolute": {"appointments": large, **{f"{what}, large and small ms": both for what, both in told.items()}},
    }


def main(large: int, small: int, *engines: str) -> None:
    with databases() as made:
        for name in engines or ENGINES:
            print(json.dumps(measure(made, name, large, small)), flush=True)


if __name__ == "__main__":
    large, small = map(int, sys.argv[1:3] or (1_000_000, 10_000))
    main(large, small, *sys.argv[3:])
