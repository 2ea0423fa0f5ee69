"""From booked to billed, week by week and source by source: counted by hand, before and after the worker."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, Table

from invoices.billing_run import bill
from ledger.domain.calendar import Period
from ledger.domain.lifecycle import CriterionFinding, Finding, Party
from ledger.domain.money import half_up
from ledger.domain.outcome import Findings
from ledger.reports import course, trade
from ledger.reports.course import Course
from ledger.reports.scope import Asked, Scope
from ledger.services import disputes, parties
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.services.foreseeing import foreseen
from ledger.store.engine import reading, writing
from tests.services.market import ATTENDED, NO_SHOW, TUESDAY, Market

MARCH, APRIL = Period(2026, 3), datetime(2026, 4, 2, 9, tzinfo=UTC)
SOON = TUESDAY + timedelta(hours=1)
REFUTED = Findings(Finding.ATTENDED, criteria={"size": CriterionFinding.REFUTED})
SUMMER_TIME = datetime(2026, 3, 29, 23, 30, tzinfo=UTC)
"""Half past midnight on Monday in London, where the clocks have gone forward that night."""


def shown(market: Market, sees: str, now: datetime = APRIL) -> tuple[Course, trade.Tallies]:
    def own(table: Table) -> ColumnElement[bool]:
        column: ColumnElement[UUID] = table.c[f"{'buyer' if sees.endswith('bank') else 'supplier'}_id"]
        return column == market.ids[sees]

    with reading(market.engine) as connection:
        scope = Scope(connection, Asked(MARCH, MARCH, ("source",)), own)
        due = foreseen(connection, scope.agreements, now)
        tallies: trade.Tallies = {}
        return course.course(scope, due, tallies), tallies


def test_a_month_is_counted_week_by_week_before_and_after_the_worker(engine: Engine) -> None:
    market = Market(engine)
    attended, missed, refuted, gone = (market.taken(reference=f"S-{number}") for number in range(1, 5))
    market.taken(reference="S-5", starts_at=SUMMER_TIME)
    market.taken("best-leads", "B-1")
    market.find(attended, ATTENDED, SOON)
    market.find(missed, NO_SHOW, SOON)
    market.find(refuted, REFUTED, SOON)
    market.cancel(gone, TUESDAY - timedelta(days=2))
    market.command(refuted, Party.SUPPLIER, SOON, contest)
    with writing(engine) as connection:
        vat = {"vat_id": "GB980780684", "vat_registered": True}
        parties.change_organisation(connection, market.ids["acme-calls"], vat, "test", TUESDAY)
    bill(engine, MARCH, now=APRIL, actor="test", supplier="acme-calls")

    before, tallies = shown(market, "acme-calls")
    assert +before.funnel == Counter(booked=5, attended=3, billed=2, otherwise=1), "nobody replied to the contest"
    assert list(before.weeks) == [date(2026, 2, 23) + timedelta(weeks=week) for week in range(6)]
    second, last = before.weeks[date(2026, 3, 9)], before.weeks[date(2026, 3, 30)]
    assert +second == Counter(judged=4, ruled=3, by_prospect=1, disputed=1)
    assert (course.missed(second).basis_points, course.disputed(second).basis_points) == (3_333, 2_500)
    assert +last == Counter(judged=1, ruled=1), "what silence decided, in the week that it began in London"
    (cost,) = course.costs(tallies)
    (tally,) = tallies.values()
    assert (cost.source, cost.currency, cost.amount, cost.delivered) == (None, "GBP", tally.amount, 3)
    assert cost.each == half_up(tally.amount, 3)

    market.settle(APRIL)
    assert shown(market, "acme-calls")[0] == before
    assert +shown(market, "best-leads")[0].funnel == Counter(booked=1, attended=1), "a party sees its own alone"
    assert shown(market, "north-bank")[0].funnel["booked"] == 6


def contest(desk: Desk, case: Case, actor: Actor) -> None:
    disputes.open_dispute(desk, case, "criterion_met", ATTENDED, "It was met.", actor, SOON)
