"""Many submissions in one request: as a list, and as a stream of lines without a limit."""

import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from freezegun import freeze_time
from sqlalchemy import Engine, Row, event, func, insert, select

from api import ndjson
from api.resources import batches
from ledger.services import desk
from ledger.services.intake import REFERENCES
from ledger.store import bulk
from ledger.store import tables as t
from ledger.store.types import new_id
from tests.api.conftest import Caller
from tests.api.terms import accepted, agreed, body_of, proposed, published, submission
from tests.domain.documents import definition_document

PATH = "/v1/appointments/batch"
VARIES = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|sha256:[0-9a-f]{64}")


def of(number: int, email: str, **changes: Any) -> dict[str, Any]:
    return {**submission(reference=f"K-{number}"), "prospect": {"name": "A prospect", "email": email}} | changes


EVERY_KIND: list[Any] = [
    of(0, "first@example.com"),
    of(1, "second@example.com", calendar={"external_id": "booking-1"}),
    of(2, "First+again@Example.com"),
    of(1, "third@example.com"),
    of(4, "gone@example.com"),
    of(5, "small@example.com", facts={"employees": 1, "title": "CFO"}),
    of(6, "unknown@example.com", definition="no-such-thing"),
    {"reference": "K-7"},
    of(8, "third@example.com"),
    of(9, "billboard@example.com", channel="billboard", consent=None),
    of(10, "fourth@example.com"),
    of(11, "fifth@example.com"),
]
"""Taken; taken, in a calendar; a duplicate; a reference again; suppressed; a criterion, a definition, a schema that is
not met; taken after its reference was not; several clauses; the last that the cap lets in; one too many."""


def test_a_stream_of_lines_is_answered_line_by_line_and_once(
    client: Any, buyer: Caller, supplier: Caller, monkeypatch: Any
) -> None:
    monkeypatch.setattr(ndjson, "CHUNK", 2)
    with freeze_time("2026-10-05T09:00:00Z"):
        agreed(buyer, supplier)
        sent = [json.dumps(_numbered(number)).encode() for number in range(3)]
        lines = [*sent[:2], b"", b'{"a": 1, "a": 2}', b"\xff", sent[2], sent[0]]
        first = _stream(client, supplier, lines)
        assert first.status_code == 200
        results = [json.loads(line) for line in first.get_data().splitlines()]
        assert [result["index"] for result in results] == [0, 1, 2, 3, 4, 5]
        assert [result["status"] for result in results] == [201, 201, 400, 400, 201, 409]
        assert results[4]["appointment"]["reference"] == "N-2"
        assert _stream(client, supplier, lines).get_data() == first.get_data()
        assert _stream(client, supplier, sent[:1]).status_code == 422
        assert supplier("POST", PATH, {"items": [_numbered(7)]}, key="stream").status_code == 422
        nothing, one = body_of(supplier("POST", PATH, {"items": [None, _numbered(7)]}))["items"]
        assert (nothing["status"], one["status"]) == (400, 201)
        assert _stream(client, supplier, []).status_code == 400
        assert len(body_of(supplier("GET", "/v1/appointments"))["items"]) == 4


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long lists are written in portions, by COPY; here as short ones are."""
    monkeypatch.setattr(batches, "PORTION", 2)
    monkeypatch.setattr(batches, "STEP", 1)
    for module in (bulk, desk):
        monkeypatch.setattr(module, "WORTH_COPYING", 1)


@pytest.mark.usefixtures("small_portions")
def test_a_batch_says_what_single_submissions_would_have_said(caller: Callable[..., Caller]) -> None:
    said = list[Any]()
    for supplier_slug, buyer_slug in (("acme-calls", "north-bank"), ("beta-leads", "west-bank")):
        supplier, buyer = caller("supplier", supplier_slug), caller("buyer", buyer_slug)
        with freeze_time("2026-10-05T09:00:00Z"):
            published(
                buyer, intake={**definition_document()["intake"], "caps": {"day": 4, "week": None, "month": None}}
            )
            agreement = proposed(buyer, supplier_slug)
            for party in (buyer, supplier):
                accepted(party, agreement)
            gone = {"items": [{"kind": "email", "value": "gone@example.com"}]}
            body_of(buyer("POST", "/v1/suppressions", gone), 201)
            if not said:
                found = body_of(supplier("POST", PATH, {"items": EVERY_KIND}))["items"]
            else:
                answers = [supplier("POST", "/v1/appointments", item) for item in EVERY_KIND]
                found = [_single(index, answer) for index, answer in enumerate(answers)]
            refusals = body_of(supplier("GET", "/v1/intake-refusals"))["items"]
            text = json.dumps([found, [each["violations"] for each in reversed(refusals)]])
            for own, shared in ((supplier_slug, "supplier"), (buyer_slug, "buyer")):
                text = text.replace(own, shared)
            said.append(json.loads(VARIES.sub("x", text)))
    assert [each["status"] for each in said[0][0]] == [201, 201, 422, 409, 422, 422, 422, 400, 201, 422, 201, 422]
    assert said[0] == said[1]


def test_a_batch_asks_the_database_as_often_for_twelve_as_for_three(
    buyer: Caller, supplier: Caller, app_engine: Engine
) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    counts = []
    with freeze_time("2026-10-05T09:00:00Z"):
        agreed(buyer, supplier)
        event.listen(app_engine, "before_cursor_execute", note)
        for first, count in ((0, 3), (100, 3), (200, 12)):
            asked.clear()
            items = [_numbered(first + number) for number in range(count)]
            results = body_of(supplier("POST", PATH, {"items": items}))["items"]
            assert {each["status"] for each in results} == {201}
            counts.append(len(asked))
        event.remove(app_engine, "before_cursor_execute", note)
    assert counts[2] <= counts[1]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_name_is_looked_up_by_the_index_that_has_its_order_even_while_nothing_is_known_of_the_table(
    app_engine: Engine,
) -> None:
    asked = REFERENCES.statement.compile(dialect=app_engine.dialect)
    values = {**asked.params, "supplier": new_id(), "names": ["K-1", "K-2"]}
    with app_engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # which is right for a table of one page
        plan = connection.exec_driver_sql(f"EXPLAIN {asked}", values).scalars().all()
    used = {line.split(" using ")[1].split(" ")[0] for line in plan if " using " in line}
    assert used == {"uq_appointment_supplier_id_reference", "pk_linked_reference"}


WAITING = (
    "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'COPY %'"
    " AND datname = current_database()"
)


def waiting_for_a_lock(engine: Engine) -> int:
    """The server process that has come to what another one is about to write."""
    for _ in range(3_000):
        with engine.connect() as connection:
            found = connection.exec_driver_sql(WAITING.replace("%", "%%")).scalar()
        if found is not None:
            return int(found)
        time.sleep(0.01)
    raise TimeoutError("nobody waits")


@pytest.mark.usefixtures("small_portions")
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("is_cut", [False, True], ids=["another writes", "the line is cut"])
def test_a_list_that_is_stopped_in_the_middle_is_not_half_written(
    buyer: Caller, supplier: Caller, app_engine: Engine, is_cut: bool
) -> None:
    every = [_numbered(number) for number in range(9)]
    post = partial(supplier, "POST", PATH, {"items": every[1:]}, key="list")
    with freeze_time("2026-10-05T09:00:00Z"):
        agreed(buyer, supplier)
        body_of(supplier("POST", "/v1/appointments", every[0]), 201)
        with ThreadPoolExecutor(1) as thread, app_engine.connect() as another:
            (there,) = another.execute(select(t.appointment)).all()
            another.execute(insert(t.appointment).values(_again(there, "N-6")))
            answer = thread.submit(post)
            pid = waiting_for_a_lock(app_engine)
            if is_cut:
                another.execute(select(func.pg_terminate_backend(pid, 10_000)))
                assert answer.result(60).status_code == 503
                another.rollback()
            else:
                another.commit()
        results = body_of(post() if is_cut else answer.result())["items"]
        assert [each["status"] for each in results] == [
            409 if each == 6 and not is_cut else 201 for each in range(1, 9)
        ]
        with app_engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(t.appointment)).scalar_one() == 9
            assert connection.execute(select(func.count()).select_from(t.prospect)).scalar_one() == 9 - (not is_cut)


def _again(row: Row[Any], reference: str) -> dict[str, Any]:
    return {**row._mapping, "id": new_id(), "reference": reference}


def test_only_a_supplier_streams(client: Any, buyer: Caller) -> None:
    assert _stream(client, buyer, [b"{}"]).status_code == 403


def _single(index: int, answer: Any) -> dict[str, Any]:
    """What the batch would have said of it."""
    body = answer.get_json()
    told = {"appointment": body} if answer.status_code < 400 else {"problem": {**body, "instance": PATH}}
    return {"index": index, "status": answer.status_code, **told}


def _numbered(number: int) -> dict[str, Any]:
    one = submission(reference=f"N-{number}")
    return {**one, "prospect": {"name": "A prospect", "email": f"n{number}@example.com"}}


def _stream(client: Any, caller: Caller, lines: list[bytes]) -> Any:
    headers = {"Authorization": f"Bearer {caller.secret}", "Idempotency-Key": "stream"}
    return client.post(PATH, data=b"\n".join(lines), content_type=ndjson.MEDIA_TYPE, headers=headers)
