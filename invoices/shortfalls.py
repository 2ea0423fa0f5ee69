"""The monthly minimum: what is missing against it becomes an accrual of its own in the month's last microsecond.

Owns the shortfall's amount and accrual (rulebook, section 4): by the terms then in force, never pro-rated, once per
agreement and month, made by that month's own run alone. Later credits do not reopen it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, func, insert, select

from ledger.domain.calendar import Period
from ledger.domain.journal import AccrualKind, AccrualState, EntryKind
from ledger.domain.money import BASIS_POINTS
from ledger.services.contracts import InForce, in_force
from ledger.services.posting import Accounts, Postings
from ledger.store import tables as t
from ledger.store.types import new_id

LAST_INSTANT: Final = timedelta(microseconds=1)
"""Before a month's end."""
OTHER_ZONES: Final = timedelta(days=2)
"""How far a month's accruals can lie outside of it, whichever zone their terms had: so that an index finds them."""

accrual = t.accrual.c


@dataclass(frozen=True, slots=True)
class Minimum:
    """What an agreement's month must come to, in minor units, and the instant its shortfall takes effect."""

    terms: InForce
    amount: int
    at: datetime


def minimums(connection: Connection, agreements: Iterable[InForce], period: Period) -> dict[UUID, Minimum]:
    """The agreements whose month has a minimum by the terms in force at its end and no shortfall yet."""
    ends: dict[datetime, set[UUID]] = {}
    for terms in agreements:
        ends.setdefault(last_instant(terms, period), set()).add(terms.agreement_id)
    found = {
        agreement_id: Minimum(terms, terms.agreement.price.minimum_per_month, at)
        for at, ids in ends.items()
        for agreement_id, terms in in_force(connection, at).items()
        if agreement_id in ids and terms.agreement.price.minimum_per_month
    }
    if found:
        agreement = t.agreement.c
        over = select(agreement.id, agreement.ended_from).where(agreement.ended_from.is_not(None))
        ended = {row.id: row.ended_from for row in connection.execute(over)}
        made = select(accrual.agreement_id).where(accrual.kind == AccrualKind.SHORTFALL, accrual.month == period.number)
        done = set(connection.execute(made).scalars())
        found = {
            agreement_id: minimum
            for agreement_id, minimum in found.items()
            if agreement_id not in done and (agreement_id not in ended or minimum.at < ended[agreement_id])
        }
    return found


def last_instant(terms: InForce, period: Period) -> datetime:
    """When a shortfall of the period takes effect."""
    return period.end(terms.definition.time_zone) - LAST_INSTANT


def accrue(connection: Connection, minimum: Minimum, period: Period, now: datetime) -> None:
    """Posts what the month lacks, if anything. The caller holds the agreement's lock."""
    terms = minimum.terms
    of_the_month = (accrual.agreement_id == terms.agreement_id, accrual.month == period.number)
    made = select(accrual.id).where(*of_the_month, accrual.kind == AccrualKind.SHORTFALL)
    if connection.execute(made).first() is not None:
        return
    lacking = missing(connection, minimum, period, known_at=now)
    if lacking <= 0:
        return
    accrual_id = new_id()
    connection.execute(
        insert(t.accrual),
        {
            "id": accrual_id,
            "buyer_id": terms.buyer_id,
            "supplier_id": terms.supplier_id,
            "agreement_id": terms.agreement_id,
            "kind": AccrualKind.SHORTFALL.value,
            "state": AccrualState.OPEN.value,
            "effective_at": minimum.at,
            "recorded_at": now,
            "month": period.number,
            "confirmed": "",
            "definition": terms.slug,
            "definition_version": terms.definition_version,
            "base": lacking,
            "bonus": 0,
            "share": BASIS_POINTS,
            "amount": lacking,
            "currency": terms.definition.currency,
        },
    )
    postings = Postings(connection, Accounts(connection))
    postings.post(
        EntryKind.ACCRUAL,
        (terms.supplier_id, terms.buyer_id, terms.definition.currency),
        (lacking,),
        source_id=accrual_id,
        effective_at=minimum.at,
        recorded_at=now,
    )
    postings.write()


def missing(connection: Connection, minimum: Minimum, period: Period, *, known_at: datetime) -> int:
    """The minimum less what accrued in the month and did not fall before it was over, in minor units.

    By what took effect when, whatever was held, split or invoiced since: no result depends on when the run comes.
    What was recorded after `known_at` is left out.
    """
    terms, start = minimum.terms, period.start(minimum.terms.definition.time_zone)
    charged = (
        accrual.agreement_id == terms.agreement_id,
        accrual.month == period.number,
        accrual.effective_at.between(start - OTHER_ZONES, minimum.at + OTHER_ZONES),
        accrual.kind == AccrualKind.OUTCOME,
        accrual.recorded_at <= known_at,
    )
    entry, transfer = t.entry.c, t.transfer.c
    fallen = (
        select(_total(transfer.amount))
        .join_from(t.entry, t.transfer, transfer.entry_id == entry.id)
        .where(
            entry.supplier_id == terms.supplier_id,
            entry.buyer_id == terms.buyer_id,
            entry.kind.in_((EntryKind.REDUCTION, EntryKind.REVERSAL)),
            entry.effective_at >= start,
            entry.effective_at <= minimum.at,
            entry.recorded_at <= known_at,
            entry.appointment_id.in_(select(accrual.appointment_id).where(*charged)),
        )
    )
    accrued = connection.execute(select(_total(accrual.amount)).where(*charged)).scalar_one()
    reached: int = accrued - connection.execute(fallen).scalar_one()
    return minimum.amount - reached


def _total(amount: ColumnElement[int]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(amount), 0), BigInteger)
