"""What organisations are told: everything that concerns them, once, nothing of anybody else, and thin."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Engine, delete, select, update

from ledger.domain.announcing import APPOINTMENT_FINAL
from ledger.domain.lifecycle import Party
from ledger.services import announcing, disputes, endpoints, outbox, people, verify_webhooks
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.services.verify import look_over
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.services.market import ATTENDED, DAY, MONDAY, NO_SHOW, TUESDAY, Market

URL = "https://hooks.example.org/"
LATER = TUESDAY + timedelta(hours=2)


def endpoint(market: Market, slug: str, types: list[str] | None = None, at: datetime = MONDAY - DAY) -> UUID:
    with writing(market.engine) as connection:
        made = endpoints.create(connection, market.ids[slug], URL, types, None, "key", at, slug, private=False)
    identity: UUID = made.row["id"]
    return identity


def told(engine: Engine, endpoint_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    """The messages of an endpoint in order, as (type, data)."""
    column = t.outgoing_delivery.c
    query = select(column.type, column.body).where(column.endpoint_id == endpoint_id, column.state != "scheduled")
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(column.happened_at, column.source_number)).all()
    return [(row.type, orjson.loads(row.body)["data"]) for row in rows]


def types(engine: Engine, endpoint_id: UUID) -> list[str]:
    return [kind for kind, _ in told(engine, endpoint_id)]


def test_both_parties_are_told_once_and_nobody_else_is(engine: Engine) -> None:
    market = Market(engine)
    buyer, supplier, other = (endpoint(market, slug) for slug in ("north-bank", "acme-calls", "best-leads"))
    identity = market.taken(email="someone@x.example", name="Somebody Known")
    market.find(identity, ATTENDED, LATER)
    assert market.refused(email="someone@x.example", reference="S-2", at=LATER, starts_at=LATER + DAY)
    for _ in range(3):
        announcing.announce(engine, LATER, full=True)
    assert sorted(types(engine, buyer)) == ["amount.accrued", "appointment.found", "appointment.submitted"]
    assert sorted(types(engine, supplier)) == sorted([*types(engine, buyer), "appointment.refused"])
    assert types(engine, other) == []
    with reading(engine) as connection:
        assert look_over(connection, verify_webhooks.SWEEPS, LATER + 2 * DAY).faults == ()
    shown = dict(told(engine, buyer))["appointment.found"]
    assert shown["appointment"] == {"id": str(identity), "reference": "S-1", "stage": "billable", "version": 2}
    assert (shown["supplier"], shown["buyer"], shown["number"]) == ("acme-calls", "north-bank", 2)
    with reading(engine) as connection:
        assert "omebody" not in str(connection.execute(select(t.outgoing_delivery.c.body)).all())


def test_an_endpoint_gets_the_types_it_asked_for_from_its_beginning_on(engine: Engine) -> None:
    market = Market(engine)
    chosen = endpoint(market, "acme-calls", ["appointment.found", "appointment.cancelled"])
    late = endpoint(market, "acme-calls", at=LATER)
    first, second = market.taken(), market.taken(reference="S-2", name="Other", starts_at=TUESDAY + DAY)
    market.cancel(second, MONDAY + DAY)
    market.find(first, ATTENDED, LATER)
    announcing.announce(engine, LATER + DAY)
    assert types(engine, chosen) == ["appointment.cancelled", "appointment.found"]
    assert sorted(types(engine, late)) == ["amount.accrued", "appointment.found"]


def test_what_is_committed_late_is_told_all_the_same(engine: Engine) -> None:
    market = Market(engine)
    supplier = endpoint(market, "acme-calls")
    market.taken()
    announcing.announce(engine, MONDAY + timedelta(minutes=5))
    with writing(engine) as connection:  # as if the transaction that recorded it had not been visible then
        connection.execute(delete(t.outgoing_delivery))
    announcing.announce(engine, MONDAY + timedelta(minutes=9))
    assert types(engine, supplier) == ["appointment.submitted"]


def test_the_words_of_a_dispute_are_told_with_its_id(engine: Engine) -> None:
    market = Market(engine)
    supplier = endpoint(market, "acme-calls")
    identity, at = market.taken(), LATER + timedelta(hours=1)
    market.find(identity, NO_SHOW, LATER)
    opened: list[UUID] = []

    def contest(desk: Desk, case: Case, actor: Actor) -> None:
        opened.append(disputes.open_dispute(desk, case, "attended_after_all", ATTENDED, "he came", actor, at))

    market.command(identity, Party.SUPPLIER, at, contest)
    announcing.announce(engine, at)
    messages = dict(told(engine, supplier))
    assert messages["dispute.opened"]["dispute"] == str(opened[0])
    assert messages["dispute.message_sent"]["party"] == "supplier"
    assert "he came" not in str(messages)
    assert messages["dispute.opened"]["appointment"]["stage"] == "disputed"


def test_final_is_told_when_the_last_window_is_over_and_not_before(engine: Engine) -> None:
    market = Market(engine)
    buyer = endpoint(market, "north-bank", [APPOINTMENT_FINAL])
    identity = market.taken()
    market.find(identity, ATTENDED, LATER)
    state = market.state(identity)
    assert state.clawback_at is not None
    announcing.announce(engine, LATER)
    announcing.announce(engine, state.clawback_at - timedelta(microseconds=1))
    assert types(engine, buyer) == []
    for _ in range(2):
        announcing.announce(engine, state.clawback_at)
    assert types(engine, buyer) == [APPOINTMENT_FINAL]


def test_a_verdict_that_is_questioned_is_not_told_as_final(engine: Engine) -> None:
    market = Market(engine)
    buyer = endpoint(market, "north-bank", [APPOINTMENT_FINAL])
    identity = market.taken()
    market.find(identity, ATTENDED, LATER)
    announcing.announce(engine, LATER)
    before = market.state(identity).clawback_at
    assert before is not None

    def claw_back(desk: Desk, case: Case, actor: Actor) -> None:
        disputes.open_dispute(desk, case, "wrong_person", NO_SHOW, None, actor, before - DAY)

    market.command(identity, Party.BUYER, before - DAY, claw_back)
    announcing.announce(engine, before)
    assert types(engine, buyer) == []


def test_what_was_missed_while_disabled_is_told_after_enabling(engine: Engine) -> None:
    market = Market(engine)
    supplier = endpoint(market, "acme-calls", ["appointment.submitted"])
    this = t.webhook_endpoint.c.id == supplier
    with writing(engine) as connection:
        connection.execute(update(t.webhook_endpoint).where(this).values(disabled_at=MONDAY, disabled_because="gone"))
    market.taken(at=MONDAY + DAY)
    announcing.announce(engine, MONDAY + 4 * DAY)
    assert types(engine, supplier) == []
    with writing(engine) as connection:
        endpoints.enable(connection, supplier, MONDAY + 4 * DAY, this, at=MONDAY + 4 * DAY)
    announcing.announce(engine, MONDAY + 4 * DAY)
    assert types(engine, supplier) == ["appointment.submitted"]


def test_a_delivery_is_taken_by_one_worker_and_by_the_next_when_that_one_dies(engine: Engine) -> None:
    market = Market(engine)
    endpoint(market, "acme-calls")
    market.taken()
    announcing.announce(engine, MONDAY)
    first = outbox.claim(engine, MONDAY, 4)
    assert [parcel.attempt for parcel in first] == [1]
    assert outbox.claim(engine, MONDAY, 4) == []
    again = outbox.claim(engine, MONDAY + outbox.LEASE, 4)
    assert [(parcel.delivery_id, parcel.attempt) for parcel in again] == [(first[0].delivery_id, 2)]
    late = outbox.Outcome(MONDAY, 10, 500)
    outbox.record(engine, first[0], late, MONDAY + outbox.LEASE, 0.5)
    outbox.record(engine, again[0], outbox.Outcome(MONDAY, 10, 204), MONDAY + outbox.LEASE, 0.5)
    with reading(engine) as connection:
        assert connection.execute(select(t.outgoing_delivery.c.state)).scalars().all() == ["delivered"]


def test_the_log_is_cleared_away_after_a_while(engine: Engine) -> None:
    market = Market(engine)
    endpoint(market, "acme-calls")
    market.taken()
    announcing.announce(engine, MONDAY)
    (parcel,) = outbox.claim(engine, MONDAY, 4)
    outbox.record(engine, parcel, outbox.Outcome(MONDAY, 10, 204), MONDAY, 0.5)
    for at, gone in ((MONDAY + announcing.KEPT, 0), (MONDAY + announcing.KEPT + DAY, 1)):
        announcing.announce(engine, at, full=True)
        assert announcing.clear_away(engine, at) == gone
    announcing.announce(engine, MONDAY + announcing.KEPT + DAY, full=True)
    with reading(engine) as connection:
        assert connection.execute(select(t.delivery_attempt)).first() is None
        states = set(connection.execute(select(t.outgoing_delivery.c.state)).scalars())
    assert states == set()


def test_a_disabled_organisation_is_told_nothing_more(engine: Engine) -> None:
    market = Market(engine)
    endpoint(market, "acme-calls")
    market.taken()
    announcing.announce(engine, MONDAY)
    with writing(engine) as connection:
        people.disable_organisation(connection, market.ids["acme-calls"], MONDAY)
    market.taken(reference="S-2", name="Other", at=MONDAY + DAY)
    assert announcing.announce(engine, MONDAY + DAY, full=True) == 0
    assert outbox.claim(engine, MONDAY + DAY, 4) == []
    with reading(engine) as connection:
        assert outbox.counts(connection) == {"waiting": 0, "alive": 0, "disabled": 0}
