"""Definitions over HTTP: who drafts, publishes and reads what, and what a published version keeps."""

from collections.abc import Callable
from typing import Any

import pytest
from freezegun import freeze_time

from tests.api.conftest import Caller
from tests.api.terms import SLUG, body_of, drafted, proposed, published
from tests.domain.documents import definition_document, outcomes

NOW = "2026-10-05T09:00:00Z"
LATER = "2026-11-01T00:00:00Z"
PATH = f"/v1/definitions/{SLUG}"

Make = Callable[..., Caller]


@pytest.fixture(autouse=True)
def _monday() -> Any:
    with freeze_time(NOW) as frozen:
        yield frozen


def without(*shares: str) -> dict[str, int]:
    return {name: share for name, share in outcomes().items() if name not in shares}


def test_a_definition_begins_as_a_draft_of_its_buyer(buyer: Caller) -> None:
    answer = buyer("POST", "/v1/definitions", definition_document())
    definition = body_of(answer, 201)
    assert answer.headers["Location"] == f"/v1/definitions/north-bank:{SLUG}"
    assert definition["buyer"] == "north-bank" and definition["draft"] == 1 and definition["version"] is None
    assert [v["state"] for v in definition["versions"]] == ["draft"]
    assert body_of(buyer("GET", answer.headers["Location"])) == definition
    assert body_of(buyer("GET", "/v1/definitions"))["items"][0]["slug"] == SLUG


def test_an_admin_names_the_buyer_and_a_buyer_nobody_else(admin: Caller, buyer: Caller, caller: Make) -> None:
    caller("buyer", "south-bank")
    assert body_of(admin("POST", "/v1/definitions", definition_document()), 400)["errors"][0]["pointer"] == "/buyer"
    assert body_of(admin("POST", "/v1/definitions", definition_document(buyer="north-bank")), 201)["draft"] == 1
    for other in ("south-bank", "nobody-at-all"):
        body_of(buyer("POST", "/v1/definitions", definition_document(slug="another", buyer=other)), 403)
    unknown = body_of(admin("POST", "/v1/definitions", definition_document(buyer="nobody-at-all")), 422)
    assert unknown["code"] == "unknown_buyer"


def test_a_faulty_document_is_refused_with_every_fault(buyer: Caller) -> None:
    document = definition_document(currency="XXXX", colour="red", name=None, buyer=None)
    problem = body_of(buyer("POST", "/v1/definitions", document), 400)
    assert {error["pointer"] for error in problem["errors"]} >= {"/currency", "/colour", "/name"}
    assert body_of(buyer("POST", "/v1/definitions", [1]), 400)["errors"] == [
        {"pointer": "", "detail": "Needs an object."}
    ]
    assert body_of(buyer("POST", "/v1/definitions", definition_document(buyer=7)), 400)["errors"][0]["pointer"] == (
        "/buyer"
    )


def test_the_strict_parser_reads_terms_too(buyer: Caller) -> None:
    twice = buyer.client.post(
        "/v1/definitions",
        data=b'{"slug": "a", "slug": "b"}',
        content_type="application/json",
        headers={"Authorization": f"Bearer {buyer.secret}"},
    )
    assert "twice" in body_of(twice, 400)["errors"][0]["detail"]


def test_a_slug_is_the_buyers_once(buyer: Caller, caller: Make) -> None:
    first = drafted(buyer)
    problem = body_of(buyer("POST", "/v1/definitions", definition_document()), 409)
    assert problem["existing_id"] == first["id"]
    assert drafted(caller("buyer", "south-bank"))["buyer"] == "south-bank"


def test_a_draft_is_replaced_until_it_is_published_then_the_next_one_begins(buyer: Caller) -> None:
    drafted(buyer)
    assert body_of(buyer("PUT", f"{PATH}/draft", definition_document(name="Review")))["version"] == 1
    published_version = body_of(buyer("POST", f"{PATH}/publish"))
    assert (published_version["version"], published_version["state"]) == (1, "published")
    assert published_version["document"]["name"] == "Review"
    second = body_of(buyer("PUT", f"{PATH}/draft", definition_document(name="Another")))
    assert (second["version"], second["state"], second["hash"]) == (2, "draft", None)
    assert body_of(buyer("GET", f"{PATH}/versions/1"))["document"]["name"] == "Review"


def test_a_slug_stays(buyer: Caller) -> None:
    drafted(buyer)
    assert body_of(buyer("PUT", f"{PATH}/draft", definition_document(slug="other")), 422)["code"] == "slug_changed"


def test_publishing_settles_when_a_version_begins(buyer: Caller) -> None:
    version = published(buyer)
    assert version["effective_from"] == version["document"]["effective_from"] == NOW
    assert version["hash"].startswith("sha256:")
    assert all(finding["severity"] == "warning" for finding in version["warnings"])
    future = published(buyer, effective_from=LATER)
    assert future["effective_from"] == future["document"]["effective_from"] == LATER


def test_a_version_cannot_begin_in_the_past_nor_before_its_predecessor(buyer: Caller) -> None:
    drafted(buyer)
    past = {"effective_from": "2026-10-05T08:59:59Z"}
    assert body_of(buyer("POST", f"{PATH}/publish", past), 422)["code"] == "effective_in_the_past"
    body_of(buyer("POST", f"{PATH}/publish", {"effective_from": LATER}))
    body_of(buyer("PUT", f"{PATH}/draft", definition_document()))
    assert body_of(buyer("POST", f"{PATH}/publish"), 422)["code"] == "effective_before_predecessor"


def test_a_loose_draft_is_refused_with_every_finding(buyer: Caller) -> None:
    drafted(buyer, outcomes=without("both_absent", "disqualified"))
    lint = body_of(buyer("POST", f"{PATH}/draft/lint"))
    assert not lint["publishes"] and lint["version"] == 1
    assert all(finding["mend"] for finding in lint["findings"] if finding["severity"] == "error")
    problem = body_of(buyer("POST", f"{PATH}/publish"), 422)
    assert problem["code"] == "loose_definition"
    assert [(v["clause"], v["code"]) for v in problem["violations"]] == [
        (f["clause"], f["code"]) for f in lint["findings"]
    ]
    assert {"outcomes.both_absent", "outcomes.disqualified"} <= {v["clause"] for v in problem["violations"]}
    body_of(buyer("PUT", f"{PATH}/draft", definition_document()))
    assert body_of(buyer("POST", f"{PATH}/draft/lint"))["publishes"]
    body_of(buyer("POST", f"{PATH}/publish"))


def test_without_a_draft_there_is_nothing_to_lint_or_publish(buyer: Caller) -> None:
    published(buyer)
    assert body_of(buyer("POST", f"{PATH}/publish"), 409)["code"] == "no_draft"
    assert body_of(buyer("POST", f"{PATH}/draft/lint"), 409)["code"] == "no_draft"


def test_a_version_is_superseded_at_the_instant_the_next_one_begins(buyer: Caller) -> None:
    published(buyer)
    published(buyer, effective_from=LATER, name="From November on")

    def states() -> list[str]:
        return [version["state"] for version in body_of(buyer("GET", PATH))["versions"]]

    with freeze_time("2026-10-31T23:59:59.999999Z"):
        assert states() == ["published", "published"]
    with freeze_time(LATER):
        assert states() == ["superseded", "published"]
        assert body_of(buyer("GET", f"{PATH}/versions/1"))["state"] == "superseded"
        assert body_of(buyer("GET", "/v1/definitions"))["items"][0]["version"] == 2


def test_a_version_reads_as_prose_and_as_a_difference(buyer: Caller) -> None:
    published(buyer)
    published(buyer, outcomes=outcomes() | {"cut_short": 2500})
    text = buyer("GET", f"{PATH}/versions/1/text")
    assert text.status_code == 200 and text.mimetype == "text/markdown"
    assert text.get_data(as_text=True).startswith("# Finance review with a UK company\n")
    diff = body_of(buyer("GET", f"{PATH}/versions/2/diff?against=1"))
    assert [change["clause"] for change in diff["changes"]] == ["outcomes.cut_short"]
    assert (diff["changes"][0]["before"], diff["changes"][0]["after"]) == (5000, 2500)
    assert body_of(buyer("GET", f"{PATH}/versions/2/diff?against=2"))["changes"] == []
    for path in ("versions/3", f"versions/{2**70}", "versions/3/text", "versions/1/diff?against=3"):
        body_of(buyer("GET", f"{PATH}/{path}"), 404)
    body_of(buyer("GET", f"{PATH}/versions/2/diff"), 400)


def test_a_supplier_reads_what_he_has_an_agreement_on_once_it_is_published(buyer: Caller, supplier: Caller) -> None:
    drafted(buyer)
    absent = body_of(supplier("GET", "/v1/definitions/no-such-thing"), 404)
    proposed(buyer)
    hidden = body_of(supplier("GET", PATH), 404)
    assert {**hidden, "instance": ""} == {**absent, "instance": ""}
    body_of(buyer("POST", f"{PATH}/publish"))
    body_of(buyer("PUT", f"{PATH}/draft", definition_document(name="A secret plan")))
    definition = body_of(supplier("GET", PATH))
    assert definition["draft"] is None and [v["version"] for v in definition["versions"]] == [1]
    assert "secret" not in supplier("GET", "/v1/definitions").get_data(as_text=True)
    assert body_of(supplier("GET", f"{PATH}/versions/1"))["state"] == "published"
    for path in ("versions/2", "versions/2/text", "versions/2/diff?against=1", "versions/1/diff?against=2"):
        body_of(supplier("GET", f"{PATH}/{path}"), 404)
    tag = supplier("GET", PATH).headers["ETag"]
    body_of(buyer("PUT", f"{PATH}/draft", definition_document(name="Another plan")))
    assert supplier("GET", PATH).headers["ETag"] == tag, "a draft leaves no trace"


def test_somebody_elses_definition_is_unknown(buyer: Caller, caller: Make) -> None:
    published(buyer)
    for stranger in (caller("buyer", "south-bank"), caller("supplier", "other-calls")):
        assert body_of(stranger("GET", "/v1/definitions"))["items"] == []
        for path in ("", "/versions/1", "/versions/1/text", "/versions/1/diff?against=1"):
            body_of(stranger("GET", f"{PATH}{path}"), 404)
            body_of(stranger("GET", f"/v1/definitions/north-bank:{SLUG}{path}"), 404)
    other = caller("buyer", "south-bank")
    body_of(other("PUT", f"{PATH}/draft", definition_document()), 404)
    for path in ("draft/lint", "publish"):
        body_of(other("POST", f"{PATH}/{path}"), 404)


@pytest.mark.parametrize("role", ["supplier", "finance", "arbiter"])
def test_only_buyers_and_admins_write_definitions(caller: Make, buyer: Caller, role: str) -> None:
    drafted(buyer)
    asker = caller(role, "acme-calls" if role == "supplier" else None)
    body_of(asker("POST", "/v1/definitions", definition_document()), 403)
    body_of(asker("PUT", f"{PATH}/draft", definition_document()), 403)
    body_of(asker("POST", f"{PATH}/publish"), 403)


def test_a_slug_of_two_buyers_is_refused_naming_both(
    buyer: Caller, supplier: Caller, admin: Caller, caller: Make
) -> None:
    other = caller("buyer", "south-bank")
    for owner in (buyer, other):
        published(owner)
        proposed(owner)
    for asker in (supplier, admin):
        problem = body_of(asker("GET", PATH), 400)
        assert problem["code"] == "ambiguous_definition"
        assert f"north-bank:{SLUG}" in problem["detail"] and f"south-bank:{SLUG}" in problem["detail"]
        for owner_slug in ("north-bank", "south-bank"):
            assert body_of(asker("GET", f"/v1/definitions/{owner_slug}:{SLUG}"))["buyer"] == owner_slug
    assert body_of(buyer("GET", PATH))["buyer"] == "north-bank"
    body = definition_document(buyer="south-bank", name="South")
    assert body_of(admin("PUT", f"{PATH}/draft", body))["buyer"] == "south-bank"
    assert body_of(admin("PUT", f"/v1/definitions/north-bank:{SLUG}/draft", body), 422)["code"] == "buyer_changed"


def test_commands_heed_the_version_that_was_read(buyer: Caller) -> None:
    drafted(buyer)
    tag = buyer("GET", PATH).headers["ETag"]
    answer = buyer("PUT", f"{PATH}/draft", definition_document(name="Mine"), headers={"If-Match": tag})
    body_of(answer)
    for path in ("draft/lint", "publish"):
        body_of(buyer("POST", f"{PATH}/{path}", headers={"If-Match": tag}), 412)
    body_of(buyer("PUT", f"{PATH}/draft", definition_document(), headers={"If-Match": tag}), 412)
    body_of(buyer("POST", f"{PATH}/publish", headers={"If-Match": answer.headers["ETag"]}))


def test_publishing_twice_with_one_key_publishes_once(buyer: Caller) -> None:
    drafted(buyer)
    first = buyer("POST", f"{PATH}/publish", {}, key="publish-1")
    again = buyer("POST", f"{PATH}/publish", {}, key="publish-1")
    assert body_of(first) == body_of(again)


def test_definitions_are_listed_newest_first_page_by_page(buyer: Caller) -> None:
    for number in range(3):
        drafted(buyer, slug=f"review-{number}")
    page = body_of(buyer("GET", "/v1/definitions?limit=2"))
    assert [item["slug"] for item in page["items"]] == ["review-2", "review-1"]
    rest = body_of(buyer("GET", f"/v1/definitions?limit=2&cursor={page['next_cursor']}"))
    assert [item["slug"] for item in rest["items"]] == ["review-0"] and rest["next_cursor"] is None


def test_a_draft_is_replayed_without_changing_anything(buyer: Caller, caller: Make) -> None:
    drafted(buyer)
    path = f"{PATH}/draft/dry-run"
    answer = buyer("POST", path, {"period": "2026-03"})
    assert answer.status_code == 200, answer.json
    assert (answer.json["version"], answer.json["appointments"], answer.json["clauses"]) == (1, 0, [])
    both = buyer("POST", path, {"period": "2026-03", "from": "2026-03-01T00:00:00Z"})
    assert (both.status_code, both.json["errors"][0]["pointer"]) == (400, "/period")
    assert caller("buyer", "south-bank")("POST", path, {}).status_code == 404
    assert buyer("POST", f"{PATH}/publish").status_code == 200
    assert (buyer("POST", path).status_code, buyer("POST", path).json["code"]) == (409, "no_draft")


def test_a_version_keeps_the_currency_in_which_agreements_price(buyer: Caller) -> None:
    published(buyer)
    body_of(buyer("PUT", f"{PATH}/draft", definition_document(currency="EUR")))
    refused = body_of(buyer("POST", f"{PATH}/publish"), 422)
    assert [(each["clause"], each["code"]) for each in refused["violations"]] == [("currency", "currency_changed")]
    assert "the currency stays GBP" in refused["violations"][0]["detail"]
