"""Documents in the recipient's language: chosen by country, whole, with the law's words in both."""

import re
from dataclasses import replace
from datetime import date
from string import Formatter
from typing import Any

import pytest

from invoices import display, words
from invoices.document import Address, Document, Line
from invoices.languages import LANGUAGES, SENTENCES, Language, language_of, tongue
from invoices.printing import print_document
from tests.invoices.paper import Paper, squeezed
from tests.invoices.samples import SUPPLIER, make_document, make_lines


def fields(sentence: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize(
    ("country", "language"), [("GB", "en"), ("DE", "de"), ("AT", "de"), ("FR", "fr"), ("CH", "en"), ("", "en")]
)
def test_the_recipient_s_country_chooses(country: str, language: Language) -> None:
    assert language_of(country) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_loses_a_value(language: Language) -> None:
    say = tongue(language)
    assert [sentence for sentence in SENTENCES if fields(say(sentence)) != fields(sentence)] == []
    assert say.locale.startswith(language)


def test_a_french_line_never_ends_before_its_punctuation_nor_inside_a_date() -> None:
    say = tongue("fr")
    assert [told for told in map(say, SENTENCES) if re.search(r" [:;?!»%]|« ", told)] == []
    assert display.day(date(2026, 12, 1), say.locale) == "1er\u00a0déc.\u00a02026"
    assert display.day(date(2026, 12, 11), say.locale) == "11\u00a0déc.\u00a02026"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_of_an_outcome_a_kind_and_a_tax_is_translated(language: Language) -> None:
    names = [*words.OUTCOMES.values(), *filter(None, words.KINDS.values()), *words.CATEGORY_NAMES.values()]
    assert all(map(tongue(language), names))


def test_what_was_never_translated_is_an_error() -> None:
    with pytest.raises(KeyError):
        tongue("de")("Something new")


def test_the_law_s_words_stand_in_both_languages_and_a_reason_as_it_was_agreed() -> None:
    assert tongue("de").legal("Self-billing") == "Self-billing (Abrechnung durch den Leistungsempfänger)"
    assert tongue("fr").legal("Reverse charge") == "Reverse charge (Autoliquidation)"
    assert tongue("de").legal("§ 19 UStG") == "§ 19 UStG"
    assert tongue("en").legal("Self-billing") == "Self-billing"


def german() -> tuple[Document, tuple[Line, ...]]:
    lines = make_lines(60)
    bremen = replace(SUPPLIER, address=Address("Am Markt 1", None, "Bremen", "28195", None, "DE"), vat_id="DE136695976")
    return make_document(lines, supplier=bremen, currency="EUR", language="de", prepaid=100000), lines


def french_laid_out() -> tuple[Document, tuple[Line, ...]]:
    """With words that need shaping, so that the engine sets heads, feet and sums."""
    lines = tuple(replace(line, confirmed=("客戶規模",)) for line in make_lines(60, tax=("AE", 0)))
    return make_document(lines, kind="credit_note", currency="EUR", language="fr"), lines


def french_statement() -> tuple[Document, tuple[Line, ...]]:
    lines = make_lines(2)
    return make_document(lines, mode="statement", kind="statement", language="fr"), lines


@pytest.mark.parametrize(
    ("sample", "told"),
    [
        (german, ["Gutschrift", "1. Dez. 2026", "Self-billing (Abrechnung durch den Leistungsempfänger)",
                  "Verrechnete Anzahlung", "−1.000,00", "Deutschland", "Anlage: 60 Positionen", "Zu übertragen",
                  "Seite 2 von", "Übersicht über 60 Positionen"]),
        (french_laid_out, ["Avoir en autofacturation", "Autoliquidation", "Rien à payer", "À reporter", "Page 2 sur"]),
        (french_statement, ["Relevé", "Ce relevé n’est pas une facture", "au plus tard le 1er déc. 2026"]),
    ],
)  # fmt: skip
def test_a_document_speaks_one_language(sample: Any, told: list[str]) -> None:
    document, lines = sample()
    text = squeezed(Paper(document, lines, print_document(document, lines).pdf).raw)
    assert [words for words in told if squeezed(words) not in text] == []
    for english in ("Supplier", "Without VAT", "To pay", "Carried forward", "Attended", "Page 1 of"):
        assert squeezed(english) not in text
