"""Credit notes: one per corrected original and run, with the original's mode, tax, rate and identifiers."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, select
from sqlalchemy.exc import DatabaseError, IntegrityError

from ledger.domain.calendar import Period
from ledger.domain.journal import EntryKind
from ledger.domain.money import share_of
from ledger.store import tables as t
from ledger.store.engine import reading
from tests.billing.trade import AFTER_NOVEMBER, MID_OCTOBER, NOVEMBER, STATEMENT, Trade, self_billed

MID_NOVEMBER = datetime(2026, 11, 15, 10, tzinfo=UTC)
DECEMBER = Period(2026, 12)
AFTER_DECEMBER = datetime(2027, 1, 2, 9, tzinfo=UTC)


@pytest.fixture
def agreement(trade: Trade) -> UUID:
    return trade.agree()


@pytest.fixture
def charged(trade: Trade, agreement: UUID) -> list[UUID]:
    """Three lines of 333 on one invoice."""
    made = [trade.charge(agreement, 333, MID_OCTOBER + timedelta(hours=turn)) for turn in range(3)]
    trade.bill()
    return made


def notes(trade: Trade) -> list[Row[Any]]:
    return [document for document in trade.documents() if document.kind == "credit_note"]


def test_a_credit_becomes_a_note_of_its_original(trade: Trade, agreement: UUID, charged: list[UUID]) -> None:
    original = trade.document()
    trade.credit(charged[1], agreement, 333, MID_NOVEMBER)
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    (note,) = notes(trade)
    assert (note.number, note.period, note.corrects_id) == ("ACME-NORTH-CN-000001", 202611, original.id)
    assert note.content["corrects"] == {"id": str(original.id), "number": original.number, "issued_on": "2026-11-02"}
    assert (note.content["type_code"], note.due_on.isoformat()) == (261, "2026-12-02")
    (line,) = trade.lines(note.id)
    assert (line.kind, line.amount) == ("credit", 333)
    assert (line.corrects_document_id, line.corrects_number) == (original.id, 2)


def test_amounts_are_positive_and_the_books_take_them_back(trade: Trade, agreement: UUID, charged: list[UUID]) -> None:
    trade.credit(charged[0], agreement, 333, MID_NOVEMBER)
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    (note,) = notes(trade)
    assert (note.net, note.tax, note.gross, note.prepaid, note.due) == (333, 67, 400, 0, 400)
    assert trade.balances() == {"cost": 666, "vat": 200 - 67, "payable": -(666 + 200 - 67)}
    with reading(trade.engine) as connection:
        entry = connection.execute(select(t.entry).where(t.entry.c.source_id == note.id)).one()
    assert entry.kind == EntryKind.CREDIT_NOTE


def test_the_taxes_of_all_notes_together_are_the_originals(trade: Trade, agreement: UUID, charged: list[UUID]) -> None:
    """Tax of the original − half up (net left × rate) − credited before: 200 in all, never 3 × 67."""
    original = trade.document()
    taxes, left = [], original.net
    months = [
        (NOVEMBER, AFTER_NOVEMBER),
        (DECEMBER, AFTER_DECEMBER),
        (Period(2027, 1), datetime(2027, 2, 2, tzinfo=UTC)),
    ]
    for accrual, (period, now) in zip(charged, months, strict=True):
        trade.credit(accrual, agreement, 333, now - timedelta(days=5))
        trade.bill(period, now)
        left -= 333
        taxes.append(notes(trade)[-1].tax)
        assert sum(taxes) == original.tax - share_of(left, 2000)
    assert sum(taxes) == original.tax == 200


def test_credits_of_one_run_share_the_note_newest_line_first(
    trade: Trade, agreement: UUID, charged: list[UUID]
) -> None:
    for accrual in charged:
        trade.credit(accrual, agreement, 100, MID_NOVEMBER)
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    (note,) = notes(trade)
    assert [(line.number, line.corrects_number) for line in trade.lines(note.id)] == [(1, 3), (2, 2), (3, 1)]


def test_every_original_has_a_note_of_its_own(trade: Trade, agreement: UUID, charged: list[UUID]) -> None:
    later = trade.charge(agreement, 500, MID_NOVEMBER)
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    for accrual in (charged[0], later):
        trade.credit(accrual, agreement, 100, AFTER_NOVEMBER)
    trade.bill(DECEMBER, AFTER_DECEMBER)
    assert len({note.corrects_id for note in notes(trade)}) == 2


def test_a_credit_after_the_periods_end_waits_for_the_next_run(
    trade: Trade, agreement: UUID, charged: list[UUID]
) -> None:
    trade.credit(charged[0], agreement, 100, datetime(2026, 12, 1, tzinfo=UTC))
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    assert notes(trade) == []
    trade.bill(DECEMBER, AFTER_DECEMBER)
    assert len(notes(trade)) == 1


def test_running_again_makes_no_second_note(trade: Trade, agreement: UUID, charged: list[UUID]) -> None:
    trade.credit(charged[0], agreement, 100, MID_NOVEMBER)
    first = trade.bill(NOVEMBER, AFTER_NOVEMBER)
    trade.credit(charged[1], agreement, 100, MID_NOVEMBER)
    second = trade.bill(NOVEMBER, AFTER_NOVEMBER)
    assert [document.number for document in first.documents] == [document.number for document in second.documents]
    trade.bill(DECEMBER, AFTER_DECEMBER)
    assert [note.net for note in notes(trade)] == [100, 100]


def test_a_note_keeps_the_originals_rate_and_identifiers_and_needs_no_agreement_in_force(
    trade: Trade, agreement: UUID, charged: list[UUID]
) -> None:
    tax = {"category": "S", "rate": 500, "exemption": None}
    trade.amend(agreement, AFTER_NOVEMBER, tax=tax, billing=self_billed(until="2026-11-01"))
    trade.change("acme-calls", vat_id=None, legal_name="Somebody Else Ltd")
    trade.credit(charged[0], agreement, 333, MID_NOVEMBER)
    result = trade.bill(NOVEMBER, AFTER_NOVEMBER)
    (note,) = notes(trade)
    assert result.parked == ()
    assert note.tax == 67
    assert note.content["supplier"] == trade.documents()[0].content["supplier"]


def test_a_note_over_two_rates_gives_each_its_tax_back(trade: Trade) -> None:
    dear = trade.agree(definition="visits")
    cheap = trade.agree(definition="calls", tax={"category": "S", "rate": 500, "exemption": None})
    one, other = trade.charge(dear, 1000), trade.charge(cheap, 1000)
    trade.bill()
    trade.credit(one, dear, 500, MID_NOVEMBER)
    trade.credit(other, cheap, 1000, MID_NOVEMBER)
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    (note,) = notes(trade)
    assert [(tax["rate"], tax["net"], tax["tax"]) for tax in note.content["taxes"]] == [
        (2000, 500, 100),
        (500, 1000, 50),
    ]


def test_a_credit_against_a_statement_posts_nothing_when_it_is_issued(trade: Trade) -> None:
    agreement = trade.agree(billing=STATEMENT)
    charged = trade.charge(agreement, 1000)
    trade.bill()
    trade.credit(charged, agreement, 400, MID_NOVEMBER)
    before = trade.balances()
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    (note,) = notes(trade)
    assert (note.mode, note.content["type_code"]) == ("statement", None)
    assert trade.balances() == before


def test_a_dry_run_tells_of_notes_too(trade: Trade, agreement: UUID, charged: list[UUID]) -> None:
    trade.credit(charged[0], agreement, 100, MID_NOVEMBER)
    dry = trade.bill(NOVEMBER, AFTER_NOVEMBER, dry_run=True)
    assert [(document.kind, document.net) for document in dry.documents] == [("credit_note", 100)]
    assert notes(trade) == []


def test_a_note_beyond_what_is_left_of_a_line_is_refused_by_the_database(
    trade: Trade, agreement: UUID, charged: list[UUID]
) -> None:
    trade.credit(charged[0], agreement, 300, MID_NOVEMBER)
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    trade.credit(charged[0], agreement, 100, AFTER_NOVEMBER)
    with pytest.raises((IntegrityError, DatabaseError), match="do not add up"):
        trade.bill(DECEMBER, AFTER_DECEMBER)
    assert [note.net for note in notes(trade)] == [300]
