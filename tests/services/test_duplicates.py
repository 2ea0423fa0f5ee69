"""Rules of duplicates, in the books of both engines: the first valid submission wins, as long as it stands."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from ledger.domain.errors import Conflict
from ledger.domain.lifecycle import Finding, Party
from ledger.domain.outcome import Findings
from ledger.services.intake import NotTaken
from ledger.store import tables as t
from ledger.store.engine import reading
from tests.services.market import DAY, MONDAY, NO_SHOW, TICK, TUESDAY, Change, Document, Market

REFUSED = [("duplicates", "duplicate")]
ADA = {"email": "ada@mill.example"}
WITHIN = MONDAY + timedelta(hours=1)


def worthless_no_shows(document: Document) -> None:
    document["outcomes"]["prospect_no_show"] = 0


def clause(**changes: Any) -> Change:
    return lambda document: document["duplicates"].update(changes)


@pytest.mark.parametrize("supplier", ["acme-calls", "best-leads"])
def test_the_first_valid_submission_wins_whoever_made_it(engine: Engine, supplier: str) -> None:
    market = Market(engine)
    market.taken("acme-calls", "S-1", **ADA)
    assert market.refused(supplier, "S-2", at=WITHIN, **ADA) == REFUSED


def test_a_submission_that_was_refused_wins_nothing(engine: Engine) -> None:
    market = Market(engine, lambda d: d["intake"].update(submit_before={"hours": 2}))
    too_late = [("intake.submit_before", "submitted_too_late")]
    assert market.refused("acme-calls", "S-1", starts_at=WITHIN, **ADA) == too_late
    market.taken("best-leads", "S-2", at=WITHIN, **ADA)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"email": "ada@mill.example"}, {"email": " ADA@Mill.Example "}),
        ({"email": "ada@mill.example"}, {"email": "ada+news@mill.example"}),
        ({"email": "a.da@gmail.com"}, {"email": "ada@googlemail.com"}),
        ({"phone": "+44 20 7946 0018"}, {"phone": "020 7946 0018"}),
        ({"phone": "0044 20 7946 0018"}, {"phone": "(020) 7946-0018 ext. 3"}),
        ({"phone": "030 901820", "region": "DE"}, {"phone": "+49 30 901820"}),
        ({"number": "GB 0123-4567"}, {"number": "gb01234567"}),
        ({"email": "ada@mill.example", "phone": "020 7946 0018"}, {"email": "x@y.example", "phone": "+442079460018"}),
    ],
)
def test_one_person_is_known_again_however_he_is_spelt(
    engine: Engine, first: dict[str, str], second: dict[str, str]
) -> None:
    market = Market(engine)
    market.taken("acme-calls", "S-1", **first)
    assert market.refused("best-leads", "S-2", at=WITHIN, **second) == REFUSED


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"email": "ada@mill.example"}, {"email": "bob@mill.example"}),
        ({"phone": "020 7946 0018"}, {"phone": "020 7946 0019"}),
        ({"phone": "030 901820", "region": "DE"}, {"phone": "030 901820"}),
        ({"domain": "mill.example"}, {"domain": "mill.example"}),
        ({"number": "none"}, {"number": "none"}),
        ({"name": "Ada"}, {"name": "Ada"}),
        ({}, {}),
    ],
)
def test_who_shares_no_key_is_somebody_else(engine: Engine, first: dict[str, str], second: dict[str, str]) -> None:
    market = Market(engine)
    market.taken("acme-calls", "S-1", **first)
    market.taken("best-leads", "S-2", at=WITHIN, **second)


def test_a_company_is_known_by_its_domain_where_the_definition_asks_for_it(engine: Engine) -> None:
    market = Market(engine, clause(keys=["company_domain"]))
    market.taken("acme-calls", "S-1", domain="https://www.Mill.example/about", **ADA)
    assert market.refused("best-leads", "S-2", at=WITHIN, domain="mill.example") == REFUSED
    market.taken("best-leads", "S-3", at=WITHIN, domain="other.example", **ADA)


@pytest.mark.parametrize(
    ("scope", "taken"),
    [
        ("definition", {"other supplier": False, "other definition": True, "both other": True}),
        ("buyer", {"other supplier": False, "other definition": False, "both other": False}),
        ("supplier", {"other supplier": True, "other definition": False, "both other": True}),
    ],
)
def test_the_scope_says_where_the_same_person_is_the_same(engine: Engine, scope: str, taken: dict[str, bool]) -> None:
    market = Market(engine, clause(scope=scope), slugs=("loans", "cards"))
    where = {
        "other supplier": ("best-leads", "loans"),
        "other definition": ("acme-calls", "cards"),
        "both other": ("best-leads", "cards"),
    }
    for number, (name, (supplier, definition)) in enumerate(where.items()):
        person: dict[str, Any] = {"email": f"ada{number}@mill.example"}
        market.taken("acme-calls", f"S-{number}", definition="loans", **person)
        result = market.submit(supplier, f"T-{number}", at=WITHIN, definition=definition, **person)
        assert isinstance(result, NotTaken) is not taken[name], name


def test_another_buyer_knows_nothing_of_it(engine: Engine) -> None:
    market = Market(engine, buyers=("north-bank", "south-bank"))
    market.taken("acme-calls", "S-1", definition="north-bank:uk-finance-review", **ADA)
    market.taken("best-leads", "S-2", at=WITHIN, definition="south-bank:uk-finance-review", **ADA)


def test_at_the_very_end_of_the_window_a_person_may_be_submitted_again(engine: Engine) -> None:
    market = Market(engine)
    market.taken("acme-calls", "S-1", **ADA)
    ends = datetime(2026, 5, 31, 8, tzinfo=UTC)  # 90 days at the same wall-clock time, in summer by now
    later = {"starts_at": ends + DAY, **ADA}
    assert market.refused("best-leads", "S-2", at=ends - TICK, **later) == REFUSED
    market.taken("best-leads", "S-3", at=ends, **later)
    assert market.refused("acme-calls", "S-4", at=ends + TICK, **later) == REFUSED


def test_a_cancelled_appointment_no_longer_blocks(engine: Engine) -> None:
    market = Market(engine)
    first = market.taken("acme-calls", "S-1", **ADA)
    market.cancel(first, WITHIN)
    market.taken("best-leads", "S-2", at=WITHIN, **ADA)
    assert market.refused("acme-calls", "S-3", at=WITHIN, **ADA) == REFUSED


def test_a_no_show_blocks_while_it_can_be_rebooked_and_not_once_it_is_final_and_worth_nothing(engine: Engine) -> None:
    market = Market(engine, worthless_no_shows)
    first = market.taken("acme-calls", "S-1", **ADA)
    seen = TUESDAY + timedelta(minutes=30)
    market.find(first, NO_SHOW, seen)
    final = market.state(first).rebooking_at
    assert final is not None
    later = {"starts_at": final + DAY, **ADA}
    assert market.refused("best-leads", "S-2", at=final - TICK, **later) == REFUSED
    market.taken("best-leads", "S-3", at=final, **later)


def test_a_no_show_that_was_paid_for_keeps_blocking(engine: Engine) -> None:
    market = Market(engine, lambda d: d["rebooking"].update(within={"days": 0}))
    first = market.taken("acme-calls", "S-1", **ADA)
    seen = TUESDAY + timedelta(minutes=30)
    market.find(first, NO_SHOW, seen)
    assert market.state(first).amount > 0
    assert market.refused("best-leads", "S-2", at=seen, starts_at=seen + DAY, **ADA) == REFUSED


@pytest.mark.parametrize("absence", [Finding.BUYER_NO_SHOW, Finding.BOTH_ABSENT])
def test_whoever_did_not_come_a_no_show_worth_nothing_does_not_block(engine: Engine, absence: Finding) -> None:
    market = Market(engine, lambda d: d["outcomes"].update({absence.value: 0}))
    first = market.taken("acme-calls", "S-1", **ADA)
    seen = TUESDAY + timedelta(minutes=30)
    market.find(first, Findings(absence), seen)
    market.taken("best-leads", "S-2", at=seen, starts_at=seen + DAY, **ADA)


def test_what_took_place_and_was_worth_nothing_keeps_blocking(engine: Engine) -> None:
    market = Market(engine)
    first = market.taken("acme-calls", "S-1", **ADA)
    seen = TUESDAY + timedelta(minutes=30)
    market.find(first, Findings(Finding.TECHNICAL_FAILURE), seen)
    assert market.refused("best-leads", "S-2", at=seen, starts_at=seen + DAY, **ADA) == REFUSED


def test_a_rebooked_no_show_blocks_again(engine: Engine) -> None:
    market = Market(engine, worthless_no_shows)
    first = market.taken("acme-calls", "S-1", **ADA)
    seen = TUESDAY + timedelta(minutes=30)
    market.find(first, NO_SHOW, seen)
    market.move(first, TUESDAY + 2 * DAY, seen)
    later = {"at": seen + timedelta(hours=1), "starts_at": TUESDAY + 3 * DAY, **ADA}
    assert market.refused("best-leads", "S-2", **later) == REFUSED
    market.cancel(first, seen + timedelta(hours=1), Party.BUYER)
    market.taken("best-leads", "S-3", **later)


def test_a_blocker_that_has_fallen_due_is_settled_first_and_that_is_kept(engine: Engine) -> None:
    market = Market(engine, worthless_no_shows)
    first = market.taken("acme-calls", "S-1", **ADA)
    market.find(first, NO_SHOW, TUESDAY + timedelta(minutes=30))
    final = market.state(first).rebooking_at
    assert final is not None
    market.taken("best-leads", "S-2", at=final + DAY, starts_at=final + 2 * DAY, **ADA)
    assert market.kinds(first)[-1] == "no_show_final"
    assert market.events(first)[-1].effective_at == final


def test_silence_that_has_taken_effect_on_the_blocker_is_settled_even_if_the_answer_is_no(engine: Engine) -> None:
    market = Market(engine)
    first = market.taken("acme-calls", "S-1", **ADA)
    late = TUESDAY + 20 * DAY
    assert market.refused("best-leads", "S-2", at=late, starts_at=late + DAY, **ADA) == REFUSED
    assert market.kinds(first) == ["submitted", "deemed"]


def test_the_refusal_is_on_record_and_names_neither_supplier_nor_person(engine: Engine) -> None:
    market = Market(engine)
    first = market.taken("acme-calls", "S-1", name="Ada Mill", **ADA)
    market.refused("best-leads", "S-2", at=WITHIN, name="Ada Mill", **ADA)
    with reading(engine) as connection:
        (row,) = connection.execute(select(t.intake_refusal)).all()
    assert row.violations == [
        {
            "clause": "duplicates",
            "code": "duplicate",
            "detail": "this prospect was submitted before (same email)",
        }
    ]
    told = {key: value for key, value in row._asdict().items() if not isinstance(value, UUID)}
    assert not any(word in str(told).lower() for word in ("acme", "ada", "mill", "s-1"))
    assert first not in row


def test_the_same_reference_again_is_the_duplicate_of_itself(engine: Engine) -> None:
    market = Market(engine)
    first = market.taken("acme-calls", "S-1", **ADA)
    with pytest.raises(Conflict) as conflict:
        market.submit("acme-calls", "S-1", at=WITHIN, email="bob@mill.example")
    assert (conflict.value.code, conflict.value.existing_id) == ("duplicate_reference", str(first))
    market.taken("best-leads", "S-1", at=WITHIN, email="bob@mill.example")


@pytest.mark.parametrize("duplicates", [{"window": {"days": 0}}, {"keys": []}])
def test_without_window_or_keys_there_are_no_duplicates(engine: Engine, duplicates: Document) -> None:
    def change(document: Document) -> None:
        document["duplicates"] |= duplicates
        document["rebooking"] = {"within": {"days": 0}, "limit": 0}

    market = Market(engine, change)
    market.taken("acme-calls", "S-1", **ADA)
    market.taken("best-leads", "S-2", at=MONDAY, **ADA)


def test_whoever_came_first_into_the_books_wins_although_his_clock_was_ahead(engine: Engine) -> None:
    market = Market(engine)
    market.taken("acme-calls", "S-1", at=MONDAY + timedelta(milliseconds=5), **ADA)
    assert market.refused("best-leads", "S-2", at=MONDAY, **ADA) == REFUSED
