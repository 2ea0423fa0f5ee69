"""A simulation: suppliers, buyers, arbiters, providers and an operator, honest and cheating, by the real commands.

Owns `simulate`: the agenda of each day, the operator's habits, the end when every window is over, and what is told of
it. The story depends on the seed alone: not on the engine, and not on how often the worker runs.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final

from api.simulation import players, providers
from api.simulation.world import ACTOR, START, Subject, Violated, World
from invoices.billing_run import bill
from ledger.domain.calendar import Period
from ledger.services import chain
from ledger.services.deadlines import settle_due

__all__ = ["WORKERS", "Outcome", "Violated", "simulate"]

WORKERS: Final = {"often": 6, "rarely": 0.2, "never": 0}
"""How often a day the operator runs `tick`, by habit."""
DAY: Final = timedelta(days=1)
SUBMISSIONS: Final = 14
TURNS: Final = 34
RACES: Final = 12
"""Turns a day that are played right before, at or right after a deadline."""
REMEMBERED: Final = 160
"""Appointments that players still bother about."""
OFFSETS: Final = (-players.MOMENT, timedelta(0), timedelta(0), players.MOMENT, timedelta(hours=-1), timedelta(hours=1))
LATE_RUN: Final = timedelta(hours=40)
ENDING: Final = 26
"""Weeks after which every window is over at the latest."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened; `violation` says what was wrong, if anything."""

    seed: int
    days: int
    steps: int
    digest: str
    commands: dict[str, int]
    refusals: dict[str, int]
    stages: dict[str, int]
    verifications: int
    violation: Violated | None


def simulate(
    url: str,
    seed: int,
    days: int,
    *,
    worker: str = "rarely",
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Outcome:
    """Plays `days` days in the empty, migrated database at `url`; ends with the first violation, if there is one."""
    world = World.made(url, Random(seed), providers.CONNECTIONS)  # noqa: S311 - the same seed is to tell the same story
    operator = _Operator(world, Random(seed + 1), WORKERS[worker])  # noqa: S311 - likewise
    violation: Violated | None = None
    try:
        for day in range(days):
            _play(world, operator, START + day * DAY)
            progress(day + 1, days)
        _end(world, operator)
    except Violated as found:
        violation = found
    finally:
        world.dispose()
    return Outcome(
        seed,
        days,
        world.step,
        world.digest,
        dict(sorted(world.commands.items())),
        dict(world.refusals.most_common()),
        dict(Counter(subject.shown["stage"] for subject in world.subjects).most_common()),
        world.verifications,
        violation,
    )


Turn = Callable[[], object]


def _play(world: World, operator: "_Operator", day: datetime) -> None:
    """One day: submissions and turns at any time, races about its deadlines, and the operator whenever he likes."""
    random = world.random
    agenda: list[tuple[datetime, int, Turn]] = []

    def at(moment: datetime, turn: Turn) -> None:
        agenda.append((moment, len(agenda), turn))

    known = world.subjects[-REMEMBERED:]
    for _ in range(SUBMISSIONS):
        at(_some_time(random, day), partial(players.submit, world))
    for _ in range(TURNS):
        at(_some_time(random, day), partial(_turn, world))
    instants = [(moment, subject) for subject in known for moment in _instants(subject) if day <= moment < day + DAY]
    for moment, subject in random.sample(instants, min(RACES, len(instants))):
        at(max(day, moment + random.choice(OFFSETS)), partial(players.play, world, subject))
    for moment in operator.hours(day):
        at(moment, operator.tick)
    if day.day == 1:
        at(day + LATE_RUN, operator.bill)
    for moment, _, turn in sorted(agenda, key=lambda entry: entry[:2]):
        world.now = moment
        world.step += 1
        turn()
    world.now = max(world.now, day + DAY - players.MOMENT)
    operator.close_the_day()


def _some_time(random: Random, day: datetime) -> datetime:
    return day + timedelta(seconds=random.randrange(86_400))


def _instants(subject: Subject) -> list[datetime]:
    slot = subject.shown["schedule"]["slots"][-1]
    found = [deadline["at"] for deadline in subject.shown["deadlines"]]
    return [datetime.fromisoformat(at) for at in (*found, slot["starts_at"])]


def _turn(world: World) -> None:
    if world.subjects:
        players.play(world, world.random.choice(world.subjects[-REMEMBERED:]))


def _end(world: World, operator: "_Operator") -> None:
    """Until every window is over: the arbiter gets to everything, every month is billed."""
    for _week in range(ENDING):
        operator.tick()
        for subject in world.subjects:
            if not _is_final(subject) and world.see(subject)["stage"] == "disputed":
                players.conclude(world, subject)
        world.step += 1
        if all(_is_final(subject) for subject in world.subjects):
            break
        _go_on(world, operator, world.now + 7 * DAY)
    _go_on(world, operator, world.now + 32 * DAY)
    for subject in world.subjects:
        world.see(subject)
    world.verify()
    world.check_end()


def _is_final(subject: Subject) -> bool:
    return bool(subject.shown["verdict"]["state"] == "final")


def _go_on(world: World, operator: "_Operator", until: datetime) -> None:
    """With the runs that come in between."""
    month = Period.of(world.now, "UTC").end("UTC")
    if month + LATE_RUN <= until:
        world.now = month + LATE_RUN
        operator.bill()
    world.now = until


class _Operator:
    """Runs `tick` and the billing, often or hardly, once or twice; none of it changes what anybody is owed."""

    def __init__(self, world: World, random: Random, ticks: float) -> None:
        self._world = world
        self._random = random
        self._ticks = ticks

    def hours(self, day: datetime) -> list[datetime]:
        """When he runs `tick` today."""
        whole = int(self._ticks) + (self._random.random() < self._ticks % 1)
        return [_some_time(self._random, day) for _ in range(whole)]

    def tick(self) -> None:
        """Everything reads afterwards as it read before."""
        world = self._world
        known = world.subjects[-REMEMBERED:]
        some = self._random.sample(known, min(8, len(known)))
        for subject in some:
            world.look(subject)
        settle_due(world.engine, world.now, world.now)
        if self._random.random() < 0.5:
            settle_due(world.engine, world.now, world.now)
        chain.extend(world.engine)
        world.check_kept(some, "a tick")
        world.check(*some)

    def bill(self) -> None:
        """The run of the month that is over; a second one brings the same documents."""
        world = self._world
        period = Period.of(world.now, "UTC").previous()
        chain.extend(world.engine)
        result = bill(world.engine, period, now=world.now, actor=ACTOR)
        told = [_document(each) for each in result.documents]
        if self._random.random() < 0.6:
            again = bill(world.engine, period, now=world.now, actor=ACTOR)
            world.require(
                [_document(each) for each in again.documents] == told, f"the run of {period} gave other documents"
            )
        world.commands["bill"] += 1
        world.note("bill", str(period), told, [(each.supplier, each.buyer) for each in result.parked])
        world.verify()
        world.check()

    def close_the_day(self) -> None:
        self._world.verify()


def _document(issued: Any) -> tuple[Any, ...]:
    return (issued.kind, issued.number, issued.line_count, issued.net, issued.tax, issued.gross, issued.due)
