"""The small tables of the first page, drawn where the layout engine left room for them.

Owns their drawing operators; their structure goes into the element that keeps the room.
"""

from itertools import accumulate
from typing import Final

from invoices.grid import HEAD_SIZE, LEADING, PADDING, SIZE, Grid, PlacedGrid, PlacedRow
from invoices.pdf_objects import PageStructure, Table
from invoices.pen import HEAD_HAIR, INK, MUTED, REGULAR, SEMIBOLD, Pens, font, hair, page

_DROP: Final = 12.3
_HEAD_DROP: Final = 11.9
"""From the top of a row, or of the head, to its first baseline."""


class DrawnGrid:
    """One table with its top left corner at `x`, `y`."""

    def __init__(self, placed: PlacedGrid, x: float, y: float, pens: Pens) -> None:
        self._placed, self._x, self._y, self._pens = placed, x, y, pens
        columns = placed.grid.columns
        self._ends = [x + end for end in accumulate(column.width for column in columns)]
        self._lefts = [
            x if at == 0 else end - column.width + column.gap
            for at, (end, column) in enumerate(zip(self._ends, columns, strict=True))
        ]
        self._parts: list[str] = []
        self._hairs: list[str] = []

    def draw(self, structure: PageStructure, table: Table) -> str:
        if self._placed.grid.headed:
            self._head(self._placed.grid, structure, table)
        last = len(self._placed.rows) - 1
        for at, row in enumerate(self._placed.rows):
            self._row(row, structure, table)
            self._y -= row.height
            if at != last or not row.strong:
                self._rule()
        return page(self._hairs, self._parts)

    def _rule(self, *color: str) -> None:
        self._hairs.append(hair(self._x, self._ends[-1], self._y + 0.25, *color))

    def _head(self, grid: Grid, structure: PageStructure, table: Table) -> None:
        pen, y = self._pens.regular, self._y - _HEAD_DROP
        cells = [
            pen.ending_at(end, y, column.title, HEAD_SIZE) if column.right else pen.at(left, y, column.title)
            for column, left, end in zip(grid.columns, self._lefts, self._ends, strict=True)
        ]
        self._parts += [MUTED, font(REGULAR, HEAD_SIZE)]
        self._parts += structure.row(table, "TH", cells)
        self._y -= LEADING + PADDING
        self._rule(HEAD_HAIR)

    def _row(self, row: PlacedRow, structure: PageStructure, table: Table) -> None:
        pen = self._pens.semibold if row.strong else self._pens.regular
        cells = []
        for lines, column, left, end in zip(row.cells, self._placed.grid.columns, self._lefts, self._ends, strict=True):
            heights = [self._y - _DROP - at * LEADING for at in range(len(lines))]
            if column.right:
                drawn = [pen.ending_at(end, y, text, SIZE) for y, text in zip(heights, lines, strict=True)]
            else:
                drawn = [pen.at(left, y, text) for y, text in zip(heights, lines, strict=True)]
            cells.append(" ".join(drawn))
        if row.detail:
            cells[1] += f" {MUTED}<{self._pens.regular.subset.encode(row.detail)}>Tj {INK}"
        self._parts += [INK, font(SEMIBOLD if row.strong else REGULAR, SIZE)]
        self._parts += structure.row(table, "TD", cells)
