"""Which appointment an event is about, where more than one could be."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Engine

from ledger.domain.lifecycle import Party
from ledger.domain.messages import Message, Statement
from ledger.domain.signatures import Provider
from ledger.services import cases
from ledger.services.connections import Account
from ledger.services.matching import Finder, spoken
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from ledger.store.types import new_id
from tests.services.market import DAY, MONDAY, SECRET, TUESDAY, Market

PERSON = "ann.lee@ex.example"
LATER = TUESDAY + timedelta(minutes=3)


def found(house: Market, message: Message) -> UUID | None:
    account = Account(new_id(), "rooms", Provider.ZOOM, None, Party.OPERATOR)
    with reading(house.engine) as connection:
        return Finder(connection, account, message, SECRET, LATER).find()


def test_a_person_is_looked_for_in_the_slot_and_behind_no_cancelled_one(engine: Engine) -> None:
    house = Market(engine)
    cancelled = house.taken("acme-calls", "S-1", email=PERSON)
    house.cancel(cancelled, MONDAY + DAY)
    on = house.taken("best-leads", "S-2", at=MONDAY + 2 * DAY, email=PERSON)
    other_day = house.taken("acme-calls", "S-3", at=MONDAY + 2 * DAY, starts_at=TUESDAY + DAY, email="b@ex.example")

    def seen(at: timedelta, *people: str) -> UUID | None:
        moment = TUESDAY + at
        return found(house, Message("joined", "k", moment, (moment, moment), people=people))

    assert seen(timedelta(minutes=3), "Ann.Lee+zoom@Ex.example") == on
    assert seen(timedelta(hours=-1), PERSON) == on
    assert seen(timedelta(hours=3), PERSON) is None
    assert seen(timedelta(minutes=3), "b@ex.example") is None
    assert seen(DAY, "b@ex.example", PERSON) == other_day


def test_a_rebooked_appointment_is_known_by_both_references(engine: Engine) -> None:
    house = Market(engine, suppliers=("acme-calls",))
    identity = house.taken("acme-calls", "S-1")
    again = {"reference": "S-9", "appointment_id": identity, "supplier_id": house.ids["acme-calls"]}
    slot = {"starts_at": TUESDAY, "ends_at": LATER, "submitted_at": MONDAY, "buyer_id": house.ids["north-bank"]}
    with writing(engine) as connection:
        connection.execute(t.linked_reference.insert().values(**again, **slot))
    for reference, expected in (("S-1", identity), ("S-9", identity), ("S-2", None)):
        assert found(house, Message("presence", "k", reference=("acme-calls", reference))) == expected


def test_a_stand_in_is_known_by_his_organisations_domain_and_a_stranger_is_nobodys(engine: Engine) -> None:
    house = Market(engine)
    identity = house.taken(email=PERSON)
    with writing(engine) as connection:
        office = t.organisation.update().where(t.organisation.c.id == house.ids["north-bank"])
        connection.execute(office.values(email="office@north-bank.example"))
    account = Account(new_id(), "rooms", Provider.ZOOM, None, Party.OPERATOR)
    came = {"what": "joined", "side": None, "participant": "p", "session": "s", "at": TUESDAY.isoformat()}
    people = ("Stand-In@North-Bank.example", "Ann.Lee+zoom@Ex.example", "somebody@elsewhere.example", None)
    message = Message("joined", "k", TUESDAY, statements=tuple(Statement(came, email) for email in people))
    with reading(engine) as connection:
        (case,) = cases.load(connection, t.appointment.c.id == identity)
        said = spoken(connection, account, case, message)
    assert [each["side"] for each in said] == ["buyer", "prospect", None, None]
