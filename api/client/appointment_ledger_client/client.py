"""The client: operations by name, lists page by page, submissions by the thousand."""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from appointment_ledger_client import models
from appointment_ledger_client.operations import Operations
from appointment_ledger_client.transport import Transport

LINES_AT_ONCE: Final = 500
T = TypeVar("T")


class Client(Operations):
    """An Appointment Ledger, seen with one key. Not for several threads at once: make one for each.

    `attempts` is how often a request is tried that may be repeated, `pause` the seconds before the second time.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float = 30.0,
        attempts: int = 5,
        pause: float = 0.5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transport = Transport(url, key, timeout=timeout, attempts=attempts, pause=pause, sleep=sleep)
        self.etag: str | None = None

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] = {},
        key: str | None = None,
        if_match: str | None = None,
    ) -> Any:
        """Sends one request and gives the answer's value. Raises `Problem` and `Unreachable`."""
        headers: dict[str, str] = {}
        if method == "POST":
            headers["Idempotency-Key"] = key or str(uuid.uuid4())
        if if_match is not None:
            headers["If-Match"] = if_match
        sent = None
        if body is not None:
            sent, headers["Content-Type"] = json.dumps(body, allow_nan=False).encode(), "application/json"
        answer = self._transport.send(method, path, query, sent, headers)
        self.etag = answer.etag
        return answer.value()

    def pages(self, operation: Callable[..., "models.Page[T]"], *arguments: Any, **filters: Any) -> Iterator[T]:
        """Every item of a list, newest first, a page at a time: `pages(ledger.list_invoices, period="2026-10")`."""
        cursor: str | None = None
        while True:
            page = operation(*arguments, cursor=cursor, **filters)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def submit_lines(
        self, submissions: Iterable["models.SubmissionBody"], *, key: str | None = None
    ) -> Iterator["models.BatchResult"]:
        """Submits any number of appointments as NDJSON; one result per submission, in order: 201, or the problem.

        With your own `key`, the same submissions again get the same results and none is taken twice.
        """
        own, sent, remaining = key or str(uuid.uuid4()), 0, iter(submissions)
        while lines := [json.dumps(each, allow_nan=False).encode() for each in islice(remaining, LINES_AT_ONCE)]:
            headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": f"{own}-{sent}"}
            answer = self._transport.send("POST", "/v1/appointments/batch", {}, b"\n".join(lines), headers)
            for line in answer.body.splitlines():
                result: models.BatchResult = json.loads(line)
                result["index"] += sent
                yield result
            sent += len(lines)

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
