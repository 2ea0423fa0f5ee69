"""One connection, kept open, and the patience that requests need: what may be repeated is, with growing pauses.

A POST may be repeated because it has an idempotency key; a PATCH only where the server says that nothing was done.
"""

import json
import random
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

NOTHING_DONE: Final = frozenset({429, 503})
PASSING: Final = NOTHING_DONE | {502, 504}
LONGEST_PAUSE: Final = 30.0


class Problem(Exception):
    """The server says no (RFC 9457). `code` is stable; `errors` name fields, `violations` clauses."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        self.status = status
        self.code: str = document.get("code", "unknown")
        self.detail: str = document.get("detail", "")
        self.errors: list[dict[str, str]] = document.get("errors", [])
        self.violations: list[dict[str, str]] = document.get("violations", [])
        self.document = dict(document)
        told = [f"{each['pointer'] or '/'}: {each['detail']}" for each in self.errors]
        told += [f"{each['clause']}: {each['detail']}" for each in self.violations]
        super().__init__(f"{status} {self.code}: {'; '.join(told) or self.detail}")


class Unreachable(Exception):
    """No answer came, however often it was tried."""


@dataclass(frozen=True)
class Answer:
    """What came back: bytes, and what the headers say of them."""

    status: int
    body: bytes
    media_type: str
    etag: str | None

    def value(self) -> Any:
        """JSON as a value, text as text, nothing as None, other files as bytes."""
        if not self.body:
            return None
        if self.media_type.endswith("json") and self.media_type != "application/x-ndjson":
            return json.loads(self.body)
        return self.body.decode() if self.media_type.startswith("text/") else self.body


class Transport:
    """Sends requests to one server with one key. Not for several threads at once: make one for each."""

    def __init__(
        self, url: str, key: str, *, timeout: float, attempts: int, pause: float, sleep: Callable[[float], None]
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no http or https address")
        self._parts, self._timeout = parts, timeout
        self._headers = {"Authorization": f"Bearer {key}", "Accept": "application/json, application/problem+json, */*"}
        self._attempts, self._pause, self._sleep = attempts, pause, sleep
        self._connection: HTTPConnection | None = None

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        """The answer below 400. Raises `Problem` and `Unreachable`."""
        target = self._parts.path.rstrip("/") + path + (f"?{urlencode(query, doseq=True)}" if query else "")
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                answer, retry_after = self._once(method, target, body, headers)
            except (OSError, HTTPException) as error:
                self.close()
                if last or method == "PATCH":
                    raise Unreachable(f"{method} {path}: {type(error).__name__} {error}") from error
                self._sleep(self._pause_before(attempt))
                continue
            if answer.status < 400:
                return answer
            if last or answer.status not in (NOTHING_DONE if method == "PATCH" else PASSING):
                raise Problem(answer.status, _document(answer))
            self._sleep(retry_after or self._pause_before(attempt))
        raise AssertionError("the last attempt answers or raises")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _once(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[Answer, float | None]:
        if self._connection is None:
            self._connection = self._connected()
        self._connection.request(method, target, body, {**self._headers, **headers})
        response = self._connection.getresponse()
        content = response.read()
        told = response.headers.get_content_type() if "Content-Type" in response.headers else ""
        return Answer(response.status, content, told, response.headers["ETag"]), _seconds(response)

    def _connected(self) -> HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return HTTPConnection(host, port, timeout=self._timeout)
        return HTTPSConnection(host, port, timeout=self._timeout, context=ssl.create_default_context())

    def _pause_before(self, attempt: int) -> float:
        """Twice as long each time, and never the same for two clients."""
        longest: float = min(self._pause * 2 ** (attempt - 1), LONGEST_PAUSE)
        return longest * random.uniform(0.5, 1)  # noqa: S311 - spreads clients out, guards nothing


def _seconds(response: HTTPResponse) -> float | None:
    given = response.headers["Retry-After"] or ""
    return min(float(given), LONGEST_PAUSE) if given.isdigit() else None


def _document(answer: Answer) -> Mapping[str, Any]:
    """The problem, or what can be said of an answer that is none, as a proxy gives."""
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"detail": answer.body[:200].decode(errors="replace")}
