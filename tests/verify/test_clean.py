"""A record that came about by the rules verifies clean, with notices for what waits."""

from datetime import timedelta

from sqlalchemy import func, select

from ledger.store import tables as t
from ledger.store.engine import reading
from tests.verify.houses import MAY, House


def test_the_house_has_something_of_everything(house: House) -> None:
    with reading(house.engine) as connection:
        kinds = set(connection.execute(select(t.entry.c.kind)).scalars())
        states = set(connection.execute(select(t.accrual.c.state)).scalars())
        documents = sorted(connection.execute(select(t.document.c.kind)).scalars())
        links = connection.execute(select(func.count()).select_from(t.chain_link)).scalar_one()
    assert kinds == {"accrual", "hold", "release", "reversal", "reduction", "invoice", "credit_note"}
    assert states == {"open", "held", "closed"}
    assert documents == ["credit_note", "invoice"]
    assert links > 20


def test_a_record_that_came_about_by_the_rules_is_clean(house: House) -> None:
    with reading(house.engine) as connection:
        report = house.verified(connection)
    assert report.faults == ()
    assert report.notices == ()
    assert len(report.checks) == len(set(report.checks)) > 30


def test_what_is_due_and_not_settled_is_a_notice(house: House) -> None:
    with reading(house.engine) as connection:
        report = house.verified(connection, MAY + timedelta(days=30))
    assert report.faults == ()
    assert [notice.check for notice in report.notices] == ["settled in time"]
