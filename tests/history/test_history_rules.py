from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from ledger.domain.contacts import contact_key, digest
from ledger.domain.errors import Malformed, Refused
from ledger.domain.terms import ContactKind
from ledger.services import history
from ledger.services.deadlines import settle_due
from ledger.services.parties import create_organisation
from ledger.store import tables as t
from ledger.store.engine import make_engine, reading, writing
from tests.history.histories import (
    FREE_INTAKE,
    NOW,
    SECRET,
    agreement,
    codes,
    definition,
    row,
    state,
    stored,
    taken,
    write_csv,
    write_ndjson,
)
from tests.support.databases import sqlite_url_of

ATTENDED = {"outcome": "attended", "outcome_at": "2026-03-04T11:00:00Z"}


def with_intake(**changes: Any) -> dict[str, Any]:
    return definition(intake={**FREE_INTAKE, **changes})


def test_a_row_and_its_outcome_are_worth_what_the_terms_say(engine: Engine, tmp_path: Path) -> None:
    summary, refused = taken(engine, write_csv(tmp_path / "h.csv", [row("S-1", **ATTENDED)]))
    assert (summary.taken, summary.outcomes, summary.organisations, summary.agreements, refused) == (1, 1, 2, 1, [])
    found = state(engine, "S-1")
    assert (found.amount, found.position, found.verdict_at) == (18000, 1, datetime(2026, 3, 4, 11, tzinfo=UTC))
    with reading(engine) as connection:
        event = t.appointment_event.c
        times = connection.execute(select(event.effective_at, event.recorded_at).order_by(event.number)).all()
    assert [effective for effective, _ in times] == [datetime(2026, 3, 2, 9, tzinfo=UTC), found.verdict_at]
    assert {recorded for _, recorded in times} == {NOW}


@pytest.mark.parametrize("form", ["csv", "csv.gz", "ndjson"])
def test_a_file_taken_in_twice_changes_nothing(engine: Engine, tmp_path: Path, form: str) -> None:
    rows = [
        row("S-1", prospect_email="lena@brandt.example", **ATTENDED),
        row("S-2", outcome="cancelled_by_prospect", outcome_at="2026-03-03T09:00:00Z", prospect_email="j@doe.example"),
        row("S-3", prospect_email="J+x@doe.example", submitted_at="2026-03-02T09:30:00Z"),
        row("S-4", **{"fact.employees": 3}),
        row("S-5", submitted_at="2026-03-04T10:00:00Z"),
        row("S-6"),
        row("S-7", outcome="attended", outcome_at="2026-03-04T09:00:00Z"),
        row("S-8", outcome="prospect_no_show", outcome_at="2026-03-04T12:00:00Z"),
    ]
    write = write_ndjson if form == "ndjson" else write_csv
    path = write(tmp_path / f"h.{form}", rows)
    first, refused = taken(engine, path)
    before = stored(engine)
    again, refused_again = taken(engine, path, now=NOW + timedelta(days=1))
    assert stored(engine) == before
    assert (first.taken, again.taken, again.known, again.outcomes) == (5, 0, 5, 0)
    assert codes(refused) == codes(refused_again)
    assert codes(refused) == [
        ("S-4", "submission", "criterion_not_met"),
        ("S-3", "submission", "duplicate"),
        ("S-7", "outcome", "too_early"),
        ("S-5", "submission", "backdated"),
    ]


def test_a_refused_duplicate_stays_refused_when_the_first_one_has_ended(engine: Engine, tmp_path: Path) -> None:
    cancelled = {"outcome": "cancelled_by_supplier", "outcome_at": "2026-03-02T12:00:00Z"}
    rows = [
        row("S-1", prospect_phone="+442079460001", **cancelled),
        row("S-2", prospect_phone="020 7946 0001", submitted_at="2026-03-02T11:59:59Z"),
        row("S-3", prospect_phone="020 7946 0001", submitted_at="2026-03-02T12:00:01Z"),
    ]
    path = write_csv(tmp_path / "h.csv", rows)
    assert codes(taken(engine, path)[1]) == [("S-2", "submission", "duplicate")]
    summary, refused = taken(engine, path)
    assert (summary.taken, codes(refused)) == (0, [("S-2", "submission", "duplicate")])


def test_an_older_history_is_no_duplicate_of_what_came_later(engine: Engine, tmp_path: Path) -> None:
    later = row("S-2", prospect_email="lena@brandt.example")
    earlier = {"submitted_at": "2026-02-02T09:00:00Z", "starts_at": "2026-02-04T10:00:00Z"}
    older = row("S-1", prospect_email="lena@brandt.example", **earlier, ends_at="2026-02-04T10:30:00Z")
    taken(engine, write_csv(tmp_path / "new.csv", [later]))
    assert taken(engine, write_csv(tmp_path / "old.csv", [older]))[0].taken == 1


def test_another_submission_under_a_used_reference_is_refused_with_its_outcome(engine: Engine, tmp_path: Path) -> None:
    other = {"submitted_at": "2026-03-02T10:00:00Z", "outcome_at": "2026-03-05T11:00:00Z"}
    path = write_csv(tmp_path / "h.csv", [row("S-1"), row("S-1", outcome="attended", **other)])
    for _ in range(2):
        _, refused = taken(engine, path)
        assert codes(refused) == [("S-1", "submission", "duplicate_reference")]
        assert state(engine, "S-1").verdict == "pending"


def test_rows_are_processed_in_the_order_of_time_over_the_whole_file(engine: Engine, tmp_path: Path) -> None:
    """Positions in tiers go by effective time, whatever the order of the file; ties by submission."""
    rows = [
        row("late", outcome="attended", outcome_at="2026-03-06T09:00:00Z"),
        row("tie-2", submitted_at="2026-03-02T09:00:01Z", outcome="attended", outcome_at="2026-03-05T09:00:00Z"),
        row("tie-1", submitted_at="2026-03-02T09:00:00Z", outcome="attended", outcome_at="2026-03-05T09:00:00Z"),
        row("early", **ATTENDED),
    ]
    tiers = {**agreement()["price"], "tiers": [{"from": 1, "amount": 18000}, {"from": 3, "amount": 16000}]}
    taken(engine, write_csv(tmp_path / "h.csv", rows), agreement=agreement(price=tiers))
    found = [state(engine, name) for name in ("early", "tie-1", "tie-2", "late")]
    assert [(each.position, each.amount) for each in found] == [(1, 18000), (2, 18000), (3, 16000), (4, 16000)]


def test_silence_between_two_rows_takes_effect_at_its_deadline_and_takes_its_position(
    engine: Engine, tmp_path: Path
) -> None:
    """Two business days after Wednesday 10:30 is Friday 10:30."""
    rows = [
        row("silent"),
        row("late", outcome="prospect_no_show", outcome_at="2026-03-06T10:30:00Z"),
        row("after", outcome="attended", outcome_at="2026-03-06T10:30:01Z", ends_at="2026-03-04T11:30:00Z"),
    ]
    summary, refused = taken(engine, write_csv(tmp_path / "h.csv", rows))
    assert (summary.settled, codes(refused)) == (2, [("late", "outcome", "window_closed")])
    found = state(engine, "silent")
    assert (found.verdict, found.verdict_at) == ("deemed", datetime(2026, 3, 6, 10, 30, tzinfo=UTC))
    assert [state(engine, name).position for name in ("silent", "late", "after")] == [1, 2, 3]


def test_a_no_show_accrues_when_its_rebooking_window_ends_between_rows(engine: Engine, tmp_path: Path) -> None:
    rows = [
        row("S-1", outcome="prospect_no_show", outcome_at="2026-03-04T11:00:00Z"),
        row("S-2", submitted_at="2026-03-20T09:00:00Z", starts_at="2026-03-24T10:00:00Z", ends_at="2026-03-24T11:00Z"),
    ]
    rows[1]["ends_at"] = "2026-03-24T11:00:00Z"
    taken(engine, write_csv(tmp_path / "h.csv", rows))
    with reading(engine) as connection:
        accrual = connection.execute(select(t.accrual)).one()
    assert (accrual.amount, accrual.effective_at) == (4500, datetime(2026, 3, 14, 11, tzinfo=UTC))


def test_a_no_show_that_has_become_final_blocks_nobody(engine: Engine, tmp_path: Path) -> None:
    outcomes = {**definition()["outcomes"], "prospect_no_show": 0}
    again = {"starts_at": "2026-03-20T10:00:00Z", "ends_at": "2026-03-20T10:30:00Z"}
    rows = [
        row("S-1", prospect_email="a@b.example", outcome="prospect_no_show", outcome_at="2026-03-04T11:00:00Z"),
        row("S-2", prospect_email="a@b.example", submitted_at="2026-03-14T10:59:59Z", **again),
        row("S-3", prospect_email="a@b.example", submitted_at="2026-03-14T11:00:00Z", **again),
    ]
    _, refused = taken(engine, write_csv(tmp_path / "h.csv", rows), definition=definition(outcomes=outcomes))
    assert codes(refused) == [("S-2", "submission", "duplicate")]


def test_caps_count_what_is_booked_at_the_time_that_the_row_tells(engine: Engine, tmp_path: Path) -> None:
    rows = [
        row("S-1", outcome="cancelled_by_supplier", outcome_at="2026-03-02T10:00:00Z"),
        row("S-2", submitted_at="2026-03-02T09:30:00Z"),
        row("S-3", submitted_at="2026-03-02T10:30:00Z"),
    ]
    capped = with_intake(caps={"day": 1, "week": None, "month": None})
    _, refused = taken(engine, write_csv(tmp_path / "h.csv", rows), definition=capped)
    assert codes(refused) == [("S-2", "submission", "cap_reached")]


def test_suppressed_contacts_are_refused(engine: Engine, tmp_path: Path) -> None:
    rows = [row("S-1", **ATTENDED), row("S-2", prospect_email="No@Thanks.example")]
    taken(engine, write_csv(tmp_path / "first.csv", rows[:1]))
    key = contact_key(ContactKind.EMAIL, "no@thanks.example")
    assert key is not None
    with writing(engine) as connection:
        buyer_id = connection.execute(
            select(t.organisation.c.id).where(t.organisation.c.slug == "north-bank")
        ).scalar_one()
        digested = digest(SECRET, ContactKind.EMAIL, key)
        values = {"buyer_id": buyer_id, "digest": digested, "kind": "email", "created_at": NOW, "actor": "test"}
        connection.execute(insert(t.suppression).values(values))
    _, refused = taken(engine, write_csv(tmp_path / "second.csv", rows[1:]))
    assert codes(refused) == [("S-2", "submission", "suppressed")]


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_an_import_that_died_goes_on_where_it_was(
    engine: Engine, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_after: int
) -> None:
    monkeypatch.setattr(history, "BATCH", 4)
    path = write_csv(tmp_path / "h.csv", many_rows())

    def die(done: int, total: int) -> None:
        if done >= stop_after * 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        taken(engine, path, on_progress=die)
    _, refused = taken(engine, path)
    after = stored(engine)
    assert after["states"] == expected_states(sqlite_template, tmp_path, path)
    assert codes(refused) == [("S-9", "submission", "duplicate"), ("S-2", "outcome", "window_closed")]


def many_rows() -> list[dict[str, Any]]:
    rows = [row(f"S-{n}", submitted_at=f"2026-03-02T09:{n:02}:00Z", **ATTENDED) for n in range(8)]
    rows[1].update(outcome="cancelled_by_prospect", outcome_at="2026-03-03T09:00:00Z")
    rows[2].update(outcome_at="2026-03-10T09:00:00Z")
    rows[3].update(outcome="", outcome_at="")
    rows[1]["prospect_email"] = "a@b.example"
    return [*rows, row("S-9", submitted_at="2026-03-02T10:00:00Z", prospect_email="a@b.example")]


def expected_states(template: Path, tmp_path: Path, path: Path) -> Any:
    """What one run over a fresh database leaves."""
    fresh = make_engine(sqlite_url_of(copyfile(template, tmp_path / "fresh.sqlite")))
    try:
        taken(fresh, path)
        return stored(fresh)["states"]
    finally:
        fresh.dispose()


def test_a_dry_run_writes_nothing_and_tells_the_same(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "h.csv", many_rows())
    before = stored(engine)
    dry, dry_refused = taken(engine, path, dry_run=True)
    assert stored(engine) == before
    assert before["counts"]["organisation"] == 0
    wet, refused = taken(engine, path)
    assert dry == wet
    assert codes(dry_refused) == codes(refused)


def test_what_stays_open_is_settled_by_the_clock_afterwards(engine: Engine, tmp_path: Path) -> None:
    taken(engine, write_csv(tmp_path / "h.csv", [row("S-1")]))
    assert state(engine, "S-1").verdict == "pending"
    assert settle_due(engine, NOW, NOW) == 1
    assert state(engine, "S-1").verdict_at == datetime(2026, 3, 6, 10, 30, tzinfo=UTC)


def test_an_outcome_before_its_submission_is_refused_every_time(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "h.csv", [row("S-1", outcome="cancelled_by_supplier", outcome_at="2026-03-01T09:00:00Z")]
    )
    for _ in range(2):
        assert codes(taken(engine, path)[1]) == [("S-1", "outcome", "outcome_before_submission")]
    assert state(engine, "S-1").schedule == "booked"


def test_a_row_of_a_time_to_come_is_refused_and_settles_nothing_ahead_of_it(engine: Engine, tmp_path: Path) -> None:
    found = {"outcome": "attended", "outcome_at": "2030-03-04T11:00:00Z"}
    rows = [row("S-1"), row("S-2", **found), row("S-3", submitted_at="2030-03-02T09:00:00Z")]
    summary, refused = taken(engine, write_csv(tmp_path / "h.csv", rows), now=datetime(2026, 3, 5, tzinfo=UTC))
    assert sorted(codes(refused)) == [("S-2", "outcome", "in_the_future"), ("S-3", "submission", "in_the_future")]
    assert (summary.taken, summary.settled, state(engine, "S-1").verdict) == (2, 0, "pending")


def test_rows_before_the_terms_count_are_refused(engine: Engine, tmp_path: Path) -> None:
    early = row("S-1", submitted_at="2025-12-31T23:59:59Z", prospect_email="a@b.example")
    path = write_csv(
        tmp_path / "h.csv", [early, row("S-2", **{"fact.employees": "many"}, prospect_email="x@b.example")]
    )
    summary, refused = taken(engine, path)
    assert codes(refused) == [("S-1", "submission", "agreement_not_in_force"), ("S-2", "submission", "malformed")]
    assert summary.taken == 0


def test_a_pair_of_which_one_side_is_something_else_is_refused_row_by_row(engine: Engine, tmp_path: Path) -> None:
    details = {"slug": "east-bank", "kind": "buyer", "legal_name": "East Bank", "address": {}, "time_zone": "UTC"}
    with writing(engine) as connection:
        create_organisation(connection, details, NOW)
    rows = [row("S-1", supplier="east-bank", **ATTENDED), row("S-2"), row("S-3", buyer="acme-calls")]
    path = write_csv(tmp_path / "h.csv", rows)
    summary, refused = taken(engine, path)
    assert codes(refused) == [("S-1", "submission", "wrong_kind"), ("S-3", "submission", "wrong_kind")]
    assert summary.taken == 1
    assert summary.clauses == {"supplier": 1, "buyer": 1}


def test_terms_other_than_those_in_force_are_refused(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "h.csv", [row("S-1")])
    taken(engine, path)
    with pytest.raises(Refused, match="definition_differs"):
        taken(engine, path, definition=definition(name="Another"))
    with pytest.raises(Refused, match="agreement_differs"):
        taken(engine, path, agreement=agreement(payment={"days": 7}))
    with pytest.raises(Malformed, match="effective_from"):
        taken(engine, path, agreement=agreement(effective_from=None))


def test_a_national_number_is_read_in_the_buyers_country_where_the_prospects_is_unknown(
    engine: Engine, tmp_path: Path
) -> None:
    rows = [
        row("S-1", prospect_phone="020 7946 0001", prospect_country="XYZ"),
        row("S-2", prospect_phone="+44 20 7946 0001", submitted_at="2026-03-02T09:00:01Z"),
    ]
    _, refused = taken(engine, write_csv(tmp_path / "h.csv", rows))
    assert codes(refused) == [("S-2", "submission", "duplicate")]


def test_a_prospect_submitted_anew_after_his_no_show_is_one_chain_however_often_the_file_comes(
    engine: Engine, tmp_path: Path
) -> None:
    again: dict[str, Any] = {"starts_at": "2026-03-09T10:00:00Z", "ends_at": "2026-03-09T10:30:00Z"}
    rows = [
        row("S-1", prospect_email="lena@brandt.example", outcome="prospect_no_show", outcome_at="2026-03-04T12:00:00Z"),
        row(
            "S-2",
            prospect_email="lena@brandt.example",
            submitted_at="2026-03-05T10:00:00Z",
            outcome="attended",
            outcome_at="2026-03-09T11:00:00Z",
            **again,
        ),
    ]
    path = write_csv(tmp_path / "h.csv", rows)
    first, refused = taken(engine, path)
    before = stored(engine)
    second, _ = taken(engine, path, now=NOW + timedelta(days=1))
    assert refused == []
    assert (first.taken, first.outcomes, second.taken, second.known, second.outcomes) == (2, 2, 0, 2, 0)
    assert stored(engine) == before
    found = state(engine, "S-1")
    assert (len(found.slots), found.amount, found.rebookings) == (2, 18000, 1)
