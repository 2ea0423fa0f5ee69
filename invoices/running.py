"""What runs on every page of a drawn document: its number and the parties above, the number and "page x of y" below.

Owns where that stands; on the first page there is nothing above.
"""

from dataclasses import dataclass
from typing import Final

from invoices.brand import Paper
from invoices.languages import Tongue
from invoices.pen import MUTED, PAGINATION, REGULAR, Pens, font
from invoices.typeface import UNITS_PER_EM, Face
from invoices.wrapping import wrap

_SIZE: Final = 7.5
_LEADING: Final = 10.5
_TOP: Final = 33.4
_BOTTOM: Final = 31.0
"""How far the baselines of the head and of the foot are from the edges."""
_BETWEEN: Final = 20.0
"""Points kept free between the number and the parties."""


@dataclass(frozen=True, slots=True)
class Running:
    """The document's number, and both parties in lines that fit beside it."""

    number: str
    parties: tuple[str, ...]
    say: Tongue
    paper: Paper

    def texts(self) -> tuple[str, ...]:
        return (self.number, *self.parties, self._page(0, 123456789))

    def drawn(self, pens: Pens, place: int, count: int) -> str:
        """On page `place` of `count`."""
        left, right, pen = self.paper.margin, self.paper.width - self.paper.margin, pens.regular
        top = self.paper.height - _TOP
        parts = [PAGINATION, "BT", MUTED, font(REGULAR, _SIZE), pen.at(left, _BOTTOM, self.number)]
        parts.append(pen.ending_at(right, _BOTTOM, self._page(place, count), _SIZE))
        if place > 1:
            parts.append(pen.at(left, top, self.number))
            parts.extend(
                pen.ending_at(right, top - line * _LEADING, text, _SIZE) for line, text in enumerate(self.parties)
            )
        return "\n".join((*parts, "ET", "EMC", ""))

    def _page(self, place: int, count: int) -> str:
        return self.say("Page {place} of {count}", place=place, count=count)


def running(number: str, parties: str, regular: Face, say: Tongue, paper: Paper) -> Running:
    room = max(paper.room - regular.points(number, _SIZE) - _BETWEEN, paper.room / 3)
    return Running(number, tuple(wrap(parties, int(room * UNITS_PER_EM / _SIZE), regular)), say, paper)
