"""`/v1/ledger`: the books, for finance."""

from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy import ColumnElement, and_, select, true

from api.auth import ADMIN, FINANCE
from api.endpoints import Resource
from api.schemas import ledger as schemas
from api.schemas import page_of
from api.units import Answer, Query
from invoices import accounting_files
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
    told = {"at": at or query.now, "clock": clock, "unsettled": _unsettled(query)}
    return Answer({**told, "accounts": found.accounts, "sums": found.sums})


def _unsettled(query: Query) -> int:
    """What is not in the books yet although it counts; what is not posted is by nature not recorded."""
    at, clock = query.arguments["at"], query.arguments["clock"]
    return 0 if clock == books.RECORDED else books.unsettled(query.connection, min(at or query.now, query.now))


@blueprint.query("/ledger/entries", roles=ROLES, answers=page_of(schemas.Entry), arguments=schemas.EntryFilters)
def list_entries(query: Query) -> Answer:
    """List entries with their transfers as of an instant on either clock, in the order of recording, newest first.

    The books hold what is posted. What is due and not settled yet is posted by the worker, effective at its deadline;
    the trial balance tells how many appointments wait for it (`unsettled`).
    """
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


def _by_then(arguments: Any) -> ColumnElement[bool]:
    at = arguments["at"]
    return true() if at is None else books.instant(arguments["clock"]) <= at


def _condition(arguments: Any) -> ColumnElement[bool]:
    entry, organisation = t.entry.c, t.organisation.c
    conditions = [_by_then(arguments)]
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


@blueprint.query("/ledger/accounts/<uuid:account_id>", roles=ROLES, answers=schemas.Account, arguments=schemas.PageAt)
def show_account(query: Query, account_id: UUID) -> Answer:
    """Show an account as of an instant on either clock, and what had moved it, in the order of recording."""
    at, clock = query.arguments["at"], query.arguments["clock"]
    account = books.account(query.connection, account_id, at, clock)
    if account is None:
        raise Unknown("there is no such account")
    listing = query.listing()
    moved = books.account_lines(account_id).where(_by_then(query.arguments))
    rows, following = listing.rows(query.connection, moved, [t.entry.c.id])
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
    told = {"at": at or query.now, "clock": clock, "unsettled": _unsettled(query)}
    return Answer({**account, **told, "items": items, "next_cursor": following})


@blueprint.query("/ledger/export", roles=ROLES, arguments=schemas.ExportQuery, media_type="application/zip")
def download_export(query: Query) -> Response:
    """Download what an accountant imports of a month: journal and invoices as CSV and XLSX, the journal as beancount.

    The beancount file asserts every balance at the month's end, so that `bean-check` compares the two ledgers.
    """
    period = query.arguments["period"]
    response = Response(accounting_files.archive(query.connection, period), mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="ledger-{period}.zip"'
    return response
