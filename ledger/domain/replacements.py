"""Replacements: which appointment keeps a promise, and what becomes of the promise (rulebook, section 3).

Owns the life of a promise after the decision that made it: kept by the agreement's next attended, qualified
appointment, expired, or open again because what kept it fell. Pure: whoever calls has settled what was due and moves
the money. A promise that comes back keeps the expiry it had; where that has passed it ends in the same instant.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ledger.domain.decisions import RULE
from ledger.domain.lifecycle import Appointment, Event, EventKind, instant
from ledger.domain.terms import Outcome

VERDICTS = frozenset({EventKind.FOUND, EventKind.DEEMED, EventKind.DISPUTE_DECIDED})
"""The events with which an appointment can become attended."""


def becomes_attended(before: Appointment, event: Event) -> bool:
    """Whether the event makes it an attended, qualified appointment for the first time.

    The outcome says both: with a required criterion refuted it is `disqualified`. One that is itself to be replaced
    replaces nothing.
    """
    if event.kind not in VERDICTS or before.replaces_id is not None or before.outcome is Outcome.ATTENDED:
        return False
    return event.payload["outcome"] == Outcome.ATTENDED and event.payload.get("replacement_at") is None


def is_open(promised: Appointment, at: datetime) -> bool:
    """Whether a replacement is owed for it at `at`; at the very instant of the expiry no longer."""
    if promised.replacement_at is None or promised.verdict_at is None:
        return False
    return promised.verdict_at <= at < promised.replacement_at


def oldest(promises: Iterable[tuple[UUID, Appointment]], at: datetime) -> UUID | None:
    """The appointment whose promise is kept first: the one decided first, ties by submission."""
    waiting = [(state.verdict_at, state.submitted_at, each) for each, state in promises if is_open(state, at)]
    return min(waiting)[2] if waiting else None


def replacing(event: Event, promised_id: UUID, reference: str, promised: Appointment) -> Event:
    """The verdict that keeps the promise, which it names: the reason why it is worth nothing."""
    assert promised.dispute is not None, "a promise comes from a dispute"
    promise = {"appointment": str(promised_id), "reference": reference, "dispute": promised.dispute["dispute"]}
    return Event(event.kind, event.effective_at, event.actor, {**event.payload, "replaces": promise})


def kept(promised: Appointment, by: UUID, reference: str, at: datetime) -> Event:
    """The promise is kept by another appointment: what was held is released."""
    payload = {"kept": True, "appointment": str(by), "reference": reference, "expires_at": promised.replacement_at}
    return _ended(promised, at, payload)


def expired(promised: Appointment) -> Event:
    """The promise ran out: what was clawed back is reversed or credited after all."""
    assert promised.replacement_at is not None, "a promise has its expiry"
    return _ended(promised, promised.replacement_at, {"kept": False})


def _ended(promised: Appointment, at: datetime, payload: Mapping[str, Any]) -> Event:
    assert promised.dispute is not None, "a promise comes from a dispute"
    return Event(EventKind.REPLACEMENT_ENDED, at, RULE, {"dispute": promised.dispute["dispute"], **payload})


def revived(promised: Appointment, dispute: str, at: datetime) -> Event:
    """What kept the promise fell by `dispute`, a clawback upheld against it: the promise is open until its expiry."""
    assert promised.dispute is not None, "a promise that was kept is still known"
    expires_at = instant(promised.dispute["expires_at"])
    assert expires_at is not None, "a promise has its expiry"
    payload = {
        "dispute": dispute,
        "appointment": promised.dispute["appointment"],
        "reference": promised.dispute["reference"],
        "replacement_at": max(expires_at, at),
    }
    return Event(EventKind.REPLACEMENT_REVIVED, at, RULE, payload)
