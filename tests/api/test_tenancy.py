"""Who gets what: every operation of the OpenAPI document, by everybody, on own objects and on other people's.

A new operation needs its row in `tests/api/tenancy.py`; these tests say which one is missing.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from openapi_schema_validator import OAS31Validator, oas31_format_checker

from tests.api.conftest import store_of
from tests.api.examples import PLACE, recorded
from tests.api.stage import Stage
from tests.api.tenancy import FOREIGN, OTHERS, ROWS
from tests.support.plans import WHOLE, read_whole

EACH_TIME = {"X-Request-Id", "Content-Length"}
"""Headers that two answers to the same question need not share; a path in the body may be longer than another."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("tenancy"), sqlite_template)
    yield stage
    store_of(stage.scene.app).dispose()


def test_every_operation_has_its_row(stage: Stage) -> None:
    assert dict.fromkeys(stage.operations.keys() - ROWS.keys(), "add its row to tests/api/tenancy.py") == {}
    assert dict.fromkeys(ROWS.keys() - stage.operations.keys(), "no such operation any more") == {}


def test_without_a_key_nobody_gets_anything(stage: Stage) -> None:
    answers = {name: stage.ask("nobody", name).status_code for name in ROWS}
    assert answers == {name: row.anybody or 401 for name, row in ROWS.items()}
    opened = {name for name, (_, _, operation) in stage.operations.items() if not operation["security"]}
    assert opened == {name for name, row in ROWS.items() if row.anybody}


def test_every_role_gets_what_its_row_says(stage: Stage) -> None:
    wrong = {}
    for name, row in ROWS.items():
        for who in () if row.anybody else sorted(stage.scene.callers.keys() - {"clerk"}):
            answer = stage.ask(who, name)
            expected = row.status(who, stage.operations[name][1])
            if answer.status_code != expected:
                wrong[name, who] = f"{answer.status_code}, not {expected}: {answer.get_data(as_text=True)[:300]}"
    assert wrong == {}


def test_a_foreign_row_answers_exactly_as_one_that_does_not_exist(stage: Stage) -> None:
    """Whatever is named in a path: status, headers and body, but for what names the request itself."""
    wrong = {}
    for name, row in ROWS.items():
        for who in OTHERS:
            if row.status(who, stage.operations[name][1]) != 404:
                continue
            foreign, nothing = stage.ask(who, name), stage.ask(who, name, absent=True)
            if shown(foreign) != shown(nothing):
                wrong[name, who] = (shown(foreign), shown(nothing))
    assert wrong == {}


def test_a_filter_by_what_is_foreign_answers_as_by_what_does_not_exist(stage: Stage) -> None:
    wrong = {}
    compared = 0
    for name, row in ROWS.items():
        _, path, operation = stage.operations[name]
        for parameter in operation.get("parameters", []):
            for who, value in FOREIGN.get(parameter.get("name"), {}).items():
                if row.status(who, path) in (403, 404):
                    continue
                foreign = stage.scene.ids[value[1:]] if value.startswith("@") else value
                nothing = str(uuid4()) if value.startswith("@") else f"{value}-x"
                pair = [shown(stage.ask(who, name, f"?{parameter['name']}={each}")) for each in (foreign, nothing)]
                compared += 1
                if pair[0] != pair[1]:
                    wrong[name, who, parameter["name"]] = pair
    assert wrong == {}
    assert compared > 10


def test_nothing_that_others_get_names_what_is_foreign(stage: Stage) -> None:
    """No id, reference, name or address of what is between North Bank and Acme Calls, in any list or report."""
    told = {}
    for name in ROWS:
        for who in OTHERS:
            answer = stage.ask(who, name)
            if answer.status_code < 300:
                text = answer.get_data(as_text=True)
                if leaked := [secret for secret in stage.scene.secret_to(who) if secret in text]:
                    told[name, who] = leaked
    assert told == {}


def test_no_operation_answers_a_code_that_it_does_not_name(stage: Stage) -> None:
    unnamed = {}
    for name, row in ROWS.items():
        told = stage.operations[name][2]["responses"]
        for who in ("nobody", *sorted(stage.scene.callers.keys() - {"clerk"})):
            answer = stage.ask(who, name)
            if answer.status_code >= 400 and not (row.anybody and who != "nobody"):
                response = told[str(answer.status_code)]
                if "$ref" in response:
                    response = stage.document["components"]["responses"][response["$ref"].rpartition("/")[2]]
                (content,) = response["content"].values()
                if answer.get_json()["code"] not in content["schema"]["allOf"][1]["properties"]["code"]["enum"]:
                    unnamed[name, who] = (answer.status_code, answer.get_json()["code"])
    assert unnamed == {}


def test_however_much_is_on_record_no_operation_reads_all_of_it(stage: Stage) -> None:
    expanded = "?expand=lines"
    for name, row in ROWS.items():
        _, path, operation = stage.operations[name]
        expands = any(each.get("name") == "expand" for each in operation.get("parameters", []))
        for who in sorted(stage.scene.callers.keys() - {"clerk"}):
            if row.anybody or row.status(who, path) < 300:
                stage.ask(who, name)
                if expands:
                    assert stage.ask(who, name, expanded).status_code == 200
    with store_of(stage.scene.app).engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        raw.set_trace_callback(None)
        read = {
            (name, table): statement
            for (name, query), statements in stage.statements.items()
            for statement in statements
            if query in ("", expanded)
            for table in read_whole(raw, statement)
        }
    assert {of: statement for of, statement in read.items() if of[0] not in WHOLE} == {}
    assert WHOLE.keys() - {name for name, _ in read} == set()


def shown(answer: Any) -> Any:
    """What an answer shows, but for what names the request itself."""
    headers = sorted((name, value) for name, value in answer.headers if name not in EACH_TIME)
    body = answer.get_json(silent=True)
    own = {name: value for name, value in body.items() if name != "instance"} if isinstance(body, dict) else answer.data
    return answer.status_code, headers, own


def test_every_operation_shows_an_example_that_follows_its_schema(stage: Stage) -> None:
    missing, wrong = [], {}
    for name, (_, _, operation) in stage.operations.items():
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        for each in (content for told in (*bodies, *answers) for content in told.get("content", {}).items()):
            media_type, content = each
            if "example" not in content:
                missing += [name] if media_type == "application/json" else []
                continue
            schema = content["schema"] | {"components": stage.document["components"]}
            faults = OAS31Validator(schema, format_checker=oas31_format_checker).iter_errors(content["example"])
            if told := [f"{fault.json_path}: {fault.message}" for fault in faults]:
                wrong[name] = told
    assert (missing, wrong) == ([], {})


def test_the_examples_are_what_is_sent_and_answered_today(stage: Stage) -> None:
    kept, now = json.loads(PLACE.read_text(encoding="utf-8")), recorded(stage)
    assert [name for name in now if shape(now[name]) != shape(kept.get(name))] == [], "run `make examples`"
    assert kept.keys() == now.keys()


def shape(value: Any) -> Any:
    """Names and kinds without the values; of a list the first item."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return [shape(each) for each in value[:1]] if isinstance(value, list) else type(value).__name__
