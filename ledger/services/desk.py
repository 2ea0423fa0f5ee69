"""The one write path: what every command, the batch intake, the history import and the worker go through.

A desk is one unit of work inside one transaction. It holds the appointments in hand, makes moves on them through
`ledger.domain.lifecycle`, prices what accrues, and writes everything in bulk at the end (`flush`). A single command
is a desk with one appointment. It never commits and never reads a clock: `now` is when things are recorded.
Refuses to overwrite an appointment that changed underneath it.
"""

import heapq
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger.domain.calendar import Period
from ledger.domain.decisions import fallen_due
from ledger.domain.errors import IllegalMove, VersionMismatch
from ledger.domain.journal import AccrualKind, AccrualState, EntryKind
from ledger.domain.lifecycle import Appointment, CriterionFinding, Event, EventKind, Schedule, Verdict, apply
from ledger.domain.outcome import Findings
from ledger.domain.pricing import Quote, quote
from ledger.domain.terms import Outcome
from ledger.services import cases
from ledger.services.cases import Case
from ledger.services.contracts import Pinned
from ledger.services.posting import Accounts, Postings
from ledger.store import tables as t
from ledger.store.bulk import insert_rows
from ledger.store.lookups import line_of_accrual
from ledger.store.types import new_id

Proof = Callable[[Case], Findings | None]
"""What grade A evidence shows about an appointment by its deadline, if anything."""


def nothing_proven(_case: Case) -> Findings | None:
    return None


class Desk:
    """One unit of work. `now` is the recording time of everything it writes; a `preview` writes nothing at all."""

    def __init__(
        self, connection: Connection, now: datetime, *, proof: Proof = nothing_proven, preview: bool = False
    ) -> None:
        self.connection = connection
        self.now = now
        self.preview = preview
        self.cases: dict[UUID, Case] = {}
        self.touched: dict[UUID, Case] = {}
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.postings = Postings(connection, Accounts(connection))
        self._proof = proof
        self._due: list[tuple[datetime, datetime, UUID]] = []
        self._positions: dict[tuple[UUID, int], tuple[int, int]] = {}
        self._locked: set[UUID] = set()
        self._touched_by_agreement: dict[UUID, dict[UUID, Case]] = {}
        self._booked: dict[tuple[UUID, datetime, datetime], int] = {}
        self._booked_keys: dict[UUID, list[tuple[UUID, datetime, datetime]]] = {}

    def lock(self, agreement_ids: Iterable[UUID]) -> None:
        """Locks the agreements, in order, so that whatever moves their money happens one at a time."""
        wanted = sorted(set(agreement_ids) - self._locked)
        self._locked.update(wanted)
        if self.connection.dialect.name == "sqlite":
            return
        agreement = t.agreement.c
        for start in range(0, len(wanted), cases.IN_CHUNKS):
            some = agreement.id.in_(wanted[start : start + cases.IN_CHUNKS])
            self.connection.execute(select(agreement.id).where(some).order_by(agreement.id).with_for_update()).all()

    def take(self, found: Iterable[Case]) -> None:
        """Puts appointments on the desk; one that is there already stays as it is."""
        for case in found:
            if case.id not in self.cases:
                self.cases[case.id] = case
                self._watch(case)

    def add(self, row: str, **values: Any) -> None:
        """Collects a row for the table of this name."""
        self.rows.setdefault(row, []).append(values)

    def open(self, pinned: Pinned, reference: str, event: Event, channel: str | None, source: str | None) -> Case:
        """A new appointment from its first event."""
        case = Case(new_id(), pinned, reference, apply(None, event), 0, None, channel, source)
        self.cases[case.id] = case
        self._recount(case, None)
        self._record(case, event)
        return case

    def move(self, case: Case, event: Event) -> None:
        """Makes a move, with the accrual that it brings about."""
        priced = self._price(case, event)
        before = case.state
        case.state = apply(before, priced)
        self._recount(case, before)
        self._record(case, priced)

    def give(self, case: Case, event: Event) -> None:
        """Findings, which a second time are taken only before the invoice and only if they raise the amount."""
        if case.state.verdict is Verdict.GIVEN:
            if event.payload["share"] is None or not self._raises(case, event):
                raise IllegalMove("findings were given before; only better ones are taken", code="findings_given")
            if self.is_invoiced(case.id):
                raise IllegalMove("the appointment is on an invoice already", code="invoiced")
        self.move(case, event)

    def _raises(self, case: Case, event: Event) -> bool:
        """Whether the findings are worth more than what stands, whether that has accrued already or still waits."""
        payload, state = event.payload, case.state
        criteria = {name: CriterionFinding(value) for name, value in payload["criteria"].items()}
        month = Period.of(event.effective_at, case.pinned.definition.time_zone).number
        stands = self._quote(case, dict(state.criteria), state.share or 0, month).amount
        return self._quote(case, criteria, payload["share"], month).amount > max(stands, state.amount)

    def is_invoiced(self, appointment_id: UUID) -> bool:
        query = (
            select(t.document_line.c.document_id)
            .join(t.accrual, line_of_accrual())
            .where(t.accrual.c.appointment_id == appointment_id)
            .limit(1)
        )
        return self.connection.execute(query).first() is not None

    def booked(self, agreement_id: UUID, start: datetime, end: datetime) -> int:
        """How many of the agreement's slots that are still on start in [start, end), this unit of work included."""
        key = (agreement_id, start, end)
        if key not in self._booked:
            appointment = t.appointment.c
            stored = self.connection.execute(
                select(func.count())
                .select_from(t.appointment)
                .where(
                    appointment.agreement_id == agreement_id,
                    appointment.starts_at >= start,
                    appointment.starts_at < end,
                    appointment.schedule == Schedule.BOOKED.value,
                )
            ).scalar_one()
            here = self._touched_by_agreement.get(agreement_id, {}).values()
            self._booked[key] = stored + sum(
                _is_booked(case.state, start, end) - _is_booked(case.loaded, start, end) for case in here
            )
            self._booked_keys.setdefault(agreement_id, []).append(key)
        return self._booked[key]

    def settle(self, until: datetime, *, agreement_id: UUID | None = None) -> int:
        """Lets everything on the desk that is due by `until` (inclusive) happen, in the order of time and submission.

        With `agreement_id`, the agreement's due appointments are fetched first. Returns how many moves were made.
        """
        if agreement_id is not None:
            self.fetch_due(until, (agreement_id,))
        moves = 0
        while self._due and self._due[0][0] <= until:
            due_at, _, identity = heapq.heappop(self._due)
            case = self.cases[identity]
            if case.state.next_due_at != due_at:
                continue
            event = fallen_due(case.pinned.definition, case.state, self._proof(case))
            assert event is not None, "what is due by the state has an event"
            self.move(case, event)
            moves += 1
        return moves

    def fetch_due(self, until: datetime, agreement_ids: Iterable[UUID]) -> None:
        """Puts the agreements' appointments on the desk that are due by `until`."""
        appointment, wanted = t.appointment.c, list(agreement_ids)
        for start in range(0, len(wanted), cases.IN_CHUNKS):
            some = wanted[start : start + cases.IN_CHUNKS]
            self.take(
                cases.load(self.connection, appointment.agreement_id.in_(some) & (appointment.next_due_at <= until))
            )

    def flush(self) -> None:
        """Writes everything collected. The desk can go on afterwards."""
        assert not self.preview, "a preview writes nothing"
        created = [case for case in self.touched.values() if case.stored == 0]
        changed = [case for case in self.touched.values() if case.stored > 0]
        if created:
            insert_rows(self.connection, t.appointment, [cases.whole(case, self.now) for case in created])
        if changed:
            self._update(changed)
        for name, rows in self.rows.items():
            insert_rows(self.connection, t.metadata.tables[name], rows)
        self.postings.write()
        self._write_positions()
        for case in self.touched.values():
            case.stored, case.loaded = case.state.version, case.state
        self.touched, self.rows, self._touched_by_agreement = {}, {}, {}

    def forget(self) -> None:
        """Clears the desk after a flush, so that a long unit of work stays small."""
        assert not self.touched, "only a flushed desk can be cleared"
        self.cases, self._due = {}, []
        self._booked, self._booked_keys = {}, {}

    def _watch(self, case: Case) -> None:
        due_at = case.state.next_due_at
        if due_at is not None:
            heapq.heappush(self._due, (due_at, case.state.submitted_at, case.id))

    def _recount(self, case: Case, before: Appointment | None) -> None:
        """Keeps the counts of booked slots that were asked for right."""
        for key in self._booked_keys.get(case.pinned.agreement_id, ()):
            self._booked[key] += _is_booked(case.state, key[1], key[2]) - _is_booked(before, key[1], key[2])

    def _record(self, case: Case, event: Event) -> None:
        self.touched[case.id] = case
        self._touched_by_agreement.setdefault(case.pinned.agreement_id, {})[case.id] = case
        self._watch(case)
        if self.preview:
            return
        self.add(
            "appointment_event",
            appointment_id=case.id,
            number=case.state.version,
            buyer_id=case.pinned.buyer_id,
            supplier_id=case.pinned.supplier_id,
            kind=event.kind.value,
            effective_at=event.effective_at,
            recorded_at=self.now,
            actor=event.actor,
            payload=event.payload,
        )

    def _price(self, case: Case, event: Event) -> Event:
        """The event with the money that it brings, if any; the accrual is posted."""
        owed = _owed(case.state, event)
        if owed is None:
            return event
        criteria, share, outcome = owed
        month = Period.of(event.effective_at, case.pinned.definition.time_zone).number
        quoted = self._quote(case, criteria, share, month)
        difference = quoted.amount - case.state.amount
        if difference == 0:
            return event
        assert difference > 0, "what lowers an amount goes through a dispute"
        if case.state.position is None:
            self._take_position(case.pinned.agreement_id, month)
        self._accrue(case, event, quoted, outcome, criteria, month, difference)
        money = {
            "position": quoted.position,
            "month": month,
            "price": quoted.price,
            "share": quoted.share,
            "amount": quoted.amount,
        }
        return Event(event.kind, event.effective_at, event.actor, {**event.payload, "money": money})

    def _quote(self, case: Case, criteria: dict[str, CriterionFinding], share: int, month: int) -> Quote:
        position = case.state.position
        if position is None:
            position = self._next_position(case.pinned.agreement_id, month)
        return quote(case.pinned.agreement.price, criteria, share, position)

    def _next_position(self, agreement_id: UUID, month: int) -> int:
        key = (agreement_id, month)
        if key not in self._positions:
            taken = self.connection.execute(
                select(t.month_position.c.taken).where(
                    t.month_position.c.agreement_id == agreement_id, t.month_position.c.month == month
                )
            ).scalar_one_or_none()
            self._positions[key] = (taken or 0, taken or 0)
        return self._positions[key][1] + 1

    def _take_position(self, agreement_id: UUID, month: int) -> None:
        stored, taken = self._positions[agreement_id, month]
        self._positions[agreement_id, month] = (stored, taken + 1)

    def _write_positions(self) -> None:
        rows = [
            {"agreement_id": agreement_id, "month": month, "taken": taken}
            for (agreement_id, month), (stored, taken) in sorted(self._positions.items())
            if taken > stored
        ]
        if rows:
            dialect = sqlite if self.connection.dialect.name == "sqlite" else postgresql
            statement = dialect.insert(t.month_position)
            self.connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["agreement_id", "month"], set_={"taken": statement.excluded.taken}
                ),
                rows,
            )
        self._positions = {key: (taken, taken) for key, (_, taken) in self._positions.items()}

    def _accrue(
        self,
        case: Case,
        event: Event,
        quoted: Quote,
        outcome: Outcome | None,
        criteria: dict[str, CriterionFinding],
        month: int,
        amount: int,
    ) -> None:
        if self.preview:
            return
        pinned, accrual_id = case.pinned, new_id()
        confirmed = (c.label for c in pinned.definition.criteria if criteria.get(c.id) is CriterionFinding.CONFIRMED)
        self.add(
            "accrual",
            id=accrual_id,
            buyer_id=pinned.buyer_id,
            supplier_id=pinned.supplier_id,
            agreement_id=pinned.agreement_id,
            appointment_id=case.id,
            kind=AccrualKind.OUTCOME.value,
            state=AccrualState.OPEN.value,
            effective_at=event.effective_at,
            recorded_at=self.now,
            month=month,
            position=quoted.position,
            reference=case.reference,
            service_at=case.state.slot.starts_at,
            outcome=None if outcome is None else outcome.value,
            confirmed="\n".join(confirmed),
            definition=pinned.definition.slug,
            definition_version=pinned.definition_version,
            base=quoted.base,
            bonus=quoted.bonus,
            share=quoted.share,
            amount=amount,
            currency=pinned.definition.currency,
            corrects_accrual_id=None,
        )
        self.postings.post(
            EntryKind.ACCRUAL,
            (pinned.supplier_id, pinned.buyer_id, pinned.definition.currency),
            (amount,),
            source_id=accrual_id,
            effective_at=event.effective_at,
            recorded_at=self.now,
            appointment_id=case.id,
        )

    def _update(self, changed: list[Case]) -> None:
        rows = []
        for case in changed:
            row = cases.changing(case)
            rows.append({**row, "case_id": case.id, "stored": case.stored})
        names = [name for name in rows[0] if name not in ("case_id", "stored")]
        statement = (
            update(t.appointment)
            .where(t.appointment.c.id == bindparam("case_id"), t.appointment.c.version == bindparam("stored"))
            .values({name: bindparam(name) for name in names})
        )
        if self.connection.execute(statement, rows).rowcount != len(rows):
            raise VersionMismatch("an appointment changed while it was being worked on; try again")


def _is_booked(state: Appointment | None, start: datetime, end: datetime) -> int:
    return int(state is not None and state.schedule is Schedule.BOOKED and start <= state.slot.starts_at < end)


RULINGS = frozenset({EventKind.FOUND, EventKind.DEEMED, EventKind.CANCELLED})


def _owed(state: Appointment, event: Event) -> tuple[dict[str, CriterionFinding], int, Outcome | None] | None:
    """What the event makes owed now: criteria, share and outcome; None where nothing accrues with it."""
    if event.kind in RULINGS:
        payload = event.payload
        if not payload["share"] or payload["rebooking_at"] is not None:
            return None
        criteria = {name: CriterionFinding(value) for name, value in payload["criteria"].items()}
        return criteria, payload["share"], Outcome(payload["outcome"])
    if event.kind is EventKind.NO_SHOW_FINAL and state.share and not state.disputed:
        return dict(state.criteria), state.share, state.outcome
    return None
