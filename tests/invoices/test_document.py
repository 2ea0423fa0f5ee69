import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from invoices.brand import PLAIN
from invoices.document import Address, Document, Line, TaxBreakdown, Totals
from tests.invoices.samples import make_document, make_lines


@pytest.mark.parametrize("kind", ["invoice", "credit_note", "statement"])
def test_a_document_survives_its_json(kind: str) -> None:
    whole = make_document(make_lines(4), kind=kind, prepaid=100)
    for document in (whole, replace(whole, due_on=None, chain_head=None)):
        assert Document.from_json(json.loads(json.dumps(document.to_json()))) == document


def test_a_document_from_before_there_were_brands_has_the_built_in_one() -> None:
    document = make_document(make_lines(1))
    stored = {name: value for name, value in document.to_json().items() if name != "brand"}
    assert Document.from_json(stored) == replace(document, brand=PLAIN)


def test_lines_survive_their_json() -> None:
    for line in (*make_lines(9), replace(make_lines(1)[0], service_at=None, corrects_line=3, note="twice")):
        assert Line.from_json(json.loads(json.dumps(line.to_json()))) == line


def test_instants_are_stored_in_utc() -> None:
    abroad = datetime(2026, 10, 5, 10, tzinfo=timezone(timedelta(hours=2)))
    line = replace(make_lines(1)[0], service_at=abroad)
    assert line.to_json()["service_at"] == "2026-10-05T08:00:00Z"
    assert Line.from_json(line.to_json()).service_at == datetime(2026, 10, 5, 8, tzinfo=UTC)


def test_a_naive_instant_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="aware"):
        replace(make_lines(1)[0], service_at=datetime(2026, 10, 5, 8))  # noqa: DTZ001
    with pytest.raises(ValueError, match="aware"):
        make_document(make_lines(1), issued_at=datetime(2026, 11, 1))  # noqa: DTZ001


def test_money_is_never_a_float() -> None:
    with pytest.raises(TypeError):
        replace(make_lines(1)[0], amount=180.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        TaxBreakdown("S", 2000, 100, True)


@pytest.mark.parametrize(
    "change", [{"kind": "receipt"}, {"mode": "barter"}, {"type_code": 380}, {"currency": "XXX"}, {"corrects": None}]
)
def test_what_could_not_have_been_issued_cannot_be_made(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        replace(make_document(make_lines(1), kind="credit_note"), **change)  # type: ignore[arg-type]


def test_totals_that_disagree_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="BR-CO-15"):
        Totals(100, 20, 121, 0, 121)
    with pytest.raises(ValueError, match="BR-CO-16"):
        Totals(100, 20, 120, 50, 71)


def test_a_share_is_at_most_the_whole() -> None:
    with pytest.raises(ValueError, match="basis points"):
        replace(make_lines(1)[0], share=10001)


def test_an_address_tells_what_it_lacks() -> None:
    assert Address(country="GB").missing == ("street", "city")
    assert Address("1 High Street", city="Leeds", country="GB").missing == ()
    assert Address(" ", city="Leeds").missing == ("street", "country")


def test_json_with_a_field_too_many_is_refused() -> None:
    document = make_document(make_lines(1))
    with pytest.raises(TypeError):
        Document.from_json({**document.to_json(), "paid": True})
