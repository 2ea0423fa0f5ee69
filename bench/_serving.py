"""A real server process and clients that keep it busy: submissions over keep-alive connections, one outstanding each.

One thread drives all connections by a selector, so that the clients take as little of the machine as pgbench does.
"""

import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Engine, select

from ledger.services import access
from ledger.services.history_parties import Setting, prepare
from ledger.store import tables as t
from ledger.store.engine import make_engine, writing
from tests.domain.documents import agreement_document, definition_document

CLIENTS = 8
HOST = "127.0.0.1"
SECRET = "a secret for measuring, long enough to be one"  # noqa: S105 - of a database that lives for a minute
STARTS_WITHIN_SECONDS = 60


def settle_in(url: str, suppliers: int = CLIENTS) -> list[str]:
    """Suppliers with an agreement each, without caps; a key for each of them."""
    definition = definition_document()
    definition["intake"]["caps"] = {"day": None, "week": None, "month": None}
    now = datetime.now(UTC)
    pairs = tuple((f"agent-{number}", "north-bank") for number in range(suppliers))
    engine = make_engine(url)
    with writing(engine) as connection:
        prepare(connection, Setting(pairs), definition, agreement_document(), now)
        organisation = t.organisation.c
        ids = connection.execute(select(organisation.id).where(organisation.kind == "supplier")).scalars().all()
        keys = [access.issue_key(connection, "supplier", identity, now).secret for identity in ids]
    engine.dispose()
    return keys


def submission(number: int, now: datetime) -> dict[str, Any]:
    """A prospect of its own, with all that the definition asks for."""
    starts_at = now + timedelta(days=2 + number % 40, minutes=number % 1440)
    return {
        "definition": "uk-finance-review",
        "reference": f"S-{number}",
        "slot": {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=1)).isoformat()},
        "prospect": {
            "name": f"Person {number}",
            "email": f"person-{number}@firm-{number}.example",
            "phone": f"+4420{number:08d}",
            "company": {"name": f"Firm {number}", "domain": f"firm-{number}.example", "number": f"{number + 10**7}"},
            "region": "GB",
        },
        "channel": "outbound",
        "source": "linkedin",
        "lead_created_at": (now - timedelta(days=5)).isoformat(),
        "facts": {"employees": 42, "title": "CFO", "owner": True},
        "consent": {"basis": "opt_in", "captured_at": (now - timedelta(days=2)).isoformat(), "reference": "form-7"},
    }


@contextmanager
def server(url: str) -> Iterator[int]:
    """The production server on this database, without the worker. Gives its port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "api.cli", "serve", "--no-worker", "--host", HOST, "--port", str(port)]
    process = subprocess.Popen(
        command, env={**os.environ, "DATABASE_URL": url, "SECRET_KEY": SECRET}, stdout=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=5) as connection:
            connection.sendall(f"GET /readyz HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
            if b" 200 " in connection.recv(200):
                return
        time.sleep(0.1)
    raise TimeoutError("the server does not answer")


@dataclass
class Clients:
    """Numbers its submissions through, whoever asks for more of them."""

    port: int
    keys: Sequence[str]
    _submitted: int = 0

    def submit(self, count: int) -> tuple[float, list[float]]:
        """Submits as many; the seconds that all of them took, and each of them.

        Connects anew each time, as pgbench does: who connects while the server starts finds the first of its
        processes, and would keep all others idle.
        """
        requests = [self._request(self._submitted + number) for number in range(count)]
        self._submitted += count
        waiting, took = iter(requests), list[float]()
        with ExitStack() as stack:
            connections = [stack.enter_context(socket.create_connection((HOST, self.port))) for _ in range(CLIENTS)]
            selector = stack.enter_context(selectors.DefaultSelector())
            for connection in connections:
                selector.register(connection, selectors.EVENT_READ)
            started = time.perf_counter()
            sent = {connection: _send(connection, waiting) for connection in connections}
            while len(took) < count:
                for ready, _ in selector.select():
                    answered = ready.fileobj
                    assert isinstance(answered, socket.socket)
                    _check(answered)
                    took.append(time.perf_counter() - sent[answered])
                    sent[answered] = _send(answered, waiting)
            return time.perf_counter() - started, took

    def _request(self, number: int) -> bytes:
        body = orjson.dumps(submission(number, datetime.now(UTC)))
        head = (
            "POST /v1/appointments HTTP/1.1",
            f"Host: {HOST}",
            f"Authorization: Bearer {self.keys[number % len(self.keys)]}",
            f"Idempotency-Key: key-{number}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join((*head, "", "")).encode() + body


def _send(connection: socket.socket, waiting: Iterator[bytes]) -> float:
    request = next(waiting, None)
    if request is not None:
        connection.sendall(request)
    return time.perf_counter()


def _check(connection: socket.socket) -> None:
    """Reads one whole answer, which says that the submission was taken."""
    answer = b""
    while True:
        answer += connection.recv(65_536)
        head, end, body = answer.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().split(b"content-length:")[1].split()[0]):
            break
    if not head.startswith(b"HTTP/1.1 201"):
        raise AssertionError(answer.decode())


def rows_per_appointment(engine: Engine) -> float:
    """Rows that submissions wrote, by appointment."""
    written = (t.appointment, t.prospect, t.contact_key, t.appointment_event, t.idempotency_key)
    with engine.connect() as connection:
        counts = [len(connection.execute(select(*table.primary_key.columns)).all()) for table in written]
    return round(sum(counts) / counts[0], 2)
