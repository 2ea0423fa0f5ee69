"""The worker sends mail where it is told of a server, and goes on where that one is away."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli import main
from api.settings import read
from tests.mail.offices import NOON, Office
from tests.mail.test_delivery import HOUR, short
from tests.mail.test_letters import SAM

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_round_sends_what_is_due_and_another_without_a_server_loses_nothing(
    office: Office, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"DATABASE_URL": database_url, "SECRET_KEY": "a secret for tests, long enough to be one"}
    told |= {"MAIL_FROM": "ledger@ledger.example", "PUBLIC_URL": "https://ledger.example"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DOCUMENTS_URL", tmp_path.as_uri())
    monkeypatch.setattr("api.commands.worker.now", lambda: office.now)
    short(office)
    office.look(NOON)
    office.now = NOON + HOUR
    with socket.socket() as nobody:  # holds a port and does not listen
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{nobody.getsockname()[1]}")
        alone = CliRunner().invoke(main, ["worker", "--once"])
    assert (alone.exit_code, office.server.came) == (0, [])
    assert "the mails wait" in alone.stderr
    monkeypatch.setenv("SMTP_URL", office.server.url)
    assert CliRunner().invoke(main, ["worker", "--once"]).exit_code == 0
    assert len(office.taken(SAM)) == 1


@pytest.mark.parametrize("missing", ["MAIL_FROM", "PUBLIC_URL"])
def test_who_sends_mail_says_from_whom_and_whence(missing: str, database_url: str) -> None:
    told = {"SMTP_URL": "smtp://mail.example", "MAIL_FROM": "ledger@ledger.example", "PUBLIC_URL": "https://x.example"}
    with pytest.raises(ValueError, match=f"SMTP_URL needs {missing}"):
        read({**told, missing: "", "DATABASE_URL": database_url, "SECRET_KEY": "-"})
