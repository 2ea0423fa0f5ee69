"""Logos as they are handed in, made safe: PNG decoded and written anew, SVG rebuilt from what is known to be harmless.

Refuses whatever is too large, refers to anything outside itself, runs, animates, or needs a font. What is kept is what
was checked, never what was sent.
"""

import hashlib
import io
import re
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from invoices.brand import LogoMark

PNG, SVG = "image/png", "image/svg+xml"
MEDIA_TYPES: Final = (PNG, SVG)
MOST_BYTES: Final = 200_000
MOST_PIXELS: Final = 4_000_000
MOST_ELEMENTS: Final = 2_000
DEEPEST: Final = 20
WIDEST: Final = 12
"""How many times as wide as high, or the other way round, a logo may be."""

_NAMESPACE: Final = "http://www.w3.org/2000/svg"
_CLIP: Final = f"{{{_NAMESPACE}}}clipPath"
_ELEMENTS: Final = frozenset(
    {"svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "defs", "stop", "clipPath"}
    | {"linearGradient", "radialGradient"}
)
_IGNORED: Final = frozenset(("title", "desc", "metadata"))
_LOOK: Final = frozenset(
    {"fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap", "opacity"}
    | {"stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "clip-path", "clip-rule"}
    | {"stop-color", "stop-opacity", "color", "display"}
)
_SHAPE: Final = frozenset(
    {"id", "d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy", "width", "height", "points"}
    | {"transform", "viewBox", "offset", "gradientUnits", "gradientTransform", "spreadMethod", "clipPathUnits"}
    | {"preserveAspectRatio"}
)
_VALUE: Final = re.compile(r"(url\(#[A-Za-z_][\w.-]*\)|[\w\s#.,%()+-]*)", re.ASCII)
_LENGTH: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:px|pt|mm|cm|in)?")
_EXTERNAL: Final = re.compile(r"(?i)(url|src|image|element|attr|var|env|expression)\s*\((?!#)")


class BadLogo(ValueError):
    """Why it is not taken, as a sentence for whoever made it."""


@dataclass(frozen=True, slots=True)
class Logo:
    """The bytes to keep, and what names them."""

    mark: LogoMark
    content: bytes


def read(content: bytes) -> Logo:
    """The picture by its first bytes, whatever it is called. Raises BadLogo."""
    if len(content) > MOST_BYTES:
        raise BadLogo(f"a logo has at most {MOST_BYTES // 1000} kB")
    is_png = content.startswith(b"\x89PNG\r\n\x1a\n")
    kept, width, height = _png(content) if is_png else _svg(content)
    if min(width, height) < 1 or max(width, height) > WIDEST * min(width, height):
        raise BadLogo(f"a logo is at most {WIDEST} times as wide as high")
    return Logo(LogoMark(hashlib.sha256(kept).hexdigest(), PNG if is_png else SVG, width, height), kept)


def _png(content: bytes) -> tuple[bytes, int, int]:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:
            width, height = picture.size
            if width * height > MOST_PIXELS:
                raise BadLogo(f"a logo has at most {MOST_PIXELS:,} pixels")
            plain = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise error if isinstance(error, BadLogo) else BadLogo("the PNG cannot be read") from None
    written = io.BytesIO()
    plain.save(written, "PNG", optimize=True)
    return written.getvalue(), width, height


def _svg(content: bytes) -> tuple[bytes, int, int]:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise BadLogo("a logo is a PNG or an SVG; this is neither") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadLogo("the SVG has a document type; export it as plain SVG")
    if etree.QName(root).text != f"{{{_NAMESPACE}}}svg":
        raise BadLogo("the SVG does not begin with <svg xmlns=…>")
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        raise BadLogo(f"the SVG has more than {MOST_ELEMENTS} elements")
    x, y, width, height = _box(root)
    plain = _rebuilt(root, 0)
    assert plain is not None, "the root is an element of the list"
    if any(inner.get("clip-path") for clip in plain.iter(_CLIP) for inner in clip.iter()):
        raise BadLogo("a clipPath is not clipped itself")
    plain.set("viewBox", f"{x:g} {y:g} {width:g} {height:g}")
    scale = 1000 / max(width, height)
    size = round(width * scale), round(height * scale)
    for name, value in zip(("width", "height"), size, strict=True):
        plain.set(name, str(value))
    return etree.tostring(plain, encoding="utf-8"), *size


def _box(root: Any) -> tuple[float, float, float, float]:
    try:
        if (told := root.get("viewBox")) is not None:
            x, y, width, height = map(float, re.split(r"[\s,]+", told.strip()))
        else:
            lengths = [_LENGTH.fullmatch(root.get(name, "").strip()) for name in ("width", "height")]
            x, y, (width, height) = 0.0, 0.0, [float(length[1]) if length else 0.0 for length in lengths]
    except ValueError:
        raise BadLogo("the SVG's viewBox is not four numbers") from None
    if not (0 < width < 1e6 and 0 < height < 1e6 and abs(x) < 1e6 and abs(y) < 1e6):
        raise BadLogo("the SVG says neither viewBox nor width and height")
    return x, y, width, height


def _rebuilt(element: Any, depth: int) -> Any:
    """The element with what is known of it; None for what says nothing to the eye."""
    name = etree.QName(element)
    if name.namespace != _NAMESPACE or name.localname in _IGNORED:
        return None
    if name.localname not in _ELEMENTS:
        raise BadLogo(f"<{name.localname}> is not taken: turn text into outlines and effects into shapes")
    if depth > DEEPEST:
        raise BadLogo("the SVG is nested too deeply")
    plain = etree.Element(f"{{{_NAMESPACE}}}{name.localname}", nsmap={None: _NAMESPACE})  # type: ignore[dict-item]
    for key, value in element.attrib.items():
        if key in _SHAPE | _LOOK:
            plain.set(key, _checked(key, value))
        elif key == "style":
            for look, told in _style(value):
                plain.set(look, _checked(look, told))
        elif key.startswith("on") or key.endswith("href"):
            raise BadLogo(f"{etree.QName(key).localname} is not taken: a logo runs nothing and refers to nothing")
    for child in element:
        if (kept := _rebuilt(child, depth + 1)) is not None:
            plain.append(kept)
    return plain


def _style(text: str) -> list[tuple[str, str]]:
    pairs = [part.split(":", 1) for part in text.split(";") if part.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise BadLogo("a style is not property: value")
    return [(look, told) for look, told in ((a.strip(), b.strip()) for a, b in pairs) if look in _LOOK]


def _checked(key: str, value: str) -> str:
    if not _VALUE.fullmatch(value.strip()) or _EXTERNAL.search(value):
        raise BadLogo(f"{key}={value[:40]!r} is not taken: a logo refers to nothing outside itself")
    return value.strip()
