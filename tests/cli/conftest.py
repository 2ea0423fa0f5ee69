import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from api.cli import main
from tests.history.histories import agreement, definition

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def here(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own in a folder of its own."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SECRET_KEY", "a secret for tests, long enough to be one")
    monkeypatch.delenv("DOCUMENTS_URL", raising=False)
    return folder


@pytest.fixture
def run() -> Run:
    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return invoke


@pytest.fixture
def terms(here: Path) -> list[str]:
    """The options that name both terms documents."""
    written: list[str] = []
    for name, document in (("definition", definition()), ("agreement", with_no_tax())):
        path = here / f"{name}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        written += [f"--{name}", str(path)]
    return written


def with_no_tax() -> dict[str, Any]:
    """Billable as it is imported: no identifiers, outside the scope of tax."""
    billing = agreement()["billing"]
    unsigned = {**billing, "self_billing": {**billing["self_billing"], "supplier_vat_id": None}}
    return agreement(tax={"category": "O", "rate": 0, "exemption": None}, billing=unsigned)
