"""E-mail to people: the kinds there are, who may want each, and when the ones without an event are due.

Owns the names of the kinds, which links in sent mails carry for years, the waiting that puts what happens together
into one mail, and the mornings and marks of digests and reminders. Pure: what happened is read elsewhere.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from ledger.domain.calendar import zone_of
from ledger.domain.lifecycle import CriterionFinding, Party

DIGEST_AT: Final = time(7)
"""When a day's digest is due, by the reader's clock."""
REMINDED: Final = (30, 14, 7, 1)
"""Days before a self-billing agreement ends on which people are reminded."""
REMINDED_AFTER: Final = 30
"""For how many days after its end somebody who was not told is told still."""
_MARKS: Final = 100


class MailKind(StrEnum):
    DIGEST = "digest"
    REFUSALS = "refusals"
    VERDICTS = "verdicts"
    DISPUTES = "disputes"
    DECISIONS = "decisions"
    DOCUMENTS = "documents"
    SELF_BILLING = "self_billing"


MEANT_FOR: Final[Mapping[MailKind, frozenset[str]]] = {
    MailKind.DIGEST: frozenset({"buyer", "supplier"}),
    MailKind.REFUSALS: frozenset({"supplier"}),
    MailKind.VERDICTS: frozenset({"supplier"}),
    MailKind.DISPUTES: frozenset({"buyer", "supplier"}),
    MailKind.DECISIONS: frozenset({"arbiter"}),
    MailKind.DOCUMENTS: frozenset({"buyer", "supplier"}),
    MailKind.SELF_BILLING: frozenset({"finance", "buyer", "supplier"}),
}
"""The roles that each kind is meant for. They get it unless they have switched it off."""

GATHERED_FOR: Final[Mapping[MailKind, timedelta]] = {
    MailKind.DIGEST: timedelta(0),
    MailKind.REFUSALS: timedelta(hours=1),
    MailKind.VERDICTS: timedelta(minutes=15),
    MailKind.DISPUTES: timedelta(minutes=5),
    MailKind.DECISIONS: timedelta(minutes=5),
    MailKind.DOCUMENTS: timedelta(minutes=15),
    MailKind.SELF_BILLING: timedelta(0),
}
"""How long the first of a kind waits for others, so that fifty findings are one mail."""


def digest_of(now: datetime, zone: str) -> tuple[int, datetime]:
    """The day in the zone, as a number, and the instant at which its digest is due."""
    where = zone_of(zone)
    day = now.astimezone(where).date()
    return day.toordinal(), datetime.combine(day, DIGEST_AT, where).astimezone(UTC)


def marks_passed(until: date, days_left: int) -> list[tuple[int, int]]:
    """The marks that an agreement's end has come to: days before, and a number that names end and mark."""
    if days_left < -REMINDED_AFTER:
        return []
    return [(mark, until.toordinal() * _MARKS + mark) for mark in REMINDED if days_left <= mark]


def end_of(number: int) -> date:
    """The end that a mark's number names."""
    return date.fromordinal(number // _MARKS)


def falls_short(payload: Mapping[str, Any]) -> bool:
    """Whether a verdict takes something from the supplier that was not his own word: less than the whole price, or a
    criterion refuted."""
    if payload["by"] == Party.SUPPLIER.value:
        return False
    return (payload["share"] or 0) < 10000 or CriterionFinding.REFUTED.value in payload["criteria"].values()
