"""More than two hundred months of trade, billed by the product and by the model, to the last minor unit."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update

from invoices import facturx, lines
from invoices.billing_run import bill
from invoices.document import Document
from ledger.domain.calendar import Period
from ledger.domain.journal import AccountKind, AccrualKind
from ledger.store import tables as t
from ledger.store.engine import make_engine, reading, writing
from tests.billing import months
from tests.billing.months import MONTHS, TRADES
from tests.billing.trade import Trade
from tests.history.histories import definition, taken, write_csv

NOW = datetime(2026, 8, 1, 9, tzinfo=UTC)
"""When the history is taken in; every month is billed after it, in order."""
VAT_ID = "GB980780684"


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Engine:
    """The history of every trade, and all its months billed; January's invoices given back in two parts."""
    folder = tmp_path_factory.mktemp("months")
    path = folder / "ledger.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    engine = make_engine(f"sqlite:///{path}")
    for trade in TRADES:
        _take_in(engine, trade, folder)
    _identify(engine)
    for turn, (year, month) in enumerate(MONTHS):
        now = NOW + timedelta(hours=turn)
        assert bill(engine, Period(year, month), now=now, actor="test").parked == ()
        if turn in (0, 1):
            _give_back(engine, whole=turn == 1, at=datetime(2026, 2 + turn, 15, 12, tzinfo=UTC))
    return engine


def _take_in(engine: Engine, trade: months.Trade, folder: Path) -> None:
    document = definition(
        slug=trade.definition,
        currency=trade.currency,
        time_zone=trade.zone,
        effective_from="2025-11-01T00:00:00Z",
        outcomes=months.SHARES | trade.shares,
        verification={"window": {"hours": 24}, "anchor": "slot_end", "silence": "accept"},
        rebooking={"within": {"days": trade.rebooking_days}, "limit": 1 if trade.rebooking_days else 0},
    )
    terms = {
        "definition": trade.definition,
        "effective_from": "2025-11-01T00:00:00Z",
        "price": {
            "tiers": [{"from": first, "amount": amount} for first, amount in trade.tiers],
            "bonuses": {"owner": trade.bonus} if trade.bonus else {},
            "minimum_per_month": trade.minimum,
            "deposit": None,
        },
        "tax": {
            "category": trade.category,
            "rate": trade.rate,
            "exemption": "§ 19 UStG" if trade.category == "E" else None,
        },
        "payment": {"days": 14},
        "billing": {
            "mode": "self_billed",
            "acceptance_window": {"days": 10},
            "self_billing": {"from": "2026-01-01", "until": None, "supplier_vat_id": VAT_ID},
        },
    }
    rows = [meeting.row(trade) for meeting in months.meetings(trade)]
    summary, refused = taken(
        engine, write_csv(folder / f"{trade.definition}.csv", rows), definition=document, agreement=terms, now=NOW
    )
    assert refused == []
    assert summary.taken == len(rows)


def _identify(engine: Engine) -> None:
    """Parties of a history come without identifiers; and bank's suppliers hold a deposit."""
    with writing(engine) as connection:
        address = {"line1": "1 High Street", "city": "Leeds", "country": "GB"}
        connection.execute(update(t.organisation).values(vat_id=VAT_ID, vat_registered=True, address=address))
    trade = Trade(engine)
    for agreed in TRADES:
        if agreed.deposit:
            for agreement_id in _agreements(engine, agreed.definition).values():
                trade.deposit(agreement_id, agreed.deposit)


def _agreements(engine: Engine, definition_slug: str) -> dict[str, UUID]:
    """A definition's agreements by supplier."""
    query = (
        select(t.organisation.c.slug, t.agreement.c.id)
        .join_from(t.agreement, t.definition, t.definition.c.id == t.agreement.c.definition_id)
        .join(t.organisation, t.organisation.c.id == t.agreement.c.supplier_id)
        .where(t.definition.c.slug == definition_slug)
    )
    with reading(engine) as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def _give_back(engine: Engine, *, whole: bool, at: datetime) -> None:
    """A third of every line of January's invoices of one rate, rounded up; then whatever is left of them."""
    trade, line = Trade(engine), t.document_line.c
    query = (
        select(line.accrual_id, line.amount, line.document_id, t.accrual.c.agreement_id)
        .join_from(t.document_line, t.document, t.document.c.id == line.document_id)
        .join(t.accrual, t.accrual.c.id == line.accrual_id)
        .where(t.document.c.period == 202601, t.document.c.kind == "invoice", t.document.c.currency != "GBP")
        .order_by(line.document_id, line.number)
    )
    with writing(engine) as connection:
        for row in connection.execute(query).all():
            amount = row.amount - _third(row.amount) if whole else _third(row.amount)
            if amount:
                trade.accrue(
                    connection, row.agreement_id, -amount, at, kind=AccrualKind.CREDIT, corrects=row.accrual_id
                )


def _third(amount: int) -> int:
    return -(-amount // 3)


def _documents(engine: Engine, kind: str) -> dict[tuple[str, str, int, int], Any]:
    """Issued documents by buyer, supplier, year and month, with their lines."""
    supplier, buyer = t.organisation.alias("supplier"), t.organisation.alias("buyer")
    query = (
        select(t.document, supplier.c.slug.label("supplier"), buyer.c.slug.label("buyer"))
        .join(supplier, supplier.c.id == t.document.c.supplier_id)
        .join(buyer, buyer.c.id == t.document.c.buyer_id)
        .where(t.document.c.kind == kind)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
        return {
            (row.buyer, row.supplier, *divmod(row.period, 100)): (row, list(lines.read(connection, row.id)))
            for row in rows
        }


def _sums(row: Any) -> tuple[int, int, int, int, int]:
    return row.net, row.tax, row.gross, row.prepaid, row.due


def test_every_month_s_invoice_is_what_the_model_says(billed: Engine) -> None:
    expected, issued = months.invoices(), _documents(billed, "invoice")
    assert len(expected) >= 200
    assert issued.keys() == expected.keys()
    for key, (row, made) in issued.items():
        told = [(each.reference, each.outcome, each.price, each.share, each.amount) for each in made]
        wanted = [
            (reference, outcome, base + bonus, share, amount)
            for reference, outcome, base, bonus, share, amount in expected[key].lines
        ]
        assert told == wanted, key
        taxes = [(tax["category"], tax["rate"], tax["net"], tax["tax"]) for tax in row.content["taxes"]]
        assert taxes == expected[key].taxes, key
        assert _sums(row) == expected[key].sums, key


def test_credit_notes_give_the_tax_back_to_the_minor_unit(billed: Engine) -> None:
    notes, expected = _documents(billed, "credit_note"), months.invoices()
    foreign = {trade.buyer for trade in TRADES if trade.currency != "GBP"}
    originals = {key: bill for key, bill in expected.items() if key[3] == 1 and key[0] in foreign}
    assert len(originals) >= 20
    for key, original in originals.items():
        amounts = [line[-1] for line in original.lines]
        parts = [_third(amount) for amount in amounts], [amount - _third(amount) for amount in amounts]
        before: list[tuple[int, int]] = []
        for month, given in zip((2, 3), parts, strict=True):
            row, _ = notes[*key[:3], month]
            before.append(months.credited(original, given, before))
            assert (row.net, row.tax) == before[-1], key
        assert sum(tax for _, tax in before) == original.sums[1]


def test_they_make_valid_e_invoices(billed: Engine) -> None:
    """One of each buyer and kind; `tests/conftest.py` has the official rules look at every XML."""
    samples = {
        (row.buyer, kind): (row, made)
        for kind in ("invoice", "credit_note")
        for row, made in _documents(billed, kind).values()
        if row.currency != "KWD"
    }
    assert len(samples) == 5 + 3
    for row, made in samples.values():
        assert row.number.encode() in facturx.xml(Document.from_json(row.content), made)


def test_what_is_owed_is_what_was_billed(billed: Engine) -> None:
    """The books agree with the documents: payable is what invoices ask less what was credited."""
    owed: dict[tuple[UUID, UUID, str], int] = defaultdict(int)
    with reading(billed) as connection:
        for row in connection.execute(select(t.document)):
            sign = -1 if row.kind == "credit_note" else 1
            owed[row.supplier_id, row.buyer_id, row.currency] += sign * row.due
        payable = {
            (row.supplier_id, row.buyer_id, row.currency): -row.balance
            for row in connection.execute(select(t.account).where(t.account.c.kind == AccountKind.PAYABLE))
        }
    assert payable == owed
