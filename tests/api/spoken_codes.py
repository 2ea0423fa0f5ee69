"""Which codes an operation can answer, read from the code that runs: what its view reaches, and what that utters.

A function reaches what it names: functions, classes, tables of functions. Of an object it reaches the methods of that
name of every class that is in reach, which is more than can happen and never less. Written by `make examples`.
"""

import ast
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from flask import Flask

from api.codes import CODES
from api.problems import STATUS

PLACE: Final = Path("api/operation_codes.json")
ROOTS: Final = ("ledger", "invoices", "api")
STATUSES: Final = {kind.__name__: status for kind, status in STATUS.items()}
CLAUSES: Final = {"Refused.by": 422, "Violation": 422, "_broken": 422, "_error": 0}
"""Calls whose second argument is a code; the linter's own are under 0."""
Codes = frozenset[tuple[int, str]]

ANY: Final = {(503, "busy")}
WRITES: Final = {(409, "concurrent_change")}
"""What `api.problems` makes of a database's errors, whatever was asked; the second of what writes."""


@dataclass
class Piece:
    """A function, a class without its methods, or a value of a module: what it names, calls or raises, and utters."""

    names: set[str] = field(default_factory=set)
    raised: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    codes: set[tuple[int, str]] = field(default_factory=set)


@dataclass
class Source:
    """The product's modules, piece by piece. `methods` are those of a class; `elsewhere` is where an imported name is,
    `defaults` what a refusal says that was given no code."""

    pieces: dict[str, Piece] = field(default_factory=dict)
    methods: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    bases: dict[str, set[str]] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, tuple[int, str]] = field(default_factory=dict)

    def uttered_by(self, piece: Piece) -> set[tuple[int, str]]:
        """Its own codes, and those of the refusals that it raises without one."""
        raised = {self.elsewhere.get(name, name) for name in piece.raised}
        return piece.codes | {self.defaults[name] for name in raised if name in self.defaults}

    def reached(self, roots: Iterable[str]) -> Codes:
        """All codes that can be uttered from there on."""
        seen: set[str] = set()
        waiting, wanted, classes = [*roots], set[str](), set[str]()
        codes: set[tuple[int, str]] = set()
        while waiting:
            name = waiting.pop()
            name = self.elsewhere.get(name, name)
            piece = self.pieces.get(name)
            if name in seen or piece is None:
                continue
            seen.add(name)
            codes |= self.uttered_by(piece)
            waiting += piece.names
            wanted |= piece.attributes
            if name in self.methods or name in self.bases:
                classes.add(name)
                waiting += [self.methods[name][each] for each in self.methods[name] if each.startswith("__")]
                waiting += self.bases.get(name, ())
            waiting += [
                self.methods[each][method] for each in classes for method in self.methods[each] if method in wanted
            ]
        return frozenset(codes)


def of_operations(document: Mapping[str, Any], views: Mapping[str, str]) -> dict[str, dict[str, list[str]]]:
    """For each operation the codes by status, where they are not all that the status has. `views` names functions."""
    source, found = read(), {}
    for item in document["paths"].values():
        for method, operation in item.items():
            if "operationId" in operation:
                name = operation["operationId"]
                codes = source.reached([views[name]]) | ANY | (set() if method == "get" else WRITES)
                by_status: dict[str, set[str]] = defaultdict(set)
                for status, code in codes:
                    by_status[str(status)].add(code)
                found[name] = {
                    status: sorted(by_status[status])
                    for status in sorted(operation["responses"].keys() & by_status.keys())
                    if by_status[status] != set(CODES[int(status)])
                }
    return found


def told_by(app: Flask) -> tuple[Any, dict[str, str]]:
    """The application's document, and the function behind each of its operations."""
    functions = [each for each in app.view_functions.values() if each.__module__.startswith("api.resources.")]
    views = {each.__name__: f"{each.__module__}.{each.__name__}" for each in functions}
    return app.test_client().get("/openapi.json").get_json(), views


def text(found: Mapping[str, Mapping[str, list[str]]]) -> str:
    """A line for each operation."""
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(codes)}" for name, codes in found.items()) + "\n}\n"


@lru_cache(maxsize=1)
def read() -> Source:
    """The source as it is now."""
    source = Source()
    for root in ROOTS:
        for path in sorted(Path(root).rglob("*.py")):
            if "client" not in path.parts:
                _read_module(source, path)
    return source


def _read_module(source: Source, path: Path) -> None:
    module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = _imported(tree)
    source.elsewhere |= {f"{module}.{name}": where for name, where in imported.items()}
    known = imported | {each: f"{module}.{each}" for node in tree.body for each in _defined(node)}
    for node in tree.body:
        for each in _defined(node):
            _read_piece(source, f"{module}.{each}", node, known)


def _imported(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    return found


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return [node.target.id] if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else []


def _read_piece(source: Source, name: str, node: ast.stmt, known: Mapping[str, str]) -> None:
    if isinstance(node, ast.ClassDef):
        source.bases[name] = {known[base.id] for base in node.bases if isinstance(base, ast.Name) and base.id in known}
        methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
        for method in methods:
            source.methods[name][method.name] = f"{name}.{method.name}"
            source.pieces[f"{name}.{method.name}"] = _piece([method], known)
        source.pieces[name] = _piece([each for each in node.body if each not in methods], known)
        default = next((_default(each) for each in node.body if _default(each)), None)
        if default is not None:
            own = (node.name, *(base.rpartition(".")[2] for base in source.bases[name]))
            source.defaults[name] = (next((STATUSES[each] for each in own if each in STATUSES), 422), default)
    else:
        source.pieces[name] = _piece([node], known)


def _default(node: ast.stmt) -> str | None:
    is_one = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "default_code"
    return str(ast.literal_eval(node.value)) if is_one and isinstance(node, ast.Assign) else None


def _piece(nodes: list[ast.stmt], known: Mapping[str, str]) -> Piece:
    found, coded = Piece(), set[ast.expr]()
    for node in (each for top in nodes for each in ast.walk(top)):  # a call comes before what is called
        if isinstance(node, ast.Call) and (told := list(_told(node))):
            found.codes.update(told)
            coded.add(node.func.value if isinstance(node.func, ast.Attribute) else node.func)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.raised.add(known.get(node.func.id, ""))
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name):
            found.raised.add(known.get(node.exc.id, ""))
        elif isinstance(node, ast.Attribute):
            found.attributes.add(node.attr)
            if isinstance(node.value, ast.Name) and node.value.id in known:
                found.names.add(f"{known[node.value.id]}.{node.attr}")
        elif isinstance(node, ast.Name) and node.id in known and node not in coded:
            found.names.add(known[node.id])
    return found


def _told(call: ast.Call) -> Iterator[tuple[int, str]]:
    """The codes that a call names."""
    name = _dotted(call.func)
    status = CLAUSES.get(name, STATUSES.get(name.rpartition(".")[2]))
    values = [each.value for each in call.keywords if each.arg == "code"] + (call.args[1:2] if name in CLAUSES else [])
    yield from ((status, code) for value in values for code in _words(value) if status is not None)


def _dotted(value: ast.expr) -> str:
    if isinstance(value, ast.Attribute):
        return f"{_dotted(value.value)}.{value.attr}"
    return value.id if isinstance(value, ast.Name) else ""


def _words(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.JoinedStr) and ast.unparse(value) == "f'{party}_changed'":
        yield from ("buyer_changed", "supplier_changed")
    elif isinstance(value, ast.IfExp):
        yield from _words(value.body)
        yield from _words(value.orelse)
