"""Credit notes: what is given back from one original, with the original's mode, tax, rate and identifiers.

Owns which originals have credits due and the tax of a credit note (rulebook, section 6). Needs no agreement in force.
Refuses nothing itself; the database refuses to give back more than a line charged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from invoices import groups, lines
from invoices.document import Correction, Document, TaxBreakdown
from invoices.issuing import Draft, Issued, issue
from invoices.line_digest import written
from ledger.domain.calendar import Period, local_date
from ledger.domain.journal import AccrualKind, AccrualState
from ledger.domain.money import share_of
from ledger.domain.terms import Agreement, BillingMode, Definition
from ledger.services import contracts
from ledger.store import tables as t
from ledger.store.types import new_id

accrual, line = t.accrual.c, t.document_line.c


@dataclass(slots=True)
class OriginalDue:
    """An original with credits due, and the agreements they belong to."""

    original_id: UUID
    supplier_id: UUID
    buyer_id: UUID
    agreement_ids: set[UUID] = field(default_factory=set)

    @property
    def key(self) -> str:
        return f"credit:{self.original_id}"


def due_credits() -> ColumnElement[bool]:
    """Credits that no credit note has taken yet."""
    return and_(accrual.kind == AccrualKind.CREDIT, accrual.state == AccrualState.OPEN, lines.unbilled())


def credits_before(cuts: Mapping[UUID, datetime]) -> ColumnElement[bool]:
    """The due credits of these agreements that took effect before each one's cut."""
    in_time = (
        and_(accrual.agreement_id == agreement_id, accrual.effective_at < cut) for agreement_id, cut in cuts.items()
    )
    return and_(or_(*in_time), due_credits())


def originals_due(connection: Connection, latest: datetime, scope: ColumnElement[bool]) -> list[OriginalDue]:
    """The originals with credits due before `latest`, oldest first; `scope` is a condition on accruals."""
    query = (
        select(line.document_id, line.supplier_id, line.buyer_id, accrual.agreement_id)
        .join_from(t.accrual, t.document_line, lines.corrected_line(t.document_line))
        .where(due_credits(), accrual.effective_at < latest, scope)
        .distinct()
    )
    found: dict[UUID, OriginalDue] = {}
    for row in connection.execute(query):
        entry = found.setdefault(row.document_id, OriginalDue(row.document_id, row.supplier_id, row.buyer_id))
        entry.agreement_ids.add(row.agreement_id)
    return [found[original_id] for original_id in sorted(found)]


def issue_credit_note(
    connection: Connection,
    original_id: UUID,
    given: ColumnElement[bool],
    period: Period,
    *,
    once_per_run: str | None,
    run_id: UUID | None,
    chain_head: str | None,
    now: datetime,
) -> Issued | None:
    """One credit note over these credit accruals of the original; None where there are none.

    The caller holds the locks of their agreements.
    """
    document_id = new_id()
    lines.take_credits(connection, document_id, original_id, given)
    taken = written(connection, document_id)
    if not taken.count:
        return None
    row = connection.execute(select(t.document).where(t.document.c.id == original_id)).one()
    original = Document.from_json(row.content)
    mode = BillingMode(original.mode)
    draft = Draft(
        id=document_id,
        kind="credit_note",
        mode=mode,
        period=period,
        supplier_id=row.supplier_id,
        buyer_id=row.buyer_id,
        supplier=original.supplier,
        buyer=original.buyer,
        currency=original.currency,
        payment_days=0,
        taxes=credited_taxes(original, _credited_before(connection, original_id), taken.nets),
        lines=taken,
        once_per_run=once_per_run,
        run_id=run_id,
        chain_head=chain_head,
        corrects=reference(original),
        accept_by=groups.acceptance_deadline(mode, _terms(connection, document_id, now), now),
    )
    return issue(connection, [draft], now)[0]


def reference(original: Document) -> Correction:
    """How a later document names it."""
    return Correction(original.id, original.number, local_date(original.issued_at, original.time_zone))


def _terms(connection: Connection, document_id: UUID, now: datetime) -> list[tuple[Agreement, Definition]]:
    """The newest accepted terms of the agreements that a document's lines belong to, in force or ended."""
    of = select(accrual.agreement_id).join_from(t.document_line, t.accrual, accrual.id == line.accrual_id)
    ids = connection.execute(of.where(line.document_id == document_id).distinct()).scalars().all()
    counting = [
        (timeline, versions)
        for timeline in contracts.timelines(connection, ids).values()
        if (versions := timeline.versions_at(now)) is not None
    ]
    return [(pinned.agreement, pinned.definition) for pinned in contracts.pin_many(connection, counting)]


def credited_taxes(
    original: Document, before: Mapping[tuple[str, int], tuple[int, int]], nets: Mapping[tuple[str, int], int]
) -> tuple[TaxBreakdown, ...]:
    """The VAT table of a credit note: per category and rate of the original, tax − half_up(net left × rate) − before.

    `before` holds the (net, tax) of earlier credit notes, `nets` what this one gives back; minor units.
    """
    rows = []
    for tax in original.taxes:
        net = nets.get((tax.category, tax.rate), 0)
        if not net:
            continue
        net_before, tax_before = before.get((tax.category, tax.rate), (0, 0))
        left = tax.net - net_before - net
        given_back = tax.tax - share_of(left, tax.rate) - tax_before
        rows.append(TaxBreakdown(tax.category, tax.rate, net, given_back, tax.exemption))
    return tuple(rows)


def _credited_before(connection: Connection, original_id: UUID) -> dict[tuple[str, int], tuple[int, int]]:
    contents = select(t.document.c.content).where(t.document.c.corrects_id == original_id)
    sums: dict[tuple[str, int], tuple[int, int]] = {}
    for content in connection.execute(contents).scalars():
        for tax in content["taxes"]:
            key = (tax["category"], tax["rate"])
            net, amount = sums.get(key, (0, 0))
            sums[key] = (net + tax["net"], amount + tax["tax"])
    return sums
