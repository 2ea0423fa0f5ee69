"""A frozen document as PDF/A-3b: the same document gives the same bytes, today and in another process.

Owns the choice between the two ways to print the annex: drawn (fast, simple scripts) or laid out (everything else).
Refuses documents whose sums disagree and sizes that no honest document has.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import md5
from typing import Final

import jinja2

from invoices.annex import Annex, annex
from invoices.document import Document, Line
from invoices.drawn import Drawing, draw
from invoices.engine import EmbeddedFile, Imprint, produce
from invoices.front import Front
from invoices.grid import Grid, PlacedGrid, place
from invoices.pagination import Sheet, room_of, set_rows, sheets
from invoices.pen import Pen, Pens
from invoices.running import Running, running
from invoices.totals import check_sums
from invoices.typeface import Face, face, subset

MOST_LINES: Final = 100_000
LONGEST_TEXT: Final = 4_000
"""Characters of any one text of a party or a line."""


class TooLarge(ValueError):
    """More lines, or a longer text, than any honest document has."""


def render(
    document: Document,
    lines: Sequence[Line],
    *,
    attachments: Sequence[EmbeddedFile] = (),
    xmp: bytes = b"",
    logo: bytes | None = None,
) -> bytes:
    """The document as a PDF file.

    `attachments` are embedded as they are and named in the small print; `xmp` are `rdf:Description` elements that
    describe them; `logo` is the picture that the document's brand names. Raises TotalsDisagree, TooLarge, or
    ForeignResource (nothing but bundled fonts and this picture is ever loaded).
    """
    _check_size(document, lines)
    check_sums(document, lines)
    regular, semibold = face("Regular"), face("SemiBold")
    page = Front(document, lines, regular, semibold, [file.name for file in attachments])
    table = annex(document, lines, regular)
    head_and_foot = running(page.number, page.parties, regular, page.tongue, document.brand.sheet)
    imprint = Imprint(
        md5(document.id.encode(), usedforsecurity=False).digest(),
        document.issued_at,
        attachments,
        xmp,
        document.brand.paper,
        logo,
    )
    drawn = _sheets(table, head_and_foot, regular, semibold)
    if drawn is None:
        return produce(_html(page, table, {}), furniture=True, imprint=imprint)
    grids = {each.name: placed for each in page.grids if (placed := place(each, regular, semibold)) is not None}
    drawing = Drawing(grids, table, drawn, head_and_foot, _pens(table, page.grids, head_and_foot, regular, semibold))
    return produce(
        _html(page, None, grids),
        furniture=False,
        imprint=imprint,
        closer=_html(page, None, grids, close=True),
        finish=lambda pdf, spots: draw(pdf, spots, drawing),
    )


def _sheets(table: Annex, running: Running, regular: Face, semibold: Face) -> list[Sheet] | None:
    """The annex on drawn pages, or None where a text needs shaping, a glyph is missing or a row outgrows a page."""
    simple = regular.can_set("".join((*running.texts(), *table.texts())))
    if not (simple and semibold.can_set(f"{table.title}{table.total_label}{table.total}")):
        return None
    rows = set_rows(table, regular)
    if max((row.height for row in rows), default=0.0) > room_of(table.paper) / 2:
        return None
    return list(sheets(table, rows, regular))


def _pens(table: Annex, grids: Sequence[Grid], running: Running, regular: Face, semibold: Face) -> Pens:
    texts = [*table.texts(), *running.texts()]
    strong = [table.title, table.total_label, table.total]
    for each in grids:
        texts.extend(each.texts())
        strong.extend(each.strong_texts())
    return Pens(
        Pen(subset(regular, filter(regular.can_set, "".join(texts)))),
        Pen(subset(semibold, filter(semibold.can_set, "".join(strong)))),
    )


def _html(page: Front, table: Annex | None, grids: Mapping[str, PlacedGrid], *, close: bool = False) -> str:
    heights = {name: placed.height for name, placed in grids.items()}
    return _template().render(page=page, annex=table, heights=heights, close=close)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("invoices"), autoescape=True, undefined=jinja2.StrictUndefined, auto_reload=False
    )
    return environment.get_template("document.html.j2")


def _check_size(document: Document, lines: Sequence[Line]) -> None:
    if len(lines) > MOST_LINES:
        raise TooLarge(f"{document.number}: {len(lines)} lines, more than {MOST_LINES}")
    for line in lines:
        texts = (line.reference, line.outcome, line.note, line.definition, *line.confirmed)
        if sum(len(text or "") for text in texts) > LONGEST_TEXT:
            raise TooLarge(f"{document.number}: line {line.number} is longer than {LONGEST_TEXT} characters")
    for party in (document.supplier, document.buyer):
        address = party.address
        texts = (party.legal_name, address.line1, address.line2, address.city, address.postcode, address.region)
        if sum(len(text or "") for text in texts) > LONGEST_TEXT:
            raise TooLarge(f"{document.number}: {party.slug} is longer than {LONGEST_TEXT} characters")
