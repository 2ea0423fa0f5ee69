"""The referee: how many slots caps let in and how often one may be moved, counted from what players were answered.

Owns counts of its own, which share no code with the rules: a cap that is counted over the wrong month, or a rebooking
that uses up a reschedule, is told at its very step.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from api.simulation import terms

CAP: Final = "intake.caps."
LIMIT: Final = "reschedule_limit"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a definition says of both."""

    zone: ZoneInfo
    caps: Mapping[str, int | None]
    moves: int
    counts_from: timedelta

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Limits":
        rules = document["reschedule"]
        return cls(
            ZoneInfo(document["time_zone"]),
            document["intake"]["caps"],
            rules["limit"],
            timedelta(**rules["counts_from"]),
        )

    def spans(self, at: datetime) -> dict[str, object]:
        """The day, week and month of an instant by the definition's clock."""
        day: date = at.astimezone(self.zone).date()
        return {"day": day, "week": day - timedelta(days=day.weekday()), "month": (day.year, day.month)}


@dataclass(slots=True)
class Moves:
    """How often one appointment was moved, and since which start the next change is measured."""

    since: datetime
    used: int = 0


@dataclass(frozen=True, slots=True)
class Booked:
    """A slot that counts: whose it is, under which definition, when it starts, and whether it was called off."""

    identity: str
    supplier: str
    definition: str
    starts_at: datetime
    can_be_rebooked: bool = False
    cancelled: bool = False


class Referee:
    """Every method yields what was wrong with an answer."""

    def __init__(self) -> None:
        self._limits = {document["slug"]: Limits.of(document) for _, document in terms.definitions()}
        self._moves: dict[str, Moves] = {}

    def submitted(
        self, others: Iterable[Booked], booked: Booked, codes: tuple[str, ...], *, known: bool
    ) -> Iterator[str]:
        """A submission that was taken (no `codes`) or refused; `known`: it may be a rebooking of somebody submitted."""
        full = self._full(others, booked)
        if not codes:
            self._moves[booked.identity] = Moves(booked.starts_at)
            if full:
                yield f"it was taken above the caps per {full}"
        elif codes[0] == "intake_refused" and not known and _caps(codes) != full:
            yield f"it was refused by the caps per {_caps(codes)}, and full are {full}"

    def moved(
        self, others: Iterable[Booked], before: Booked, starts_at: datetime, codes: tuple[str, ...]
    ) -> Iterator[str]:
        """Another slot for an appointment as it was `before`: a correction, a reschedule or a rebooking."""
        limits, moves = self._limits[before.definition], self._moves[before.identity]
        counts = not before.can_be_rebooked and abs(starts_at - moves.since) >= limits.counts_from
        full = self._full(others, replace(before, starts_at=starts_at))
        if LIMIT in codes and not (counts and moves.used >= limits.moves):
            yield f"it was moved {moves.used} times of {limits.moves}, and no more is allowed"
        if _caps(codes) - full:
            yield f"it was refused by the caps per {_caps(codes)}, and full are {full}"
        if codes:
            return
        if full:
            yield f"it was moved above the caps per {full}"
        if counts or before.can_be_rebooked:
            moves.since, moves.used = starts_at, moves.used + counts
        if moves.used > limits.moves:
            yield f"it was moved {moves.used} times, {limits.moves} are allowed"

    def _full(self, others: Iterable[Booked], booked: Booked) -> set[str]:
        """The spans of the slot in which the supplier has as many others as the caps let in."""
        limits = self._limits[booked.definition]
        spans, taken = limits.spans(booked.starts_at), dict.fromkeys(limits.caps, 0)
        for other in others:
            if other.cancelled or other.identity == booked.identity:
                continue
            if (other.supplier, other.definition) != (booked.supplier, booked.definition):
                continue
            for span, when in limits.spans(other.starts_at).items():
                taken[span] += when == spans[span]
        return {span for span, cap in limits.caps.items() if cap is not None and taken[span] >= cap}


def _caps(codes: tuple[str, ...]) -> set[str]:
    return {code.removeprefix(CAP).partition(":")[0] for code in codes if code.startswith(CAP)}
