"""P9: one command, a buyer's findings, on a database with 1,000,000 appointments ÷ on one with 10,000.

Both databases are there at the same time and take turns, each command in a transaction of its own that is committed.
Arguments: how many appointments the large and the small one have, and which engines.
"""

import json
import sys
import time
from datetime import timedelta
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select

from bench._databases import ENGINES, Databases, databases
from bench._submitted import submitted, times
from ledger.domain.lifecycle import Finding, Party
from ledger.domain.outcome import Findings
from ledger.services import commands
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.store import tables as t
from ledger.store.engine import writing

COMMANDS = 200
WARM_UP = 20


def some(engine: Engine) -> list[tuple[UUID, UUID]]:
    """Appointments spread over the whole table, each with its buyer."""
    appointment = t.appointment.c
    with engine.connect() as connection:
        every = list(connection.execute(select(appointment.id, appointment.buyer_id).order_by(appointment.id)))
    step = len(every) // (COMMANDS + WARM_UP)
    return [(row.id, row.buyer_id) for row in every[:: max(step, 1)][: COMMANDS + WARM_UP]]


def find(engine: Engine, identity: UUID, buyer_id: UUID, at: Any) -> float:
    """Milliseconds that the command takes, committed."""
    actor = Actor("bench", Party.BUYER, buyer_id)
    started = time.perf_counter()
    with writing(engine) as connection:
        desk = Desk(connection, at)
        case = commands.in_hand(desk, identity, actor, at)
        commands.give_findings(desk, case, Findings(Finding.ATTENDED), actor, at)
        desk.flush()
    return (time.perf_counter() - started) * 1000


def measure(made: Databases, name: str, large: int, small: int) -> dict[str, Any]:
    engines = [submitted(made.make(name), rows) for rows in (large, small)]
    wanted = [some(engine) for engine in engines]
    at = [times(engine).starts_at + timedelta(hours=1) for engine in engines]
    taken: list[list[float]] = [[], []]
    for each in zip(*wanted, strict=True):
        for side, (identity, buyer_id) in enumerate(each):
            taken[side].append(find(engines[side], identity, buyer_id, at[side]))
    for engine in engines:
        engine.dispose()
    many, few = (median(found[WARM_UP:]) for found in taken)
    return {
        "id": f"P9 {name}",
        "ratio": round(many / few, 2),
        "goal": "<= 1.3",
        "absolute": {"appointments": large, "large ms": round(many, 2), "small ms": round(few, 2)},
    }


def main(large: int, small: int, *engines: str) -> None:
    with databases() as made:
        for name in engines or ENGINES:
            print(json.dumps(measure(made, name, large, small)), flush=True)


if __name__ == "__main__":
    large, small = map(int, sys.argv[1:3] or (1_000_000, 10_000))
    main(large, small, *sys.argv[3:])
