"""Rules that hold when two come at once: one of them is first, the other one sees what he did."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, func, select

from ledger.domain.disputes import Position
from ledger.domain.errors import Refusal
from ledger.domain.lifecycle import Finding, Party, Verdict
from ledger.domain.outcome import Findings
from ledger.services.intake import NotTaken, Taken
from ledger.store import tables as t
from ledger.store.engine import reading
from tests.services import test_disputed_money as cases_of_money
from tests.services.market import ATTENDED, DAY, MONDAY, NO_SHOW, TUESDAY, Market

HOUR = timedelta(hours=1)
ROUNDS = 5
T = TypeVar("T")


def at_once(*works: Callable[[], T]) -> list[T | Refusal]:
    """Runs all of them at the same moment; a refusal is an answer too."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], T]) -> T | Refusal:
        barrier.wait(timeout=30)
        try:
            return work()
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def codes(answers: Sequence[object]) -> Counter[str]:
    return Counter(answer.code if isinstance(answer, Refusal) else "done" for answer in answers)


def balance(market: Market, kind: str) -> int:
    account = t.account.c
    with reading(market.engine) as connection:
        return int(connection.execute(select(func.sum(account.balance)).where(account.kind == kind)).scalar_one())


def test_of_two_who_submit_one_person_at_once_exactly_one_is_taken(engine: Engine) -> None:
    market = Market(engine)
    for number in range(ROUNDS):
        person: dict[str, Any] = {"email": f"ada{number}@mill.example", "phone": f"020 7946 00{number}0"}
        answers = at_once(
            partial(market.submit, "acme-calls", f"S-{number}", **person),
            partial(market.submit, "best-leads", f"S-{number}", **person),
        )
        assert Counter(type(answer) for answer in answers) == {Taken: 1, NotTaken: 1}
        (refusal,) = (answer for answer in answers if isinstance(answer, NotTaken))
        assert [violation.code for violation in refusal.violations] == ["duplicate"]


def test_of_two_submissions_under_one_reference_the_second_is_told_of_the_first(engine: Engine) -> None:
    market = Market(engine)
    answers = at_once(*(partial(market.submit, email=f"{name}@mill.example") for name in ("ada", "bob")))
    assert sorted(codes(answers)) == ["done", "duplicate_reference"]


def test_a_cap_is_not_overrun_by_many_at_once(engine: Engine) -> None:
    market = Market(engine, lambda d: d["intake"].update(caps={"day": 2}))
    answers = at_once(*(partial(market.submit, reference=f"S-{number}") for number in range(5)))
    assert Counter(type(answer) for answer in answers) == {Taken: 2, NotTaken: 3}


def test_of_two_findings_at_once_one_is_taken_and_paid_once(engine: Engine) -> None:
    market = Market(engine)
    for number in range(ROUNDS):
        appointment = market.taken(reference=f"S-{number}")
        answers = at_once(*[partial(market.find, appointment, ATTENDED, TUESDAY + HOUR)] * 2)
        assert codes(answers) == {"done": 1, "findings_given": 1}
        assert market.accrued(appointment) == [20500]
    assert balance(market, "cost") == ROUNDS * 20500 == -balance(market, "accrued")


def test_a_better_finding_at_once_with_a_worse_one_counts_in_the_end_whichever_came_first(engine: Engine) -> None:
    market = Market(engine)
    for number in range(ROUNDS):
        appointment = market.taken(reference=f"S-{number}")
        answers = at_once(
            partial(market.find, appointment, ATTENDED, TUESDAY + HOUR),
            partial(market.find, appointment, Findings(Finding.ATTENDED, 3), TUESDAY + HOUR),
        )
        assert codes(answers) in ({"done": 2}, {"done": 1, "findings_given": 1})
        assert sum(market.accrued(appointment)) == 20500 == market.state(appointment).amount


def test_findings_racing_the_deadline_leave_one_verdict_and_one_amount(engine: Engine) -> None:
    market = Market(engine)
    for number in range(ROUNDS):
        appointment = market.taken(reference=f"S-{number}")
        deadline = market.state(appointment).findings_at
        assert deadline is not None
        in_time = deadline - timedelta(milliseconds=1)
        answers = at_once(
            partial(market.find, appointment, Findings(Finding.ATTENDED, 3), in_time),
            partial(market.settle, deadline),
        )
        state = market.state(appointment)
        if state.verdict is Verdict.GIVEN:
            assert codes(answers) == {"done": 2}
            assert (market.accrued(appointment), state.verdict_at) == ([10250], in_time)
        else:
            assert codes(answers) == {"done": 1, "window_closed": 1}
            assert (market.accrued(appointment), state.verdict_at) == ([20500], deadline)
        assert len(market.kinds(appointment)) == 2


def test_findings_at_the_deadline_are_late_although_no_worker_ran(engine: Engine) -> None:
    market = Market(engine)
    appointment = market.taken()
    deadline = market.state(appointment).findings_at
    assert deadline is not None
    with pytest.raises(Refusal) as refusal:
        market.find(appointment, NO_SHOW, deadline)
    assert refusal.value.code == "window_closed"
    assert market.kinds(appointment) == ["submitted", "deemed"]


def test_any_number_of_workers_side_by_side_settle_everything_once(engine: Engine) -> None:
    market = Market(engine)
    appointments = [market.taken(supplier, f"S-{n}") for n in range(6) for supplier in ("acme-calls", "best-leads")]
    answers = at_once(*[partial(market.settle, TUESDAY + 30 * DAY)] * 4)
    assert sum(answer for answer in answers if isinstance(answer, int)) == len(appointments)
    assert all(market.accrued(appointment) == [20500] for appointment in appointments)


def test_of_two_attended_at_once_one_keeps_the_promise(engine: Engine) -> None:
    house = cases_of_money.market(engine)
    first = house.taken()
    house.find(first, ATTENDED, TUESDAY + HOUR)
    which = cases_of_money.dispute(house, first, Party.BUYER, "out_of_business", cases_of_money.REFUTED)
    cases_of_money.reply(house, first, which, Position.CONCEDE, Party.SUPPLIER)
    at = cases_of_money.NEXT + HOUR
    others = [house.taken(reference=name, starts_at=at - HOUR) for name in ("S-2", "S-3")]
    assert codes(at_once(*(partial(house.find, each, ATTENDED, at) for each in others))) == {"done": 2}
    assert sorted(house.state(each).amount for each in others) == [0, 10000]
    assert house.state(first).replaced_by_id in others


def test_of_two_who_submit_a_no_show_anew_at_once_one_rebooks_it(engine: Engine) -> None:
    market = Market(engine)
    appointment = market.taken(email="person@mill.example")
    market.find(appointment, NO_SHOW, TUESDAY + HOUR)
    again = partial(market.submit, at=TUESDAY + HOUR, starts_at=TUESDAY + 3 * DAY, email="person@mill.example")
    answers = at_once(partial(again, reference="S-2"), partial(again, reference="S-3"))
    assert Counter(type(answer) for answer in answers) == {Taken: 1, NotTaken: 1}
    assert market.kinds(appointment) == ["submitted", "found", "rebooked"]


def test_a_cancellation_and_a_reschedule_at_once_leave_a_story_that_can_be_told(engine: Engine) -> None:
    market = Market(engine)
    for number in range(ROUNDS):
        appointment = market.taken(reference=f"S-{number}")
        answers = at_once(
            partial(market.cancel, appointment, MONDAY + HOUR, Party.BUYER),
            partial(market.move, appointment, TUESDAY + DAY, MONDAY + HOUR),
        )
        assert codes(answers) in ({"done": 2}, {"done": 1, "illegal_transition": 1})
        assert market.replayed(appointment) == market.state(appointment)
