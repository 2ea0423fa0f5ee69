"""The one write path: what every command, the batch intake, the history import and the worker go through.

A desk is one unit of work inside one transaction. It holds the appointments in hand, makes moves on them through
`ledger.domain.lifecycle`, prices what accrues, and writes everything in bulk at the end (`flush`). A single command
is a desk with one appointment. It never commits and never reads a clock: `now` is when things are recorded.
Refuses to overwrite an appointment that changed underneath it.
"""

import heapq
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Executable, select

from ledger.domain import attendance, disputes, replacements
from ledger.domain.attendance import Reading
from ledger.domain.decisions import RULE, fallen_due
from ledger.domain.disputes import DisputeKind
from ledger.domain.errors import IllegalMove, VersionMismatch
from ledger.domain.lifecycle import Appointment, CriterionFinding, Event, EventKind, Verdict, apply
from ledger.domain.outcome import Findings
from ledger.services import cases, dispute_rows, private, readings
from ledger.services.accruing import Accruals
from ledger.services.booked import Booked
from ledger.services.cases import Case
from ledger.services.contracts import Pinned
from ledger.services.holding import DISPUTED, Books, Holding
from ledger.services.posting import Accounts, Postings
from ledger.services.replacing import Promises
from ledger.store import tables as t
from ledger.store.bulk import WORTH_COPYING, insert_columns, insert_rows, update_rows
from ledger.store.lookups import line_of_accrual
from ledger.store.prepared import Prepared, among, ids, together
from ledger.store.types import new_id

_LOCK = Prepared(
    select(t.agreement.c.id)
    .where(among(t.agreement.c.id, ids("agreements")))
    .order_by(t.agreement.c.id)
    .with_for_update()
)


class Desk:
    """One unit of work. `now` is the recording time of everything it writes; a `preview` writes nothing at all."""

    def __init__(self, connection: Connection, now: datetime, *, preview: bool = False) -> None:
        self.connection = connection
        self.now = now
        self.preview = preview
        self.cases: dict[UUID, Case] = {}
        self.touched: dict[UUID, Case] = {}
        self.foreseen: list[tuple[UUID, Event]] = []
        """What a preview has let happen, in order."""
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.updates: list[Executable] = []
        self.postings = Postings(connection, Accounts(connection))
        self.accruals = Accruals(connection, now, self.postings, self.add, preview=preview)
        self._evidence: dict[UUID, list[Reading]] = {}
        self._gathered: dict[UUID, list[Reading]] = {}
        self._promises = Promises(connection, self.cases, self.take)
        self._due: list[tuple[datetime, datetime, UUID]] = []
        self._locked: set[UUID] = set()
        self.booked = Booked(connection)

    @property
    def _books(self) -> Books:
        return Books(self.connection, self.now, self.postings, self.accruals, self.add, self.flush, self.preview)

    def lock(self, agreement_ids: Iterable[UUID]) -> None:
        """Locks the agreements, in order, so that whatever moves their money happens one at a time."""
        wanted = sorted(set(agreement_ids) - self._locked)
        self._locked.update(wanted)
        if self.connection.dialect.name == "sqlite":
            return
        for start in range(0, len(wanted), cases.IN_CHUNKS):
            _LOCK.all(self.connection, {"agreements": wanted[start : start + cases.IN_CHUNKS]})

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
        case = Case(new_id(), pinned, reference, apply(None, event), 0, None, channel, source, self.now)
        self.cases[case.id] = case
        self.booked.note(pinned.agreement_id, None, case.state)
        self._record(case, event)
        if _is_due(case.state, event.effective_at):
            self.lock((pinned.agreement_id,))
            self.settle(event.effective_at, agreement_id=pinned.agreement_id)
        return case

    def move(self, case: Case, event: Event) -> None:
        """Makes a move, with the accrual that it brings about and what it does to a promised replacement.

        A window of zero that begins with it is over at once.
        """
        promised, kept = self._promises.kept_by(case, event), case.state.replaces_id
        if promised is not None:
            event = replacements.replacing(event, promised.id, promised.reference, promised.state)
        self._make(case, event)
        if promised is not None:
            self._make(promised, replacements.kept(promised.state, case.id, case.reference, event.effective_at))
        elif kept is not None and case.state.replaces_id is None:
            self._revive(self._promises.of(kept), event)
        if _is_due(case.state, event.effective_at):
            self.move(case, self._fallen_due(case, event.effective_at))

    def _revive(self, promised: Case, fall: Event) -> None:
        """Opens a promise again because what had kept it fell; where its expiry has passed, it ends at once."""
        at = fall.effective_at
        self._make(promised, replacements.revived(promised.state, fall.payload["dispute"], at))
        if promised.state.replacement_at == at:
            self._make(promised, replacements.expired(promised.state))

    def key_of(self, case: Case) -> str:
        """The key under which what is personal about the appointment is sealed; nobody's, once he is erased."""
        for row in self.rows.get("prospect", ()):
            if row["appointment_id"] == case.id:
                return str(row["salt"])
        return private.key_of(self.connection, case.id) or private.forgotten_key()

    def _make(self, case: Case, event: Event) -> None:
        before = case.state
        if not self.preview and private.writes(event):
            event = private.sealed_event(self.key_of(case), event)
        if event.kind in DISPUTED or ("replaces" in event.payload and before.amount):
            priced = Holding(self._books, case).move(event)
        else:
            priced = self.accruals.price(case, event)
        case.state = apply(before, priced)
        self.booked.note(case.pinned.agreement_id, before, case.state)
        self._record(case, priced)

    def give(self, case: Case, event: Event) -> None:
        """Findings, which a second time are taken only before the invoice and only if they raise the amount."""
        if case.state.verdict is Verdict.GIVEN:
            if event.payload["share"] is None or not self._raises(case, event):
                raise IllegalMove("findings were given before; only better ones are taken", code="findings_given")
            if self.is_invoiced(case.id):
                raise IllegalMove("the appointment is on an invoice already", code="invoiced")
        self.move(case, event)
        self.contradict(case, event.effective_at)

    def gather(self, appointment_ids: Iterable[UUID]) -> None:
        """Reads the evidence of many appointments at once, for a unit of work that itself takes none."""
        wanted = list(appointment_ids)
        self._gathered = {identity: [] for identity in wanted} | readings.gather(self.connection, wanted)

    def contradict(self, case: Case, at: datetime) -> None:
        """Opens the dispute of a finding that independent evidence contradicts; the buyer owes the reply."""
        if case.stored == 0 or case.state.verdict is not Verdict.GIVEN:
            return
        definition, state = case.pinned.definition, case.state
        found = self._gathered.get(case.id)
        if found is None:
            found = readings.gather(self.connection, (case.id,)).get(case.id, [])
        on_record = [reading for reading in found if reading.received_at <= at]
        shown = attendance.shown(definition, state.slot, on_record, at)
        claim = attendance.contradiction(definition, state, shown)
        if claim is not None:
            kind, dispute_id = DisputeKind.CONTRADICTION, str(new_id())
            self.move(case, disputes.opened(definition, state, kind, None, claim, at, RULE, dispute_id))

    def _raises(self, case: Case, event: Event) -> bool:
        """Whether the findings are worth more than what stands, whether that has accrued already or still waits."""
        payload, state = event.payload, case.state
        if state.replaces_id is not None:
            return False
        criteria = {name: CriterionFinding(value) for name, value in payload["criteria"].items()}
        at = event.effective_at
        stands = self.accruals.quote(case, state.criteria, state.share or 0, at).amount
        return self.accruals.quote(case, criteria, payload["share"], at).amount > max(stands, state.amount)

    def is_invoiced(self, appointment_id: UUID) -> bool:
        query = (
            select(t.document_line.c.document_id)
            .join(t.accrual, line_of_accrual())
            .where(t.accrual.c.appointment_id == appointment_id)
            .limit(1)
        )
        return self.connection.execute(query).first() is not None

    def settle(self, until: datetime, *, agreement_id: UUID | None = None) -> int:
        """Lets everything on the desk that is due by `until` (inclusive) happen, in the order of time and submission.

        With `agreement_id`, the agreement's due appointments are fetched first. Returns how many moves were made.
        """
        if agreement_id is not None:
            self.fetch_due(until, (agreement_id,))
        due = self._due_by(until)
        if not due:
            return 0
        self._evidence = readings.gather(self.connection, (case.id for case in due if readings.decide_silence(case)))
        moves = 0
        while self._due and self._due[0][0] <= until:
            due_at, _, identity = heapq.heappop(self._due)
            case = self.cases[identity]
            if case.state.next_due_at != due_at:
                continue
            self.move(case, self._fallen_due(case, due_at))
            moves += 1
        return moves

    def _due_by(self, until: datetime) -> list[Case]:
        """What is due by `until`. Looks at nothing later: a history settles before each of its rows."""
        found = []
        while self._due and self._due[0][0] <= until:
            entry = heapq.heappop(self._due)
            if self.cases[entry[2]].state.next_due_at == entry[0]:
                found.append(entry)
        for entry in found:
            heapq.heappush(self._due, entry)
        return [self.cases[identity] for _, _, identity in found]

    def _fallen_due(self, case: Case, at: datetime) -> Event:
        """What happens by rule at `at`, the appointment's next due instant."""
        definition, state = case.pinned.definition, case.state
        if state.reply_at == at:
            proven = not disputes.needs_evidence(definition, disputes.open_dispute(state)) or dispute_rows.is_proven(
                self.connection, case, at
            )
            return disputes.unanswered(definition, state, proven=proven)
        if state.replacement_at == at:
            return replacements.expired(state)
        event = fallen_due(definition, state, self._proven(case, at))
        assert event is not None, "what is due by the state has an event"
        if event.kind is EventKind.DISPUTE_OPENED:
            dispute_id = disputes.escalated_id(case.id, at)
            return Event(event.kind, at, event.actor, {**event.payload, "dispute": str(dispute_id)})
        return event

    def _proven(self, case: Case, at: datetime) -> Findings | None:
        """What evidence that came before `at` proves without the buyer."""
        received = [reading for reading in self._evidence.get(case.id, ()) if reading.received_at < at]
        return attendance.proven(case.pinned.definition, case.state.slot, received, at) if received else None

    def fetch_due(self, until: datetime, agreement_ids: Iterable[UUID]) -> None:
        """Puts the agreements' appointments on the desk that are due by `until`."""
        appointment, wanted = t.appointment.c, list(agreement_ids)
        for start in range(0, len(wanted), cases.IN_CHUNKS):
            some = wanted[start : start + cases.IN_CHUNKS]
            due = appointment.agreement_id.in_(some) & (appointment.next_due_at <= until)
            if not self.cases:
                self.take(cases.load(self.connection, due))
                continue
            found = self.connection.execute(select(appointment.id).where(due)).scalars()
            self.take(cases.load_many(self.connection, [each for each in found if each not in self.cases]))

    def flush(self) -> None:
        """Writes everything collected. The desk can go on afterwards."""
        assert not self.preview, "a preview writes nothing"
        created = [case for case in self.touched.values() if case.stored == 0]
        # In the order of their unique key, so that two units of work with the same ones wait and do not deadlock.
        created.sort(key=lambda case: (case.pinned.supplier_id, case.reference))
        changed = [case for case in self.touched.values() if case.stored > 0]
        if changed:
            self._update(changed)
        few = 0 < max(len(created), *map(len, self.rows.values()), 0) < WORTH_COPYING
        with together(self.connection) if few else nullcontext():
            if created:
                insert_columns(self.connection, t.appointment, cases.whole(created, self.now))
            for name, rows in self.rows.items():
                insert_rows(self.connection, t.metadata.tables[name], rows)
        for statement in self.updates:
            self.connection.execute(statement)
        self.postings.write()
        self.accruals.write_positions()
        for case in self.touched.values():
            case.stored, case.loaded = case.state.version, case.state
        self.booked.written()
        self.touched, self.rows, self.updates = {}, {}, []

    def forget(self) -> None:
        """Clears the desk after a flush, so that a long unit of work stays small."""
        assert not self.touched, "only a flushed desk can be cleared"
        self.cases.clear()
        self._promises.forget()
        self._due = []
        self.booked.forget()

    def _watch(self, case: Case) -> None:
        due_at = case.state.next_due_at
        if due_at is not None:
            heapq.heappush(self._due, (due_at, case.state.submitted_at, case.id))

    def _record(self, case: Case, event: Event) -> None:
        self.touched[case.id] = case
        self._watch(case)
        self._promises.note(case)
        if self.preview:
            self.foreseen.append((case.id, event))
            return
        self.updates += dispute_rows.changes(case, event, self.add)
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

    def _update(self, changed: list[Case]) -> None:
        """Writes what has changed, the same columns of many appointments at once."""
        alike: dict[tuple[str, ...], tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {}
        for case in changed:
            row = cases.changed(case)
            rows, stored = alike.setdefault(tuple(row), ([], []))
            rows.append(row)
            stored.append({"id": case.id, "version": case.stored})
        for rows, stored in alike.values():
            if update_rows(self.connection, t.appointment, rows, stored) != len(rows):
                raise VersionMismatch("an appointment changed while it was being worked on; try again")


def _is_due(state: Appointment, at: datetime) -> bool:
    return state.next_due_at is not None and state.next_due_at <= at
