"""The table of ratios: every script's figure in it, and a failing script not hidden by it."""

from pathlib import Path

import pytest

from bench.__main__ import BadFigureError, Figure, main, scripts

FIGURE = """import json
print(json.dumps({"id": "%s", "ratio": %s, "goal": "%s", "absolute": {"rows per second": 5200}}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "measures"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "_shared.py").write_text("raise SystemExit('never run by itself')")
    (folder / "p10_rendering.py").write_text(FIGURE % ("P10", 0.5, "<= 0.6"))
    (folder / "p2_tail.py").write_text(FIGURE % ("P2", 3.5, "≤ 3"))
    return folder


def test_scripts_run_in_the_order_of_their_numbers(folder: Path) -> None:
    assert scripts(folder, []) == ["p2_tail", "p10_rendering"]
    assert scripts(folder, ["P10"]) == ["p10_rendering"]
    assert scripts(folder, ["p1"]) == []


def test_the_table_tells_which_goals_are_met(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([], folder) == 0
    rows = capfd.readouterr().out.splitlines()
    assert [("met" in row, "missed" in row) for row in rows if "rows per second 5,200" in row] == [
        (False, True),
        (True, False),
    ]


@pytest.mark.parametrize("text", ["raise SystemExit(3)", "print('about half')"])
def test_a_script_that_fails_fails_the_run(folder: Path, capfd: pytest.CaptureFixture[str], text: str) -> None:
    (folder / "p3_batch.py").write_text(text)
    assert main([], folder) == 1
    printed = capfd.readouterr()
    assert "P10" in printed.out
    assert "failed: p3_batch" in printed.err


def test_an_unknown_script_is_wrong_usage(folder: Path) -> None:
    assert main(["p77"], folder) == 2


@pytest.mark.parametrize(
    "line",
    [
        "0.5",
        '{"id": "P1", "ratio": 0.5, "goal": ">= 0.3"}',
        '{"id": "P1", "ratio": 0.5, "goal": "0.3", "absolute": {}}',
        '{"id": "P1", "ratio": 0.5, "goal": "about 0.3", "absolute": {}}',
    ],
)
def test_a_line_that_is_no_figure_is_refused(line: str) -> None:
    with pytest.raises(BadFigureError, match="not a figure"):
        Figure.parse(line)
