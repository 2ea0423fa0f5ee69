"""Rules of terms documents: what a definition must say, and how every fault is named."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.canonical import canonical, content_hash
from ledger.domain.definition import parse_definition
from ledger.domain.errors import Malformed
from ledger.domain.terms import (
    Anchor,
    ContactKind,
    FactType,
    Operator,
    Outcome,
    RemedyKind,
    Silence,
    Span,
    Standard,
    Unit,
)
from tests.domain.documents import criteria, definition_document

Document = dict[str, Any]


def faults(document: Any) -> dict[str, str]:
    """Pointer and detail of every fault."""
    with pytest.raises(Malformed) as refusal:
        parse_definition(document)
    return {error.pointer: error.detail for error in refusal.value.errors}


def changed(change: Callable[[Document], object]) -> Document:
    document = definition_document()
    change(document)
    return document


def with_criterion(**changes: Any) -> Document:
    first, *others = criteria()
    return definition_document(criteria=[first | changes, *others])


def with_fact(fact: Document, **criterion: Any) -> Document:
    document = definition_document()
    document["facts"]["thing"] = fact
    document["criteria"][2] |= {"fact": "thing", **criterion}
    return document


def test_a_complete_document_becomes_terms() -> None:
    terms = parse_definition(definition_document())
    assert (terms.slug, terms.currency, terms.time_zone, terms.calendar) == (
        *("uk-finance-review", "GBP"),
        *("Europe/London", "GB-ENG"),
    )
    assert terms.effective_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert terms.facts["employees"].type is FactType.INTEGER
    assert terms.criteria[0].operator is Operator.BETWEEN
    assert terms.criteria[0].value == (10, 250)
    assert terms.outcomes[Outcome.PROSPECT_NO_SHOW] == 2500
    assert terms.late_within == Span(Unit.HOURS, 24)
    assert terms.verification.silence is Silence.ACCEPT
    assert terms.dispute.reasons[0].evidence is Standard.DOCUMENT
    assert terms.duplicates.keys == (ContactKind.EMAIL, ContactKind.PHONE, ContactKind.COMPANY_NUMBER)
    assert terms.intake.consent.regions[0].region == "DE"
    assert terms.intake.caps.month is None


def test_every_remedy_carries_what_belongs_to_it() -> None:
    credit, partial, replacement = (r.remedy for r in parse_definition(definition_document()).clawback.reasons)
    assert credit is not None
    assert partial is not None
    assert replacement is not None
    assert (credit.kind, credit.share, credit.expires) == (RemedyKind.CREDIT, None, None)
    assert (partial.kind, partial.share) == (RemedyKind.PARTIAL, 5000)
    assert replacement.expires == Span(Unit.DAYS, 30)


def test_a_key_that_may_be_null_may_be_left_out() -> None:
    document = definition_document()
    del document["effective_from"]
    del document["intake"]["lead_age"]
    del document["intake"]["caps"]
    del document["intake"]["consent"]["max_age"]
    del document["intake"]["consent"]["regions"]
    del document["clawback"]["return_cap"]
    del document["clawback"]["anchor"]
    del document["dispute"]["decision_window"]
    del document["facts"]["owner"]["label"]
    terms = parse_definition(document)
    assert (terms.effective_from, terms.intake.lead_age, terms.clawback.return_cap) == (None, None, None)
    assert not terms.intake.caps.any
    assert terms.clawback.anchor is Anchor.SLOT_END
    assert terms.facts["owner"].label == "owner"


def test_every_fault_is_named_at_once_with_its_place() -> None:
    document = definition_document()
    del document["clawback"]
    document["surprise"] = 1
    document["calendar"] = "XX"
    document["outcomes"]["attended"] = 10001
    document["notice"]["late_within"] = {"days": 1, "hours": 1}
    document["criteria"][1]["operator"] = "resembles"
    assert faults(document).keys() == {
        *("/clawback", "/surprise", "/calendar", "/outcomes/attended"),
        *("/notice/late_within", "/criteria/1/operator"),
    }


def test_a_missing_section_is_one_fault_and_not_one_for_each_of_its_fields() -> None:
    assert faults(changed(lambda d: d.pop("attendance"))) == {"/attendance": "is missing"}
    assert faults(changed(lambda d: d.update(attendance=None))) == {"/attendance": "must be an object"}
    assert faults(changed(lambda d: d.update(attendance=[]))) == {"/attendance": "must be an object"}


@pytest.mark.parametrize("document", [[], "x", None, 1])
def test_a_document_is_an_object(document: object) -> None:
    assert faults(document) == {"": "must be an object"}


@pytest.mark.parametrize("section", sorted(set(definition_document()) - {"effective_from"}))
def test_no_section_may_be_left_out(section: str) -> None:
    assert faults(changed(lambda d: d.pop(section)))[f"/{section}"] == "is missing"


@pytest.mark.parametrize(
    "place",
    ["attendance", "reschedule", "rebooking", "notice", "verification", "dispute", "clawback", "duplicates", "intake"],
)
def test_an_unknown_field_is_refused_wherever_it_stands(place: str) -> None:
    assert faults(changed(lambda d: d[place].update(extra=1))) == {f"/{place}/extra": "is not a known field"}


def test_unknown_fields_deep_inside_are_refused_too() -> None:
    document = definition_document()
    document["criteria"][0]["weight"] = 1
    document["outcomes"]["rained"] = 0
    document["facts"]["title"]["unit"] = "x"
    document["dispute"]["reasons"][0]["remedy"] = {"kind": "credit"}
    document["clawback"]["reasons"][0]["remedy"]["extra"] = 1
    document["intake"]["consent"]["regions"][0]["extra"] = 1
    document["intake"]["caps"]["year"] = 1
    assert set(faults(document).values()) == {"is not a known field"}
    assert len(faults(document)) == 7


@pytest.mark.parametrize("value", [True, "5", None, -1, 1.0, 2**63])
def test_a_whole_number_is_neither_a_boolean_nor_a_string_nor_a_float(value: object) -> None:
    assert "/attendance/minimum_minutes" in faults(changed(lambda d: d["attendance"].update(minimum_minutes=value)))


@pytest.mark.parametrize(
    "span",
    [{}, {"weeks": 1}, {"days": -1}, {"days": True}, {"days": "1"}, {"days": 1, "hours": 1}, 5, "P1D", {"days": 10**9}],
)
def test_a_length_of_time_has_exactly_one_known_unit_and_a_count(span: object) -> None:
    found = faults(changed(lambda d: d["verification"].update(window=span)))
    assert all(pointer.startswith("/verification/window") for pointer in found)


@pytest.mark.parametrize("unit", list(Unit))
def test_every_unit_of_time_is_understood(unit: Unit) -> None:
    terms = parse_definition(changed(lambda d: d["verification"].update(window={unit.value: 3})))
    assert terms.verification.window == Span(unit, 3)


@pytest.mark.parametrize(
    ("section", "field"),
    [
        *(("attendance", "present"), ("verification", "anchor"), ("verification", "silence"), ("dispute", "no_reply")),
        *(("clawback", "anchor"), ("duplicates", "scope")),
    ],
)
def test_a_word_that_is_not_in_the_vocabulary_is_refused(section: str, field: str) -> None:
    for word in ("whatever", None, 1):
        document = definition_document()
        document[section][field] = word
        assert faults(document)[f"/{section}/{field}"].startswith("must be one of")


def test_an_outcome_without_a_share_is_left_to_the_linter() -> None:
    document = definition_document()
    del document["outcomes"]["attended"]
    document["outcomes"]["cut_short"] = None
    terms = parse_definition(document)
    assert Outcome.ATTENDED not in terms.outcomes
    assert Outcome.CUT_SHORT not in terms.outcomes


@pytest.mark.parametrize("share", [-1, 10001, "5000", True])
def test_a_share_is_between_nothing_and_the_whole(share: object) -> None:
    assert "/outcomes/attended" in faults(changed(lambda d: d["outcomes"].update(attended=share)))
    assert "/clawback/return_cap" in faults(changed(lambda d: d["clawback"].update(return_cap=share)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("slug", "Has Spaces"), ("slug", "buyer:slug"), ("slug", ""), ("name", " "), ("name", "x" * 201)),
        *(("currency", "XYZ"), ("time_zone", "London"), ("calendar", "GB-LON"), ("effective_from", "2026-01-01")),
    ],
)
def test_the_head_of_the_document_is_checked(key: str, value: str) -> None:
    assert set(faults(definition_document(**{key: value}))) == {f"/{key}"}


def test_text_is_one_line_that_a_database_can_hold() -> None:
    for name in ("a\nb", "a\x00b", "a\ud800b", "a\tb"):
        assert faults(definition_document(name=name)) == {
            "/name": "must be one line of text without control characters"
        }


def test_floats_are_refused_anywhere() -> None:
    found = faults(changed(lambda d: d["criteria"][0].update(value=[1.5, 2])))
    assert found == {"/criteria/0/value/0": "must be a whole number or a decimal string"}


def test_a_document_has_a_bottom() -> None:
    nested: Any = "x"
    for _ in range(50):
        nested = {"x": nested}
    assert any("nested deeper" in detail for detail in faults(definition_document(surprise=nested)).values())


def test_two_criteria_do_not_share_an_id() -> None:
    first, *others = criteria()
    found = faults(definition_document(criteria=[first, first, *others]))
    assert found == {"/criteria/1/id": "'size' is the id of another criterion too"}


def test_two_reasons_of_a_list_do_not_share_a_code() -> None:
    document = definition_document()
    document["clawback"]["reasons"].append(document["clawback"]["reasons"][0])
    assert faults(document) == {"/clawback/reasons/3/code": "'wrong_person' is the code of another reason too"}


def test_a_criterion_on_an_undeclared_fact_still_reads() -> None:
    assert parse_definition(with_criterion(fact="revenue")).criteria[0].fact == "revenue"


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        *(("equals", 5), ("not_equals", 5), ("in", [5, 6]), ("not_in", [5]), ("at_least", 5), ("at_most", 5)),
        *(("between", [5, 5]), ("present", None)),
    ],
)
def test_operators_that_suit_a_number(operator: str, value: object) -> None:
    terms = parse_definition(with_criterion(operator=operator, value=value))
    expected = tuple(value) if isinstance(value, list) else value
    assert terms.criteria[0].value == expected


@pytest.mark.parametrize(
    ("operator", "value", "place"),
    [
        *(("equals", "5", "/value"), ("equals", True, "/value"), ("equals", [5], "/value"), ("equals", None, "/value")),
        *(("in", 5, "/value"), ("in", [], "/value"), ("in", [5, "6"], "/value/1")),
        *(("between", [6, 5], "/value"), ("between", [5], "/value"), ("between", [1, 2, 3], "/value")),
        *(("between", 5, "/value"), ("between", [1, "2"], "/value/1"), ("present", True, "/value")),
        *(("matches", "5", "/operator"), ("within_region", ["GB"], "/operator")),
    ],
)
def test_a_value_suits_its_operator_and_the_type_of_its_fact(operator: str, value: object, place: str) -> None:
    assert set(faults(with_criterion(operator=operator, value=value))) == {f"/criteria/0{place}"}


def test_present_needs_no_value_at_all() -> None:
    document = with_criterion(operator="present")
    del document["criteria"][0]["value"]
    assert parse_definition(document).criteria[0].value is None


@pytest.mark.parametrize(
    ("fact", "operator", "value", "stored"),
    [
        ({"type": "decimal"}, "at_least", "120.50", "120.50"),
        ({"type": "decimal"}, "between", [1, "2.5"], ("1", "2.5")),
        ({"type": "date"}, "at_most", "2026-12-31", "2026-12-31"),
        ({"type": "date"}, "between", ["2026-01-01", "2026-12-31"], ("2026-01-01", "2026-12-31")),
        ({"type": "choice", "choices": ["roof", "solar"]}, "in", ["roof"], ("roof",)),
        ({"type": "string"}, "within_region", ["GB-KEN", "IE"], ("GB-KEN", "IE")),
        ({"type": "string"}, "within_region", "GB", ("GB",)),
        ({"type": "boolean"}, "not_equals", False, False),
    ],
)
def test_every_type_of_fact_can_be_judged(fact: Document, operator: str, value: object, stored: object) -> None:
    assert parse_definition(with_fact(fact, operator=operator, value=value)).criteria[2].value == stored


@pytest.mark.parametrize(
    ("fact", "operator", "value"),
    [
        ({"type": "decimal"}, "at_least", "a lot"),
        ({"type": "decimal"}, "between", ["2.5", "1"]),
        ({"type": "date"}, "at_least", "2026-02-30"),
        ({"type": "date"}, "between", ["2026-12-31", "2026-01-01"]),
        ({"type": "string"}, "within_region", ["Kent"]),
        ({"type": "string"}, "within_region", []),
        ({"type": "string"}, "matches", "("),
        ({"type": "string"}, "matches", "x" * 501),
        ({"type": "string"}, "at_least", "M"),
        ({"type": "boolean"}, "at_least", True),
    ],
)
def test_values_that_no_fact_could_have_are_refused(fact: Document, operator: str, value: object) -> None:
    assert faults(with_fact(fact, operator=operator, value=value))


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)b", "(?<!a)b"])
def test_a_pattern_that_could_run_longer_than_linear_time_is_refused(pattern: str) -> None:
    found = faults(with_fact({"type": "string"}, operator="matches", value=pattern))
    assert found["/criteria/2/value"].startswith("is not a pattern that runs in linear time")


@pytest.mark.parametrize(
    ("operator", "value"), [("at_least", True), ("at_least", "many"), ("between", [1, "2026-01-01"]), ("at_most", [1])]
)
def test_bounds_on_an_undeclared_fact_must_at_least_compare(operator: str, value: object) -> None:
    assert set(faults(with_criterion(fact="revenue", operator=operator, value=value))) >= {"/criteria/0/value"}


@pytest.mark.parametrize(
    ("fact", "place"),
    [
        ({}, "/type"),
        ({"type": "money"}, "/type"),
        ({"type": "choice"}, "/choices"),
        ({"type": "choice", "choices": []}, "/choices"),
        ({"type": "choice", "choices": ["a", "a"]}, "/choices/1"),
        ({"type": "integer", "choices": ["a"]}, "/choices"),
        ({"type": "integer", "label": 5}, "/label"),
    ],
)
def test_a_fact_has_a_type_and_a_choice_its_choices(fact: Document, place: str) -> None:
    document = definition_document()
    document["facts"]["thing"] = fact
    assert f"/facts/thing{place}" in faults(document)


def test_the_name_of_a_fact_can_be_a_column() -> None:
    document = definition_document()
    document["facts"]["two words/and~more"] = {"type": "integer"}
    assert set(faults(document)) == {"/facts/two words~1and~0more"}


@pytest.mark.parametrize(
    ("remedy", "place"),
    [
        (None, ""),
        ({}, "/kind"),
        ({"kind": "cash"}, "/kind"),
        ({"kind": "partial"}, "/share"),
        ({"kind": "partial", "share": 10001}, "/share"),
        ({"kind": "replacement"}, "/expires"),
        ({"kind": "credit", "share": 5}, "/share"),
        ({"kind": "replacement", "expires": {"days": 1}, "share": 5}, "/share"),
    ],
)
def test_a_remedy_carries_what_belongs_to_it_and_nothing_else(remedy: object, place: str) -> None:
    found = faults(changed(lambda d: d["clawback"]["reasons"][0].update(remedy=remedy)))
    assert f"/clawback/reasons/0/remedy{place}" in found


def test_lists_name_each_thing_once() -> None:
    document = definition_document()
    document["intake"]["channels"] = ["outbound", "outbound", "", 5]
    document["duplicates"]["keys"] = ["email", "fax"]
    document["attendance"]["proof_grades"] = ["A", "D"]
    document["intake"]["consent"]["regions"] *= 2
    assert faults(document).keys() == {
        *("/intake/channels/1", "/intake/channels/2", "/intake/channels/3", "/duplicates/keys/1"),
        *("/attendance/proof_grades", "/intake/consent/regions/1/region"),
    }


def test_the_canonical_form_sorts_keys_and_keeps_the_text() -> None:
    assert canonical({"b": [1, True, None], "a": 'é"\n'}) == '{"a":"é\\"\\n","b":[1,true,null]}'.encode()


def test_keys_sort_by_utf_16_code_units() -> None:
    assert canonical({"\ufb33": 1, "\U0001f600": 2}).decode() == '{"\U0001f600":2,"\ufb33":1}'


@pytest.mark.parametrize("value", [1.5, {"a": 1.0}, {1: 2}, date(2026, 1, 1), b"x"])
def test_what_is_not_plain_json_has_no_canonical_form(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")), st.lists))
def test_the_canonical_form_is_json_and_its_own_canonical_form(value: object) -> None:
    assert canonical(json.loads(canonical(value))) == canonical(value)


def test_the_hash_does_not_depend_on_the_order_of_keys_and_depends_on_every_value() -> None:
    document = definition_document()
    backwards = dict(reversed(document.items()))
    assert content_hash(document) == content_hash(backwards)
    assert content_hash(document).startswith("sha256:")
    assert content_hash(definition_document(name="Another")) != content_hash(document)
