"""Taking in a history: a file of past appointments, through the same rules as the API, in the order of time.

Owns the import: organisations, definitions and agreements that do not exist yet, then every submission and every
outcome at the instant that the row tells, with whatever falls due between them. Batches are transactions of their
own, so an import that dies is simply started again; what is there already is left alone.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, select

from ledger.domain.errors import FieldError, IllegalMove, Malformed, Refusal, Refused, Violation
from ledger.domain.lifecycle import CriterionFinding, Finding, Party, Verdict
from ledger.domain.outcome import Findings
from ledger.domain.terms import CriterionKind, Definition, Outcome
from ledger.services import cases, commands, contracts
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.contracts import Pinned
from ledger.services.desk import Desk
from ledger.services.history_parties import Setting, prepare
from ledger.services.history_rows import (
    SUBMISSION,
    Action,
    HistoryRow,
    Staging,
    check_row,
    read_rows,
    staging,
    submission,
)
from ledger.services.intake import IntakeDesk, NotTaken
from ledger.store import tables as t
from ledger.store.engine import writing

BATCH = 8_000
MOST_WAITING = 50_000
"""How many appointments are kept in memory between batches; more are read again when their turn comes."""
ACTOR = "import"
CANCELLATIONS = {
    Outcome.CANCELLED_BY_PROSPECT: (Party.PROSPECT, Party.BUYER),
    Outcome.CANCELLED_BY_BUYER: (Party.BUYER, Party.BUYER),
    Outcome.CANCELLED_BY_BUYER_LATE: (Party.BUYER, Party.BUYER),
    Outcome.CANCELLED_BY_SUPPLIER: (Party.SUPPLIER, Party.SUPPLIER),
}
"""For each outcome that is a cancellation: who asked, and who is taken to have said so."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken, or whose outcome was not."""

    row: HistoryRow
    stage: str
    violations: tuple[Violation, ...]


@dataclass(slots=True)
class Summary:
    """What an import did, counted in rows."""

    rows: int = 0
    taken: int = 0
    known: int = 0
    outcomes: int = 0
    settled: int = 0
    refused: int = 0
    organisations: int = 0
    agreements: int = 0
    clauses: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Import:
    """One import: where to, with which terms, and whom to tell."""

    engine: Engine
    definition: Mapping[str, Any]
    agreement: Mapping[str, Any]
    secret: bytes
    now: datetime
    dry_run: bool = False
    on_refused: Callable[[RefusedRow], None] = lambda _row: None
    on_progress: Callable[[int, int], None] = lambda _done, _total: None

    def run(self, path: Path) -> Summary:
        """Takes the file in. Raises `Malformed` or `Refused` where the terms or the file as a whole are wrong."""
        summary = Summary()
        with staging() as staged:
            setting = self._stage(path, staged, summary)
            total, done = len(staged), 0
            with self._units() as unit:
                with unit() as connection:
                    prepared = prepare(connection, setting, self.definition, self.agreement, self.now)
                summary.organisations, summary.agreements = prepared.organisations, prepared.agreements
                waiting: dict[UUID, Case] = {}
                for batch in staged.batches(BATCH):
                    with unit() as connection:
                        waiting = _Batch(self, connection, summary, prepared.pairs).take(batch, waiting)
                    done += len(batch)
                    self.on_progress(done, total)
        return summary

    def _stage(self, path: Path, staged: Staging, summary: Summary) -> Setting:
        pairs: dict[tuple[str, str], None] = {}
        slug = self.definition.get("slug")
        for row in read_rows(path):
            summary.rows += 1
            try:
                submitted_at, outcome_at = check_row(row)
                named = str(row.cells.get("definition") or slug).rpartition(":")[2]
                if named != slug:
                    raise Malformed.at("/definition", f"is not the definition {slug!r} that came with the file")
            except Malformed as malformed:
                self.refuse(summary, row, "submission", _as_violations(malformed.errors))
                continue
            pairs[row.cells["supplier"], row.cells["buyer"]] = None
            staged.add(row, submitted_at, outcome_at)
        return Setting(tuple(pairs))

    def refuse(self, summary: Summary, row: HistoryRow, stage: str, violations: tuple[Violation, ...]) -> None:
        summary.refused += 1
        summary.clauses.update({violation.clause for violation in violations})
        self.on_refused(RefusedRow(row, stage, violations))

    @contextmanager
    def _units(self) -> Iterator[Callable[[], Any]]:
        """Units of work: a transaction each, or parts of a single one that is rolled back in the end."""
        if not self.dry_run:
            yield lambda: writing(self.engine)
            return
        try:
            with writing(self.engine) as connection:
                yield lambda: _part_of(connection)
                raise _Undo
        except _Undo:
            return


class _Undo(Exception):
    """Rolls a dry run back."""


@contextmanager
def _part_of(connection: Connection) -> Iterator[Connection]:
    yield connection


@dataclass(slots=True)
class _Batch:
    """One batch of actions on one desk."""

    history: Import
    connection: Connection
    summary: Summary
    pairs: Mapping[tuple[str, str], contracts.Timeline]
    _found: dict[tuple[UUID, str], UUID] = field(default_factory=dict)

    def take(self, actions: list[Action], waiting: dict[UUID, Case]) -> dict[UUID, Case]:
        """Does all that the batch asks for. `waiting` are appointments of earlier batches whose outcome is to come;
        returned are those of this one and them that still wait."""
        desk = Desk(self.connection, self.history.now)
        intake = IntakeDesk(desk, self.history.secret)
        involved = {self._timeline(action).agreement_id for action in actions}
        desk.lock(involved)
        desk.take(waiting.values())
        self._fetch(desk, intake, actions)
        desk.fetch_due(actions[-1].at, involved)
        for action in actions:
            self.summary.settled += desk.settle(action.at)
            try:
                if action.kind == SUBMISSION:
                    self._submit(intake, action)
                else:
                    self._conclude(desk, action)
            except Malformed as malformed:
                self._refuse(action, _as_violations(malformed.errors))
            except Refused as refused:
                self._refuse(action, refused.violations)
            except Refusal as refusal:
                self._refuse(action, (Violation("outcome", refusal.code, refusal.detail),))
        desk.flush()
        still = {case.id: case for case in desk.cases.values() if case.state.verdict is Verdict.PENDING}
        return still if len(still) <= MOST_WAITING else {}

    def _timeline(self, action: Action) -> contracts.Timeline:
        cells = action.row.cells
        return self.pairs[cells["supplier"], cells["buyer"]]

    def _fetch(self, desk: Desk, intake: IntakeDesk, actions: list[Action]) -> None:
        """Puts what the actions speak of on the desk, and tells the intake what it needs to know."""
        for case in desk.cases.values():
            self._found[case.pinned.supplier_id, case.reference] = case.id
        wanted: dict[UUID, set[str]] = {}
        for action in actions:
            if (self._timeline(action).supplier_id, action.row.cells["reference"]) in self._found:
                continue
            wanted.setdefault(self._timeline(action).supplier_id, set()).add(action.row.cells["reference"])
        appointment = t.appointment.c
        for supplier_id, references in wanted.items():
            names = sorted(references)
            for start in range(0, len(names), cases.IN_CHUNKS):
                some = names[start : start + cases.IN_CHUNKS]
                desk.take(
                    cases.load(
                        self.connection, (appointment.supplier_id == supplier_id) & appointment.reference.in_(some)
                    )
                )
        for case in desk.cases.values():
            self._found[case.pinned.supplier_id, case.reference] = case.id
        prospects = []
        for action in actions:
            if action.kind == SUBMISSION and (digests := self._digests(intake, action)):
                timeline = self._timeline(action)
                prospects.append((timeline.supplier_id, timeline.buyer_id, action.row.cells["reference"], digests))
        if prospects:
            intake.prefetch(prospects, actions[0].at)

    def _digests(self, intake: IntakeDesk, action: Action) -> Any:
        cells = action.row.cells
        if not (cells.get("prospect_email") or cells.get("prospect_phone")):
            return {}
        pinned = contracts.counting(self.connection, self._timeline(action), action.at)
        return intake.digests(pinned.buyer_id, submission(action.row, pinned.definition).prospect)

    def _submit(self, intake: IntakeDesk, action: Action) -> None:
        timeline, reference = self._timeline(action), action.row.cells["reference"]
        if (timeline.supplier_id, reference) in self._found:
            self.summary.known += 1
            return
        pinned = contracts.counting(self.connection, timeline, action.at)
        result = intake.submit(
            pinned,
            submission(action.row, pinned.definition),
            action.at,
            ACTOR,
            source_key=f"import:{reference}:{action.at.isoformat()}",
        )
        if isinstance(result, NotTaken):
            self._refuse(action, result.violations)
        else:
            self._found[timeline.supplier_id, reference] = result.case.id
            self.summary.taken += 1

    def _conclude(self, desk: Desk, action: Action) -> None:
        timeline, cells = self._timeline(action), action.row.cells
        identity = self._found.get((timeline.supplier_id, cells["reference"]))
        if identity is None:
            return  # its submission was refused, and that is on record
        case = desk.cases[identity]
        outcome = Outcome(cells["outcome"])
        if case.stored and self._concluded_before(identity, case.state.verdict_at, action.at):
            return
        if outcome in CANCELLATIONS:
            asked, stated = CANCELLATIONS[outcome]
            commands.cancel(desk, case, asked, Actor(ACTOR, stated, None), action.at, "")
        else:
            findings = findings_of(outcome, case.pinned)
            commands.give_findings(desk, case, findings, Actor(ACTOR, Party.BUYER, None), action.at)
        self.summary.outcomes += 1

    def _concluded_before(self, identity: UUID, verdict_at: datetime | None, at: datetime) -> bool:
        """Whether an earlier import took this outcome already."""
        if verdict_at is None:
            return False
        event = t.appointment_event.c
        query = select(event.number).where(
            event.appointment_id == identity, event.actor == ACTOR, event.effective_at == at, event.number > 1
        )
        return self.connection.execute(query).first() is not None

    def _refuse(self, action: Action, violations: tuple[Violation, ...]) -> None:
        stage = "submission" if action.kind == SUBMISSION else "outcome"
        self.history.refuse(self.summary, action.row, stage, violations)


def findings_of(outcome: Outcome, pinned: Pinned) -> Findings:
    """An outcome that is no cancellation, as the findings that lead to it. Raises `IllegalMove` where none do."""
    definition: Definition = pinned.definition
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


def _as_violations(errors: tuple[FieldError, ...]) -> tuple[Violation, ...]:
    return tuple(Violation(error.pointer.lstrip("/") or "row", "malformed", error.detail) for error in errors)
