"""Where the drawn annex breaks: words into lines, rows onto sheets, sums carried from one sheet to the next.

Owns the vertical measures of drawn pages in points. Refuses rows taller than half a page (`SetRow.height` tells).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from invoices.annex import SIZE, Annex
from invoices.brand import Paper
from invoices.typeface import UNITS_PER_EM, Face
from invoices.wrapping import wrap

LEADING: Final = 11.0
PADDING: Final = 4.0
HEAD_HEIGHT: Final = 15.0
SUM_HEIGHT: Final = LEADING + PADDING
TITLE_HEIGHT: Final = 19.5
INTRO_LEADING: Final = 13.0
INTRO_GAP: Final = 6.5


@dataclass(frozen=True, slots=True)
class SetRow:
    """A row with its words wrapped: the lines of text of each cell, its height in points, the sum so far."""

    cells: tuple[tuple[str, ...], ...]
    height: float
    running: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one page; `brought` and `carried` are the sums at its head and foot, None on the first and last."""

    rows: tuple[SetRow, ...]
    brought: str | None
    carried: str | None
    intro: tuple[str, ...] = ()


def room_of(paper: Paper) -> float:
    """The height between the margins."""
    return paper.height - 2 * paper.margin


def set_rows(annex: Annex, face: Face) -> list[SetRow]:
    """Every row with its words wrapped; texts that come again in a column are wrapped once."""
    rooms = [column.text_units for column in annex.columns]
    known: list[dict[str, tuple[str, ...]]] = [{} for _ in rooms]
    rows = []
    for row in annex.rows:
        cells = []
        for text, room, wrapped in zip(row.cells, rooms, known, strict=True):
            if (lines := wrapped.get(text)) is None:
                lines = wrapped[text] = tuple(wrap(text, room, face))
            cells.append(lines)
        rows.append(SetRow(tuple(cells), max(map(len, cells)) * LEADING + PADDING, row.running))
    return rows


def sheets(annex: Annex, rows: Sequence[SetRow], face: Face) -> Iterator[Sheet]:
    """At least one sheet; the last one has room for the total."""
    intro = tuple(wrap(annex.intro, int(annex.paper.room * UNITS_PER_EM / SIZE), face))
    whole = room_of(annex.paper)
    room = whole - HEAD_HEIGHT - SUM_HEIGHT - TITLE_HEIGHT - INTRO_LEADING * len(intro) - INTRO_GAP
    taken: list[SetRow] = []
    brought: str | None = None
    for row in rows:
        if row.height > room and taken:
            carried = taken[-1].running
            yield Sheet(tuple(taken), brought, carried, intro)
            taken, brought, intro = [], carried, ()
            room = whole - HEAD_HEIGHT - 2 * SUM_HEIGHT
        taken.append(row)
        room -= row.height
    yield Sheet(tuple(taken), brought, None, intro)
