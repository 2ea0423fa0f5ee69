"""Why was I billed this? For both parties, by page and by API, from the first slot to the credit note."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from api import units
from invoices.billing_run import bill
from ledger.domain.calendar import Period
from ledger.domain.disputes import Position
from ledger.domain.lifecycle import CriterionFinding, EventKind, Finding, Party
from ledger.domain.outcome import Findings
from ledger.services import access, commands, disputes
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.services.market import ATTENDED, DAY, TUESDAY
from tests.web.conftest import House

APRIL = datetime(2026, 4, 2, 9, tzinfo=UTC)
CLAIMED = TUESDAY + 25 * DAY
REFUTED = Findings(Finding.ATTENDED, criteria={"size": CriterionFinding.REFUTED})


def explained(house: House, role: str, slug: str, identity: UUID, now: datetime) -> Any:
    with writing(house.engine) as connection:
        issued = access.issue_key(connection, role, house.market.ids[slug], now)
    path = f"/v1/appointments/{identity}/explanation"
    return house.client().get(path, headers={"Authorization": f"Bearer {issued.secret}"})


def credited(house: House) -> UUID:
    """Attended and invoiced in March, clawed back and conceded in April, credited in May."""
    identity = house.market.taken(reference="S-7", name="Lena Vogt", email="lena@brandt.example")
    house.market.find(identity, ATTENDED, TUESDAY + timedelta(hours=1))
    bill(house.engine, Period(2026, 3), now=APRIL, actor="test")
    which: list[UUID] = []

    def claim(desk: Desk, case: Case, actor: Actor) -> None:
        reason = case.pinned.definition.clawback.reasons[0].code
        which.append(disputes.open_dispute(desk, case, reason, REFUTED, "He has left.", actor, CLAIMED))

    def concede(desk: Desk, case: Case, actor: Actor) -> None:
        disputes.reply(desk, case, which[0], Position.CONCEDE, None, actor, CLAIMED + DAY)

    house.market.command(identity, Party.BUYER, CLAIMED, claim)
    house.market.command(identity, Party.SUPPLIER, CLAIMED + DAY, concede)
    bill(house.engine, Period(2026, 4), now=APRIL + 31 * DAY, actor="test")
    return identity


def test_both_parties_read_every_step_with_its_entry_and_nobody_else_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity, now = credited(house), APRIL + 32 * DAY
    house.set_clock(now)
    monkeypatch.setattr(units, "clock", lambda: now)
    said = explained(house, "supplier", "acme-calls", identity, now).json
    assert said["answer"].endswith("as the supplier conceded. What had been billed was credited.")
    steps = [(step["kind"], [entry["kind"] for entry in step["entries"]]) for step in said["steps"]]
    assert steps == [
        ("submitted", []),
        ("found", ["accrual"]),
        ("document", ["invoice"]),
        ("dispute_opened", []),
        ("message", []),
        ("dispute_decided", ["reduction"]),
        ("document", ["credit_note"]),
    ]
    assert [step["document"]["amount"] for step in said["steps"] if step["document"]] == [20500, -20500]
    assert said["steps"][1]["money"] == {
        "change": 20500, "amount": 20500, "held": 0, "position": 1, "price": 20500, "share": 10000,
    }  # fmt: skip
    transfer = {"debit": "cost", "credit": "accrued", "amount": 20500}
    assert said["steps"][1]["entries"][0]["transfers"] == [transfer]
    assert explained(house, "buyer", "north-bank", identity, now).json["steps"] == said["steps"]
    assert explained(house, "buyer", "south-bank", identity, now).status_code == 404

    with reading(house.engine) as connection:
        document_id = connection.execute(select(t.document.c.id).where(t.document.c.kind == "invoice")).scalar_one()
    for email in ("rita@north-bank.example", "sam@acme.example"):
        client = house.enter(email)
        page = client.get(f"/appointments/{identity}/why").text
        assert "Why was I billed this?" in page and "The appointment took place: 100 %." in page
        assert "+£205.00" in page and "−£205.00" in page and "He has left." in page
        assert f"/appointments/{identity}/why" in client.get(f"/appointments/{identity}").text
        assert f"/documents/{document_id}" in client.get("/documents").text
        lines = client.get(f"/documents/{document_id}").text
        assert f"/appointments/{identity}/why" in lines and "£205.00" in lines
        assert client.get(f"/documents/{document_id}?after=nonsense").status_code == 400
    house.add("stranger@south-bank.example", "buyer", slug="south-bank")
    stranger = house.enter("stranger@south-bank.example")
    assert stranger.get(f"/appointments/{identity}/why").status_code == 404
    assert stranger.get(f"/documents/{document_id}").status_code == 404


def test_what_is_due_is_told_as_settled_and_not_written(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    identity, now = house.market.taken(), TUESDAY + 9 * DAY
    monkeypatch.setattr(units, "clock", lambda: now)
    last = explained(house, "buyer", "north-bank", identity, now).json["steps"][-1]
    assert (last["kind"], last["recorded_at"], last["money"]["amount"]) == (EventKind.DEEMED.value, None, 20500)
    assert last["actor"] == {"party": "rule", "organisation": None, "name": None}
    assert last["at"] == last["deadline"] == "2026-03-12T10:30:00Z"
    with reading(house.engine) as connection:
        assert connection.execute(select(func.count()).select_from(t.appointment_event)).scalar_one() == 1


def test_the_names_of_the_other_sides_people_are_not_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    identity, now = house.market.taken(), TUESDAY + DAY
    monkeypatch.setattr(units, "clock", lambda: now)
    with reading(house.engine) as connection:
        rita = access.user(connection, "rita@north-bank.example")["id"]

    def find(desk: Desk, case: Case, actor: Actor) -> None:
        named = Actor(f"user:{rita}", Party.BUYER, actor.organisation_id)
        commands.give_findings(desk, case, ATTENDED, named, TUESDAY + timedelta(hours=1))

    house.market.command(identity, Party.BUYER, TUESDAY + timedelta(hours=1), find)
    own = explained(house, "buyer", "north-bank", identity, now).json["steps"][1]["actor"]
    assert own == {"party": "buyer", "organisation": "north-bank", "name": "Rita"}
    other = explained(house, "supplier", "acme-calls", identity, now).json["steps"][1]["actor"]
    assert other == {"party": "buyer", "organisation": "north-bank", "name": None}
