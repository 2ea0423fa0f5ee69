"""Where a document stands: silence accepts, a query stops the due date, credits and payments leave what is open."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ledger.domain.errors import IllegalMove, Refused, WindowClosed
from ledger.domain.settlement import Acceptance, Position, Response, Sums, acceptance, check_response, due_on

ISSUED = datetime(2026, 11, 2, 9, tzinfo=UTC)
ACCEPT_BY = ISSUED + timedelta(days=10)
DUE = date(2026, 12, 2)
DAY = timedelta(days=1)
LONDON = "Europe/London"


def said(*words: tuple[Position, timedelta]) -> list[Response]:
    return [Response(position, ISSUED + after) for position, after in words]


QUERIED = said((Position.QUERY, 2 * DAY))


def test_silence_accepts_at_the_very_instant() -> None:
    assert acceptance(ACCEPT_BY, [], [], ACCEPT_BY - timedelta(microseconds=1)) is Acceptance.OPEN
    assert acceptance(ACCEPT_BY, [], [], ACCEPT_BY) is Acceptance.ACCEPTED


def test_a_query_stands_after_the_window() -> None:
    assert acceptance(ACCEPT_BY, QUERIED, [], ACCEPT_BY + DAY) is Acceptance.QUERIED


def test_a_withdrawn_query_after_the_window_is_acceptance() -> None:
    words = said((Position.QUERY, DAY), (Position.WITHDRAW, 12 * DAY))
    assert acceptance(ACCEPT_BY, words, [], ISSUED + 12 * DAY) is Acceptance.ACCEPTED


def test_a_credit_note_answers_the_query_before_it_alone() -> None:
    assert acceptance(ACCEPT_BY, QUERIED, [ISSUED + 3 * DAY], ISSUED + 4 * DAY) is Acceptance.OPEN
    assert acceptance(ACCEPT_BY, QUERIED, [ISSUED + DAY], ISSUED + 4 * DAY) is Acceptance.QUERIED


def test_a_statement_is_not_for_the_supplier_to_accept() -> None:
    assert acceptance(None, [], [], ISSUED) is None
    with pytest.raises(IllegalMove, match="self-billed"):
        check_response(Position.ACCEPT, None, None, [], [], ISSUED)


def test_a_query_at_the_end_of_the_window_is_late() -> None:
    check_response(Position.QUERY, "line 3", ACCEPT_BY, [], [], ACCEPT_BY - timedelta(microseconds=1))
    with pytest.raises(WindowClosed):
        check_response(Position.QUERY, "line 3", ACCEPT_BY, [], [], ACCEPT_BY)


def test_what_was_accepted_is_not_queried() -> None:
    with pytest.raises(IllegalMove, match="accepted"):
        check_response(Position.QUERY, "late", ACCEPT_BY, said((Position.ACCEPT, DAY)), [], ISSUED + 2 * DAY)


def test_a_query_says_what_is_wrong_and_comes_once() -> None:
    with pytest.raises(Refused, match="message_needed"):
        check_response(Position.QUERY, " ", ACCEPT_BY, [], [], ISSUED)
    with pytest.raises(IllegalMove, match="queried"):
        check_response(Position.QUERY, "again", ACCEPT_BY, QUERIED, [], ISSUED + 3 * DAY)


def test_only_an_open_query_is_withdrawn_and_may_be_accepted_instead() -> None:
    with pytest.raises(IllegalMove, match="no open query"):
        check_response(Position.WITHDRAW, None, ACCEPT_BY, [], [], ISSUED)
    check_response(Position.WITHDRAW, None, ACCEPT_BY, QUERIED, [], ACCEPT_BY + DAY)
    check_response(Position.ACCEPT, None, ACCEPT_BY, QUERIED, [], ACCEPT_BY + DAY)


def test_an_open_query_stops_the_due_date() -> None:
    assert due_on(DUE, QUERIED, [], LONDON) is None


def test_the_due_date_moves_by_the_days_that_every_query_stopped_it() -> None:
    words = said(
        (Position.QUERY, DAY), (Position.WITHDRAW, 4 * DAY), (Position.QUERY, 5 * DAY), (Position.ACCEPT, 7 * DAY)
    )
    assert due_on(DUE, words, [], LONDON) == DUE + timedelta(days=5)
    assert due_on(DUE, QUERIED, [ISSUED + 5 * DAY], LONDON) == DUE + timedelta(days=3)
    assert due_on(DUE, [], [ISSUED], LONDON) == DUE


def test_what_is_open_is_the_claim_less_credits_and_payments_and_may_be_too_much() -> None:
    assert Sums(claimed=1200, credited=200, paid=600).open == 400
    assert Sums(claimed=1200, credited=0, paid=1500).open == -300
    assert Sums(claimed=None, credited=0, paid=0).open == 0
