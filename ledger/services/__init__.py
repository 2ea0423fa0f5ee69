"""The services: one function a command. They take `(connection, …, now)`, read no clock and never commit.

A refusal that a service raises undoes the whole unit of work. Where something must stay although the answer is no
(the settlement of what was due, the record of a refused submission), the service says so with `Kept`.
"""

from collections.abc import Callable
from types import TracebackType

from ledger.domain.errors import Refusal


class Kept(Exception):
    """The answer is no, and what was written until here stays: whoever opened the unit of work commits it first."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(str(refusal))


class keeping:  # noqa: N801 - reads as a phrase: `with keeping(desk.flush): ...`
    """A refusal raised in here keeps what was written before; the block itself only decides, it writes nothing.

    `first` is called on the way out of a refusal, to write what was only collected.
    """

    def __init__(self, first: Callable[[], object] | None = None) -> None:
        self._first = first

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, Refusal):
            if self._first is not None:
                self._first()
            raise Kept(error) from error
