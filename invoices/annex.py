"""The annex: every line of a document as a row of text cells, and the columns that hold them.

Owns what a row says, how wide its columns are and where its words wrap; both routes to paper (the laid-out table and
the drawn pages) print exactly these cells. Refuses nothing and draws nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import Final

from invoices import display, words
from invoices.brand import Paper
from invoices.document import Document, Line
from invoices.languages import Tongue, tongue
from invoices.text import clean
from invoices.typeface import UNITS_PER_EM, Face

SIZE: Final = 8.5
HEAD_SIZE: Final = 7.5
GAP: Final = 6.5
_SLACK: Final = 0.6
"""Keeps a text that fits exactly from wrapping when two engines round differently."""
_SAMPLE: Final = 400
"""About how many rows are looked at when reference and description share their room, no two steps at the same pace."""
_MOST_BREAKS: Final = 4
"""Into how many lines the longest reference may break, where the page has the room."""
_RIGHT: Final = frozenset(("number", "price", "share", "amount"))


@dataclass(frozen=True, slots=True)
class Column:
    """`width` in points, the gap before its text included (the first column has none)."""

    key: str
    title: str
    width: float
    right: bool
    gap: float

    @property
    def text_units(self) -> int:
        """Room for text at the annex's size, in the font's units."""
        return int((self.width - self.gap) * UNITS_PER_EM / SIZE)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its cells in the order of the columns, and the sum of the amounts up to and including it."""

    cells: tuple[str, ...]
    running: str


@dataclass(frozen=True, slots=True)
class Annex:
    title: str
    intro: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total_label: str
    total: str
    carried: str
    brought: str
    """The words beside the sums between two pages."""
    paper: Paper

    def texts(self) -> Iterable[str]:
        """Every text that the annex prints."""
        yield from (self.title, self.intro, self.total_label, self.total, self.carried, self.brought)
        yield from (column.title for column in self.columns)
        for row in self.rows:
            yield from row.cells


def annex(document: Document, lines: Sequence[Line], face: Face) -> Annex:
    """The annex of a document; dates of service are in the document's time zone."""
    definitions = sorted({line.definition for line in lines})
    single, say = len(definitions) <= 1, tongue(document.language)
    cells = [_cells(document, line, single, say) for line in lines]
    sums = accumulate(line.amount for line in lines)
    rows = tuple(
        Row(each, display.amount(total, document.currency, say.locale)) for each, total in zip(cells, sums, strict=True)
    )
    intro = [
        say("Dates of service in {zone}.", zone=clean(document.time_zone)),
        say("Amounts in {currency}, before VAT.", currency=document.currency),
    ]
    if document.corrects is not None:
        intro.insert(0, say("Corrects {number}.", number=clean(document.corrects.number)))
    if single and definitions and definitions[0]:
        intro.insert(0, say("Terms: {definition}.", definition=clean(definitions[0])))
    return Annex(
        title=say("Annex: {lines}", lines=say.lines(len(lines))),
        intro=" ".join(intro),
        columns=_columns(say, cells, face, rows[-1].running if rows else "", document.brand.sheet.room),
        rows=rows,
        total_label=say("Total of {lines}", lines=say.lines(len(lines))),
        total=display.amount(document.totals.net, document.currency, say.locale),
        carried=say("Carried forward"),
        brought=say("Brought forward"),
        paper=document.brand.sheet,
    )


def _cells(document: Document, line: Line, single: bool, say: Tongue) -> tuple[str, ...]:
    currency, locale = document.currency, say.locale
    shortfall = line.kind == "shortfall"
    version = f"v{line.definition_version}"
    return (
        str(line.number),
        "" if line.service_at is None else display.local_day(line.service_at, document.time_zone, locale),
        clean(line.reference),
        words.describe(line, say),
        version if single else clean(f"{line.definition} {version}"),
        "" if shortfall else display.amount(line.price, currency, locale),
        "" if shortfall else display.hundredths(line.share, locale),
        display.amount(line.amount, currency, locale),
    )


def _columns(say: Tongue, cells: Sequence[tuple[str, ...]], face: Face, total: str, width: float) -> tuple[Column, ...]:
    """Numbers and dates get what they need; reference and description share the rest so that little wraps."""
    titles = tuple(map(say, ("No.", "Service", "Reference", "Outcome", "Terms", "Price", "Share %", "Amount")))
    keys = ("number", "date", "reference", "what", "terms", "price", "share", "amount")
    by_column: list[tuple[str, ...]] = list(zip(*cells, strict=True)) if cells else [()] * len(keys)
    by_column[-1] = (*by_column[-1], total)
    widest = [
        max((face.points(text, SIZE) for text in _candidates(key, column)), default=0.0)
        for key, column in zip(keys, by_column, strict=True)
    ]
    heads = [face.points(title, HEAD_SIZE) for title in titles]
    gaps = [0.0] + [GAP] * (len(keys) - 1)
    widths = [max(wide, head) + _SLACK + gap for wide, head, gap in zip(widest, heads, gaps, strict=True)]
    fixed = sum(widths[place] for place in (0, 1, 5, 6, 7))
    room = width - fixed
    widths[4] = min(widths[4], room * 0.25)
    widths[2] = _reference_width(by_column[2], by_column[3], face, heads[2], room - widths[4])
    widths[3] = room - widths[4] - widths[2]
    return tuple(
        Column(key, title, round(width, 2), key in _RIGHT, gap)
        for key, title, width, gap in zip(keys, titles, widths, gaps, strict=True)
    )


def _candidates(key: str, column: Sequence[str]) -> Iterable[str]:
    """The texts that may be widest: numbers are as wide as they are long, for their figures are tabular."""
    if key in _RIGHT:
        length = max((len(text) for text in column), default=0)
        return {text for text in column if len(text) == length}
    return () if key in {"what", "reference"} else set(column)


def _reference_width(
    references: Sequence[str], descriptions: Sequence[str], face: Face, head: float, room: float
) -> float:
    """The share of `room` for references that wraps least over a sample of rows (tall rows count more)."""
    step = max(1, len(references) // _SAMPLE)
    looked_at = [start + start // step % step for start in range(0, len(references) - step + 1, step)]
    pairs = [
        (face.points(references[place], SIZE) + _SLACK, face.points(descriptions[place], SIZE) + _SLACK)
        for place in looked_at
    ]
    longest = face.points(max(references, key=len, default=""), SIZE) + _SLACK
    most = room * 0.6
    least = max(head + _SLACK + GAP, min(longest / _MOST_BREAKS + GAP, most))
    tries = {least + (most - least) * part / 16 for part in range(17)} | {min(max(longest + GAP, least), most)}

    def unrest(width: float) -> float:
        return sum(max(ceil(left / (width - GAP)), ceil(right / (room - width - GAP))) ** 2 for left, right in pairs)

    return min(sorted(tries), key=unrest)
