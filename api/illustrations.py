"""What the OpenAPI document shows beside its schemas: examples of requests and answers, links to what one does next,
and which codes of a status an operation can answer.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from api.units import JSON

EXAMPLES: Final = Path(__file__).with_name("examples.json")
"""What an installation was sent and answered, recorded by `make examples`."""

CODES: Final = EXAMPLES.with_name("operation_codes.json")
"""What the code behind each operation can utter, read from it by `make examples`."""

Document = dict[str, Any]


def show_examples(document: Document) -> None:
    """Puts the recorded request and answer beside the schemas."""
    examples = orjson.loads(EXAMPLES.read_bytes())
    for _, _, operation in _operations(document):
        example = examples.get(operation["operationId"], {})
        if "request" in example:
            operation["requestBody"]["content"][JSON]["example"] = example["request"]
        for answer in _successes(operation):
            if "response" in example:
                shown = answer["content"].get(JSON) or next(iter(answer["content"].values()))
                shown["example"] = example["response"]


def show_codes(document: Document) -> None:
    """Puts an operation's own codes where it has not all of its status, in the form of the shared refusal."""
    own = orjson.loads(CODES.read_bytes())
    shared = document["components"]["responses"]
    for _, _, operation in _operations(document):
        for status, codes in own.get(operation["operationId"], {}).items():
            refusal = shared[operation["responses"][status]["$ref"].rpartition("/")[2]]
            ((media_type, content),) = refusal["content"].items()
            told = {"properties": {"status": {"const": int(status)}, "code": {"enum": codes}}}
            schema = {"allOf": [content["schema"]["allOf"][0], told]}
            refused = {"description": refusal["description"], "content": {media_type: {"schema": schema}}}
            operation["responses"][status] = refused


def show_links(document: Document) -> None:
    """From whatever is made to all that can be done with it: its id is the one name in their paths."""
    found = list(_operations(document))
    for path, method, operation in found:
        follows = re.compile(re.escape(f"/v1/{path.rpartition('/')[2]}") + r"/\{(\w+)\}(?:/[\w./-]+)?")
        links = {
            after["operationId"]: {"operationId": after["operationId"], "parameters": {of[1]: _named(of[1])}}
            for below, _, after in found
            if method == "post" and (of := follows.fullmatch(below))
        }
        for answer in _successes(operation) if links else ():
            answer["links"] = links


def _named(parameter: str) -> str:
    return "$response.body#/slug" if parameter == "reference" else "$response.body#/id"


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if "operationId" in operation:
                yield path, method, operation


def _successes(operation: Document) -> Iterator[Document]:
    return (answer for status, answer in operation["responses"].items() if status.startswith("2"))
