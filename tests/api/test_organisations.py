import json
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from tests.api.conftest import ACME, Caller

WHOLE: dict[str, Any] = {
    **ACME,
    "vat_id": "GB980780684",
    "vat_registered": True,
    "tax_number": "12/345",
    "registration_number": "01234567",
    "bank": {"iban": "GB82 WEST 1234 5698 7654 32", "bic": "BARCGB22"},
    "email": "accounts@acme.example",
    "address": {"line1": "1 High Street", "city": "Leeds", "postcode": "LS1 1AA", "country": "GB"},
}


def test_the_least_is_enough_and_the_rest_may_follow(admin: Caller) -> None:
    created = admin("POST", "/v1/organisations", ACME)
    assert created.status_code == 201
    assert created.json["vat_registered"] is False
    assert created.json["bank"] == {"iban": None, "bic": None}
    assert created.headers["Location"] == f"/v1/organisations/{created.json['id']}"
    changed = admin(
        "PATCH", "/v1/organisations/acme-calls", {name: WHOLE[name] for name in WHOLE if name not in ("slug", "kind")}
    )
    assert changed.json["bank"] == {"iban": "GB82WEST12345698765432", "bic": "BARCGB22"}
    assert changed.json["version"] == 2


def test_id_and_slug_name_the_same(admin: Caller) -> None:
    created = admin("POST", "/v1/organisations", WHOLE)
    by_id = admin("GET", f"/v1/organisations/{created.json['id']}")
    by_slug = admin("GET", "/v1/organisations/acme-calls")
    assert by_id.data == by_slug.data == created.data
    assert by_id.headers["ETag"] == created.headers["ETag"]


@pytest.mark.parametrize("missing", ["slug", "kind", "legal_name", "time_zone", "address"])
def test_what_is_needed_is_named(sqlite_admin: Caller, missing: str) -> None:
    answer = sqlite_admin("POST", "/v1/organisations", {name: ACME[name] for name in ACME if name != missing})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (400, f"/{missing}")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"slug": "Acme"}, "/slug"),
        ({"slug": "a--b"}, "/slug"),
        ({"slug": "x" * 64}, "/slug"),
        ({"slug": "0199a3f0-7c1e-7000-8000-000000000000"}, "/slug"),
        ({"kind": "operator"}, "/kind"),
        ({"legal_name": ""}, "/legal_name"),
        ({"legal_name": " "}, "/legal_name"),
        ({"legal_name": "a\nb"}, "/legal_name"),
        ({"legal_name": 7}, "/legal_name"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"address": {}}, "/address/country"),
        ({"address": {"country": "XX"}}, "/address/country"),
        ({"address": {"country": "GB", "planet": "Earth"}}, "/address/planet"),
        ({"vat_registered": "true"}, "/vat_registered"),
        ({"vat_registered": 1}, "/vat_registered"),
        ({"email": "not an address"}, "/email"),
        ({"price": 1}, "/price"),
        ({"a/b~c": 1}, "/a~1b~0c"),
        ({"id": "0199a3f0-7c1e-7000-8000-000000000000"}, "/id"),
    ],
)
def test_what_breaks_the_schema_is_400_with_its_pointer(
    sqlite_admin: Caller, change: dict[str, Any], pointer: str
) -> None:
    answer = sqlite_admin("POST", "/v1/organisations", {**ACME, **change})
    assert (answer.status_code, [e["pointer"] for e in answer.json["errors"]]) == (400, [pointer])


@pytest.mark.parametrize("body", [[], "text", 7, None, True])
def test_a_body_that_is_no_object_is_400(sqlite_admin: Caller, body: Any) -> None:
    sent = sqlite_admin.client.post(
        "/v1/organisations",
        data=json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {sqlite_admin.secret}"},
    )
    assert sent.status_code == 400


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"vat_id": "GB980780685"}, "/vat_id"),
        ({"vat_id": "DE136695977"}, "/vat_id"),
        ({"vat_id": "nonsense"}, "/vat_id"),
        ({"bank": {"iban": "GB82WEST12345698765431"}}, "/bank/iban"),
        ({"bank": {"bic": "NOT A BIC"}}, "/bank/bic"),
    ],
)
def test_a_wrong_identifier_is_400_and_named(sqlite_admin: Caller, change: dict[str, Any], pointer: str) -> None:
    answer = sqlite_admin("POST", "/v1/organisations", {**ACME, **change})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (400, pointer)


@pytest.mark.parametrize(
    ("given", "country", "kept", "checked"),
    [
        ("GB980780684", "GB", "GB980780684", "stdnum.gb.vat"),
        ("gb 980 7806 84", "GB", "GB980780684", "stdnum.gb.vat"),
        ("980780684", "GB", "GB980780684", "stdnum.gb.vat"),
        ("DE136695976", "DE", "DE136695976", "stdnum.eu.vat"),
        ("DE136695976", "GB", "DE136695976", "stdnum.eu.vat"),
        ("EL094259216", "GR", "EL094259216", "stdnum.eu.vat"),
        ("XI110305878", "GB", "XI110305878", "stdnum.eu.vat"),
        ("CHE-107.787.577 IVA", "CH", "CHE107787577IVA", "stdnum.ch.vat"),
        ("12-3456789", "US", "12-3456789", "not checked"),
    ],
)
def test_how_a_vat_identifier_was_checked_is_recorded(
    sqlite_admin: Caller, given: str, country: str, kept: str, checked: str
) -> None:
    answer = sqlite_admin("POST", "/v1/organisations", {**ACME, "vat_id": given, "address": {"country": country}})
    assert answer.status_code == 201
    assert answer.json["vat_id"] == kept
    check = answer.json["vat_check"]
    assert checked in check["method"]
    assert check["valid"] is (None if checked == "not checked" else True)
    assert check["checked_at"] == answer.json["created_at"]


def test_a_change_keeps_what_was_before(admin: Caller, app_engine: Engine) -> None:
    admin("POST", "/v1/organisations", WHOLE)
    admin("PATCH", "/v1/organisations/acme-calls", {"address": {"city": "York"}, "bank": {"bic": None}})
    changed = admin("PATCH", "/v1/organisations/acme-calls", {"vat_id": None, "bank": None})
    assert changed.json["address"] == {**WHOLE["address"], "line2": None, "region": None, "city": "York"}
    assert changed.json["vat_check"] == {"valid": None, "checked_at": None, "method": None}
    assert changed.json["bank"] == {"iban": None, "bic": None}
    history = admin("GET", "/v1/organisations/acme-calls/history").json["items"]
    assert [entry["version"] for entry in history] == [1, 2]
    assert [entry["before"]["address"]["city"] for entry in history] == ["Leeds", "York"]
    assert history[0]["actor"] == f"key:{admin.key_id}"
    with pytest.raises(DBAPIError), app_engine.begin() as connection:
        connection.execute(text("DELETE FROM organisation_change"))


def test_a_change_of_nothing_is_no_change(admin: Caller) -> None:
    admin("POST", "/v1/organisations", WHOLE)
    same = admin(
        "PATCH", "/v1/organisations/acme-calls", {"legal_name": WHOLE["legal_name"], "vat_id": WHOLE["vat_id"]}
    )
    assert same.json["version"] == 1
    assert admin("GET", "/v1/organisations/acme-calls/history").json["items"] == []


@pytest.mark.parametrize("field", ["slug", "kind", "version", "id"])
def test_what_it_is_named_by_stays(admin: Caller, field: str) -> None:
    admin("POST", "/v1/organisations", ACME)
    answer = admin("PATCH", "/v1/organisations/acme-calls", {field: "buyer"})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (400, f"/{field}")


def test_a_party_changes_itself(supplier: Caller) -> None:
    assert supplier("PATCH", "/v1/organisations/acme-calls", {"tax_number": "1"}).json["tax_number"] == "1"


def test_a_slug_is_taken_once(admin: Caller) -> None:
    first = admin("POST", "/v1/organisations", ACME)
    second = admin("POST", "/v1/organisations", ACME)
    assert (second.status_code, second.json["code"]) == (409, "slug_taken")
    assert second.json["existing_id"] == first.json["id"]


def test_a_command_without_if_match_is_taken_and_with_an_old_one_refused(admin: Caller) -> None:
    first = admin("POST", "/v1/organisations", ACME).headers["ETag"]
    path = "/v1/organisations/acme-calls"
    second = admin("PATCH", path, {"legal_name": "Two"}, headers={"If-Match": first})
    assert second.status_code == 200
    late = admin("PATCH", path, {"legal_name": "Three"}, headers={"If-Match": first})
    assert (late.status_code, late.json["code"]) == (412, "version_mismatch")
    foreign = admin("PATCH", path, {"legal_name": "Three"}, headers={"If-Match": '"somebody-elses"'})
    assert foreign.status_code == 412
    garbage = admin("PATCH", path, {"legal_name": "Three"}, headers={"If-Match": "unquoted"})
    assert (garbage.status_code, garbage.json["code"]) == (400, "malformed_if_match")
    weak = admin("PATCH", path, {"legal_name": "Three"}, headers={"If-Match": f"W/{second.headers['ETag']}"})
    assert weak.status_code == 200
    assert admin("PATCH", path, {"legal_name": "Four"}, headers={"If-Match": "*"}).status_code == 200
    assert admin("PATCH", path, {"legal_name": "Five"}).status_code == 200


def test_what_the_client_has_already_is_304(admin: Caller) -> None:
    tag = admin("POST", "/v1/organisations", ACME).headers["ETag"]
    again = admin("GET", "/v1/organisations/acme-calls", headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    admin("PATCH", "/v1/organisations/acme-calls", {"legal_name": "Two"})
    assert admin("GET", "/v1/organisations/acme-calls", headers={"If-None-Match": tag}).status_code == 200


def test_pages_go_from_newest_to_oldest_and_end(admin: Caller) -> None:
    for number in range(7):
        admin("POST", "/v1/organisations", {**ACME, "slug": f"acme-{number}"})
    seen, cursor = [], None
    for _ in range(10):
        page = admin("GET", "/v1/organisations?limit=3" + (f"&cursor={cursor}" if cursor else "")).json
        seen += [item["slug"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"acme-{number}" for number in reversed(range(7))]


def test_a_cursor_counts_for_its_own_list_alone(admin: Caller) -> None:
    for number in range(3):
        admin("POST", "/v1/organisations", {**ACME, "slug": f"acme-{number}"})
    cursor = admin("GET", "/v1/organisations?limit=1").json["next_cursor"]
    changed = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    for path in (f"/v1/keys?cursor={cursor}", f"/v1/organisations?cursor={changed}", "/v1/organisations?cursor=é"):
        answer = admin("GET", path)
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (400, "/cursor")


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "limit=1.0", "limit=-1", "limit=1&limit=2", "sort=slug", "limit="],
)
def test_a_wrong_query_is_400(sqlite_admin: Caller, query: str) -> None:
    assert sqlite_admin("GET", f"/v1/organisations?{query}").status_code == 400
