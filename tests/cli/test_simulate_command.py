"""`simulate`: a story that repeats itself, whoever runs the worker, and that ends where something is wrong."""

import json

import pytest

from api.simulation import simulate
from ledger.services.desk import Desk
from tests.cli.conftest import Run


def test_the_story_is_the_same_on_both_engines_whoever_runs_the_worker(
    run: Run, database_url: str, sqlite_url: str
) -> None:
    played = ("simulate", "--seed", 3, "--days", 1, "--worker", "often", "--database", database_url)
    told = run(*played, "--json")
    assert told.exit_code == 0, told.output
    story = json.loads(told.stdout)
    assert story["violation"] is None
    if database_url != sqlite_url:
        assert simulate(sqlite_url, 3, 1, worker="never").digest == story["digest"]
    again = run(*played)
    assert again.exit_code == 1
    assert "needs an empty database" in again.stderr


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_planted_bug_is_caught_with_its_step(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that do not settle first what has fallen due."""
    monkeypatch.setattr(Desk, "settle", lambda *_arguments, **_named: 0)
    told = run("simulate", "--seed", 1, "--days", 1)
    assert told.exit_code == 1
    assert "WRONG at step" in told.stderr
    assert "told again by: simulate --seed 1 --days 1" in told.stdout
