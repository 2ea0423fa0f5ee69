"""PDF objects written as bytes: cheap streams, embedded fonts, structure elements.

Owns the syntax that the drawn pages need beside what the layout engine writes. Refuses to know what a document says.
"""

import zlib
from collections.abc import Iterable
from typing import Any, Final

import pydyf

from invoices.typeface import UNITS_PER_EM, Subset

_LEVEL: Final = 6
_CMAP_HEAD: Final = (
    "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
    "/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n"
    "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
    "1 begincodespacerange\n<0000> <ffff>\n"
    "endcodespacerange\n"
)
_CMAP_FOOT: Final = "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"


class Ready(pydyf.Object):
    """An object whose bytes are known."""

    compressible = True

    def __init__(self, payload: bytes, *, compressible: bool = True) -> None:
        super().__init__()
        self.payload, self.compressible = payload, compressible

    @property
    def data(self) -> bytes:
        return self.payload


def add(pdf: Any, payload: bytes | str) -> Ready:
    """Adds a dictionary or another plain object; its `payload` may be set later."""
    ready = Ready(payload.encode("ascii") if isinstance(payload, str) else payload)
    pdf.add_object(ready)
    return ready


def add_stream(pdf: Any, content: bytes, extra: str = "") -> Ready:
    packed = zlib.compress(content, _LEVEL)
    head = f"<</Length {len(packed)}/Filter/FlateDecode{extra}>>stream\n".encode("ascii")
    ready = Ready(head + packed + b"\nendstream", compressible=False)
    pdf.add_object(ready)
    return ready


def reference(ready: Any) -> str:
    """How other objects name this one: "12 0 R"."""
    return f"{ready.number} 0 R"


def resolve(pdf: Any, referred: bytes | str) -> Any:
    """The object behind "12 0 R"."""
    return pdf.objects[int(referred.split()[0])]


def embed(pdf: Any, subset: Subset) -> str:
    """Adds the subset as a composite font (two-byte codes, Identity-H) and returns its reference."""
    face, name = subset.face, f"/{subset.tag}+{subset.face.name}"
    program = add_stream(pdf, subset.program, f"/Length1 {len(subset.program)}")
    glyph_map = add_stream(pdf, subset.glyph_map)
    ascent, descent = (round(value * 1000 / UNITS_PER_EM) for value in (face.ascent, face.descent))
    descriptor = add(
        pdf,
        f"<</Type/FontDescriptor/FontName{name}/Flags 4/FontBBox[-1000 {descent} 3000 {ascent}]/ItalicAngle 0"
        f"/Ascent {ascent}/Descent {descent}/CapHeight 727/StemV 80/FontFile2 {reference(program)}>>",
    )
    widths = " ".join(f"{width:g}" for width in subset.widths)
    descendant = add(
        pdf,
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont{name}/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
        f"/Supplement 0>>/FontDescriptor {reference(descriptor)}/CIDToGIDMap {reference(glyph_map)}/W[1[{widths}]]>>",
    )
    unicode_map = add_stream(pdf, _unicode_map(subset.codes.items()).encode("ascii"))
    font = add(
        pdf,
        f"<</Type/Font/Subtype/Type0/BaseFont{name}/Encoding/Identity-H/DescendantFonts[{reference(descendant)}]"
        f"/ToUnicode {reference(unicode_map)}>>",
    )
    return reference(font)


def _unicode_map(codes: Iterable[tuple[str, str]]) -> str:
    entries = [f"<{code}> <{character.encode('utf-16-be').hex()}>" for character, code in codes]
    parts = [_CMAP_HEAD]
    for start in range(0, len(entries), 100):
        batch = entries[start : start + 100]
        parts.append(f"{len(batch)} beginbfchar\n" + "\n".join(batch) + "\nendbfchar\n")
    return "".join(parts) + _CMAP_FOOT


class Batch:
    """Plain objects with consecutive numbers, kept as text alone: a long table has a hundred thousand of them."""

    free = "batch"

    def __init__(self, first: int) -> None:
        self.first = first
        self.bodies: list[str] = []

    @property
    def next(self) -> int:
        return self.first + len(self.bodies)


class Structure:
    """The structure tree that the layout engine began, open for more pages.

    Elements are named by references such as "12 0 R"; a marked content id is the number of a piece of content on its
    page. Between `begin` and `end` of a page nothing else may be added to the PDF.
    """

    def __init__(self, pdf: Any) -> None:
        self._pdf = pdf
        root = resolve(pdf, pdf.catalog["StructTreeRoot"])
        self._document = resolve(pdf, root["K"][0])
        self._parents = resolve(pdf, root["ParentTree"])["Nums"]
        self._table = add(pdf, b"")
        self._rows: list[str] = []
        self._page, self._batch = "", Batch(0)
        self._owners: list[str] = []

    @property
    def next_key(self) -> int:
        """The next page's key in the parent tree."""
        keys: list[int] = self._parents[::2]
        return max(keys, default=-1) + 1

    def begin(self, page: str) -> None:
        self._page, self._batch, self._owners = page, Batch(len(self._pdf.objects)), []

    def lone(self, kind: str) -> int:
        """An element of its own in the document; returns the id of its content."""
        named, content = f"{self._batch.next} 0 R", len(self._owners)
        self._batch.bodies.append(f"<</S/{kind}/P {reference(self._document)}/Pg {self._page}/K {content}>>")
        self._document["K"].append(named.encode("ascii"))
        self._owners.append(named)
        return content

    def row(self, kind: str, cells: int, attributes: str = "") -> range:
        """A row of the table with this many cells of one kind; returns the ids of their contents."""
        number, first = self._batch.next, len(self._owners)
        named, kids = f"{number} 0 R", [f"{kid} 0 R" for kid in range(number + 1, number + 1 + cells)]
        head, tail = f"<</S/{kind}/P {named}/Pg {self._page}/K ", f"{attributes}>>"
        contents = range(first, first + cells)
        self._batch.bodies.append(f"<</S/TR/P {reference(self._table)}/Pg {self._page}/K[{' '.join(kids)}]>>")
        self._batch.bodies.extend([f"{head}{content}{tail}" for content in contents])
        self._owners.extend(kids)
        self._rows.append(named)
        return contents

    def table(self) -> None:
        """Puts the table next in the document; its rows are those of all pages."""
        self._document["K"].append(reference(self._table).encode("ascii"))

    def end(self, key: int) -> None:
        """Closes a page: says which element owns each of its contents."""
        self._parents.extend((key, f"[{' '.join(self._owners)}]".encode("ascii")))
        self._pdf.objects.extend([self._batch] * len(self._batch.bodies))

    def close(self) -> None:
        parent, rows = reference(self._document), " ".join(self._rows)
        self._table.payload = f"<</S/Table/P {parent}/K[{rows}]>>".encode("ascii")
