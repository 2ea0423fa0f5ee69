"""What is beautiful: no page for three lines of small print, no column of syllables, nothing beyond its frame."""

from dataclasses import replace
from datetime import UTC, date, datetime

from invoices import remittance
from invoices.annex import annex
from invoices.brand import PLAIN
from invoices.document import Address, Party
from invoices.printing import print_document
from invoices.typeface import face
from tests.invoices.paper import Paper
from tests.invoices.samples import BUYER, SUPPLIER, make_document, make_lines

LONG: Party = replace(
    SUPPLIER,
    legal_name="Kleinmann Terminvermittlung & Vertriebsgesellschaft für erneuerbare Energien mbH",
    address=Address("Straße des Siebzehnten Juni 135", "Hinterhaus", "Charlottenburg", "10623", None, "DE"),
    tax_number="12/345/67890",
)


def test_a_first_page_that_is_a_little_too_long_is_set_closer() -> None:
    lines = make_lines(40)
    document = make_document(lines, supplier=LONG, language="de", prepaid=50_000)
    paper = Paper(document, lines, print_document(document, lines).pdf)
    assert {word.page for word in paper.words if word.text == "Anlage:"} == {2}
    assert "Bitte aufbewahren" in paper.raw.partition("\f")[0]


def test_long_references_among_short_ones_keep_room_for_themselves() -> None:
    """Every ninth is long, which no sample may miss by its step."""
    lines = make_lines(1_200)
    column = annex(make_document(lines), lines, face("Regular")).columns[2]
    longest = max((line.reference or "" for line in lines), key=len)
    assert face("Regular").points(longest, 8.5) <= 4 * (column.width - column.gap)


def test_a_long_name_stays_inside_the_band_of_a_remittance() -> None:
    item = remittance.Item("ACME-NORTH-000001", datetime(2026, 11, 2, 9, tzinfo=UTC), 18_000, 18_000, "TRANSFER")
    at = date(2026, 12, 1), datetime(2026, 12, 1, 9, tzinfo=UTC)
    pdf = remittance.render(remittance.Remittance(LONG, BUYER, "EUR", *at, (item,), PLAIN, None))
    words = Paper(make_document(make_lines(1)), (), pdf).words
    assert max(word.right for word in words) <= PLAIN.sheet.width - PLAIN.sheet.margin + 0.5
    assert "Tyne NE1 3DX" in " ".join(word.text for word in words), "the postcode stands where the country writes it"
