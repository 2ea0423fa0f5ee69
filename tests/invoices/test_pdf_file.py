"""What the file promises to archives and to people who cannot see it."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from invoices.engine import EmbeddedFile
from invoices.printing import print_document
from invoices.render import render
from tests.invoices.paper import Paper
from tests.invoices.samples import make_document, make_lines

ROOT = Path(__file__).parents[2]
XMP = (
    b'<rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#">'
    b"<fx:DocumentFileName>factur-x.xml</fx:DocumentFileName></rdf:Description>"
)


def fonts(pdf: Any) -> Iterator[tuple[str, Any]]:
    """Every font that a page may use: its name and its descendant."""
    seen = set()
    for page in pdf.pages:
        for font in page.Resources.get("/Font", {}).values():
            if font.objgen not in seen:
                seen.add(font.objgen)
                yield str(font.BaseFont), font.DescendantFonts[0]


def kids(element: Any) -> list[Any]:
    found = element.get("/K", [])
    return list(found) if isinstance(found, pikepdf.Array) else [found]


def elements(element: Any) -> Iterator[Any]:
    for kid in kids(element):
        if isinstance(kid, pikepdf.Dictionary):
            yield kid
            yield from elements(kid)


def test_it_says_that_it_is_pdf_a_3b_and_has_what_that_needs(paper: Paper) -> None:
    with paper.open() as pdf:
        assert pdf.open_metadata().pdfa_status == "3B"
        assert len(pdf.Root.OutputIntents) == 1
        assert pdf.trailer.ID[0]
        assert "/Encrypt" not in pdf.trailer
        assert pdf.check_pdf_syntax() == []
        assert pdf.Root.Lang == "en-GB"


def test_all_fonts_are_embedded_and_their_widths_are_told_truly(paper: Paper) -> None:
    with paper.open() as pdf:
        found = list(fonts(pdf))
        assert len(found) >= 4
        for name, font in found:
            descriptor = font.FontDescriptor
            assert "/FontFile2" in descriptor or "/FontFile3" in descriptor, name
            if "/FontFile2" not in descriptor or not isinstance(font.CIDToGIDMap, pikepdf.Stream):
                continue
            program = TTFont(io.BytesIO(descriptor.FontFile2.read_bytes()))
            advances = [program["hmtx"][glyph][0] * 1000 / 2048 for glyph in program.getGlyphOrder()]
            places = font.CIDToGIDMap.read_bytes()
            told = [float(width) for width in font.W[1]]
            for code, width in enumerate(told, 1):
                glyph = int.from_bytes(places[2 * code : 2 * code + 2], "big")
                assert width == pytest.approx(advances[glyph], abs=0.01)


def test_dates_and_identifier_come_from_the_document(paper: Paper) -> None:
    with paper.open() as pdf:
        assert str(pdf.docinfo.CreationDate) == str(pdf.docinfo.ModDate) == "D:20261101093000Z"
        assert pdf.open_metadata()["xmp:CreateDate"] == "2026-11-01T09:30:00Z"
        assert str(pdf.docinfo.Title).endswith("ACME-NORTH-000012")


def test_the_annex_is_a_table_to_those_who_hear_it(paper: Paper) -> None:
    with paper.open() as pdf:
        assert pdf.Root.MarkInfo.Marked
        tables = [each for each in elements(pdf.Root.StructTreeRoot) if each.S == "/Table"]
        rows = [row for table in tables for row in elements(table) if row.S == "/TR"]
        cells = [[str(cell.S) for cell in elements(row) if cell.S in ("/TD", "/TH")] for row in rows]
        assert ["/TH"] * 8 in cells
        assert cells.count(["/TD"] * 8) >= len(paper.lines)


def test_the_first_page_s_tables_come_before_the_annex(papers: dict[str, Paper]) -> None:
    with papers["short"].open() as pdf:
        tables = [each for each in elements(pdf.Root.StructTreeRoot) if each.S == "/Table"]
        columns = [len(list(elements(kids(table)[0]))) for table in tables]
        assert columns == [6, 4, 2, 8]
        assert [str(table.P.S) for table in tables] == ["/Div", "/Div", "/Div", "/Document"]


def test_every_piece_of_marked_content_has_one_owner(paper: Paper) -> None:
    with paper.open() as pdf:
        numbers = list(pdf.Root.StructTreeRoot.ParentTree.Nums)
        owners = dict(zip(map(int, numbers[::2]), numbers[1::2], strict=True))
        for page in pdf.pages:
            marked = [
                int(step.operands[1].MCID)
                for step in pikepdf.parse_content_stream(page)
                if str(step.operator) == "BDC" and "/MCID" in step.operands[1]
            ]
            mine = owners[int(page.StructParents)]
            assert sorted(marked) == list(range(len(mine)))
            for content, owner in enumerate(mine):
                assert content in [int(kid) for kid in kids(owner) if not isinstance(kid, pikepdf.Dictionary)]


def test_the_same_document_gives_the_same_bytes_in_another_process(papers: dict[str, Paper]) -> None:
    names = ["laid out", "long names", "short"]
    program = (
        "import sys; from tests.invoices.conftest import _SAMPLES; from invoices.printing import print_json\n"
        "for name in sys.argv[1:]:\n"
        "    document, lines = _SAMPLES[name]()\n"
        "    sys.stdout.buffer.write(print_json(document.to_json(), [line.to_json() for line in lines]).pdf)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Pacific/Chatham", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", program, *names], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    assert done.stdout == b"".join(papers[name].pdf for name in names)


def test_the_same_document_gives_the_same_bytes_after_others(papers: dict[str, Paper]) -> None:
    paper = papers["short"]
    assert print_document(paper.document, paper.lines).pdf == paper.pdf


def test_nothing_loads_the_layout_engine_before_a_document_is_rendered() -> None:
    program = (
        "import sys, invoices.lines_csv, invoices.render, invoices.render_pool;"
        "sys.exit('weasyprint' in sys.modules or 'fontTools' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_an_attachment_is_carried_once_as_it_is_and_named_on_paper() -> None:
    lines, xml = make_lines(2), b"<?xml version='1.0'?><rsm:CrossIndustryInvoice/>"
    document = make_document(lines)
    attached = EmbeddedFile("factur-x.xml", xml, "EN 16931 invoice")
    pdf_bytes = render(document, lines, attachments=[attached], xmp=XMP)
    paper = Paper(document, lines, pdf_bytes)
    assert "Embedded in this file: factur-x.xml" in paper.raw
    assert render(document, lines, attachments=[attached], xmp=XMP) == pdf_bytes
    with paper.open() as pdf:
        assert len(pdf.Root.AF) == 1
        assert pdf.Root.AF[0].AFRelationship == "/Alternative"
        assert pdf.attachments["factur-x.xml"].get_file().read_bytes() == xml
        assert pdf.attachments["factur-x.xml"].get_file().creation_date == datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
        metadata = pdf.open_metadata()
        assert metadata["{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}DocumentFileName"] == "factur-x.xml"
        assert metadata.pdfa_status == "3B"
        assert pdf.Root.Metadata.read_bytes().count(b"<rdf:RDF") == 1
