"""Disputes read as settled, whether or not the worker came by: silence that escalates, replies that did not come."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, Table, true

from ledger.domain.errors import Unknown
from ledger.domain.lifecycle import Party, Verdict
from ledger.services import dispute_reading, disputes
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.services.dispute_reading import Filters
from ledger.store.engine import reading, writing
from tests.services.market import ATTENDED, DAY, TUESDAY, Document, Market
from tests.services.test_disputed_money import ARBITER, FOUND, MET, REFUTED, dispute, market

HOUR = timedelta(hours=1)
LATER = TUESDAY + 30 * DAY


def everybody(_table: Table) -> Any:
    return true()


def pages(house: Market, filters: Filters, now: datetime, limit: int) -> list[dict[str, Any]]:
    """The whole list, page by page."""
    found: list[dict[str, Any]] = []
    after: UUID | None = None
    with reading(house.engine) as connection:
        while True:
            rows, after = dispute_reading.page(connection, everybody, filters, now, limit=limit, after=after)
            found += rows
            if after is None:
                return found
            assert len(rows) == limit


def escalating(document: Document) -> None:
    document["verification"]["silence"] = "escalate"
    document["dispute"]["no_reply"] = "uphold"


def test_a_list_of_disputes_is_the_same_before_and_after_the_worker(engine: Engine) -> None:
    house = market(engine, escalating)
    silent = [house.taken(reference=f"S-{n}", starts_at=TUESDAY + n * HOUR) for n in range(4)]
    unanswered = house.taken(reference="S-9", starts_at=TUESDAY - DAY)
    house.find(unanswered, REFUTED, FOUND)
    dispute(house, unanswered, Party.SUPPLIER, "criterion_met", MET)
    house.settle(house.state(silent[0]).findings_at or LATER)
    kinds = [Filters(), Filters(state="with_arbiter"), Filters(state="closed"), Filters(kind="contest")]
    kinds += [Filters(appointment=silent[3]), Filters(state="awaiting_reply")]
    before = [[pages(house, each, LATER, limit) for limit in (1, 3, 200)] for each in kinds]
    assert [[len(rows) for rows in lists] for lists in before] == [[n] * 3 for n in (5, 4, 1, 1, 1, 0)]
    with reading(engine) as connection:
        queue = dispute_reading.open_ones(connection, everybody, LATER, 100)
        single = [dispute_reading.one(connection, row["id"], everybody, LATER) for row in before[0][2]]
    assert {row["appointment_id"] for row in queue} == set(silent)
    assert single == before[0][2]
    house.settle(LATER)
    assert [[pages(house, each, LATER, limit) for limit in (1, 3, 200)] for each in kinds] == before


def test_a_dispute_that_silence_opened_is_decided_without_the_worker(engine: Engine) -> None:
    house = market(engine, escalating)
    identity = house.taken()
    (foreseen,) = pages(house, Filters(), LATER, 10)
    stranger = Actor("key:other", Party.BUYER, house.ids["acme-calls"])
    with writing(engine) as connection:
        desk = Desk(connection, LATER)
        for nobodys in (foreseen["id"], uuid4(), UUID(int=0)):
            with pytest.raises(Unknown):
                disputes.in_hand(desk, nobodys, stranger, LATER)
        case = disputes.in_hand(desk, foreseen["id"], ARBITER, LATER)
        disputes.decide(desk, case, foreseen["id"], ATTENDED, "as the log shows", ARBITER, LATER)
        desk.flush()
    assert (house.state(identity).verdict, house.state(identity).amount) == (Verdict.DECIDED, 10000)
    (closed,) = pages(house, Filters(state="closed"), LATER, 10)
    assert (closed["id"], closed["opened_at"]) == (foreseen["id"], foreseen["opened_at"])
