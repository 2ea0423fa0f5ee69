"""What the Python client knows of the OpenAPI document: a table of its operations, their types and those of bodies
and answers as stubs."""

import json
import keyword
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

PACKAGE: Final = Path("api/client/appointment_ledger_client")
METHODS: Final = ("get", "post", "put", "patch", "delete")
TYPES: Final = {"string": "str", "integer": "int", "boolean": "bool"}
JSON: Final = "application/json"

HEAD: Final = """from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal

from appointment_ledger_client import models

TABLE: Mapping[str, Mapping[str, Any]]

class Operations(ABC):
    @abstractmethod
    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any],
        key: str | None = None,
        if_match: str | None = None,
    ) -> Any: ...
"""


MODELS: Final = """from typing import Any, Generic, Literal, NotRequired, TypedDict, TypeVar

T = TypeVar("T")

class Page(TypedDict, Generic[T]):
    items: list[T]
    next_cursor: str | None

"""


def files(document: Mapping[str, Any]) -> dict[Path, str]:
    """The client's generated files."""
    found = {operation["operationId"]: (method, path, operation) for method, path, operation in operations(document)}
    table = {name: _row(*each) for name, each in found.items()}
    rows = [(name, json.dumps(row, ensure_ascii=False)) for name, row in table.items()]
    stub = HEAD + "".join(_typed(name, table[name], *each) for name, each in found.items())
    return {
        PACKAGE / "operations.json": "{\n" + ",\n".join(f"{json.dumps(name)}: {row}" for name, row in rows) + "\n}\n",
        PACKAGE / "operations.pyi": stub,
        PACKAGE / "models.pyi": MODELS + "".join(_models(document["components"]["schemas"])),
    }


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item and item[method]["security"]:
                shared = {"parameters": [*item.get("parameters", []), *item[method].get("parameters", [])]}
                yield method, path, item[method] | shared


def _row(method: str, path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "method": method.upper(),
        "path": path,
        "path_names": re.findall(r"{(\w+)}", path),
        "query": [each["name"] for each in _query(operation)],
        "takes_body": JSON in operation.get("requestBody", {}).get("content", {}),
        "summary": operation["summary"],
    }


def _query(operation: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [each for each in operation["parameters"] if each.get("in") == "query"]


def _typed(name: str, row: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> str:
    taken = [f"{each}: str" for each in row["path_names"]]
    if row["takes_body"]:
        kind = _kind(operation["requestBody"]["content"][JSON]["schema"], "models.")
        taken.append(f"body: {kind}" + ("" if operation["requestBody"].get("required") else " | None = None"))
    by_name = []
    for each in sorted(_query(operation), key=lambda parameter: not parameter.get("required", False)):
        spelled = f"{each['name']}_" if keyword.iskeyword(each["name"]) else each["name"]
        needed = each.get("required", False)
        by_name.append(f"{spelled}: {_type(each['schema'])}{'' if needed else ' | None = None'}")
    if method == "post":
        by_name.append("key: str | None = None")
    if method != "get":
        by_name.append("if_match: str | None = None")
    lines = ["self", *taken, *(["*", *by_name] if by_name else [])]
    inside = "".join(f"        {each},\n" for each in lines)
    return f"    def {name}(\n{inside}    ) -> {_answer(operation)}: ...\n"


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return f"Literal[{', '.join(json.dumps(each) for each in schema['enum'] if each is not None)}]"
    kinds = schema.get("type", "string")
    return TYPES[next(kind for kind in kinds if kind != "null") if isinstance(kinds, list) else kinds]


def _models(schemas: Mapping[str, Any]) -> Iterator[str]:
    """A TypedDict for every schema; those whose members Python cannot name in the form of a call."""
    for name, schema in schemas.items():
        members = schema.get("properties", {})
        if members.keys() == {"items", "next_cursor"}:
            yield f"{name} = Page[{_kind(members['items']['items'])}]\n"
            continue
        needed = schema.get("required", ())
        kinds = {
            each: _kind(below) if each in needed else f"NotRequired[{_kind(below)}]" for each, below in members.items()
        }
        if any(keyword.iskeyword(each) for each in kinds):
            inside = "".join(f"        {json.dumps(each)}: {kind},\n" for each, kind in kinds.items())
            yield f"{name} = TypedDict(\n    {json.dumps(name)},\n    {{\n{inside}    }},\n)\n"
        else:
            inside = "".join(f"    {each}: {kind}\n" for each, kind in kinds.items())
            yield f"\nclass {name}(TypedDict):\n{inside or '    pass'}\n"


def _kind(schema: Mapping[str, Any], where: str = "") -> str:
    """The Python type of a schema's values."""
    if "$ref" in schema:
        return where + str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " | ".join(_kind(each, where) for each in schema["anyOf"])
    if "enum" in schema:
        return f"Literal[{', '.join('None' if each is None else json.dumps(each) for each in schema['enum'])}]"
    kinds = schema.get("type", [])
    return " | ".join(_plain(kind, schema, where) for kind in (kinds if isinstance(kinds, list) else [kinds])) or "Any"


def _plain(kind: str, schema: Mapping[str, Any], where: str) -> str:
    if kind == "array":
        return f"list[{_kind(schema.get('items', {}), where)}]"
    if kind == "object":
        below = schema.get("additionalProperties")
        return f"dict[str, {_kind(below, where) if isinstance(below, dict) else 'Any'}]"
    return {**TYPES, "null": "None", "number": "float"}[kind]


def _answer(operation: Mapping[str, Any]) -> str:
    success = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    content = [*success.get("content", {})]
    if not content:
        return "None"
    if JSON in content:
        shown = _kind(success["content"][JSON]["schema"], "models.")
        return shown if len(content) == 1 else f"{shown} | str"
    return "str" if content[0].startswith("text/") else "bytes"
