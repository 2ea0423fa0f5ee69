"""The Python client against a real server: every operation, patience, pages, batches, and no second effect."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, assert_type, cast

import pytest
from flask import Flask
from werkzeug.serving import make_server

from api.units import CLOCK
from appointment_ledger_client import Client, Problem, Unreachable, models
from tests.api import client_table
from tests.api.conftest import Caller
from tests.api.terms import agreed, submission
from tests.support.applications import application

MONDAY = datetime(2026, 10, 5, 10, tzinfo=UTC)


def asked() -> models.SubmissionBody:
    return cast("models.SubmissionBody", submission())


class Troubled:
    """The application behind a line that loses answers: the effect is there, the client does not know."""

    def __init__(self, app: Flask) -> None:
        self.app, self.losses, self.asked = app, 0, 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.asked += 1
        if self.losses == 0:
            return self.app(environ, start_response)
        self.losses -= 1
        list(self.app(environ, _unheard))
        start_response("503 Service Unavailable", [("Retry-After", "7"), ("Content-Type", "text/plain")])
        return [b"lost"]


def _unheard(*_: Any) -> Callable[[bytes], object]:
    return lambda _: None


@pytest.fixture
def app(sqlite_url: str) -> Iterator[Flask]:
    app = application(sqlite_url)
    app.extensions[CLOCK] = lambda: MONDAY
    yield app
    del app.extensions[CLOCK]


@pytest.fixture
def line(app: Flask) -> Troubled:
    return Troubled(app)


@pytest.fixture
def address(line: Troubled) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, line, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


Connect = Callable[[Caller], Client]


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def connect(address: str, slept: list[float]) -> Iterator[Connect]:
    made: list[Client] = []

    def connected(caller: Caller) -> Client:
        made.append(Client(address, caller.secret, attempts=3, sleep=slept.append))
        return made[-1]

    yield connected
    for client in made:
        client.close()


def test_an_appointment_from_submission_to_findings(connect: Connect, buyer: Caller, supplier: Caller) -> None:
    agreed(buyer, supplier)
    calls, bank = connect(supplier), connect(buyer)
    made = calls.submit_appointment(asked())
    assert_type(made, models.Appointment)
    assert calls.show_appointment(made["id"])["stage"] == "booked"
    seen = calls.etag
    assert calls.cancel_appointment(made["id"], {"by": "prospect"}, if_match=seen)["outcome"] == "cancelled_by_prospect"
    with pytest.raises(Problem) as again:
        bank.give_findings(made["id"], {"attendance": "attended"})
    assert (again.value.status, again.value.code) == (409, "illegal_transition")
    with pytest.raises(Problem) as stranger:
        bank.list_users(limit=0)
    assert [each["pointer"] for each in stranger.value.errors] == ["/limit"]


def test_a_lost_answer_is_asked_for_again_and_nothing_is_done_twice(
    connect: Connect, line: Troubled, slept: list[float], buyer: Caller, supplier: Caller
) -> None:
    agreed(buyer, supplier)
    calls, line.losses = connect(supplier), 2
    made = calls.submit_appointment(asked())
    assert slept == [7.0, 7.0]
    assert [each["id"] for each in calls.pages(calls.list_appointments)] == [made["id"]]


def test_patience_ends(connect: Connect, line: Troubled, supplier: Caller) -> None:
    calls, line.losses = connect(supplier), 9
    with pytest.raises(Problem) as gone:
        calls.list_keys()
    assert (gone.value.status, gone.value.detail, line.asked) == (503, "lost", 3)
    pauses: list[float] = []
    nobody = Client("http://127.0.0.1:9", supplier.secret, attempts=3, sleep=pauses.append)
    with pytest.raises(Unreachable):
        nobody.list_keys()
    assert len(pauses) == 2 and 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1


def test_lines_are_answered_in_order_and_once(connect: Connect, buyer: Caller, supplier: Caller) -> None:
    agreed(buyer, supplier)
    calls = connect(supplier)

    def many() -> Iterator[models.SubmissionBody]:
        for number in range(3):
            who: models.ProspectBody = {"name": "Ada", "email": f"p{number}@engine.example", "region": "GB"}
            yield {**asked(), "reference": f"S-{number}", "prospect": who}
        yield {"reference": "nothing else"}  # type: ignore[typeddict-item]  # what the checker finds, the server refuses

    results = list(calls.submit_lines(many(), key="night-1"))
    assert [(each["index"], each["status"]) for each in results] == [(0, 201), (1, 201), (2, 201), (3, 400)]
    assert list(calls.submit_lines(many(), key="night-1")) == results
    pages = calls.pages(calls.list_appointments, limit=1)
    assert_type(pages, Iterator[models.Appointment])
    listed = [each["reference"] for each in pages]
    assert listed == ["S-2", "S-1", "S-0"]


def test_a_wrong_call_is_told_before_it_is_sent(connect: Connect, line: Troubled, supplier: Caller) -> None:
    calls: Any = connect(supplier)
    with pytest.raises(TypeError, match="appointment_id and a body"):
        calls.cancel_appointment()
    with pytest.raises(TypeError, match="no parameter colour"):
        calls.list_keys(colour="red")
    with pytest.raises(AttributeError, match="launch_rocket"):
        calls.launch_rocket()
    assert line.asked == 0


def test_the_client_knows_every_operation(app: Flask) -> None:
    document = app.test_client().get("/openapi.json").get_json()
    stale = [path.name for path, text in client_table.files(document).items() if path.read_text("utf-8") != text]
    assert stale == [], "run `make examples`"
