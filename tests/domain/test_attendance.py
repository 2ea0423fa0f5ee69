"""Presence from joins and leaves, in whatever order they come, and what it proves."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.attendance import Reading, contradiction, presence, proven, shown
from ledger.domain.lifecycle import Appointment, Finding, Party, apply
from ledger.domain.outcome import Findings, rule
from tests.domain.states import CONFIRMED, END, REFUTED, SLOT, START, booked, cancelled, found, terms

CHECKED = END + timedelta(days=1)
DEFINITION = terms(
    lambda document: document["attendance"].update(minimum_minutes=10, contact_attempts=0, proof_grades=["A"])
)
PROSPECT, BUYER, SUPPLIER = "prospect", "buyer", "supplier"


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def reading(
    said: dict[str, Any] | None,
    minute: float = 0,
    *,
    grade: str = "A",
    party: str = "operator",
    kind: str = "zoom",
) -> Reading:
    return Reading(said, grade, party, kind, at(minute), at(minute))


def joined(side: str | None, minute: float, who: str | None = None, *, session: str = "one", **origin: Any) -> Reading:
    said = {
        "what": "joined",
        "side": side,
        "participant": who or side,
        "session": session,
        "at": at(minute).isoformat(),
    }
    return reading(said, minute, **origin)


def left(side: str | None, minute: float, who: str | None = None, *, session: str = "one", **origin: Any) -> Reading:
    said = {"what": "left", "side": side, "participant": who or side, "session": session, "at": at(minute).isoformat()}
    return reading(said, minute, **origin)


def stay(side: str | None, since: float, until: float, who: str | None = None, **origin: Any) -> list[Reading]:
    return [joined(side, since, who, **origin), left(side, until, who, **origin)]


def log(since: float | None, until: float | None, *, session: str = "one", grade: str = "A") -> Reading:
    ends = {"from": since, "until": until}
    said = {name: None if minute is None else at(minute).isoformat() for name, minute in ends.items()}
    return reading({"what": "log", "session": session, **said}, until or 0, grade=grade)


def missed(absent: str, minute: float, *, undone: bool = False, by: str = "session", **origin: Any) -> Reading:
    return reading({"what": "no_show", "absent": absent, "undone": undone, "by": by}, minute, **origin)


def minutes(readings: Sequence[Reading]) -> int:
    return presence(SLOT, readings).minutes


def shows(*readings: Reading | list[Reading], when: datetime = CHECKED) -> Finding | None:
    flat = [each for item in readings for each in (item if isinstance(item, list) else [item])]
    findings = shown(DEFINITION, SLOT, flat, when)
    return None if findings is None else findings.attendance


def test_a_leave_before_its_join_a_join_told_twice_and_a_stand_in_make_the_same_minutes_in_every_order() -> None:
    arriving = [
        left(PROSPECT, 24),
        joined(PROSPECT, 0),
        joined(PROSPECT, 0),
        joined(BUYER, 2, "a stand-in"),
        left(BUYER, 26, "a stand-in"),
    ]
    assert {minutes(order) for order in permutations(arriving)} == {22}


def test_who_comes_back_is_counted_for_the_time_he_was_there() -> None:
    assert minutes([*stay(PROSPECT, 0, 30), *stay(BUYER, 1, 6), *stay(BUYER, 10, 20)]) == 15


def test_one_who_takes_over_from_another_of_his_side_leaves_no_gap() -> None:
    assert minutes([*stay(PROSPECT, 0, 30), *stay(BUYER, 0, 12, "one"), *stay(BUYER, 10, 25, "two")]) == 25


def test_the_suppliers_people_are_neither_side() -> None:
    assert minutes([*stay(PROSPECT, 0, 30), *stay(SUPPLIER, 0, 30)]) == 0


def test_two_sides_in_two_sessions_are_not_together() -> None:
    assert minutes([*stay(PROSPECT, 0, 30, session="one"), *stay(BUYER, 0, 30, session="two")]) == 0


def test_time_in_two_sessions_at_once_counts_once() -> None:
    sessions = [stay(side, 0, 10, session=name) for side in (PROSPECT, BUYER) for name in ("one", "two")]
    assert minutes([each for both in sessions for each in both]) == 10


def test_what_is_left_of_a_minute_does_not_count() -> None:
    assert minutes([*stay(PROSPECT, 0, 30), *stay(BUYER, 0, 10 - 1 / 60)]) == 9


def test_who_never_left_stayed_until_the_log_ended_and_without_one_until_the_slot_did() -> None:
    both = [joined(PROSPECT, 0), joined(BUYER, 5)]
    assert (minutes(both), minutes([*both, log(None, 12)]), minutes([*both, log(-1, 40)])) == (25, 7, 35)


def test_a_meeting_that_runs_over_counts_whole_and_one_the_day_before_not_at_all() -> None:
    over = [*stay(PROSPECT, -2, 45), *stay(BUYER, -1, 45)]
    test_call = [*stay(PROSPECT, -1500, -1400, session="test"), *stay(BUYER, -1500, -1400, session="test")]
    assert (minutes(over), minutes(test_call)) == (46, 0)


Move = tuple[str | None, int, bool, int, str]
"""Whose side, which participant of it, whether he joins, at which minute of the slot, in which session."""
moves = st.tuples(
    st.sampled_from([PROSPECT, PROSPECT, BUYER, BUYER, SUPPLIER, None]),
    st.integers(0, 1),
    st.booleans(),
    st.integers(-2, 10).map(lambda four: 4 * four),
    st.sampled_from(["one", "one", "two"]),
)


def minute_by_minute(events: Sequence[Move]) -> int:
    """The minutes together, by asking in every minute who is there: a model that shares nothing with the rule."""
    people = {(session, side, number) for side, number, _, _, session in events}
    there: set[tuple[str, str | None, int]] = set()
    together: dict[str, set[int]] = {"one": set(), "two": set()}
    in_slot: set[str] = set()
    for minute in range(-8, 41):
        for person in people:
            mine = [(when, join) for side, n, join, when, session in events if (session, side, n) == person]
            now = {join for when, join in mine if when == minute}
            gone = minute >= 30 and not any(when > minute and not join for when, join in mine)
            stays = True in now if now and person in there else now == {True} if now else person in there
            (there.add if stays and not gone else there.discard)(person)
        for session, during in together.items():
            sides = {side for where, side, _ in there if where == session}
            if sides and 0 <= minute < 30:
                in_slot.add(session)
            if {PROSPECT, BUYER} <= sides:
                during.add(minute)
    return len(set().union(*(minutes for session, minutes in together.items() if session in in_slot)))


@given(st.lists(moves, min_size=4, max_size=14), st.randoms(use_true_random=False))
def test_minutes_agree_with_a_count_minute_by_minute_in_any_order(events: list[Move], random: Random) -> None:
    readings = [
        (joined if join else left)(side, minute, f"{side}-{number}", session=session)
        for side, number, join, minute, session in events
    ]
    random.shuffle(readings)
    assert minutes(readings) == minute_by_minute(events)


def test_both_there_is_shown_with_the_minutes_together() -> None:
    findings = shown(DEFINITION, SLOT, [*stay(PROSPECT, 0, 24), *stay(BUYER, 2, 30)], CHECKED)
    assert findings == Findings(Finding.ATTENDED, 22)


def test_one_side_alone_shows_nothing_without_a_log() -> None:
    assert shows(stay(PROSPECT, 0, 30)) is None


@pytest.mark.parametrize(
    ("waits", "covered", "expected"),
    [
        ((0, 10), (0, 10), Finding.BUYER_NO_SHOW),
        ((-5, 30), (-5, 30), Finding.BUYER_NO_SHOW),
        ((1, 11), (0, 11), Finding.BUYER_NO_SHOW),
        ((1, 11), (0, 10), None),
        ((0, 9), (0, 30), None),
        ((0, 10), (1, 30), None),
        ((25, 40), (0, 40), None),
    ],
    ids=["just-enough", "long", "came-late", "log-too-short", "left-early", "log-began-late", "waited-after-the-slot"],
)
def test_an_absence_needs_a_log_of_the_whole_waiting_time_and_the_other_side_waiting(
    waits: tuple[float, float], covered: tuple[float, float], expected: Finding | None
) -> None:
    assert shows(stay(PROSPECT, *waits), log(*covered)) is expected


def test_a_waiting_that_a_lost_connection_broke_counts_in_sum() -> None:
    assert shows(stay(BUYER, 0, 6), stay(BUYER, 7, 11), log(0, 30)) is Finding.PROSPECT_NO_SHOW
    assert shows(stay(BUYER, 0, 6), stay(BUYER, 7, 10), log(0, 30)) is None


def test_somebody_of_no_known_side_leaves_the_absence_open() -> None:
    assert shows(stay(PROSPECT, 0, 30), stay(None, 3, 4, "guest"), log(0, 30)) is None


@pytest.mark.parametrize(
    "word",
    [
        stay(BUYER, 2, 5, grade="B", party="supplier"),
        stay(BUYER, 2, 5, grade="C", party="buyer"),
        [reading(None, 12, grade="C", party="buyer", kind="contact_attempt")],
        [missed(PROSPECT, 12, grade="C", party="buyer", by="person")],
        [
            reading(
                {"what": "call", "leg": "prospect", "status": "no-answer", "seconds": 0}, 5, grade="C", party="buyer"
            )
        ],
    ],
    ids=["seen-by-the-supplier", "its-own-log", "unread", "marked-the-prospect", "called-the-prospect"],
)
def test_the_absent_sides_word_to_the_contrary_leaves_the_absence_open(word: list[Reading]) -> None:
    assert shows(stay(PROSPECT, 0, 30), log(0, 30), word) is None


def test_a_mark_that_was_taken_back_is_no_word_to_the_contrary() -> None:
    marks = [
        missed(PROSPECT, 12, grade="C", party="buyer", by="person"),
        missed(PROSPECT, 13, grade="C", party="buyer", by="person", undone=True),
    ]
    assert shows(stay(PROSPECT, 0, 30), log(0, 30), marks[::-1]) is Finding.BUYER_NO_SHOW


def test_a_session_that_says_who_did_not_come_stands_for_its_log_where_the_other_side_waited() -> None:
    assert shows(missed(PROSPECT, 10)) is None
    assert shows(missed(PROSPECT, 10), stay(BUYER, 0, 30)) is Finding.PROSPECT_NO_SHOW
    assert shows(missed(PROSPECT, 9), stay(BUYER, 0, 30)) is None
    assert shows(missed(PROSPECT, 10), missed(PROSPECT, 11, undone=True), stay(BUYER, 0, 30)) is None


def test_a_persons_mark_is_his_word_and_proves_no_absence_whatever_account_signed_it() -> None:
    assert shows(missed(PROSPECT, 10, by="person"), stay(BUYER, 0, 30)) is None


def test_both_were_absent_only_where_a_log_of_the_whole_slot_shows_nobody() -> None:
    assert shows(log(0, 30), stay(SUPPLIER, 0, 30)) is Finding.BOTH_ABSENT
    assert shows(log(0, 29)) is None
    assert shows(log(0, 30), stay(BUYER, 20, 25)) is None


def test_self_serving_evidence_shows_nothing() -> None:
    log_of_the_supplier = [*stay(PROSPECT, 0, 30, grade="C"), *stay(BUYER, 0, 30, grade="C"), log(0, 30, grade="C")]
    assert shows(log_of_the_supplier) is None


def test_while_the_slot_lasts_and_somebody_is_there_nothing_is_shown_yet() -> None:
    both = [joined(PROSPECT, 0), joined(BUYER, 0)]
    assert shows(both, when=at(12)) is None
    assert shows(both, left(PROSPECT, 5), left(BUYER, 5), when=at(12)) is Finding.ATTENDED
    assert shows(both, when=END) is Finding.ATTENDED


def test_only_grades_that_the_terms_allow_prove_attendance_without_the_buyer() -> None:
    strict = terms(lambda document: document["attendance"].update(proof_grades=["B"]))
    both = [*stay(PROSPECT, 0, 30), *stay(BUYER, 0, 30)]
    assert proven(strict, SLOT, both, CHECKED) is None
    assert proven(DEFINITION, SLOT, both, CHECKED) == Findings(Finding.ATTENDED, 30)


def test_a_no_show_that_evidence_shows_counts_only_with_the_contact_attempts_that_are_owed() -> None:
    owed = terms(lambda document: document["attendance"].update(contact_attempts=1, proof_grades=["A"]))
    waited = [*stay(BUYER, 0, 30), log(0, 30)]
    attempt = reading(None, 5, grade="C", party="buyer", kind="contact_attempt")
    assert proven(owed, SLOT, waited, CHECKED) is None
    assert proven(owed, SLOT, [*waited, attempt], CHECKED) == Findings(Finding.PROSPECT_NO_SHOW)


def given_by_the_buyer(findings: Findings) -> Appointment:
    state = booked(DEFINITION)
    return apply(state, found(DEFINITION, state, findings, END))


TWENTY_TWO = Findings(Finding.ATTENDED, 22)


@pytest.mark.parametrize(
    ("finding", "evidence", "opens"),
    [
        (Findings(Finding.PROSPECT_NO_SHOW), TWENTY_TWO, True),
        (Findings(Finding.TECHNICAL_FAILURE), TWENTY_TWO, True),
        (Findings(Finding.ATTENDED, 5), TWENTY_TWO, True),
        (Findings(Finding.PROSPECT_NO_SHOW, criteria={"size": REFUTED}), TWENTY_TWO, True),
        (Findings(Finding.PROSPECT_NO_SHOW), Findings(Finding.BUYER_NO_SHOW), True),
        (Findings(Finding.PROSPECT_NO_SHOW), None, False),
        (Findings(Finding.ATTENDED, 12), TWENTY_TWO, False),
        (Findings(Finding.ATTENDED, 5), Findings(Finding.ATTENDED, 7), False),
        (Findings(Finding.ATTENDED, criteria={"size": REFUTED}), TWENTY_TWO, False),
        (Findings(Finding.ATTENDED), Findings(Finding.PROSPECT_NO_SHOW), False),
        (Findings(Finding.BUYER_NO_SHOW), TWENTY_TWO, False),
    ],
    ids=[
        "no-show-against-a-meeting", "failure-against-a-meeting", "too-short-against-enough", "refuted-as-well",
        "who-was-missing", "nothing-shown", "other-minutes-same-outcome", "both-too-short", "only-a-criterion",
        "against-its-own-interest", "worth-as-much",
    ],
)  # fmt: skip
def test_a_finding_contradicts_evidence_where_attendance_comes_to_another_outcome_and_it_is_worth_less(
    finding: Findings, evidence: Findings | None, opens: bool
) -> None:
    assert contradiction(DEFINITION, given_by_the_buyer(finding), evidence) == (evidence if opens else None)


def test_a_cancelled_slot_contradicts_nothing() -> None:
    state = booked(DEFINITION)
    gone = apply(state, cancelled(DEFINITION, state, Party.BUYER, START - timedelta(days=2)))
    assert contradiction(DEFINITION, gone, TWENTY_TWO) is None


def test_the_claim_of_a_contradiction_takes_the_criteria_from_the_suppliers_claims() -> None:
    state = given_by_the_buyer(Findings(Finding.PROSPECT_NO_SHOW, criteria={"size": REFUTED}))
    claim = contradiction(DEFINITION, state, TWENTY_TWO)
    assert claim is not None
    assert set(rule(DEFINITION, state, claim).criteria.values()) == {CONFIRMED}
