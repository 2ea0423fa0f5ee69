"""The billing run: every charge of a period onto one document per group, every credit onto a note of its original.

Owns the order of a run: settle what is due, then short transactions for a few documents each, all or nothing, so that
a run can be killed, repeated or doubled and gives the same documents. Refuses a period that has not ended everywhere.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, func, select, true

from invoices import credit_notes, groups, lines, shortfalls
from invoices.document import Party
from invoices.groups import Group, Obstacle
from invoices.issuing import Draft, Issued, issue, issued_in_run, issued_once
from invoices.line_digest import written
from invoices.run_record import Record, recorded
from ledger.domain.calendar import Period, format_instant
from ledger.domain.errors import Refused, Unknown
from ledger.domain.terms import BillingMode
from ledger.services import chain, contracts
from ledger.services.contracts import InForce
from ledger.services.deadlines import settle_due
from ledger.store import tables as t
from ledger.store.engine import Contended, reading, writing
from ledger.store.types import new_id

Progress = Callable[[int, int], None]
"""Told how many documents' worth of work is done, and of how many."""
RECORDED_EVERY = 50
"""Documents between two notes of the progress in the run's row."""
TOGETHER = 5
"""Documents of a transaction: what they have in common is paid once, and nobody waits long for their agreements."""
SIDE_BY_SIDE = 4
"""Transactions under way at a time."""
MOST_ATTEMPTS = 5
"""How often a transaction is tried that another one stands in the way of."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A supplier who cannot be billed for one buyer now, and why. What is due stays; a later run takes it."""

    supplier: str
    buyer: str
    reasons: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """Sums over the documents of one kind and currency, in minor units."""

    kind: str
    currency: str
    documents: int
    lines: int
    net: int
    tax: int
    gross: int


@dataclass(frozen=True, slots=True)
class RunResult:
    """Every document that runs of this period issued in the scope, this run's (`is_new`) and earlier ones' alike."""

    period: Period
    dry_run: bool
    documents: tuple[Issued, ...]
    parked: tuple[Parked, ...]
    totals: tuple[Total, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "period": str(self.period),
            "dry_run": self.dry_run,
            "documents": [{**asdict(document), "id": self._id(document)} for document in self.documents],
            "parked": [asdict(parked) for parked in self.parked],
            "totals": [asdict(total) for total in self.totals],
        }

    def _id(self, document: Issued) -> str | None:
        """Where the document is found; what a dry run would have issued is nowhere."""
        return None if self.dry_run and document.is_new else str(document.id)


def bill(
    engine: Engine,
    period: Period,
    *,
    now: datetime,
    actor: str,
    supplier: str | None = None,
    dry_run: bool = False,
    run_id: UUID | None = None,
    progress: Progress = lambda _done, _total: None,
) -> RunResult:
    """Bills the period for all suppliers, or the one with this slug. A dry run issues nothing and gives no numbers.

    Raises `Refused` (`period_not_ended`) where the period still runs in one of the zones, `Unknown` for the supplier.
    """
    now = now.astimezone(UTC)
    with reading(engine) as connection:
        supplier_id = None if supplier is None else _supplier_id(connection, supplier)
        agreements = _covered(connection, supplier_id, now)
    end = _end(period, agreements, now)
    settle_due(engine, end - shortfalls.LAST_INSTANT, now)
    with recorded(
        engine, period, supplier_id=supplier_id, dry_run=dry_run, actor=actor, run_id=run_id, now=now
    ) as record:
        run = _Run(engine, period, now, record, progress, dry_run=dry_run)
        run.go(agreements, supplier_id)
        documents = tuple(sorted(run.documents, key=lambda one: (one.supplier, one.buyer, one.kind, one.number or "")))
        result = RunResult(period, dry_run, documents, tuple(run.parked), totals(documents))
        record.result = result.to_json()
    return result


def check_ended(connection: Connection, period: Period, supplier_id: UUID | None, now: datetime) -> None:
    """Raises `Refused` (`period_not_ended`) where the period still runs in one of the zones that it covers."""
    _end(period, _covered(connection, supplier_id, now), now)


def _end(period: Period, agreements: list[InForce], now: datetime) -> datetime:
    """When the period ends in the last of its zones."""
    end = max((period.end(terms.definition.time_zone) for terms in agreements), default=period.end("UTC"))
    if now < end:
        detail = f"{period} ends at {format_instant(end)} in the last of its zones"
        raise Refused.by("period", "period_not_ended", detail)
    return end


def totals(documents: Sequence[Issued]) -> tuple[Total, ...]:
    sums: dict[tuple[str, str], list[int]] = {}
    for document in documents:
        row = sums.setdefault((document.kind, document.currency), [0] * 5)
        for place, value in enumerate((1, document.line_count, document.net, document.tax, document.gross)):
            row[place] += value
    return tuple(Total(*key, *row) for key, row in sorted(sums.items()))


def _supplier_id(connection: Connection, slug: str) -> UUID:
    organisation = t.organisation.c
    query = select(organisation.id).where(organisation.slug == slug, organisation.kind == "supplier")
    found: UUID | None = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise Unknown(f"there is no supplier {slug!r}")
    return found


def _covered(connection: Connection, supplier_id: UUID | None, now: datetime) -> list[InForce]:
    every = contracts.in_force(connection, now).values()
    return [terms for terms in every if supplier_id is None or terms.supplier_id == supplier_id]


Outcome = Issued | Parked | None
"""Of a group or a correction; None where there was nothing to do."""
Work = Callable[[Connection], list[Outcome]]
"""What a transaction does, and its outcomes in order."""


class _Undone(Exception):
    """Ends a dry run's transaction without a trace."""


@dataclass
class _Run:
    engine: Engine
    period: Period
    now: datetime
    record: Record
    progress: Progress
    dry_run: bool
    documents: list[Issued] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    chain_head: str | None = None

    def go(self, agreements: list[InForce], supplier_id: UUID | None) -> None:
        """Everything to be done, one transaction per document."""
        cuts = {terms.agreement_id: self.period.end(terms.definition.time_zone) for terms in agreements}
        latest = max(cuts.values(), default=self.now)
        with reading(self.engine) as connection:
            self.chain_head = chain.head(connection)
            issued = dict(issued_in_run(connection, self.period, supplier_id))
            self.documents += issued.values()
            minimums = shortfalls.minimums(connection, agreements, self.period)
            waiting = self._waiting(connection, latest) | minimums.keys()
            originals = credit_notes.originals_due(connection, latest, _scope(supplier_id))
        charged = [
            group
            for group in groups.group(agreements)
            if group.key not in issued and any(terms.agreement_id in waiting for terms in group.agreements)
        ]
        credited = [due for due in originals if due.key not in issued]
        total = len(charged) + len(credited)
        portions = [charged[start : start + TOGETHER] for start in range(0, len(charged), TOGETHER)]
        self._do([partial(self._charge, portion, minimums) for portion in portions], 0, total)
        self._do([partial(self._credit, due, cuts) for due in credited], len(charged), total)

    def _do(self, work: Sequence[Work], done: int, total: int) -> None:
        """Does the work and notes what came of it in the given order; several at once where the engine lets them."""
        self._report(done, total)
        with self._side_by_side() as spread:
            for outcomes in spread(self._once, work):
                for outcome in outcomes:
                    done += 1
                    self._note(outcome)
                    self._report(done, total)

    @contextmanager
    def _side_by_side(self) -> Iterator[Callable[..., Iterator[list[Outcome]]]]:
        """A `map`. SQLite has one writer; on PostgreSQL documents wait for nobody but their own agreements' others."""
        if self.engine.dialect.name == "sqlite":
            yield map
            return
        with ThreadPoolExecutor(SIDE_BY_SIDE, "billing") as pool:
            try:
                yield pool.map
            finally:
                pool.shutdown(cancel_futures=True)

    def _waiting(self, connection: Connection, latest: datetime) -> set[UUID]:
        """The agreements with something to charge, by a look at each one's newest unbilled accrual."""
        accrual, agreement = t.accrual.c, t.agreement.c
        newest = (
            select(accrual.id)
            .where(
                accrual.agreement_id == agreement.id,
                accrual.effective_at < latest,
                accrual.state == "open",
                accrual.amount > 0,
                lines.unbilled(),
            )
            .order_by(accrual.effective_at.desc())
            .limit(1)
            .scalar_subquery()
        )
        return set(connection.execute(select(agreement.id).where(newest.is_not(None))).scalars())

    def _once(self, work: Work) -> list[Outcome]:
        """The work in one transaction, again where another run stood in the way: then it finds what that one issued."""
        for _attempt in range(MOST_ATTEMPTS - 1):
            with suppress(Contended):
                return self._whole(work)
        return self._whole(work)

    def _whole(self, work: Work) -> list[Outcome]:
        outcomes: list[Outcome] = []
        with suppress(_Undone), writing(self.engine) as connection:
            outcomes = work(connection)
            if self.dry_run:
                raise _Undone
        return outcomes

    def _note(self, outcome: Outcome) -> None:
        if isinstance(outcome, Issued):
            self.documents.append(outcome)
        elif outcome is not None:
            self.parked.append(outcome)

    def _report(self, done: int, total: int) -> None:
        self.progress(done, total)
        if done % RECORDED_EVERY == 0 or done == total:
            self.record.set(progress_done=done, progress_total=total)

    def _charge(
        self, portion: Sequence[Group], minimums: dict[UUID, shortfalls.Minimum], connection: Connection
    ) -> list[Outcome]:
        """Each group's document; its parking; nothing where there is nothing to charge."""
        _lock(connection, [terms.agreement_id for group in portion for terms in group.agreements])
        outcomes: dict[str, Outcome] = dict(issued_once(connection, self.period, [group.key for group in portion]))
        waiting = [group for group in portion if group.key not in outcomes]
        parties = groups.organisations(connection, {each for group in waiting for each in group.parties})
        drafts: dict[str, Draft] = {}
        for group in waiting:
            for terms in group.agreements:
                if terms.agreement_id in minimums:
                    shortfalls.accrue(connection, minimums[terms.agreement_id], self.period, self.now)
            supplier, buyer, reasons = groups.standing(connection, group, self.now, parties)
            charges = group.charges(self.period)
            if not reasons:
                draft = self._draft(connection, group, supplier, buyer, charges)
                drafts |= {} if draft is None else {group.key: draft}
            elif lines.has_billable(connection, charges):
                outcomes[group.key] = Parked(supplier.slug, buyer.slug, reasons)
        issued = issue(connection, list(drafts.values()), self.now)
        outcomes |= zip(drafts, map(self._unnumbered, issued), strict=True)
        return [outcomes.get(group.key) for group in portion]

    def _draft(
        self, connection: Connection, group: Group, supplier: Party, buyer: Party, charges: Sequence[lines.Charge]
    ) -> Draft | None:
        """Takes the group's lines; None where there are none."""
        document_id = new_id()
        lines.take_charges(connection, document_id, charges)
        taken = written(connection, document_id)
        if not taken.count:
            return None
        return Draft(
            id=document_id,
            kind="statement" if group.mode is BillingMode.STATEMENT else "invoice",
            mode=group.mode,
            period=self.period,
            supplier_id=group.supplier_id,
            buyer_id=group.buyer_id,
            supplier=groups.printed_party(supplier, untaxed=group.untaxed),
            buyer=groups.printed_party(buyer, untaxed=group.untaxed),
            currency=group.currency,
            payment_days=group.payment_days,
            taxes=group.tax_table(taken.nets),
            lines=taken,
            once_per_run=group.key,
            run_id=self.record.run_id,
            chain_head=self.chain_head,
            accept_by=group.accept_by(self.now),
        )

    def _credit(
        self, due: credit_notes.OriginalDue, cuts: dict[UUID, datetime], connection: Connection
    ) -> list[Outcome]:
        _lock(connection, list(due.agreement_ids))
        existing = issued_once(connection, self.period, [due.key])
        if existing:
            return list(existing.values())
        note = credit_notes.issue_credit_note(
            connection,
            due.original_id,
            credit_notes.credits_before({agreement_id: cuts[agreement_id] for agreement_id in due.agreement_ids}),
            self.period,
            once_per_run=due.key,
            run_id=self.record.run_id,
            chain_head=self.chain_head,
            now=self.now,
        )
        return [None if note is None else self._unnumbered(note)]

    def _unnumbered(self, issued: Issued) -> Issued:
        return replace(issued, number=None) if self.dry_run else issued


def _scope(supplier_id: UUID | None) -> ColumnElement[bool]:
    """The condition that an accrual is in the run's scope."""
    return true() if supplier_id is None else t.accrual.c.supplier_id == supplier_id


def _lock(connection: Connection, agreement_ids: Sequence[UUID]) -> None:
    """Holds the agreements' rows, in order: nothing accrues, and no other run bills them, until this is over.

    Until then every plan looks rows up as well. The planner would rather read a table that it knows as empty, and that
    of the lines fills while a run goes on: by such a plan each accrual read what other documents had taken so far.
    """
    if connection.dialect.name == "sqlite":
        return
    connection.execute(_LOCKED, {"ids": agreement_ids}).all()


_LOCKED: Final = (
    select(t.agreement.c.id, func.set_config("enable_seqscan", "off", true()))
    .where(t.agreement.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(t.agreement.c.id)
    .with_for_update()
)
