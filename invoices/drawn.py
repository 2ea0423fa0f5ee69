"""Documents that are drawn: long annexes straight onto PDF pages, small tables into the first one, all tagged.

Owns the pages that join those of the layout engine, in time that grows with the text alone. Takes only text that
needs no shaping; whoever calls it has made sure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import pydyf

from invoices.annex import HEAD_SIZE, SIZE, Annex
from invoices.drawn_grid import DrawnGrid
from invoices.engine import Spot
from invoices.grid import PlacedGrid
from invoices.pagination import (
    HEAD_HEIGHT,
    INTRO_GAP,
    INTRO_LEADING,
    LEADING,
    PADDING,
    SUM_HEIGHT,
    TITLE_HEIGHT,
    SetRow,
    Sheet,
)
from invoices.pdf_objects import PageStructure, Structure, Table, add_stream, embed, reference, resolve
from invoices.pen import ARTIFACT, HEAD_HAIR, INK, MUTED, REGULAR, SEMIBOLD, Pens, font, hair, page
from invoices.running import Running

_TITLE_SIZE: Final = 10.0
_DROP: Final = 10.0
"""From the top of a row to its first baseline, in points."""
_WHAT: Final = 3
"""The column under which sums are labelled."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that is drawn: the first page's tables by name, the annex and its sheets, what runs on every page."""

    grids: Mapping[str, PlacedGrid]
    annex: Annex
    sheets: Sequence[Sheet]
    running: Running
    pens: Pens


def draw(pdf: Any, spots: Mapping[str, Spot], drawing: Drawing) -> None:
    """Adds the drawing to a PDF that is about to be written; `spots` are the places kept for its tables."""
    pens = drawing.pens
    fonts = {
        REGULAR: embed(pdf, pens.regular.subset).encode("ascii"),
        SEMIBOLD: embed(pdf, pens.semibold.subset).encode("ascii"),
    }
    structure = Structure(pdf)
    fronts = [pdf.objects[place] for place in pdf.pages["Kids"][::3]]
    count = len(fronts) + len(drawing.sheets)
    contents = _grids(pdf, structure, spots, drawing, fronts)
    for place, front in enumerate(fronts, 1):
        _furnish(pdf, front, fonts, contents[place - 1] + drawing.running.drawn(pens, place, count))
    resources = pydyf.Dictionary({"Font": pydyf.Dictionary(fonts)})
    pdf.add_object(resources)
    table = _Lines(Table(pdf, structure.document), drawing.annex, pens)
    for place, sheet in enumerate(drawing.sheets, len(fronts) + 1):
        sheet_page = pydyf.Dictionary({
            "Type": "/Page", "Parent": pdf.pages.reference, "MediaBox": fronts[0]["MediaBox"],
            "Resources": resources.reference, "Tabs": "/S",
        })  # fmt: skip
        pdf.add_page(sheet_page)
        page_structure = structure.page(reference(sheet_page))
        sheet_page["StructParents"] = page_structure.key
        content = table.draw(sheet, structure, page_structure)
        page_structure.close()
        content += drawing.running.drawn(pens, place, count)
        sheet_page["Contents"] = add_stream(pdf, content.encode("ascii")).reference
    table.close()


def _grids(
    pdf: Any, structure: Structure, spots: Mapping[str, Spot], drawing: Drawing, fronts: Sequence[Any]
) -> list[str]:
    """The small tables, as content of each of the layout engine's pages."""
    contents = [""] * len(fronts)
    rooms = structure.rooms()
    for room, (name, placed) in zip(rooms, drawing.grids.items(), strict=True):
        spot = spots[name]
        front = fronts[spot.page]
        table = Table(pdf, reference(room))
        room["K"].append(table.reference.encode("ascii"))
        page_structure = structure.page(reference(front), front["StructParents"])
        grid = DrawnGrid(placed, spot.x, drawing.annex.paper.height - spot.y, drawing.pens)
        contents[spot.page] += grid.draw(page_structure, table)
        page_structure.close()
        table.close()
    return contents


def _furnish(pdf: Any, front: Any, fonts: Mapping[str, bytes], content: str) -> None:
    """Adds content to a page of the layout engine, whose own content leaves its matrix turned."""
    before, after = add_stream(pdf, b"q"), add_stream(pdf, b"Q\n" + content.encode("ascii"))
    front["Contents"] = pydyf.Array([before.reference, front["Contents"], after.reference])
    resolve(pdf, resolve(pdf, front["Resources"])["Font"]).update(fonts)


class _Lines:
    """The annex's table, sheet after sheet."""

    def __init__(self, table: Table, annex: Annex, pens: Pens) -> None:
        self._table, self._annex, self._pens = table, annex, pens
        self._paper = annex.paper
        self._ends = [annex.paper.margin + end for end in accumulate(column.width for column in annex.columns)]
        self._lefts = [
            end - column.width + column.gap for end, column in zip(self._ends, annex.columns, strict=True)
        ]  # fmt: skip
        self._known: list[dict[tuple[str, ...], list[tuple[str, str]]]] = [{} for _ in annex.columns]
        self._y = 0.0
        self._parts: list[str] = []
        self._hairs: list[str] = []

    def draw(self, sheet: Sheet, structure: Structure, tags: PageStructure) -> str:
        """The content of one page, but for what runs above and below it."""
        self._y, self._parts, self._hairs = self._paper.height - self._paper.margin, [], []
        if sheet.intro:
            self._title(sheet.intro, tags)
            structure.append(self._table.reference)
            style, *cells = self._head()
            self._parts += [style, *tags.row(self._table, "TH", cells)]
        else:
            self._parts += [ARTIFACT, *self._head(), "EMC"]
        self._down(HEAD_HEIGHT, HEAD_HAIR)
        if sheet.brought is not None:
            self._sum(self._annex.brought, sheet.brought)
        self._parts += [INK, font(REGULAR, SIZE)]
        for row in sheet.rows:
            self._parts += tags.row(self._table, "TD", self._row(row))
            self._down(row.height)
        if sheet.carried is not None:
            self._sum(self._annex.carried, sheet.carried)
        else:
            self._parts += [INK, font(SEMIBOLD, SIZE), *tags.row(self._table, "TD", self._total())]
        return page(self._hairs, self._parts)

    def close(self) -> None:
        self._table.close()

    def _down(self, height: float, *color: str) -> None:
        self._y -= height
        self._hairs.append(hair(self._paper.margin, self._paper.width - self._paper.margin, self._y, *color))

    def _title(self, intro: Sequence[str], tags: PageStructure) -> None:
        title = self._pens.semibold.at(self._paper.margin, self._y - 10, self._annex.title)
        self._parts.append(tags.lone("H2", f"{INK} {font(SEMIBOLD, _TITLE_SIZE)} {title}"))
        self._y -= TITLE_HEIGHT
        pen = self._pens.regular
        lines = [pen.at(self._paper.margin, self._y - 9.5 - at * INTRO_LEADING, text) for at, text in enumerate(intro)]
        self._parts.append(tags.lone("P", f"{MUTED} {font(REGULAR, SIZE)} {' '.join(lines)}"))
        self._y -= INTRO_LEADING * len(intro) + INTRO_GAP

    def _head(self) -> list[str]:
        y, pen, drawn = self._y - 9.5, self._pens.regular, [f"{MUTED} {font(REGULAR, HEAD_SIZE)}"]
        for column, left, end in zip(self._annex.columns, self._lefts, self._ends, strict=True):
            text = column.title
            drawn.append(pen.ending_at(end, y, text, HEAD_SIZE) if column.right else pen.at(left, y, text))
        return drawn

    def _row(self, row: SetRow) -> list[str]:
        lines = round((row.height - PADDING) / LEADING)
        heights = [f" {self._y - _DROP - at * LEADING:.2f} Tm" for at in range(lines)]
        return [
            " ".join([x + y + shown for (x, shown), y in zip(self._placed(place, texts), heights, strict=False)])
            for place, texts in enumerate(row.cells)
        ]

    def _placed(self, place: int, texts: tuple[str, ...]) -> list[tuple[str, str]]:
        """What stands before and after the height of each line of a cell; cells that come again are placed once."""
        found = self._known[place].get(texts)
        if found is None:
            column, cut = self._annex.columns[place], self._pens.regular.subset
            left, end = self._lefts[place], self._ends[place]
            found = self._known[place][texts] = [
                (
                    f"1 0 0 1 {end - cut.face.points(text, SIZE) if column.right else left:.2f}",
                    f"<{cut.encode(text)}>Tj",
                )
                for text in texts
            ]
        return found

    def _sum(self, label: str, text: str) -> None:
        """A sum at the head or foot of a page: about the page, not the table, hence an artifact."""
        y, pen = self._y - _DROP, self._pens.regular
        drawn = pen.at(self._lefts[_WHAT], y, label), pen.ending_at(self._ends[-1], y, text, SIZE)
        self._parts += [ARTIFACT, MUTED, font(REGULAR, SIZE), *drawn, "EMC"]
        self._down(SUM_HEIGHT)

    def _total(self) -> list[str]:
        y, cells, pen = self._y - _DROP, [""] * len(self._annex.columns), self._pens.semibold
        cells[1] = pen.at(self._lefts[1], y, self._annex.total_label)
        cells[-1] = pen.ending_at(self._ends[-1], y, self._annex.total, SIZE)
        return cells
