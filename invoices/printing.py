"""A document as its files: the PDF, and the e-invoice that it carries and that stands beside it.

The XML is made once, so that the embedded bytes are those that are kept. Refuses nothing that the printer does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invoices import facturx
from invoices.document import Document, Line
from invoices.en16931 import NoEInvoice
from invoices.engine import EmbeddedFile
from invoices.layout import layout
from invoices.render import render


@dataclass(frozen=True, slots=True)
class Printed:
    """The bytes of each file, and the layout that made them; `xml` is None where no e-invoice can be made."""

    pdf: bytes
    xml: bytes | None
    layout: str


def print_document(document: Document, lines: Sequence[Line], logo: bytes | None = None) -> Printed:
    """PDF and XML of the document. Raises what `render.render` raises."""
    try:
        xml = facturx.xml(document, lines)
    except NoEInvoice:
        return Printed(render(document, lines, logo=logo), None, layout())
    attached = EmbeddedFile(facturx.FILE_NAME, xml, facturx.DESCRIPTION)
    return Printed(render(document, lines, attachments=[attached], xmp=facturx.XMP, logo=logo), xml, layout())


def print_json(document: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], logo: bytes | None = None) -> Printed:
    """The same for the stored JSON of a document and its lines."""
    return print_document(Document.from_json(document), [Line.from_json(line) for line in lines], logo)
