"""What happened to an appointment, one sentence a step, with the clause that made it count and the money it moved.

Owns the words; the facts are the events' own. Refuses to tell who exactly acted: parties see parties, not people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from invoices import display as paper
from invoices.words import OUTCOMES
from ledger.domain.lifecycle import EventKind
from ledger.domain.terms import Definition

WHO: Final = {"buyer": "The buyer", "supplier": "The supplier", "prospect": "The prospect", "operator": "The operator"}
FOUND: Final = {
    "attended": "it took place",
    "prospect_no_show": "the prospect did not come",
    "buyer_no_show": "the buyer did not come",
    "both_absent": "nobody came",
    "supplier_fault": "it failed through the supplier",
    "access_failure": "there was no access on site",
    "technical_failure": "it failed for technical reasons",
    "unknown": "nothing was stated",
}
PLAIN: Final[Mapping[EventKind, tuple[str, str | None]]] = {
    EventKind.SUBMITTED: ("The supplier submitted it.", None),
    EventKind.REBOOKED: ("It was booked again after the no-show.", "rebooking"),
    EventKind.NO_SHOW_FINAL: ("It was not booked again in time; the no-show is final.", "rebooking.within"),
    EventKind.DISPUTE_OPENED: ("A dispute was opened.", "dispute"),
    EventKind.DISPUTE_REPLIED: ("The other side replied.", "dispute.reply_window"),
    EventKind.DISPUTE_ESCALATED: ("The dispute went to the arbiter.", "dispute.no_reply"),
    EventKind.DISPUTE_DECIDED: ("The dispute was decided.", None),
    EventKind.DISPUTE_WITHDRAWN: ("The dispute was withdrawn.", None),
    EventKind.REPLACEMENT_ENDED: ("The promise of a replacement ended.", "clawback"),
    EventKind.REPLACEMENT_REVIVED: ("What had replaced it was taken back; a replacement is owed again.", "clawback"),
}
"""Steps that always read the same: the sentence and its clause."""


@dataclass(frozen=True, slots=True)
class Step:
    """`amount` is what the appointment was worth from then on, where the step changed it."""

    at: str
    sentence: str
    clause: str | None
    note: str | None
    amount: int | None


def steps(definition: Definition, events: Sequence[Mapping[str, Any]]) -> list[Step]:
    """The events as sentences, oldest first."""
    return [_step(definition, event) for event in events]


def _step(definition: Definition, event: Mapping[str, Any]) -> Step:
    payload = event["payload"]
    sentence, clause = _said(definition, event["kind"], payload)
    money = payload.get("money") or {}
    note = payload.get("note") or payload.get("reason") or None
    return Step(event["effective_at"], sentence, clause, note, money.get("amount"))


def _said(definition: Definition, kind: str, payload: Mapping[str, Any]) -> tuple[str, str | None]:
    match EventKind(kind):
        case EventKind.RESCHEDULED:
            return f"{_who(payload, 'asked_by')} asked for another time.", "reschedule"
        case EventKind.CANCELLED:
            return f"{_who(payload, 'asked_by')} cancelled it: {_worth(payload)}.", _outcome_clause(payload)
        case EventKind.FOUND:
            minutes = f", {payload['minutes']} minutes together" if payload.get("minutes") else ""
            said = f"The buyer found that {FOUND[payload['attendance']]}{minutes}: {_worth(payload)}."
            return said, _outcome_clause(payload)
        case EventKind.DEEMED:
            silence = definition.verification.silence.value
            return f"Nobody said anything until the deadline: {_worth(payload)}.", f"verification.silence: {silence}"
        case _:
            return PLAIN[EventKind(kind)]


def _who(payload: Mapping[str, Any], name: str) -> str:
    return WHO.get(str(payload.get(name)), "Somebody")


def _worth(payload: Mapping[str, Any]) -> str:
    """What it counts as, where that is more than what was found, and the share of the price that brings."""
    outcome, share = payload.get("outcome"), payload.get("share")
    if outcome is None:
        return "the outcome is open" if share is None else "worth nothing"
    of_the_price = f"{paper.percent(share or 0)} of the price"
    if outcome == payload.get("attendance"):
        return of_the_price
    words = OUTCOMES.get(outcome, outcome)
    return f"{words[0].lower()}{words[1:]}, {of_the_price}"


def _outcome_clause(payload: Mapping[str, Any]) -> str | None:
    return f"outcomes.{payload['outcome']}" if payload.get("outcome") else None
