"""Charts as inline SVG: where each bar, point and line of a drawing lies. The table beside a chart carries its data.

Owns the geometry alone; `charts.html` draws it. Pure. Across, everything is in per cent of the drawing's width and
down in pixels, so that words and lines are as crisp on a phone as on a wide screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

WHOLE: Final = 100.0
PLOT_PIXELS: Final = 150
"""How high the area is in which lines run."""
TOP_PIXELS: Final = 20
"""Room above it, for the highest label."""
ROW_PIXELS: Final = 44
"""A bar with its words above it."""
TOPS: Final = (500, 1_000, 2_000, 4_000, 6_000, 8_000, 10_000)
"""Where an axis of basis points may end: each divides into halves that read well."""
LEFT: Final = 10.0
RIGHT: Final = 1.5
"""Per cent kept free at both ends of lines: for the axis's labels, and so that marks are whole."""


@dataclass(frozen=True, slots=True)
class Bar:
    """From `x` on, `width` wide; `y` is the top of its row."""

    x: float
    width: float
    y: int


@dataclass(frozen=True, slots=True)
class Mark:
    """One value of a line, `index` into what was given."""

    index: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Line:
    """A series: its marks, and pairs of neighbours that are joined. Where a value is missing, the line is broken."""

    marks: tuple[Mark, ...]
    joints: tuple[tuple[Mark, Mark], ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """Series on one axis of basis points; `grid` has each height that is labelled, with its value."""

    lines: tuple[Line, ...]
    grid: tuple[tuple[float, int], ...]
    height: int


def bars(values: Sequence[int | None], largest: int | None = None) -> list[Bar]:
    """One below the other, the largest (or `largest`) over the whole width. Nothing, or less, has no width."""
    whole = max((value or 0 for value in values), default=0) if largest is None else largest
    return [
        Bar(0.0, _share(max(value or 0, 0), whole, WHOLE), index * ROW_PIXELS) for index, value in enumerate(values)
    ]


def sides(values: Sequence[int], since: float, until: float) -> list[Bar]:
    """To both sides of the middle between two places: less to the left, more to the right."""
    whole, half = max((abs(value) for value in values), default=0), (until - since) / 2
    widths = [_share(abs(value), whole, half) for value in values]
    return [
        Bar(round(since + half - (width if value < 0 else 0), 2), width, index * ROW_PIXELS)
        for index, (value, width) in enumerate(zip(values, widths, strict=True))
    ]


def between(values: Sequence[int], since: float, until: float) -> list[Bar]:
    """From one place towards another, the largest all the way."""
    whole = max(values, default=0)
    return [Bar(since, _share(value, whole, until - since), index * ROW_PIXELS) for index, value in enumerate(values)]


def lines(series: Sequence[Sequence[int | None]]) -> Lines:
    """Rates in basis points over time, all series equally long, on an axis that begins at nothing."""
    highest = max((value for values in series for value in values if value is not None), default=0)
    top = next((each for each in TOPS if each >= highest), highest)
    return Lines(
        tuple(_line(values, top) for values in series),
        tuple((_height(value, top), value) for value in (0, top // 2, top)),
        TOP_PIXELS + PLOT_PIXELS,
    )


def _line(values: Sequence[int | None], top: int) -> Line:
    marks = tuple(
        Mark(index, _across(index, len(values)), _height(value, top))
        for index, value in enumerate(values)
        if value is not None
    )
    return Line(marks, tuple((one, next_) for one, next_ in pairwise(marks) if next_.index == one.index + 1))


def _across(index: int, number: int) -> float:
    return round(LEFT + (WHOLE - LEFT - RIGHT) * index / (number - 1), 2) if number > 1 else WHOLE / 2


def _height(value: int, top: int) -> float:
    return round(TOP_PIXELS + PLOT_PIXELS * (1 - value / top), 1)


def _share(value: int, whole: int, room: float) -> float:
    return round(room * min(value, whole) / whole, 2) if whole else 0.0
