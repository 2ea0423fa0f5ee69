"""What an operator may brand, what is refused, and what both papers look like."""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pikepdf
import pytest
from PIL import Image

from invoices import logos, remittance
from invoices.brand import PAPERS, PLAIN, Brand, contrast
from invoices.document import Document, Line
from invoices.printing import print_document
from tests.invoices.paper import Paper
from tests.invoices.samples import BUYER, SUPPLIER, make_document, make_lines

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10">'
DRAWN = f"""{HEAD}<title>North Bank</title><defs>
<linearGradient id="g"><stop offset="0" stop-color="#036"/></linearGradient>
</defs><g style="fill:url(#g);stroke:none"><path d="M0 0h40v10z"/></g></svg>""".encode()


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"accent": "#777777"}, "accent: too light to be read on white: contrast 4.5, needed is 4.5"),
        ({"accent": "#595959", "band": "#cccccc"}, "accent: too close to the band"),
        ({"band": "#aaaaaa", "accent": "#000000"}, "band: too dark"),
        ({"accent": "red"}, "accent: a colour is written"),
        ({"accent": "#0B5C63"}, "accent: a colour is written"),
        ({"paper": "A5"}, "paper: 'A5' is neither A4 nor Letter"),
        ({"footer": ("x",) * 5}, "footer: at most 4 lines"),
        ({"footer": ("x" * 161,)}, "footer: at most 4 lines"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value.partition(":")[0],
)
def test_what_could_not_be_read_or_printed_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(PLAIN, **wrong)


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        ("<script>alert(1)</script>", "<script> is not taken"),
        ('<image href="file:///etc/passwd"/>', "<image> is not taken"),
        ('<text x="1">North</text>', "turn text into outlines"),
        ('<foreignObject><p xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>', "<foreignObject>"),
        ("<style>@import url(http://x.example)</style>", "<style>"),
        ('<rect fill="url(http://x.example/a)"/>', "refers to nothing outside"),
        ('<rect style="fill:url( file:///etc/passwd )"/>', "refers to nothing outside"),
        ('<rect fill="&#117;rl(//x.example)"/>', "refers to nothing outside"),
        ('<rect onload="x()"/>', "onload is not taken"),
        ('<rect xmlns:x="http://www.w3.org/1999/xlink" x:href="#a"/>', "href is not taken"),
        ('<clipPath id="a"><rect clip-path="url(#a)"/></clipPath>', "not clipped itself"),
        ("<g>" * 30 + "</g>" * 30, "nested too deeply"),
        ("<g/>" * 2001, "more than 2000 elements"),
        ("<g", "neither"),
    ],
    ids=lambda value: value[:24] if value.startswith("<") else "",
)
def test_a_drawing_that_is_not_harmless_is_refused(inside: str, says: str) -> None:
    with pytest.raises(logos.BadLogo, match=says):
        logos.read(f"{HEAD}{inside}</svg>".encode())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + DRAWN, "document type"),
        (DRAWN.replace(b"40 10", b"1 100"), "12 times"),
        (DRAWN.replace(b'viewBox="0 0 40 10"', b""), "neither viewBox nor width"),
        (b"GIF89a", "this is neither"),
        (b"\x89PNG\r\n\x1a\nnothing", "cannot be read"),
        (b" " * 200_001, "at most 200 kB"),
    ],
    ids=("entity", "slim", "no size", "gif", "broken", "large"),
)
def test_what_is_no_logo_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(logos.BadLogo, match=says):
        logos.read(content)


def png(width: int, height: int) -> bytes:
    written = io.BytesIO()
    Image.new("RGBA", (width, height), (0, 80, 120, 128)).save(written, "PNG", pnginfo=None)
    return written.getvalue()


def test_what_is_kept_is_what_was_checked() -> None:
    kept = logos.read(DRAWN)
    assert b"style" not in kept.content and b"title" not in kept.content
    assert (kept.mark.width, kept.mark.height, kept.mark.media_type) == (1000, 250, "image/svg+xml")
    assert logos.read(kept.content).mark.media_type == "image/svg+xml", "it is a logo itself"
    hidden = logos.read(png(60, 20) + b"PK\x03\x04 something behind the picture")
    assert b"PK" not in hidden.content


def branded(count: int, logo: logos.Logo | None, **changes: Any) -> tuple[Document, Sequence[Line]]:
    lines = make_lines(count)
    brand = Brand(
        "#7a1f5c",
        "#f7eef4",
        ("North Bank plc · 100 Quayside", "Ω Παράδειγμα ООО 山田"),
        "Letter",
        None if logo is None else logo.mark,
    )
    return make_document(lines, brand=brand, **changes), lines


@pytest.mark.parametrize("picture", [DRAWN, png(300, 90)], ids=["svg", "png"])
def test_a_brand_is_printed_on_letter_and_stays_archivable(picture: bytes) -> None:
    logo = logos.read(picture)
    document, lines = branded(70, logo)
    assert Document.from_json(document.to_json()) == document
    printed = print_document(document, lines, logo.content)
    assert printed == print_document(document, lines, logo.content), "the same bytes again"
    letter = PAPERS["Letter"]
    with pikepdf.open(io.BytesIO(printed.pdf)) as pdf:
        assert {tuple(map(float, page.mediabox)) for page in pdf.pages} == {(0, 0, letter.width, letter.height)}
        assert pdf.open_metadata().pdfa_status == "3B"
        assert len(pdf.pages) >= 3
    paper = Paper(document, lines, printed.pdf)
    assert "North Bank plc · 100 Quayside" in paper.raw
    words = [word for word in paper.words if word.text.strip()]
    assert max(word.right for word in words) <= letter.width - letter.margin + 0.7


def test_a_document_whose_logo_is_not_at_hand_is_not_printed_without_it() -> None:
    document, lines = branded(3, logos.read(DRAWN))
    with pytest.raises(Exception, match="bundled:logo"):
        print_document(document, lines)


def test_a_remittance_advice_has_the_documents_look_in_the_suppliers_language() -> None:
    logo, at = logos.read(DRAWN), datetime(2026, 12, 1, 9, tzinfo=UTC)
    items = tuple(remittance.Item(f"ACME-NORTH-{number:06d}", at, 1000, 900, None) for number in range(1, 61))
    berlin = replace(SUPPLIER, address=replace(SUPPLIER.address, country="DE"), legal_name="山田 GmbH")
    brand = branded(1, logo)[0].brand
    paid = remittance.Remittance(berlin, BUYER, "EUR", date(2026, 12, 1), at, items, brand, logo.content)
    printed = remittance.render(paid)
    assert printed == remittance.render(paid)
    with pikepdf.open(io.BytesIO(printed)) as pdf:
        assert pdf.open_metadata().pdfa_status == "3B" and len(pdf.pages) == 3
    text = Paper(make_document(make_lines(1)), (), printed).raw
    assert all(word in text for word in ("Zahlungsavis", "540,00", "ACME-NORTH-000060", "山田 GmbH", "Seite 3 von 3"))
