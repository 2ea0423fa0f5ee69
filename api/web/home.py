"""Where a person begins: the first page of their role, or an overview of what they may do.

Refuses nothing by itself.
"""

from typing import Final

from flask import Response, g, url_for
from sqlalchemy import ColumnElement, Table, func, select, true

from api.databases import database
from api.units import clock
from api.web.blueprint import led_to, pages, show
from api.web.sessions import only, to_login
from ledger.services import dispute_reading
from ledger.services.access import ADMIN, ARBITER, BUYER, FINANCE, SUPPLIER
from ledger.store import tables as t
from ledger.store.engine import reading

MOST: Final = 100
"""Disputes that are counted."""
FIRST: Final = (
    (BUYER, "web.inbox"),
    (FINANCE, "web.months"),
    (SUPPLIER, "web.due"),
    (ARBITER, "web.dispute_queue"),
    (ADMIN, "web.overview"),
)


@pages.get("/")
def start() -> Response:
    """The first page of whoever it is."""
    if g.person is None:
        return to_login()
    endpoint = next(endpoint for role, endpoint in FIRST if g.person.has(role))
    return led_to(url_for(endpoint))


@pages.get("/overview")
@only(ADMIN, ARBITER)
def overview() -> Response:
    """What somebody of the operator can do now."""
    now = clock()
    with reading(database().engine) as connection:
        disputes = dispute_reading.open_ones(connection, everything, now, MOST + 1)
        organisations = connection.execute(select(func.count()).select_from(t.organisation)).scalar_one()
    clocks = [each["decision_at"] for each in disputes if each["state"] == dispute_reading.WITH_ARBITER]
    return show(
        "overview",
        disputed=len(disputes),
        waiting=len(clocks),
        most=MOST,
        next_decision=min((at for at in clocks if at is not None), default=None),
        organisations=organisations,
        now=now,
    )


def everything(_table: Table) -> ColumnElement[bool]:
    """What an arbiter sees."""
    return true()
