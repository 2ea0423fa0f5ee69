"""Reads the product's source and names what breaks the house rules: direction of imports, circles, clocks, length.

Nothing is imported or run: files are parsed. Every check takes a parsed tree and returns complaints, one line each,
so that the same checks run over the product and over small trees that break a rule on purpose.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# A layer sees those named here and itself; the longest matching name decides. `ledger` itself holds nothing.
LAYERS: Mapping[str, frozenset[str]] = {
    "ledger.domain": frozenset(),
    "ledger.store": frozenset({"ledger.domain"}),
    "ledger.services": frozenset({"ledger.store", "ledger.domain"}),
    "ledger.reports": frozenset({"ledger.store", "ledger.domain"}),
    "invoices": frozenset({"ledger.services", "ledger.reports", "ledger.store", "ledger.domain"}),
    "api": frozenset({"invoices", "ledger.services", "ledger.reports", "ledger.store", "ledger.domain"}),
    "migrations": frozenset({"ledger.store", "ledger.domain"}),
    "wsgi": frozenset({"api"}),
    "ledger": frozenset(),
}
# Pure modules of a layer that is not: they see the domain and each other.
PURE = tuple(
    f"invoices.{name}"
    for name in ("brand", "cii", "document", "en16931", "facturx", "languages", "text", "totals", "ubl", "words")
)

PACKAGES = ("ledger", "invoices", "api", "migrations")
MODULES = ("wsgi",)

# Only `api` may ask what time it is; everything below is told.
CLOCKLESS = ("ledger", "invoices")
CLOCKS = frozenset(
    {
        "datetime.now",
        "datetime.today",
        "datetime.utcnow",
        "date.today",
        "time.time",
        "time.time_ns",
        "func.now",
        "func.current_timestamp",
        "func.current_date",
    }
)

LONGEST = 400
MEASURED = ("ledger", "invoices", "api")


@dataclass(frozen=True)
class Import:
    """One imported name, as written: `module` is what an import statement would need to find it."""

    module: str
    line: int
    inside_function: bool


@dataclass(frozen=True)
class Module:
    name: str
    path: str
    lines: int
    tree: ast.Module = field(repr=False, compare=False)
    is_package: bool = False


@dataclass(frozen=True)
class Source:
    """The product's modules by dotted name."""

    modules: Mapping[str, Module]

    @classmethod
    def read(cls, root: Path) -> "Source":
        found: dict[str, Module] = {}
        paths = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
        paths += [root / f"{name}.py" for name in MODULES if (root / f"{name}.py").exists()]
        for path in paths:
            parts = path.relative_to(root).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            text = path.read_text(encoding="utf-8")
            found[name] = Module(
                name, str(path.relative_to(root)), len(text.splitlines()), ast.parse(text, str(path)), is_package
            )
        return cls(found)

    def imports(self, module: Module) -> Iterator[Import]:
        """What `module` imports from the product, relative imports and `import_module("…")` included."""
        for node, inside_function in _walk(module.tree):
            for name in self._names(module, node):
                if name.partition(".")[0] in (*PACKAGES, *MODULES):
                    yield Import(self._existing(name), getattr(node, "lineno", 0), inside_function)

    def _names(self, module: Module, node: ast.AST) -> list[str]:
        match node:
            case ast.Import(names=names):
                return [alias.name for alias in names]
            case ast.ImportFrom(module=source, names=names, level=level):
                start = source or ""
                if level:
                    parts = module.name.split(".")
                    kept = parts[: len(parts) - level + module.is_package]
                    start = ".".join([*kept, start] if start else kept)
                return [f"{start}.{alias.name}" for alias in names]
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]) if ast.unparse(function).rpartition(
                "."
            )[2] in ("import_module", "__import__"):
                return [name]
        return []

    def _existing(self, name: str) -> str:
        """`ledger.domain.money.Money` is the module `ledger.domain.money`; an unknown name stays as it is."""
        known = name
        while known not in self.modules and "." in known:
            known = known.rpartition(".")[0]
        return known if known in self.modules else name


def _walk(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """Every node, and whether it lies in the body of a function."""
    pending: list[tuple[ast.AST, bool]] = [(tree, False)]
    while pending:
        node, inside = pending.pop()
        yield node, inside
        deeper = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        pending.extend((child, deeper) for child in ast.iter_child_nodes(node))


def layer_of(name: str) -> str:
    """The longest layer that `name` lies in; raises LookupError for a module that no layer was given to."""
    known = [layer for layer in LAYERS if _lies_in(name, layer) and (layer != "ledger" or name == "ledger")]
    if not known:
        raise LookupError(f"{name} lies in no layer: give it one in tests/support/architecture.py")
    return max(known, key=len)


def _lies_in(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _is_pure(name: str) -> bool:
    return any(_lies_in(name, module) for module in PURE)


def upward_edges(source: Source) -> list[str]:
    complaints = []
    for module in source.modules.values():
        own = layer_of(module.name)
        for found in source.imports(module):
            other = layer_of(found.module)
            if _is_pure(module.name):
                seen = other == "ledger.domain" or _is_pure(found.module)
            else:
                seen = other == own or other in LAYERS[own]
            if not seen:
                complaints.append(f"{module.path}:{found.line}: {module.name} must not see {found.module}")
    return complaints


def imports_in_functions(source: Source) -> list[str]:
    return [
        f"{module.path}:{found.line}: {found.module} is imported inside a function"
        for module in source.modules.values()
        for found in source.imports(module)
        if found.inside_function
    ]


def circles(source: Source) -> list[str]:
    """Each circle once, as `a → b → a`. Imports for type checking only count: the design is circular all the same."""
    edges = {
        name: sorted({found.module for found in source.imports(module)} & source.modules.keys() - {name})
        for name, module in source.modules.items()
    }
    complaints: list[str] = []
    finished: set[str] = set()

    def visit(name: str, path: list[str]) -> None:
        if name in path:
            complaints.append(" → ".join([*path[path.index(name) :], name]))
        elif name not in finished:
            for other in edges[name]:
                visit(other, [*path, name])
            finished.add(name)

    for name in edges:
        visit(name, [])
    return complaints


def clocks(source: Source) -> list[str]:
    """Clocks read below `api`: called, or handed over as a default to be called later."""
    return [
        f"{module.path}:{line}: {name} reads a clock; take `now` as an argument"
        for module in source.modules.values()
        if module.name.partition(".")[0] in CLOCKLESS
        for line, name in _clock_names(module.tree)
    ]


def _clock_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute():
                name = ".".join(ast.unparse(node).split(".")[-2:])
                if name in CLOCKS:
                    yield node.lineno, name
            case ast.ImportFrom(module="time", names=names):
                for alias in names:
                    if f"time.{alias.name}" in CLOCKS:
                        yield node.lineno, f"time.{alias.name}"


def long_files(source: Source, allowed: Mapping[str, str]) -> list[str]:
    """Files over the limit, and entries of the allow-list that are not needed (any more)."""
    too_long = {
        module.path: module.lines
        for module in source.modules.values()
        if module.name.partition(".")[0] in MEASURED and module.lines > LONGEST
    }
    complaints = [
        f"{path}: {lines} lines, {LONGEST} at most" for path, lines in too_long.items() if path not in allowed
    ]
    complaints += [f"{path}: allowed to be long, but is not" for path in allowed if path not in too_long]
    return complaints
