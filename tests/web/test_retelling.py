import ast
import re
from pathlib import Path

import pytest

from api.demo.terms import finance_review, solar_advice
from api.languages import speaking
from api.web import sentences
from api.web.retelling import signed, told
from invoices.languages import Language
from ledger.domain.agreement import parse_agreement
from ledger.domain.definition import parse_definition
from ledger.domain.diff import diff
from ledger.domain.prose import clauses, quoted
from tests.domain.documents import agreement_document, definition_document

SOURCES = (*Path("ledger").rglob("*.py"), *Path("invoices").glob("*.py"), Path("api/web/evidence.py"))


def _texts() -> list[str]:
    """Every text that the ledger may say, with a gap for each value."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.append("".join(str(v.value) if isinstance(v, ast.Constant) else "\0" for v in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


def test_no_sentence_is_translated_that_the_ledger_does_not_say() -> None:
    """By its words between values and commas; the ledger may put such a part together from two texts."""
    said = "\n".join(_texts())

    def is_said(part: str) -> bool:
        words = part.split()
        cuts = ((" ".join(words[:n]), " ".join(words[n:])) for n in range(len(words)))
        return any(first in said and rest in said for first, rest in cuts) or not words

    parts = {each: re.split(r"%\(\w+\)s|[,:;.()“”]", each) for each in sentences.KNOWN}
    strange = {each: [part for part in found if not is_said(part)] for each, found in parts.items()}
    assert {each: found for each, found in strange.items() if found} == {}


@pytest.mark.parametrize(
    ("english", "german", "french"),
    [
        (
            "The buyer stated that the appointment took place, with 25 minutes together.",
            "Der Auftraggeber stellte fest, dass der Termin stattfand, mit 25 Minuten gemeinsam.",
            "Le client a constaté que le rendez-vous a eu lieu, avec 25 minutes ensemble.",
        ),
        (
            "It counts as “The buyer cancelled late”: 12.5 % of the price.",
            "Er zählt als „Der Auftraggeber sagte spät ab“: 12,5\N{NO-BREAK SPACE}% des Preises.",
            "Il compte comme «\u202fLe client a annulé tardivement\u202f»\u00a0: 12,5\N{NO-BREAK SPACE}% du prix.",
        ),
        (
            "Nobody replied by Tue 10 Mar 2026, 10:00. The arbiter decides.",
            "Bis Di., 10. März 2026, 10:00 antwortete niemand. Die Schiedsstelle entscheidet.",
            "Personne n’a répondu d’ici le mar. 10 mars 2026, 10:00. L’arbitre décide.",
        ),
        (
            "Until it is decided, EUR 1,180.00 of EUR 2,000.00 stands. It is on invoice A-1 and credit note A-2.",
            (
                "Bis zur Entscheidung bleiben 1.180,00\u00a0€ von 2.000,00\u00a0€ bestehen. Es steht auf: Gutschrift "
                "A-1 und Rechnungskorrektur A-2."
            ),
            (
                "Jusqu’à la décision, 1\u202f180,00\u00a0€ sur 2\u202f000,00\u00a0€ demeurent. Cela figure sur\u00a0: "
                "autofacture A-1 et avoir A-2."
            ),
        ),
        ("Something that nobody foresaw, on XYZ 12.00.",) * 3,
        ("It claims XYZ 12.00.", "Geltend gemacht wird: XYZ 12.00.", "Il est soutenu\u00a0: XYZ 12.00."),
    ],
    ids=["findings", "outcome", "deadline", "answer", "unknown", "odd value"],
)
def test_the_ledger_s_sentences_are_said_in_the_reader_s_language(english: str, german: str, french: str) -> None:
    assert told(english) == english
    with speaking("de"):
        assert told(english) == german
    with speaking("fr"):
        assert told(english) == french


@pytest.mark.parametrize("language", ["de", "fr"])
def test_terms_and_their_changes_are_told_whole(language: Language) -> None:
    documents = [definition_document(), finance_review(), solar_advice()]
    agreement = parse_agreement(agreement_document())
    read = [parse_definition(each) for each in documents]
    text = [clause for each in read for clause in clauses(each, agreement)]
    said = {heading for heading, _ in text} | {one.removeprefix("- ") for _, found in text for _, one in found}
    said |= {change.sentence for one in documents for other in documents for change in diff(one, other)}
    with speaking(language):
        assert [each for each in said if told(each) == each] == []


def test_what_the_parties_call_things_stays_and_a_quotation_has_no_marks_of_codes() -> None:
    found = quoted(parse_definition(definition_document()), "criteria.owner")
    assert found is not None and "`" not in found.text
    with speaking("de"):
        assert told(found.text).startswith("Owns the company (owner): „Owns the company“ ist ja; ")
        assert told("“x” changes from “a and b” and “c” to “d, or e” or “f”.") == (
            "„x“: bisher „a and b“ und „c“, jetzt „d, or e“ oder „f“."
        )


def test_amounts_in_english_are_written_as_pages_write_them() -> None:
    assert signed("EUR 1,180.00 of GBP −2.50 stands, XYZ 12.00 and JPY 500.") == (
        "€1,180.00 of −£2.50 stands, XYZ 12.00 and JP¥500."
    )
