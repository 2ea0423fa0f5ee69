"""The positions of an agreement's months, for verification: each taken once, none left out, as many as were counted.

Owns one bit per position, so that a long record needs little memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select

from ledger.services.verify import Look
from ledger.store import tables as t

Month = tuple[UUID, int]
"""An agreement and a month (YYYYMM)."""


@dataclass(slots=True)
class Positions:
    """What has been met so far."""

    taken: dict[Month, int] = field(default_factory=dict)

    def take(self, month: Month, position: int) -> bool:
        """Notes the position; whether nobody had it before."""
        bit, before = 1 << position, self.taken.get(month, 0)
        self.taken[month] = before | bit
        return not before & bit

    def disagreements(self, look: Look) -> Iterator[tuple[Month, str]]:
        """Months with gaps, and months whose count is another."""
        position = t.month_position.c
        query = select(position.agreement_id, position.month, position.taken)
        counted = {(row.agreement_id, row.month): row.taken for row in look.rows(query)}
        for month in sorted(counted.keys() | self.taken.keys()):
            bits, count = self.taken.get(month, 0), counted.get(month, 0)
            last = max(bits.bit_length() - 1, 0)
            missing = [place for place in range(1, max(last, count) + 1) if not bits >> place & 1]
            if missing:
                named = ", ".join(str(place) for place in missing[:10])
                yield month, f"{len(missing)} of the positions up to {max(last, count)} are not there: {named}"
            if count < last:
                yield month, f"{count} positions are counted, the last one taken is {last}"
