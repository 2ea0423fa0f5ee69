"""The name of the layout that this installation prints with: another one whenever the bytes of a file could be others.

Owns the digest over all that a file is made from: this package with its templates, styles and fonts, the rules that it
words, and the libraries that set and write. Nobody has to remember to raise a number.
"""

from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final

ENGINES: Final = (
    "babel", "cssselect2", "factur-x", "fonttools", "jinja2", "lxml", "pikepdf", "pydyf", "pyphen", "tinycss2",
    "tinyhtml5", "weasyprint",
)  # fmt: skip
"""Distributions whose release may move a glyph or an element."""
FOLDERS: Final = ("invoices", "ledger/domain")
ENDINGS: Final = frozenset({".py", ".j2", ".css", ".ttf", ".mo"})


@cache
def layout() -> str:
    """Such as `0.1.0-5c1e09ab3d2f`: the product's version and twelve digits of the digest."""
    from weasyprint.text.ffi import pango

    found = sha256()
    root = Path(__file__).parents[1]
    for path in sorted(path for folder in FOLDERS for path in (root / folder).rglob("*") if path.suffix in ENDINGS):
        found.update(f"{path.relative_to(root).as_posix()}\0".encode())
        found.update(sha256(path.read_bytes()).digest())
    found.update("".join(f"{name}=={version(name)}\0" for name in ENGINES).encode())
    found.update(str(pango.pango_version()).encode())
    return f"{version('appointment-ledger')}-{found.hexdigest()[:12]}"
