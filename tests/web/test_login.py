from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import update

from ledger.services import access, logins, people, recovery
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.support.applications import SECRET
from tests.web.conftest import NOON, PASSWORD, TOTP, House, codes_in, send, token_in

RITA = {"email": "rita@north-bank.example", "password": PASSWORD}
WRONG = {**RITA, "password": "wrong"}


def test_a_password_lets_in_and_leads_to_the_first_page_of_the_role(house: House) -> None:
    client = house.enter("Rita@North-Bank.example")
    assert client.get("/").location == "/inbox"
    assert house.enter("sam@acme.example").get("/").location == "/due"


def test_who_is_not_logged_in_is_led_to_the_login_and_back(house: House) -> None:
    client = house.client()
    response = client.get("/inbox?show=coming")
    assert response.location == "/login?to=/inbox?show%3Dcoming"
    back = send(client, "/login", {**RITA, "to": "/inbox?show=coming"})
    assert back.location == "/inbox?show=coming"


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_the_login_leads_to_no_other_host(house: House, to: str) -> None:
    assert send(house.client(), "/login", {**RITA, "to": to}).location == "/"


def test_a_wrong_password_an_unknown_address_and_a_disabled_person_look_the_same(house: House) -> None:
    gone = house.add("gone@north-bank.example", "buyer", slug="north-bank")
    with writing(house.engine) as connection:
        people.disable(connection, gone, NOON)
    pages = set()
    for form in (WRONG, {**RITA, "email": "nobody@x.example"}, {**RITA, "email": "gone@north-bank.example"}):
        response = send(house.client(), "/login", form)
        assert response.status_code == 401
        pages.add(response.text.split("<h1>")[1].split("<form")[0])
    assert len(pages) == 1
    assert send(house.client(), "/login", {**RITA, "email": "rita\0"}).status_code == 400


def test_five_failures_lock_out_even_the_right_password_for_a_while(house: House) -> None:
    for _ in range(logins.FAILURES_BEFORE_LOCK):
        assert send(house.client(), "/login", WRONG).status_code == 401
    assert send(house.client(), "/login", RITA).status_code == 401
    house.set_clock(NOON + logins.LOCKED_FOR - timedelta(seconds=1))
    assert send(house.client(), "/login", RITA).status_code == 401
    house.set_clock(NOON + logins.LOCKED_FOR)
    assert send(house.client(), "/login", WRONG).status_code == 401
    assert send(house.client(), "/login", RITA).status_code == 302


def test_a_login_forgets_earlier_failures(house: House) -> None:
    for _ in range(2):
        for _ in range(logins.FAILURES_BEFORE_LOCK - 1):
            send(house.client(), "/login", WRONG)
        assert send(house.client(), "/login", RITA).status_code == 302


def test_finance_needs_the_second_factor(house: House) -> None:
    client = house.client()
    send(client, "/login", {"email": "fay@operator.example", "password": PASSWORD})
    assert client.get("/months").location.startswith("/login")
    wrong = send(client, "/login/code", {"code": "000000"})
    assert wrong.status_code == 401
    assert send(client, "/login/code", {"code": pyotp.TOTP(TOTP).at(NOON)}).location == "/"
    assert client.get("/months").status_code == 200


def test_a_code_lets_in_once(house: House) -> None:
    fay = {"email": "fay@operator.example", "password": PASSWORD}
    code = pyotp.TOTP(TOTP).at(NOON)
    first, client = house.client(), house.client()
    for each, expected in ((first, 302), (client, 401)):
        send(each, "/login", fay)
        assert send(each, "/login/code", {"code": code}).status_code == expected
    send(client, "/login/code", {"code": pyotp.TOTP(TOTP).at(NOON - timedelta(seconds=30))})
    assert client.get("/months").status_code == 302, "nor does an older one"
    assert send(client, "/login/code", {"code": pyotp.TOTP(TOTP).at(NOON + timedelta(seconds=30))}).location == "/"


def test_wrong_codes_lock_out_too(house: House) -> None:
    client = house.client()
    send(client, "/login", {"email": "fay@operator.example", "password": PASSWORD})
    for _ in range(logins.FAILURES_BEFORE_LOCK):
        send(client, "/login/code", {"code": "000000"})
    assert send(client, "/login/code", {"code": pyotp.TOTP(TOTP).at(NOON)}).status_code == 401


def test_a_role_that_moves_money_sets_its_second_factor_up_at_the_first_login(house: House) -> None:
    identity = house.add("ned@operator.example", "arbiter")
    client = house.client()
    send(client, "/login", {"email": "ned@operator.example", "password": PASSWORD})
    page = client.get("/login/code").text
    secret = page.split('class="secret"')[1].split("</p>")[0]
    secret = "".join(part.split("</span>")[0] for part in secret.split("<span>")[1:])
    entered = send(client, "/login/code", {"code": pyotp.TOTP(secret).at(NOON)})
    assert len(codes_in(entered.text)) == recovery.HOW_MANY
    assert client.get("/disputes").status_code == 200
    with reading(house.engine) as connection:
        user = access.user(connection, identity)
    assert secret not in str(dict(user))
    assert logins.opened_factor(user, SECRET) == secret


def test_a_recovery_code_stands_in_for_the_second_factor_once(house: House) -> None:
    client = house.enter("fay@operator.example", second=True)
    code = codes_in(send(client, "/account/recovery-codes", {}, on="/account").text)[0]
    for typed, expected in ((code.upper().replace("-", " "), 302), (code, 401)):
        other = house.client()
        send(other, "/login", {"email": "fay@operator.example", "password": PASSWORD})
        assert send(other, "/login/code", {"code": typed}).status_code == expected


@pytest.mark.parametrize("change", ["disabled", "new password", "ended elsewhere"])
def test_a_session_ends_at_once_when_its_person_changes(house: House, change: str) -> None:
    client, other = house.enter("rita@north-bank.example"), house.enter("rita@north-bank.example")
    assert client.get("/inbox").status_code == 200
    with writing(house.engine) as connection:
        found = access.user(connection, "rita@north-bank.example")
        if change == "disabled":
            people.disable(connection, found["id"], NOON)
        elif change == "new password":
            connection.execute(
                update(t.user_account).where(t.user_account.c.id == found["id"]).values(session_token="another")
            )
    if change == "ended elsewhere":
        send(other, "/account/sessions/end-others", {}, on="/account")
    assert client.get("/inbox").location.startswith("/login")


def test_a_session_lasts_twelve_hours(house: House) -> None:
    client = house.enter("rita@north-bank.example")
    house.set_clock(NOON + timedelta(hours=12))
    assert client.get("/inbox").location.startswith("/login")


@pytest.mark.parametrize("token", [None, "forged"])
def test_a_form_without_its_token_is_refused(house: House, token: str | None) -> None:
    client = house.client()
    client.get("/login")
    form = RITA if token is None else {**RITA, "csrf_token": token}
    assert client.post("/login", data=form).status_code == 400
    logged_in = house.enter("rita@north-bank.example")
    assert logged_in.post("/logout").status_code == 400
    assert logged_in.get("/inbox").status_code == 200


def test_the_login_begins_a_new_session(house: House) -> None:
    client = house.client()
    before = token_in(client.get("/login").text)
    send(client, "/login", RITA)
    assert client.post("/logout", data={"csrf_token": before}).status_code == 400


def test_over_https_the_cookie_belongs_to_this_host_alone(house: House) -> None:
    secure = house.client().get("/login", base_url="https://ledger.example")
    cookie = secure.headers["Set-Cookie"]
    assert cookie.startswith("__Host-ledger-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; ")) and "Domain" not in cookie
    plain = house.client().get("/login").headers["Set-Cookie"]
    assert plain.startswith("ledger-session=") and "HttpOnly" in plain and "Secure" not in plain


def test_pages_run_no_script_but_their_own(house: House) -> None:
    response = house.client().get("/login")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["Cache-Control"] == "no-store"


def test_the_api_takes_no_session_and_sets_no_cookie(house: House) -> None:
    client = house.enter("fay@operator.example", second=True)
    response = client.get("/v1/invoices")
    assert response.status_code == 401
    assert "Set-Cookie" not in response.headers and "Vary" not in response.headers
