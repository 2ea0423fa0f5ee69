import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, text

from api import create_app, problems
from api.auth import ADMIN
from api.endpoints import Resource
from api.units import Answer, Command
from ledger.domain.errors import (
    Conflict,
    FieldError,
    IllegalMove,
    Malformed,
    NotAllowed,
    Refusal,
    Refused,
    Unauthenticated,
    Unavailable,
    Unknown,
    VersionMismatch,
    Violation,
    WindowClosed,
)
from ledger.services import access
from ledger.store import tables as t
from tests.api.conftest import ACME, Caller
from tests.support.applications import SECRET, store_of

CANARY = "canary-7f3a"
MEMBERS = {"type", "title", "status", "detail", "instance", "code"}


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (Malformed.at("/a", "wrong"), 400),
        (Unauthenticated(), 401),
        (NotAllowed(), 403),
        (Unknown(), 404),
        (IllegalMove(), 409),
        (WindowClosed(), 409),
        (Conflict(existing_id="x"), 409),
        (VersionMismatch(), 412),
        (VersionMismatch(code="version_required"), 428),
        (Refused([Violation("caps", "cap_reached", "full")]), 422),
        (Unavailable(), 503),
    ],
)
def test_every_refusal_has_its_status(app: Flask, refusal: Refusal, status: int) -> None:
    with app.test_request_context("/v1/somewhere"):
        problem = problems.problem_of(refusal)
        document = problem.document()
    assert (problem.status, document["status"], document["code"]) == (status, status, refusal.code)
    assert document.keys() >= MEMBERS
    assert document["instance"] == "/v1/somewhere"
    assert document["type"].endswith(f":{refusal.code}")


def test_every_kind_of_refusal_has_a_status() -> None:
    assert set(Refusal.__subclasses__()) <= problems.STATUS.keys()
    assert set(problems.STATUS.values()) <= problems.TITLES.keys()


def test_malformed_names_every_fault(app: Flask) -> None:
    with app.test_request_context("/"):
        document = problems.problem_of(Malformed([FieldError("/a/0", "x"), FieldError("/b~1c", "y")])).document()
    assert document["errors"] == [{"pointer": "/a/0", "detail": "x"}, {"pointer": "/b~1c", "detail": "y"}]


def test_a_missing_key_says_how_to_authenticate(client: Any) -> None:
    answer = client.get("/v1/organisations")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.content_type == "application/problem+json"


def test_unknown_paths_and_methods_are_problems(client: Any) -> None:
    for path in ("/v1//organisations", "/v1/organisations/a%00", "/hooks/%00"):
        assert client.get(path).status_code == 404
    assert client.post("/hooks/%00").status_code == 404
    absent, wrong = client.get("/v1/nowhere"), client.put("/v1/organisations")
    assert (absent.status_code, absent.json["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json["code"]) == (405, "method_not_allowed")
    assert "POST" in wrong.headers["Allow"]
    assert absent.content_type == wrong.content_type == "application/problem+json"


def test_unavailable_says_when_to_come_back(app: Flask) -> None:
    with app.test_request_context("/"):
        assert int(problems.problem_of(Unavailable()).headers["Retry-After"]) > 0


@pytest.fixture
def faulty(new_app: Flask) -> Flask:
    """Operations that fail in ways nobody foresaw."""
    new_app.config["PROPAGATE_EXCEPTIONS"] = False
    blueprint = Resource("faulty", description="For tests.")

    @blueprint.command("/fails", roles={ADMIN}, status=201)
    def fail(command: Command) -> Answer:
        """Fail with a secret in the message."""
        raise RuntimeError(f"{CANARY} in a message")

    @blueprint.command("/collides", roles={ADMIN}, status=201)
    def collide(command: Command) -> Answer:
        """Meet another row at a unique one."""
        row = {**ACME, "id": command.principal.key_id, "vat_registered": False, "version": 1, "created_at": command.now}
        command.connection.execute(insert(t.organisation).values(row))
        command.connection.execute(insert(t.organisation).values({**row, "slug": CANARY}))
        return Answer()

    @blueprint.command("/violates", roles={ADMIN}, status=201)
    def violate(command: Command) -> Answer:
        """Break a constraint that no input should reach."""
        row = {**ACME, "id": command.principal.key_id, "vat_registered": False, "version": 1, "created_at": command.now}
        command.connection.execute(insert(t.organisation).values({**row, "kind": CANARY}))
        return Answer()

    new_app.register_blueprint(blueprint)
    return new_app


@pytest.mark.parametrize("path", ["/v1/fails", "/v1/violates"])
def test_a_bug_is_500_with_the_requests_id_and_nothing_else(
    faulty: Flask, admin: Caller, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = admin("POST", path, headers={"X-Request-Id": "from-the-caller"})
    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert answer.json["request_id"] == "from-the-caller"
    assert CANARY not in answer.text
    assert "Traceback" not in answer.text
    assert "from-the-caller" in caplog.text
    assert CANARY not in caplog.text
    assert admin.secret not in caplog.text


def test_two_at_one_unique_row_conflict(faulty: Flask, admin: Caller) -> None:
    answer = admin("POST", "/v1/collides")
    assert (answer.status_code, answer.json["code"]) == (409, "concurrent_change")
    assert CANARY not in answer.text


def test_a_database_that_cannot_be_reached_is_503(tmp_path: Any) -> None:
    (tmp_path / "file").write_text("not a folder")
    for url in (f"sqlite:///{tmp_path}/file/x.sqlite", f"postgresql+psycopg://nobody@/none?host={tmp_path}"):
        app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
        admin = Caller(app.test_client(), f"al_{'0' * 10}_{'a' * 43}")
        for answer in (
            admin("POST", "/v1/organisations", ACME),
            admin("GET", "/v1/organisations"),
            admin("GET", "/readyz"),
        ):
            assert (answer.status_code, answer.json["code"]) == (503, "database_unavailable")
            assert "Retry-After" in answer.headers
        assert admin.client.get("/healthz").status_code == 200
        store_of(app).dispose()


def test_a_connection_lost_in_the_middle_is_never_a_201(postgresql_url: str) -> None:
    app = create_app({"DATABASE_URL": postgresql_url, "SECRET_KEY": SECRET, "TESTING": True})
    blueprint = Resource("interrupted", description="For tests.")

    @blueprint.command("/interrupted", roles={ADMIN}, status=201)
    def interrupt(command: Command) -> Answer:
        """Lose the connection before the commit."""
        pid = command.connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with store_of(app).engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        return Answer({"done": True})

    app.register_blueprint(blueprint)
    with store_of(app).engine.begin() as connection:
        secret = _issue(connection)
    answer = Caller(app.test_client(), secret)("POST", "/v1/interrupted")
    assert (answer.status_code, answer.json["code"]) == (503, "database_unavailable")
    store_of(app).dispose()


def _issue(connection: Any) -> str:
    return access.issue_key(connection, ADMIN, None, datetime.now(UTC)).secret


def test_a_postgresql_that_is_not_migrated_is_not_ready(postgresql_server: Any) -> None:
    app = create_app({"DATABASE_URL": postgresql_server.url("postgres"), "SECRET_KEY": SECRET, "TESTING": True})
    answer = Caller(app.test_client(), "")("GET", "/readyz")
    assert (answer.status_code, answer.json["code"]) == (503, "database_not_migrated")
    store_of(app).dispose()
