"""The most memory that the server takes for a stream of NDJSON: five times as many lines, the same memory.

The client sends while it reads, and keeps neither. With `1000000` the longer stream has a million lines.
"""

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson

from bench._databases import ENGINES, databases
from bench._serving import HOST, server, settle_in, submission

LINES = 100_000
MOST_MEGABYTES = 300
FLAT = 1.2
AT_ONCE = 500


def body(first: int, count: int) -> Iterator[bytes]:
    now = datetime.now(UTC)
    for start in range(first, first + count, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, first + count))
        yield b"".join(orjson.dumps(submission(number, now)) + b"\n" for number in numbers)


def streamed(port: int, key: str, first: int, count: int) -> float:
    """Lines per second, once each has been taken."""
    started = time.perf_counter()
    with socket.create_connection((HOST, port)) as connection:
        head = (
            "POST /v1/appointments/batch HTTP/1.1",
            f"Host: {HOST}",
            f"Authorization: Bearer {key}",
            f"Idempotency-Key: stream-{first}",
            "Content-Type: application/x-ndjson",
            "Transfer-Encoding: chunked",
            "Connection: close",
        )

        def send() -> None:
            connection.sendall("\r\n".join((*head, "", "")).encode())
            for chunk in body(first, count):
                connection.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            connection.sendall(b"0\r\n\r\n")

        sending = threading.Thread(target=send)
        sending.start()
        taken, rest = 0, b""
        while more := connection.recv(1 << 16):
            rest += more
            taken += rest.count(b'"status":201')
            rest = rest[-11:]
        sending.join()
    if taken != count:
        raise AssertionError(f"{taken} of {count} were taken")
    return count / (time.perf_counter() - started)


def peak(port: int) -> int:
    """The most megabytes that the server's processes have had, each at its worst."""
    found = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            command = (status.parent / "cmdline").read_bytes()
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except OSError:
            continue
        if b"granian" in command and str(port).encode() in command.split(b"\0"):
            found = max(found, int(lines["VmHWM"].split()[0]) // 1024)
    return found


def main(*arguments: str) -> None:
    wanted = [name for name in arguments if name in ENGINES] or list(ENGINES)
    count = next((int(each) for each in arguments if each.isdigit()), LINES)
    with databases() as made:
        for name in wanted:
            url = made.make(name)
            (key,) = settle_in(url, 1)
            with server(url) as port:
                streamed(port, key, 0, count // 5)
                short = peak(port)
                rate = streamed(port, key, count, count)
                long = peak(port)
            figure = {
                "id": f"NDJSON {name}",
                "ratio": round(long / short, 2),
                "goal": f"<= {FLAT}",
                "absolute": {
                    "MB": long, "MB for a fifth": short, "at the most": MOST_MEGABYTES, "lines": count,
                    "lines per second": round(rate),
                },
            }  # fmt: skip
            print(json.dumps(figure), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
