"""Agreements over HTTP: from when a version counts, for whom, and what an acceptance covers (rulebook, section 1)."""

from collections.abc import Callable
from typing import Any

import pytest
from freezegun import freeze_time

from tests.api.conftest import Caller
from tests.api.terms import SLUG, accepted, agreed, body_of, drafted, proposed, published, submission
from tests.domain.documents import agreement_document, definition_document

NOW = "2026-10-05T09:00:00Z"
LATER = "2026-10-06T00:00:00Z"

Make = Callable[..., Caller]
BOTH_FIRST = {"version": 1, "definition_version": 1}


@pytest.fixture(autouse=True)
def _monday() -> Any:
    with freeze_time(NOW) as frozen:
        yield frozen


def add_version(buyer: Caller, agreement_id: str, **changes: Any) -> dict[str, Any]:
    body = agreement_document(**changes)
    agreement: dict[str, Any] = body_of(buyer("POST", f"/v1/agreements/{agreement_id}/versions", body), 201)
    return agreement


def counts(caller: Caller, agreement_id: str) -> Any:
    return body_of(caller("GET", f"/v1/agreements/{agreement_id}"))["counts"]


def refusal_of(supplier: Caller, **changes: Any) -> str:
    problem = body_of(supplier("POST", "/v1/appointments", submission(**changes)), 422)
    return str(problem["violations"][0]["code"])


def test_an_agreement_is_proposed_to_a_supplier(buyer: Caller, supplier: Caller) -> None:
    version = published(buyer)
    answer = buyer("POST", "/v1/agreements", {**agreement_document(), "supplier": "acme-calls"})
    agreement = body_of(answer, 201)
    assert answer.headers["Location"] == f"/v1/agreements/{agreement['id']}"
    assert (agreement["supplier"], agreement["buyer"], agreement["definition"]) == ("acme-calls", "north-bank", SLUG)
    assert agreement["counts"] is None and agreement["acceptances"] == [] and agreement["ended_from"] is None
    (first,) = agreement["versions"]
    assert first["document"] == agreement_document() and first["version"] == 1
    assert [entry["definition_version"] for entry in first["hashes"]] == [version["version"]]
    assert body_of(supplier("GET", f"/v1/agreements/{agreement['id']}")) == agreement
    assert body_of(supplier("GET", "/v1/agreements"))["items"][0]["id"] == agreement["id"]


def test_it_counts_from_the_second_acceptance(buyer: Caller, supplier: Caller) -> None:
    published(buyer)
    agreement_id = proposed(buyer)
    assert refusal_of(supplier) == "agreement_not_accepted"
    assert accepted(buyer, agreement_id)["counts"] is None
    assert refusal_of(supplier) == "agreement_not_accepted"
    agreement = accepted(supplier, agreement_id)
    assert agreement["counts"] == BOTH_FIRST
    hashes = {entry["definition_version"]: entry["hash"] for entry in agreement["versions"][0]["hashes"]}
    assert [(a["party"], a["hash"]) for a in agreement["acceptances"]] == [
        ("buyer", hashes[1]),
        ("supplier", hashes[1]),
    ]
    appointment = body_of(supplier("POST", "/v1/appointments", submission()), 201)
    assert appointment["agreement"] == {"id": agreement_id, "version": 1}


def test_accepting_again_changes_nothing(buyer: Caller, supplier: Caller) -> None:
    agreement_id = agreed(buyer, supplier)
    with freeze_time(LATER):
        assert len(accepted(supplier, agreement_id)["acceptances"]) == 2


def test_it_does_not_count_before_it_is_effective(buyer: Caller, supplier: Caller) -> None:
    published(buyer)
    agreement_id = proposed(buyer, effective_from=LATER)
    accepted(buyer, agreement_id)
    assert accepted(supplier, agreement_id)["counts"] is None
    assert refusal_of(supplier) == "agreement_not_in_force"
    with freeze_time(LATER):
        assert counts(supplier, agreement_id) == BOTH_FIRST
        body_of(supplier("POST", "/v1/appointments", submission()), 201)


def test_a_definition_in_the_future_counts_from_its_beginning(buyer: Caller, supplier: Caller) -> None:
    published(buyer, effective_from=LATER)
    agreement_id = proposed(buyer)
    accepted(buyer, agreement_id)
    assert accepted(supplier, agreement_id)["counts"] is None
    with freeze_time(LATER):
        assert counts(buyer, agreement_id) == BOTH_FIRST


def test_a_newer_definition_counts_once_the_supplier_accepts_it(buyer: Caller, supplier: Caller) -> None:
    agreement_id = agreed(buyer, supplier)
    published(buyer, name="Stricter")
    assert counts(supplier, agreement_id) == BOTH_FIRST
    pinned = body_of(supplier("POST", "/v1/appointments", submission()), 201)["definition"]
    assert pinned["version"] == 1
    after = accepted(supplier, agreement_id, definition_version=2)
    assert after["counts"] == {"version": 1, "definition_version": 2}
    assert len(after["acceptances"]) == 3, "publishing was the buyer's"
    later = submission(reference="S-1002", prospect={"name": "Bea", "email": "bea@engine.example", "region": "GB"})
    assert body_of(supplier("POST", "/v1/appointments", later), 201)["definition"]["version"] == 2


def test_a_newer_definition_accepted_early_counts_from_its_beginning(buyer: Caller, supplier: Caller) -> None:
    agreement_id = agreed(buyer, supplier)
    published(buyer, effective_from=LATER)
    assert accepted(supplier, agreement_id, definition_version=2)["counts"] == BOTH_FIRST
    with freeze_time(LATER):
        assert counts(supplier, agreement_id) == {"version": 1, "definition_version": 2}


def test_a_newer_agreement_version_needs_both_sides(buyer: Caller, supplier: Caller) -> None:
    agreement_id = agreed(buyer, supplier)
    add_version(buyer, agreement_id, payment={"days": 60})
    assert accepted(supplier, agreement_id, 2)["counts"] == BOTH_FIRST
    body_of(supplier("POST", "/v1/appointments", submission()), 201)
    assert accepted(buyer, agreement_id, 2)["counts"] == {"version": 2, "definition_version": 1}


def test_a_definition_accepted_with_an_offer_that_never_counted_does_not_count(buyer: Caller, supplier: Caller) -> None:
    agreement_id = agreed(buyer, supplier)
    published(buyer)
    add_version(buyer, agreement_id, payment={"days": 7})
    assert accepted(supplier, agreement_id, 2)["counts"] == BOTH_FIRST, "he took it for the better terms alone"
    assert accepted(buyer, agreement_id, 2)["counts"] == {"version": 2, "definition_version": 2}


def test_an_old_offer_cannot_be_taken_once_a_newer_one_is_made(buyer: Caller, supplier: Caller) -> None:
    published(buyer)
    agreement_id = proposed(buyer)
    accepted(buyer, agreement_id)
    add_version(buyer, agreement_id, payment={"days": 60})
    late = supplier("POST", f"/v1/agreements/{agreement_id}/accept", {"version": 1})
    assert body_of(late, 409)["code"] == "superseded_version"
    accepted(buyer, agreement_id, 2)
    assert accepted(supplier, agreement_id, 2)["counts"] == {"version": 2, "definition_version": 1}


def test_a_superseded_definition_cannot_be_chosen_by_the_supplier_alone(buyer: Caller, supplier: Caller) -> None:
    published(buyer)
    published(buyer, name="Stricter")
    agreement_id = proposed(buyer)
    accepted(buyer, agreement_id)
    old = {"version": 1, "definition_version": 1}
    assert body_of(supplier("POST", f"/v1/agreements/{agreement_id}/accept", old), 409)["code"] == (
        "superseded_definition"
    )
    accepted(buyer, agreement_id, definition_version=1)
    assert accepted(supplier, agreement_id, definition_version=1)["counts"] == BOTH_FIRST


def test_what_is_not_there_cannot_be_accepted(buyer: Caller, supplier: Caller) -> None:
    drafted(buyer)
    agreement_id = proposed(buyer)
    path = f"/v1/agreements/{agreement_id}/accept"
    assert body_of(supplier("POST", path, {"version": 1}), 422)["code"] == "not_published"
    body_of(buyer("POST", f"/v1/definitions/{SLUG}/publish"))
    body_of(supplier("POST", path, {"version": 2}), 404)
    assert body_of(supplier("POST", path, {"version": 1, "definition_version": 2}), 422)["code"] == "not_published"
    for body in ({}, {"version": 0}, {"version": 2**40}, {"version": True}, {"version": 1, "party": "buyer"}):
        body_of(supplier("POST", path, body), 400)


@pytest.mark.parametrize("role", ["admin", "finance", "arbiter"])
def test_nobody_accepts_for_a_party(buyer: Caller, supplier: Caller, caller: Make, role: str) -> None:
    published(buyer)
    body_of(caller(role)("POST", f"/v1/agreements/{proposed(buyer)}/accept", {"version": 1}), 403)


def test_either_side_ends_it_for_the_future(buyer: Caller, supplier: Caller) -> None:
    agreement_id = agreed(buyer, supplier)
    path = f"/v1/agreements/{agreement_id}/end"
    assert body_of(buyer("POST", path, {"from": "2026-10-05T08:00:00Z"}), 422)["code"] == "end_in_the_past"
    ended = body_of(buyer("POST", path, {"from": LATER}))
    assert ended["ended_from"] == LATER and ended["counts"] == BOTH_FIRST
    body_of(supplier("POST", "/v1/appointments", submission()), 201)
    assert body_of(supplier("POST", path, {"from": "2026-10-07T00:00:00Z"}), 409)["code"] == "already_ended"
    with freeze_time(LATER):
        assert counts(supplier, agreement_id) is None
        assert refusal_of(supplier, reference="S-1002") == "agreement_ended"
    with freeze_time("2026-10-05T12:00:00Z"):
        assert body_of(supplier("POST", path))["ended_from"] == "2026-10-05T12:00:00Z", "sooner, and from now on"


def test_what_was_booked_is_finished_under_an_ended_agreement(buyer: Caller, supplier: Caller) -> None:
    agreement_id = agreed(buyer, supplier)
    appointment = body_of(supplier("POST", "/v1/appointments", submission()), 201)
    body_of(supplier("POST", f"/v1/agreements/{agreement_id}/end"))
    cancellation = {"by": "supplier", "reason": "ill"}
    assert body_of(supplier("POST", f"/v1/appointments/{appointment['id']}/cancel", cancellation))["agreement"] == {
        "id": agreement_id,
        "version": 1,
    }


def test_terms_have_to_suit_the_definition(buyer: Caller, supplier: Caller) -> None:
    published(buyer)
    body = {**agreement_document(), "supplier": "acme-calls"}
    price = {"tiers": [{"from": 1, "amount": 100}], "bonuses": {"size": 5}}
    problem = body_of(buyer("POST", "/v1/agreements", body | {"price": price}), 400)
    assert problem["errors"][0]["pointer"] == "/price/bonuses/size"
    faulty = body_of(buyer("POST", "/v1/agreements", body | {"payment": {"days": 1.5}, "colour": "red"}), 400)
    assert {error["pointer"] for error in faulty["errors"]} == {"/payment/days", "/colour"}
    for reference in ("no-such-thing", f"south-bank:{SLUG}"):
        unknown = body_of(buyer("POST", "/v1/agreements", body | {"definition": reference}), 422)
        assert unknown["code"] == "unknown_definition"
    body_of(buyer("POST", "/v1/agreements", body | {"definition": f"north-bank:{SLUG}"}), 201)


def test_there_is_one_agreement_between_two_on_a_definition(buyer: Caller, supplier: Caller) -> None:
    published(buyer)
    agreement_id = proposed(buyer)
    again = body_of(buyer("POST", "/v1/agreements", {**agreement_document(), "supplier": "acme-calls"}), 409)
    assert again["existing_id"] == agreement_id


def test_who_it_is_between_is_named_right_and_stays(
    buyer: Caller, supplier: Caller, admin: Caller, caller: Make
) -> None:
    caller("buyer", "south-bank")
    published(buyer)
    body = agreement_document()
    assert body_of(buyer("POST", "/v1/agreements", body), 400)["errors"][0]["pointer"] == "/supplier"
    for nobody in ("nobody-at-all", "south-bank"):
        assert body_of(buyer("POST", "/v1/agreements", {**body, "supplier": nobody}), 422)["code"] == (
            "unknown_supplier"
        )
    parties = {"supplier": "acme-calls", "buyer": "south-bank"}
    body_of(buyer("POST", "/v1/agreements", body | parties), 403)
    body_of(supplier("POST", "/v1/agreements", body | parties), 403)
    agreement = body_of(admin("POST", "/v1/agreements", body | parties | {"buyer": "north-bank"}), 201)
    path = f"/v1/agreements/{agreement['id']}/versions"
    assert body_of(admin("POST", path, body | parties), 422)["code"] == "buyer_changed"
    assert len(body_of(buyer("POST", path, body | {"supplier": "acme-calls"}), 201)["versions"]) == 2
    body_of(supplier("POST", path, body), 403)


def test_somebody_elses_agreement_is_unknown(buyer: Caller, supplier: Caller, caller: Make) -> None:
    agreement_id = agreed(buyer, supplier)
    body = agreement_document()
    for stranger in (caller("buyer", "south-bank"), caller("supplier", "other-calls")):
        assert body_of(stranger("GET", "/v1/agreements"))["items"] == []
        answers = [stranger("GET", f"/v1/agreements/{agreement_id}")]
        answers += [stranger("POST", f"/v1/agreements/{agreement_id}/accept", {"version": 1})]
        answers += [stranger("POST", f"/v1/agreements/{agreement_id}/end")]
        for answer in answers:
            body_of(answer, 404)
    body_of(caller("buyer", "south-bank")("POST", f"/v1/agreements/{agreement_id}/versions", body), 404)


def test_commands_heed_the_version_that_was_read(buyer: Caller, supplier: Caller) -> None:
    published(buyer)
    agreement_id = proposed(buyer)
    path = f"/v1/agreements/{agreement_id}"
    tag = supplier("GET", path).headers["ETag"]
    accepted(buyer, agreement_id)
    body_of(supplier("POST", f"{path}/accept", {"version": 1}, headers={"If-Match": tag}), 412)
    fresh = supplier("GET", path).headers["ETag"]
    body_of(supplier("POST", f"{path}/accept", {"version": 1}, headers={"If-Match": fresh}))


def test_a_definition_of_the_same_slug_elsewhere_is_named_with_its_buyer(
    buyer: Caller, supplier: Caller, caller: Make
) -> None:
    agreed(buyer, supplier)
    agreed(caller("buyer", "south-bank"), supplier)
    assert refusal_of(supplier) == "ambiguous_definition"
    named = submission(definition=f"south-bank:{definition_document()['slug']}")
    assert body_of(supplier("POST", "/v1/appointments", named), 201)["buyer"] == "south-bank"
