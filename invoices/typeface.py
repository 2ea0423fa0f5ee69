"""The bundled typeface: advances to measure with, and exact subsets to embed.

Owns reading Inter's static TrueType files and cutting them down to the glyphs of one document. Refuses text it cannot
set faithfully: `can_set` is false for scripts that need shaping or are not in the font.
"""

import struct
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from io import BytesIO
from typing import Final

UNITS_PER_EM: Final = 2048
FONT_FILES: Final = ("Inter-Regular.ttf", "Inter-SemiBold.ttf", "Inter-Bold.ttf")
_FIGURES: Final = frozenset("0123456789,.\N{MINUS SIGN}")
"""What is set in tabular form even inside text, so that columns of numbers stand in line."""
_COMPONENT_WORDS, _MORE_COMPONENTS = 1, 32
_COMPONENT_SCALES: Final = ((8, 2), (64, 4), (128, 8))
"""How many bytes of scale follow a part of a composite, by flag."""


class _Advances(dict[str, int]):
    """Advance widths by character; what the font lacks is guessed wide rather than narrow."""

    def __missing__(self, character: str) -> int:
        wide = unicodedata.east_asian_width(character) in "WF"
        return UNITS_PER_EM if wide else UNITS_PER_EM * 7 // 10


@dataclass(frozen=True, eq=False)
class Face:
    """One weight: glyph numbers and advances (2048 units an em) by character, and the raw tables."""

    name: str
    glyphs: Mapping[str, int]
    advances: Mapping[str, int]
    metrics: tuple[tuple[int, int], ...]
    tables: Mapping[str, bytes]
    ascent: int
    descent: int

    def can_set(self, text: str) -> bool:
        return self.glyphs.keys() >= set(text)

    def units(self, text: str) -> int:
        return sum(map(self.advances.__getitem__, text))

    def points(self, text: str, size: float) -> float:
        return self.units(text) * size / UNITS_PER_EM


def asset(name: str) -> bytes:
    return files("invoices").joinpath("assets", name).read_bytes()


@cache
def face(weight: str) -> Face:
    """ "Regular" or "SemiBold", read once per process."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    font = TTFont(BytesIO(asset(f"Inter-{weight}.ttf")), lazy=True)
    tabular = _tabular(font)
    metrics = font["hmtx"].metrics
    order: list[str] = font.getGlyphOrder()
    numbers = {name: number for number, name in enumerate(order)}
    glyphs, advances = {}, _Advances()
    for codepoint, name in font.getBestCmap().items():
        character = chr(codepoint)
        if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Cc", "Mn", "Me"):
            continue
        set_as = tabular.get(name, name) if character in _FIGURES else name
        glyphs[character], advances[character] = numbers[set_as], metrics[set_as][0]
    return Face(
        name=f"Inter-{weight}",
        glyphs=glyphs,
        advances=advances,
        metrics=tuple(metrics[name] for name in order),
        tables={tag: font.reader[tag] for tag in ("head", "hhea", "maxp", "glyf", "loca")},
        ascent=font["hhea"].ascent,
        descent=font["hhea"].descent,
    )


def _tabular(font: object) -> dict[str, str]:
    """Default glyph name -> its tabular form, from the font's own `tnum` feature."""
    table = font["GSUB"].table  # type: ignore[index]
    wanted = {
        index
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == "tnum"
        for index in record.Feature.LookupListIndex
    }
    found: dict[str, str] = {}
    for index in sorted(wanted):
        for subtable in table.LookupList.Lookup[index].SubTable:
            found.update(getattr(subtable, "ExtSubTable", subtable).mapping)
    return found


@dataclass(frozen=True)
class Subset:
    """The characters of one document in one face: `codes` are their two-byte codes in hexadecimal."""

    face: Face
    tag: str
    codes: Mapping[str, str]
    program: bytes
    glyph_map: bytes
    widths: tuple[float, ...]

    def encode(self, text: str) -> str:
        return "".join(map(self.codes.__getitem__, text))


def subset(face: Face, characters: Iterable[str]) -> Subset:
    """Codes 1, 2, 3 … by code point, one per character even where two share a glyph, so that text stays extractable."""
    used = sorted(set(characters))
    kept = _closure(face, (face.glyphs[character] for character in used))
    place = {glyph: position for position, glyph in enumerate(kept)}
    glyph_map = b"".join(struct.pack(">H", place[face.glyphs[character]]) for character in used)
    letters = sha256("".join(used).encode()).digest()[:6]
    return Subset(
        face=face,
        tag="".join(chr(65 + letter % 26) for letter in letters),
        codes={character: f"{code:04x}" for code, character in enumerate(used, 1)},
        program=_program(face, kept, place),
        glyph_map=b"\0\0" + glyph_map,
        widths=tuple(round(face.advances[character] * 1000 / UNITS_PER_EM, 3) for character in used),
    )


def _closure(face: Face, glyphs: Iterable[int]) -> list[int]:
    """These glyphs, number 0 and every part of a composite, in order."""
    kept, waiting = {0}, [0, *glyphs]
    while waiting:
        glyph = waiting.pop()
        kept.add(glyph)
        waiting.extend(part for _, part in _components(_outline(face, glyph)) if part not in kept)
    return sorted(kept)


def _outline(face: Face, glyph: int) -> bytes:
    loca = face.tables["loca"]
    if struct.unpack_from(">h", face.tables["head"], 50)[0]:
        start, end = struct.unpack_from(">2L", loca, glyph * 4)
    else:
        start, end = (2 * half for half in struct.unpack_from(">2H", loca, glyph * 2))
    return face.tables["glyf"][start:end]


def _components(outline: bytes) -> Iterator[tuple[int, int]]:
    """(position of its number, glyph number) of each part of a composite glyph."""
    if not outline or struct.unpack_from(">h", outline)[0] >= 0:
        return
    at, more = 10, True
    while more:
        flags, part = struct.unpack_from(">2H", outline, at)
        yield at + 2, part
        at += 8 if flags & _COMPONENT_WORDS else 6
        at += next((size for flag, size in _COMPONENT_SCALES if flags & flag), 0)
        more = bool(flags & _MORE_COMPONENTS)


def _program(face: Face, kept: list[int], place: Mapping[int, int]) -> bytes:
    """A TrueType file of the kept glyphs, renumbered in order."""
    glyf, loca, hmtx = bytearray(), bytearray(struct.pack(">L", 0)), bytearray()
    for glyph in kept:
        outline = bytearray(_outline(face, glyph))
        for at, part in _components(bytes(outline)):
            struct.pack_into(">H", outline, at, place[part])
        glyf += outline + bytes(-len(outline) % 4)
        loca += struct.pack(">L", len(glyf))
        hmtx += struct.pack(">Hh", *face.metrics[glyph])
    head, hhea, maxp = (bytearray(face.tables[tag]) for tag in ("head", "hhea", "maxp"))
    struct.pack_into(">L", head, 8, 0)
    struct.pack_into(">h", head, 50, 1)
    struct.pack_into(">H", hhea, 34, len(kept))
    struct.pack_into(">H", maxp, 4, len(kept))
    return _assemble({"glyf": glyf, "head": head, "hhea": hhea, "hmtx": hmtx, "loca": loca, "maxp": maxp})


def _assemble(tables: Mapping[str, bytearray]) -> bytes:
    count = len(tables)
    power = 1 << (count.bit_length() - 1)
    head = struct.pack(">LHHHH", 0x00010000, count, power * 16, power.bit_length() - 1, (count - power) * 16)
    directory, body, offset = b"", b"", 12 + 16 * count
    for tag, data in sorted(tables.items()):
        padded = bytes(data) + bytes(-len(data) % 4)
        directory += struct.pack(">4sLLL", tag.encode(), _checksum(padded), offset + len(body), len(data))
        body += padded
    program = bytearray(head + directory + body)
    adjustment = (0xB1B0AFBA - _checksum(bytes(program))) & 0xFFFFFFFF
    at = offset + sum(len(data) + -len(data) % 4 for tag, data in sorted(tables.items()) if tag < "head")
    struct.pack_into(">L", program, at + 8, adjustment)
    return bytes(program)


def _checksum(padded: bytes) -> int:
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}L", padded)
    return sum(words) & 0xFFFFFFFF
