"""One appointment's five axes: the state, the events that move it, and the one table of legal moves.

Owns `Appointment` (a value that never changes), `Event`, `MOVES` and `apply`, the only function that makes a move.
Refuses every event that the table does not allow in the state at hand. Whoever stores an appointment stores
its events too; `replay` must give the stored state back. What time alone brings about (`occurred`, `final`,
the stage) is derived in `stage.py` and never stored.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from ledger.domain.errors import IllegalMove
from ledger.domain.terms import Outcome


class Schedule(StrEnum):
    BOOKED = "booked"
    CANCELLED = "cancelled"


class CriterionFinding(StrEnum):
    CLAIMED = "claimed"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNPROVEN = "unproven"


class Finding(StrEnum):
    """Attendance as a party states it."""

    UNKNOWN = "unknown"
    ATTENDED = "attended"
    PROSPECT_NO_SHOW = "prospect_no_show"
    BUYER_NO_SHOW = "buyer_no_show"
    BOTH_ABSENT = "both_absent"
    SUPPLIER_FAULT = "supplier_fault"
    ACCESS_FAILURE = "access_failure"
    TECHNICAL_FAILURE = "technical_failure"


ABSENCES = frozenset({Finding.PROSPECT_NO_SHOW, Finding.BUYER_NO_SHOW, Finding.BOTH_ABSENT})


class Verdict(StrEnum):
    PENDING = "pending"
    GIVEN = "given"
    DEEMED = "deemed"
    CONTESTED = "contested"
    DECIDED = "decided"


class Party(StrEnum):
    """Who moves an appointment or is said to have asked for it."""

    PROSPECT = "prospect"
    BUYER = "buyer"
    SUPPLIER = "supplier"
    OPERATOR = "operator"
    RULE = "rule"


class EventKind(StrEnum):
    SUBMITTED = "submitted"
    RESCHEDULED = "rescheduled"
    REBOOKED = "rebooked"
    CANCELLED = "cancelled"
    FOUND = "found"
    DEEMED = "deemed"
    NO_SHOW_FINAL = "no_show_final"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_REPLIED = "dispute_replied"
    DISPUTE_ESCALATED = "dispute_escalated"
    DISPUTE_DECIDED = "dispute_decided"
    DISPUTE_WITHDRAWN = "dispute_withdrawn"
    REPLACEMENT_ENDED = "replacement_ended"
    REPLACEMENT_REVIVED = "replacement_revived"
    CREDITED = "credited"


class Slot(NamedTuple):
    """Half-open, aware UTC. This, `Event` and `Appointment` are named tuples, which a history makes by the million."""

    starts_at: datetime
    ends_at: datetime


class Event(NamedTuple):
    """What happened, when it counts from, and who said so. The payload is JSON with instants as RFC 3339."""

    kind: EventKind
    effective_at: datetime
    actor: str
    payload: Mapping[str, Any]


class Appointment(NamedTuple):
    """The five axes with the deadlines that run. Amounts are minor units of the definition's currency.

    `amount` is charges − credits; `held` the part of it that an open dispute keeps from being invoiced, `credited`
    what finance gave back outside disputes: it stays given back, whatever is decided later.
    `claims` says for each criterion whether the supplier's facts meet it (None: no fact). `counted_start` is the start
    from which the next change of it is measured. `dispute` is the essence of the open dispute, or of the promise that
    came of one (the payload of the event that made it so); `decided` are the facts that were conceded or decided and
    are closed. `replaces_id` is the appointment whose promise this one keeps, `replaced_by_id` the one that kept ours.
    """

    submitted_at: datetime
    slots: tuple[Slot, ...]
    claims: Mapping[str, bool | None]
    criteria: Mapping[str, CriterionFinding]
    schedule: Schedule = Schedule.BOOKED
    attendance: Finding = Finding.UNKNOWN
    minutes: int | None = None
    verdict: Verdict = Verdict.PENDING
    verdict_by: str | None = None
    verdict_at: datetime | None = None
    outcome: Outcome | None = None
    share: int | None = None
    position: int | None = None
    price: int | None = None
    amount: int = 0
    held: int = 0
    credited: int = 0
    reschedules: int = 0
    rebookings: int = 0
    counted_start: datetime | None = None
    findings_at: datetime | None = None
    rebooking_at: datetime | None = None
    contest_at: datetime | None = None
    clawback_at: datetime | None = None
    reply_at: datetime | None = None
    decision_at: datetime | None = None
    replacement_at: datetime | None = None
    replaces_id: UUID | None = None
    replaced_by_id: UUID | None = None
    dispute: Mapping[str, Any] | None = None
    decided: tuple[str, ...] = ()
    version: int = 1

    @property
    def slot(self) -> Slot:
        return self.slots[-1]

    @property
    def disputed(self) -> bool:
        return self.verdict is Verdict.CONTESTED

    @property
    def next_due_at(self) -> datetime | None:
        """The next instant at which something happens by rule, whoever watches."""
        due = self.findings_at if self.verdict is Verdict.PENDING else self.rebooking_at
        for at in (self.reply_at, self.replacement_at):
            if at is not None and (due is None or at < due):
                due = at
        return due


PENDING = frozenset({Verdict.PENDING})
GIVEN = frozenset({Verdict.GIVEN})
SETTLED = frozenset({Verdict.GIVEN, Verdict.DEEMED, Verdict.DECIDED})
CONTESTED = frozenset({Verdict.CONTESTED})

MOVES: Mapping[EventKind, tuple[frozenset[Schedule], frozenset[Verdict]]] = {
    EventKind.RESCHEDULED: (frozenset({Schedule.BOOKED}), PENDING),
    EventKind.REBOOKED: (frozenset({Schedule.BOOKED}), SETTLED),
    EventKind.CANCELLED: (frozenset({Schedule.BOOKED}), PENDING),
    EventKind.FOUND: (frozenset({Schedule.BOOKED}), PENDING | GIVEN),
    EventKind.DEEMED: (frozenset({Schedule.BOOKED}), PENDING),
    EventKind.NO_SHOW_FINAL: (frozenset({Schedule.BOOKED}), SETTLED | CONTESTED),
    EventKind.DISPUTE_OPENED: (frozenset(Schedule), PENDING | SETTLED),
    EventKind.DISPUTE_REPLIED: (frozenset(Schedule), CONTESTED),
    EventKind.DISPUTE_ESCALATED: (frozenset(Schedule), CONTESTED),
    EventKind.DISPUTE_DECIDED: (frozenset(Schedule), CONTESTED),
    EventKind.DISPUTE_WITHDRAWN: (frozenset(Schedule), CONTESTED),
    EventKind.REPLACEMENT_ENDED: (frozenset(Schedule), SETTLED),
    EventKind.REPLACEMENT_REVIVED: (frozenset(Schedule), SETTLED),
    EventKind.CREDITED: (frozenset(Schedule), SETTLED),
}
"""For each event that moves an existing appointment: the schedules and the verdicts it may start from."""


def allowed(state: Appointment, kind: EventKind) -> bool:
    move = MOVES.get(kind)
    return move is not None and state.schedule in move[0] and state.verdict in move[1]


def apply(state: Appointment | None, event: Event) -> Appointment:
    """The state after `event`. Raises `IllegalMove` where the table of moves does not allow it."""
    if event.kind is EventKind.SUBMITTED:
        if state is not None:
            raise IllegalMove("an appointment is submitted once", code="already_submitted")
        return _submitted(event)
    if state is None or not allowed(state, event.kind):
        where = "nothing" if state is None else f"{state.schedule}, verdict {state.verdict}"
        raise IllegalMove(f"{event.kind} is not possible while the appointment is {where}", code="illegal_transition")
    changed: dict[str, Any] = _CHANGES[event.kind](state, event)
    money = event.payload.get("money")
    if money is not None:
        changed.update(
            {
                name: money[name]
                for name in ("position", "price", "share", "amount", "held", "credited")
                if name in money
            }
        )
    return state._replace(**changed, version=state.version + 1)


def replay(events: Iterable[Event]) -> Appointment:
    """The state that the events lead to. Raises `IllegalMove` at the first that the table refuses."""
    state: Appointment | None = None
    for event in events:
        state = apply(state, event)
    if state is None:
        raise IllegalMove("an appointment without events", code="no_events")
    return state


def instant(value: datetime | str | None) -> datetime | None:
    """An instant of a payload, which holds datetimes when it is made and RFC 3339 when it was stored."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _slot(value: Any) -> Slot:
    starts_at, ends_at = instant(value[0]), instant(value[1])
    assert starts_at is not None and ends_at is not None
    return Slot(starts_at, ends_at)


def _submitted(event: Event) -> Appointment:
    payload = event.payload
    claims, slot = payload["claims"], _slot(payload["slot"])
    return Appointment(
        submitted_at=event.effective_at,
        slots=(slot,),
        counted_start=slot.starts_at,
        claims=claims,
        criteria=_claimed(claims),
        findings_at=instant(payload["findings_at"]),
    )


def _claimed(claims: Mapping[str, bool | None]) -> dict[str, CriterionFinding]:
    return {
        name: CriterionFinding.UNPROVEN if met is None else CriterionFinding.CLAIMED for name, met in claims.items()
    }


def _rescheduled(state: Appointment, event: Event) -> dict[str, Any]:
    slot, counts = _slot(event.payload["slot"]), event.payload["counts"]
    return {
        "slots": (*state.slots, slot),
        "reschedules": state.reschedules + (1 if counts else 0),
        "counted_start": slot.starts_at if counts else state.counted_start,
        "findings_at": instant(event.payload["findings_at"]),
    }


def _rebooked(state: Appointment, event: Event) -> dict[str, Any]:
    """The criteria stay as they were found: a rebooked slot that is cancelled restores the no-show with them.

    Who came to the new slot is another fact than who came to the old one, whatever was decided about that.
    """
    slot = _slot(event.payload["slot"])
    return {
        "slots": (*state.slots, slot),
        "rebookings": state.rebookings + 1,
        "decided": tuple(fact for fact in state.decided if fact != "attendance"),
        "counted_start": slot.starts_at,
        "findings_at": instant(event.payload["findings_at"]),
        "attendance": Finding.UNKNOWN,
        "minutes": None,
        "verdict": Verdict.PENDING,
        "verdict_by": None,
        "verdict_at": None,
        "outcome": None,
        "share": None,
        "rebooking_at": None,
        "contest_at": None,
        "clawback_at": None,
    }


def _ruled(verdict: Verdict) -> Callable[[Appointment, Event], dict[str, Any]]:
    """A verdict comes in: its findings, what they are worth and the windows that begin to run."""

    def change(state: Appointment, event: Event) -> dict[str, Any]:
        payload = event.payload
        outcome = payload["outcome"]
        return {
            "attendance": Finding(payload["attendance"]),
            "minutes": payload["minutes"],
            "criteria": {name: CriterionFinding(value) for name, value in payload["criteria"].items()},
            "verdict": verdict,
            "verdict_by": payload["by"],
            "verdict_at": event.effective_at,
            "outcome": None if outcome is None else Outcome(outcome),
            "share": payload["share"],
            "findings_at": None,
            "rebooking_at": instant(payload["rebooking_at"]),
            "contest_at": instant(payload["contest_at"]),
            "clawback_at": instant(payload["clawback_at"]),
            "replaces_id": _replaced(state, payload),
        }

    return change


def _replaced(state: Appointment, payload: Mapping[str, Any]) -> UUID | None:
    """The appointment whose promise this one keeps with the verdict: a new one, the one so far, or none any more."""
    if payload.get("revives"):
        return None
    return UUID(payload["replaces"]["appointment"]) if "replaces" in payload else state.replaces_id


def _cancelled(state: Appointment, event: Event) -> dict[str, Any]:
    return {**_ruled(Verdict.GIVEN)(state, event), "schedule": Schedule.CANCELLED}


def _no_show_final(state: Appointment, event: Event) -> dict[str, Any]:
    return {"rebooking_at": None}


def _dispute_opened(state: Appointment, event: Event) -> dict[str, Any]:
    return {
        "verdict": Verdict.CONTESTED,
        "dispute": event.payload,
        "findings_at": None,
        "reply_at": instant(event.payload["reply_at"]),
        "decision_at": instant(event.payload["decision_at"]),
    }


def _dispute_moved(state: Appointment, event: Event) -> dict[str, Any]:
    return {"reply_at": None, "decision_at": instant(event.payload["decision_at"])}


def _dispute_decided(state: Appointment, event: Event) -> dict[str, Any]:
    return {
        **_ruled(Verdict.DECIDED)(state, event),
        "dispute": state.dispute if event.payload.get("replacement_at") else None,
        "decided": tuple(sorted({*state.decided, *event.payload["facts"]})),
        "reply_at": None,
        "decision_at": None,
        "replacement_at": instant(event.payload.get("replacement_at")),
    }


def _dispute_withdrawn(state: Appointment, event: Event) -> dict[str, Any]:
    """The payload repeats the verdict that the dispute had put in question."""
    payload = event.payload
    return {
        **_ruled(Verdict(payload["verdict"]))(state, event),
        "verdict_at": instant(payload["verdict_at"]),
        "dispute": None,
        "reply_at": None,
        "decision_at": None,
    }


def _replacement_ended(state: Appointment, event: Event) -> dict[str, Any]:
    """A promise that was kept stays known, since it comes back if what kept it falls."""
    by = event.payload.get("appointment")
    return {
        "replacement_at": None,
        "replaced_by_id": None if by is None else UUID(by),
        "dispute": None if by is None else event.payload,
    }


def _replacement_revived(state: Appointment, event: Event) -> dict[str, Any]:
    expires_at = instant(event.payload["replacement_at"])
    return {"replacement_at": expires_at, "replaced_by_id": None, "dispute": event.payload}


def _credited(state: Appointment, event: Event) -> dict[str, Any]:
    """Money alone moves: what was found stays found."""
    return {}


_CHANGES: Mapping[EventKind, Callable[[Appointment, Event], dict[str, Any]]] = {
    EventKind.RESCHEDULED: _rescheduled,
    EventKind.REBOOKED: _rebooked,
    EventKind.CANCELLED: _cancelled,
    EventKind.FOUND: _ruled(Verdict.GIVEN),
    EventKind.DEEMED: _ruled(Verdict.DEEMED),
    EventKind.NO_SHOW_FINAL: _no_show_final,
    EventKind.DISPUTE_OPENED: _dispute_opened,
    EventKind.DISPUTE_REPLIED: _dispute_moved,
    EventKind.DISPUTE_ESCALATED: _dispute_moved,
    EventKind.DISPUTE_DECIDED: _dispute_decided,
    EventKind.DISPUTE_WITHDRAWN: _dispute_withdrawn,
    EventKind.REPLACEMENT_ENDED: _replacement_ended,
    EventKind.REPLACEMENT_REVIVED: _replacement_revived,
    EventKind.CREDITED: _credited,
}
