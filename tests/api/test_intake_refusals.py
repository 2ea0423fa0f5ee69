"""Refused submissions over HTTP: who sees them, and by which clause they are found."""

from collections.abc import Callable
from typing import Any

import pytest
from freezegun import freeze_time

from tests.api.conftest import Caller
from tests.api.terms import SLUG, agreed, body_of, submission

PATH = "/v1/intake-refusals"
Make = Callable[..., Caller]


@pytest.fixture(autouse=True)
def _monday() -> Any:
    with freeze_time("2026-10-05T09:00:00Z") as frozen:
        yield frozen


def references(asker: Caller, arguments: str = "") -> list[str]:
    return [entry["reference"] for entry in body_of(asker("GET", f"{PATH}{arguments}"))["items"]]


def refuse(supplier: Caller, **changes: Any) -> None:
    assert body_of(supplier("POST", "/v1/appointments", submission(**changes)), 422)["code"] == "intake_refused"


def test_a_refusal_names_every_clause_and_nobody(buyer: Caller, supplier: Caller) -> None:
    agreed(buyer, supplier)
    refuse(supplier, channel="carrier-pigeon", consent=None, source="park")
    (refusal,) = body_of(supplier("GET", PATH))["items"]
    assert {violation["clause"] for violation in refusal["violations"]} >= {"intake.channels"}
    assert (refusal["supplier"], refusal["buyer"]) == ("acme-calls", "north-bank")
    assert (refusal["definition"]["slug"], refusal["definition"]["version"]) == (SLUG, 1)
    assert (refusal["channel"], refusal["source"], refusal["reference"]) == ("carrier-pigeon", "park", "S-1001")
    assert not any(word in str(refusal).lower() for word in ("byron", "engine"))


def test_each_party_sees_its_own_and_an_admin_all(buyer: Caller, supplier: Caller, admin: Caller, caller: Make) -> None:
    south, other = caller("buyer", "south-bank"), caller("supplier", "other-calls")
    agreed(buyer, supplier)
    refuse(supplier, channel="post")
    assert references(buyer) == references(supplier) == references(admin) == ["S-1001"]
    assert references(south) == references(other) == []
    for role in ("finance", "arbiter"):
        body_of(caller(role)("GET", PATH), 403)


def test_they_are_found_by_clause_section_and_definition(buyer: Caller, supplier: Caller, caller: Make) -> None:
    agreed(buyer, supplier)
    agreed(caller("buyer", "south-bank"), supplier)
    north, south = f"north-bank:{SLUG}", f"south-bank:{SLUG}"
    refuse(supplier, definition=north, reference="channel", channel="post")
    refuse(supplier, definition=south, reference="size", facts={"employees": 5, "title": "CFO"})
    assert references(supplier) == ["size", "channel"]
    assert references(supplier, "?clause=intake.channels") == ["channel"]
    assert references(supplier, "?clause=intake") == ["channel"]
    assert references(supplier, "?clause=size") == ["size"]
    assert references(supplier, "?clause=intake.chan") == references(supplier, "?clause=%25") == []
    assert references(supplier, f"?definition={SLUG}") == ["size", "channel"]
    assert references(supplier, f"?definition={north}") == ["channel"]
    assert references(supplier, f"?definition={south}&clause=intake") == []
    body_of(supplier("GET", f"{PATH}?sort=reference"), 400)


def test_they_are_listed_newest_first_page_by_page(buyer: Caller, supplier: Caller) -> None:
    agreed(buyer, supplier)
    for number in range(3):
        refuse(supplier, reference=f"S-{number}", channel="post")
    page = body_of(supplier("GET", f"{PATH}?limit=2&clause=intake"))
    assert [entry["reference"] for entry in page["items"]] == ["S-2", "S-1"]
    assert references(supplier, f"?limit=2&clause=intake&cursor={page['next_cursor']}") == ["S-0"]
