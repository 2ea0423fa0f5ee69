"""Self-billing agreements that are about to end, so that nobody is parked by surprise.

Owns the list that finance sees and who is told of which mark; the days are counted in the buyer's zone. A mark that
passed while no worker ran is told afterwards; each is told to each person once.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, select

from ledger.domain.calendar import local_date
from ledger.domain.mailing import REMINDED, MailKind, marks_passed
from ledger.domain.terms import BillingMode
from ledger.services import contracts, mail_causes
from ledger.services.mail_causes import SELF_BILLING_END
from ledger.store import tables as t
from ledger.store.engine import reading


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


def remind(engine: Engine, now: datetime) -> int:
    """Writes down who is to be told of the marks that have passed. Returns how many causes."""
    with reading(engine) as connection:
        rows = list(_causes(connection, now))
    return mail_causes.keep(engine, rows)


def _causes(connection: Connection, now: datetime) -> Iterator[dict[str, Any]]:
    """Finance and both parties' people, for every mark, but for those who were told of it."""
    ending = reminders(connection, now)
    if not ending:
        return
    cause, agreement = t.mail_cause.c, t.agreement.c
    told = select(cause.user_id, cause.source_id, cause.source_number).where(cause.source == SELF_BILLING_END)
    known = {(row.user_id, row.source_id, row.source_number) for row in connection.execute(told)}
    query = select(agreement.id, agreement.supplier_id, agreement.buyer_id)
    pairs: dict[UUID, tuple[UUID, UUID]] = {
        row.id: (row.supplier_id, row.buyer_id)
        for row in connection.execute(query.where(agreement.id.in_([each["agreement"] for each in ending])))
    }
    everybody = list(mail_causes.people(connection, MailKind.SELF_BILLING))
    for each in ending:
        parties = (None, *pairs[each["agreement"]])
        concerned = [person for person in everybody if person.organisation_id in parties]
        for _mark, number in marks_passed(each["until"], each["days_left"]):
            for person in concerned:
                about = (person.id, each["agreement"], number)
                if about not in known:
                    yield mail_causes.cause_of(
                        MailKind.SELF_BILLING, person.id, person.organisation_id, SELF_BILLING_END, *about[1:], now, now
                    )
