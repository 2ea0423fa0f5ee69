"""Credits by hand and voids: never beyond a line, four eyes above the limit, the appointment and the books in step."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, true, update
from sqlalchemy.exc import IntegrityError

from invoices import credits_by_hand, verify_payments, voiding
from invoices.billing_run import bill
from invoices.credits_by_hand import Wanted
from invoices.verify import sweeps
from ledger.domain.calendar import Period
from ledger.domain.disputes import Position
from ledger.domain.errors import Conflict, IllegalMove, NotAllowed, Refused
from ledger.domain.lifecycle import CriterionFinding, Finding, Party
from ledger.domain.outcome import Findings
from ledger.reports import documents
from ledger.services import disputes
from ledger.services.verify import look_over
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.services.market import ATTENDED, DAY, MONDAY, TUESDAY, Market
from tests.verify.houses import no_cap

BILLED = datetime(2026, 4, 3, 9, tzinfo=UTC)
LATER = BILLED + 2 * DAY
SMALLER = Findings(Finding.ATTENDED, criteria={"size": CriterionFinding.REFUTED})


class Billed:
    """Three attended appointments of 180.00 on one invoice: 540.00 net."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        price = {"tiers": [{"from": 1, "amount": 18000}]}
        self.market = Market(engine, no_cap, suppliers=("acme-calls",), price=price)
        with engine.begin() as connection:
            connection.execute(update(t.organisation).values(vat_id="GB980780684"))
        self.ids = [
            self.market.taken(reference=f"S-{day}", at=MONDAY, starts_at=TUESDAY + day * DAY, name=f"Person {day}")
            for day in range(3)
        ]
        for day, identity in enumerate(self.ids):
            self.market.find(identity, ATTENDED, TUESDAY + day * DAY + timedelta(hours=2))
        self.bill("2026-03", BILLED)
        self.invoice: UUID = self.documents()[0].id

    def bill(self, month: str, now: datetime) -> None:
        bill(self.engine, Period.parse(month), now=now, actor="finance")

    def documents(self) -> Sequence[Any]:
        with reading(self.engine) as connection:
            return connection.execute(select(t.document).order_by(t.document.c.id)).all()

    def ask(self, *wanted: Wanted, limit: int = 1000, person: str = "fin-1") -> UUID:
        with writing(self.engine) as connection:
            return credits_by_hand.ask(
                connection, self.invoice, wanted or None, "agreed by phone", limit=limit, person=person, now=LATER
            )

    def approve(self, request_id: UUID, person: str) -> None:
        with writing(self.engine) as connection:
            credits_by_hand.approve(connection, request_id, person=person, now=LATER)

    def void(self) -> voiding.Voided:
        with writing(self.engine) as connection:
            return voiding.void(connection, self.invoice, reason="wrong address", actor="fin", now=LATER)

    def claw_back(self, identity: UUID, claim: Findings, at: datetime, *, concede: bool = True) -> None:
        opened: list[UUID] = []
        self.market.command(
            identity,
            Party.BUYER,
            at,
            lambda desk, case, actor: opened.append(
                disputes.open_dispute(desk, case, "smaller_company", claim, "we looked", actor, at)
            ),
        )
        if concede:
            self.market.command(
                identity,
                Party.SUPPLIER,
                at,
                lambda desk, case, actor: disputes.reply(desk, case, opened[0], Position.CONCEDE, None, actor, at),
            )

    def balances(self) -> dict[str, int]:
        account = t.account.c
        with reading(self.engine) as connection:
            rows = connection.execute(select(account.kind, account.balance).where(account.balance != 0))
            return {row.kind: row.balance for row in rows}

    def faults(self, now: datetime = LATER) -> list[str]:
        with reading(self.engine) as connection:
            return [f"{fault.check}: {fault.what}" for fault in look_over(connection, sweeps(None), now).faults]


@pytest.fixture
def billed(engine: Engine) -> Billed:
    return Billed(engine)


def test_a_credit_by_hand_is_a_note_now_and_lowers_the_appointment(billed: Billed) -> None:
    billed.ask(Wanted(1, None, 5000), Wanted(None, "S-2", None))
    note = billed.documents()[-1]
    assert (note.kind, note.net, note.tax, note.corrects_id) == ("credit_note", 23000, 4600, billed.invoice)
    assert [billed.market.state(identity).amount for identity in billed.ids] == [13000, 18000, 0]
    assert billed.market.kinds(billed.ids[0])[-1] == "credited"
    assert billed.balances() == {"cost": 31000, "vat": 6200, "payable": -37200}
    assert billed.faults() == []


def test_a_credit_never_goes_beyond_what_is_left_of_a_line(billed: Billed) -> None:
    billed.ask(Wanted(1, None, 10000))
    with pytest.raises(Refused) as refusal:
        billed.ask(Wanted(1, None, 8001), Wanted(9, None, 1), Wanted(2, None, 0))
    assert [each.code for each in refusal.value.violations] == ["beyond_line", "no_such_line", "beyond_line"]
    billed.ask()
    assert sum(each.tax for each in billed.documents() if each.kind == "credit_note") == 10800
    assert billed.balances() == {}
    with pytest.raises(Refused, match="nothing_left"):
        billed.ask()


def test_above_the_limit_it_waits_for_somebody_else(billed: Billed) -> None:
    billed.ask(Wanted(1, None, 6000), limit=100)
    split = billed.ask(Wanted(2, None, 6000), limit=100)
    assert [each.kind for each in billed.documents()] == ["invoice", "credit_note"], "what was split is weighed whole"
    with pytest.raises(NotAllowed, match="somebody else"):
        billed.approve(split, "fin-1")
    billed.approve(split, "fin-2")
    assert len(billed.documents()) == 3
    with billed.engine.connect() as connection, connection.begin() as damage:
        guard = "SET LOCAL session_replication_role = replica"
        is_sqlite = connection.dialect.name == "sqlite"
        connection.exec_driver_sql("DROP TRIGGER credit_request_no_update" if is_sqlite else guard)
        connection.execute(update(t.credit_request).where(~t.credit_request.c.over_limit).values(amount=5999))
        told = look_over(connection, verify_payments.SWEEPS, LATER).faults
        assert [fault.check for fault in told] == [verify_payments.FOUR_EYES]
        damage.rollback()
    with pytest.raises(Conflict, match="granted before"):
        billed.approve(split, "fin-3")
    assert billed.faults() == []


def test_the_database_refuses_ones_own_approval(billed: Billed) -> None:
    waiting = billed.ask(Wanted(1, None, 18000), limit=100)
    grant = {
        "request_id": waiting,
        "document_id": billed.invoice,
        "requested_by": "fin-1",
        "granted_by": "fin-1",
        "granted_at": LATER,
    }
    with reading(billed.engine) as connection:
        request = connection.execute(select(t.credit_request)).mappings().one()
    grant |= {name: request[name] for name in ("buyer_id", "supplier_id")}
    for over_limit in (True, False):
        with pytest.raises(IntegrityError), writing(billed.engine) as connection:
            connection.execute(t.credit_grant.insert(), grant | {"over_limit": over_limit})


def test_a_later_decision_counts_on_top_of_what_was_given_back(billed: Billed) -> None:
    """80.00 by hand, then a claim that halves its worth: 90.00 more are given back, 10.00 are left."""
    billed.ask(Wanted(1, None, 8000))
    billed.claw_back(billed.ids[0], SMALLER, LATER)
    assert billed.market.state(billed.ids[0]).amount == 1000
    billed.bill("2026-04", datetime(2026, 5, 3, 9, tzinfo=UTC))
    assert [each.net for each in billed.documents()] == [54000, 8000, 9000]
    assert billed.faults(datetime(2026, 5, 3, 9, tzinfo=UTC)) == []


def test_what_is_disputed_is_not_credited_by_hand(billed: Billed) -> None:
    billed.claw_back(billed.ids[0], SMALLER, LATER, concede=False)
    with pytest.raises(IllegalMove, match="disputed"):
        billed.ask(Wanted(1, None, 100))
    billed.ask(Wanted(2, None, 100))
    assert billed.documents()[-1].net == 100


def test_a_void_gives_all_back_and_charges_it_again_on_a_document_that_names_the_old_one(billed: Billed) -> None:
    billed.ask(Wanted(3, None, 4000))
    before = billed.documents()[0]
    done = billed.void()
    invoice, _, note, again = billed.documents()
    assert (note.id, again.id) == (done.credit_note_id, done.reissue_id)
    assert (note.net, again.net, again.period) == (50000, 50000, 202603)
    assert (again.replaces_id, again.content["replaces"]["number"]) == (billed.invoice, invoice.number)
    assert (invoice.hash, again.number) == (before.hash, "ACME-NORTH-000002")
    assert billed.balances() == {"cost": 50000, "vat": 10000, "payable": -60000}
    assert billed.market.state(billed.ids[0]).amount == 18000
    assert billed.void() == done, "once more gives the same"
    assert len(billed.documents()) == 4
    with reading(billed.engine) as connection:
        shown = documents.one(connection, billed.invoice, true(), LATER)
    assert shown is not None and shown["voided"] == {"reason": "wrong address", "at": LATER}
    assert billed.faults() == []
    billed.claw_back(billed.ids[0], SMALLER, LATER)
    billed.bill("2026-04", datetime(2026, 5, 3, 9, tzinfo=UTC))
    last = billed.documents()[-1]
    assert (last.corrects_id, last.net) == (again.id, 9000)
    assert billed.faults(datetime(2026, 5, 3, 9, tzinfo=UTC)) == []


def test_a_void_that_could_not_be_issued_again_now_is_refused_whole(billed: Billed) -> None:
    with billed.engine.begin() as connection:
        connection.execute(update(t.organisation).values(vat_id="GB123456782"))
    with pytest.raises(Refused, match="vat_id_changed"):
        billed.void()
    assert len(billed.documents()) == 1
