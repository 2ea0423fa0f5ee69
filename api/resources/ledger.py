"""`/v1/ledger`: the books, for finance."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, true

from api.auth import ADMIN, FINANCE
from api.endpoints import Resource
from api.schemas import Page, page_of
from api.schemas import ledger as schemas
from api.units import Answer, Query
from ledger.domain.errors import Malformed, Unknown
from ledger.reports import ledger as books
from ledger.store import tables as t

blueprint = Resource("ledger", description="The double-entry ledger: balances, entries, accounts.")

ROLES = {FINANCE, ADMIN}


@blueprint.query("/ledger/trial-balance", roles=ROLES, answers=schemas.TrialBalance, arguments=schemas.At)
def show_trial_balance(query: Query) -> Answer:
    """Show the balance of every account, now or as of an instant, on either clock."""
    at, clock = query.arguments["at"], query.arguments["clock"]
    found = books.trial_balance(query.connection, at, clock)
    return Answer({"at": at or query.now, "clock": clock, "accounts": found.accounts, "sums": found.sums})


@blueprint.query("/ledger/entries", roles=ROLES, answers=page_of(schemas.Entry), arguments=schemas.EntryFilters)
def list_entries(query: Query) -> Answer:
    """List entries with their transfers, newest first."""
    listing = query.listing()
    rows, following = listing.rows(query.connection, books.entries(_condition(query.arguments)), [t.entry.c.id])
    transfers = books.transfers_of(query.connection, [row["id"] for row in rows])
    items = [
        {
            "id": row["id"],
            "kind": row["kind"],
            "supplier": row["supplier"],
            "buyer": row["buyer"],
            "currency": row["currency"],
            "source": row["source_id"],
            "appointment": row["appointment_id"],
            "effective_at": row["effective_at"],
            "recorded_at": row["recorded_at"],
            "transfers": transfers.get(row["id"], []),
        }
        for row in rows
    ]
    return Answer({"items": items, "next_cursor": following})


def _condition(arguments: Any) -> ColumnElement[bool]:
    entry, organisation = t.entry.c, t.organisation.c
    conditions: list[ColumnElement[bool]] = [true()]
    for name, column in (("supplier", entry.supplier_id), ("buyer", entry.buyer_id)):
        if name in arguments:
            slug = arguments[name]
            conditions.append(column == select(organisation.id).where(organisation.slug == slug).scalar_subquery())
    if "kind" in arguments:
        conditions.append(entry.kind == arguments["kind"])
    if "appointment" in arguments:
        try:
            conditions.append(entry.appointment_id == UUID(arguments["appointment"]))
        except ValueError:
            raise Malformed.at("/appointment", "Needs a UUID.") from None
    return and_(*conditions)


@blueprint.query("/ledger/accounts/<uuid:account_id>", roles=ROLES, answers=schemas.Account, arguments=Page)
def show_account(query: Query, account_id: UUID) -> Answer:
    """Show an account and what moved it, newest first."""
    account = books.account(query.connection, account_id)
    if account is None:
        raise Unknown("there is no such account")
    listing = query.listing()
    rows, following = listing.rows(query.connection, books.account_lines(account_id), [t.entry.c.id])
    items = [
        {
            "entry": row["id"],
            "kind": row["kind"],
            "source": row["source_id"],
            "appointment": row["appointment_id"],
            "effective_at": row["effective_at"],
            "recorded_at": row["recorded_at"],
            "change": int(row["change"]),
        }
        for row in rows
    ]
    return Answer({**account, "items": items, "next_cursor": following})
