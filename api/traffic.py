"""What every request and answer has in common: the request's id, the headers that keep answers safe, the metrics.

Owns `X-Request-Id` (a caller's own is kept if it is harmless) and the Prometheus registry of an application. Counts
by route, never by path, so that no identifier becomes a label.
"""

import os
import re
import time
from typing import Final

import structlog
from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from uuid6 import uuid7
from werkzeug.exceptions import NotFound

from api import limits

HEADER: Final = "X-Request-Id"
EXTENSION: Final = "appointment-ledger-metrics"
NUL: Final = "\0"
"""Nothing has it in its name, and PostgreSQL takes it in no text."""
_HARMLESS: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Counters of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("ledger_http_requests", "Answers given", labels, registry=self._registry)
        self.seconds = Histogram(
            "ledger_http_request_seconds",
            "Time from a request's arrival to its answer",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One answer. The series of each route are looked up once."""
        series = self._known.get((method, route, status))
        if series is None:
            series = (self.requests.labels(method, route, str(status)), self.seconds.labels(method, route))
            self._known[method, route, status] = series
        series[0].inc()
        series[1].observe(seconds)

    def exposition(self) -> bytes:
        """Prometheus' text format, over all server processes where there are several."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # the library has no type here
        return generate_latest(together)


def register(app: Flask, *, log: bool) -> None:
    """Runs before and after every request; `log` says each in a line."""
    metrics = app.extensions[EXTENSION] = Metrics()

    @app.before_request
    def _begin() -> None:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _HARMLESS.fullmatch(given) else uuid7().hex
        g.began = time.perf_counter()
        if NUL in request.path:
            raise NotFound

    @app.after_request
    def _end(response: Response) -> Response:
        response.headers[HEADER] = g.request_id
        response.headers["X-Content-Type-Options"] = "nosniff"
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        limits.describe(response, g.get("standings", []))
        route = request.url_rule.rule if request.url_rule else "unknown"
        method = request.method if request.url_rule else "any"
        seconds = time.perf_counter() - g.began
        metrics.count(method, route, response.status_code, seconds)
        if log:
            _log(method, route, response.status_code, seconds)
        return response


def _log(method: str, route: str, status: int, seconds: float) -> None:
    who = g.get("actor")
    structlog.get_logger().info(
        "request", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 1), actor=who
    )
