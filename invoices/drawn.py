"""Long annexes drawn straight onto PDF pages, tagged as a table, in time that grows with the text alone.

Owns the drawing operators and the structure of the drawn pages, which join those that the layout engine made, and
what runs above and below all of them. Takes only text that needs no shaping; whoever calls it has made sure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import pydyf

from invoices.annex import HEAD_SIZE, MARGIN, PAGE_HEIGHT, PAGE_WIDTH, SIZE, WIDTH, Annex
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
from invoices.pdf_objects import Structure, add_stream, embed, reference, resolve
from invoices.typeface import Subset

RUNNING_SIZE: Final = 7.5
_INK, _MUTED = "0.086 0.129 0.122 rg", "0.333 0.388 0.373 rg"
_HAIR, _HEAD_HAIR = "0.875 0.902 0.894 RG", "0.561 0.631 0.612 RG"
_TITLE_SIZE: Final = 10.0
_TOP_BASELINE: Final = PAGE_HEIGHT - 33.4
_BOTTOM_BASELINE: Final = 31.0
_RUNNING_LEADING: Final = 10.5
_DROP: Final = 10.0
"""From the top of a row to its first baseline, in points."""
FIXED_TEXTS: Final = ("Brought forward", "Carried forward", "Page of 0123456789")
_ARTIFACT: Final = "/Artifact BMC"
_PAGINATION: Final = "/Artifact<</Type/Pagination>>BDC"
_WHAT: Final = 3
"""The column under which sums are labelled."""


@dataclass(frozen=True, slots=True)
class Running:
    """What runs on every page: the document's number, and both parties in lines that fit beside it."""

    number: str
    parties: tuple[str, ...]

    def texts(self) -> tuple[str, ...]:
        return (self.number, *self.parties)


@dataclass(frozen=True, slots=True)
class Cut:
    """The two weights as cut for this document."""

    regular: Subset
    semibold: Subset

    def at(self, x: float, y: float, text: str) -> str:
        return f"1 0 0 1 {x:.2f} {y:.2f} Tm<{self.regular.encode(text)}>Tj"

    def ending_at(self, x: float, y: float, text: str, size: float) -> str:
        return self.at(x - self.regular.face.points(text, size), y, text)

    def bold_at(self, x: float, y: float, text: str) -> str:
        return f"1 0 0 1 {x:.2f} {y:.2f} Tm<{self.semibold.encode(text)}>Tj"

    def bold_ending_at(self, x: float, y: float, text: str, size: float) -> str:
        return self.bold_at(x - self.semibold.face.points(text, size), y, text)


def draw(pdf: Any, annex: Annex, sheets: Sequence[Sheet], running: Running, cut: Cut) -> None:
    """Adds the annex's pages to a PDF that is about to be written, and what runs on all of its pages."""
    fonts = {"LA": embed(pdf, cut.regular).encode(), "LB": embed(pdf, cut.semibold).encode()}
    fronts = [pdf.objects[place] for place in pdf.pages["Kids"][::3]]
    count = len(fronts) + len(sheets)
    for place, front in enumerate(fronts, 1):
        _furnish(pdf, front, fonts, _furniture(running, cut, place, count))
    table = _Table(Structure(pdf), annex, cut)
    resources = pydyf.Dictionary({"Font": pydyf.Dictionary(fonts)})
    pdf.add_object(resources)
    for place, sheet in enumerate(sheets, len(fronts) + 1):
        page = pydyf.Dictionary({
            "Type": "/Page", "Parent": pdf.pages.reference, "MediaBox": fronts[0]["MediaBox"],
            "Resources": resources.reference, "Tabs": "/S", "StructParents": table.key,
        })  # fmt: skip
        pdf.add_page(page)
        content = table.draw(sheet, reference(page)) + _furniture(running, cut, place, count)
        page["Contents"] = add_stream(pdf, content.encode("ascii")).reference
    table.close()


def _furnish(pdf: Any, page: Any, fonts: Mapping[str, bytes], content: str) -> None:
    """Adds content to a page of the layout engine, whose own content leaves its matrix turned."""
    before, after = add_stream(pdf, b"q"), add_stream(pdf, b"Q\n" + content.encode("ascii"))
    page["Contents"] = pydyf.Array([before.reference, page["Contents"], after.reference])
    resolve(pdf, resolve(pdf, page["Resources"])["Font"]).update(fonts)


def _furniture(running: Running, cut: Cut, place: int, count: int) -> str:
    right = PAGE_WIDTH - MARGIN
    parts = [_PAGINATION, "BT", _MUTED, f"/LA {RUNNING_SIZE} Tf", cut.at(MARGIN, _BOTTOM_BASELINE, running.number)]
    parts.append(cut.ending_at(right, _BOTTOM_BASELINE, f"Page {place} of {count}", RUNNING_SIZE))
    if place > 1:
        parts.append(cut.at(MARGIN, _TOP_BASELINE, running.number))
        parts.extend(
            cut.ending_at(right, _TOP_BASELINE - line * _RUNNING_LEADING, text, RUNNING_SIZE)
            for line, text in enumerate(running.parties)
        )
    return "\n".join((*parts, "ET", "EMC", ""))


class _Canvas:
    """One page while it is drawn: its operators, its rules, how far down it is filled."""

    def __init__(self) -> None:
        self.y = PAGE_HEIGHT - MARGIN
        self.parts: list[str] = []
        self._hairs: list[str] = []

    def hair(self, color: str = _HAIR) -> None:
        self._hairs.append(f"{color} {MARGIN:.2f} {self.y:.2f} m {MARGIN + WIDTH:.2f} {self.y:.2f} l S")

    def content(self) -> str:
        return "\n".join((_ARTIFACT, "0.5 w", *self._hairs, "EMC", "BT", *self.parts, "ET", ""))


class _Table:
    """Draws the sheets one after the other, as one table."""

    def __init__(self, structure: Structure, annex: Annex, cut: Cut) -> None:
        self._structure, self._annex, self._cut = structure, annex, cut
        self._ends = [MARGIN + end for end in accumulate(column.width for column in annex.columns)]
        self._lefts = [
            end - column.width + column.gap for end, column in zip(self._ends, annex.columns, strict=True)
        ]  # fmt: skip
        self._known: list[dict[tuple[str, ...], list[tuple[str, str]]]] = [{} for _ in annex.columns]
        self._begun = False

    @property
    def key(self) -> int:
        """The next page's key in the structure."""
        return self._structure.next_key

    def draw(self, sheet: Sheet, page: str) -> str:
        """The content of one page, but for what runs above and below it."""
        canvas, key = _Canvas(), self.key
        self._structure.begin(page)
        if self._begun:
            canvas.parts += [_ARTIFACT, *self._head_cells(canvas), "EMC"]
        else:
            self._title(canvas, sheet.intro)
            self._structure.table()
            self._head(canvas)
        self._begun = True
        canvas.y -= HEAD_HEIGHT
        canvas.hair(_HEAD_HAIR)
        if sheet.brought is not None:
            self._sum(canvas, "Brought forward", sheet.brought)
        canvas.parts.append(f"{_INK} /LA {SIZE} Tf")
        for row in sheet.rows:
            self._row(canvas, row)
        if sheet.carried is not None:
            self._sum(canvas, "Carried forward", sheet.carried)
        else:
            self._total(canvas)
        self._structure.end(key)
        return canvas.content()

    def close(self) -> None:
        self._structure.close()

    def _title(self, canvas: _Canvas, intro: Sequence[str]) -> None:
        title = self._cut.bold_at(MARGIN, canvas.y - 10, self._annex.title)
        self._lone(canvas, "H2", f"{_INK} /LB {_TITLE_SIZE} Tf {title}")
        canvas.y -= TITLE_HEIGHT
        lines = [self._cut.at(MARGIN, canvas.y - 9.5 - at * INTRO_LEADING, text) for at, text in enumerate(intro)]
        self._lone(canvas, "P", f"{_MUTED} /LA {SIZE} Tf {' '.join(lines)}")
        canvas.y -= INTRO_LEADING * len(intro) + INTRO_GAP

    def _lone(self, canvas: _Canvas, kind: str, drawn: str) -> None:
        canvas.parts.append(f"/{kind}<</MCID {self._structure.lone(kind)}>>BDC {drawn} EMC")

    def _tagged(self, canvas: _Canvas, kind: str, cells: Sequence[str], attributes: str = "") -> None:
        contents = self._structure.row(kind, len(cells), attributes)
        canvas.parts += [
            f"/{kind}<</MCID {content}>>BDC {drawn} EMC" for content, drawn in zip(contents, cells, strict=True)
        ]  # fmt: skip

    def _head_cells(self, canvas: _Canvas) -> list[str]:
        baseline, cut, drawn = canvas.y - 9.5, self._cut, [f"{_MUTED} /LA {HEAD_SIZE} Tf"]
        for column, left, end in zip(self._annex.columns, self._lefts, self._ends, strict=True):
            if column.right:
                drawn.append(cut.ending_at(end, baseline, column.title, HEAD_SIZE))
            else:
                drawn.append(cut.at(left, baseline, column.title))
        return drawn

    def _head(self, canvas: _Canvas) -> None:
        style, *cells = self._head_cells(canvas)
        canvas.parts.append(style)
        self._tagged(canvas, "TH", cells, "/A<</O/Table/Scope/Column>>")

    def _row(self, canvas: _Canvas, row: SetRow) -> None:
        lines = round((row.height - PADDING) / LEADING)
        heights = [f" {canvas.y - _DROP - at * LEADING:.2f} Tm" for at in range(lines)]
        cells = [
            " ".join([x + y + shown for (x, shown), y in zip(self._placed(place, texts), heights, strict=False)])
            for place, texts in enumerate(row.cells)
        ]
        self._tagged(canvas, "TD", cells)
        canvas.y -= row.height
        canvas.hair()

    def _placed(self, place: int, texts: tuple[str, ...]) -> list[tuple[str, str]]:
        """What stands before and after the height of each line of a cell; cells that come again are placed once."""
        found = self._known[place].get(texts)
        if found is None:
            column, cut = self._annex.columns[place], self._cut.regular
            left, end = self._lefts[place], self._ends[place]
            found = self._known[place][texts] = [
                (
                    f"1 0 0 1 {end - cut.face.points(text, SIZE) if column.right else left:.2f}",
                    f"<{cut.encode(text)}>Tj",
                )
                for text in texts
            ]
        return found

    def _sum(self, canvas: _Canvas, label: str, text: str) -> None:
        """A sum at the head or foot of a page: about the page, not the table, hence an artifact."""
        baseline = canvas.y - _DROP
        drawn = (
            self._cut.at(self._lefts[_WHAT], baseline, label),
            self._cut.ending_at(self._ends[-1], baseline, text, SIZE),
        )
        canvas.parts += [_ARTIFACT, f"{_MUTED} /LA {SIZE} Tf", *drawn, "EMC"]
        canvas.y -= SUM_HEIGHT
        canvas.hair()

    def _total(self, canvas: _Canvas) -> None:
        baseline, cells = canvas.y - _DROP, [""] * len(self._annex.columns)
        cells[1] = self._cut.bold_at(self._lefts[1], baseline, self._annex.total_label)
        cells[-1] = self._cut.bold_ending_at(self._ends[-1], baseline, self._annex.total, SIZE)
        canvas.parts.append(f"{_INK} /LB {SIZE} Tf")
        self._tagged(canvas, "TD", cells)
