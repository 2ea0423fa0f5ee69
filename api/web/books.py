"""The books as finance reads them on a page: trial balance, accounts, what is open by age, a supplier's account.

Owns the reading of the instant and the clock from the address. Everything comes from `ledger.reports`.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, request
from sqlalchemy import select

from api.databases import database
from api.languages import gettext
from api.units import clock
from api.web.blueprint import pages, show
from api.web.inbox import identity
from api.web.sessions import only, person
from ledger.domain.errors import Malformed, Unknown
from ledger.reports import ledger, open_items
from ledger.services.access import FINANCE, PARTIES, SUPPLIER, visible
from ledger.store import tables as t
from ledger.store.engine import reading

PAGE = 100


@pages.get("/ledger")
@only(FINANCE)
def trial_balance() -> Response:
    """Every account that is not at zero, now or as of the end of a day."""
    at, name, day = _asked()
    with reading(database().engine) as connection:
        found = ledger.trial_balance(connection, at, name)
        waiting = 0 if name == ledger.RECORDED else ledger.unsettled(connection, at or clock())
    return show("ledger", accounts=found.accounts, sums=found.sums, unsettled=waiting, clock=name, day=day)


@pages.get("/ledger/accounts/<uuid:account_id>")
@only(FINANCE)
def account(account_id: UUID) -> Response:
    """One account and what moved it, newest first."""
    at, name, day = _asked()
    after, entry = identity(request.args.get("after")), t.entry.c
    with reading(database().engine) as connection:
        found = ledger.account(connection, account_id, at, name)
        if found is None:
            raise Unknown("there is no such account")
        query = ledger.account_lines(account_id)
        if at is not None:
            query = query.where(ledger.instant(name) <= at)
        if after is not None:
            query = query.where(entry.id < after)
        rows = connection.execute(query.order_by(entry.id.desc()).limit(PAGE + 1)).mappings().all()
    following = rows[PAGE - 1]["id"] if len(rows) > PAGE else None
    shown: dict[str, Any] = {"a": found, "rows": rows[:PAGE], "following": following, "is_first": after is None}
    return show("account", **shown, clock=name, day=day, zone=person().time_zone)


@pages.get("/open")
@only(FINANCE, *PARTIES)
def open_by_age() -> Response:
    """What is open by supplier, buyer and currency, and for how long it has been due."""
    with reading(database().engine) as connection:
        rows = open_items.ageing(connection, visible(person().principal, t.document), clock())
        names = _names(connection)
    return show("open", rows=rows, names=names, buckets=open_items.BUCKETS)


@pages.get("/suppliers/<slug>/account")
@only(FINANCE, SUPPLIER)
def supplier_account(slug: str) -> Response:
    """Every movement of what is payable to a supplier, with the balance after each."""
    organisation = t.organisation.c
    query = select(organisation.id, organisation.legal_name).where(
        organisation.slug == slug, organisation.kind == "supplier", visible(person().principal, t.organisation)
    )
    with reading(database().engine) as connection:
        found = connection.execute(query).one_or_none()
        if found is None:
            raise Unknown("there is no such supplier")
        rows = open_items.account(connection, found.id, visible(person().principal, t.entry))
        names, document = _names(connection), t.document.c
        numbered = select(document.number, document.id).where(
            document.supplier_id == found.id, visible(person().principal, t.document)
        )
        documents = {row.number: row.id for row in connection.execute(numbered)}
    shown = {"name": found.legal_name, "rows": rows, "names": names, "documents": documents}
    return show("supplier_account", **shown, zone=person().time_zone)


def _names(connection: Any) -> dict[str, str]:
    every = select(t.organisation.c.slug, t.organisation.c.legal_name)
    return {row.slug: row.legal_name for row in connection.execute(every)}


def _asked() -> tuple[datetime | None, str, str]:
    """The last instant of the day that the address names, in the reader's zone; the clock; the day as written."""
    name, day = request.args.get("clock", ledger.EFFECTIVE), request.args.get("day", "")
    if name not in ledger.CLOCKS:
        raise Malformed.at("clock", gettext("There are two clocks, effective and recorded."))
    if not day:
        return None, name, ""
    try:
        midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(person().time_zone)) + timedelta(days=1)
        return midnight.astimezone(UTC) - timedelta(microseconds=1), name, day
    except (ValueError, OverflowError):
        raise Malformed.at("day", gettext("Write the day as 2026-12-01.")) from None
