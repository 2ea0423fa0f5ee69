"""Confirming several appointments at once, as attended: what it costs first, then each by its own command.

Nothing is ever refuted in bulk: what would contradict independent evidence, or cannot be recorded, is left out and
named. What another person did meanwhile is not overwritten; the others are recorded all the same.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import Connection, select

from api.databases import database
from api.languages import gettext
from api.units import clock
from api.web.acting import actor_of, refusal_of
from api.web.blueprint import led_to, pages, secured, show
from api.web.inbox import PAGE, identity, narrowed
from api.web.mending import problem_shown
from api.web.sessions import only, person
from ledger.domain.errors import Malformed, VersionMismatch
from ledger.domain.lifecycle import Finding, Verdict
from ledger.domain.outcome import Findings
from ledger.services import commands, valuation
from ledger.services.access import BUYER, visible
from ledger.services.cases import Case
from ledger.services.desk import Desk
from ledger.services.valuation import Worth
from ledger.store import tables as t
from ledger.store.engine import reading

ATTENDED: Final = Findings(Finding.ATTENDED)


@dataclass(frozen=True, slots=True)
class Chosen:
    """One of them, and what confirming it brings."""

    id: UUID
    version: int
    name: str
    supplier: str
    starts_at: datetime
    due_at: datetime
    currency: str
    worth: Worth


@pages.get("/inbox/confirm")
@only(BUYER)
def confirm_several() -> Response:
    """What is chosen in the inbox, with what it costs."""
    ids = [id_ for text in request.args.getlist("id")[:PAGE] if (id_ := identity(text)) is not None]
    return _page(ids)


@pages.post("/inbox/confirm")
@only(BUYER)
def record_several() -> Response:
    """Record each as attended, if it is still what was shown."""
    wanted = [_chosen(text) for text in request.form.getlist("chosen")[:PAGE]]
    refused = {}
    for id_, version in wanted:

        def act(desk: Desk, case: Case, now: datetime, version: str = version) -> None:
            if str(case.state.version) != version:
                raise VersionMismatch(gettext("It has changed since you looked."))
            commands.give_findings(desk, case, ATTENDED, actor_of(person().principal), now)

        refusal = refusal_of(id_, act, clock)
        if refusal is not None:
            refused[id_] = refusal
    if refused:
        with reading(database().engine) as connection:
            names = _names(connection, list(refused))
        told = [(names.get(id_, ("?", ""))[0], problem_shown(refusal)) for id_, refusal in refused.items()]
        return _page([], 409, refused=told, recorded=len(wanted) - len(refused))
    if "HX-Request" in request.headers:
        return secured(Response(status=204))
    return led_to(url_for("web.inbox", done=len(wanted), **request.args.to_dict()))  # type: ignore[arg-type]  # a query


def _page(ids: list[UUID], status: int = 200, **told: object) -> Response:
    now, buyer_id = clock(), person().principal.organisation_id
    assert buyer_id is not None, "a buyer's person has an organisation"
    with reading(database().engine) as connection:
        asked = narrowed(connection, buyer_id, now).asked
        found = list(_valued(connection, ids, now))
    chosen = [each for each in found if each.worth.refusal is None and not each.worth.disputed]
    totals: Counter[str] = Counter()
    for each in chosen:
        totals[each.currency] += each.worth.amount
    values = {
        "chosen": chosen,
        "left_out": [each for each in found if each not in chosen],
        "totals": sorted(totals.items()),
        "left": int((min((each.due_at for each in chosen), default=now) - now).total_seconds()),
        "asked": asked,
        "zone": person().time_zone,
        "refused": [],
        "recorded": 0,
    }
    return show("confirm", status, **{**values, **told})


def _valued(connection: Connection, ids: list[UUID], now: datetime) -> Iterator[Chosen]:
    """Those that still await findings, each with what it would be worth attended."""
    actor, names = actor_of(person().principal), _names(connection, ids)
    for id_ in dict.fromkeys(ids):
        case = valuation.as_settled(connection, id_, visible(person().principal, t.appointment), now)
        if case is None or case.state.verdict is not Verdict.PENDING or case.state.findings_at is None:
            continue
        worth = valuation.of_findings(connection, case, ATTENDED, actor, now)
        name, supplier = names[id_]
        yield Chosen(
            id_,
            case.state.version,
            name,
            supplier,
            case.state.slot.starts_at,
            case.state.findings_at,
            case.pinned.definition.currency,
            worth,
        )


def _names(connection: Connection, ids: list[UUID]) -> dict[UUID, tuple[str, str]]:
    """Of each appointment that is the reader's: whom it is with, and whose it is."""
    appointment, prospect, supplier = t.appointment.c, t.prospect.c, t.organisation.c
    query = (
        select(appointment.id, appointment.reference, prospect.name, supplier.legal_name)
        .join_from(t.appointment, t.organisation, supplier.id == appointment.supplier_id)
        .outerjoin(t.prospect, prospect.appointment_id == appointment.id)
        .where(appointment.id.in_(ids), visible(person().principal, t.appointment))
    )
    return {row.id: (row.name or row.reference, row.legal_name) for row in connection.execute(query)}


def _chosen(text: str) -> tuple[UUID, str]:
    id_, _, version = text.partition(".")
    found = identity(id_)
    if found is None or not version:
        raise Malformed.at("chosen", gettext("Choose appointments in the inbox."))
    return found, version
