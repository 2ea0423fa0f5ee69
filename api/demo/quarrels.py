"""The quarrels of the demonstration: verdicts contested by suppliers, amounts claimed back by buyers, and how they end.

Owns which appointments are quarrelled about and what both sides and the arbiter say. Those near the end of the story
are still open when it ends.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ledger.domain.disputes import Position, open_dispute
from ledger.domain.lifecycle import CriterionFinding, Finding, Party
from ledger.domain.outcome import Findings
from ledger.services import disputes
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.desk import Desk

CONTESTED: Final = "contested"
CLAWED_BACK: Final = "clawed_back"
PLOTS: Final = (CONTESTED, CLAWED_BACK)
ARBITER: Final = Actor("demo:arbiter", Party.OPERATOR, None)

Act = Callable[[Desk, Case, Actor, datetime], object]
Move = tuple[datetime, Party, Act]
"""When, whose, and what."""


def plot_of(index: int) -> str | None:
    """Every thirteenth verdict is contested, every seventeenth amount claimed back."""
    if index % 13 == 5:
        return CONTESTED
    return CLAWED_BACK if index % 17 == 3 else None


def contested(found_at: datetime, index: int, ends_at: datetime) -> list[Move]:
    """The buyer refuted a requirement; the supplier says that it was met. Nobody gives in shortly before the end."""
    opened = found_at + timedelta(hours=20)
    replied, decided = opened + timedelta(days=2), opened + timedelta(days=9)
    said = "The recording has it from minute three: he decides himself."
    moves = [(opened, Party.SUPPLIER, _open("criterion_met", Findings(Finding.ATTENDED), said))]
    if index % 2 and decided <= ends_at:
        moves.append((replied, Party.BUYER, _reply(Position.CONCEDE, "We listened again: you are right.")))
    else:
        moves.append((replied, Party.BUYER, _reply(Position.CONTEST, "He asked us to call somebody else.")))
        share = _decide(5_000, "The recording supports both sides: he decides together with his partner.")
        moves.append((decided, Party.OPERATOR, share))
    return moves


def clawed_back(found_at: datetime, month_end: datetime, required: str) -> list[Move]:
    """After the invoice the buyer finds out that it was somebody else."""
    claimed = max(found_at + timedelta(days=2), month_end + timedelta(days=4))
    refuted = Findings(Finding.ATTENDED, criteria={required: CriterionFinding.REFUTED})
    said = "The contract came back: the person we met does not work there any more."
    return [
        (claimed, Party.BUYER, _open("wrong_person", refuted, said)),
        (
            claimed + timedelta(days=2),
            Party.SUPPLIER,
            _reply(Position.CONCEDE, "Our caller confirms it. We are sorry."),
        ),
    ]


def _open(reason: str, claim: Findings, message: str) -> Act:
    return lambda desk, case, actor, at: disputes.open_dispute(desk, case, reason, claim, message, actor, at)


def _reply(position: Position, message: str) -> Act:
    return lambda desk, case, actor, at: disputes.reply(desk, case, _which(case), position, message, actor, at)


def _decide(share: int, reason: str) -> Act:
    return lambda desk, case, actor, at: disputes.decide(desk, case, _which(case), share, reason, actor, at)


def _which(case: Case) -> UUID:
    return UUID(open_dispute(case.state)["dispute"])
