"""Self-billing agreements that are about to end, so that nobody is parked by surprise.

Read-only; the days are counted in the buyer's zone.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from ledger.domain.calendar import local_date
from ledger.domain.terms import BillingMode
from ledger.services import contracts
from ledger.store import tables as t

REMINDED: Final = (30, 14, 7, 1)
"""Days before a self-billing agreement ends on which finance is reminded."""


def reminders(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    """Self-billing agreements that end soon or have ended, the soonest first; `remind` is the last mark passed."""
    names = {row.id: row for row in connection.execute(select(t.organisation))}
    found = []
    for terms in contracts.in_force(connection, now).values():
        billing = terms.agreement.billing
        agreed = billing.self_billing
        if billing.mode is not BillingMode.SELF_BILLED or agreed is None or agreed.until is None:
            continue
        buyer, until = names[terms.buyer_id], agreed.until
        left = (until - local_date(now, buyer.time_zone)).days
        if left > REMINDED[0]:
            continue
        found.append(
            {
                "agreement": terms.agreement_id,
                "supplier": names[terms.supplier_id].slug,
                "buyer": buyer.slug,
                "until": until,
                "days_left": left,
                "remind": min((mark for mark in REMINDED if left <= mark), default=None),
                "supplier_vat_id": agreed.supplier_vat_id,
            }
        )
    return sorted(found, key=lambda each: (each["days_left"], each["supplier"], each["buyer"]))
