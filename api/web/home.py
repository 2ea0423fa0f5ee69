"""Where a person begins: the first page of their role, or an overview of what they may do.

Refuses nothing by itself.
"""

from typing import Final

from flask import Response, g, url_for
from sqlalchemy import func, select

from api.databases import database
from api.units import clock
from api.web.blueprint import led_to, pages, show
from api.web.sessions import only, to_login
from ledger.domain.lifecycle import Verdict
from ledger.services.access import ADMIN, ARBITER, BUYER, FINANCE, SUPPLIER
from ledger.store import tables as t
from ledger.store.engine import reading

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
    appointment = t.appointment.c
    with reading(database().engine) as connection:
        disputed = connection.execute(
            select(func.count()).select_from(t.appointment).where(appointment.verdict == Verdict.CONTESTED.value)
        ).scalar_one()
        next_decision = connection.execute(
            select(func.min(appointment.decision_at)).where(appointment.verdict == Verdict.CONTESTED.value)
        ).scalar_one()
        organisations = connection.execute(select(func.count()).select_from(t.organisation)).scalar_one()
    return show("overview", disputed=disputed, next_decision=next_decision, organisations=organisations, now=clock())
