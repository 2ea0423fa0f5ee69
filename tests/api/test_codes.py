"""The codes that clients branch on: what the source can utter is what the OpenAPI document promises."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from api.codes import CODES, LOOSE
from api.problems import CODES as OF_HTTP
from api.problems import STATUS

STATUSES = {kind.__name__: status for kind, status in STATUS.items()} | {"Violation": 422, "_broken": 422, "_error": 0}
BASES = {"Unavailable": 503, "Exception": 422}
ELSEWHERE = ("api/commands", "api/demo", "api/simulation", "api/web", "ledger/services/history")
"""What no request below `/v1` can reach."""


def spoken() -> dict[int, set[str]]:
    """Every code in the source, by status; the linter's own under 0."""
    found: dict[int, set[str]] = defaultdict(set)
    for status, code in OF_HTTP.items():
        found[status].add(code)
    for root in ("ledger", "invoices", "api"):
        for path in Path(root).rglob("*.py"):
            if not path.as_posix().startswith(ELSEWHERE):
                for node in ast.walk(ast.parse(path.read_text())):
                    for status, code in _uttered(node):
                        found[status].add(code)
    return found


def _uttered(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        status = STATUSES.get(name.removesuffix(".by"))
        told = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        if name in ("Refused.by", "Violation", "_broken", "_error"):
            told += node.args[1:2]
        if status is not None:
            yield from ((status, code) for value in told for code in _words(value))
    elif isinstance(node, ast.ClassDef):
        for line in node.body:
            if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "default_code":
                yield STATUSES.get(node.name) or BASES[ast.unparse(node.bases[0])], ast.literal_eval(line.value)


def _words(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.JoinedStr) and ast.unparse(value) == "f'{party}_changed'":
        yield from ("buyer_changed", "supplier_changed")
    elif isinstance(value, ast.IfExp):
        yield from _words(value.body)
        yield from _words(value.orelse)


def test_every_code_is_promised_and_every_promise_is_uttered() -> None:
    uttered = {(status, code) for status, codes in spoken().items() for code in codes}
    promised = {(status, code) for status, codes in (*CODES.items(), (0, LOOSE)) for code in codes}
    assert uttered - promised == set(), "add it to api/codes.py"
    assert promised - uttered == set(), "remove it from api/codes.py"
