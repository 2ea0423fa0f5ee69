"""Rules of the plain text: it says every number of the terms, once, in words."""

from typing import Any

import pytest

from ledger.domain import wording
from ledger.domain.agreement import parse_agreement
from ledger.domain.criteria import evaluate
from ledger.domain.definition import parse_definition
from ledger.domain.prose import prose, quoted
from ledger.domain.terms import Criterion, CriterionKind, Missing, Operator, Span, Standard, Unit
from tests.domain.documents import agreement_document, definition_document


def text(**changes: Any) -> str:
    return prose(parse_definition(definition_document(**changes)), 3)


def test_the_text_names_the_definition_and_its_version() -> None:
    assert text().startswith("# Finance review with a UK company\n\nDefinition `uk-finance-review`, version 3")


def test_clauses_and_their_sentences_are_numbered_in_order() -> None:
    lines = text().splitlines()
    headings = [line for line in lines if line.startswith("## ")]
    assert [heading.split()[1] for heading in headings] == [f"{n}." for n in range(1, 11)]
    for number in range(1, 11):
        sentences = [line for line in lines if line.startswith(f"{number}.")]
        assert [line.split()[0] for line in sentences] == [f"{number}.{n}" for n in range(1, len(sentences) + 1)]
        assert sentences


@pytest.mark.parametrize(
    "sentence",
    [
        "“Employees” is between 10 and 250, both included; a statement is enough; a submission without it is refused.",
        "“Job title” matches the pattern “(?i)^(ceo|cfo|owner|finance director)”; it must be heard on the recording",
        "“Owns the company” is yes; it must be shown by a document; without it, unproven.",
        "Appointments are taken through outbound and inbound.",
        "A submission must come more than 2 hours before the start.",
        "The lead must be less than 60 days old.",
        "on the basis “opt_in” or “legitimate_interest”, given less than 180 days before.",
        "In DE, the prospect's consent is needed, on the basis “opt_in”, given less than 90 days before.",
        "at most 20 a day and 60 a week",
        "suppression list",
        "the same e-mail address, telephone number or company number as one submitted to the buyer, by any supplier",
        "in the 90 days before",
        "it takes the decision maker",
        "at least 15 minutes",
        "waits 10 minutes",
        "after 2 attempts",
        "grade A or B",
        "The appointment took place: 100 %.",
        "The prospect did not come: 25 %.",
        "rescheduled 2 times, to a start within 14 days",
        "less than 1 hour is a correction",
        "rebook the same prospect 1 time, to a start within 10 days",
        "late in the last 24 hours",
        "within 2 business days of the end of the slot",
        "the appointment counts as attended",
        "contest a verdict within 5 business days",
        "These do not count: `no_sale` and `no_time`.",
        "If there is no reply, the claim of the one who opened the dispute is upheld.",
        "decides within 10 business days",
        "within 30 days of the end of the slot",
        "50 % of the price remains owed",
        "a replacement within 30 days of the decision",
        "Claims end where 15 % of a month's appointments are reached.",
        "Times are those of Europe/London.",
        "calendar GB-ENG",
    ],
)
def test_every_term_is_said(sentence: str) -> None:
    assert sentence in text()


def test_terms_that_give_nothing_say_so() -> None:
    document = definition_document(criteria=[])
    document["rebooking"]["limit"] = document["reschedule"]["limit"] = 0
    document["notice"]["late_within"] = {"hours": 0}
    document["clawback"]["reasons"] = []
    document["duplicates"]["keys"] = []
    document["attendance"] |= {"minimum_minutes": 0, "proof_grades": [], "contact_attempts": 0}
    document["dispute"] |= {"reasons": [], "not_reasons": [], "decision_window": None}
    document["intake"] |= {"channels": [], "backdated_grace": {"hours": 4}, "submit_before": {"hours": 0}}
    document["intake"]["consent"]["required"] = False
    document["intake"]["caps"] = {"month": 0}
    del document["outcomes"]["attended"]
    found = prose(parse_definition(document), 1)
    for sentence in (
        *("Every prospect qualifies.", "may not be rescheduled", "that is final at once", "may cancel until the start"),
        *("cannot be claimed back", "may be submitted again at any time", "No minimum time", "No evidence proves"),
        *("No reason to contest", "no window is agreed", "through no channel", "within 4 hours of it", "not asked for"),
        *("none a month", "The appointment took place: not agreed."),
    ):
        assert sentence in found


def test_an_uncapped_clawback_says_so() -> None:
    document = definition_document()
    document["clawback"]["return_cap"] = None
    assert "is not limited" in prose(parse_definition(document), 1)


def test_the_commercial_terms_follow_where_an_agreement_is_given() -> None:
    document = agreement_document()
    document["price"] |= {"minimum_per_month": 100000, "deposit": {"amount": 50000}}
    document["billing"]["self_billing"]["until"] = "2027-12-31"
    found = prose(parse_definition(definition_document()), 1, parse_agreement(document))
    for sentence in (
        *("From number 1 on: GBP 180.00.", "From number 51 on: GBP 160.00.", "adds GBP 25.00", "at least GBP 1000.00"),
        *("a deposit of GBP 500.00", "VAT is charged at 20 %.", "due 30 days", "(self-billing)", "GB980780684"),
        *("query a document within 10 days", "until 2027-12-31, that day included"),
    ):
        assert sentence in found


def test_a_statement_is_said_to_be_one() -> None:
    document = agreement_document(
        price={"tiers": [{"from": 1, "amount": 18000}]},
        billing={"mode": "statement"},
        tax={"category": "E", "rate": 0, "exemption": "§ 19 UStG"},
    )
    found = prose(parse_definition(definition_document()), 1, parse_agreement(document))
    assert "The base price is GBP 180.00." in found
    assert "the supplier issues the invoices" in found
    assert "exempt from VAT: § 19 UStG." in found
    assert "query" not in found


@pytest.mark.parametrize(
    ("operator", "wanted", "words"),
    [
        *(("equals", "x", "is “x”"), ("not_equals", False, "is not no"), ("in", ("a", "b"), "is “a” or “b”")),
        *(("not_in", ("a", "b"), "is none of “a” or “b”"), ("at_least", 1, "is 1 or more")),
        *(("at_most", 1, "is 1 or less"), ("between", (1, 2), "is between 1 and 2, both included")),
        *(("matches", "^a{2}", "matches the pattern “^a{2}”"), ("present", None, "is given")),
        ("within_region", ("GB", "IE"), "lies within “GB” or “IE”"),
    ],
)
def test_every_operator_has_words(operator: str, wanted: Any, words: str) -> None:
    criterion = Criterion(
        *("c", "c", "f", Operator(operator), wanted, CriterionKind.BONUS, Standard.DOCUMENT, Missing.UNPROVEN)
    )
    assert wording.test(criterion) == words


def test_lengths_and_shares_are_said_exactly() -> None:
    assert wording.length(Span(Unit.BUSINESS_DAYS, 1)) == "1 business day"
    assert wording.length(Span(Unit.HOURS, 24)) == "24 hours"
    assert wording.length(Span(Unit.DAYS, 0)) == "no time"
    assert [wording.percent(share) for share in (10000, 1250, 5, 0)] == ["100 %", "12.5 %", "0.05 %", "0 %"]
    assert [wording.listed(words) for words in ([], ["a"], ["a", "b", "c"])] == ["nothing", "a", "a, b and c"]


def test_reading_the_text_leaves_the_terms_usable() -> None:
    terms = parse_definition(definition_document())
    prose(terms, 1)
    assert evaluate(terms, {"employees": 42})["size"] is True


def test_a_clause_is_quoted_in_the_words_that_were_signed() -> None:
    definition, agreement = parse_definition(definition_document()), parse_agreement(agreement_document())
    whole = prose(definition, 1, agreement).replace("`", "")
    for path, number, words in (
        ("outcomes.attended", 5, "The appointment took place: 100 %."),
        ("verification.silence", 7, "the appointment counts as attended"),
        ("dispute.reasons.criterion_met", 8, "The refuted criterion was met"),
        ("price.bonuses.owner", 11, "adds GBP 25.00"),
        ("size", 1, "“Employees” is between 10 and 250"),
    ):
        found = quoted(definition, path, agreement)
        assert found is not None and found.number == number and words in found.text and found.text in whole
    narrow, wide = quoted(definition, "rebooking.within"), quoted(definition, "rebooking")
    assert narrow and wide and narrow.text == wide.text, "what is not said apart is quoted with what it is said in"
    assert quoted(definition, "nothing.of.this") is None
