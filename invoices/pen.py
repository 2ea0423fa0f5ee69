"""Text as drawing operators, in the weights that were cut for one document.

Owns inks, fonts' names and positions on the page (points, from the bottom left). Takes only text the subsets hold.
"""

from dataclasses import dataclass
from typing import Final

from invoices.typeface import Subset

INK: Final = "0.086 0.129 0.122 rg"
MUTED: Final = "0.333 0.388 0.373 rg"
HAIR: Final = "0.875 0.902 0.894 RG"
HEAD_HAIR: Final = "0.561 0.631 0.612 RG"
REGULAR: Final = "LA"
SEMIBOLD: Final = "LB"
"""The names under which pages know the two fonts."""
ARTIFACT: Final = "/Artifact BMC"
PAGINATION: Final = "/Artifact<</Type/Pagination>>BDC"


@dataclass(frozen=True, slots=True)
class Pen:
    """One weight of one document."""

    subset: Subset

    def at(self, x: float, y: float, text: str) -> str:
        return f"1 0 0 1 {x:.2f} {y:.2f} Tm<{self.subset.encode(text)}>Tj"

    def ending_at(self, x: float, y: float, text: str, size: float) -> str:
        return self.at(x - self.subset.face.points(text, size), y, text)


@dataclass(frozen=True, slots=True)
class Pens:
    regular: Pen
    semibold: Pen


def font(name: str, size: float) -> str:
    return f"/{name} {size} Tf"


def hair(left: float, right: float, y: float, color: str = HAIR) -> str:
    return f"{color} {left:.2f} {y:.2f} m {right:.2f} {y:.2f} l S"


def page(hairs: list[str], parts: list[str]) -> str:
    """The rules, as an artifact, and then the text."""
    return "\n".join((ARTIFACT, "0.5 w", *hairs, "EMC", "BT", *parts, "ET", ""))
