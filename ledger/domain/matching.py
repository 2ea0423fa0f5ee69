"""Which appointment an event is about: ids, links and contacts narrow it down, and time decides.

Owns how near to a slot an event must be. A name that is given once (an id, a session) holds at any time, since
bookings move and meetings run late; a contact or a join link holds in a slot or near it alone. What stays ambiguous is
nobody's. A cancelled appointment stands back behind one that is on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ledger.domain.lifecycle import Slot

NOW: Final = timedelta(0)
MARGIN: Final = timedelta(minutes=15)
"""How long before a slot people come in, and after it still go out."""
NEAR: Final = timedelta(hours=2)
"""What a known person does further away than this is about something else."""

IN_THE_SLOT: Final = (NOW, MARGIN)
AROUND_THE_SLOT: Final = (NOW, MARGIN, NEAR)

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An appointment that an event could be about, with every slot that it had."""

    id: UUID
    slots: tuple[Slot, ...]
    is_on: bool


def closest(
    found: Iterable[Candidate], span: Span | None, margins: Sequence[timedelta], *, anywhere: bool
) -> list[UUID]:
    """Those whose slot contains the event, else those within the next wider margin, else with `anywhere` all."""
    candidates = list(found)
    for margin in margins if span is not None else ():
        within = [each for each in candidates if any(_meets(slot, span, margin) for slot in each.slots)]
        if within:
            return _those_on(within)
    return _those_on(candidates) if anywhere else []


def agreed(narrowed: Sequence[UUID], found: Sequence[UUID]) -> list[UUID]:
    """What two ways of looking have in common; what the first found alone where the second adds nothing."""
    if not narrowed:
        return list(found)
    return [each for each in narrowed if each in found] or list(narrowed)


def _meets(slot: Slot, span: Span | None, margin: timedelta) -> bool:
    return span is not None and span[0] < slot.ends_at + margin and span[1] >= slot.starts_at - margin


def _those_on(candidates: list[Candidate]) -> list[UUID]:
    on = [each.id for each in candidates if each.is_on]
    return on or [each.id for each in candidates]
