"""A draft replayed over past appointments: what each clause would have changed, against figures worked out by hand."""

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select

from ledger.domain.errors import Refused
from ledger.domain.lifecycle import CriterionFinding, Finding, Party
from ledger.domain.outcome import Findings
from ledger.services import definitions, dry_runs
from ledger.services.dry_runs import DryRun
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.services.market import ATTENDED, DAY, NO_SHOW, TUESDAY, Document, Market

PRICE = {"tiers": [{"from": 1, "amount": 10000}], "bonuses": {"owner": 2000}}
REFUTED = Findings(Finding.ATTENDED, criteria={"size": CriterionFinding.REFUTED})
Change = Callable[[Document], Any]


def history(engine: Engine) -> Market:
    """Seven settled at 120.00 with the bonus: 120 + 120 + 0 + 30 + 120 + 0 + 30 = 420.00; one that waits."""
    house = Market(engine, lambda d: d.update(rebooking={"within": {"days": 0}, "limit": 1}), price=PRICE)
    hour = timedelta(hours=1)
    house.find(house.taken(reference="attended"), ATTENDED, TUESDAY + hour)
    house.find(house.taken(reference="brief"), Findings(Finding.ATTENDED, 18), TUESDAY + hour)
    house.find(house.taken(reference="refuted"), REFUTED, TUESDAY + hour)
    house.find(house.taken(reference="missed"), NO_SHOW, TUESDAY + hour)
    house.taken(reference="silent")
    house.cancel(house.taken(reference="cancelled"), TUESDAY - 30 * hour, Party.BUYER)
    house.settle(TUESDAY + 8 * DAY)
    house.taken(reference="later", starts_at=TUESDAY + 60 * DAY)
    again = house.taken(reference="missed again", starts_at=TUESDAY + 20 * DAY)
    house.find(again, NO_SHOW, TUESDAY + 20 * DAY + hour)
    return house


def replay(house: Market, change: Change, **bounds: Any) -> DryRun:
    """The draft that `change` makes of what is published, replayed."""
    definition = t.definition.c
    with writing(house.engine) as connection:
        head: UUID = connection.execute(select(definition.id)).scalar_one()
        version = t.definition_version.c
        published = connection.execute(select(version.document).where(version.number == 1)).scalar_one()
        document = copy.deepcopy(published)
        change(document)
        number = definitions.put_draft(connection, head, document, now=TUESDAY)
    with reading(house.engine) as connection:
        return dry_runs.dry_run(connection, head, number, **bounds)


def told(found: DryRun) -> dict[str, tuple[int, int]]:
    """By clause how many outcomes and how much money it changes alone."""
    return {each.clause: (each.effect.outcomes, each.effect.money) for each in found.clauses.values()}


EVERYTHING: tuple[tuple[str, Change, tuple[int, int]], ...] = (
    ("outcomes.prospect_no_show", lambda d: d["outcomes"].update(prospect_no_show=5000), (0, 2 * 3000)),
    ("outcomes.attended", lambda d: d["outcomes"].update(attended=9000), (0, -3 * 1200)),
    ("attendance.minimum_minutes", lambda d: d["attendance"].update(minimum_minutes=20), (1, -6000)),
    ("notice.late_within", lambda d: d["notice"].update(late_within={"hours": 48}), (1, 6000)),
    ("verification.silence", lambda d: d["verification"].update(silence="reject"), (1, -12000)),
    ("verification.window", lambda d: d["verification"].update(window={"minutes": 20}), (3, 12000 + 2 * 9000)),
    ("criteria.size.value", lambda d: d["criteria"][0].update(value=[50, 250]), (7, -42000)),
    ("criteria.owner", lambda d: d["criteria"].pop(), (0, -3 * 2000 - 2 * 500)),
    ("intake.channels", lambda d: d["intake"].update(channels=["inbound"]), (7, -42000)),
    ("dispute.reply_window", lambda d: d["dispute"].update(reply_window={"days": 1}), (0, 0)),
)
"""Each clause with its change and what that does alone: outcomes and minor units, worked out by hand."""


def test_each_clause_is_weighed_alone_and_all_of_them_together(engine: Engine) -> None:
    house = history(engine)
    gentle = [change for clause, change, _ in EVERYTHING if clause.startswith(("outcomes", "notice"))]
    found = replay(house, lambda document: [change(document) for change in gentle])
    assert told(found) == {
        clause: effect for clause, _, effect in EVERYTHING if clause.startswith(("outcomes", "notice"))
    }
    assert (found.together.outcomes, found.after - found.before) == (1, 6000 - 3600 + 6000)
    assert found.together.money == found.after - found.before
    assert found.together.matrix == {
        ("attended", "attended"): [3, -3600],
        ("prospect_no_show", "prospect_no_show"): [2, 6000],
        ("cancelled_by_buyer", "cancelled_by_buyer_late"): [1, 6000],
    }
    for clause, change, effect in EVERYTHING:
        if clause.startswith(("outcomes", "notice")):
            continue
        assert told(replay(house, change)) == {clause: effect}, clause


def test_a_draft_whose_clauses_judge_nobody_changes_nothing(engine: Engine) -> None:
    house = history(engine)
    found = replay(house, lambda document: document["dispute"].update(reply_window={"days": 1}))
    assert (found.replayed, found.before, found.after) == (7, 42000, 42000)
    assert found.left_out == {"open": 1}
    assert [(each.replayed, each.effect.matrix) for each in found.clauses.values()] == [(False, {})]
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(t.appointment_event)).scalar_one() == 15
    month = replay(house, EVERYTHING[0][1], since=TUESDAY + DAY, until=TUESDAY + 30 * DAY)
    assert (month.replayed, month.before, month.after, month.left_out) == (1, 3000, 6000, {})
    with pytest.raises(Refused, match="currency"):
        replay(house, lambda document: document.update(currency="EUR"))
