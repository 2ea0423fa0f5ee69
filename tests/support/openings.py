"""What tests open with, written by the services once and told to every other database, with ids of its own each time.

Most tests of services begin with the same parties and terms; working them out anew took longer than what they test.
Ids are new because the product keeps what it has read of a thing that never changes, by its id.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Json, Jsonb
from sqlalchemy import Connection, Engine, event

from ledger.store.engine import writing
from ledger.store.types import new_id

Ids = Mapping[str, UUID]
Told = tuple[str, Any]
"""A statement as the driver takes it, and its parameters: of one execution, or a list of many."""
ID = re.compile(r"\b[0-9a-f]{8}(-?)[0-9a-f]{4}\1[7][0-9a-f]{3}\1[89ab][0-9a-f]{3}\1[0-9a-f]{12}\b")


@dataclass(frozen=True)
class _Opening:
    """`given` and `result` as they were; `ids` are those made in between, in their order."""

    given: Ids
    result: Ids
    ids: list[UUID]
    statements: list[Told]


_known: dict[Hashable, _Opening] = {}


def opened(
    engine: Engine, key: Hashable, write: Callable[[Connection], dict[str, UUID]], given: Ids | None = None
) -> dict[str, UUID]:
    """What `write` returns, once all that it writes is in the database.

    `key` names everything that this depends on, but for the ids of what is there already: those are `given`. Nothing
    may be hashed or sealed together with an id.
    """
    given = dict(given or {})
    key = (engine.dialect.name, key, tuple(given))
    if key not in _known:
        with _written(engine) as statements, writing(engine) as connection:
            result = write(connection)
        found = {identity for _, parameters in statements for identity in _ids(parameters)}
        _known[key] = _Opening(given, dict(result), sorted(found - set(given.values())), statements)
        return result
    opening = _known[key]
    new = {opening.given[name]: given[name] for name in given} | {identity: new_id() for identity in opening.ids}
    with writing(engine) as connection:
        for statement, parameters in opening.statements:
            connection.exec_driver_sql(statement, _anew(parameters, new))
    return {name: new[identity] for name, identity in opening.result.items()}


@contextmanager
def _written(engine: Engine) -> Iterator[list[Told]]:
    statements: list[Told] = []

    def listen(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            statements.append((statement, parameters))

    event.listen(engine, "after_cursor_execute", listen)
    try:
        yield statements
    finally:
        event.remove(engine, "after_cursor_execute", listen)


def _ids(value: Any) -> Iterator[UUID]:
    """Those in parameters of any form: values of their own, or within texts and JSON."""
    if isinstance(value, UUID):
        yield value
    elif isinstance(value, str):
        yield from (UUID(found.group()) for found in ID.finditer(value))
    elif isinstance(value, dict):
        for each in value.values():
            yield from _ids(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _ids(each)
    elif isinstance(value, (Json, Jsonb)):
        yield from _ids(value.obj)


def _anew(value: Any, new: Mapping[UUID, UUID]) -> Any:
    """The same value with other ids."""
    if isinstance(value, UUID):
        return new[value]
    if isinstance(value, str):
        return ID.sub(lambda found: _written_like(found.group(), new[UUID(found.group())]), value)
    if isinstance(value, dict):
        return {name: _anew(each, new) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_anew(each, new) for each in value])
    if isinstance(value, (Json, Jsonb)):
        return type(value)(_anew(value.obj, new), value.dumps)
    return value


def _written_like(text: str, identity: UUID) -> str:
    return str(identity) if "-" in text else identity.hex
