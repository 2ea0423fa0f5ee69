"""What an independent account says about the market's Tuesday meeting, for tests: stays, logs, and how they come in."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ledger.domain.lifecycle import Party
from ledger.services import commands
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.store.engine import writing
from tests.services.market import TUESDAY, Market

ARBITER = Actor("arbiter", Party.OPERATOR, None)
Said = Mapping[str, Any]


def at(minute: float) -> datetime:
    return TUESDAY + timedelta(minutes=minute)


def stay(side: str, since: float, until: float) -> list[Said]:
    who = {"side": side, "participant": f"{side}-1", "session": "uuid-1"}
    ends = (("joined", since), ("left", until))
    return [{"what": what, "at": at(minute).isoformat(), **who} for what, minute in ends]


def log(since: float, until: float) -> Said:
    return {"what": "log", "session": "uuid-1", "from": at(since).isoformat(), "until": at(until).isoformat()}


TWENTY_TWO_MINUTES: list[Said] = [*stay("prospect", 0, 24), *stay("buyer", 2, 26), log(0, 26)]
PROSPECT_WAITED: list[Said] = [*stay("prospect", 0, 12), log(0, 12)]


def show(
    house: Market,
    identity: UUID,
    said: Sequence[Said],
    received_at: datetime,
    grade: str = "A",
    *,
    weighed: bool = True,
) -> None:
    """Evidence of the operator's own account, as it comes in; not `weighed`: without the effect that it must have."""
    with writing(house.engine) as connection:
        desk = Desk(connection, received_at)
        case = commands.in_hand(desk, identity, ARBITER, received_at)
        for each in said:
            commands.keep_evidence(
                desk, case, received_at, kind="zoom", party=Party.OPERATOR, actor=ARBITER.name, occurred_at=TUESDAY,
                content=b"{}", media_type="application/json", said=each, grade=grade, verified=True,
            )  # fmt: skip
        if grade == "A" and weighed:
            commands.weigh(desk, case, received_at)
        desk.flush()
