"""The small tables of the first page: what their cells say and where their words wrap.

Owns the values that both ways to paper print; measures are in points. Draws nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from invoices.typeface import UNITS_PER_EM, Face
from invoices.wrapping import wrap

SIZE: Final = 9.0
HEAD_SIZE: Final = 8.0
LEADING: Final = 13.0
PADDING: Final = 5.0
"""Above and below the lines of a row, its rule included."""
MOST_ROWS: Final = 16
"""A longer table has to break across pages, which only the layout engine can do."""
_SLACK: Final = 0.1


@dataclass(frozen=True, slots=True)
class GridColumn:
    """`width` includes the gap before the text."""

    title: str
    width: float
    right: bool = True
    gap: float = 9.0


@dataclass(frozen=True, slots=True)
class GridRow:
    """`detail` stands after the second cell's text, in a quieter ink."""

    cells: tuple[str, ...]
    strong: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; without titles it has no head."""

    name: str
    columns: tuple[GridColumn, ...]
    rows: tuple[GridRow, ...]

    @property
    def headed(self) -> bool:
        return any(column.title for column in self.columns)

    def texts(self) -> Iterable[str]:
        yield from (column.title for column in self.columns)
        for row in self.rows:
            yield from (*row.cells, row.detail)

    def strong_texts(self) -> Iterable[str]:
        for row in self.rows:
            if row.strong:
                yield from row.cells


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A row whose words are wrapped; `detail` only where it stands on the line of its cell."""

    cells: tuple[tuple[str, ...], ...]
    strong: bool
    detail: str
    height: float


@dataclass(frozen=True, slots=True)
class PlacedGrid:
    grid: Grid
    rows: tuple[PlacedRow, ...]

    @property
    def height(self) -> float:
        head = LEADING + PADDING if self.grid.headed else 0.0
        return head + sum(row.height for row in self.rows)


def place(grid: Grid, regular: Face, semibold: Face) -> PlacedGrid | None:
    """The grid ready to be drawn, or None where a text needs shaping or there are too many rows for one piece."""
    drawable = regular.can_set("".join(grid.texts())) and semibold.can_set("".join(grid.strong_texts()))
    if not drawable or len(grid.rows) > MOST_ROWS:
        return None
    return PlacedGrid(grid, tuple(_placed(grid.columns, row, semibold if row.strong else regular) for row in grid.rows))


def _placed(columns: Sequence[GridColumn], row: GridRow, face: Face) -> PlacedRow:
    rooms = [int((column.width - column.gap + _SLACK) * UNITS_PER_EM / SIZE) for column in columns]
    whole = [f"{text}{row.detail}" if at == 1 else text for at, text in enumerate(row.cells)]
    cells = [tuple(wrap(text, room, face)) for text, room in zip(whole, rooms, strict=True)]
    detail = row.detail if len(cells[1]) == 1 else ""
    if detail:
        cells[1] = (row.cells[1],)
    return PlacedRow(tuple(cells), row.strong, detail, max(map(len, cells)) * LEADING + PADDING)
