"""Checks of what came after the invoice: payments and their entries, credits by hand and the notes they became.

Owns what the constraints already refuse, looked at once more: a hand in the database can take constraints away.
"""

from collections.abc import Iterator

from sqlalchemy import and_, or_, select

from ledger.services.verify import Fault, Look, Sweep
from ledger.store import tables as t

PAYMENTS, FOUR_EYES = "payments have their entry", "credits by hand"

payment, entry, transfer = t.payment.c, t.entry.c, t.transfer.c
request, grant, document = t.credit_request.c, t.credit_grant.c, t.document.c


def payments(look: Look) -> Iterator[Fault]:
    """Payments without their entry, or with one over something else."""
    kind = or_(
        and_(payment.kind == "payment", entry.kind == "payment"),
        and_(payment.kind == "returned", entry.kind == "payment_returned"),
    )
    query = (
        select(payment.id, payment.amount, transfer.amount.label("posted"))
        .join_from(t.payment, t.entry, and_(entry.source_id == payment.id, kind), isouter=True)
        .join(t.transfer, transfer.entry_id == entry.id, isouter=True)
        .where(or_(transfer.amount.is_(None), transfer.amount != payment.amount))
    )
    for row in look.rows(query):
        yield Fault(PAYMENTS, f"{row.amount} was paid, the books say {row.posted or 'nothing'}", f"payment {row.id}")


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


SWEEPS = (Sweep((PAYMENTS,), payments), Sweep((FOUR_EYES,), four_eyes))
