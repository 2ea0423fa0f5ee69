"""The house rules that no linter knows, held against the source; each is first shown to catch what it is for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import architecture
from tests.support.architecture import Source

ROOT = Path(__file__).parents[1]

# Files that may be longer than the limit, each with its reason.
LONG_FILES: dict[str, str] = {}

Tree = Callable[[dict[str, str]], Source]


@pytest.fixture(scope="module")
def product() -> Source:
    return Source.read(ROOT)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Writes a small product: path → source."""

    def write(files: dict[str, str]) -> Source:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Source.read(tmp_path)

    return write


def test_the_product_is_read(product: Source) -> None:
    assert {"ledger", "ledger.domain.money", "ledger.store.engine"} <= product.modules.keys()
    assert any(product.imports(product.modules["ledger.store.engine"]))


def test_no_layer_sees_a_higher_one(product: Source) -> None:
    assert architecture.upward_edges(product) == []


def test_no_function_imports_the_project(product: Source) -> None:
    assert architecture.imports_in_functions(product) == []


def test_no_circles(product: Source) -> None:
    assert architecture.circles(product) == []


def test_nothing_below_the_api_reads_a_clock(product: Source) -> None:
    assert architecture.clocks(product) == []


def test_files_stay_short(product: Source) -> None:
    assert architecture.long_files(product, LONG_FILES) == []


LOWER = {
    "ledger/__init__.py": "",
    "ledger/domain/__init__.py": "",
    "ledger/domain/money.py": "",
    "ledger/store/__init__.py": "",
    "ledger/store/tables.py": "from ledger.domain.money import Money",
    "ledger/services/intake.py": "import ledger.store.tables",
    "ledger/reports/month.py": "from ledger.store import tables",
    "invoices/document.py": "from ledger.domain import money",
    "invoices/facturx.py": "from invoices.document import Document",
    "invoices/numbering.py": "from ledger.services import intake\nfrom invoices import document",
    "api/app.py": "from invoices import numbering\nfrom ledger.reports.month import rows",
    "wsgi.py": "from api.app import create_app",
}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("ledger/domain/money.py", "from ledger.store import tables"),
        ("ledger/domain/money.py", "import ledger"),
        ("ledger/store/tables.py", "import ledger.services.intake"),
        ("ledger/store/tables.py", "if TYPE_CHECKING:\n    from ledger.services.intake import submit"),
        ("ledger/services/intake.py", "from ledger.reports import month"),
        ("ledger/reports/month.py", "from ledger.services import intake"),
        ("ledger/services/intake.py", "from invoices.numbering import take"),
        ("ledger/services/intake.py", "from ...api import app"),
        ("ledger/services/intake.py", "importlib.import_module('api.app')"),
        ("invoices/numbering.py", "from api import app"),
        ("invoices/document.py", "from ledger.store import tables"),
        ("invoices/document.py", "from invoices import numbering"),
        ("invoices/facturx.py", "from invoices.numbering import take"),
        ("api/app.py", "import wsgi"),
    ],
)
def test_an_upward_edge_is_caught(tree: Tree, path: str, line: str) -> None:
    assert architecture.upward_edges(tree(LOWER)) == []
    complaints = architecture.upward_edges(tree({path: line}))
    assert len(complaints) == 1
    assert complaints[0].startswith(f"{path}:")


def test_a_module_without_a_layer_is_caught(tree: Tree) -> None:
    with pytest.raises(LookupError, match=r"ledger\.helpers lies in no layer"):
        architecture.upward_edges(tree({**LOWER, "ledger/helpers.py": ""}))


@pytest.mark.parametrize(
    "text",
    [
        "def lazily():\n    from ledger.domain import money",
        "async def lazily():\n    import ledger.domain.money",
        "class A:\n    def lazily(self):\n        if True:\n            from ledger.domain.money import Money",
        "late = lambda: __import__('ledger.domain.money')",
        "def lazily():\n    return importlib.import_module('ledger.domain.money')",
    ],
)
def test_a_project_import_in_a_function_is_caught(tree: Tree, text: str) -> None:
    assert architecture.imports_in_functions(tree(LOWER)) == []
    assert len(architecture.imports_in_functions(tree({"api/app.py": text}))) == 1


def test_a_third_party_import_in_a_function_is_nobodys_business(tree: Tree) -> None:
    source = tree({**LOWER, "invoices/render.py": "def render():\n    import weasyprint"})
    assert architecture.imports_in_functions(source) == []


def test_a_circle_is_caught_once(tree: Tree) -> None:
    assert architecture.circles(tree(LOWER)) == []
    source = tree(
        {
            "ledger/domain/a.py": "from ledger.domain.b import B",
            "ledger/domain/b.py": "from ledger.domain import c, money",
            "ledger/domain/c.py": "import ledger.domain.a",
        }
    )
    assert architecture.circles(source) == ["ledger.domain.a → ledger.domain.b → ledger.domain.c → ledger.domain.a"]


@pytest.mark.parametrize(
    "text",
    [
        "at = datetime.now(UTC)",
        "at = datetime.datetime.utcnow()",
        "at = dt.date.today()",
        "at = time.time()",
        "from time import time_ns",
        "at = sa.func.now()",
        "at: datetime = Field(default_factory=datetime.now)",
    ],
)
def test_a_clock_below_the_api_is_caught(tree: Tree, text: str) -> None:
    assert architecture.clocks(tree({**LOWER, "api/app.py": text})) == []
    assert len(architecture.clocks(tree({"ledger/services/intake.py": text}))) == 1
    assert len(architecture.clocks(tree({"invoices/numbering.py": text}))) == 2


def test_a_long_file_is_caught_unless_allowed(tree: Tree) -> None:
    source = tree({**LOWER, "api/app.py": "x = 1\n" * 401, "migrations/versions/0001.py": "x = 1\n" * 2000})
    assert architecture.long_files(source, {}) == ["api/app.py: 401 lines, 400 at most"]
    assert architecture.long_files(source, {"api/app.py": "one table"}) == []
    assert architecture.long_files(tree({"api/app.py": "x = 1\n" * 400}), {"api/app.py": "one table"}) == [
        "api/app.py: allowed to be long, but is not"
    ]
