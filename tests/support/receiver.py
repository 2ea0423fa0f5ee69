"""A server on this machine that takes webhooks, as a party would run one: it keeps what comes and answers as told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> Any:
        return orjson.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """`answers` maps a path to (status, headers, body); others get 204. A path in `held` waits until it is let go."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    held: dict[str, threading.Event] = field(default_factory=dict)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def at(self, path: str) -> list[Received]:
        with self.arrived:
            return [each for each in self.received if each.path == path]

    def wait_for(self, condition: Callable[[], bool]) -> bool:
        """Whether it came true, looked at after each arrival."""
        with self.arrived:
            return self.arrived.wait_for(condition, timeout=60)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with receiver.arrived:
                receiver.received.append(Received(self.path, headers, body))
                receiver.arrived.notify_all()
            if self.path in receiver.held:
                receiver.held[self.path].wait(60)
            status, more, answer = receiver.answers.get(self.path, (204, {}, b""))
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            if answer:
                self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Tests read what came, not a log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield receiver
        finally:
            for each in receiver.held.values():
                each.set()
            server.shutdown()
            thread.join()
