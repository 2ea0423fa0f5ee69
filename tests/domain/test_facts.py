"""Rules of facts: claims of the declared types, and nothing else."""

from typing import Any

import pytest

from ledger.domain.definition import parse_definition
from ledger.domain.errors import Malformed
from ledger.domain.facts import check_facts, facts_from_text
from ledger.domain.terms import Definition
from tests.domain.documents import definition_document


def terms() -> Definition:
    document = definition_document()
    document["facts"] |= {
        "bill": {"type": "decimal"},
        "trade": {"type": "choice", "choices": ["roof", "solar"]},
        "since": {"type": "date"},
    }
    return parse_definition(document)


def faults(facts: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(Malformed) as refusal:
        check_facts(terms(), facts)
    return {error.pointer: error.detail for error in refusal.value.errors}


def test_facts_are_stored_as_claimed() -> None:
    claimed = {
        "employees": 42,
        "title": "CFO",
        "owner": False,
        "bill": "120.50",
        "trade": "solar",
        "since": "2020-02-29",
    }
    assert check_facts(terms(), claimed) == claimed


def test_a_whole_number_is_a_decimal_too() -> None:
    assert check_facts(terms(), {"bill": 120}) == {"bill": "120"}


def test_a_fact_that_is_null_is_left_out() -> None:
    assert check_facts(terms(), {"employees": None, "title": "CFO"}) == {"title": "CFO"}


def test_every_fault_of_the_facts_is_named() -> None:
    assert faults({"employees": "42", "revenue": 1, "a/b": 1, "trade": "boat"}) == {
        "/facts/employees": "must be a whole number of at most 64 bits",
        "/facts/revenue": "is not a fact of this definition",
        "/facts/a~1b": "is not a fact of this definition",
        "/facts/trade": "must be one of roof, solar",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("employees", True), ("employees", 1.0), ("employees", 2**63), ("employees", -(2**63) - 1)),
        *(("title", 5), ("title", "x" * 2001), ("title", "a\x00b"), ("title", "\ud800"), ("title", ["CFO"])),
        *(("owner", 1), ("owner", "true"), ("bill", 1.5), ("bill", "1e5"), ("bill", "1,5"), ("bill", True)),
        *(("bill", "1" * 19), ("bill", "NaN"), ("trade", 5), ("since", "2021-02-29"), ("since", "20200229")),
        *(("since", "2020-02-29T00:00:00Z"), ("since", 2020)),
    ],
)
def test_a_value_of_another_type_is_refused(name: str, value: object) -> None:
    assert set(faults({name: value})) == {f"/facts/{name}"}


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63)])
def test_numbers_of_64_bits_are_taken(value: int) -> None:
    assert check_facts(terms(), {"employees": value}) == {"employees": value}


def test_the_cells_of_a_file_are_read_by_their_declared_types() -> None:
    cells = {"employees": " 42 ", "title": "CFO", "owner": "TRUE", "bill": "120.5", "since": "2020-02-29", "trade": ""}
    assert facts_from_text(terms(), cells) == {
        "employees": 42,
        "title": "CFO",
        "owner": True,
        "bill": "120.5",
        "since": "2020-02-29",
    }


@pytest.mark.parametrize(
    ("name", "cell"), [("employees", "4.5"), ("employees", "many"), ("owner", "perhaps"), ("x", "1")]
)
def test_a_cell_that_is_not_of_its_type_is_refused(name: str, cell: str) -> None:
    with pytest.raises(Malformed) as refusal:
        facts_from_text(terms(), {name: cell})
    assert [error.pointer for error in refusal.value.errors] == [f"/facts/{name}"]
