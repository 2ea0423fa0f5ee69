"""Rules of criteria: what a fact says about each operator."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.criteria import evaluate, meets
from ledger.domain.definition import parse_definition
from ledger.domain.terms import (
    Criterion,
    CriterionKind,
    FactType,
    FactValue,
    Missing,
    Operator,
    Standard,
)
from tests.domain.documents import definition_document


def criterion(operator: str, value: Any = None) -> Criterion:
    return Criterion(
        id="c",
        label="c",
        fact="f",
        operator=Operator(operator),
        value=value,
        kind=CriterionKind.REQUIRED,
        evidence=Standard.ATTESTATION,
        missing=Missing.REJECT,
    )


@pytest.mark.parametrize(
    ("operator", "wanted", "fact", "met"),
    [
        ("equals", 5, 5, True),
        ("equals", 5, 6, False),
        ("equals", "roof", "roof", True),
        ("equals", "roof", "Roof", False),
        ("equals", True, True, True),
        ("equals", True, 1, False),
        ("equals", 1, True, False),
        ("equals", 5, "5", False),
        ("not_equals", 5, 6, True),
        ("not_equals", 5, 5, False),
        ("in", ("a", "b"), "b", True),
        ("in", ("a", "b"), "c", False),
        ("in", (1, 2), True, False),
        ("not_in", ("a", "b"), "c", True),
        ("not_in", ("a", "b"), "a", False),
        ("at_least", 10, 10, True),
        ("at_least", 10, 9, False),
        ("at_most", 10, 10, True),
        ("at_most", 10, 11, False),
        ("between", (10, 250), 10, True),
        ("between", (10, 250), 250, True),
        ("between", (10, 250), 251, False),
        ("between", (10, 250), 9, False),
        ("matches", "^CEO", "CEO and founder", True),
        ("matches", "^CEO", "former CEO", False),
        ("matches", "CEO", "former CEO", True),
        ("matches", "(?i)^ceo$", "Ceo", True),
        ("matches", "é", "café", True),
        ("matches", "^5", 5, False),
        ("present", None, "anything", True),
        ("present", None, False, True),
        ("present", None, 0, True),
        ("within_region", ("GB",), "GB-KEN", True),
        ("within_region", ("GB",), "GB", True),
        ("within_region", ("GB-KEN",), "gb-ken", True),
        ("within_region", ("GB-KEN",), "GB", False),
        ("within_region", ("GB-KEN",), "GB-KENT", False),
        ("within_region", ("GB",), "GBR", False),
        ("within_region", ("GB", "IE"), "IE-D", True),
        ("within_region", ("GB",), 5, False),
    ],
)
def test_what_meets_an_operator(operator: str, wanted: Any, fact: FactValue, met: bool) -> None:
    assert meets(criterion(operator, wanted), fact) is met


@pytest.mark.parametrize("operator", list(Operator))
@pytest.mark.parametrize("fact", [None, "", "  "])
def test_a_missing_fact_says_nothing(operator: Operator, fact: str | None) -> None:
    values: dict[Operator, Any] = {Operator.BETWEEN: (1, 2), Operator.IN: ("a",), Operator.NOT_IN: ("a",)}
    assert meets(criterion(operator, values.get(operator, "GB")), fact) is None


@pytest.mark.parametrize(
    ("operator", "wanted", "fact", "met"),
    [
        ("equals", "1.50", "1.5", True),
        ("not_equals", "1.50", "1.5", False),
        ("in", ("1.50", "2"), "2.00", True),
        ("at_least", "100", "99.99", False),
        ("at_least", "9", "10.0", True),
        ("at_most", "0.1", "0.1", True),
        ("between", ("0.1", "0.3"), "0.30", True),
        ("equals", "0.1", "0.1000000000000000055", False),
    ],
)
def test_decimals_compare_as_decimals(operator: str, wanted: Any, fact: str, met: bool) -> None:
    assert meets(criterion(operator, wanted), fact, FactType.DECIMAL) is met


def test_a_whole_bound_compares_with_a_decimal() -> None:
    assert meets(criterion("at_least", 100), "100.01", FactType.DECIMAL) is True
    assert meets(criterion("at_least", "100.5"), 101, FactType.INTEGER) is True


@pytest.mark.parametrize("fact", [True, "many", "NaN"])
def test_what_is_no_number_is_not_at_least_a_number(fact: FactValue) -> None:
    assert meets(criterion("at_least", 1), fact) is False


@pytest.mark.parametrize(
    ("operator", "wanted", "fact", "met"),
    [
        ("at_least", "2026-01-31", "2026-02-01", True),
        ("at_most", "2026-01-31", "2026-02-01", False),
        ("between", ("2025-12-31", "2026-01-31"), "2026-01-31", True),
        ("at_least", "2026-01-31", "soon", False),
    ],
)
def test_dates_compare_as_dates(operator: str, wanted: Any, fact: str, met: bool) -> None:
    assert meets(criterion(operator, wanted), fact, FactType.DATE) is met


def test_a_hostile_pattern_takes_linear_time() -> None:
    begun = time.perf_counter()
    assert meets(criterion("matches", "^(a+)+$"), "a" * 2000 + "!") is False
    assert time.perf_counter() - begun < 0.5


@given(st.integers(), st.integers(), st.integers())
def test_between_is_at_least_the_lower_and_at_most_the_upper_bound(low: int, high: int, fact: int) -> None:
    both = meets(criterion("at_least", low), fact) and meets(criterion("at_most", high), fact)
    assert meets(criterion("between", (low, high)), fact) is both


@given(st.integers() | st.booleans() | st.text(min_size=1), st.integers() | st.booleans() | st.text(min_size=1))
def test_a_negated_operator_says_the_opposite(wanted: FactValue, fact: FactValue) -> None:
    equal, unequal = meets(criterion("equals", wanted), fact), meets(criterion("not_equals", wanted), fact)
    assert (equal is None and unequal is None) or equal is not unequal


def test_all_criteria_of_a_definition_are_judged_by_their_id() -> None:
    terms = parse_definition(definition_document())
    assert evaluate(terms, {"employees": 42, "title": "CFO", "owner": False}) == {
        "size": True,
        "role": True,
        "owner": False,
    }
    assert evaluate(terms, {"employees": 9}) == {"size": False, "role": None, "owner": None}
    assert evaluate(terms, {"title": " "})["role"] is None


def test_the_declared_type_of_a_fact_decides_how_it_compares() -> None:
    document = definition_document()
    document["facts"]["bill"] = {"type": "decimal"}
    document["criteria"][0] |= {"fact": "bill", "operator": "equals", "value": "100.0"}
    assert evaluate(parse_definition(document), {"bill": "100"})["size"] is True


def test_a_criterion_on_an_undeclared_fact_is_simply_missing() -> None:
    document = definition_document()
    document["criteria"][0]["fact"] = "revenue"
    assert evaluate(parse_definition(document), {"employees": 42})["size"] is None


def test_many_definitions_are_judged_each_by_its_own_terms() -> None:
    for minimum in range(600):
        document = definition_document()
        document["criteria"][0]["value"] = [minimum, 1000]
        assert evaluate(parse_definition(document), {"employees": 300})["size"] is (minimum <= 300)
