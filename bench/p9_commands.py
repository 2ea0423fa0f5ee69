"""P9: one command, a buyer's findings or his clawback, on a database with 1,000,000 appointments ÷ on one with 10,000.

Both databases are there at the same time and take turns, each command in a transaction of its own that is committed.
Arguments: how many appointments the large and the small one have, and which engines.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select

from bench._databases import ENGINES, Databases, databases
from bench._submitted import submitted, times
from ledger.domain.lifecycle import Finding, Party
from ledger.domain.outcome import Findings
from ledger.services import commands, disputes
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.store import tables as t
from ledger.store.engine import writing

COMMANDS = 280
CLAWBACKS = 20
"""As many as the month's return cap lets through, with those that warm up."""
WARM_UP = 20


def some(engine: Engine) -> list[tuple[UUID, UUID]]:
    """Appointments spread over the whole table, each with its buyer."""
    appointment = t.appointment.c
    with engine.connect() as connection:
        every = list(connection.execute(select(appointment.id, appointment.buyer_id).order_by(appointment.id)))
    step = len(every) // (COMMANDS + WARM_UP)
    return [(row.id, row.buyer_id) for row in every[:: max(step, 1)][: COMMANDS + WARM_UP]]


Act = Callable[[Desk, Case, Actor, datetime], object]


def find(desk: Desk, case: Case, actor: Actor, at: datetime) -> None:
    commands.give_findings(desk, case, Findings(Finding.ATTENDED), actor, at)


def claw_back(desk: Desk, case: Case, actor: Actor, at: datetime) -> None:
    disputes.open_dispute(desk, case, "wrong_person", Findings(Finding.SUPPLIER_FAULT), None, actor, at)


def timed(engine: Engine, identity: UUID, buyer_id: UUID, at: datetime, act: Act) -> float:
    """Milliseconds that the command takes, committed."""
    actor = Actor("bench", Party.BUYER, buyer_id)
    started = time.perf_counter()
    with writing(engine) as connection:
        desk = Desk(connection, at)
        case = commands.in_hand(desk, identity, actor, at)
        act(desk, case, actor, at)
        desk.flush()
    return (time.perf_counter() - started) * 1000


def measure(made: Databases, name: str, large: int, small: int) -> dict[str, Any]:
    engines = [submitted(made.make(name), rows) for rows in (large, small)]
    wanted = [some(engine) for engine in engines]
    at = [times(engine).starts_at + timedelta(hours=1) for engine in engines]
    told: dict[str, list[float]] = {}
    for act, how_many in ((find, COMMANDS + WARM_UP), (claw_back, CLAWBACKS + WARM_UP)):
        taken: list[list[float]] = [[], []]
        for each in list(zip(*wanted, strict=True))[:how_many]:
            for side, (identity, buyer_id) in enumerate(each):
                taken[side].append(timed(engines[side], identity, buyer_id, at[side], act))
        told[act.__name__] = [round(median(found[WARM_UP:]), 2) for found in taken]
    for engine in engines:
        engine.dispose()
    return {
        "id": f"P9 {name}",
        "ratio": round(max(many / few for many, few in told.values()), 2),
        "goal": "<= 1.3",
        "absolute": {"appointments": large, **{f"{name}, large and small ms": both for name, both in told.items()}},
    }


def main(large: int, small: int, *engines: str) -> None:
    with databases() as made:
        for name in engines or ENGINES:
            print(json.dumps(measure(made, name, large, small)), flush=True)


if __name__ == "__main__":
    large, small = map(int, sys.argv[1:3] or (1_000_000, 10_000))
    main(large, small, *sys.argv[3:])
