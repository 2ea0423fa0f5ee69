"""What parties do to an appointment: findings, cancellation, reschedule and rebooking, evidence.

Each takes the appointment in hand first: locks its agreement, settles what has fallen due on it, and only then
judges the command, so that no result depends on when the worker ran. A row of somebody else's is unknown.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Table, func, select, true

from ledger.domain import decisions
from ledger.domain.errors import NotAllowed, Refused, Unknown
from ledger.domain.intake import cap_violations
from ledger.domain.lifecycle import Party, Slot
from ledger.domain.outcome import Findings
from ledger.domain.statements import Said, grade_of
from ledger.services import capacity, cases, private
from ledger.services.cases import Case
from ledger.services.desk import Desk
from ledger.store import tables as t
from ledger.store.types import new_id

CONTACT_ATTEMPT = decisions.CONTACT_ATTEMPT


@dataclass(frozen=True, slots=True)
class Actor:
    """Who commands: a party's key or user (with its organisation) or the operator's staff (without one)."""

    name: str
    party: Party
    organisation_id: UUID | None

    def sees(self, table: Table = t.appointment) -> ColumnElement[bool]:
        """The condition under which a row of the table, which names both parties, is this actor's to see."""
        if self.party is Party.BUYER:
            return table.c.buyer_id == self.organisation_id
        if self.party is Party.SUPPLIER:
            return table.c.supplier_id == self.organisation_id
        return true()


def in_hand(desk: Desk, appointment_id: UUID, actor: Actor, at: datetime) -> Case:
    """The appointment, locked and with everything settled that was due by `at`. Raises `Unknown`."""
    appointment = t.appointment.c
    agreement_id = desk.connection.execute(
        select(appointment.agreement_id).where(appointment.id == appointment_id, actor.sees())
    ).scalar_one_or_none()
    if agreement_id is None:
        raise Unknown("there is no such appointment")
    desk.lock((agreement_id,))
    desk.settle(at, agreement_id=agreement_id)
    desk.take(cases.load(desk.connection, appointment.id == appointment_id))
    return desk.cases[appointment_id]


def give_findings(desk: Desk, case: Case, findings: Findings, actor: Actor, at: datetime) -> None:
    """The buyer's findings at `at`. A second one before the invoice is taken only if it raises the amount."""
    if actor.party is not Party.BUYER:
        raise NotAllowed("findings are the buyer's to give")
    attempts = contact_attempts(desk, case, at)
    event = decisions.found(case.pinned.definition, case.state, findings, at, actor.name, attempts)
    desk.give(case, event)


def contact_attempts(desk: Desk, case: Case, at: datetime) -> int:
    """How many attempts to reach the prospect the buyer has on record since the slot's start."""
    if not case.pinned.definition.attendance.contact_attempts:
        return 0
    evidence = t.evidence_item.c
    query = (
        select(func.count())
        .select_from(t.evidence_item)
        .where(
            evidence.appointment_id == case.id,
            evidence.kind == CONTACT_ATTEMPT,
            evidence.party == Party.BUYER.value,
            evidence.occurred_at >= case.state.slot.starts_at,
            evidence.received_at <= at,
        )
    )
    return int(desk.connection.execute(query).scalar_one())


def cancel(desk: Desk, case: Case, by: Party, actor: Actor, at: datetime, reason: str) -> None:
    """A cancellation before the start; `by` is who asked for it."""
    desk.move(case, decisions.cancelled(case.pinned.definition, case.state, by, actor.party, at, actor.name, reason))


def reschedule(desk: Desk, case: Case, slot: Slot, asked_by: Party, actor: Actor, at: datetime, reason: str) -> None:
    """Another slot: a reschedule or correction while booked, a rebooking after a no-show."""
    definition = case.pinned.definition
    event = decisions.rescheduled(definition, case.state, slot, asked_by, actor.party, at, actor.name, reason)
    _check_caps(desk, case, slot)
    desk.move(case, event)


def _check_caps(desk: Desk, case: Case, slot: Slot) -> None:
    """The caps of the days, weeks and months that the new slot enters; where it is counted already, it stays so."""
    counted = capacity.standing(desk, case.pinned, slot.starts_at, case.state.slot.starts_at)
    broken = tuple(cap_violations(case.pinned.definition, counted))
    if broken:
        raise Refused(broken)


def add_evidence(
    desk: Desk,
    case: Case,
    actor: Actor,
    at: datetime,
    *,
    kind: str,
    occurred_at: datetime,
    content: bytes,
    media_type: str,
    file_name: str | None = None,
    said: Sequence[Said] = (),
) -> UUID:
    """Keeps what somebody says or shows, as it came: one row for each thing said. The first one's id.

    The operator's is independent; a party's is graded by whom it speaks for, and decides nothing where nobody can read
    it.
    """
    if occurred_at > at:
        raise Refused.by("occurred_at", "in_the_future", "evidence cannot be of something that has not happened yet")
    party = Party.OPERATOR if actor.organisation_id is None else actor.party
    kept = [
        keep_evidence(
            desk,
            case,
            at,
            kind=kind,
            party=party,
            actor=actor.name,
            grade=grade_of(party, each),
            verified=party is Party.OPERATOR,
            occurred_at=occurred_at,
            content=content,
            media_type=media_type,
            file_name=file_name,
            said=each,
        )
        for each in said or (None,)
    ]
    if party is Party.OPERATOR:
        weigh(desk, case, at)
    return kept[0]


def keep_evidence(
    desk: Desk,
    case: Case,
    at: datetime,
    *,
    kind: str,
    party: Party,
    actor: str,
    grade: str,
    verified: bool,
    occurred_at: datetime,
    content: bytes,
    media_type: str,
    file_name: str | None = None,
    said: Said | None = None,
    delivery_id: UUID | None = None,
) -> UUID:
    """One row of evidence that reaches the appointment at `at`. `weigh` what is independent, once all of it is kept."""
    evidence_id, key = new_id(), desk.key_of(case)
    desk.add(
        "evidence",
        id=evidence_id,
        appointment_id=case.id,
        buyer_id=case.pinned.buyer_id,
        supplier_id=case.pinned.supplier_id,
        kind=kind,
        party=party.value,
        actor=actor,
        grade=grade,
        verified=verified,
        occurred_at=occurred_at,
        received_at=at,
        media_type=media_type,
        file_name=None if file_name is None else private.sealed_text(key, file_name),
        content=private.sealed_content(key, content),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        delivery_id=delivery_id,
        said=private.participant(key, said),
    )
    return evidence_id


def weigh(desk: Desk, case: Case, at: datetime) -> None:
    """Independent evidence that contradicts the buyer's finding opens a dispute while that can be contested.

    Later, and against silence, it is kept without effect; before there is a verdict it ends nothing early.
    """
    if case.state.contest_at is not None and at < case.state.contest_at:
        desk.flush()
        desk.contradict(case, at)
