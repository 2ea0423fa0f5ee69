"""From evidence to presence: who was there, for how long together, and what that proves.

Owns the reading of joins, leaves and logs (rulebook, section 3, "Evidence"): presence is the time during which at least
one participant of the prospect's side and one of the buyer's are in the same session; a stand-in is present, the
supplier's people are neither side. The result depends on what was said, never on the order in which it came. Proves
nothing where anything is in doubt.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ledger.domain.calendar import deadline
from ledger.domain.decisions import CONTACT_ATTEMPT
from ledger.domain.lifecycle import Appointment, Finding, Party, Slot, Verdict, instant
from ledger.domain.outcome import Findings, outcome_of, rule
from ledger.domain.statements import CALL, JOINED, LEFT, LOG, NO_SHOW, Said
from ledger.domain.terms import Definition

PROOF = "A"
"""The grade that speaks for itself: independent of both parties."""
SELF_SERVING = "C"
"""The grade that decides nothing."""
SIDES = (Party.PROSPECT, Party.BUYER)

Interval = tuple[datetime, datetime]
Intervals = tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One piece of evidence: what it says (None: nothing that can be read), its grade and whose account sent it."""

    said: Said | None
    grade: str
    party: str
    kind: str
    occurred_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """Who was in one session and when, by side (None: a side that nobody knows), and what its log covers.

    `is_open`: somebody came, and neither his leave nor the log's end is known.
    """

    stays: Mapping[Party | None, Intervals]
    covered: Intervals
    is_open: bool

    def of(self, side: Party | None) -> Intervals:
        return self.stays.get(side, ())


@dataclass(frozen=True, slots=True)
class Presence:
    """Who was there around a slot: both sides' stays, the time together, and what logs cover, over all sessions."""

    sessions: tuple[Session, ...] = ()

    def of(self, side: Party | None) -> Intervals:
        return merged(stay for session in self.sessions for stay in session.of(side))

    @property
    def together(self) -> Intervals:
        """When both sides were in the same session."""
        return merged(
            both for session in self.sessions for both in common(session.of(Party.PROSPECT), session.of(Party.BUYER))
        )

    @property
    def covered(self) -> Intervals:
        return merged(span for session in self.sessions for span in session.covered)

    @property
    def minutes(self) -> int:
        """Whole minutes together; what is left of a minute does not count."""
        return lasting(self.together) // timedelta(minutes=1)


def presence(slot: Slot, readings: Iterable[Reading]) -> Presence:
    """Who was there, by these readings. A session counts whole if any of it lies in the slot, and else not at all, so
    that neither a test the day before nor an earlier slot of the same chain is taken for this one."""
    said: dict[Any, list[Said]] = defaultdict(list)
    for reading in readings:
        if reading.said is not None and reading.said["what"] in (JOINED, LEFT, LOG):
            said[reading.said["session"]].append(reading.said)
    sessions = (_session(slot, statements) for statements in said.values())
    return Presence(tuple(session for session in sessions if _touches(session, slot)))


def _session(slot: Slot, statements: Sequence[Said]) -> Session:
    """Who never left stayed until the log's end, without one until the slot's."""
    covered, log_end = _log(statements)
    moves: dict[Any, dict[datetime, set[str]]] = defaultdict(lambda: defaultdict(set))
    sides: dict[Any, set[str]] = defaultdict(set)
    for said in statements:
        if said["what"] != LOG:
            who = said["participant"]
            moves[who][_at(said["at"])].add(said["what"])
            if said["side"] is not None:
                sides[who].add(said["side"])
    is_open = False
    stays: dict[Party | None, list[Interval]] = defaultdict(list)
    for who, theirs in moves.items():
        side = Party(next(iter(sides[who]))) if len(sides[who]) == 1 else None
        closed, since = _stays(theirs)
        stays[side] += closed
        if since is not None:
            has_ended = log_end is not None and log_end > since
            stays[side].append((since, log_end if log_end is not None and has_ended else slot.ends_at))
            is_open = is_open or not has_ended
    return Session({side: merged(theirs) for side, theirs in stays.items()}, covered, is_open)


def _stays(moves: Mapping[datetime, set[str]]) -> tuple[list[Interval], datetime | None]:
    """One participant's stays, and the beginning of one that has no end. A leave ends the stay and only another join
    begins one, so a join told twice counts once."""
    stays: list[Interval] = []
    since: datetime | None = None
    for at in sorted(moves):
        if since is not None and LEFT in moves[at]:
            stays.append((since, at))
            since = at if JOINED in moves[at] else None
        elif since is None and moves[at] == {JOINED}:
            since = at
    return stays, since


def _log(statements: Sequence[Said]) -> tuple[Intervals, datetime | None]:
    """What the session's log covers, and when it ended. Of a log told in two pieces, one knows the beginning and the
    other the end."""
    spans = [(instant(said["from"]), instant(said["until"])) for said in statements if said["what"] == LOG]
    covered = [(since, until) for since, until in spans if since is not None and until is not None]
    begun = [since for since, until in spans if since is not None and until is None]
    ended = [until for since, until in spans if since is None and until is not None]
    if begun and ended:
        covered.append((min(begun), max(ended)))
    return merged(covered), max((until for _, until in spans if until is not None), default=None)


def _touches(session: Session, slot: Slot) -> bool:
    spans = [*session.covered, *(stay for stays in session.stays.values() for stay in stays)]
    return bool(common(merged(spans), ((slot.starts_at, slot.ends_at),)))


def shown(definition: Definition, slot: Slot, readings: Sequence[Reading], at: datetime) -> Findings | None:
    """What independent evidence shows of the attendance at `at`, and None where it does not show it for certain.

    While the slot lasts and somebody is still there, nobody knows how long they will have been together.
    Both were there as soon as they were together at all. One was absent only where the whole waiting time is covered,
    shows the other one waiting, and the absent side, or somebody unknown, was not seen and has not said otherwise.
    """
    independent = [reading for reading in readings if reading.grade == PROOF]
    if not independent:
        return None
    seen = presence(slot, independent)
    if at < slot.ends_at and any(session.is_open for session in seen.sessions):
        return None
    if seen.together:
        return Findings(Finding.ATTENDED, seen.minutes)
    if _is_absent(definition, slot, readings, Party.BUYER, Party.PROSPECT):
        return Findings(Finding.BUYER_NO_SHOW)
    if _is_absent(definition, slot, readings, Party.PROSPECT, Party.BUYER):
        return Findings(Finding.PROSPECT_NO_SHOW)
    whole = (slot.starts_at, slot.ends_at)
    if _covers(seen.covered, whole) and not any(_is_seen(slot, readings, side, whole) for side in SIDES):
        return Findings(Finding.BOTH_ABSENT)
    return None


def proven(definition: Definition, slot: Slot, readings: Sequence[Reading], at: datetime) -> Findings | None:
    """What counts without the buyer's word: what is shown, if the terms let independent evidence prove attendance.

    A prospect's no-show counts only with the contact attempts that the buyer owes (clause `attendance`).
    """
    if PROOF not in definition.attendance.proof_grades:
        return None
    findings = shown(definition, slot, readings, at)
    if findings is not None and findings.attendance is Finding.PROSPECT_NO_SHOW:
        attempts = sum(_is_attempt(reading, slot) for reading in readings)
        return findings if attempts >= definition.attendance.contact_attempts else None
    return findings


def _is_attempt(reading: Reading, slot: Slot) -> bool:
    own = reading.kind == CONTACT_ATTEMPT and reading.party == Party.BUYER.value
    return own and reading.occurred_at >= slot.starts_at


def waiting(definition: Definition, slot: Slot) -> Interval:
    """The time that the one who came must wait, from the slot's start (clause `attendance.wait`)."""
    wait = definition.attendance.wait
    return slot.starts_at, deadline(slot.starts_at, wait, definition.time_zone, definition.calendar)


def contradiction(definition: Definition, state: Appointment, findings: Findings | None) -> Findings | None:
    """The claim against the buyer's finding that the evidence makes; None where it makes none.

    It takes the attendance from the evidence and the criteria from the supplier's claims. A finding contradicts the
    evidence where the attendance comes to another outcome and the finding is worth less: nobody needs protection
    from what he says against his own interest.
    """
    if findings is None or state.verdict is not Verdict.GIVEN or state.attendance is Finding.UNKNOWN:
        return None
    claim = rule(definition, state, findings)
    same = outcome_of(definition, state.attendance, state.minutes) is outcome_of(
        definition, claim.attendance, claim.minutes
    )
    return None if same or (claim.share or 0) <= (state.share or 0) else findings


def _is_absent(definition: Definition, slot: Slot, readings: Sequence[Reading], absent: Party, came: Party) -> bool:
    starts_at, due = waiting(definition, slot)
    seen = presence(slot, (reading for reading in readings if reading.grade == PROOF))
    watched = [(session.of(came), session.covered) for session in seen.sessions]
    watched += [(seen.of(came), ((starts_at, at),)) for at in _missed(readings, absent)]
    for stays, covered in watched:
        inside = common(stays, ((starts_at, max(slot.ends_at, due)),))
        waited_until = reached(inside, due - starts_at)
        if waited_until is not None and _covers(covered, (starts_at, waited_until)):
            return not _is_seen(slot, readings, absent, (starts_at, waited_until)) and not _objects(
                slot, readings, absent
            )
    return False


def reached(stays: Intervals, needed: timedelta) -> datetime | None:
    """When the time spent there first comes to what is needed."""
    for since, until in stays:
        if until - since >= needed:
            return since + needed
        needed -= until - since
    return None


def _covers(covered: Intervals, span: Interval) -> bool:
    return any(since <= span[0] and span[1] <= until for since, until in covered)


def _is_seen(slot: Slot, readings: Sequence[Reading], side: Party, span: Interval) -> bool:
    """Whether the side, or somebody of no known side, may have been there: by what is not self-serving, or by its own
    word."""
    seen = presence(
        slot, (reading for reading in readings if reading.grade != SELF_SERVING or reading.party == side.value)
    )
    return bool(common(merged([*seen.of(side), *seen.of(None)]), (span,)))


def _missed(readings: Sequence[Reading], absent: Party) -> list[datetime]:
    """Until when a session itself says that this side had not come, unless it took that back."""
    said = [
        (reading.occurred_at, reading.said["undone"])
        for reading in readings
        if reading.grade == PROOF
        and reading.said is not None
        and reading.said["what"] == NO_SHOW
        and reading.said["by"] == "session"
        and reading.said["absent"] == absent.value
    ]
    return [max(said)[0]] if said and not max(said)[1] else []


def _objects(slot: Slot, readings: Sequence[Reading], absent: Party) -> bool:
    """Whether the absent side has said since the slot's start that it was there, or something that nobody can read."""
    own = [reading for reading in readings if reading.party == absent.value and reading.occurred_at >= slot.starts_at]
    if any(reading.said is None or reading.said["what"] == CALL for reading in own):
        return True
    marks = [
        (reading.occurred_at, reading.said["undone"])
        for reading in own
        if reading.said is not None and reading.said["what"] == NO_SHOW and reading.said["absent"] != absent.value
    ]
    return bool(marks) and not max(marks)[1]


def _at(value: Any) -> datetime:
    at = instant(value)
    assert at is not None, "a statement of presence has its instant"
    return at


def merged(intervals: Iterable[Interval]) -> Intervals:
    """The same time as intervals in order that neither touch nor overlap; empty ones fall away."""
    found: list[Interval] = []
    for since, until in sorted(intervals):
        if until <= since:
            continue
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(until, found[-1][1]))
        else:
            found.append((since, until))
    return tuple(found)


def common(one: Intervals, other: Intervals) -> Intervals:
    """The time in both, each given merged."""
    return merged((max(a, c), min(b, d)) for a, b in one for c, d in other)


def lasting(intervals: Intervals) -> timedelta:
    return sum((until - since for since, until in intervals), timedelta())
