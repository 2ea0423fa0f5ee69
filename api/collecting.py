"""Python's garbage collector and requests that make very many values at once.

Owns that it stays away while a list is worked on, where it would look through ever more living values and find nothing
dead. Where lists overlap it is had to look after each of them, so that what all others leave behind cannot grow.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Final


@dataclass(slots=True)
class _Lists:
    """Those that are being worked on in this process."""

    lock: Lock = field(default_factory=Lock)
    under_way: int = 0
    was_on: bool = False


_LISTS: Final = _Lists()


@contextmanager
def collecting_afterwards() -> Iterator[None]:
    """Nothing is collected while a list is under way, in whatever thread."""
    with _LISTS.lock:
        if not _LISTS.under_way:
            _LISTS.was_on = gc.isenabled()
            gc.disable()
        _LISTS.under_way += 1
    try:
        yield
    finally:
        with _LISTS.lock:
            _LISTS.under_way -= 1
            overlaps = _LISTS.under_way > 0
            if not overlaps and _LISTS.was_on:
                gc.enable()
        if overlaps:
            gc.collect(1)
