"""When a webhook is tried again: soon at first, then ever more rarely, for three days.

Owns the delays and when an endpoint is given up. Chance comes in as `jitter`, a number from 0 up to 1, so that what
failed together does not come back together.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

GIVES_UP_AFTER: Final = timedelta(days=3)
"""How long one event is tried, and how long an endpoint may fail before it is disabled."""

DELAYS: Final[Sequence[timedelta]] = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800)
)
"""Between one attempt and the next; the last one repeats."""

LONGEST_PAUSE: Final = timedelta(minutes=5)


def next_attempt(attempts: int, at: datetime, expires_at: datetime, jitter: float) -> datetime | None:
    """When to try again after `attempts` failed ones, the last of them `at`; None once it has expired.

    The very last attempt comes when it expires, so that no event is given up early.
    """
    if at >= expires_at:
        return None
    return min(at + _spread(DELAYS[min(attempts, len(DELAYS)) - 1], jitter), expires_at)


def pause(failures: int, jitter: float) -> timedelta:
    """How long an endpoint is left alone after so many failures in a row, whatever waits for it."""
    return _spread(min(DELAYS[0] * 2 ** min(failures - 1, 16), LONGEST_PAUSE), jitter)


def _spread(delay: timedelta, jitter: float) -> timedelta:
    """Four to six fifths of it."""
    return delay * (0.8 + 0.4 * jitter)
