"""Logging in through an OpenID provider, a real one on this machine; and what an attacker would send instead."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from api import create_app
from ledger.services import people
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.support.applications import SECRET as KEY
from tests.support.applications import store_of
from tests.support.openid import CLIENT, SECRET, OpenProvider, providing
from tests.web.conftest import NOON, TOTP, House, send

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

RITA, FAY = "rita@north-bank.example", "fay@operator.example"
AT = int(NOON.timestamp())
RITAS: dict[str, Any] = {"sub": "rita-1", "email": "Rita@North-Bank.example", "email_verified": True}
GOOD: dict[str, Any] = {**RITAS, "iat": AT, "exp": AT + 300, "auth_time": AT - 60}


@pytest.fixture(scope="module")
def shared() -> Iterator[OpenProvider]:
    with providing() as found:
        yield found


@pytest.fixture
def provider(shared: OpenProvider) -> OpenProvider:
    shared.claims, shared.sign, shared.refused = dict(GOOD), None, []
    return shared


@pytest.fixture
def joined(house: House, provider: OpenProvider, database_url: str, documents: Path) -> Iterator[House]:
    """The house with a provider at its door."""
    where = {"DATABASE_URL": database_url, "DOCUMENTS_URL": documents.as_uri(), "SECRET_KEY": KEY, "TESTING": True}
    who = {"OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET}
    app = create_app({**where, **who})
    yield replace(house, app=app)
    store_of(app).dispose()


def through(client: FlaskClient, provider: OpenProvider, to: str = "/inbox", **answer: str) -> TestResponse:
    """There and back."""
    there = client.get(f"/login/provider?to={to}")
    assert there.location and there.location.startswith(f"{provider.issuer}/authorize?"), there.text
    return client.get("/login/provider/callback", query_string={**provider.log_in(there.location), **answer})


def test_a_verified_address_is_bound_at_the_first_login_and_known_by_its_subject_then(
    joined: House, provider: OpenProvider
) -> None:
    client = joined.client()
    assert "/login/provider" in client.get("/login").text
    assert through(client, provider).location == "/inbox"
    page = client.get("/account").text
    assert "single sign-on" in page and provider.issuer in page and "Bound to the provider" in page
    provider.claims |= {"email": "new-name@elsewhere.example", "email_verified": False}
    assert through(joined.client(), provider).location == "/inbox"
    provider.claims |= {"sub": "another-1", **{name: RITAS[name] for name in ("email", "email_verified")}}
    assert through(joined.client(), provider).status_code == 401, "nobody takes a bound account over by its address"


LIES: dict[str, dict[str, Any]] = {
    "nonce": {"nonce": "another"},
    "unverified": {"email_verified": False},
    "stranger": {"email": "stranger@north-bank.example"},
}


def test_a_token_that_lies_lets_nobody_in_and_binds_nothing(joined: House, provider: OpenProvider) -> None:
    client = joined.client()
    for name, lie in LIES.items():
        provider.claims = {**GOOD, **lie}
        assert through(client, provider).status_code == 401, name
    assert client.get("/inbox").status_code == 302
    with reading(joined.engine) as connection:
        assert connection.execute(select(t.login_identity)).first() is None
        assert len(connection.execute(select(t.user_account)).all()) == 3, "nobody was made"


def test_an_answer_that_was_not_asked_for_here_lets_nobody_in(joined: House, provider: OpenProvider) -> None:
    client = joined.client()
    for answer in ({"state": "another"}, {"iss": "https://evil.example"}, {"code": "made-up"}):
        assert through(client, provider, **answer).status_code == 401, answer
    there = client.get("/login/provider").location
    assert there
    stolen = provider.log_in(there)
    assert joined.client().get("/login/provider/callback", query_string=stolen).status_code == 401
    assert client.get("/login/provider/callback", query_string=stolen).status_code == 302
    assert client.get("/login/provider/callback", query_string=stolen).status_code == 401, "an answer counts once"
    late = client.get("/login/provider").location
    assert late
    joined.set_clock(NOON + timedelta(minutes=10))
    assert client.get("/login/provider/callback", query_string=provider.log_in(late)).status_code == 401


def test_a_code_is_worth_nothing_without_its_verifier(joined: House, provider: OpenProvider) -> None:
    client = joined.client()
    there = client.get("/login/provider").location
    assert there and "code_challenge_method=S256" in there
    answer = provider.log_in(there)
    provider.codes[answer["code"]]["code_challenge"] = "another"
    assert client.get("/login/provider/callback", query_string=answer).status_code == 401
    assert provider.refused == [answer["code"]]


def test_a_disabled_person_stays_out(joined: House, provider: OpenProvider) -> None:
    assert through(joined.client(), provider).status_code == 302
    with writing(joined.engine) as connection:
        people.disable(connection, RITA, NOON)
    assert through(joined.client(), provider).status_code == 401


def test_a_role_that_moves_money_shows_its_second_factor_unless_the_provider_asked_for_two(
    joined: House, provider: OpenProvider
) -> None:
    provider.claims |= {"sub": "fay-1", "email": FAY, "amr": ["pwd"]}
    client = joined.client()
    assert through(client, provider, "/months").location == "/login/code"
    assert client.get("/months").status_code == 302
    assert send(client, "/login/code", {"code": pyotp.TOTP(TOTP).at(NOON)}).location == "/months"
    provider.claims |= {"amr": ["pwd", "mfa"]}
    assert through(joined.client(), provider, "/months").location == "/months"
    provider.claims |= {"amr": None, "acr": "https://refeds.org/profile/mfa"}
    assert through(joined.client(), provider, "/months").location == "/months"


def test_a_login_that_nobody_typed_a_password_for_hands_out_no_power(joined: House, provider: OpenProvider) -> None:
    client = joined.client()
    for proved, asked in ((AT - 3600, True), (None, True), (AT - 60, False)):
        provider.claims |= {"auth_time": proved}
        assert through(client, provider).status_code == 302
        assert ("Your password, once more" in client.get("/account/second-factor").text) is asked
        send(client, "/logout", {}, on="/inbox")
    again = client.get("/login/provider?again=1").location
    assert again and "max_age=0" in again


def test_without_a_provider_there_is_no_such_door(house: House) -> None:
    client = house.client()
    assert "/login/provider" not in client.get("/login").text
    assert client.get("/login/provider").status_code == 404


@pytest.mark.parametrize(
    "settings",
    [
        {"OIDC_ISSUER": "https://id.example"},
        {"OIDC_ISSUER": "http://id.example", "OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "y"},
    ],
    ids=["incomplete", "overheard"],
)
def test_settings_that_would_not_hold_are_refused_at_the_start(database_url: str, settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="OIDC_ISSUER"):
        create_app({"DATABASE_URL": database_url, "SECRET_KEY": KEY, "TESTING": True, **settings})
