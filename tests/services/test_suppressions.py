"""Rules of suppression lists: whom a buyer's suppliers must leave alone, by whatever contact he is known."""

from typing import Any

import pytest
from sqlalchemy import Engine

from ledger.domain.terms import ContactKind
from tests.services.market import Market

SUPPRESSED = [("intake.suppressions", "suppressed")]


@pytest.mark.parametrize(
    ("kind", "value", "prospect"),
    [
        (ContactKind.EMAIL, "Ada+x@mill.example", {"email": "ADA@mill.example"}),
        (ContactKind.PHONE, "020 7946 0018", {"phone": "+44 (0)20 7946 0018"}),
        (ContactKind.COMPANY_DOMAIN, "mill.example", {"domain": "www.mill.example", "email": "bob@other.example"}),
        (ContactKind.COMPANY_NUMBER, "01234567", {"number": "0123 4567"}),
    ],
)
def test_a_suppressed_contact_is_refused_however_it_is_spelt(
    engine: Engine, kind: ContactKind, value: str, prospect: dict[str, Any]
) -> None:
    market = Market(engine)
    market.suppress("north-bank", kind, value)
    assert market.refused("acme-calls", "S-1", **prospect) == SUPPRESSED
    assert market.refused("best-leads", "S-1", **prospect) == SUPPRESSED


def test_a_list_is_the_buyers_own(engine: Engine) -> None:
    market = Market(engine, buyers=("north-bank", "south-bank"))
    market.suppress("north-bank", ContactKind.EMAIL, "ada@mill.example")
    ada = {"email": "ada@mill.example"}
    assert market.refused("acme-calls", "S-1", definition="north-bank:uk-finance-review", **ada) == SUPPRESSED
    market.taken("acme-calls", "S-2", definition="south-bank:uk-finance-review", **ada)


def test_a_definition_may_leave_the_lists_aside(engine: Engine) -> None:
    market = Market(engine, lambda d: d["intake"].update(suppressions=False))
    market.suppress("north-bank", ContactKind.EMAIL, "ada@mill.example")
    market.taken("acme-calls", "S-1", email="ada@mill.example")


def test_a_suppression_holds_even_where_the_key_tells_no_duplicates(engine: Engine) -> None:
    market = Market(engine, lambda d: d["duplicates"].update(keys=[]))
    market.suppress("north-bank", ContactKind.EMAIL, "ada@mill.example")
    assert market.refused("acme-calls", "S-1", email="ada@mill.example") == SUPPRESSED


def test_what_was_booked_before_stays_booked_and_a_second_submission_breaks_both_clauses(engine: Engine) -> None:
    market = Market(engine)
    first = market.taken("acme-calls", "S-1", email="ada@mill.example")
    market.suppress("north-bank", ContactKind.EMAIL, "ada@mill.example")
    assert market.refused("best-leads", "S-2", email="ada@mill.example") == [
        ("duplicates", "duplicate"),
        *SUPPRESSED,
    ]
    assert market.kinds(first) == ["submitted"]
