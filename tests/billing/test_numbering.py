"""Numbers: gapless per buyer, supplier and kind; the printed one the supplier's alone."""

import pytest
from sqlalchemy import Engine, select

from invoices.numbering import Series, take_number
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.billing.trade import AFTER_NOVEMBER, NOVEMBER, STATEMENT, Trade


def take(trade: Trade, supplier: str, buyer: str, kind: str = "invoice") -> str:
    with writing(trade.engine) as connection:
        series = Series(trade.ids[supplier], trade.ids[buyer], supplier, buyer, kind)
        return take_number(connection, series).text


@pytest.fixture
def parties(trade: Trade) -> Trade:
    for slug in ("acme-calls", "agent-9", "agent-10"):
        trade.join(slug, "supplier", vat_id=None, vat_registered=False)
    for slug in ("north-bank", "city-hotel", "resort-hotel"):
        trade.join(slug, "buyer")
    return trade


def test_a_number_is_made_from_the_first_word_of_each_slug(parties: Trade) -> None:
    assert take(parties, "acme-calls", "north-bank") == "ACME-NORTH-000001"


def test_a_first_word_that_others_share_is_not_enough(parties: Trade) -> None:
    assert take(parties, "agent-9", "city-hotel") == "AGENT-9-CITY-000001"


def test_a_word_counts_as_a_whole_and_within_its_kind(parties: Trade) -> None:
    parties.join("northern-lights", "buyer")
    parties.join("north-calls", "supplier", vat_id=None, vat_registered=False)
    assert take(parties, "acme-calls", "north-bank") == "ACME-NORTH-000001"


def test_kinds_have_series_of_their_own_and_can_be_told_apart(parties: Trade) -> None:
    printed = [take(parties, "acme-calls", "north-bank", kind) for kind in ("invoice", "credit_note", "statement")]
    assert printed == ["ACME-NORTH-000001", "ACME-NORTH-CN-000001", "ACME-NORTH-ST-000001"]


def test_a_series_keeps_its_prefix_when_others_join(parties: Trade) -> None:
    assert take(parties, "acme-calls", "north-bank") == "ACME-NORTH-000001"
    parties.join("north-shop", "buyer")
    parties.join("acme-leads", "supplier", vat_id=None, vat_registered=False)
    assert take(parties, "acme-calls", "north-bank") == "ACME-NORTH-000002"
    assert take(parties, "acme-calls", "north-shop") == "ACME-CALLS-NORTH-SHOP-000001"


def test_a_prefix_that_the_supplier_has_already_is_not_taken_again(parties: Trade) -> None:
    parties.join("south", "buyer")
    assert take(parties, "acme-calls", "south", "credit_note") == "ACME-SOUTH-CN-000001"
    parties.join("south-cn", "buyer")
    assert take(parties, "acme-calls", "south-cn") == "ACME-CALLS-SOUTH-CN-000001"


def test_a_number_taken_in_a_transaction_that_fails_was_never_taken(parties: Trade) -> None:
    series = Series(parties.ids["acme-calls"], parties.ids["north-bank"], "acme-calls", "north-bank", "invoice")
    with parties.engine.connect() as connection, connection.begin() as begun:
        assert take_number(connection, series).sequence == 1
        begun.rollback()
    assert take(parties, "acme-calls", "north-bank") == "ACME-NORTH-000001"


def test_numbers_past_a_million_go_on(parties: Trade) -> None:
    take(parties, "acme-calls", "north-bank")
    with writing(parties.engine) as connection:
        connection.execute(t.number_series.update().values(last=999_999))
    assert take(parties, "acme-calls", "north-bank") == "ACME-NORTH-1000000"


def test_runs_count_on_without_a_gap(trade: Trade) -> None:
    one, other = trade.agree(definition="visits"), trade.agree(definition="calls", payment={"days": 14})
    statement = trade.agree(definition="books", billing=STATEMENT)
    for agreement in (one, other, statement):
        trade.charge(agreement, 100)
    trade.bill()
    for agreement in (one, other, statement):
        trade.charge(agreement, 100)
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    printed = sorted(document.number for document in trade.documents())
    assert printed == [
        "ACME-NORTH-000001",
        "ACME-NORTH-000002",
        "ACME-NORTH-000003",
        "ACME-NORTH-000004",
        "ACME-NORTH-ST-000001",
        "ACME-NORTH-ST-000002",
    ]


def test_a_parked_supplier_uses_up_no_number(engine: Engine) -> None:
    trade = Trade(engine)
    agreement = trade.agree()
    trade.charge(agreement, 100)
    trade.change("acme-calls", vat_id=None)
    trade.bill()
    with reading(engine) as connection:
        assert connection.execute(select(t.number_series)).all() == []
