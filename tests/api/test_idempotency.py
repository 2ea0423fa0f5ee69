from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select, text

from api.auth import ADMIN
from api.endpoints import Resource
from api.idempotency import Claim
from api.schemas.parties import OrganisationBody
from api.units import Answer, Command
from ledger.domain.errors import Conflict, NotAllowed, Refused, Unavailable, Unknown
from ledger.services import Kept, parties
from ledger.store import tables as t
from ledger.store.engine import reading
from tests.api.conftest import ACME, Caller

Make = Callable[..., Caller]


def count(engine: Engine, table: Any) -> int:
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_the_same_key_and_body_give_the_same_answer_again(admin: Caller, app_engine: Engine) -> None:
    first = admin("POST", "/v1/organisations", ACME, key="one")
    second = admin("POST", "/v1/organisations", ACME, key="one")
    assert first.status_code == second.status_code == 201
    assert first.data == second.data
    assert first.headers["Location"] == second.headers["Location"]
    assert first.headers["ETag"] == second.headers["ETag"]
    assert count(app_engine, t.organisation) == 1


def test_the_same_body_written_differently_is_the_same(admin: Caller) -> None:
    first = admin("POST", "/v1/organisations", ACME, key="one")
    second = admin("POST", "/v1/organisations", dict(reversed(ACME.items())), key="one")
    assert first.data == second.data


def test_the_same_key_with_another_body_is_refused(admin: Caller, app_engine: Engine) -> None:
    admin("POST", "/v1/organisations", ACME, key="one")
    answer = admin("POST", "/v1/organisations", {**ACME, "slug": "other"}, key="one")
    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")
    assert count(app_engine, t.organisation) == 1


def test_the_same_key_for_another_operation_is_refused(admin: Caller) -> None:
    admin("POST", "/v1/keys", {"role": "admin"}, key="one")
    answer = admin("POST", "/v1/organisations", ACME, key="one")
    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")


def test_keys_of_two_accounts_never_meet(admin: Caller, supplier: Caller, buyer: Caller) -> None:
    answers = [
        who("POST", "/v1/keys", {"role": role}, key="one") for who, role in ((supplier, "supplier"), (buyer, "buyer"))
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json["id"] != answers[1].json["id"]


def test_a_key_outlives_the_rotation_of_the_api_key(supplier: Caller, app: Flask) -> None:
    first = supplier("POST", "/v1/keys", {"role": "supplier", "name": "dialler"}, key="one")
    successor = supplier("POST", f"/v1/keys/{supplier.key_id}/rotate").json["secret"]
    again = Caller(app.test_client(), successor)("POST", "/v1/keys", {"role": "supplier", "name": "dialler"}, key="one")
    assert again.data == first.data


def test_a_secret_is_told_again_but_never_kept_in_the_clear(admin: Caller, app_engine: Engine) -> None:
    first = admin("POST", "/v1/keys", {"role": "admin"}, key="one")
    assert admin("POST", "/v1/keys", {"role": "admin"}, key="one").data == first.data
    with reading(app_engine) as connection:
        kept = str(connection.execute(select(t.idempotency_key)).mappings().one())
    secret = first.json["secret"]
    assert secret not in kept
    assert secret.encode().hex() not in kept
    assert first.json["id"] not in kept


def test_a_secret_cannot_be_told_again_after_the_installation_changed_its_own(
    admin: Caller, app_engine: Engine
) -> None:
    admin("POST", "/v1/keys", {"role": "admin"}, key="one")
    with app_engine.begin() as connection:
        connection.execute(
            text("UPDATE idempotency_key SET body = 'sealed:' || substr(body, 8, 64) || '00' || substr(body, 74)")
        )
    answer = admin("POST", "/v1/keys", {"role": "admin"}, key="one")
    assert (answer.status_code, answer.json["code"]) == (409, "answer_not_readable")


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256])
def test_a_key_that_is_no_key_is_refused(sqlite_admin: Caller, key: str) -> None:
    answer = sqlite_admin("POST", "/v1/organisations", ACME, key=key)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_idempotency_key")


def test_sixteen_at_once_have_one_effect(caller: Make, app_engine: Engine) -> None:
    admin = caller("admin")
    start = Barrier(16)

    def one(_: int) -> tuple[int, bytes]:
        start.wait()
        answer = Caller(admin.client.application.test_client(), admin.secret)(
            "POST", "/v1/organisations", ACME, key="k"
        )
        return answer.status_code, answer.data

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(one, range(16)))
    assert {status for status, _ in answers} == {201}
    assert len({body for _, body in answers}) == 1
    assert count(app_engine, t.organisation) == 1
    assert count(app_engine, t.idempotency_key) == 1


def test_sixteen_different_bodies_at_once_have_one_effect(caller: Make, app_engine: Engine) -> None:
    admin = caller("admin")
    start = Barrier(16)

    def one(number: int) -> int:
        start.wait()
        body = {**ACME, "slug": f"acme-{number}"}
        caller = Caller(admin.client.application.test_client(), admin.secret)
        return int(caller("POST", "/v1/organisations", body, key="k").status_code)

    with ThreadPoolExecutor(16) as pool:
        answers = sorted(pool.map(one, range(16)))
    assert answers == [201] + [422] * 15
    assert count(app_engine, t.organisation) == 1


def test_a_crash_between_effect_and_answer_leaves_neither(
    new_app: Flask, admin: Caller, app_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_app.config["PROPAGATE_EXCEPTIONS"] = False
    with monkeypatch.context() as broken:
        broken.setattr(Claim, "fill", _crash)
        assert admin("POST", "/v1/organisations", ACME, key="one").status_code == 500
    assert count(app_engine, t.organisation) == 0
    assert count(app_engine, t.idempotency_key) == 0
    assert admin("POST", "/v1/organisations", ACME, key="one").status_code == 201


def _crash(*_: Any) -> None:
    raise RuntimeError("the process died here")


@pytest.fixture
def outcomes(new_app: Flask) -> dict[str, Any]:
    """A command that writes an organisation and then does what the test says."""
    script: dict[str, Any] = {"raises": None, "runs": 0}
    blueprint = Resource("scripted", description="For tests.")

    @blueprint.command("/scripted", roles={ADMIN}, takes=OrganisationBody, status=201)
    def run_script(command: Command) -> Answer:
        """Write, then do as told."""
        script["runs"] += 1
        details = {name: value for name, value in command.body.items() if name != "bank"}
        parties.create_organisation(command.connection, details, command.now)
        if script["raises"] is not None:
            raise script["raises"]
        return Answer({"done": True})

    new_app.register_blueprint(blueprint)
    return script


def test_a_refusal_undoes_the_effect_and_is_told_again(
    admin: Caller, app_engine: Engine, outcomes: dict[str, Any]
) -> None:
    outcomes["raises"] = Refused.by("caps", "cap_reached", "no more today")
    first = admin("POST", "/v1/scripted", ACME, key="one")
    outcomes["raises"] = None
    second = admin("POST", "/v1/scripted", ACME, key="one")
    assert (first.status_code, second.status_code, outcomes["runs"]) == (422, 422, 1)
    assert first.data == second.data
    assert second.content_type == "application/problem+json"
    assert count(app_engine, t.organisation) == 0


@pytest.mark.parametrize("key", ["one", None])
def test_a_kept_refusal_keeps_what_was_written(
    admin: Caller, app_engine: Engine, outcomes: dict[str, Any], key: str | None
) -> None:
    outcomes["raises"] = Kept(Refused.by("caps", "cap_reached", "no more today"))
    first = admin("POST", "/v1/scripted", ACME, key=key)
    assert (first.status_code, first.json["violations"][0]["clause"]) == (422, "caps")
    assert count(app_engine, t.organisation) == 1
    if key is not None:
        assert admin("POST", "/v1/scripted", ACME, key=key).data == first.data
        assert outcomes["runs"] == 1


@pytest.mark.parametrize(
    ("refusal", "status"),
    [(Unknown(), 404), (NotAllowed(), 403), (Unavailable(), 503)],
)
def test_what_decided_nothing_is_judged_anew(
    admin: Caller, outcomes: dict[str, Any], app_engine: Engine, refusal: Exception, status: int
) -> None:
    outcomes["raises"] = refusal
    assert admin("POST", "/v1/scripted", ACME, key="one").status_code == status
    outcomes["raises"] = None
    assert admin("POST", "/v1/scripted", ACME, key="one").status_code == 201
    assert count(app_engine, t.organisation) == 1


def test_a_failure_is_never_kept(new_app: Flask, admin: Caller, outcomes: dict[str, Any], app_engine: Engine) -> None:
    new_app.config["PROPAGATE_EXCEPTIONS"] = False
    outcomes["raises"] = RuntimeError("a bug")
    assert admin("POST", "/v1/scripted", ACME, key="one").status_code == 500
    assert count(app_engine, t.idempotency_key) == 0
    outcomes["raises"] = None
    assert admin("POST", "/v1/scripted", ACME, key="one").status_code == 201


def test_a_conflict_names_what_is_there_and_is_told_again(admin: Caller, outcomes: dict[str, Any]) -> None:
    outcomes["raises"] = Conflict("taken", existing_id="the-first")
    first = admin("POST", "/v1/scripted", ACME, key="one")
    assert (first.status_code, first.json["existing_id"]) == (409, "the-first")
    assert admin("POST", "/v1/scripted", ACME, key="one").data == first.data
