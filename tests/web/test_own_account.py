"""A person's own account: sessions one by one, the password, the second factor; power asks for the password again."""

import re
from datetime import datetime, timedelta

import pyotp
import pytest
from flask.testing import FlaskClient

from api.web.proving import PROVED_FOR
from ledger.services import account_changes, logins
from ledger.store.engine import reading
from tests.web.conftest import NOON, PASSWORD, House, codes_in, send, token_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NEW = "another horse, another staple"
RITA = "rita@north-bank.example"


def test_sessions_are_ended_one_by_one(house: House) -> None:
    here, there = house.enter(RITA), house.enter(RITA)
    page = here.get("/account").text
    ends = re.findall(r'action="(/account/sessions/[0-9a-f-]{36}/end)"', page)
    own = page.split("this one")[1].split('action="')[1].split('"')[0]
    (other,) = set(ends) - {own}
    stranger = house.enter("sam@acme.example")
    send(stranger, other, {}, on="/account")
    assert there.get("/account").status_code == 200, "nobody ends another person's session"
    send(here, other, {}, on="/account")
    assert there.get("/account").status_code == 302
    assert here.get("/account").status_code == 200


def test_a_new_password_asks_for_the_present_one_and_ends_other_sessions(house: House) -> None:
    here, there = house.enter(RITA), house.enter(RITA)
    for form, status in (
        ({"current": "wrong", "new": NEW, "again": NEW}, 401),
        ({"current": PASSWORD, "new": "short", "again": "short"}, 400),
        ({"current": PASSWORD, "new": NEW, "again": NEW + "!"}, 400),
        ({"current": PASSWORD, "new": RITA, "again": RITA}, 400),
        ({"current": PASSWORD, "new": NEW, "again": NEW}, 302),
    ):
        assert send(here, "/account/password", form, on="/account").status_code == status
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 302
    assert send(house.client(), "/login", {"email": RITA, "password": PASSWORD}).status_code == 401
    assert send(house.client(), "/login", {"email": RITA, "password": NEW}).status_code == 302


def test_guesses_at_the_present_password_lock_out_too(house: House) -> None:
    client = house.enter(RITA)
    for _ in range(logins.FAILURES_BEFORE_LOCK):
        send(client, "/account/password", {"current": "wrong", "new": NEW, "again": NEW}, on="/account")
    form = {"current": PASSWORD, "new": NEW, "again": NEW}
    assert send(client, "/account/password", form, on="/account").status_code == 401


def test_a_second_factor_is_set_up_moved_and_done_without(house: House) -> None:
    client = house.enter(RITA)
    first = _set_up(client)
    other = house.client()
    send(other, "/login", {"email": RITA, "password": PASSWORD})
    used = send(other, "/login/code", {"code": pyotp.TOTP(first).at(NOON)})
    assert used.status_code == 401, "the code that set it up is used up"
    house.set_clock(NOON + timedelta(minutes=1))
    second = _set_up(client, NOON + timedelta(minutes=1))
    assert second != first
    assert send(client, "/account/second-factor/remove", {}, on="/account").location == "/account?done=removed"
    assert send(house.client(), "/login", {"email": RITA, "password": PASSWORD}).location == "/"
    fay = house.enter("fay@operator.example", second=True, at=NOON + timedelta(minutes=1))
    assert send(fay, "/account/second-factor/remove", {}, on="/account").status_code == 409


def _set_up(client: FlaskClient, at: datetime = NOON) -> str:
    page = client.get("/account/second-factor").text
    shown = page.split('class="secret"')[1].split("</p>")[0]
    secret = "".join(part.split("</span>")[0] for part in shown.split("<span>")[1:])
    assert "<svg" in page
    wrong = client.post("/account/second-factor", data={"csrf_token": token_in(page), "code": "000000"})
    assert wrong.status_code == 401
    form = {"csrf_token": token_in(page), "code": pyotp.TOTP(secret).at(at)}
    assert len(codes_in(client.post("/account/second-factor", data=form).text)) == 10
    return secret


def test_power_asks_for_the_password_again_and_forgets_nothing_that_was_filled_in(house: House) -> None:
    client = house.enter(RITA)
    house.set_clock(NOON + PROVED_FOR)
    asked = send(client, "/keys", {"role": "buyer", "name": "CRM"})
    assert 'name="name" value="CRM"' in asked.text and "al_" not in asked.text
    form = {"csrf_token": token_in(asked.text), "role": "buyer", "name": "CRM"}
    assert client.post("/keys", data={**form, "proof": "wrong"}).status_code == 401
    assert 'value="al_' in client.post("/keys", data={**form, "proof": PASSWORD}).text
    assert 'value="al_' in client.post("/keys", data=form).text, "not asked again at once"
    house.set_clock(NOON + 2 * PROVED_FOR)
    assert 'action="/account/prove"' in client.get("/account/second-factor").text
    proof = {"to": "/account/second-factor", "proof": PASSWORD}
    assert send(client, "/account/prove", proof, on="/account").location == "/account/second-factor"


def test_what_is_done_to_an_account_is_on_record(house: House) -> None:
    client = house.enter(RITA)
    send(client, "/account/password", {"current": PASSWORD, "new": NEW, "again": NEW}, on="/account")
    with reading(house.engine) as connection:
        user = logins.by_email(connection, RITA)
        assert user is not None
        changes = account_changes.of(connection, user["id"])
    assert [(each["what"], each["actor"]) for each in changes] == [
        ("password_set", f"user:{user['id']}"),
        ("created", "installation"),
    ]
