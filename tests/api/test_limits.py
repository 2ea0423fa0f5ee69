"""Rate limits: so many requests a minute for a key and for an organisation, whichever process they reach."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask
from freezegun import freeze_time
from sqlalchemy import Engine

from api import create_app
from api.limits import Limits
from ledger.services import access
from ledger.services.access import Principal
from ledger.store.engine import writing
from tests.api.conftest import SECRET, Caller, organisation, store_of

NOW = datetime(2026, 10, 5, 9, 0, 20, tzinfo=UTC)


def key_of(organisation_id: object = None) -> Principal:
    whose = uuid4() if organisation_id is None else organisation_id
    return Principal(frozenset({"supplier"}), whose, "key:x", key_id=uuid4())  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_processes_together_take_no_more_than_the_limit(engine: Engine, limit: int) -> None:
    """Two processes with two threads each, all asking more than they may."""
    processes, principal = [Limits(limit, 0), Limits(limit, 0)], key_of()
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(processes[n % 2].count, engine, principal, NOW) for n in range(3 * limit + 10)]
        allowed = sum(each.result()[-1].remaining >= 0 for each in asked)
    assert allowed == limit
    assert processes[0].count(engine, principal, NOW + timedelta(minutes=1))[-1].remaining == limit - 1


def test_an_organisations_keys_share_its_limit_and_others_do_not(engine: Engine) -> None:
    limits, first, other = Limits(3, 4), key_of(), key_of()
    second = key_of(first.organisation_id)
    taken = [limits.count(engine, each, NOW)[-1] for each in (first, first, second, second, second)]
    assert [(each.name, each.remaining) for each in taken] == [("organisation", n) for n in (3, 2, 1, 0, -1)]
    assert limits.count(engine, first, NOW)[-1].name == "organisation"
    assert limits.count(engine, first, NOW)[-1].name == "key"
    assert limits.count(engine, other, NOW)[-1].remaining == 3


@pytest.fixture
def limited(sqlite_url: str) -> Iterator[Flask]:
    settings = {"REQUESTS_PER_MINUTE_PER_KEY": 2, "REQUESTS_PER_MINUTE_PER_ORGANISATION": 0}
    app = create_app({"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET, **settings})
    yield app
    store_of(app).dispose()


def test_the_headers_say_what_is_left_and_429_when_to_come_back(limited: Flask) -> None:
    with freeze_time(NOW) as clock:
        with writing(store_of(limited).engine) as connection:
            owner = organisation(connection, "supplier", "acme-calls")
            secret = access.issue_key(connection, "supplier", owner, NOW).secret
        ask = Caller(limited.test_client(), secret)
        first, refused_role, third = ask("GET", "/v1/keys"), ask("GET", "/v1/ledger/entries"), ask("GET", "/v1/keys")
        assert (first.status_code, refused_role.status_code, third.status_code) == (200, 403, 429)
        assert first.headers["RateLimit-Policy"] == '"key";q=2;w=60'
        assert [each.headers["RateLimit"] for each in (first, third)] == ['"key";r=1;t=40', '"key";r=0;t=40']
        assert (third.headers["Retry-After"], third.json["code"]) == ("40", "too_many_requests")
        assert limited.test_client().get("/healthz").status_code == 200
        clock.tick(40)
        assert ask("GET", "/v1/keys").status_code == 200
