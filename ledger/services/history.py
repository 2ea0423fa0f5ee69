"""Taking in a history: a file of past appointments, through the same rules as the API, in the order of time.

Owns the import as a whole: the file onto the staging, what it presupposes, then batch after batch, each a transaction
of its own, so that an import that dies is simply started again. A dry run does all of it and leaves no trace.
"""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from ledger.domain.errors import Malformed, VersionMismatch
from ledger.services.cases import Case
from ledger.services.history_batch import Batch, RefusedRow, as_violations
from ledger.services.history_parties import Prepared, Setting, check_terms, prepare
from ledger.services.history_rows import check_row, read_rows
from ledger.services.history_staging import Action, Staging, staging
from ledger.store.engine import writing

BATCH = 8_000
ATTEMPTS = 5
"""How often a batch is tried whose appointments somebody else changes at the same time."""
TOLD_EVERY = 1_000

Unit = Callable[[], AbstractContextManager[Connection]]


@dataclass(slots=True)
class Summary:
    """What an import did, counted in rows; `clauses` counts the refused rows by each clause they broke."""

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
    """One import: where to, with which terms, and whom to tell.

    `on_refused` hears of a row once what is said about it is certain; `on_read` of rows, `on_progress` of steps (a
    row has one, or two with an outcome) done and in all.
    """

    engine: Engine
    definition: Mapping[str, Any]
    agreement: Mapping[str, Any]
    secret: bytes
    now: datetime
    dry_run: bool = False
    on_refused: Callable[[RefusedRow], None] = lambda _row: None
    on_read: Callable[[int], None] = lambda _rows: None
    on_progress: Callable[[int, int], None] = lambda _done, _total: None

    def run(self, path: Path) -> Summary:
        """Takes the file in. Raises `Malformed` or `Refused` where the terms or the file as a whole are wrong."""
        check_terms(self.definition, self.agreement)
        summary = Summary()
        with staging() as staged, _undisturbed():
            setting = self._stage(path, staged, summary)
            with self._units() as unit:
                self._replay(unit, setting, staged, summary)
        return summary

    def _replay(self, unit: Unit, setting: Setting, staged: Staging, summary: Summary) -> None:
        prepared = self._prepare(unit, setting)
        summary.organisations, summary.agreements = prepared.organisations, prepared.agreements
        total, done = len(staged), 0
        waiting: dict[UUID, Case] = {}
        self.on_progress(done, total)
        for actions in staged.batches(BATCH):
            batch, waiting = self._take(unit, prepared, actions, waiting)
            self._count(summary, batch)
            gc.collect()
            done += len(actions)
            self.on_progress(done, total)

    def _stage(self, path: Path, staged: Staging, summary: Summary) -> Setting:
        pairs: dict[tuple[str, str], None] = {}
        slug = self.definition["slug"]
        for row in read_rows(path):
            summary.rows += 1
            if summary.rows % TOLD_EVERY == 0:
                self.on_read(summary.rows)
            try:
                submitted_at, outcome_at = check_row(row)
                buyer = row.cells["buyer"]
                if row.cells.get("definition") not in (None, "", slug, f"{buyer}:{slug}"):
                    raise Malformed.at("/definition", f"is not the definition {slug!r} that came with the file")
            except Malformed as malformed:
                self._tell(summary, RefusedRow(row, "submission", as_violations(malformed.errors)))
                continue
            pairs[row.cells["supplier"], buyer] = None
            staged.add(row, submitted_at, outcome_at)
        self.on_read(summary.rows)
        return Setting(tuple(pairs))

    def _prepare(self, unit: Unit, setting: Setting) -> Prepared:
        ready = partial(prepare, setting=setting, definition=self.definition, agreement=self.agreement, now=self.now)
        try:
            with unit() as connection:
                return ready(connection)
        except IntegrityError:
            if self.dry_run:
                raise
        with unit() as connection:  # another import made them in the same moment
            return ready(connection)

    def _take(
        self, unit: Unit, prepared: Prepared, actions: list[Action], waiting: dict[UUID, Case]
    ) -> tuple[Batch, dict[UUID, Case]]:
        """One batch in one transaction; tried again from the books where somebody else was faster."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with unit() as connection:
                    batch = Batch(connection, prepared, self.secret, self.now)
                    return batch, batch.take(actions, waiting if attempt == 1 else {})
            except VersionMismatch:
                if self.dry_run or attempt == ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _count(self, summary: Summary, batch: Batch) -> None:
        summary.taken += batch.taken
        summary.known += batch.known
        summary.outcomes += batch.outcomes
        summary.settled += batch.settled
        for refused in batch.refused:
            self._tell(summary, refused)

    def _tell(self, summary: Summary, refused: RefusedRow) -> None:
        summary.refused += 1
        summary.clauses.update({violation.clause for violation in refused.violations})
        self.on_refused(refused)

    @contextmanager
    def _units(self) -> Iterator[Unit]:
        """Units of work: a transaction each, or parts of a single one that is rolled back in the end."""
        if not self.dry_run:
            yield partial(writing, self.engine)
            return
        try:
            with writing(self.engine) as connection:
                yield lambda: nullcontext(connection)
                raise _Undo
        except _Undo:
            return


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without the search for dead cycles, which is long among the many living values of a batch and finds nothing.

    After each batch it is made once, and leaves out what was there before.
    """
    was_on = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()


class _Undo(Exception):
    """Rolls a dry run back."""
