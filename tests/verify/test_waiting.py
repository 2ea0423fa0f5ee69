"""What waits is told as a notice; what a run passed over is a fault."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from freezegun import freeze_time
from sqlalchemy import Engine

from invoices import verify
from invoices.billing_run import bill
from invoices.rendering import render_pending
from invoices.storage import storage_at
from invoices.verify import run_checks
from ledger.domain.calendar import Period
from ledger.services import chain
from ledger.services.verify import Report
from ledger.store import tables as t
from tests.services.market import ATTENDED, MONDAY, TUESDAY, Market
from tests.verify.houses import NOON

MARCH = Period.parse("2026-03")
AFTER = datetime(2026, 4, 3, 9, tzinfo=UTC)


@pytest.fixture
def market(engine: Engine) -> Iterator[Market]:
    """One attended appointment, a month that is over."""
    with freeze_time(MONDAY) as clock:
        market = Market(engine, suppliers=("acme-calls",))
        with engine.begin() as connection:
            connection.execute(t.organisation.update().values(vat_id="GB980780684"))
        identity = market.taken()
        clock.move_to(TUESDAY + NOON)
        market.find(identity, ATTENDED, TUESDAY + NOON)
        clock.move_to(AFTER)
        yield market


def notices(report: Report) -> list[tuple[str, str]]:
    assert report.faults == ()
    return [(notice.check, notice.what) for notice in report.notices]


def test_before_anything_was_done_about_it_everything_waits(engine: Engine, market: Market) -> None:
    assert notices(run_checks(engine, None, TUESDAY + NOON)) == [("chain", "3 events and entries are not chained yet")]
    assert notices(run_checks(engine, None, AFTER)) == [
        ("chain", "3 events and entries are not chained yet"),
        ("billing runs", "1 accruals of 2026-03 worth 205.00 GBP wait for a run"),
    ]


def test_a_parked_supplier_is_told_with_the_reason(engine: Engine, market: Market) -> None:
    with engine.begin() as connection:
        connection.execute(t.organisation.update().values(vat_id=None))
    chain.extend(engine)
    [(check, what)] = notices(run_checks(engine, None, AFTER))
    assert check == "billing runs"
    assert what.startswith("parked: self-billing was agreed for the VAT identifier GB980780684")


def test_what_is_issued_waits_to_be_rendered_and_then_for_nothing(
    engine: Engine, market: Market, tmp_path: Path
) -> None:
    bill(engine, MARCH, now=AFTER, actor="test")
    chain.extend(engine)
    assert notices(run_checks(engine, None, AFTER)) == [("renderings", "not rendered yet")]
    storage = storage_at(str(tmp_path))
    render_pending(engine, storage, now=lambda: AFTER)
    assert notices(run_checks(engine, storage, AFTER)) == []


def test_an_accrual_that_a_run_passed_over_is_a_fault(
    engine: Engine, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line and the document were made without it: everything adds up, and yet it is missing."""
    monkeypatch.setattr(verify, "CLOCKS_MILLISECONDS", 0)
    with engine.begin() as connection:
        connection.execute(t.accrual.update().values(state="held"))
    with freeze_time(TUESDAY + NOON):
        other = market.taken(reference="S-2", at=MONDAY, starts_at=TUESDAY)
        market.find(other, ATTENDED, TUESDAY + NOON)
    bill(engine, MARCH, now=AFTER, actor="test")
    with engine.begin() as connection:
        connection.execute(t.accrual.update().values(state="open"))
    report = run_checks(engine, None, AFTER)
    assert [(fault.check, fault.what) for fault in report.faults] == [
        ("billing runs", "1 of the accruals of 2026-03 were there before a document that should have them")
    ]
