"""Rules of the books: every posting of the rulebook's table, balanced because no transfer can be otherwise."""

import pytest

from ledger.domain.journal import CHART, AccountKind, EntryKind, Transfer, transfers

POSTINGS = [
    ("accrual", [("cost", "accrued")]),
    ("hold", [("accrued", "held")]),
    ("release", [("held", "accrued")]),
    ("reversal", [("held", "cost")]),
    ("reduction", [("accrued", "cost")]),
    ("invoice", [("accrued", "payable"), ("vat", "payable")]),
    ("credit_note", [("payable", "accrued"), ("payable", "vat")]),
    ("payment", [("payable", "settlement")]),
    ("payment_returned", [("settlement", "payable")]),
    ("deposit", [("deposit", "settlement")]),
    ("deposit_drawn", [("payable", "deposit")]),
]


@pytest.mark.parametrize(("kind", "pairs"), POSTINGS)
def test_every_event_posts_as_the_rulebooks_table_says(kind: str, pairs: list[tuple[str, str]]) -> None:
    amounts = [100 + number for number in range(len(pairs))]
    posted = transfers(EntryKind(kind), *amounts)
    assert [(t.debit, t.credit, t.amount) for t in posted] == [
        (debit, credit, amount) for (debit, credit), amount in zip(pairs, amounts, strict=True)
    ]


def test_the_chart_knows_no_other_posting() -> None:
    assert set(CHART) == set(EntryKind) == {EntryKind(kind) for kind, _ in POSTINGS}


@pytest.mark.parametrize("kind", [EntryKind.INVOICE, EntryKind.CREDIT_NOTE])
def test_where_there_is_no_tax_there_is_no_transfer_of_it(kind: EntryKind) -> None:
    (net,) = transfers(kind, 500, 0)
    assert AccountKind.VAT not in (net.debit, net.credit)
    assert net.amount == 500


@pytest.mark.parametrize(("kind", "back"), [("invoice", "credit_note"), ("payment", "payment_returned")])
def test_what_takes_a_posting_back_is_its_mirror(kind: str, back: str) -> None:
    assert [(credit, debit) for debit, credit in CHART[EntryKind(kind)]] == list(CHART[EntryKind(back)])


@pytest.mark.parametrize("amounts", [(), (1, 2)])
def test_an_entry_takes_as_many_amounts_as_the_chart_has_pairs(amounts: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="takes 1 amounts"):
        transfers(EntryKind.ACCRUAL, *amounts)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_transfer_moves_a_positive_amount(amount: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        Transfer(AccountKind.COST, AccountKind.ACCRUED, amount)


def test_a_negative_amount_is_no_posting() -> None:
    with pytest.raises(ValueError, match="positive"):
        transfers(EntryKind.ACCRUAL, -5)


def test_a_transfer_moves_between_two_accounts() -> None:
    with pytest.raises(ValueError, match="two accounts"):
        Transfer(AccountKind.COST, AccountKind.COST, 1)
