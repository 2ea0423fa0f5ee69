"""`verify` and `tick` on the command line: what is printed, and the exit codes."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from api.cli import main
from ledger.store.engine import make_engine
from tests.services.market import MONDAY, TUESDAY, Market


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    """A database with one appointment that nobody has ruled on in time."""
    engine = make_engine(database_url)
    Market(engine, suppliers=("acme-calls",)).taken(at=MONDAY, starts_at=TUESDAY)
    engine.dispose()
    return {"DATABASE_URL": database_url, "DOCUMENTS_URL": str(tmp_path / "documents"), "SECRET_KEY": "k" * 40}


def run(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environment)


def test_notices_are_told_and_are_no_error(environment: dict[str, str]) -> None:
    result = run(environment, "verify")
    assert result.exit_code == 0, result.output
    assert "have something due" in result.output
    assert "not chained yet" in result.output
    assert re.search(r"^Nothing is wrong in \d+ checks\.$", result.output, re.MULTILINE)


def test_a_tick_settles_and_chains(environment: dict[str, str]) -> None:
    told = json.loads(run(environment, "tick", "--json").stdout)
    assert (told["settled"], told["chained"]) == (1, 3)
    told = json.loads(run(environment, "verify", "--json").stdout)
    assert [notice["check"] for notice in told["notices"]] == ["billing runs"]


def test_a_fault_is_told_with_its_place_and_exits_1(environment: dict[str, str]) -> None:
    run(environment, "tick")
    engine = make_engine(environment["DATABASE_URL"])
    with engine.begin() as connection:
        connection.execute(text("UPDATE account SET balance = balance + 1 WHERE kind = 'cost'"))
    engine.dispose()
    result = run(environment, "verify")
    assert result.exit_code == 1
    assert "the balance is 20501, the transfers sum to 20500" in " ".join(result.output.split())
    result = run(environment, "verify", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert [fault["check"] for fault in told["faults"]] == ["balances", "accounts sum to zero"]
    assert {row["check"]: row["faults"] for row in told["checks"] if row["faults"]} == {
        "balances": 1,
        "accounts sum to zero": 1,
    }
