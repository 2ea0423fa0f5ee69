import gzip
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ledger.domain.definition import parse_definition
from ledger.domain.errors import Malformed
from ledger.services.history_rows import HistoryRow, check_row, columns_of, read_rows, submission
from tests.history.histories import codes, definition, row, taken, write_csv, write_ndjson

HEADER = "reference,supplier,buyer,submitted_at,starts_at,ends_at\n"


def faults(cells: dict[str, Any]) -> list[str]:
    with pytest.raises(Malformed) as refused:
        check_row(HistoryRow(1, cells))
    return [error.pointer for error in refused.value.errors]


def test_columns_that_the_definition_does_not_need_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text(HEADER + "S-1,acme,north,2026-03-02T09:00:00Z,2026-03-04T10:00:00Z,2026-03-04T11:00:00Z\n")
    (only,) = read_rows(path)
    assert check_row(only)[1] is None
    read = submission(only, parse_definition(definition()))
    assert (read.channel, read.facts, read.prospect.email) == (None, {}, None)


def test_empty_cells_and_nulls_are_no_facts() -> None:
    terms = parse_definition(definition())
    cells = row("S-1", **{"fact.employees": "", "fact.title": None, "fact.owner": True})
    assert submission(HistoryRow(1, cells), terms).facts == {"owner": True}


def test_a_row_names_every_column_that_is_wrong() -> None:
    wrong = row("S-1", submitted_at="yesterday", starts_at="2026-03-04T10:00:00", outcome="fine")
    assert faults(wrong) == ["/submitted_at", "/starts_at", "/outcome", "/outcome_at"]
    assert faults(row("", supplier="a/b")) == ["/reference", "/supplier"]
    assert faults(row("S\n1")) == ["/reference"]
    assert faults(row("S-1", channel=5)) == ["/channel"]
    assert faults(row("S-1", price="1")) == ["/price"]


def test_a_csv_row_says_on_which_line_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text(HEADER + 'S-1,"a\nb",n,x,y,z\n\nS-2,a,b\n')
    rows = list(read_rows(path))
    assert [each.line for each in rows] == [2, 5]
    assert rows[1].fault == "3 cells where the header has 6"
    assert rows[1].cells["supplier"] == "a"


def test_ndjson_takes_typed_facts_and_names_broken_lines(tmp_path: Path) -> None:
    path = write_ndjson(tmp_path / "h.ndjson", [row("S-1", **{"fact.owner": False})])
    path.write_text(path.read_text() + "\n{not json\n[1]\n")
    rows = list(read_rows(path))
    assert [each.line for each in rows] == [1, 3, 4]
    assert rows[0].cells["fact.owner"] is False
    assert rows[1].fault is not None
    assert rows[2].fault == "this line is no JSON object"
    assert columns_of(path, ("owner",))[-1] == "fact.owner"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "reference"),
        (b"reference,supplier\nS-1,a\n", "buyer"),
        (HEADER.encode().replace(b"\n", b",price\n"), "price"),
        (b"reference\xff\n", "UTF-8"),
        (gzip.compress(HEADER.encode() * 50, mtime=0)[:-9], "gzip"),
        (b"x" * 1_100_000, "longer"),
    ],
)
def test_a_file_that_is_no_history_is_refused_as_a_whole(tmp_path: Path, content: bytes, named: str) -> None:
    path = tmp_path / "h.csv"
    path.write_bytes(content)
    with pytest.raises(Malformed, match=named):
        list(read_rows(path))


def test_malformed_rows_are_refused_and_the_file_goes_on(engine: Engine, tmp_path: Path) -> None:
    rows = [row("S-1", starts_at="soon"), row("S-2"), row("S-3", definition="north-bank:uk-finance-review")]
    rows += [row("S-4", definition="another"), row("S-5", definition="east-bank:uk-finance-review")]
    summary, refused = taken(engine, write_csv(tmp_path / "h.csv", rows))
    assert (summary.rows, summary.taken) == (5, 2)
    assert [(name, stage) for name, stage, _ in codes(refused)] == [(f"S-{n}", "submission") for n in (1, 4, 5)]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "h.csv.gz", (row(f"S-{n}", prospect_name="x" * 500) for n in range(20_000)))
    tracemalloc.start()
    assert sum(1 for _ in read_rows(path)) == 20_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
