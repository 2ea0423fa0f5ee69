"""An event that nobody was told of and a message to the wrong one are found."""

from typing import Any

import pytest
from sqlalchemy import Connection

from ledger.domain.announcing import TYPES
from ledger.services.announced import SOURCES, untold
from ledger.store import tables as t
from ledger.store.types import new_id
from tests.services.market import MONDAY, OPENED
from tests.verify.houses import MAY, House

PARTIES = ("acme-calls", "north-bank")
NOT_IN_THE_HOUSE = {
    "appointment.credited",
    "appointment.final",
    "appointment.rebooked",
    "appointment.refused",
    "appointment.rescheduled",
    "deposit.received",
    "dispute.escalated",
    "dispute.withdrawn",
    "document.accepted",
    "document.queried",
    "document.query_withdrawn",
    "payment.recorded",
    "payment.returned",
    "replacement.revived",
    "statement.issued",
    "supplier_invoice.recorded",
}
"""What does not happen there; `final` no row tells."""


def endpoint(house: House, **changes: Any) -> dict[str, Any]:
    marks = {"tells_from": MAY, "announced_until": MAY, "created_at": OPENED, "created_by": "test", "failures": 0}
    whose = {"id": new_id(), "organisation_id": house.market.ids["acme-calls"], "url": "https://x.example/"}
    return {**whose, "secret": "sealed", **marks, **changes}


def delivery(to: dict[str, Any], source: str, source_id: Any, number: int) -> dict[str, Any]:
    times = dict.fromkeys(("happened_at", "created_at", "due_at", "expires_at"), MONDAY)
    whose = {"endpoint_id": to["id"], "organisation_id": to["organisation_id"]}
    about = {"source": source, "source_id": source_id, "source_number": number, "type": "appointment.submitted"}
    return (
        {"id": new_id(), "event_id": new_id(), "body": "{}", "state": "pending", "attempts": 0} | whose | about | times
    )


@pytest.mark.parametrize(
    ("changes", "checks"),
    [
        ({}, set()),
        ({"tells_from": OPENED}, {"events told"}),
        ({"tells_from": OPENED, "types": ["appointment.x"]}, set()),
    ],
    ids=["told of nothing yet", "left out", "asked for nothing"],
)
def test_an_event_that_nobody_was_told_of_is_found(house: House, changes: dict[str, Any], checks: set[str]) -> None:
    def harm(connection: Connection) -> None:
        connection.execute(t.webhook_endpoint.insert().values(endpoint(house, **changes)))

    with house.damaged(harm) as connection:
        assert {fault.check for fault in house.verified(connection).faults} == checks


def test_a_message_to_the_wrong_one_is_found(house: House) -> None:
    ours, appointment_id = endpoint(house), house.ids["attended"]
    theirs = {**endpoint(house), "organisation_id": new_id()}
    deliveries = [
        delivery(ours, "appointment_event", appointment_id, 1),
        delivery(ours, "appointment_event", appointment_id, 99),
        delivery(theirs, "appointment_event", appointment_id, 1),
        delivery(theirs, "final", appointment_id, 1),
        delivery({**ours, "organisation_id": theirs["organisation_id"]}, "test", new_id(), 0),
        delivery(ours, "gossip", new_id(), 0),
    ]

    def harm(connection: Connection) -> None:
        connection.execute(t.webhook_endpoint.insert(), [ours, theirs])
        connection.execute(t.outgoing_delivery.insert(), deliveries)

    with house.damaged(harm) as connection:
        found = {fault.where for fault in house.verified(connection).faults if fault.check == "event recipients"}
        assert found == {f"delivery {each['id']}" for each in deliveries[1:]}
        connection.exec_driver_sql("DELETE FROM outgoing_delivery")
        connection.exec_driver_sql("DELETE FROM webhook_endpoint")


def test_whatever_happened_in_the_house_is_told_in_words_that_the_page_explains(house: House) -> None:
    def harm(connection: Connection) -> None:
        both = [endpoint(house, tells_from=OPENED, organisation_id=house.market.ids[slug]) for slug in PARTIES]
        connection.execute(t.webhook_endpoint.insert(), both)

    with house.damaged(harm) as connection:
        rows = [
            (source, row)
            for source in SOURCES
            for through, party in source.parties
            for row in connection.execute(untold(source, through, party, OPENED))
        ]
        told = {source.tell(row)[0] for source, row in rows}
    assert told == set(TYPES) - NOT_IN_THE_HOUSE
