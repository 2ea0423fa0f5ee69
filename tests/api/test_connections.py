"""Connections: whose they are, and secrets that go in and never come out."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from freezegun import freeze_time
from sqlalchemy import Engine, select

from ledger.store import tables as t
from ledger.store.engine import reading
from tests.api.conftest import Caller
from tests.api.terms import body_of
from tests.support import senders

NOW = datetime(2026, 10, 5, 9, tzinfo=UTC)
ZOOM: dict[str, Any] = {"slug": "rooms", "provider": "zoom", "owner": "operator", "secret": "first secret"}


def test_a_secret_is_never_shown_and_never_stored_in_the_clear(admin: Caller, app_engine: Engine) -> None:
    made = body_of(admin("POST", "/v1/connections", ZOOM), 201)
    assert (made["owner"], made["provider"], made["url"]) == ("operator", "zoom", "http://127.0.0.1:8000/hooks/rooms")
    listed = admin("GET", "/v1/connections")
    assert "first secret" not in listed.text and "secret" not in body_of(listed)["items"][0]
    with reading(app_engine) as connection:
        assert "first secret" not in str(connection.execute(select(t.connection)).all())


@pytest.mark.parametrize("secret", ["", "  ", "whsec_"])
def test_an_empty_secret_is_refused(admin: Caller, secret: str) -> None:
    provider = "standard_webhooks" if secret.strip() else "cal_com"
    answer = admin("POST", "/v1/connections", {**ZOOM, "provider": provider, "secret": secret})
    assert (answer.status_code, answer.json["code"]) == (422, "unusable_secret")


def test_parties_keep_their_own_connections_alone(admin: Caller, supplier: Caller, buyer: Caller) -> None:
    body_of(admin("POST", "/v1/connections", ZOOM), 201)
    made = body_of(supplier("POST", "/v1/connections", {**ZOOM, "slug": "ours", "owner": None}), 201)
    assert made["owner"] == "acme-calls"
    assert [each["slug"] for each in body_of(supplier("GET", "/v1/connections"))["items"]] == ["ours"]
    assert body_of(buyer("GET", "/v1/connections"))["items"] == []
    assert supplier("POST", "/v1/connections", {**ZOOM, "slug": "more"}).status_code == 403
    assert supplier("POST", "/v1/connections", {**ZOOM, "slug": "more", "owner": "north-bank"}).status_code == 404
    for path in ("/v1/connections/ours", f"/v1/connections/{made['id']}", "/v1/connections/ours/deliveries"):
        assert buyer("GET", path).status_code == 404
    assert buyer("DELETE", "/v1/connections/ours").status_code == 404
    assert buyer("POST", "/v1/connections/ours/rotate", {"secret": "mine now"}).status_code == 404
    assert admin("POST", "/v1/connections", {**ZOOM, "slug": "ours"}).json["code"] == "slug_taken"
    assert admin("POST", "/v1/connections", {**ZOOM, "slug": "x", "provider": "teams"}).status_code == 400


def test_two_secrets_live_side_by_side_for_a_while_and_none_after_the_end(app: Flask, admin: Caller) -> None:
    def sends(secret: str, at: datetime) -> int:
        body, headers = senders.from_zoom(b'{"event": "x"}', at, secret)
        return app.test_client().post("/hooks/rooms", data=body, headers=headers).status_code

    with freeze_time(NOW) as clock:
        body_of(admin("POST", "/v1/connections", ZOOM), 201)
        rotation = {"secret": "second secret", "grace": {"hours": 2}}
        body_of(admin("POST", "/v1/connections/rooms/rotate", rotation))
        assert [sends(secret, NOW) for secret in ("first secret", "second secret")] == [204, 204]
        clock.move_to("2026-10-05T11:00:00Z")
        later = NOW.replace(hour=11)
        assert [sends(secret, later) for secret in ("first secret", "second secret")] == [401, 204]
        assert admin("DELETE", "/v1/connections/rooms").status_code == 204
        assert admin("DELETE", "/v1/connections/rooms").status_code == 204
        assert sends("second secret", later) == 404
        assert admin("POST", "/v1/connections/rooms/rotate", rotation).status_code == 409
