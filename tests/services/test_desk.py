"""What a buyer's findings, a cancellation and silence are worth, and in which order they take their positions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, true

from ledger.domain.errors import IllegalMove, NotAllowed, Refusal, Refused, WindowClosed
from ledger.domain.intake import Prospect, Submission
from ledger.domain.lifecycle import CriterionFinding, Finding, Party, Slot
from ledger.domain.outcome import Findings
from ledger.services import Kept, agreements, appointments, commands, contracts, definitions, keeping, parties
from ledger.services.commands import Actor
from ledger.services.deadlines import settle_due
from ledger.services.desk import Desk
from ledger.services.intake import IntakeDesk, Taken
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.history.histories import agreement, definition

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SLOT = datetime(2026, 3, 4, 10, tzinfo=UTC)
DEADLINE = datetime(2026, 3, 6, 10, 30, tzinfo=UTC)
ATTENDED, ABSENT = Findings(Finding.ATTENDED), Findings(Finding.PROSPECT_NO_SHOW)


@dataclass
class House:
    """A buyer and a supplier on agreed terms, and what they do, each command in a transaction of its own."""

    engine: Engine
    terms: Mapping[str, Any] = field(default_factory=definition)
    price: Mapping[str, Any] | None = None
    parties: dict[Party, UUID] = field(default_factory=dict)

    def __post_init__(self) -> None:
        document = agreement(effective_from=None, **({} if self.price is None else {"price": self.price}))
        with writing(self.engine) as connection:
            for party, slug in ((Party.BUYER, "north-bank"), (Party.SUPPLIER, "acme-calls")):
                details: dict[str, Any] = {
                    "slug": slug,
                    "kind": party.value,
                    "legal_name": slug,
                    "address": {},
                    "time_zone": "UTC",
                }
                self.parties[party] = parties.create_organisation(connection, details, START)["id"]
            buyer_id, supplier_id = self.parties[Party.BUYER], self.parties[Party.SUPPLIER]
            head = definitions.create_definition(connection, buyer_id, self.terms, now=START)
            definitions.publish(connection, head, effective_from=None, now=START, actor="test")
            identity = agreements.create_agreement(connection, supplier_id, buyer_id, document, now=START, actor="test")
            for side in ("buyer", "supplier"):
                agreements.accept(connection, identity, 1, side, at=START, now=START, actor="test")

    def submit(self, reference: str, at: datetime = START, starts_at: datetime = SLOT, **facts: Any) -> UUID:
        with writing(self.engine) as connection:
            timeline = contracts.timeline_for(connection, self.parties[Party.SUPPLIER], "uk-finance-review")
            pinned, desk = contracts.counting(connection, timeline, at), Desk(connection, at)
            slot = Slot(starts_at, starts_at + timedelta(minutes=30))
            given = {"employees": 42, "title": "CFO", **facts}
            submission = Submission(reference, slot, Prospect(), "outbound", facts=given)
            result = IntakeDesk(desk, b"secret").submit(pinned, submission, at, "test")
            desk.flush()
        assert isinstance(result, Taken)
        return result.case.id

    def actor(self, party: Party) -> Actor:
        return Actor("test", party, self.parties[party])

    def find(self, identity: UUID, findings: Findings, at: datetime) -> Any:
        def give(desk: Desk, case: Any) -> None:
            commands.give_findings(desk, case, findings, self.actor(Party.BUYER), at)

        return self._command(identity, Party.BUYER, at, give)

    def cancel(self, identity: UUID, by: Party, stated_by: Party, at: datetime) -> Any:
        def cancel(desk: Desk, case: Any) -> None:
            commands.cancel(desk, case, by, self.actor(stated_by), at, "")

        return self._command(identity, stated_by, at, cancel)

    def _command(self, identity: UUID, party: Party, at: datetime, act: Any) -> Any:
        """As the edge does it: what `Kept` carries is committed, and its refusal raised."""
        refusal: Refusal | None = None
        with writing(self.engine) as connection:
            desk = Desk(connection, at)
            case = commands.in_hand(desk, identity, self.actor(party), at)
            try:
                with keeping(desk.flush):
                    act(desk, case)
                desk.flush()
            except Kept as kept:
                refusal = kept.refusal
        if refusal is not None:
            raise refusal
        return self.row(identity)

    def row(self, identity: UUID) -> Any:
        with reading(self.engine) as connection:
            return connection.execute(select(t.appointment).where(t.appointment.c.id == identity)).one()

    def shown(self, identity: UUID, now: datetime) -> dict[str, Any]:
        with reading(self.engine) as connection:
            found = appointments.one(connection, identity, true(), now)
        assert found is not None
        return found

    def accrued(self) -> int:
        with reading(self.engine) as connection:
            return int(connection.execute(select(func.coalesce(func.sum(t.accrual.c.amount), 0))).scalar_one())


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine)


@pytest.mark.parametrize(
    ("findings", "amount"),
    [
        (ATTENDED, 18000),
        (Findings(Finding.ATTENDED, 15), 18000),
        (Findings(Finding.ATTENDED, 14), 9000),
        (Findings(Finding.ATTENDED, criteria={"size": CriterionFinding.REFUTED}), 0),
        (Findings(Finding.BUYER_NO_SHOW), 18000),
        (Findings(Finding.ACCESS_FAILURE), 4500),
        (ABSENT, 0),
    ],
)
def test_findings_are_worth_what_the_terms_say(house: House, findings: Findings, amount: int) -> None:
    found = house.find(house.submit("S-1"), findings, SLOT + timedelta(hours=1))
    assert (found.amount, house.accrued()) == (amount, amount)


def test_a_bonus_counts_where_the_facts_meet_it_and_nobody_refutes_it(house: House) -> None:
    claimed, refuted = house.submit("S-1", owner=True), house.submit("S-2", owner=True)
    assert house.find(claimed, ATTENDED, SLOT).amount == 20500
    assert (
        house.find(refuted, Findings(Finding.ATTENDED, None, {"owner": CriterionFinding.REFUTED}), SLOT).amount == 18000
    )


def test_findings_are_taken_from_the_start_and_absences_after_the_waiting_time(house: House) -> None:
    identity = house.submit("S-1")
    with pytest.raises(IllegalMove, match="too_early"):
        house.find(identity, ATTENDED, SLOT - timedelta(microseconds=1))
    with pytest.raises(IllegalMove, match="too_early"):
        house.find(identity, ABSENT, SLOT + timedelta(minutes=10) - timedelta(microseconds=1))
    assert house.find(identity, ABSENT, SLOT + timedelta(minutes=10)).outcome == "prospect_no_show"


def test_a_finding_at_the_deadline_is_late_and_the_silence_stays(house: House) -> None:
    identity = house.submit("S-1")
    with pytest.raises(WindowClosed):
        house.find(identity, ABSENT, DEADLINE)
    found = house.row(identity)
    assert (found.verdict, found.verdict_at, found.amount, house.accrued()) == ("deemed", DEADLINE, 18000, 18000)


def test_a_second_finding_is_taken_only_if_it_raises_the_amount(house: House) -> None:
    identity, at = house.submit("S-1"), SLOT + timedelta(hours=1)
    house.find(identity, Findings(Finding.ATTENDED, 5), at)
    for no_better in (Findings(Finding.ATTENDED, 6), ABSENT, Findings(Finding.TECHNICAL_FAILURE)):
        with pytest.raises(IllegalMove, match="findings_given"):
            house.find(identity, no_better, at)
    found = house.find(identity, ATTENDED, at + timedelta(hours=1))
    assert (found.amount, found.position, house.accrued()) == (18000, 1, 18000)


def test_a_buyers_cancellation_is_late_at_the_very_instant(house: House) -> None:
    notice = SLOT - timedelta(hours=24)
    early = house.cancel(house.submit("S-1"), Party.BUYER, Party.BUYER, notice - timedelta(microseconds=1))
    late = house.cancel(house.submit("S-2"), Party.BUYER, Party.BUYER, notice)
    assert (early.outcome, early.amount) == ("cancelled_by_buyer", 0)
    assert (late.outcome, late.amount) == ("cancelled_by_buyer_late", 9000)


def test_nobody_says_that_the_other_side_cancelled(house: House) -> None:
    identity = house.submit("S-1")
    with pytest.raises(NotAllowed):
        house.cancel(identity, Party.BUYER, Party.SUPPLIER, START)
    with pytest.raises(IllegalMove, match="slot_started"):
        house.cancel(identity, Party.SUPPLIER, Party.SUPPLIER, SLOT)


def test_a_no_show_needs_the_contact_attempts_of_the_terms(engine: Engine) -> None:
    terms = definition()
    house = House(engine, {**terms, "attendance": {**terms["attendance"], "contact_attempts": 1}})
    identity, at = house.submit("S-1"), SLOT + timedelta(minutes=20)
    with pytest.raises(Refused, match="contact_attempts_missing"):
        house.find(identity, ABSENT, at)
    with writing(engine) as connection:
        desk, buyer = Desk(connection, at), house.actor(Party.BUYER)
        case = commands.in_hand(desk, identity, buyer, at)
        commands.add_evidence(
            *(desk, case, buyer, at), kind="contact_attempt", occurred_at=at, content=b"called", media_type="text/plain"
        )
        desk.flush()
    assert house.find(identity, ABSENT, at).outcome == "prospect_no_show"


def test_positions_go_by_effective_time_and_ties_by_submission(engine: Engine) -> None:
    """Silence of both is due at the same instant; a finding given before it comes first."""
    tiers = {"tiers": [{"from": 1, "amount": 300}, {"from": 2, "amount": 200}, {"from": 3, "amount": 100}]}
    house = House(engine, price={**agreement()["price"], **tiers, "bonuses": {"owner": 0}})
    second = house.submit("second", START + timedelta(minutes=2))
    first = house.submit("first", START + timedelta(minutes=1))
    found = house.submit("found", START + timedelta(minutes=3))
    house.find(found, ATTENDED, DEADLINE - timedelta(seconds=1))
    assert settle_due(engine, DEADLINE, DEADLINE) == 2
    assert [house.row(each).position for each in (found, first, second)] == [1, 2, 3]
    assert [house.row(each).amount for each in (found, first, second)] == [300, 200, 100]


def test_no_result_depends_on_when_the_worker_ran(house: House) -> None:
    """What is due on the agreement takes its position before a later finding on another appointment."""
    silent, late = house.submit("silent"), house.submit("late", starts_at=SLOT + timedelta(days=2))
    house.find(late, ATTENDED, DEADLINE + timedelta(hours=5))
    assert [house.row(each).position for each in (silent, late)] == [1, 2]


def test_reads_show_what_is_due_as_settled_and_write_nothing(house: House) -> None:
    no_show, silent = house.submit("S-1"), house.submit("S-2")
    house.find(no_show, ABSENT, SLOT + timedelta(hours=1))
    later = DEADLINE + timedelta(days=30)
    previewed = [house.shown(each, later) for each in (no_show, silent)]
    assert house.accrued() == 0
    settle_due(house.engine, later, later)
    settled = [house.shown(each, later) for each in (no_show, silent)]
    assert [each["money"]["amount"] for each in previewed] == [4500, 18000]
    assert previewed == settled
