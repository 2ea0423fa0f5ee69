from dataclasses import replace

import pytest

from invoices.annex import annex
from invoices.brand import PAPERS
from invoices.document import Line
from invoices.pagination import (
    HEAD_HEIGHT,
    INTRO_GAP,
    INTRO_LEADING,
    SUM_HEIGHT,
    TITLE_HEIGHT,
    room_of,
    set_rows,
    sheets,
)
from invoices.typeface import face, subset
from invoices.wrapping import wrap
from tests.invoices.samples import make_document, make_lines

REGULAR = face("Regular")


def test_short_text_is_one_line() -> None:
    assert wrap("decision maker", 100_000, REGULAR) == ["decision maker"]
    assert wrap("", 100, REGULAR) == [""]


def test_words_wrap_at_spaces_and_lose_nothing() -> None:
    text = "Attended · 10 to 250 people, decision maker, budget agreed"
    lines = wrap(text, 30_000, REGULAR)
    assert len(lines) > 1
    assert " ".join(lines) == text
    assert all(REGULAR.units(line) <= 30_000 for line in lines)


@pytest.mark.parametrize("width", [400, 3_000, 20_000, 60_000])
def test_a_word_without_spaces_is_cut_and_loses_nothing(width: int) -> None:
    text = "north-bank/2026/10/campaign-linkedin-q4/lead-000123-rebooked_" + "W" * 40
    lines = wrap(text, width, REGULAR)
    assert "".join(lines) == text
    assert all(len(line) == 1 or REGULAR.units(line) <= width for line in lines)


def test_a_cut_falls_after_a_slash_or_before_a_hyphen_where_it_can() -> None:
    assert wrap("north-bank/2026/10/campaign", REGULAR.units("north-bank/2026/1"), REGULAR)[0] == "north-bank/2026/"
    assert wrap("north-bank-campaign", REGULAR.units("north-bank-cam"), REGULAR)[0] == "north-bank"


@pytest.mark.parametrize("price", [1, 18_000, 99_999_999_999, 9_000_000_000_000_000])
@pytest.mark.parametrize("currency", ["GBP", "JPY", "KWD"])
def test_columns_fill_the_type_area_and_numbers_never_wrap(price: int, currency: str) -> None:
    lines = make_lines(20, price=price)
    table = annex(make_document(lines, currency=currency), lines, REGULAR)
    assert sum(column.width for column in table.columns) == pytest.approx(PAPERS["A4"].room, abs=0.1)
    assert all(column.width > 10 for column in table.columns)
    for row in table.rows:
        for text, column in zip(row.cells, table.columns, strict=True):
            assert not column.right or REGULAR.units(text) <= column.text_units


def test_several_definitions_are_named_on_their_lines() -> None:
    first, second = make_lines(2)
    lines = (first, replace(second, definition="uk-solar", definition_version=7))
    table = annex(make_document(lines), lines, REGULAR)
    assert [row.cells[4] for row in table.rows] == ["uk-finance-review v3", "uk-solar v7"]
    assert "Terms" not in table.intro
    assert annex(make_document(lines[:1]), lines[:1], REGULAR).rows[0].cells[4] == "v3"


def test_a_credited_line_names_the_line_it_corrects() -> None:
    lines: tuple[Line, ...] = (
        replace(make_lines(1)[0], kind="credit", corrects_line=17, note="not the decision maker"),
    )
    what = annex(make_document(lines, kind="credit_note"), lines, REGULAR).rows[0].cells[3]
    assert what == "Credit · Attended · 10 to 250 people, decision maker · corrects line 17 · not the decision maker"


@pytest.mark.parametrize("count", [0, 1, 44, 45, 46, 500])
def test_sheets_hold_every_row_once_and_never_more_than_fits(count: int) -> None:
    lines = make_lines(count)
    table = annex(make_document(lines), lines, REGULAR)
    rows = set_rows(table, REGULAR)
    pages = list(sheets(table, rows, REGULAR))
    assert [row for page in pages for row in page.rows] == rows
    assert [page.brought for page in pages[1:]] == [page.carried for page in pages[:-1]]
    assert [page.carried for page in pages[:-1]] == [page.rows[-1].running for page in pages[:-1]]
    assert (pages[0].brought, pages[-1].carried) == (None, None)
    for page in pages:
        used = HEAD_HEIGHT + sum(row.height for row in page.rows) + SUM_HEIGHT * (1 + (page.brought is not None))
        used += TITLE_HEIGHT + INTRO_GAP + INTRO_LEADING * len(page.intro) if page.intro else 0
        assert used <= room_of(PAPERS["A4"]) + 0.01


def test_figures_of_the_annex_are_tabular() -> None:
    assert len({REGULAR.advances[figure] for figure in "0123456789"}) == 1


def test_two_characters_that_share_a_glyph_keep_their_own_codes() -> None:
    cut = subset(REGULAR, "AА")  # Latin and Cyrillic
    assert len(set(cut.codes.values())) == 2


def test_only_text_that_needs_no_shaping_can_be_set() -> None:
    assert REGULAR.can_set("Zoë Ångström, Ωmega, Жуков, ½ − “x”")
    for text in ("שלום", "مرحبا", "客戶", "ไทย", "e\u0301\u0302", "a\u200db", "\U0001f600"):
        assert not REGULAR.can_set(text)
