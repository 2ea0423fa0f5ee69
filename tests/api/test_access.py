from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from freezegun import freeze_time
from sqlalchemy import Engine, select

from api import create_app
from ledger.services import access, people
from ledger.services.access import Principal, visible
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.api.conftest import ACME, Caller
from tests.support.applications import SECRET, store_of

Make = Callable[..., Caller]

WRONG_HEADERS = [
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Basic YTpi"},
    {"Authorization": "Bearer al_short"},
    {"Authorization": f"Bearer al_{'0' * 10}_{'a' * 43}"},
    {"Authorization": f"Bearer al_{'0' * 10}_{'a' * 43} "},
]


@pytest.mark.parametrize("headers", WRONG_HEADERS)
@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/organisations"), ("POST", "/v1/keys")])
def test_whoever_is_nobody_is_401(client: Any, headers: dict[str, str], method: str, path: str) -> None:
    answer = client.open(path, method=method, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("role", ["buyer", "supplier", "finance", "arbiter"])
def test_the_wrong_role_is_403(caller: Make, role: str) -> None:
    who = caller(role, "party" if role in ("buyer", "supplier") else None)
    answer = who("POST", "/v1/organisations", ACME)
    assert (answer.status_code, answer.json["code"]) == (403, "not_allowed")


def test_a_foreign_row_answers_exactly_as_an_absent_one(
    caller: Make, supplier: Caller, buyer: Caller, admin: Caller
) -> None:
    other = caller("supplier", "beta-leads")
    foreign_id = admin("GET", "/v1/organisations/beta-leads").json["id"]
    absent_id = str(uuid4())
    for method, path, body in (
        ("GET", "/v1/organisations/{}", None),
        ("GET", "/v1/organisations/{}/history", None),
        ("PATCH", "/v1/organisations/{}", {"legal_name": "Mine now"}),
    ):
        _same(supplier, method, path, body, (foreign_id, "beta-leads"), (absent_id, "no-such-slug"))
        _same(buyer, method, path, body, (foreign_id, "beta-leads"), (absent_id, "no-such-slug"))
    for method, path, body in (("POST", "/v1/keys/{}/rotate", {}), ("DELETE", "/v1/keys/{}", None)):
        _same(supplier, method, path, body, (other.key_id,), (absent_id,))
    key = {"role": "supplier"}
    user = {"email": "a@b.example", "name": "A", "roles": ["supplier"]}
    for path, created in (("/v1/keys", key), ("/v1/users", user)):
        answers = [supplier("POST", path, {**created, "organisation": slug}) for slug in ("beta-leads", "no-such-slug")]
        assert answers[0].status_code == 404
        assert answers[0].data == answers[1].data
    assert other("GET", "/v1/organisations/beta-leads").json["legal_name"] == ACME["legal_name"]


def _same(who: Caller, method: str, path: str, body: Any, foreign: tuple[str, ...], absent: tuple[str, ...]) -> None:
    for one, none in zip(foreign, absent, strict=True):
        first, second = who(method, path.format(one), body), who(method, path.format(none), body)
        assert first.status_code == second.status_code == 404
        drop = {"instance": None}
        assert first.json | drop == second.json | drop
        assert {name for name, _ in first.headers} == {name for name, _ in second.headers}


def test_parties_see_their_own_rows_alone(supplier: Caller, buyer: Caller, admin: Caller) -> None:
    for path in ("/v1/organisations", "/v1/keys"):
        mine = supplier("GET", path).json["items"]
        assert len(mine) == 1
        assert len(admin("GET", path).json["items"]) >= 2
    assert buyer("GET", "/v1/users").json["items"] == []


def test_a_party_gives_its_own_role_alone(supplier: Caller) -> None:
    assert supplier("POST", "/v1/keys", {"role": "admin"}).status_code == 403
    assert supplier("POST", "/v1/keys", {"role": "buyer"}).status_code == 403
    user = {"email": "a@b.example", "name": "A", "roles": ["supplier", "arbiter"]}
    assert supplier("POST", "/v1/users", user).status_code == 403
    own = supplier("POST", "/v1/keys", {"role": "supplier"})
    assert (own.status_code, own.json["organisation"]) == (201, "acme-calls")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"role": "supplier"}, "organisation_needed"),
        ({"role": "buyer", "organisation": "acme-calls"}, "role_does_not_fit"),
        ({"role": "finance", "organisation": "acme-calls"}, "role_does_not_fit"),
    ],
)
def test_roles_fit_the_organisation(admin: Caller, supplier: Caller, body: dict[str, str], code: str) -> None:
    answer = admin("POST", "/v1/keys", body)
    assert (answer.status_code, answer.json["violations"][0]["code"]) == (422, code)


def test_a_revoked_key_is_refused_at_the_next_request(admin: Caller, supplier: Caller) -> None:
    assert supplier("GET", "/v1/organisations").status_code == 200
    assert admin("DELETE", f"/v1/keys/{supplier.key_id}").status_code == 204
    assert supplier("GET", "/v1/organisations").status_code == 401
    assert supplier("POST", "/v1/keys", {"role": "supplier"}).status_code == 401
    assert admin("DELETE", f"/v1/keys/{supplier.key_id}").status_code == 204
    rotated = admin("POST", f"/v1/keys/{supplier.key_id}/rotate")
    assert (rotated.status_code, rotated.json["code"]) == (409, "key_revoked")


def test_rotation_leaves_both_alive_until_the_very_end_of_the_grace(caller: Make, app: Flask) -> None:
    start = datetime(2026, 10, 5, 10, tzinfo=UTC)
    with freeze_time(start) as clock:
        old = caller("admin")
        answer = old("POST", f"/v1/keys/{old.key_id}/rotate", {"grace": {"minutes": 30}})
        assert answer.status_code == 201
        new = Caller(app.test_client(), answer.json["secret"])
        clock.move_to(start + timedelta(minutes=30) - timedelta(microseconds=1))
        assert old("GET", "/v1/keys").status_code == new("GET", "/v1/keys").status_code == 200
        clock.move_to(start + timedelta(minutes=30))
        assert old("GET", "/v1/keys").status_code == 401
        assert new("GET", "/v1/keys").status_code == 200
        shown = {key["id"]: key for key in new("GET", "/v1/keys").json["items"]}
    assert shown[old.key_id]["replaced_by"] == answer.json["id"]
    assert shown[old.key_id]["expires_at"] == "2026-10-05T10:30:00Z"


def test_a_rotated_key_is_rotated_no_second_time(admin: Caller) -> None:
    assert admin("POST", f"/v1/keys/{admin.key_id}/rotate").status_code == 201
    again = admin("POST", f"/v1/keys/{admin.key_id}/rotate")
    assert (again.status_code, again.json["code"]) == (409, "key_rotated")


@pytest.mark.parametrize(
    "grace", [{}, {"hours": 1, "days": 1}, {"hours": -1}, {"hours": "1"}, {"weeks": 1}, {"days": 31}]
)
def test_a_grace_has_exactly_one_unit(sqlite_admin: Caller, grace: dict[str, Any]) -> None:
    assert sqlite_admin("POST", f"/v1/keys/{sqlite_admin.key_id}/rotate", {"grace": grace}).status_code == 400


def test_keys_and_passwords_are_kept_as_hashes(admin: Caller, app_engine: Engine) -> None:
    issued = admin("POST", "/v1/keys", {"role": "finance"}).json
    user = admin("POST", "/v1/users", {"email": "Ann@B.example", "name": "Ann", "roles": ["finance", "arbiter"]}).json
    with reading(app_engine) as connection:
        kept = f"{connection.execute(select(t.api_key)).all()} {connection.execute(select(t.user_account)).all()}"
    assert issued["secret"] not in kept
    assert user["password"] not in kept
    assert "$argon2id$" in kept
    assert "secret" not in admin("GET", "/v1/keys").json["items"][0]
    assert "password" not in admin("GET", "/v1/users").text


def test_one_address_is_one_user(admin: Caller) -> None:
    body = {"email": "ann@b.example", "name": "Ann", "roles": ["finance"], "password": "a long pass phrase"}
    assert "password" not in admin("POST", "/v1/users", body).json
    answer = admin("POST", "/v1/users", {**body, "email": "ANN@b.example"})
    assert (answer.status_code, answer.json["code"]) == (409, "email_taken")


def test_a_disabled_organisation_is_out(supplier: Caller, app_engine: Engine) -> None:
    with writing(app_engine) as connection:
        owner = connection.execute(select(t.organisation.c.id)).scalar_one()
        assert people.disable_organisation(connection, owner, datetime.now(UTC)) == (1, 0)
    assert supplier("GET", "/v1/organisations").status_code == 401


def test_guessing_keys_earns_a_429(sqlite_url: str) -> None:
    config = {"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET, "FAILED_KEYS_PER_MINUTE": 3}
    app = create_app(config)
    with writing(store_of(app).engine) as connection:
        good = access.issue_key(connection, "admin", None, datetime.now(UTC))
    with freeze_time("2026-10-05T10:00:20Z") as clock:
        guesser = Caller(app.test_client(), f"al_{'0' * 10}_{'a' * 43}")
        assert [guesser("GET", "/v1/keys").status_code for _ in range(5)] == [401, 401, 401, 429, 429]
        assert guesser("GET", "/v1/keys").headers["Retry-After"] == "40"
        assert Caller(app.test_client(), good.secret)("GET", "/v1/keys").status_code == 200
        clock.tick(40)
        assert guesser("GET", "/v1/keys").status_code == 401
    store_of(app).dispose()


def test_testing_turns_rate_limits_off(client: Any) -> None:
    assert {client.get("/v1/keys").status_code for _ in range(200)} == {401}


def test_a_person_may_hold_several_roles() -> None:
    own = uuid4()
    arbiter = Principal(frozenset({"buyer", "arbiter"}), own, "user:1")
    assert (arbiter.is_operator, arbiter.party, arbiter.role) == (True, "buyer", "arbiter")
    buyer = Principal(frozenset({"buyer"}), own, "user:2")
    assert str(visible(buyer, t.appointment)).startswith("appointment.buyer_id =")
    assert str(visible(Principal(frozenset({"supplier"}), own, "x"), t.number_series)).startswith(
        "number_series.supplier_id"
    )
    assert str(visible(Principal(frozenset({"supplier"}), own, "x"), t.suppression)) == "false"
