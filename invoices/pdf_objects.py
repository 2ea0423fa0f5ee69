"""PDF objects written as bytes: cheap streams, embedded fonts, structure elements.

Owns the syntax that the drawn pages need beside what the layout engine writes. Refuses to know what a document says.
"""

import zlib
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, Final

import pydyf

from invoices.typeface import UNITS_PER_EM, Subset

_LEVEL: Final = 6
_SCOPE: Final = "/A<</O/Table/Scope/Column>>>>"
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
    """Plain objects with consecutive numbers, kept as text and then as an object stream alone: a long table has a
    hundred thousand of them.
    """

    free = "batch"

    def __init__(self, first: int) -> None:
        self.first = first
        self.bodies: list[str] = []
        self.numbers, self.stream = range(first, first), b""

    @property
    def next(self) -> int:
        return self.first + len(self.bodies)

    def pack(self) -> None:
        """Nothing more comes; the text is let go."""
        self.numbers = range(self.first, self.next)
        self.stream = object_stream(self.numbers, [body.encode("ascii") for body in self.bodies])
        self.bodies.clear()


def object_stream(numbers: Sequence[int], bodies: Sequence[bytes]) -> bytes:
    """Plain objects as one compressed stream."""
    starts = accumulate((len(body) + 1 for body in bodies), initial=0)
    first = (
        " ".join([f"{number} {start}" for number, start in zip(numbers, starts, strict=False)]).encode("ascii") + b"\n"
    )
    return stream(first + b"\n".join(bodies), f"/Type/ObjStm/N {len(numbers)}/First {len(first)}")


def stream(content: bytes, extra: str) -> bytes:
    """The bytes of a compressed stream object; `extra` are further entries of its dictionary."""
    packed = zlib.compress(content, _LEVEL)
    return f"<</Length {len(packed)}/Filter/FlateDecode{extra}>>\nstream\n".encode("ascii") + packed + b"\nendstream"


def pack_attachments(pdf: Any) -> None:
    """Compresses embedded files now, so that a large one is in memory once while the rest is made."""
    for place, each in enumerate(pdf.objects):
        if isinstance(each, pydyf.Stream) and each.extra.get("Type") == "/EmbeddedFile":
            ready = Ready(each.data, compressible=False)
            ready.number, ready.generation, ready.free = each.number, each.generation, each.free
            pdf.objects[place] = ready


class Table:
    """A table element under `parent`, whose rows are told as they are drawn, page by page."""

    def __init__(self, pdf: Any, parent: str) -> None:
        self._parent = parent
        self._element = add(pdf, b"")
        self.rows: list[str] = []
        self.reference = reference(self._element)

    def close(self) -> None:
        self._element.payload = f"<</S/Table/P {self._parent}/K[{' '.join(self.rows)}]>>".encode("ascii")


class Structure:
    """The structure tree that the layout engine began, open for more."""

    def __init__(self, pdf: Any) -> None:
        self._pdf = pdf
        root = resolve(pdf, pdf.catalog["StructTreeRoot"])
        self._document = resolve(pdf, root["K"][0])
        self._parents = resolve(pdf, root["ParentTree"])["Nums"]

    @property
    def document(self) -> str:
        return reference(self._document)

    def append(self, element: str) -> None:
        """Puts an element last in the document."""
        self._document["K"].append(element.encode("ascii"))

    def rooms(self) -> list[Any]:
        """The elements in which the layout engine kept room, in reading order: the empty divisions."""
        found, waiting = [], [self._document]
        while waiting:
            element = waiting.pop()
            kids = [resolve(self._pdf, kid) for kid in element["K"] if isinstance(kid, bytes)]
            if element["S"] == "/Div" and not element["K"]:
                found.append(element)
            waiting.extend(reversed(kids))
        return found

    def page(self, page: str, key: int | None = None) -> "PageStructure":
        """Opens a page: a new one, or that of the layout engine which has this key."""
        keys: list[int] = self._parents[::2]
        if key is None:
            key = max(keys, default=-1) + 1
            self._parents.extend((key, pydyf.Array()))
            keys.append(key)
        return PageStructure(self._pdf, self, page, key, self._parents[2 * keys.index(key) + 1])


class PageStructure:
    """What one page adds to the structure; until it is closed nothing else may be added to the PDF.

    Elements are named by references such as "12 0 R"; a marked content id is the number of a piece of content on its
    page, `owners` are the elements of the page's contents in the order of those ids.
    """

    def __init__(self, pdf: Any, structure: Structure, page: str, key: int, owners: Any) -> None:
        self._pdf, self._structure, self._page, self.key, self._owners = pdf, structure, page, key, owners
        self._before = len(owners)
        self._added: list[str] = []
        self._batch = Batch(len(pdf.objects))

    def lone(self, kind: str, drawn: str) -> str:
        """A piece of content that is an element of its own in the document."""
        named, content = f"{self._batch.next} 0 R", self._next
        self._batch.bodies.append(f"<</S/{kind}/P {self._structure.document}/Pg {self._page}/K {content}>>")
        self._structure.append(named)
        self._added.append(named)
        return _marked(kind, content, drawn)

    def row(self, table: Table, kind: str, cells: Sequence[str]) -> list[str]:
        """A row of cells of one kind, as marked content."""
        number, first, count = self._batch.next, self._next, len(cells)
        named, kids = f"{number} 0 R", [f"{kid} 0 R" for kid in range(number + 1, number + 1 + count)]
        head, tail = f"<</S/{kind}/P {named}/Pg {self._page}/K ", _SCOPE if kind == "TH" else ">>"
        contents = range(first, first + count)
        self._batch.bodies.append(f"<</S/TR/P {table.reference}/Pg {self._page}/K[{' '.join(kids)}]>>")
        self._batch.bodies.extend([f"{head}{content}{tail}" for content in contents])
        self._added.extend(kids)
        table.rows.append(named)
        return [_marked(kind, content, drawn) for content, drawn in zip(contents, cells, strict=True)]

    def close(self) -> None:
        self._owners.extend([named.encode("ascii") for named in self._added])
        self._batch.pack()
        self._pdf.objects.extend([self._batch] * len(self._batch.numbers))

    @property
    def _next(self) -> int:
        return self._before + len(self._added)


def _marked(kind: str, content: int, drawn: str) -> str:
    return f"/{kind}<</MCID {content}>>BDC {drawn} EMC"
