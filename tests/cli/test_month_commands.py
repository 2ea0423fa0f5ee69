import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.history.histories import row, write_csv


@pytest.fixture
def march(run: Any, terms: list[str], here: Path) -> None:
    """Two attended appointments and one that fell silent."""
    rows = [
        row("S-1", outcome="attended", outcome_at="2026-03-04T11:00:00Z"),
        row("=S-2", outcome="attended", outcome_at="2026-03-04T12:00:00Z"),
        row("S-3"),
    ]
    assert run("import", write_csv(here / "h.csv", rows), *terms).exit_code == 0


def told(result: Any, code: int = 0) -> Any:
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_a_tick_settles_once(run: Any, march: None) -> None:
    assert told(run("tick", "--json"))["settled"] == 1
    assert told(run("tick", "--json"))["settled"] == 0
    assert "Nothing has fallen due" in run("tick").stdout


def test_a_month_is_settled_billed_once_and_shown(run: Any, march: None) -> None:
    dry = told(run("bill", "2026-03", "--dry-run", "--json"))
    assert [document["number"] for document in dry["documents"]] == [None]
    first = told(run("bill", "2026-03", "--json"))
    assert [(each["line_count"], each["net"]) for each in first["documents"]] == [(3, 54000)]
    assert told(run("bill", "2026-03", "--json"))["documents"][0]["number"] == first["documents"][0]["number"]
    shown = run("bill", "2026-03")
    assert first["documents"][0]["number"] in shown.stdout
    assert "540.00" in shown.stdout


def test_an_empty_month_is_no_error_and_a_running_one_is(run: Any, march: None) -> None:
    assert "Nothing to bill" in run("bill", "2026-01").stdout
    assert run("bill", "2026-01").exit_code == 0
    late = run("bill", "9000-01")
    assert late.exit_code == 1
    assert "period_not_ended" in late.stderr
    assert run("bill", "march").exit_code == 2
    nobody = run("bill", "2026-03", "--supplier", "nobody")
    assert nobody.exit_code == 2
    assert "there is no supplier 'nobody'" in nobody.stderr


def test_a_parked_supplier_is_no_error(run: Any, terms: list[str], here: Path) -> None:
    document = json.loads((here / "agreement.json").read_text())
    document["billing"]["self_billing"]["until"] = "2026-03-15"
    (here / "agreement.json").write_text(json.dumps(document))
    path = write_csv(here / "h.csv", [row("S-1", outcome="attended", outcome_at="2026-03-04T11:00:00Z")])
    assert run("import", path, *terms).exit_code == 0
    result = run("bill", "2026-03")
    assert result.exit_code == 0
    assert "self-billing agreement ended on 2026-03-15" in result.stdout


def test_an_export_is_safe_to_open(run: Any, march: None, here: Path) -> None:
    told(run("bill", "2026-03", "--json"))
    files = told(run("export", "2026-03", "--to", here / "out", "--json"))
    assert [(Path(each["file"]).name, each["rows"]) for each in files] == [
        ("journal.csv", 3),
        ("journal.xlsx", 3),
        ("journal.beancount", 3),
        ("invoices.csv", 1),
        ("invoices.xlsx", 1),
    ]
    with (here / "out" / "journal.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [each["reference"] for each in rows] == ["S-1", "'=S-2", "S-3"]
    assert {(each["debit"], each["credit"], each["amount"]) for each in rows} == {("cost", "accrued", "180.00")}
    with (here / "out" / "invoices.csv").open(newline="") as file:
        assert [each["gross"] for each in csv.DictReader(file)] == ["540.00"]


def test_one_round_of_the_worker_settles(run: Any, march: None) -> None:
    assert told(run("worker", "--once", "--json")) == {"settled": 1, "rendered": 0}
