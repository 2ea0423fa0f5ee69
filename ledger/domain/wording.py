"""How terms are said in plain English: lengths of time, shares, values, operators, outcomes.

Owns the words that prose, differences and the linter share, so that one thing is called one name everywhere.
Refuses abbreviations and decimals of percent that a share does not have.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from ledger.domain.calendar import zone_of
from ledger.domain.money import format_plain
from ledger.domain.terms import (
    Criterion,
    NoReply,
    Operator,
    Outcome,
    Present,
    Remedy,
    RemedyKind,
    Silence,
    Span,
    Standard,
    Unit,
)

Sentence = tuple[str, str]
"""The path of a term in its document and what it says; one that begins with a hyphen is an item of a list."""
Clause = tuple[str, list[Sentence]]
"""A heading and its sentences."""

OUTCOMES: Final = {
    Outcome.ATTENDED: "The appointment took place",
    Outcome.CUT_SHORT: "Both were there, for less than the minimum time",
    Outcome.PROSPECT_NO_SHOW: "The prospect did not come",
    Outcome.BUYER_NO_SHOW: "The buyer did not come",
    Outcome.BOTH_ABSENT: "Neither came",
    Outcome.SUPPLIER_FAULT: "It failed through the supplier's fault",
    Outcome.ACCESS_FAILURE: "Access was denied on site",
    Outcome.TECHNICAL_FAILURE: "It failed for technical reasons",
    Outcome.CANCELLED_BY_PROSPECT: "The prospect cancelled",
    Outcome.CANCELLED_BY_BUYER: "The buyer cancelled in time",
    Outcome.CANCELLED_BY_BUYER_LATE: "The buyer cancelled late",
    Outcome.CANCELLED_BY_SUPPLIER: "The supplier cancelled",
    Outcome.DISQUALIFIED: "A required criterion was refuted",
}
FOUND: Final = {
    "attended": "the appointment took place",
    "prospect_no_show": "the prospect did not come",
    "buyer_no_show": "the buyer did not come",
    "both_absent": "neither side came",
    "supplier_fault": "it failed through the supplier's fault",
    "access_failure": "access was denied on site",
    "technical_failure": "it failed for technical reasons",
    "unknown": "nobody said who was there",
}
"""Attendance as a party states it: "the buyer found that …"."""
GRADES: Final = {
    "A": "independent of both sides",
    "B": "one side's own, against its interest",
    "C": "one side's own, in its favour: it decides nothing by itself",
}
"""What a grade of evidence means."""
STANDARDS: Final = {
    Standard.ATTESTATION: "a statement is enough",
    Standard.VERBAL_ON_RECORDING: "it must be heard on the recording",
    Standard.DOCUMENT: "it must be shown by a document",
}
PRESENT: Final = {
    Present.DECISION_MAKER: "the decision maker",
    Present.AUTHORISED_CONTACT: "an authorised contact",
    Present.ANY: "anyone",
}
SILENCE: Final = {
    Silence.ACCEPT: "the appointment counts as attended, and every claimed criterion stands",
    Silence.EVIDENCE_THEN_ACCEPT: (
        "what independent (grade A) evidence shows counts; where there is none, the appointment counts as attended, "
        "and every claimed criterion stands"
    ),
    Silence.REJECT: "the appointment is worth nothing, which the supplier may contest",
    Silence.ESCALATE: "the arbiter decides, and nothing is owed until then",
}
NO_REPLY: Final = {
    NoReply.UPHOLD: "the claim of the one who opened the dispute is upheld",
    NoReply.DISMISS: "the dispute is dismissed",
    NoReply.ESCALATE: "the arbiter decides",
}
_UNITS: Final = {
    Unit.MINUTES: "minute",
    Unit.HOURS: "hour",
    Unit.DAYS: "day",
    Unit.BUSINESS_DAYS: "business day",
}


def length(span: Span) -> str:
    """`14 days`, `1 business day`, `no time`."""
    return "no time" if span.is_zero else counted(span.count, _UNITS[span.unit])


def counted(count: int, noun: str) -> str:
    """`1 day`, `2 days`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def percent(basis_points: int) -> str:
    """10000 is `100 %`, 1250 is `12.5 %`, exactly."""
    whole, fraction = divmod(basis_points, 100)
    digits = f"{fraction:02d}".rstrip("0")
    return f"{whole}.{digits} %" if digits else f"{whole} %"


def moment(at: datetime, zone: str) -> str:
    """`Tue 10 Mar 2026, 10:00`, in the zone that the terms count in."""
    local = at.astimezone(zone_of(zone))
    seconds = f":{local:%S}" if local.second else ""
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}{seconds}"


def money(amount: int, currency: str) -> str:
    return f"{currency} {format_plain(amount, currency)}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else "nothing"


def value(item: Any) -> str:
    """A fact's value as people write it: `yes`, `no`, `42`, `“CEO”`."""
    if isinstance(item, bool):
        return "yes" if item else "no"
    return f"“{item}”" if isinstance(item, str) else str(item)


def test(criterion: Criterion) -> str:
    """What the criterion asks of its fact: `is at least 10`."""
    wanted = criterion.value
    items = wanted if isinstance(wanted, tuple) else (wanted,)
    words = [value(item) for item in items]
    return _TESTS[criterion.operator].format(one=words[0], two=words[-1], any=listed(words, "or"))


def remedy(terms: Remedy) -> str:
    if terms.kind is RemedyKind.PARTIAL and terms.share is not None:
        return f"{percent(terms.share)} of the price remains owed"
    if terms.kind is RemedyKind.REPLACEMENT and terms.expires is not None:
        return (
            f"the supplier owes a replacement within {length(terms.expires)} of the decision; after that the amount is "
            "credited"
        )
    return "the amount is credited down to what the claim is worth"


_TESTS: Final = {
    Operator.EQUALS: "is {one}",
    Operator.NOT_EQUALS: "is not {one}",
    Operator.IN: "is {any}",
    Operator.NOT_IN: "is none of {any}",
    Operator.AT_LEAST: "is {one} or more",
    Operator.AT_MOST: "is {one} or less",
    Operator.BETWEEN: "is between {one} and {two}, both included",
    Operator.MATCHES: "matches the pattern {one}",
    Operator.PRESENT: "is given",
    Operator.WITHIN_REGION: "lies within {any}",
}
