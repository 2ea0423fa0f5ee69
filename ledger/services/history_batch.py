"""One batch of a history: its actions in the order of time, on one desk, inside one transaction.

Owns what a row's submission and outcome become, and how both are known again when the file is taken in once more: a
submission by its reference, instant and slot, a refusal by its source, an outcome by its instant. What was decided
before is never judged anew, since the books have moved on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select

from ledger.domain.errors import FieldError, IllegalMove, Malformed, Refusal, Refused, Violation, WindowClosed
from ledger.domain.intake import Submission
from ledger.domain.lifecycle import CriterionFinding, Finding, Party, Slot, Verdict
from ledger.domain.outcome import Findings
from ledger.domain.terms import CriterionKind, Outcome
from ledger.services import cases, commands, contracts
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.contracts import Pinned, Timeline
from ledger.services.desk import Desk
from ledger.services.duplicates import Digests
from ledger.services.history_parties import ACTOR, Prepared
from ledger.services.history_rows import HistoryRow, slot_of, submission
from ledger.services.history_staging import OUTCOME, SUBMISSION, Action
from ledger.services.intake import IntakeDesk, NotTaken, used
from ledger.store import tables as t

MOST_WAITING = 20_000
"""How many appointments are kept in memory between batches; more are read again when their turn comes."""
BUYER, SUPPLIER = Actor(ACTOR, Party.BUYER, None), Actor(ACTOR, Party.SUPPLIER, None)
CANCELLATIONS = {
    Outcome.CANCELLED_BY_PROSPECT: (Party.PROSPECT, BUYER),
    Outcome.CANCELLED_BY_BUYER: (Party.BUYER, BUYER),
    Outcome.CANCELLED_BY_BUYER_LATE: (Party.BUYER, BUYER),
    Outcome.CANCELLED_BY_SUPPLIER: (Party.SUPPLIER, SUPPLIER),
}
"""For each outcome that is a cancellation: who asked, and who is taken to have said so."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken (`stage` submission), or whose outcome was not (`stage` outcome)."""

    row: HistoryRow
    stage: str
    violations: tuple[Violation, ...]


class _New(NamedTuple):
    """A submission that nobody has judged yet."""

    pinned: Pinned
    submission: Submission
    digests: Digests


@dataclass(slots=True)
class Batch:
    """Does what the actions ask for and counts it; `refused` is certain once the transaction is committed."""

    connection: Connection
    prepared: Prepared
    secret: bytes
    now: datetime
    taken: int = 0
    known: int = 0
    outcomes: int = 0
    settled: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    _found: dict[tuple[UUID, str], UUID] = field(default_factory=dict)
    _linked: dict[tuple[UUID, str], tuple[datetime, Slot]] = field(default_factory=dict)
    _new: dict[int, _New | Refusal] = field(default_factory=dict)
    _refusing: set[UUID] = field(default_factory=set)
    _refused_before: dict[tuple[UUID, str], tuple[Violation, ...]] = field(default_factory=dict)
    _concluded: set[tuple[UUID, datetime]] = field(default_factory=set)

    def take(self, actions: list[Action], waiting: Mapping[UUID, Case]) -> dict[UUID, Case]:
        """All actions. `waiting` are appointments of earlier batches whose outcome is to come; returned are those of
        this one and them that still wait."""
        desk = Desk(self.connection, self.now)
        pairs = self.prepared.pairs.values()
        intake = IntakeDesk(desk, self.secret, {pair.buyer_id: pair.buyer_country for pair in pairs})
        agreements = {pair.agreement_id for pair in pairs}
        desk.lock(agreements)
        desk.take(waiting.values())
        self._load(desk, actions)
        self._read(intake, actions)
        desk.fetch_due(min(actions[-1].at, self.now), agreements)
        desk.gather(self._concluding(actions))
        for action in actions:
            self.settled += desk.settle(min(action.at, self.now))
            try:
                self._check_past(action)
                if action.kind == SUBMISSION:
                    self._submit(desk, intake, action)
                else:
                    self._conclude(desk, action)
            except Refusal as refusal:
                self._refuse(action, violations_of(refusal))
        desk.flush()
        still = {case.id: case for case in desk.cases.values() if case.state.verdict is Verdict.PENDING}
        return still if len(still) <= MOST_WAITING else {}

    def _timeline(self, action: Action) -> Timeline:
        """Whose row it is. Raises `Refused` for a pair that cannot have an agreement."""
        pair = action.row.cells["supplier"], action.row.cells["buyer"]
        if pair in self.prepared.unusable:
            raise Refused([self.prepared.unusable[pair]])
        return self.prepared.pairs[pair]

    def _usable(self, actions: Iterable[Action]) -> Iterable[tuple[Action, Timeline]]:
        for action in actions:
            pair = action.row.cells["supplier"], action.row.cells["buyer"]
            if pair in self.prepared.pairs:
                yield action, self.prepared.pairs[pair]

    def _concluding(self, actions: list[Action]) -> Iterable[UUID]:
        """The stored appointments whose outcome comes."""
        for action, timeline in self._usable(actions):
            identity = self._found.get((timeline.supplier_id, action.row.cells["reference"]))
            if action.kind == OUTCOME and identity is not None:
                yield identity

    def _load(self, desk: Desk, actions: list[Action]) -> None:
        """Puts on the desk what the actions speak of, and finds out what earlier imports decided about it."""
        for case in desk.cases.values():
            self._found[case.pinned.supplier_id, case.reference] = case.id
        references: dict[UUID, dict[str, None]] = {}
        submitting: dict[UUID, list[Action]] = {}
        for action, timeline in self._usable(actions):
            reference = action.row.cells["reference"]
            if (timeline.supplier_id, reference) not in self._found:
                references.setdefault(timeline.supplier_id, {})[reference] = None
                if action.kind == SUBMISSION:
                    submitting.setdefault(timeline.supplier_id, []).append(action)
        event = t.appointment_event.c
        ruled: set[UUID] = set()
        for supplier_id, wanted in references.items():
            known = used(self.connection, supplier_id, list(wanted))
            for case in self._referred_to(supplier_id, known) if known else ():
                desk.take((case,))
                self._found[supplier_id, case.reference] = case.id
                if case.state.verdict is not Verdict.PENDING or case.state.rebookings:
                    ruled.add(case.id)
        self._load_refusals(submitting)
        for ids in _portions(ruled):
            by_import: ColumnElement[bool] = (event.actor == ACTOR) & (event.number > 1)
            decided = select(event.appointment_id, event.effective_at).where(event.appointment_id.in_(ids), by_import)
            self._concluded.update((row.appointment_id, row.effective_at) for row in self.connection.execute(decided))

    def _load_refusals(self, submitting: Mapping[UUID, list[Action]]) -> None:
        """What earlier imports refused of these submissions; of most suppliers they refused nothing."""
        refusal = t.intake_refusal.c
        refused = select(refusal.supplier_id).distinct().where(refusal.source_key.is_not(None))
        for suppliers in _portions(submitting):
            self._refusing.update(self.connection.scalars(refused.where(refusal.supplier_id.in_(suppliers))))
        for supplier_id in self._refusing:
            for sources in _portions(map(_source, submitting[supplier_id])):
                found = select(refusal.source_key, refusal.violations).where(
                    refusal.supplier_id == supplier_id, refusal.source_key.in_(sources)
                )
                for source, broken in self.connection.execute(found):
                    self._refused_before[supplier_id, source] = tuple(Violation(**each) for each in broken)

    def _referred_to(self, supplier_id: UUID, known: Mapping[str, UUID]) -> list[Case]:
        """The appointments of these references, those too that were linked to an earlier one."""
        found = cases.load_many(self.connection, dict.fromkeys(known.values()))
        own, linked = {case.reference for case in found}, t.linked_reference.c
        for some in _portions(known.keys() - own):
            query = select(t.linked_reference).where(linked.supplier_id == supplier_id, linked.reference.in_(some))
            for row in self.connection.execute(query):
                self._found[supplier_id, row.reference] = row.appointment_id
                self._linked[supplier_id, row.reference] = row.submitted_at, Slot(row.starts_at, row.ends_at)
        return found

    def _is_submission_of(self, case: Case, action: Action) -> bool:
        """Whether the row is the appointment's own, not another one under the same reference."""
        own = case.state.submitted_at, case.state.slots[0]
        known = self._linked.get((case.pinned.supplier_id, action.row.cells["reference"]), own)
        return known == (action.submitted_at, slot_of(action.row))

    def _read(self, intake: IntakeDesk, actions: list[Action]) -> None:
        """Reads the submissions that are new, and tells the intake whom it is going to see."""
        wanted = []
        for action, timeline in self._usable(actions):
            reference = action.row.cells["reference"]
            if action.kind != SUBMISSION or (timeline.supplier_id, reference) in self._found:
                continue
            try:
                pinned = contracts.counting(self.connection, timeline, action.at)
                read = submission(action.row, pinned.definition)
            except Refusal as refusal:
                self._new[action.row.line] = refusal
                continue
            digests = intake.digests(pinned.buyer_id, read.prospect)
            self._new[action.row.line] = _New(pinned, read, digests)
            if digests:
                wanted.append((pinned, reference, digests))
        if wanted:
            intake.prefetch(wanted, actions[0].at, until=actions[-1].at)

    def _check_past(self, action: Action) -> None:
        """A history tells of what has been: nothing falls silent, counts or is found before its time has come."""
        if action.at > self.now:
            column = "submitted_at" if action.kind == SUBMISSION else "outcome_at"
            raise Refused.by(column, "in_the_future", "a history tells of no time to come")

    def _submit(self, desk: Desk, intake: IntakeDesk, action: Action) -> None:
        timeline, reference = self._timeline(action), action.row.cells["reference"]
        identity = self._found.get((timeline.supplier_id, reference))
        if identity is not None:
            if not self._is_submission_of(desk.cases[identity], action):
                raise Refused.by("reference", "duplicate_reference", f"reference {reference!r} was submitted before")
            self.known += 1
            return
        source = _source(action)
        if timeline.supplier_id in self._refusing and (timeline.supplier_id, source) in self._refused_before:
            self._refuse(action, self._refused_before[timeline.supplier_id, source])
            return
        new = self._new[action.row.line]
        if isinstance(new, Refusal):
            raise new
        result = intake.submit(new.pinned, new.submission, action.at, ACTOR, digests=new.digests, source_key=source)
        if isinstance(result, NotTaken):
            self._refuse(action, result.violations)
        else:
            self._found[timeline.supplier_id, reference] = result.case.id
            if result.case.reference != reference:
                self._linked[timeline.supplier_id, reference] = action.at, new.submission.slot
            self.taken += 1

    def _conclude(self, desk: Desk, action: Action) -> None:
        if action.at < action.submitted_at:
            raise Refused.by("outcome_at", "outcome_before_submission", "the outcome is older than the submission")
        try:
            timeline = self._timeline(action)
        except Refused:
            return  # its submission was refused for that, and that is told
        identity = self._found.get((timeline.supplier_id, action.row.cells["reference"]))
        if identity is None or not self._is_submission_of(desk.cases[identity], action):
            return  # as before
        if (identity, action.at) in self._concluded:
            return
        case, outcome = desk.cases[identity], Outcome(action.row.cells["outcome"])
        if outcome in CANCELLATIONS:
            asked, stated = CANCELLATIONS[outcome]
            commands.cancel(desk, case, asked, stated, action.at, "")
        else:
            findings = findings_of(outcome, case.pinned)
            commands.give_findings(desk, case, findings, BUYER, action.at)
        self._concluded.add((identity, action.at))
        self.outcomes += 1

    def _refuse(self, action: Action, violations: tuple[Violation, ...]) -> None:
        stage = "submission" if action.kind == SUBMISSION else "outcome"
        self.refused.append(RefusedRow(action.row, stage, violations))


def _source(action: Action) -> str:
    """What makes the refusal of a row the same when the file is taken in again."""
    cells = action.row.cells
    return f"import:{cells['buyer']}:{cells['reference']}:{action.at.isoformat()}:{cells['starts_at']}"


def _portions(wanted: Iterable[Any]) -> Iterable[list[Any]]:
    """What is wanted, as much at a time as one statement names."""
    every = list(wanted)
    for start in range(0, len(every), cases.IN_CHUNKS):
        yield every[start : start + cases.IN_CHUNKS]


def findings_of(outcome: Outcome, pinned: Pinned) -> Findings:
    """An outcome that is no cancellation, as the findings that lead to it. Raises `IllegalMove` where none do."""
    definition = pinned.definition
    if outcome is Outcome.CUT_SHORT:
        minimum = definition.attendance.minimum_minutes
        if minimum == 0:
            raise IllegalMove("without minimum minutes nothing is cut short", code="outcome_not_possible")
        return Findings(Finding.ATTENDED, minimum - 1)
    if outcome is Outcome.DISQUALIFIED:
        required = [c.id for c in definition.criteria if c.kind is CriterionKind.REQUIRED]
        if not required:
            raise IllegalMove("without required criteria nobody is disqualified", code="outcome_not_possible")
        return Findings(Finding.ATTENDED, criteria=dict.fromkeys(required, CriterionFinding.REFUTED))
    return Findings(Finding(outcome.value))


def as_violations(errors: Iterable[FieldError]) -> tuple[Violation, ...]:
    """Faults of a row as broken clauses: the column stands for the clause."""
    return tuple(Violation(error.pointer.lstrip("/") or "row", "malformed", error.detail) for error in errors)


def violations_of(refusal: Refusal) -> tuple[Violation, ...]:
    """Any refusal as broken clauses."""
    if isinstance(refusal, Malformed):
        return as_violations(refusal.errors)
    if isinstance(refusal, Refused):
        return refusal.violations
    clause = "verification.window" if isinstance(refusal, WindowClosed) else "outcome"
    return (Violation(clause, refusal.code, refusal.detail),)
