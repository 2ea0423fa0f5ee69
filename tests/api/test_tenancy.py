"""Who gets what: every operation of the OpenAPI document, by everybody, on own objects and on other people's.

A new operation needs its row in `tests/api/tenancy.py`; these tests say which one is missing.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.api import scene as scenes
from tests.api.conftest import Caller, store_of
from tests.api.scene import LENGTH_OF_AN_ID, Scene
from tests.api.tenancy import FOREIGN, OTHERS, ROWS
from tests.support import databases

METHODS = ("get", "post", "put", "patch", "delete")
Operations = Mapping[str, tuple[str, str, dict[str, Any]]]

EACH_TIME = {"X-Request-Id", "Content-Length"}
"""Headers that two answers to the same question need not share; a path in the body may be longer than another."""


class Stage:
    """The scene, put back as it was whenever somebody may have changed it."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._path, self._kept = folder / "live.sqlite", folder / "kept.sqlite"
        self._path.write_bytes(template.read_bytes())
        self.scene: Scene = scenes.built(databases.sqlite_url_of(self._path), (folder / "documents").as_uri())
        self._copy(self._path, self._kept)
        self.nobody = Caller(self.scene.app.test_client(), "nobody")
        self._answers: dict[tuple[str, str, str, bool], Any] = {}
        document = self.nobody.client.get("/openapi.json").get_json()
        self.operations: Operations = {
            operation["operationId"]: (method.upper(), path, operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if method in METHODS
        }

    def ask(self, who: str, name: str, query: str = "", *, absent: bool = False) -> Any:
        """The answer to `who`, on the scene as it was built; with `absent`, about what does not exist."""
        asked = (who, name, query, absent)
        if asked not in self._answers:
            self._answers[asked] = self._asked(*asked)
        return self._answers[asked]

    def _asked(self, who: str, name: str, query: str, absent: bool) -> Any:
        method, path, _ = self.operations[name]
        row = ROWS[name]
        ids = self.scene.ids_for(who)
        ids = absent_ids(ids) if absent else ids
        target = path.format(**{each: ids[row.named(each, path)] for each in re.findall(r"{(\w+)}", path)})
        caller = self.scene.callers.get(who, self.nobody)
        answer = caller(method, target + (query or row.query), filled(row.body, ids))
        if method != "GET" and answer.status_code not in (401, 403, 404):
            self._copy(self._kept, self._path)
        return answer

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        with closing(sqlite3.connect(source)) as before, closing(sqlite3.connect(target)) as after:
            before.backup(after)


def filled(body: Any, ids: Mapping[str, str]) -> Any:
    """The body with `@name` replaced by the id of that name."""
    if isinstance(body, dict):
        return {name: filled(value, ids) for name, value in body.items()}
    if isinstance(body, list):
        return [filled(value, ids) for value in body]
    if isinstance(body, str) and body.startswith("@"):
        return ids[body[1:]]
    return body


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


def absent_ids(ids: Mapping[str, str]) -> dict[str, str]:
    """For every id one of its form that nothing has."""
    nothing = {name: str(uuid4()) if len(value) == LENGTH_OF_AN_ID else f"{value}-x" for name, value in ids.items()}
    return nothing | {name: ids[name] for name in ("own_role", "one")}


def shown(answer: Any) -> Any:
    """What an answer shows, but for what names the request itself."""
    headers = sorted((name, value) for name, value in answer.headers if name not in EACH_TIME)
    body = answer.get_json(silent=True)
    own = {name: value for name, value in body.items() if name != "instance"} if isinstance(body, dict) else answer.data
    return answer.status_code, headers, own
