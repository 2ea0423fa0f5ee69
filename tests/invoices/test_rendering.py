import re
from dataclasses import replace
from itertools import pairwise

import pytest

from invoices import display
from invoices.annex import annex
from invoices.brand import PAPERS
from invoices.document import Address
from invoices.front import Front
from invoices.render import TooLarge, render
from invoices.totals import TotalsDisagree
from invoices.typeface import face
from tests.invoices.conftest import LONG_NAME
from tests.invoices.paper import Paper, squeezed
from tests.invoices.samples import HEAD, SUPPLIER, make_document, make_lines

A4 = PAPERS["A4"]


def rows(paper: Paper) -> list[tuple[str, ...]]:
    return [row.cells for row in annex(paper.document, paper.lines, face("Regular")).rows]


def test_every_line_can_be_extracted_whole_and_in_order(paper: Paper) -> None:
    text, at = squeezed(paper.raw), 0
    for cells in rows(paper):
        wanted = squeezed("".join(cells))
        found = text.find(wanted, at)
        assert found >= 0, cells
        at = found + len(wanted)


def test_reference_price_and_amount_of_every_line_stand_in_one_row(paper: Paper) -> None:
    found = [line.split() for line in paper.layout.splitlines()]
    at = 0
    for number, _, reference, _, _, price, share, amount in rows(paper):
        numbers = [text for text in (price, share, amount) if text]
        place = next(
            (
                place
                for place in range(at, len(found))
                if found[place][:1] == [number] and found[place][-len(numbers) :] == numbers
            ),
            None,
        )
        assert place is not None, number
        if len(reference) < 8:
            assert not reference or reference in found[place]
        at = place + 1


def test_nothing_leaves_the_type_area(paper: Paper) -> None:
    words = [word for word in paper.words if word.text.strip()]
    assert max(word.right for word in words) <= A4.width - A4.margin + 0.7
    assert min(word.left for word in words) >= A4.margin - 0.7


def test_no_two_words_overlap(paper: Paper) -> None:
    words = [word for word in paper.words if word.text.isascii()]
    lines: dict[tuple[int, float], list[tuple[float, float, str]]] = {}
    for word in words:
        lines.setdefault((word.page, round(word.bottom, 1)), []).append((word.left, word.right, word.text))
    clashes = [
        (left, right)
        for line in lines.values()
        for left, right in pairwise(sorted(line))
        if right[0] < left[1] - 0.6
    ]  # fmt: skip
    assert clashes == []


def test_every_page_tells_its_number_and_how_many_there_are(paper: Paper) -> None:
    with paper.open() as pdf:
        count = len(pdf.pages)
    told = re.findall(r"Page (\d+) of (\d+)", paper.raw)
    assert sorted((int(page), int(of)) for page, of in told) == [(page, count) for page in range(1, count + 1)]


def test_number_and_parties_run_above_every_page_but_the_first(papers: dict[str, Paper]) -> None:
    paper = papers["long annex"]
    pages = paper.raw.split("\f")[:-1]
    assert len(pages) > 5
    assert all("Acme Calls Ltd → North Bank plc" in page for page in pages[1:])
    assert all(page.count("ACME-NORTH-000012") >= 2 for page in pages)


@pytest.mark.parametrize("name", ["long annex", "laid out"])
def test_each_page_carries_its_sum_forward_to_the_next(papers: dict[str, Paper], name: str) -> None:
    pages = papers[name].layout.split("\f")[:-1]
    carried = [re.search(r"Carried forward\s+(\S+)", page) for page in pages]
    brought = [re.search(r"Brought forward\s+(\S+)", page) for page in pages]
    sums = [found[1] for found in carried if found]
    assert len(sums) == len(pages) - 2
    assert [found[1] for found in brought if found] == sums
    lines = papers[name].lines
    for page, carried_sum in zip(pages[1:-1], sums, strict=True):
        last = max(int(number) for number in re.findall(r"^ *(\d+) +\d+ \w+ 2026 ", page, re.MULTILINE))
        assert carried_sum == display.amount(sum(line.amount for line in lines[:last]), "GBP")


def test_the_first_page_shows_the_four_figures(papers: dict[str, Paper]) -> None:
    paper = papers["short"]
    first = paper.layout.split("\f")[0]
    totals = paper.document.totals
    for minor in (totals.net, totals.tax, totals.gross, totals.due):
        assert display.money(minor, "GBP") in first
    assert "1 Dec 2026" in first
    assert "−£500.00" in first
    assert "GB33 BUKB 2020 1555 5555 55" in first


def test_the_first_page_s_tables_print_every_number_whole(paper: Paper) -> None:
    page = Front(paper.document, paper.lines, face("Regular"), face("SemiBold"), ())
    first = squeezed(paper.raw.partition("Annex:")[0])
    for grid in page.grids:
        for row in grid.rows:
            numbers = squeezed("".join(row.cells[2 if grid.name == "summary" else 1 :]))
            assert numbers in first
            assert squeezed(row.cells[-1]) in [squeezed(word.text) for word in paper.words]


def test_the_law_s_words_are_printed(paper: Paper) -> None:
    first = squeezed(paper.raw.partition("Annex:")[0])
    assert paper.document.words
    for words in paper.document.words:
        assert squeezed(words) in first


def test_a_minus_is_a_minus(papers: dict[str, Paper]) -> None:
    assert "−9,000" in papers["adjusted"].raw
    assert "-9,000" not in papers["adjusted"].raw


def test_a_currency_shows_its_own_decimals(papers: dict[str, Paper]) -> None:
    assert re.search(r"JP¥[\d,]+\n", papers["adjusted"].raw)
    assert "987,654,321.098" in papers["huge amounts"].raw


def test_a_monthly_minimum_is_a_group_of_its_own_without_price_or_share(papers: dict[str, Paper]) -> None:
    first = papers["adjusted"].layout.split("\f")[0]
    assert re.search(r"1\s+Monthly minimum\s+46,500\s+46,500", first)


def test_a_postcode_stands_where_its_country_puts_it(papers: dict[str, Paper]) -> None:
    assert "10623 Berlin" in papers["long names"].raw
    assert "Leeds LS1 4AP" in papers["short"].raw


def test_what_is_not_subject_to_vat_shows_nobody_s_vat_number() -> None:
    lines = make_lines(1, tax=("O", 0))
    unregistered = replace(SUPPLIER, registration_number=None)
    document = make_document(lines, supplier=unregistered)
    text = Paper(document, lines, render(document, lines)).raw
    assert "VAT number" not in text
    assert "Known here as acme-calls" in text
    assert "Not subject to VAT" in text


def test_long_names_are_printed_whole(papers: dict[str, Paper]) -> None:
    first = squeezed(papers["long names"].raw.split("\f")[0])
    assert first.count(squeezed(LONG_NAME)) == 2


def test_a_credit_note_names_its_original_and_is_headed_as_german_law_asks(papers: dict[str, Paper]) -> None:
    first = papers["long names"].raw.split("\f")[0]
    assert "Rechnungskorrektur" in first
    assert "Gutschrift" not in first
    assert "ACME-NORTH-000011 of 1 Oct 2026" in first


def test_the_ledger_s_head_and_how_to_check_it_are_printed(papers: dict[str, Paper]) -> None:
    text = squeezed(papers["short"].raw)
    assert HEAD in text
    assert "appointment-ledgerverify" in text


def test_a_document_without_e_invoice_says_why(papers: dict[str, Paper]) -> None:
    assert "No e-invoice embedded: KWD has 3 decimals" in papers["huge amounts"].raw
    assert "No e-invoice" not in papers["short"].raw
    assert "No e-invoice" not in papers["adjusted"].raw
    lines = make_lines(1)
    unknown = make_document(lines, supplier=replace(SUPPLIER, address=Address(country="GB")))
    text = " ".join(Paper(unknown, lines, render(unknown, lines)).raw.split())
    assert "No e-invoice embedded: the supplier's address is incomplete (street, city missing)." in text


def test_lines_that_do_not_add_up_are_not_printed() -> None:
    lines = make_lines(3)
    with pytest.raises(TotalsDisagree):
        render(make_document(lines), lines[:2])


def test_a_text_without_end_is_refused() -> None:
    lines = (replace(make_lines(1)[0], note="x" * 5000),)
    with pytest.raises(TooLarge):
        render(make_document(lines), lines)


def test_a_row_taller_than_a_page_is_laid_out_whole() -> None:
    note = "word " * 750 + "end"
    lines = (replace(make_lines(1)[0], note=note),)
    paper = Paper(make_document(lines), lines, render(make_document(lines), lines))
    assert squeezed(paper.raw).count("word") == 750
