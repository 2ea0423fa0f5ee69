"""What is said of requests: enough to find one again, and nothing that is personal or secret."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import structlog
from flask import Flask
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api import create_app, tracing
from api import settings as configuration
from ledger.services import access
from ledger.store.engine import writing
from tests.api.conftest import Caller
from tests.support.applications import SECRET, store_of

CANARIES = ("canary-person", "canary@person.example", "canary-query", "canary-slug", "canary-body", "canary-header")


@pytest.fixture
def logged(sqlite_url: str) -> Iterator[Callable[..., Flask]]:
    """Applications that log as an installation does."""
    apps = []

    def make(**more: Any) -> Flask:
        app = create_app(
            {
                "DATABASE_URL": sqlite_url,
                "SECRET_KEY": SECRET,
                "LOG_FORMAT": "json",
                "PROPAGATE_EXCEPTIONS": False,
                **more,
            }
        )
        app.add_url_rule("/broken", view_func=broken)
        apps.append(app)
        return app

    yield make
    structlog.reset_defaults()
    for app in apps:
        store_of(app).dispose()


def broken() -> str:
    words = " ".join(CANARIES)
    raise RuntimeError(words)


def ask_everything(app: Flask) -> str:
    """A bit of everything, with canaries wherever a caller can put one; the key's secret."""
    with writing(store_of(app).engine) as connection:
        secret = access.issue_key(connection, "admin", None, datetime.now(UTC)).secret
    ask = Caller(app.test_client(), secret)
    person = {"email": "canary@person.example", "name": "canary-person", "roles": ["admin"]}
    assert ask("POST", "/v1/users", person).status_code == 201
    assert ask("POST", "/v1/users", {**person, "canary-body": 1}).status_code == 400
    assert ask("GET", "/v1/organisations/canary-slug").status_code == 404
    assert ask("GET", "/v1/appointments?q=canary-query", headers={"X-Else": "canary-header"}).status_code == 200
    assert ask("GET", "/canary-slug").status_code == 404
    assert ask("GET", "/broken").status_code == 500
    return secret


def test_a_request_is_one_line_without_anything_personal_or_secret(
    logged: Callable[..., Flask], capfd: pytest.CaptureFixture[str]
) -> None:
    secret = ask_everything(logged())
    logging.getLogger("a_library").warning("cannot read %s", "canary-person")
    said = capfd.readouterr().err
    assert not [canary for canary in (*CANARIES, secret, secret[14:]) if canary in said]
    lines = [orjson.loads(line) for line in said.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["status"] for line in requests] == [201, 400, 404, 200, 404, 500]
    assert requests[2]["route"] == "/v1/organisations/<reference>"
    assert requests[0]["actor"].startswith("key:")
    assert all(line["at"].endswith("Z") and line["milliseconds"] >= 0 for line in requests)
    assert [line["event"] for line in lines if line.get("logger") == "a_library"] == ["cannot read %s"]
    (error,) = [line for line in lines if line["level"] == "error"]
    assert error["request_id"] == requests[-1]["request_id"]
    assert "unhandled RuntimeError" in error["event"]


def test_tests_and_quiet_installations_say_nothing_of_requests(
    logged: Callable[..., Flask], capfd: pytest.CaptureFixture[str]
) -> None:
    for quiet in ({"TESTING": True}, {"LOG_LEVEL": "warning"}):
        assert logged(**quiet).test_client().get("/healthz").status_code == 200
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("wrong", [{"LOG_LEVEL": "loud"}, {"LOG_FORMAT": "xml"}], ids=["level", "format"])
def test_a_log_that_there_is_not_is_refused_by_name(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        configuration.read({"SECRET_KEY": SECRET, **wrong})


def test_a_span_tells_no_more_than_a_line(logged: Callable[..., Flask]) -> None:
    app, exporter = logged(TESTING=True), InMemorySpanExporter()
    tracing.register(app, exporter)
    secret = ask_everything(app)
    parent = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    answer = app.test_client().get("/healthz", headers=parent)
    spans = exporter.get_finished_spans()
    broke, last = (dict(span.attributes or {}) for span in spans[-2:])
    assert spans[-1].name == "GET /healthz"
    assert f"{spans[-1].context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert last["request.id"] == answer.headers["X-Request-Id"]
    assert broke["http.response.status_code"] == 500
    said = "".join(span.to_json() for span in spans)
    assert not [canary for canary in (*CANARIES, secret) if canary in said]


def test_metrics_tell_what_waits_and_whether_the_database_is_there(logged: Callable[..., Flask]) -> None:
    app = logged(TESTING=True)
    shown = app.test_client().get("/metrics").text
    assert "ledger_database_up 1.0" in shown
    for name in ("agreements_due", "renderings_waiting", "webhook_deliveries_waiting", "webhook_endpoints_disabled"):
        assert f"ledger_{name} 0.0" in shown
    away = create_app({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "SECRET_KEY": SECRET, "TESTING": True})
    answer = away.test_client().get("/metrics")
    assert (answer.status_code, "ledger_database_up 0.0" in answer.text) == (200, True)
