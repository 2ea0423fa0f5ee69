"""The layout engine, fenced in: WeasyPrint with the bundled fonts, fixed dates and nothing else to load.

Owns everything that touches WeasyPrint, which is imported on first use so that the rest runs without Pango. Refuses
every address but the bundled fonts', whoever asks for it.
"""

import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

import pydyf

from invoices import pdf_file
from invoices.brand import PAPERS, PaperName
from invoices.pdf_objects import pack_attachments
from invoices.typeface import FONT_FILES, asset

_SCHEME: Final = "bundled:"
LOGO_URL: Final = "bundled:logo"
_VARIANT: Final = "pdf/a-3b"
_VERSION: Final = "1.7"
_POINTS_PER_PIXEL: Final = 0.75
_LOCK: Final = threading.Lock()
"""Pango's font map, shared by all documents of a process, serves one thread at a time."""


class ForeignResource(Exception):
    """A document asked for something that is not part of this program; it is not rendered at all."""


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """A file inside the PDF; `relationship` as in ISO 32000-2, 7.11.3 (an e-invoice is an "Alternative")."""

    name: str
    content: bytes
    description: str
    relationship: str = "Alternative"


@dataclass(frozen=True, slots=True)
class Imprint:
    """What a file says about itself: its fixed identifier and instant, the files it carries, extra XMP.

    `xmp` is one or more `rdf:Description` elements; they go inside the one `rdf:RDF` there is.
    """

    identifier: bytes
    issued_at: datetime
    files: Sequence[EmbeddedFile] = ()
    xmp: bytes = b""
    paper: PaperName = "A4"
    logo: bytes | None = None
    """The one picture that the HTML may ask for, as `bundled:logo`."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an element with an id begins: the page, counted from 0, and points from its top left corner."""

    page: int
    x: float
    y: float


Finish = Callable[[Any, Mapping[str, Spot]], None]
"""May add to the `pydyf.PDF` before it is written; knows where the elements with ids are."""


def produce(
    html: str, *, furniture: bool, imprint: Imprint, closer: str | None = None, finish: Finish | None = None
) -> bytes:
    """The HTML as a tagged PDF/A-3b; `closer` is the same set closer, taken where that saves a page.

    `furniture` lets the engine set what runs above and below; without it `finish` does. Raises ForeignResource when
    the HTML asks for anything but the bundled fonts.
    """
    from weasyprint import HTML, Attachment
    from weasyprint.urls import FatalURLFetchingError

    with _LOCK:
        try:
            fetcher, fonts, sheets = _tools()
            fetcher.logo = imprint.logo
            furnished = [sheets["furniture.css"]] if furniture else []
            chosen = [sheets["document.css"], sheets[imprint.paper], *furnished]

            def lay_out(text: str) -> Any:
                source = HTML(string=text, url_fetcher=fetcher, base_url=_SCHEME)
                return source.render(font_config=fonts, stylesheets=chosen, pdf_variant=_VARIANT, pdf_tags=True)

            laid_out = lay_out(html)
            if closer is not None and len(laid_out.pages) > 1:
                laid_out = min(laid_out, lay_out(closer), key=lambda each: len(each.pages))
            laid_out.metadata.attachments = [
                Attachment(
                    string=file.content, name=file.name, description=file.description, relationship=file.relationship,
                    created=imprint.issued_at, modified=imprint.issued_at, url_fetcher=fetcher, base_url=_SCHEME,
                )
                for file in imprint.files
            ]  # fmt: skip
            _extend_xmp(laid_out.metadata, imprint.xmp)
            with warnings.catch_warnings():  # the engine leaves closing its colour profile to the collector
                warnings.filterwarnings("ignore", "unclosed file .*icc", ResourceWarning)
                written: bytes = laid_out.write_pdf(
                    pdf_variant=_VARIANT, pdf_tags=True, pdf_identifier=imprint.identifier, finisher=_finisher(finish)
                )
        except FatalURLFetchingError as refused:
            raise ForeignResource(str(refused)) from None
    return written


def warm() -> None:
    """Loads engine, fonts and stylesheets, so that the first document does not wait for them."""
    with _LOCK:
        _tools()


def _finisher(finish: Finish | None) -> Callable[[Any, Any], None]:
    def finished(laid_out: Any, pdf: Any) -> None:
        pack_attachments(pdf)
        if finish is not None:
            finish(pdf, _spots(laid_out))
        if "AF" in pdf.catalog:  # the engine lists each file twice
            pdf.catalog["AF"] = pydyf.Array(dict.fromkeys(pdf.catalog["AF"]))
        pdf.write = lambda output, _version, identifier, _compress: pdf_file.write(pdf, output, _VERSION, identifier)

    return finished


def _spots(laid_out: Any) -> dict[str, Spot]:
    return {
        name: Spot(number, corner[0] * _POINTS_PER_PIXEL, corner[1] * _POINTS_PER_PIXEL)
        for number, page in enumerate(laid_out.pages)
        for name, corner in page.anchors.items()
    }


def _extend_xmp(metadata: Any, xmp: bytes) -> None:
    if not xmp:
        return
    generate = metadata.generate_rdf_metadata

    def extended(*arguments: Any) -> bytes:
        head, end, tail = generate(*arguments).rpartition(b"</rdf:RDF>")
        return bytes(head + xmp + end + tail)

    metadata.generate_rdf_metadata = extended


@cache
def _tools() -> tuple[Any, Any, dict[str, Any]]:
    """The fetcher, the fonts and the parsed stylesheets of this process."""
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class BundledOnly(URLFetcher):
        logo: bytes | None = None

        def fetch(self, url: str, headers: Any = None) -> Any:
            name = url.removeprefix(_SCHEME)
            if url == LOGO_URL and self.logo is not None:
                return URLFetcherResponse(url, self.logo)
            if not url.startswith(_SCHEME) or name not in FONT_FILES:
                raise ForeignResource(url)
            return URLFetcherResponse(url, asset(name))

    fetcher, fonts = BundledOnly(fail_on_errors=True), FontConfiguration()
    sheets = {
        name: CSS(string=asset(name).decode(), font_config=fonts, url_fetcher=fetcher, base_url=_SCHEME)
        for name in ("document.css", "furniture.css")
    }
    for paper, sheet in PAPERS.items():
        size = f"@page {{ size: {sheet.width}pt {sheet.height}pt }}"
        sheets[paper] = CSS(string=size, font_config=fonts, url_fetcher=fetcher, base_url=_SCHEME)
    return fetcher, fonts, sheets
