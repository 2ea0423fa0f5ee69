"""Presence as two bars on one time axis: where each stay lies between the axis's ends, in thousandths of its length.

Owns the geometry and the words of the table beside it; the template draws. Pure.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from api.languages import marked
from ledger.domain.attendance import Interval, Intervals, common, lasting, reached, waiting
from ledger.domain.lifecycle import Party, Slot
from ledger.domain.terms import Definition
from ledger.services.readings import Picture

WIDTH: Final = 1_000
BEYOND: Final = timedelta(minutes=30)
"""How far before and after the slot the axis reaches, where somebody was there."""
ROWS: Final = ((marked("Prospect"), Party.PROSPECT), (marked("Buyer"), Party.BUYER))


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch on the axis."""

    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Row:
    """One side: its bars, and its stays for the table, with the minutes of all of them."""

    label: str
    bars: list[Bar]
    stays: Intervals
    minutes: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """`needed_x` is where the minutes that the terms ask for are reached, or would be."""

    picture: Picture
    axis: Interval
    rows: list[Row]
    together: list[Bar]
    waiting: Bar
    waiting_until: datetime
    needed_x: int
    needed: int
    slot: Bar


def draw(definition: Definition, slot: Slot, picture: Picture) -> Drawing:
    """The picture of one grade's evidence."""
    seen = picture.presence
    stays = [*seen.of(Party.PROSPECT), *seen.of(Party.BUYER)]
    starts_at = min([slot.starts_at, *(since for since, _ in stays)])
    ends_at = max([slot.ends_at, *(until for _, until in stays)])
    axis = max(starts_at, slot.starts_at - BEYOND), min(ends_at, slot.ends_at + BEYOND)
    needed = timedelta(minutes=definition.attendance.minimum_minutes)
    together, wait = seen.together, waiting(definition, slot)
    met = reached(together, needed) or (together[0][0] if together else slot.starts_at) + needed
    return Drawing(
        picture,
        axis,
        [Row(label, _bars(seen.of(side), axis), seen.of(side), _minutes(seen.of(side))) for label, side in ROWS],
        _bars(together, axis),
        _bar(wait, axis),
        wait[1],
        _x(min(met, axis[1]), axis),
        definition.attendance.minimum_minutes,
        _bar((slot.starts_at, slot.ends_at), axis),
    )


def _bars(intervals: Intervals, axis: Interval) -> list[Bar]:
    return [_bar(each, axis) for each in common(intervals, (axis,))]


def _bar(span: Interval, axis: Interval) -> Bar:
    since, until = _x(span[0], axis), _x(min(span[1], axis[1]), axis)
    return Bar(since, max(2, until - since))


def _x(at: datetime, axis: Interval) -> int:
    return int((at - axis[0]) * WIDTH / (axis[1] - axis[0]))


def _minutes(intervals: Intervals) -> int:
    return lasting(intervals) // timedelta(minutes=1)
