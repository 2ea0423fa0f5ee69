import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from api.cli import main
from ledger.services import access
from ledger.store import tables as t
from ledger.store.engine import make_engine, reading, writing
from tests.services.market import Market
from tests.support.applications import SECRET

STARTS_WITHIN_SECONDS = 100
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
PORTS = count(10_000 + 5_000 * WORKER + os.getpid() % 4_000)
"""Below those that the system gives to whoever asks for any: it takes seconds until `serve` takes its own. Tests that
run side by side have their own."""


def free_port() -> int:
    for port in PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("they do not end")


class Served:
    """A running `serve` on a port of its own."""

    def __init__(self, url: str) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "api.cli", "serve", "--port", str(self.port), "--no-worker"]
        environment = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": SECRET}
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def get(self, path: str) -> tuple[int, str]:
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.process.communicate()[0]
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read().decode()
            except OSError:
                time.sleep(0.1)
        raise TimeoutError(path)

    def announced(self) -> str:
        """The line that tells people where it is; written once it answers."""
        assert self.process.stdout is not None
        return next((line for line in self.process.stdout if "http://" in line), "")

    def listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False


@contextmanager
def serving(url: str) -> Iterator[Served]:
    served = Served(url)
    try:
        yield served
    finally:
        with suppress(ProcessLookupError):
            served.process.kill()
        served.process.communicate()


def test_serve_answers_on_its_port_and_ends_in_peace(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make_engine(database_url)
    with writing(engine) as connection:
        key = access.issue_key(connection, "admin", None, datetime.now(UTC)).secret
    engine.dispose()
    with serving(database_url) as served:
        assert served.get("/readyz") == (200, '{"status":"ready"}')
        assert served.get("/v1/keys")[0] == 401
        for _ in range(8):
            served.get("/healthz")
        counted = re.search(
            r'requests_total{method="GET",route="/healthz",status="200"} (\S+)', served.get("/metrics")[1]
        )
        assert counted is not None
        assert float(counted[1]) >= 8, "counted over all processes"
        monkeypatch.setenv("DATABASE_URL", database_url)
        taken = CliRunner().invoke(main, ["serve", "--port", str(served.port), "--no-worker"])
        assert (taken.exit_code, "choose another --port" in taken.stderr) == (1, True)
        told = served.announced()
        assert f"http://127.0.0.1:{served.port}" in told
        assert ("SQLite" in told) is database_url.startswith("sqlite")
        assert answered_after_the_signal(served, key).startswith(b"HTTP/1.1 201")
        served.process.communicate(timeout=60)
        assert served.process.returncode == 0
        assert not served.listens()


def answered_after_the_signal(served: Served, key: str) -> bytes:
    """The answer to a request that was under way when `serve` was told to end, its port closed or about to be."""
    body = b'{"role": "finance", "name": "the last one"}'
    head = (
        f"POST /v1/keys HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as client:
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 100"), "the server waits for the body"
        served.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 5
        while served.listens() and time.monotonic() < deadline:
            time.sleep(0.05)
        client.sendall(body)
        answer = b""
        while b"}" not in answer and (more := client.recv(65_536)):
            answer += more
    return answer


def test_a_worker_told_to_stop_ends_in_peace(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    long_ago = Market(engine).taken()
    environment = {**os.environ, "DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET}
    command = [sys.executable, "-u", "-m", "api.cli", "worker"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert ("settled 1" in told, process.returncode) == (True, 0)
    with reading(engine) as connection:
        verdict = select(t.appointment.c.verdict).where(t.appointment.c.id == long_ago)
        assert connection.execute(verdict).scalar_one() == "deemed"
    engine.dispose()


def test_a_killed_serve_leaves_nothing_on_its_port(sqlite_url: str) -> None:
    with serving(sqlite_url) as served:
        assert served.get("/healthz")[0] == 200
        served.process.kill()
        deadline = time.monotonic() + 30
        while served.listens():
            assert time.monotonic() < deadline, "somebody still listens"
            time.sleep(0.1)
