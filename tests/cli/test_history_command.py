import csv
import json
from pathlib import Path
from typing import Any

from tests.history.histories import row, write_csv

ROWS = [
    row("S-1", outcome="attended", outcome_at="2026-03-04T11:00:00Z", prospect_name="=1+1"),
    row("S-2", **{"fact.employees": -3}, prospect_name='=HYPERLINK("x")', channel="post"),
    row("S-3"),
]


def test_a_history_is_taken_in_with_the_refused_rows_beside_it(run: Any, terms: list[str], here: Path) -> None:
    path = write_csv(here / "h.csv", ROWS)
    result = run("import", path, *terms, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["rows"], told["taken"], told["refused"]) == (3, 2, 1)
    assert told["clauses"] == {"intake.channels": 1, "size": 1}
    with (here / "h.csv.refused.csv").open(newline="") as file:
        (refused,) = csv.DictReader(file)
    assert (refused["line"], refused["stage"], refused["clauses"]) == ("3", "submission", "intake.channels; size")
    assert "criterion_not_met" in refused["reasons"]
    assert refused["reference"] == "S-2"
    assert refused["prospect_name"] == '\'=HYPERLINK("x")'
    assert refused["fact.employees"] == "-3"


def test_no_file_is_left_where_nothing_was_refused(run: Any, terms: list[str], here: Path) -> None:
    path, beside = write_csv(here / "h.csv", ROWS), here / "elsewhere.csv"
    assert run("import", path, *terms, "--refused", beside).exit_code == 0
    assert beside.exists()
    write_csv(path, ROWS[:1])
    result = run("import", path, *terms, "--refused", beside, "--dry-run")
    assert result.exit_code == 0
    assert "known" in result.stdout
    assert "nothing was written" in result.stdout
    assert not beside.exists()


def test_unusable_terms_are_named_and_exit_1(run: Any, terms: list[str], here: Path) -> None:
    path = write_csv(here / "h.csv", ROWS)
    document = json.loads((here / "agreement.json").read_text())
    document["price"]["tiers"] = []
    (here / "agreement.json").write_text(json.dumps(document))
    result = run("import", path, *terms)
    assert result.exit_code == 1
    assert "price/tiers" in result.stderr


def test_a_file_that_is_no_history_exits_1_and_names_the_column(run: Any, terms: list[str], here: Path) -> None:
    path = here / "h.csv"
    path.write_text("reference,buyer\nS-1,b\n")
    result = run("import", path, *terms)
    assert result.exit_code == 1
    assert "supplier: this column is missing" in result.stderr


def test_wrong_usage_exits_2(run: Any, terms: list[str], here: Path) -> None:
    path = write_csv(here / "h.csv", ROWS)
    assert run("import", here / "none.csv", *terms).exit_code == 2
    assert run("import", path, *terms, "--refused", path).exit_code == 2
    (here / "definition.json").write_text("{")
    result = run("import", path, *terms)
    assert result.exit_code == 2
    assert "no JSON" in result.stderr
