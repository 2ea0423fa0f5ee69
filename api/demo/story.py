"""Three months in the life of the demonstration, told command by command through the services, each at its time.

Owns what happens to each appointment: who comes, who does not, who cancels, what the buyer finds. The same `now` tells
the same story. Commands that would lie after `now` are left out, so that the story ends in the middle of everything.
"""

import heapq
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from api.demo import cast, closing, quarrels
from ledger.domain.calendar import Period, deadline, from_local, is_working_day, local_date
from ledger.domain.errors import Refusal
from ledger.domain.intake import Company, ConsentGiven, Prospect, Submission
from ledger.domain.lifecycle import CriterionFinding, Finding, Party, Slot
from ledger.domain.outcome import Findings
from ledger.domain.terms import Span, Unit
from ledger.services import commands, contracts
from ledger.services.commands import Actor
from ledger.services.contracts import Timeline
from ledger.services.desk import Desk
from ledger.services.intake import IntakeDesk, Taken

Command = Callable[["Stage", datetime], None]

PLOTS = {
    "attended": 52,
    "bonus_refuted": 5,
    "silent": 8,
    "cut_short": 4,
    "disqualified": 4,
    "prospect_no_show": 8,
    "rebooked": 3,
    "buyer_no_show": 2,
    "rescheduled": 4,
    "cancelled_by_prospect": 4,
    "cancelled_by_buyer_late": 3,
    "cancelled_by_supplier": 3,
}
"""How often each of a hundred appointments goes this way."""
LAST_DAYS = (
    (timedelta(days=10), timedelta(days=5), ("prospect_no_show", quarrels.CONTESTED, "disqualified")),
    (timedelta(days=5), timedelta(), ("found_today", "silent")),
)
"""What the appointments of these days do in turn, so that much is still open at the end."""
PLACES = {"GB": ("Europe/London", "GB-ENG"), "DE": ("Europe/Berlin", "DE")}
"""The zone and the calendar of a country's working days."""
SATURDAY = 5
SHORT_OF = 6
"""In a hundred submissions, how many the terms refuse."""


@dataclass(frozen=True, slots=True)
class Troupe:
    """One agreement and how busy it is."""

    supplier: str
    buyer: str
    country: str
    appointments: int


TROUPES = (
    Troupe("acme-calls", "north-bank", "GB", 105),
    Troupe("beta-leads", "north-bank", "GB", 70),
    Troupe("rheinruf", "sonnenwerk", "DE", 80),
    Troupe("solarkontakt", "sonnenwerk", "DE", 55),
)


@dataclass
class Stage:
    """A stretch of the story inside one transaction: a desk, and who is who."""

    connection: Connection
    secret: bytes
    timelines: dict[tuple[str, str], Timeline]
    desk: Desk

    def submit(self, troupe: Troupe, submission: Submission, at: datetime) -> UUID | None:
        timeline = self.timelines[troupe.supplier, troupe.buyer]
        self.turn_to(at)
        pinned = contracts.counting(self.connection, timeline, at)
        intake = IntakeDesk(self.desk, self.secret, {timeline.buyer_id: timeline.buyer_country})
        digests = intake.digests(timeline.buyer_id, submission.prospect)
        intake.prefetch([(pinned, submission.reference, digests)], at)
        result = intake.submit(pinned, submission, at, f"demo:{troupe.supplier}", digests=digests)
        self.desk.flush()
        return result.case.id if isinstance(result, Taken) else None

    def turn_to(self, at: datetime) -> None:
        """A fresh desk, on which everything is recorded at `at`."""
        self.desk = Desk(self.connection, at)

    def actor(self, troupe: Troupe, party: Party) -> Actor:
        if party is Party.OPERATOR:
            return quarrels.ARBITER
        timeline = self.timelines[troupe.supplier, troupe.buyer]
        if party is Party.SUPPLIER:
            return Actor(f"demo:{troupe.supplier}", party, timeline.supplier_id)
        return Actor(f"demo:{troupe.buyer}", party, timeline.buyer_id)


@dataclass(frozen=True)
class Tale:
    """What becomes of one appointment. `ends_at` is when the story ends."""

    troupe: Troupe
    reference: str
    index: int
    plot: str
    submitted_at: datetime
    submission: Submission
    random: Random
    bonus: str
    required: str
    ends_at: datetime
    identity: list[UUID] = field(default_factory=list)

    def begin(self, stage: Stage, at: datetime) -> None:
        found = stage.submit(self.troupe, self.submission, at)
        if found is not None:
            self.identity.append(found)

    def steps(self) -> list[tuple[datetime, Command]]:
        """Every command with its time, the submission first."""
        slot = self.submission.slot
        told: list[tuple[datetime, Command]] = [(self.submitted_at, self.begin)]
        after = slot.ends_at + timedelta(minutes=self.random.randint(10, 26 * 60))
        before = slot.starts_at - timedelta(hours=self.random.randint(2, 20))
        match self.plot:
            case "silent":
                pass
            case "cancelled_by_prospect":
                told.append((before, self._cancel(Party.PROSPECT, Party.BUYER)))
            case "cancelled_by_buyer_late":
                told.append((before, self._cancel(Party.BUYER, Party.BUYER)))
            case "cancelled_by_supplier":
                told.append((before, self._cancel(Party.SUPPLIER, Party.SUPPLIER)))
            case "rescheduled":
                later = _moved(slot, 2)
                told.append((before, self._reschedule(later)))
                told.append((later.ends_at + timedelta(minutes=40), self._find(Finding.ATTENDED)))
            case "prospect_no_show" | "rebooked":
                told += self._missed(slot)
            case "found_today":
                told.append((self.ends_at - timedelta(minutes=50), self._find(Finding.ATTENDED, minutes=27)))
            case quarrels.CONTESTED:
                told.append((after, self._find(Finding.ATTENDED, criteria={self.required: CriterionFinding.REFUTED})))
                told += self._quarrel(quarrels.contested(after, self.index, self.ends_at))
            case quarrels.CLAWED_BACK:
                told.append((after, self._find(Finding.ATTENDED, minutes=24)))
                month_end = Period.of(after, "UTC").end("UTC")
                told += self._quarrel(quarrels.clawed_back(after, month_end, self.required))
            case _:
                told.append((after, self._found()))
        return told

    def _quarrel(self, moves: list[quarrels.Move]) -> list[tuple[datetime, Command]]:
        def command(party: Party, act: quarrels.Act) -> Command:
            def run(stage: Stage, at: datetime) -> None:
                actor = stage.actor(self.troupe, party)
                case = commands.in_hand(stage.desk, self.identity[0], actor, at)
                act(stage.desk, case, actor, at)

            return self._command(run)

        return [(at, command(party, act)) for at, party, act in moves]

    def _found(self) -> Command:
        refuted = CriterionFinding.REFUTED
        match self.plot:
            case "cut_short":
                return self._find(Finding.ATTENDED, minutes=self.random.randint(4, 12))
            case "disqualified":
                return self._find(Finding.ATTENDED, criteria={self.required: refuted})
            case "bonus_refuted":
                return self._find(Finding.ATTENDED, criteria={self.bonus: refuted})
            case "buyer_no_show":
                return self._find(Finding.BUYER_NO_SHOW)
        return self._find(Finding.ATTENDED, minutes=self.random.randint(21, 55))

    def _missed(self, slot: Slot) -> list[tuple[datetime, Command]]:
        """Two calls, the no-show, and perhaps another slot a week later."""
        start = slot.starts_at
        told: list[tuple[datetime, Command]] = [(start + timedelta(minutes=minutes), self._call) for minutes in (4, 9)]
        told.append((start + timedelta(minutes=35), self._find(Finding.PROSPECT_NO_SHOW)))
        if self.plot == "rebooked":
            again = _moved(slot, 4)
            told.append((start + timedelta(hours=22), self._reschedule(again)))
            told.append((again.ends_at + timedelta(minutes=50), self._find(Finding.ATTENDED)))
        return told

    def _find(
        self,
        attendance: Finding,
        *,
        minutes: int | None = None,
        criteria: dict[str, CriterionFinding] | None = None,
    ) -> Command:
        def give(stage: Stage, at: datetime) -> None:
            actor = stage.actor(self.troupe, Party.BUYER)
            case = commands.in_hand(stage.desk, self.identity[0], actor, at)
            commands.give_findings(stage.desk, case, Findings(attendance, minutes, criteria), actor, at)

        return self._command(give)

    def _call(self, stage: Stage, at: datetime) -> None:
        if not self.identity:
            return
        actor = stage.actor(self.troupe, Party.BUYER)
        stage.turn_to(at)
        case = commands.in_hand(stage.desk, self.identity[0], actor, at)
        commands.add_evidence(
            stage.desk,
            case,
            actor,
            at,
            kind=commands.CONTACT_ATTEMPT,
            occurred_at=at,
            content=b"Called, nobody answered.",
            media_type="text/plain",
        )
        stage.desk.flush()

    def _cancel(self, by: Party, stated_by: Party) -> Command:
        def cancel(stage: Stage, at: datetime) -> None:
            actor = stage.actor(self.troupe, stated_by)
            case = commands.in_hand(stage.desk, self.identity[0], actor, at)
            commands.cancel(stage.desk, case, by, actor, at, "Something else came up.")

        return self._command(cancel)

    def _reschedule(self, slot: Slot) -> Command:
        def move(stage: Stage, at: datetime) -> None:
            actor = stage.actor(self.troupe, Party.SUPPLIER)
            case = commands.in_hand(stage.desk, self.identity[0], actor, at)
            commands.reschedule(stage.desk, case, slot, Party.PROSPECT, actor, at, "Another day suits better.")

        return self._command(move)

    def _command(self, act: Command) -> Command:
        """For an appointment that was taken; one that was refused has no further story."""

        def run(stage: Stage, at: datetime) -> None:
            if self.identity:
                stage.turn_to(at)
                with suppress(Refusal):  # the terms say no to some, as they do in life
                    act(stage, at)
                stage.desk.flush()

        return run


def _moved(slot: Slot, days: int) -> Slot:
    """The same time of day, so many days later, or on the Monday after."""
    later = slot.starts_at + timedelta(days=days)
    shift = timedelta(days=days + max(0, 7 - later.weekday()) * (later.weekday() >= SATURDAY))
    return Slot(slot.starts_at + shift, slot.ends_at + shift)


def script(start: datetime, now: datetime) -> list[tuple[datetime, Command]]:
    """Everything that happens until `now`, in the order of time."""
    steps: list[tuple[datetime, int, Command]] = []
    for tale in tales(start, now):
        for at, command in tale.steps():
            if start < at <= now:
                heapq.heappush(steps, (at, len(steps), command))
    return [(at, command) for at, _, command in (heapq.heappop(steps) for _ in range(len(steps)))]


def tales(start: datetime, now: datetime) -> Iterator[Tale]:
    """What becomes of every appointment: those of the months, and those that are open at the end."""
    random = Random(20_251)  # noqa: S311 - the same story every time
    numbers = dict.fromkeys(("GB", "DE"), 0)
    for troupe in TROUPES:
        zone, calendar = PLACES[troupe.country]
        days = _working_days(start, now, zone, calendar)
        for index in range(troupe.appointments):
            day = days[index * len(days) // troupe.appointments]
            submitted_at, starts_at = _times(random, day, zone, calendar)
            short = random.randrange(100) < SHORT_OF
            plot = _plot(random, index, starts_at, now)
            yield _tale(troupe, random, index, plot, submitted_at, starts_at, numbers, now, short=short)
        yield from ends(troupe, random, numbers, now)


def ends(troupe: Troupe, random: Random, numbers: dict[str, int], now: datetime) -> Iterator[Tale]:
    """One appointment for everything that is open at the end."""
    scenes = closing.scenes(now, *PLACES[troupe.country])
    for index, (plot, submitted_at, starts_at) in enumerate(scenes, troupe.appointments):
        yield _tale(troupe, random, index, plot, submitted_at, starts_at, numbers, now, short=False)


def _working_days(start: datetime, now: datetime, zone: str, calendar: str) -> list[date]:
    first, last = local_date(start, zone) + timedelta(days=1), local_date(now, zone)
    every = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in every if is_working_day(day, calendar)]


def _times(random: Random, day: date, zone: str, calendar: str) -> tuple[datetime, datetime]:
    """When it is submitted on that day, and when its slot begins some days later."""
    submitted_at = from_local(datetime.combine(day, time(random.randint(8, 16), random.randint(0, 59))), zone)
    slot_day = local_date(deadline(submitted_at, Span(Unit.BUSINESS_DAYS, random.randint(2, 6)), zone, calendar), zone)
    return submitted_at, from_local(
        datetime.combine(slot_day, time(random.randint(9, 16), random.choice((0, 30)))), zone
    )


def _plot(random: Random, index: int, starts_at: datetime, now: datetime) -> str:
    plot = quarrels.plot_of(index) or random.choices(list(PLOTS), weights=list(PLOTS.values()))[0]
    for since, until, plots in LAST_DAYS:
        if now - since < starts_at < now - until:
            return plots[index % len(plots)]
    return plot


def _tale(
    troupe: Troupe,
    random: Random,
    index: int,
    plot: str,
    submitted_at: datetime,
    starts_at: datetime,
    numbers: dict[str, int],
    now: datetime,
    *,
    short: bool,
) -> Tale:
    """`short` of what the terms require, it will be refused."""
    british = troupe.country == "GB"
    numbers[troupe.country] += 1
    person = cast.prospect(random, troupe.country, numbers[troupe.country])
    company, domain = person.pop("company")
    if british:
        facts: dict[str, Any] = {
            "employees": random.randint(2, 8) if short else random.randint(12, 240),
            "title": random.choice(("CFO", "Finance Director", "CEO", "Owner")),
            "budget_agreed": random.random() < 0.4,
        }
    else:
        facts = {
            "owner_occupied": not short,
            "monthly_bill": f"{random.randint(85, 240)}.00",
            "storage": random.random() < 0.5,
        }
    if plot == "bonus_refuted":
        facts["budget_agreed" if british else "storage"] = True
    submission = Submission(
        reference=f"{troupe.supplier[:1].upper()}-{1001 + index}",
        slot=Slot(starts_at, starts_at + timedelta(minutes=30 if british else 60)),
        prospect=Prospect(**person, company=Company(company, domain)),
        channel=random.choice(("outbound", "outbound", "inbound")),
        source=random.choice(("linkedin", "trade-fair", "web-form", "referral")),
        lead_created_at=submitted_at - timedelta(days=random.randint(0, 30)),
        facts=facts,
        consent=ConsentGiven("opt_in", submitted_at - timedelta(days=random.randint(0, 30)), f"form-{index + 1}"),
    )
    bonus, required = ("budget", "role") if british else ("storage", "bill")
    return Tale(troupe, submission.reference, index, plot, submitted_at, submission, random, bonus, required, now)
