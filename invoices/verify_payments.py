"""Checks of what came after the invoice: payments and their entries, credits by hand and the notes they became.

Owns what the constraints already refuse, looked at once more: a hand in the database can take constraints away.
"""

from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import and_, not_, or_, select

from ledger.domain.calendar import local_date
from ledger.domain.errors import Refusal
from ledger.domain.settlement import Position, Response, check_response
from ledger.reports import settlement
from ledger.services.verify import Fault, Look, Sweep
from ledger.store import tables as t

PAYMENTS, FOUR_EYES, ANSWERS = "payments have their entry", "credits by hand", "answers to documents"
VOIDS = "voided documents"

payment, entry, transfer = t.payment.c, t.entry.c, t.transfer.c
request, grant, document = t.credit_request.c, t.credit_grant.c, t.document.c


def payments(look: Look) -> Iterator[Fault]:
    """Payments without their entry, or with one over something else."""
    kind = or_(
        and_(payment.kind == "payment", entry.kind == "payment"),
        and_(payment.kind == "returned", entry.kind == "payment_returned"),
    )
    query = (
        select(
            payment.id,
            payment.amount,
            payment.paid_on,
            transfer.amount.label("posted"),
            entry.effective_at,
            document.content,
        )
        .join_from(t.payment, t.entry, and_(entry.source_id == payment.id, kind), isouter=True)
        .join(t.transfer, transfer.entry_id == entry.id, isouter=True)
        .join(t.document, document.id == payment.document_id, isouter=True)
    )
    for row in look.rows(query):
        where = f"payment {row.id}"
        if row.posted != row.amount:
            yield Fault(PAYMENTS, f"{row.amount} was paid, the books say {row.posted or 'nothing'}", where)
        elif row.content is not None and local_date(row.effective_at, row.content["time_zone"]) != row.paid_on:
            yield Fault(PAYMENTS, f"it was paid on {row.paid_on}, the books say {row.effective_at}", where)
    yield from _strays(look)


def _strays(look: Look) -> Iterator[Fault]:
    """Payments of somebody else's document or in another currency, and returns of what was not paid so."""
    paid = t.payment.alias("paid")
    of_document = [payment[name] == document[name] for name in ("supplier_id", "buyer_id", "currency")]
    of_payment = [payment[name] == paid.c[name] for name in ("document_id", "amount")]
    query = (
        select(payment.id, and_(document.id.is_not(None), *of_document).label("is_its"))
        .join_from(t.payment, t.document, document.id == payment.document_id, isouter=True)
        .join(paid, paid.c.id == payment.returns_id, isouter=True)
        .where(
            or_(
                document.id.is_(None),
                not_(and_(*of_document)),
                and_(payment.kind == "returned", or_(paid.c.id.is_(None), not_(and_(*of_payment)))),
            )
        )
    )
    for row in look.rows(query):
        what = "it returns what was not paid so" if row.is_its else "it pays a document that is not the pair's"
        yield Fault(PAYMENTS, what, f"payment {row.id}")


def four_eyes(look: Look) -> Iterator[Fault]:
    """Grants of credits above the limit by whoever asked, and notes over another amount than was granted."""
    query = (
        select(request.id, request.amount, request.own_limit, request.requested_by, grant.granted_by, document.net)
        .join_from(t.credit_grant, t.credit_request, request.id == grant.request_id, isouter=True)
        .join(t.document, document.id == grant.document_id, isouter=True)
    )
    for row in look.rows(query):
        where = f"credit {row.id}"
        if row.id is None or row.net != row.amount:
            yield Fault(FOUR_EYES, f"{row.amount} was granted, its note gives back {row.net}", where)
        elif row.amount > row.own_limit and row.granted_by == row.requested_by:
            yield Fault(FOUR_EYES, "it is above the limit and was granted by who asked for it", where)


def answers(look: Look) -> Iterator[Fault]:
    """Answers that could not have been given then: out of order, too late, or to what nobody has to accept."""
    response = t.document_response.c
    query = (
        select(t.document_response, document.accept_by)
        .join_from(t.document_response, t.document, document.id == response.document_id, isouter=True)
        .order_by(response.document_id, response.number)
    )
    rows = look.connection.execute(query).all()
    credited = settlement.credited_at(look.connection, list({row.document_id for row in rows}))
    for document_id, group in groupby(rows, key=lambda row: row.document_id):
        said: list[Response] = []
        for number, row in enumerate(group, 1):
            where = f"answer {row.number} to document {document_id}"
            before = [at for at in credited.get(document_id, []) if at < row.recorded_at]
            if row.number != number:
                yield Fault(ANSWERS, f"it should be number {number}", where)
            position = Position(row.position)
            try:
                check_response(position, row.message, row.accept_by, said, before, row.recorded_at)
            except Refusal as refusal:
                yield Fault(ANSWERS, refusal.detail, where)
            said.append(Response(position, row.recorded_at))


def voids(look: Look) -> Iterator[Fault]:
    """Documents that were voided, as it says, and have no re-issue."""
    void, again = t.document_void.c, t.document.alias("again")
    query = select(void.document_id).outerjoin(again, again.c.replaces_id == void.document_id)
    for row in look.rows(query.where(again.c.id.is_(None))):
        yield Fault(VOIDS, "it was voided, and nothing was issued in its place", f"document {row.document_id}")


SWEEPS = (
    Sweep((PAYMENTS,), payments),
    Sweep((FOUR_EYES,), four_eyes),
    Sweep((ANSWERS,), answers),
    Sweep((VOIDS,), voids),
)
