"""PDF objects written as bytes: cheap streams, embedded fonts, structure elements.

Owns the syntax that the drawn pages need beside what the layout engine writes. Refuses to know what a document says.
"""

import zlib
from collections.abc import Iterable, Sequence
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
    """An object whose bytes are known. Slots, because a long table has a hundred thousand of them."""

    __slots__ = ("compressible", "number", "offset", "payload")
    generation = 0
    free = "n"

    def __init__(self, payload: bytes = b"", *, compressible: bool = True) -> None:
        self.payload, self.compressible, self.number, self.offset = payload, compressible, 0, 0

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


class Structure:
    """The structure tree that the layout engine began, open for more pages.

    References are texts such as "12 0 R"; a marked content id is the number of a piece of content on its page.
    """

    def __init__(self, pdf: Any) -> None:
        self._pdf = pdf
        root = resolve(pdf, pdf.catalog["StructTreeRoot"])
        self._document = resolve(pdf, root["K"][0])
        self._parents = resolve(pdf, root["ParentTree"])["Nums"]

    def leaf(self, kind: str, parent: str, page: str, content: int, attributes: str = "") -> str:
        """Adds an element that owns one piece of marked content, and returns its reference."""
        return reference(add(self._pdf, f"<</S/{kind}/P {parent}/Pg {page}/K {content}{attributes}>>"))

    def branch(self, kind: str, parent: str) -> Ready:
        """Adds an element whose kids are told later, with `close`."""
        return add(self._pdf, f"<</S/{kind}/P {parent}/K[")

    @staticmethod
    def close(branch: Ready, kids: Iterable[str]) -> None:
        branch.payload += " ".join(kids).encode("ascii") + b"]>>"

    @property
    def top(self) -> str:
        return reference(self._document)

    def append(self, element: str) -> None:
        """Puts an element last in the document."""
        self._document["K"].append(element.encode("ascii"))

    def next_key(self) -> int:
        keys: list[int] = self._parents[::2]
        return max(keys, default=-1) + 1

    def map_page(self, key: int, owners: Sequence[str]) -> None:
        """Says which element owns each marked content id of a page, in the order of the ids."""
        self._parents.extend((key, f"[{' '.join(owners)}]".encode("ascii")))
