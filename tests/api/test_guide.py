"""The guide's scripts, run as they stand on the page."""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.api.conftest import Caller
from tests.api.terms import accepted, proposed, published
from tests.support.applications import application

GUIDE = Path("docs/first-appointment.md")
SCRIPTS = dict(re.findall(r"```(bash|python|javascript)\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL))
PROMISED = "booked\nintake_refused criterion_not_met\ncancelled\n"
RUN_BY = {"bash": ["bash", "-c"], "python": [sys.executable, "-c"], "javascript": ["node", "-e"]}


@pytest.fixture
def app(sqlite_url: str) -> Flask:
    return application(sqlite_url)


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_script_does_what_the_guide_promises(address: str, buyer: Caller, supplier: Caller) -> None:
    assert f"```\n{PROMISED}```" in GUIDE.read_text(encoding="utf-8")
    published(buyer)
    agreement = proposed(buyer, effective_from=None)
    for party in (buyer, supplier):
        accepted(party, agreement)
    told = {}
    for language, script in SCRIPTS.items():
        command = RUN_BY[language]
        if shutil.which(command[0]) is None:
            continue
        settings = os.environ | {"URL": address, "KEY": supplier.secret, "PYTHONPATH": "api/client"}
        done = subprocess.run([*command, script], env=settings, capture_output=True, text=True, timeout=60, check=False)
        told[language] = done.stdout + done.stderr
    assert {"bash", "python"} <= told.keys()
    assert told == dict.fromkeys(told, PROMISED)


def test_the_guide_is_a_page_under_its_own_policy(app: Flask) -> None:
    page = app.test_client().get("/docs/first-appointment")
    assert page.status_code == 200
    assert "<h1>Your first appointment in five minutes</h1>" in page.text
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert "/docs/first-appointment" in app.test_client().get("/openapi.json").text
