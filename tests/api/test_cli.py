import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from api.cli import main
from api.terminal import progress
from tests.api.conftest import Caller
from tests.support.applications import SECRET, application


@pytest.fixture(autouse=True)
def installation(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET)


@pytest.fixture
def empty_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path}/empty/ledger.sqlite"
    monkeypatch.setenv("DATABASE_URL", url)
    return url


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def run_json(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


ACME = ("--slug", "acme-calls", "--kind", "supplier", "--legal-name", "Acme", "--country", "GB", "--time-zone", "UTC")


def test_a_key_made_here_opens_the_api(database_url: str) -> None:
    key = run_json("keys", "create", "--role", "admin")
    assert key.keys() == {"id", "secret"}
    answer = Caller(application(database_url).test_client(), key["secret"])("GET", "/v1/keys")
    assert [item["id"] for item in answer.json["items"]] == [key["id"]]


def test_organisations_keys_and_users_from_beginning_to_end() -> None:
    assert run_json("organisations", "create", *ACME).keys() == {"id", "slug"}
    key = run_json("keys", "create", "--role", "supplier", "--organisation", "acme-calls", "--name", "dialler")
    successor = run_json("keys", "rotate", key["id"], "--grace-hours", "1")
    assert successor["secret"] != key["secret"]
    user = run_json(
        "users", "create", "--email", "Ann@acme.example", "--role", "supplier", "--organisation", "acme-calls"
    )
    assert user["password"] and user["totp_secret"] is None
    assert run_json("users", "rotate", "ann@acme.example")["password"] != user["password"]
    staff = run_json(
        "users", "create", "--email", "f@b.example", "--role", "finance", "--role", "arbiter", "--second-factor"
    )
    assert len(staff["totp_secret"]) == 32
    assert [item["roles"] for item in run_json("users", "list")] == [["finance", "arbiter"], ["supplier"]]
    again = run_json("organisations", "rotate", "acme-calls")
    assert len(again) == 1
    assert run_json("organisations", "disable", "acme-calls") == {
        "slug": "acme-calls", "keys_revoked": 3, "users_disabled": 1,
    }  # fmt: skip
    assert all(item["revoked_at"] for item in run_json("keys", "list"))
    assert run_json("users", "disable", "f@b.example")["disabled_at"]
    for group in ("keys", "users", "organisations"):
        assert "acme-calls" in run(group, "list").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("keys", "create", "--role", "supplier"), 2, "mend: name it: --organisation SLUG"),
        (("keys", "create", "--role", "supplier", "--organisation", "nobody"), 1, "not_found"),
        (("keys", "rotate", "0199a3f0-7c1e-7000-8000-000000000000"), 1, "not_found"),
        (("users", "disable", "nobody@b.example"), 1, "not_found"),
        (("organisations", "create", *ACME, "--iban", "GB00"), 2, "where: bank/iban"),
        (("organisations", "create", *ACME, "--vat-id", "GB1"), 2, "where: vat_id"),
        (("organisations", "create", *ACME[:-1], "Nowhere/Land"), 2, "where: time_zone"),
        (("users", "create", "--email", "no address", "--role", "admin"), 2, "where: email"),
        (("keys", "create", "--role", "emperor"), 2, "Invalid value for '--role'"),
        (("keys", "rotate", "no-uuid"), 2, "Invalid value"),
        (("keys", "create"), 2, "Missing option"),
        (("no-such-command",), 2, "No such command"),
        (("serve", "--port", "0"), 2, "Invalid value"),
    ],
)
def test_what_is_wrong_is_said_with_its_exit_code(arguments: tuple[str, ...], code: int, said: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, said in result.stderr, result.stdout) == (code, True, ""), result.output


def test_a_wrong_setting_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://x")
    result = run("migrate")
    assert (result.exit_code, "DATABASE_URL" in result.stderr) == (2, True)


def test_a_database_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@/none?host={tmp_path}")
    for command in (("keys", "list"), ("migrate",), ("migrate", "--check")):
        result = run(*command)
        assert (result.exit_code, "check DATABASE_URL" in result.stderr) == (1, True), result.output


def test_migrate_tells_and_does(empty_file: str) -> None:
    assert run("migrate", "--check").exit_code == 1
    assert run("migrate").exit_code == 0
    assert run("migrate", "--check").exit_code == 0
    assert run_json("migrate")["revision"] == run_json("migrate", "--check")["newest"]


def test_a_postgresql_that_is_not_migrated_is_refused(postgresql_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", postgresql_server.url("postgres"))
    for command in (("keys", "list"), ("serve", "--no-worker")):
        result = run(*command)
        assert (result.exit_code, "appointment-ledger migrate" in result.stderr) == (1, True), result.output


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Reading", 10) as advance:
        advance(10)
    assert capsys.readouterr() == ("", "")
