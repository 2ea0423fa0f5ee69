"""The whole verification: the checks of the ledger and those of the documents, and what waits.

Owns the list of everything that is looked at, and the notices: what is due but not settled, parked, not yet run, not
yet rendered. An accrual that a later document of its group should have taken is a fault, not a notice.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import Engine, and_, exists, func, or_, select

from invoices import facturx, groups, lines, verify_documents, verify_lines, verify_payments, verify_settling
from invoices.document import Document
from invoices.groups import Group
from invoices.rendering import PDF, XML
from invoices.storage import Damaged, Storage, Stored
from ledger.domain.calendar import Period
from ledger.domain.journal import AccrualKind, AccrualState
from ledger.domain.money import Money
from ledger.services import (
    contracts,
    verify,
    verify_appointments,
    verify_books,
    verify_chain,
    verify_deliveries,
    verify_evidence,
    verify_mail,
    verify_records,
    verify_replacements,
    verify_webhooks,
)
from ledger.services.verify import UNREADABLE, Fault, Finding, Look, Notice, Progress, Report, Sweep, explained
from ledger.services.verify_books import total
from ledger.store import tables as t

DUE, RUNS, RENDERINGS, FILES, BRANDS = "settled in time", "billing runs", "renderings", "stored files", "brands"
CLOCKS_MILLISECONDS: Final = 60_000
"""By how much the clocks of two machines may differ."""

XML_FILE = t.document_file.alias("xml_file")
document, accrual, rendering, file = t.document.c, t.accrual.c, t.rendering.c, t.document_file.c


def run_checks(
    engine: Engine, storage: Storage | None, now: datetime, progress: Progress = lambda _done, _all: None
) -> Report:
    """Looks at everything. Without `storage` the kept bytes are left out."""
    return verify.run(engine, sweeps(storage), now, progress)


def sweeps(storage: Storage | None) -> list[Sweep]:
    """Every reading of the record, in order."""
    every = [
        *verify_records.SWEEPS,
        *verify_deliveries.SWEEPS,
        *verify_webhooks.SWEEPS,
        *verify_mail.SWEEPS,
        *verify_evidence.SWEEPS,
        *verify_books.SWEEPS,
        *verify_appointments.SWEEPS,
        *verify_replacements.SWEEPS,
        *verify_documents.SWEEPS,
        *verify_lines.SWEEPS,
        *verify_payments.SWEEPS,
        *verify_settling.SWEEPS,
        *verify_chain.SWEEPS,
        Sweep((BRANDS,), brands),
        Sweep((DUE,), due),
        Sweep((RUNS,), runs),
        Sweep((RENDERINGS,), renderings),
    ]
    return every if storage is None else [*every, Sweep((FILES,), partial(files, storage))]


def brands(look: Look) -> Iterator[Fault]:
    """Logos that are not what they were, and documents whose logo is gone."""
    kept = set()
    for row in look.rows(select(t.logo.c.sha256, t.logo.c.content)):
        kept.add(row.sha256)
        if hashlib.sha256(row.content).hexdigest() != row.sha256:
            yield Fault(BRANDS, "the picture is not what it was", f"logo {row.sha256}")
    for row in look.rows(select(document.id, document.number, document.content)):
        logo = row.content.get("brand", {}).get("logo")
        if logo is not None and logo["sha256"] not in kept:
            yield Fault(BRANDS, "its logo is gone", f"document {row.id} ({row.number})")


def due(look: Look) -> Iterator[Notice]:
    """Appointments on which something has fallen due that nobody has settled yet."""
    appointment = t.appointment.c
    query = (
        select(appointment.agreement_id, func.count().label("many"), func.min(appointment.next_due_at).label("since"))
        .where(appointment.next_due_at <= look.now)
        .group_by(appointment.agreement_id)
    )
    for row in look.rows(query):
        what = f"{row.many} appointments have something due since {row.since}"
        yield Notice(DUE, what, f"agreement {row.agreement_id}")


def runs(look: Look) -> Iterator[Finding]:
    """What is on no document although its month is over: parked, waiting for a run, or passed over by one."""
    in_force = contracts.in_force(look.connection, look.now)
    of = {terms.agreement_id: group for group in groups.group(in_force.values()) for terms in group.agreements}
    parked: set[str] = set()
    for row in look.connection.execute(_WAITING).all():
        group, where = of.get(row.agreement_id), f"agreement {row.agreement_id}"
        if group is None:
            yield Notice(RUNS, f"{row.many} accruals wait, and no accepted terms bill them", where)
            continue
        zone = in_force[row.agreement_id].definition.time_zone
        period = Period.from_number(row.month)
        if period.end(zone) > look.now:
            continue
        passed = 0 if row.is_credit else _passed_over(look, group, row.agreement_id, row.month)
        if passed:
            what = f"{passed} of the accruals of {period} were there before a document that should have them"
            yield Fault(RUNS, what, where)
        reasons = [] if row.is_credit else _obstacles(look, group)
        if reasons and group.key not in parked:
            parked.add(group.key)
            yield Notice(RUNS, f"parked: {'; '.join(reasons)}", f"supplier {group.supplier_id} buyer {group.buyer_id}")
        elif not reasons and row.many > passed:
            kind = "credits" if row.is_credit else "accruals"
            worth = Money(row.amount, group.currency)
            what = f"{row.many - passed} {kind} of {period} worth {worth} wait for a run"
            yield Notice(RUNS, what, where)


_CREDIT: Final = accrual.kind == AccrualKind.CREDIT
_OPEN: Final = and_(accrual.state == AccrualState.OPEN, lines.unbilled())
_WAITING: Final = (
    select(
        accrual.agreement_id,
        accrual.month,
        _CREDIT.label("is_credit"),
        func.count().label("many"),
        total(accrual.amount).label("amount"),
    )
    .where(_OPEN)
    .group_by(accrual.agreement_id, accrual.month, _CREDIT)
    .order_by(accrual.agreement_id, accrual.month, _CREDIT)
)


def _passed_over(look: Look, group: Group, agreement_id: UUID, month: int) -> int:
    """How many charges of the month were made well before a document of their group that covers the month.

    Identifiers begin with the time they were made, in the transactions that the agreement's lock puts in order.
    """
    covering = select(document.id).where(document.billing_group == group.key, document.run_period >= month)
    newest = look.connection.execute(covering.order_by(document.id.desc()).limit(1)).scalar_one_or_none()
    if newest is None:
        return 0
    before = UUID(int=max(0, (newest.int >> 80) - CLOCKS_MILLISECONDS) << 80)
    query = select(func.count()).where(
        _OPEN, ~_CREDIT, accrual.agreement_id == agreement_id, accrual.month == month, accrual.id < before
    )
    return int(look.connection.execute(query).scalar_one())


def _obstacles(look: Look, group: Group) -> list[str]:
    _, _, reasons = groups.standing(look.connection, group, look.now)
    return [each.detail for each in reasons]


def renderings(look: Look) -> Iterator[Finding]:
    """Documents that are not rendered yet, that have no job, or whose job is done without a file."""
    query = (
        select(document.id, document.number, rendering.state, rendering.error, file.location)
        .join_from(t.document, t.rendering, rendering.document_id == document.id, isouter=True)
        .join(t.document_file, and_(file.document_id == document.id, file.kind == PDF), isouter=True)
        .where(or_(rendering.state.is_(None), rendering.state != "done", file.location.is_(None)))
        .order_by(document.id)
    )
    for row in look.rows(query):
        where = f"document {row.id} ({row.number})"
        if row.state is None:
            yield Fault(RENDERINGS, "there is no job to render it", where)
        elif row.state == "done":
            yield Fault(RENDERINGS, "it was rendered, and no file is on record", where)
        else:
            failed = f", the last attempt failed: {row.error}" if row.error else ""
            yield Notice(RENDERINGS, f"not rendered yet{failed}", where)
    for row in look.rows(_WITHOUT_XML):
        with suppress(*UNREADABLE):  # what cannot be read is told by the check of contents
            if facturx.is_due(Document.from_json(row.content)):
                yield Fault(
                    RENDERINGS, "it was rendered, and no e-invoice is on record", f"document {row.id} ({row.number})"
                )


_WITHOUT_XML: Final = (
    select(document.id, document.number, document.content)
    .join_from(t.document, t.document_file, and_(file.document_id == document.id, file.kind == PDF))
    .where(~exists().where(XML_FILE.c.document_id == document.id, XML_FILE.c.kind == XML))
    .order_by(document.id)
)


def files(storage: Storage, look: Look) -> Iterator[Fault]:
    """Kept files that are gone or not what they were."""
    for row in look.rows(select(t.document_file).order_by(file.document_id, file.kind)):
        where = f"{row.location} of document {row.document_id}"
        try:
            storage.get(Stored(row.location, row.size, row.sha256))
        except Damaged as error:
            yield Fault(FILES, error.detail, where)
        except UNREADABLE as error:
            yield Fault(FILES, explained(error), where)
