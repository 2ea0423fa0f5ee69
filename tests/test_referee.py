"""The simulation's referee: a limit that lets too much or too little pass is told at its step."""

from datetime import UTC, datetime, timedelta

from api.simulation.referee import Booked, Referee
from api.simulation.terms import REVIEW

MONDAY = datetime(2026, 3, 30, 9, tzinfo=UTC)
REFUSED = ("reschedule_limit", "reschedule.limit:reschedule_limit")


def booked(identity: str, starts_at: datetime, *, rebookable: bool = False) -> Booked:
    return Booked(identity, "acme-calls", REVIEW, starts_at, can_be_rebooked=rebookable)


def followed(*moves: tuple[timedelta, bool, tuple[str, ...]]) -> list[str]:
    """What is said of one appointment's moves: from the first start, of a no-show or not, and how each was answered."""
    referee, found = Referee(), list[str]()
    found += referee.submitted((), booked("a", MONDAY), (), known=False)
    for shift, rebookable, codes in moves:
        found += referee.moved((), booked("a", MONDAY, rebookable=rebookable), MONDAY + shift, codes)
    return found


def filled(starts_at: datetime, taken: int, codes: tuple[str, ...]) -> list[str]:
    """What is said of one more on `starts_at`, after as many on other days of March's last weeks."""
    others = [booked(str(day), MONDAY - timedelta(days=day)) for day in range(taken)]
    return list(Referee().submitted(others, booked("new", starts_at), codes, known=False))


def test_a_rebooking_that_uses_up_a_reschedule_is_told() -> None:
    day = timedelta(days=1)
    assert followed((day, True, ()), (3 * day, False, ())) == []
    assert len(followed((day, True, ()), (3 * day, False, REFUSED))) == 1


def test_a_reschedule_more_than_allowed_is_told_and_a_correction_is_none() -> None:
    hour = timedelta(hours=1)
    assert followed((hour, False, ()), (1.5 * hour, False, ()), (3 * hour, False, REFUSED)) == []
    assert len(followed((hour, False, ()), (3 * hour, False, ()))) == 1


def test_a_cap_counted_over_the_wrong_month_is_told() -> None:
    in_march, in_april = datetime(2026, 3, 31, 22, tzinfo=UTC), datetime(2026, 3, 31, 23, tzinfo=UTC)
    per_month = ("intake_refused", "intake.caps.month:cap_reached")
    assert filled(in_march, 10, per_month) == filled(in_april, 10, ()) == []
    assert len(filled(in_march, 10, ())) == len(filled(in_april, 10, per_month)) == 1
