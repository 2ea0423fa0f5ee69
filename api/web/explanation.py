"""Why was I billed this? One appointment's time line, for both parties to read and to print.

Owns the page alone: what it tells is gathered by `ledger.services.explanations` and worded by the domain. Somebody
else's appointment is not there.
"""

from uuid import UUID

from flask import Response
from sqlalchemy import select

from api.databases import database
from api.units import clock
from api.web.blueprint import pages, show
from api.web.sessions import only, person
from ledger.domain.errors import Unknown
from ledger.services import explanations
from ledger.services.access import OPERATOR, PARTIES
from ledger.store import tables as t
from ledger.store.engine import reading


@pages.get("/appointments/<uuid:appointment_id>/why")
@only(*PARTIES, *OPERATOR)
def why(appointment_id: UUID) -> Response:
    """Every step with the clause, the facts, the evidence, the deadline, who acted and the ledger entry."""
    now, viewer = clock(), person()
    with reading(database().engine) as connection:
        found = explanations.of_appointment(connection, appointment_id, viewer.principal, now)
        if found is None:
            raise Unknown("there is no such appointment")
        pinned, organisation = found.case.pinned, t.organisation.c
        query = select(organisation.id, organisation.legal_name).where(
            organisation.id.in_((pinned.supplier_id, pinned.buyer_id))
        )
        names = {row.id: row.legal_name for row in connection.execute(query)}
    return show(
        "why",
        case=found.case,
        pinned=pinned,
        answer=found.explanation.answer,
        steps=found.explanation.steps,
        people=found.people,
        sides={"supplier": names[pinned.supplier_id], "buyer": names[pinned.buyer_id]},
        currency=pinned.definition.currency,
        now=now,
        zone=viewer.time_zone,
    )
