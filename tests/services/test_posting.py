"""What a unit of work posts: its accounts, however they are known, and its balances, however many it moves."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, func, select

from ledger.domain.journal import AccountKind, EntryKind
from ledger.services.posting import AT_ONCE, Accounts, Pair, Postings
from ledger.store import tables as t
from ledger.store.engine import Contended, reading, writing
from ledger.store.types import new_id
from tests.billing.trade import Trade

NOW = datetime(2026, 10, 5, 9, tzinfo=UTC)


def pairs_of(engine: Engine, suppliers: int) -> list[Pair]:
    trade = Trade(engine)
    buyer = trade.join("north-bank", "buyer")
    return [(trade.join(f"agent-{each}", "supplier"), buyer, "GBP") for each in range(suppliers)]


def post_invoices(engine: Engine, pairs: list[Pair]) -> None:
    with writing(engine) as connection:
        postings = Postings(connection, Accounts(connection))
        for pair in pairs:
            for turn in range(2):
                amounts = (1_000 + turn, 200)
                postings.post(EntryKind.INVOICE, pair, amounts, source_id=new_id(), effective_at=NOW, recorded_at=NOW)
        postings.write()


def balances(engine: Engine, pair: Pair) -> dict[str, int]:
    with reading(engine) as connection:
        query = select(t.account.c.kind, t.account.c.balance).where(t.account.c.supplier_id == pair[0])
        return {row.kind: row.balance for row in connection.execute(query) if row.balance}


@pytest.mark.parametrize("suppliers", [AT_ONCE // 4, AT_ONCE // 3 + 1], ids=["in_one_statement", "in_several"])
def test_what_is_posted_moves_each_account_by_its_transfers(engine: Engine, suppliers: int) -> None:
    pairs = pairs_of(engine, suppliers)
    post_invoices(engine, pairs)
    expected = {"accrued": 2_001, "vat": 400, "payable": -2_401}
    assert [balances(engine, pair) for pair in pairs] == [expected] * suppliers
    with reading(engine) as connection:
        counts = [connection.execute(select(func.count()).select_from(each)).scalar() for each in (t.entry, t.transfer)]
    assert counts == [2 * suppliers, 4 * suppliers]


def make_in_vain(engine: Engine, pair: Pair) -> None:
    with writing(engine) as connection:
        assert Accounts(connection).of(pair) == Accounts(connection).of(pair)
        raise InterruptedError


def test_accounts_made_in_vain_are_not_remembered(engine: Engine) -> None:
    (pair,) = pairs_of(engine, 1)
    with pytest.raises(InterruptedError):
        make_in_vain(engine, pair)
    post_invoices(engine, [pair])
    assert balances(engine, pair)["payable"] == -2_401


def test_accounts_that_a_backup_lost_are_forgotten_and_found_anew(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pair,) = pairs_of(engine, 1)
    remembered = {pair: {kind: new_id() for kind in AccountKind}}
    with monkeypatch.context() as before:
        before.setattr(Accounts, "_remembered", remembered)
        with pytest.raises(Contended):
            post_invoices(engine, [pair])
    assert remembered == {}
    post_invoices(engine, [pair])
    assert balances(engine, pair)["payable"] == -2_401
