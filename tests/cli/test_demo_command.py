import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time
from sqlalchemy import Engine, func, select

from api import demo, passwords
from ledger.domain.stage import Stage
from ledger.services import access, appointments
from ledger.store import tables as t
from ledger.store.engine import make_engine, reading


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One engine is enough here: the services below are tested on both."""
    return sqlite_url


def test_logins_of_every_role_are_printed_and_kept_for_the_owner_alone(run: Any, here: Path, sqlite_url: str) -> None:
    now = datetime(2026, 11, 22, 10, tzinfo=UTC)
    with freeze_time(now):
        made = run("demo", "--if-empty", "--json")
    assert made.exit_code == 0, repr(made.exception)
    logins = json.loads(made.stdout)
    assert {login["role"] for login in logins} == set(access.ROLES)
    assert all(set(login) == {"role", "email", "password", "totp_secret"} for login in logins)
    assert all(bool(login["totp_secret"]) == (login["role"] in ("finance", "arbiter")) for login in logins)
    engine = make_engine(sqlite_url)
    with reading(engine) as connection:
        user = access.user(connection, logins[0]["email"])
        kinds = connection.execute(select(t.document.c.kind, func.count().label("made")).group_by(t.document.c.kind))
        billed = {row.kind: row.made for row in kinds}
    assert stages_of(engine, now) == {stage.value for stage in Stage}
    engine.dispose()
    assert passwords.matches(user["password_hash"], logins[0]["password"])
    assert billed["invoice"] == 8
    assert billed["credit_note"] > 0
    assert stat.S_IMODE((here / "var" / "demo-logins.json").stat().st_mode) == 0o600
    assert json.loads(run("demo", "--if-empty", "--json").stdout) == logins
    assert logins[0]["password"] in run("demo", "--if-empty").stdout


def test_an_installation_that_somebody_works_with_is_left_alone(run: Any, here: Path) -> None:
    created = run(
        *("organisations", "create", "--slug", "north-bank", "--kind", "buyer", "--legal-name", "North Bank"),
        *("--country", "GB", "--time-zone", "Europe/London"),
    )
    assert created.exit_code == 0, created.output
    assert "nothing was made" in run("demo", "--if-empty").stdout
    refused = run("demo")
    assert refused.exit_code == 1
    assert "mend:" in refused.stderr


def test_when_a_month_ends_too_the_demonstration_ends_in_the_middle_of_everything(sqlite_url: str) -> None:
    now = datetime(2026, 12, 1, tzinfo=UTC)
    engine = make_engine(sqlite_url)
    demo.make(engine, b"secret", now, key="key", keep=lambda _logins: None)
    stages = stages_of(engine, now)
    engine.dispose()
    assert stages == {stage.value for stage in Stage}


def stages_of(engine: Engine, now: datetime) -> set[str]:
    found, after, staff = set[str](), None, access.Principal(access.OPERATOR, None, "test")
    with reading(engine) as connection:
        while True:
            items, after = appointments.page(connection, staff, appointments.Filters(), now, limit=200, after=after)
            found |= {item["stage"] for item in items}
            if after is None:
                return found
