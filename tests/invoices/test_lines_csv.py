import csv
import io
from dataclasses import replace
from decimal import Decimal

import pytest

from invoices.lines_csv import COLUMNS, guarded, lines_csv
from invoices.totals import TotalsDisagree
from tests.invoices.samples import make_document, make_lines


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


def test_one_row_per_line_under_one_header() -> None:
    lines = make_lines(12)
    rows = read(lines_csv(make_document(lines), lines))
    assert tuple(rows[0]) == COLUMNS
    assert [row["line"] for row in rows] == [str(number) for number in range(1, 13)]
    assert {row["number"] for row in rows} == {"ACME-NORTH-000012"}
    assert rows[0] | {
        "kind": "appointment", "reference": "S-1001", "outcome": "attended", "definition": "uk-finance-review",
        "confirmed": "10 to 250 people; decision maker", "version": "3", "price": "180.00", "share": "10000",
        "amount": "180.00", "currency": "GBP", "service_at": "2026-10-02T21:00:00Z", "appointment": "0199-1",
    } == rows[0]  # fmt: skip


@pytest.mark.parametrize(("currency", "amount"), [("GBP", "180.00"), ("JPY", "18000"), ("KWD", "18.000")])
def test_amounts_are_plain_decimals_in_major_units(currency: str, amount: str) -> None:
    lines = make_lines(1)
    assert read(lines_csv(make_document(lines, currency=currency), lines))[0]["amount"] == amount


def test_the_rows_sum_to_the_document() -> None:
    lines = make_lines(30)
    document = make_document(lines)
    rows = read(lines_csv(document, lines))
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal(document.totals.net) / 100
    with pytest.raises(TotalsDisagree):
        lines_csv(document, lines[:-1])


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_text_becomes_a_formula(start: str) -> None:
    evil = f'{start}HYPERLINK("http://evil.example","x")'
    assert guarded(evil) == f"'{evil}"
    lines = (replace(make_lines(1)[0], reference=evil, note=evil, outcome=evil, confirmed=(evil,), definition=evil),)
    row = read(lines_csv(make_document(lines), lines))[0]
    for column in ("reference", "note", "outcome", "confirmed", "definition"):
        assert row[column].startswith("'")


def test_ordinary_text_and_numbers_stay_as_they_are() -> None:
    assert guarded("S-1001") == "S-1001"
    assert guarded(None) == ""
    adjustment = replace(make_lines(1)[0], kind="adjustment", amount=-9000, service_at=None)
    lines = (adjustment,)
    row = read(lines_csv(make_document(lines), lines))[0]
    assert (row["amount"], row["service_at"]) == ("-90.00", "")


def test_quotes_and_line_breaks_stay_inside_their_cell() -> None:
    lines = (replace(make_lines(1)[0], note='he said "no",\r\n=1+1'),)
    assert read(lines_csv(make_document(lines), lines))[0]["note"] == 'he said "no",\r\n=1+1'
