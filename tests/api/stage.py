"""The scene, asked by everybody about everything, and put back as it was in between."""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.api import play
from tests.api import scene as scenes
from tests.api.conftest import Caller, store_of
from tests.api.scene import LENGTH_OF_AN_ID, Scene
from tests.api.tenancy import ROWS
from tests.support import databases
from tests.support.plans import heard

METHODS = ("get", "post", "put", "patch", "delete")
Operations = Mapping[str, tuple[str, str, dict[str, Any]]]


class Stage:
    """The scene, put back as it was whenever somebody may have changed it."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._path, self._kept = folder / "live.sqlite", folder / "kept.sqlite"
        self._path.write_bytes(template.read_bytes())
        self.scene: Scene = scenes.built(databases.sqlite_url_of(self._path), (folder / "documents").as_uri())
        self._copy(self._path, self._kept)
        self.statements: dict[tuple[str, str], set[str]] = {}
        """What the database was told by each operation, values included, by what was asked for beyond its row."""
        self.nobody = Caller(self.scene.app.test_client(), "nobody")
        self._testers: dict[str, tuple[Caller, str]] = {}
        self._answers: dict[tuple[str, str, str, bool], Any] = {}
        self.document = self.nobody.client.get("/openapi.json").get_json()
        self.operations: Operations = {
            operation["operationId"]: (method.upper(), path, operation)
            for path, item in self.document["paths"].items()
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
        caller = self.scene.callers.get(who, self.nobody)
        if row.test and row.status(who, path) < 400:
            caller, disputed = self._tester(who)
            ids = ids | {"sandbox_dispute": disputed}
        target = path.format(**{each: ids[row.named(each, path)] for each in re.findall(r"{(\w+)}", path)})
        with heard(store_of(self.scene.app).engine, self.statements.setdefault((name, query), set())):
            answer = caller(method, target + (query or row.query), filled(row.body, ids))
        if method != "GET" and answer.status_code not in (401, 403, 404):
            self._copy(self._kept, self._path)
        return answer

    def _tester(self, who: str) -> tuple[Caller, str]:
        """Who asks with a key of the test mode, in a sandbox of its own where the arbiter is to decide a dispute; that
        is another database, and stays."""
        if who not in self._testers:
            live = self.scene.callers[who]
            sandbox = live("POST", "/v1/sandbox").get_json()
            sides = {role: Caller(live.client, key["secret"]) for role, key in sandbox["keys"].items()}
            disputed = play.contested(sandbox, sides["supplier"], sides["buyer"])
            self._testers[who] = (sides[who.removeprefix("other_")], disputed)
        return self._testers[who]

    def sent(self, who: str, name: str) -> Any:
        """The body that `who` sends."""
        return filled(ROWS[name].body, self.scene.ids_for(who))

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


def absent_ids(ids: Mapping[str, str]) -> dict[str, str]:
    """For every id one of its form that nothing has."""
    nothing = {name: str(uuid4()) if len(value) == LENGTH_OF_AN_ID else f"{value}-x" for name, value in ids.items()}
    return nothing | {name: ids[name] for name in ("own_role", "one")}
