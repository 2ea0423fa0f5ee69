"""Where an issued document stands: accepted or queried by the supplier, credited, paid, and when it is due.

Pure: the rows of what happened come in, nothing about a document is stored as its state (rulebook, section 6). Silence
accepts at `accept_by`; a query stops the due date until it is withdrawn, or answered by a credit note.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from ledger.domain.calendar import local_date
from ledger.domain.errors import IllegalMove, Refused, WindowClosed


class Position(StrEnum):
    """What a supplier says of a self-billed document."""

    ACCEPT = "accept"
    QUERY = "query"
    WITHDRAW = "withdraw"


class Acceptance(StrEnum):
    OPEN = "open"
    QUERIED = "queried"
    ACCEPTED = "accepted"


class DocumentState(StrEnum):
    """What people see, the first that is true in the order `credited`, `paid`, `queried`, `accepted`, `issued`."""

    ISSUED = "issued"
    ACCEPTED = "accepted"
    QUERIED = "queried"
    CREDITED = "credited"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class Response:
    position: Position
    at: datetime


def acceptance(
    accept_by: datetime | None, responses: Sequence[Response], credited_at: Iterable[datetime], now: datetime
) -> Acceptance | None:
    """How the supplier stands to the document; None where it is not for him to accept (a statement)."""
    if accept_by is None:
        return None
    last = responses[-1] if responses else None
    if last is not None and last.position is Position.ACCEPT:
        return Acceptance.ACCEPTED
    if last is not None and last.position is Position.QUERY and not any(at >= last.at for at in credited_at):
        return Acceptance.QUERIED
    return Acceptance.ACCEPTED if now >= accept_by else Acceptance.OPEN


def check_response(
    position: Position,
    message: str | None,
    accept_by: datetime | None,
    responses: Sequence[Response],
    credited_at: Iterable[datetime],
    now: datetime,
) -> None:
    """Raises the refusal of what cannot be said now."""
    stands = acceptance(accept_by, responses, credited_at, now)
    if stands is None:
        raise IllegalMove("only a self-billed document is accepted or queried", code="not_self_billed")
    if position is Position.WITHDRAW:
        if stands is not Acceptance.QUERIED:
            raise IllegalMove("there is no open query to withdraw", code="not_queried")
        return
    if stands is Acceptance.ACCEPTED:
        if any(response.position is Position.ACCEPT for response in responses):
            raise IllegalMove("the document is accepted", code="accepted")
        raise WindowClosed("the time to answer is over; silence has accepted the document")
    if position is Position.QUERY:
        if stands is Acceptance.QUERIED:
            raise IllegalMove("the document is queried already", code="queried")
        if not (message or "").strip():
            raise Refused.by("message", "message_needed", "a query says what is wrong")


def due_on(due: date, responses: Sequence[Response], credited_at: Sequence[datetime], zone: str) -> date | None:
    """The due date, moved by every day that a query stopped it; None while one does. `zone` is the buyer's."""
    stopped = timedelta()
    for place, response in enumerate(responses):
        if response.position is not Position.QUERY:
            continue
        ends = [later.at for later in responses[place + 1 : place + 2]]
        ends += [at for at in credited_at if at >= response.at]
        if not ends:
            return None
        stopped += local_date(min(ends), zone) - local_date(response.at, zone)
    return due + stopped


@dataclass(frozen=True, slots=True)
class Sums:
    """Minor units. `claimed` is what issuing it (or the supplier's own invoice) made payable, None if nothing has yet;
    `credited` is what credit notes took back of that, `paid` payments less what came back."""

    claimed: int | None
    credited: int
    paid: int

    @property
    def open(self) -> int:
        """What is left to pay; below zero, what was paid too much."""
        return (self.claimed or 0) - self.credited - self.paid
