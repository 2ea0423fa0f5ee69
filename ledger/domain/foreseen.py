"""What reads must show as settled before anybody has settled it. Pure values, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Foreseen:
    """An appointment on which something has fallen due: its columns as they will be settled, the amount (minor units),
    the kinds of events that will bring it about, and the kinds of disputes that will end for their opener."""

    id: UUID
    state: Mapping[str, Any]
    amount: int
    kinds: frozenset[str]
    upheld: frozenset[str]
