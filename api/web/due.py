"""What a supplier has to do now: replies, contests, rebookings, documents and offers, each with its deadline.

Owns only their putting together; every list is one that has a page of its own.
"""

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

from flask import Response
from sqlalchemy import Connection, select

from api.databases import database
from api.units import clock
from api.web.actors import party_names
from api.web.agreements import waiting
from api.web.blueprint import pages, show
from api.web.sessions import only, person
from ledger.domain.disputes import OWES_REPLY
from ledger.domain.lifecycle import Party
from ledger.domain.settlement import DocumentState
from ledger.domain.stage import Stage
from ledger.reports import documents
from ledger.services import appointments as reads
from ledger.services.access import SUPPLIER, visible
from ledger.store import tables as t
from ledger.store.engine import reading

MOST: Final = 20
CHANCES: Final = {Stage.CONTESTABLE: "contest", Stage.CAN_BE_REBOOKED: "rebooking"}
"""The stages in which a supplier can still do something, and the deadline of each."""


@pages.get("/due")
@only(SUPPLIER)
def due() -> Response:
    """Everything that a deadline will end without him."""
    now, viewer = clock(), person()
    with reading(database().engine) as connection:
        chances = {stage.value: _chances(connection, stage, now) for stage in CHANCES}
        replies, unanswered = _replies(connection), _documents(connection, now)
        offers = waiting(connection, now)
        items = (*chances[Stage.CONTESTABLE], *chances[Stage.CAN_BE_REBOOKED], *offers, *unanswered)
        names = party_names(connection, (each["buyer"] for each in items))
    nothing = not (replies or unanswered or offers or any(chances.values()))
    return show(
        "due",
        replies=replies,
        documents=unanswered,
        offers=offers,
        names=names,
        chances=chances,
        nothing=nothing,
        most=MOST,
        now=now,
        zone=viewer.time_zone,
    )


def _chances(connection: Connection, stage: Stage, now: datetime) -> list[Mapping[str, Any]]:
    """The appointments of this stage, by the deadline that ends it."""
    items, _ = reads.page(connection, person().principal, reads.Filters(stage=stage), now, limit=MOST)
    found = []
    for item in items:
        until = next((each["at"] for each in item["deadlines"] if each["kind"] == CHANCES[stage]), None)
        if until is not None:
            found.append({**item, "until": until})
    return sorted(found, key=itemgetter("until"))


def _replies(connection: Connection) -> list[Any]:
    """The disputes whose reply is his, the earliest clock first."""
    dispute, prospect = t.dispute.c, t.prospect.c
    ours = [kind.value for kind, party in OWES_REPLY.items() if party is Party.SUPPLIER]
    query = (
        select(t.dispute, t.appointment.c.reference, t.appointment.c.currency, prospect.name)
        .join(t.appointment, t.appointment.c.id == dispute.appointment_id)
        .outerjoin(t.prospect, prospect.appointment_id == dispute.appointment_id)
        .where(
            visible(person().principal, t.dispute),
            dispute.state != "closed",
            dispute.reply_at.is_not(None),
            dispute.kind.in_(ours),
        )
        .order_by(dispute.reply_at, dispute.id)
        .limit(MOST)
    )
    return list(connection.execute(query).mappings())


def _documents(connection: Connection, now: datetime) -> list[Any]:
    """The documents that silence will accept, the earliest first."""
    document = t.document.c
    condition = documents.Filters(state=DocumentState.ISSUED.value, now=now).condition()
    query = documents.documents(now).where(visible(person().principal, t.document), document.accept_by > now, condition)
    return list(connection.execute(query.order_by(document.accept_by, document.id).limit(MOST)).mappings())
