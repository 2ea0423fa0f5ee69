"""How a document looks where an operator may choose: logo, two colours, footer and paper.

A brand is frozen with each document at issue. Refuses colours on which text could not be read, other papers than the
two, and footers that are no footers.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Self

PaperName = Literal["A4", "Letter"]
LEAST_CONTRAST: Final = 4.5
"""WCAG 2.2, 1.4.3: text against what is behind it."""
WHITE: Final = "#ffffff"
TEXT: Final = ("#16211f", "#55635f")
"""The inks of the band besides the accent."""
LOGO_ROOM: Final = (170.0, 42.0)
"""Points that a logo has at the head of a page, in width and height."""
MOST_FOOTER_LINES: Final = 4
LONGEST_FOOTER_LINE: Final = 160
_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet, in points."""

    width: float
    height: float
    margin: float = 56.69
    """20 mm."""

    @property
    def room(self) -> float:
        """Between the left and the right margin."""
        return self.width - 2 * self.margin


PAPERS: Final[dict[PaperName, Paper]] = {"A4": Paper(595.28, 841.89), "Letter": Paper(612.0, 792.0)}


@dataclass(frozen=True, slots=True)
class LogoMark:
    """Which logo, and its proportions; the bytes are kept elsewhere under their SHA-256 (hex)."""

    sha256: str
    media_type: str
    width: int
    height: int

    def box(self, most_width: float, most_height: float) -> tuple[float, float]:
        """Width and height in points, as large as its place allows."""
        scale = min(most_width / self.width, most_height / self.height)
        return round(self.width * scale, 2), round(self.height * scale, 2)


@dataclass(frozen=True, slots=True)
class Brand:
    """`accent` is for numbers and the amount due, `band` lies behind the four figures; both as `#rrggbb`."""

    accent: str = "#0b5c63"
    band: str = "#edf4f3"
    footer: tuple[str, ...] = ()
    paper: PaperName = "A4"
    logo: LogoMark | None = None

    def __post_init__(self) -> None:
        for name, colour in (("accent", self.accent), ("band", self.band)):
            if not _COLOUR.fullmatch(colour):
                raise ValueError(f"{name}: a colour is written as #rrggbb, in lower case")
        if self.paper not in PAPERS:
            raise ValueError(f"paper: {self.paper!r} is neither {' nor '.join(PAPERS)}")
        for ink, ground, what in (
            (self.accent, WHITE, "accent: too light to be read on white"),
            (self.accent, self.band, "accent: too close to the band behind it"),
            *((ink, self.band, "band: too dark for the text on it") for ink in TEXT),
        ):
            if (found := contrast(ink, ground)) < LEAST_CONTRAST:
                raise ValueError(f"{what}: contrast {found:.1f}, needed is {LEAST_CONTRAST}")
        if len(self.footer) > MOST_FOOTER_LINES or any(len(line) > LONGEST_FOOTER_LINE for line in self.footer):
            raise ValueError(f"footer: at most {MOST_FOOTER_LINES} lines of {LONGEST_FOOTER_LINE} characters")

    @property
    def sheet(self) -> Paper:
        return PAPERS[self.paper]

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "footer": list(self.footer)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        logo = data["logo"]
        return cls(**{**data, "footer": tuple(data["footer"]), "logo": None if logo is None else LogoMark(**logo)})


def contrast(one: str, other: str) -> float:
    """The ratio of two colours' luminances, 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


PLAIN: Final = Brand()
"""How documents look where nobody has chosen."""
