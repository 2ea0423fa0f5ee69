"""Outgoing webhooks as an integrator sees them: endpoints, signed messages on a real server, the log, replay."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from flask import Flask
from freezegun import freeze_time
from sqlalchemy import Engine, select

from api import create_app, pinned_http, units
from api.sending import Sender
from ledger.domain.errors import Unauthenticated
from ledger.domain.signatures import Delivery, Provider, verify
from ledger.services import announcing
from ledger.store import tables as t
from ledger.store.engine import reading
from tests.api.conftest import SECRET, Caller, store_of
from tests.api.terms import agreed, body_of, submission
from tests.support.receiver import Received, Receiver, receiving

NOW = datetime(2026, 10, 5, 9, tzinfo=UTC)
PATH = "/v1/webhook-endpoints"
PUBLIC = {"url": "https://hooks.example.org/in"}


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite, but where a test asks for both."""
    url: str = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_url")
    return url


on_both = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """An application on a developer's machine, where the receiver runs too."""
    app = create_app(
        {"DATABASE_URL": database_url, "SECRET_KEY": SECRET, "TESTING": True, "WEBHOOKS_TO_PRIVATE_NETWORKS": True}
    )
    yield app
    store_of(app).dispose()


@pytest.fixture
def sender(app: Flask, app_engine: Engine) -> Sender:
    return Sender(app_engine, app.extensions[units.SETTINGS], lambda: datetime.now(UTC))


def made(caller: Caller, url: str, **more: Any) -> Any:
    return body_of(caller("POST", PATH, {"url": url, **more}), 201)


def is_signed(received: Received, secret: str, at: datetime) -> bool:
    try:
        return not verify(Provider.STANDARD_WEBHOOKS, [secret], Delivery(received.headers, received.body, ""), at).stale
    except Unauthenticated:
        return False


def test_a_party_has_its_own_endpoints_and_sees_a_secret_once(supplier: Caller, buyer: Caller, admin: Caller) -> None:
    endpoint = made(supplier, **PUBLIC, types=["appointment.found"])
    assert endpoint["secret"].startswith("whsec_")
    path = f"{PATH}/{endpoint['id']}"
    shown = body_of(supplier("GET", path))
    assert "secret" not in shown
    assert shown["types"] == ["appointment.found"]
    assert [each["id"] for each in body_of(supplier("GET", PATH))["items"]] == [endpoint["id"]]
    assert body_of(buyer("GET", PATH))["items"] == []
    for method, below in (("GET", ""), ("DELETE", ""), ("POST", "/rotate"), ("POST", "/enable"), ("POST", "/test")):
        assert buyer(method, path + below).status_code == 404
    assert admin("GET", PATH).status_code == 403
    assert supplier("DELETE", path).status_code == 204
    assert supplier("GET", path).status_code == 404


@pytest.mark.parametrize(
    "url", ["http://hooks.example.org/", "https://127.0.0.1/", "https://metadata.internal/", "https://[fd00::1]/"]
)
def test_an_endpoint_in_a_network_of_ours_is_refused(sqlite_admin: Caller, url: str) -> None:
    body = {"role": "supplier", "organisation": "acme-calls"}
    organisation = {"slug": "acme-calls", "kind": "supplier", "legal_name": "Acme", "time_zone": "Europe/London"}
    body_of(sqlite_admin("POST", "/v1/organisations", {**organisation, "address": {"country": "GB"}}), 201)
    key = body_of(sqlite_admin("POST", "/v1/keys", body), 201)["secret"]
    answer = Caller(sqlite_admin.client, key)("POST", PATH, {"url": url})
    assert (answer.status_code, answer.json["code"]) == (422, "url_not_taken")


@on_both
def test_a_submission_reaches_both_parties_signed_and_is_on_the_log(
    supplier: Caller, buyer: Caller, receiver: Receiver, sender: Sender
) -> None:
    with freeze_time(NOW):
        agreed(buyer, supplier)
        ours = made(supplier, f"{receiver.url}/supplier", types=["appointment.submitted"])
        theirs = made(buyer, f"{receiver.url}/buyer", types=["appointment.submitted"])
        taken = body_of(supplier("POST", "/v1/appointments", submission()), 201)
        announcing.announce(sender.engine, NOW)
        assert sender.send_due() == 2
        assert sender.send_due() == 0
        (came,), (also,) = receiver.at("/supplier"), receiver.at("/buyer")
        assert is_signed(came, ours["secret"], NOW)
        assert not is_signed(came, theirs["secret"], NOW)
        assert is_signed(also, theirs["secret"], NOW)
        assert came.message["type"] == "appointment.submitted"
        assert came.message["data"]["appointment"]["id"] == taken["id"]
        assert (came.id, came.body) == (also.id, also.body)
        (delivery,) = body_of(supplier("GET", "/v1/deliveries"))["items"]
        shown = body_of(supplier("GET", f"/v1/deliveries/{delivery['id']}"))
        assert (shown["state"], shown["event_id"], shown["body"]) == ("delivered", came.id, came.message)
        assert [(each["number"], each["status"]) for each in shown["log"]] == [(1, 204)]
        assert buyer("GET", f"/v1/deliveries/{delivery['id']}").status_code == 404
        assert buyer("POST", f"/v1/deliveries/{delivery['id']}/retry").status_code == 404


def test_a_delivery_is_replayed_under_its_id(supplier: Caller, receiver: Receiver, sender: Sender) -> None:
    endpoint = made(supplier, f"{receiver.url}/in")
    sent = body_of(supplier("POST", f"{PATH}/{endpoint['id']}/test"), 202)
    sender.send_due()
    body_of(supplier("POST", f"/v1/deliveries/{sent['id']}/retry"), 202)
    sender.send_due()
    first, second = receiver.at("/in")
    assert (first.id, first.body) == (second.id, second.body) == (sent["event_id"], second.body)
    assert body_of(supplier("GET", f"/v1/deliveries/{sent['id']}"))["attempts"] == 2


def test_both_secrets_sign_until_the_grace_period_is_over(supplier: Caller, receiver: Receiver, sender: Sender) -> None:
    with freeze_time(NOW) as clock:
        first = made(supplier, f"{receiver.url}/in")
        path = f"{PATH}/{first['id']}"
        second = body_of(supplier("POST", f"{path}/rotate", {"grace": {"hours": 2}}))
        for later, right in ((1, [True, True]), (2, [False, True])):
            at = NOW + timedelta(hours=later)
            clock.move_to(at)
            body_of(supplier("POST", f"{path}/test"), 202)
            sender.send_due()
            came = receiver.at("/in")[-1]
            assert [is_signed(came, each["secret"], at) for each in (first, second)] == right


def test_a_failure_is_tried_again_for_three_days_and_then_the_endpoint_is_disabled(
    supplier: Caller, receiver: Receiver, sender: Sender
) -> None:
    receiver.answers["/in"] = (500, {}, "no\x00w\xff".encode("latin-1"))
    with freeze_time(NOW) as clock:
        endpoint = made(supplier, f"{receiver.url}/in")
        path = f"{PATH}/{endpoint['id']}"
        sent = body_of(supplier("POST", f"{path}/test"), 202)
        assert sender.send_due() == 1, "at once, so that delivery and endpoint fail from the same moment on"
        while (delivery := body_of(supplier("GET", f"/v1/deliveries/{sent['id']}")))["state"] == "pending":
            # Whatever the pause of the endpoint, it ends within its longest.
            clock.move_to(datetime.fromisoformat(delivery["next_attempt_at"]) + timedelta(minutes=6))
            assert sender.send_due() == 1
        assert delivery["state"] == "failed"
        assert 12 < delivery["attempts"] < 25
        assert delivery["log"][0]["response"] == "no�w�"
        assert len({each.id for each in receiver.at("/in")}) == 1
        shown = body_of(supplier("GET", path))
        assert shown["disabled_because"] == "failing"
        assert datetime.fromisoformat(shown["disabled_at"]) - NOW > timedelta(days=3)
        assert supplier("POST", f"/v1/deliveries/{sent['id']}/retry").status_code == 409
        receiver.answers.clear()
        assert body_of(supplier("POST", f"{path}/enable"))["disabled_at"] is None
        body_of(supplier("POST", f"/v1/deliveries/{sent['id']}/retry"), 202)
        sender.send_due()
        assert body_of(supplier("GET", f"/v1/deliveries/{sent['id']}"))["state"] == "delivered"


def test_410_disables_the_endpoint_at_once(supplier: Caller, receiver: Receiver, sender: Sender) -> None:
    receiver.answers["/in"] = (410, {}, b"")
    endpoint = made(supplier, f"{receiver.url}/in")
    path = f"{PATH}/{endpoint['id']}"
    sent = body_of(supplier("POST", f"{path}/test"), 202)
    sender.send_due()
    assert body_of(supplier("GET", path))["disabled_because"] == "gone"
    assert body_of(supplier("GET", f"/v1/deliveries/{sent['id']}"))["state"] == "failed"
    assert supplier("POST", f"{path}/test").status_code == 409


def test_a_redirect_is_a_failure_and_leads_nowhere(supplier: Caller, receiver: Receiver, sender: Sender) -> None:
    receiver.answers["/in"] = (307, {"Location": f"{receiver.url}/elsewhere"}, b"")
    endpoint = made(supplier, f"{receiver.url}/in")
    sent = body_of(supplier("POST", f"{PATH}/{endpoint['id']}/test"), 202)
    sender.send_due()
    assert receiver.at("/elsewhere") == []
    assert body_of(supplier("GET", f"/v1/deliveries/{sent['id']}"))["state"] == "pending"


def test_a_slow_receiver_keeps_nobody_else_waiting(
    supplier: Caller, buyer: Caller, receiver: Receiver, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinned_http, "ENDS_WITHIN_SECONDS", 90)  # so that nobody is given up for slowness of our own
    receiver.held["/slow"] = Event()
    slow, quick = made(supplier, f"{receiver.url}/slow"), made(buyer, f"{receiver.url}/quick")
    for _ in range(20):
        body_of(supplier("POST", f"{PATH}/{slow['id']}/test"), 202)
    stop = Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(sender.run, stop)
        assert receiver.wait_for(lambda: any(each.path == "/slow" for each in receiver.received))
        body_of(buyer("POST", f"{PATH}/{quick['id']}/test"), 202)
        assert receiver.wait_for(lambda: any(each.path == "/quick" for each in receiver.received))
        assert len(receiver.at("/slow")) <= 8
        stop.set()
        receiver.held["/slow"].set()
        running.result()


@on_both
def test_two_workers_send_nothing_twice(supplier: Caller, receiver: Receiver, sender: Sender) -> None:
    endpoint = made(supplier, f"{receiver.url}/in")
    for _ in range(24):
        body_of(supplier("POST", f"{PATH}/{endpoint['id']}/test"), 202)
    with ThreadPoolExecutor(2) as pool:
        sent = sum(pool.map(lambda _: sender.send_due(), range(2)))
    ids = [each.id for each in receiver.at("/in")]
    assert (sent, len(ids), len(set(ids))) == (24, 24, 24)


def test_a_name_that_leads_into_our_network_is_not_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, sqlite_admin: Caller
) -> None:
    """What a name means is looked up once, and what was looked at is what is connected to."""
    port = int(receiver.url.rpartition(":")[2])
    asked: list[str] = []

    def resolve(answers: list[str]) -> Callable[..., list[Any]]:
        def getaddrinfo(host: str, _port: int, **_: Any) -> list[Any]:
            asked.append(host)
            return [(2, 1, 6, "", (address, port)) for address in answers]

        return getaddrinfo

    for answers in (["127.0.0.1"], ["93.184.216.34", "10.0.0.1"]):
        monkeypatch.setattr(socket, "getaddrinfo", resolve(answers))
        with pytest.raises(pinned_http.Undelivered, match="address_not_public"):
            pinned_http.post("https://rebound.example.org/", {}, b"{}", private=False)
    assert asked == ["rebound.example.org"] * 2
    monkeypatch.setattr(socket, "getaddrinfo", resolve(["127.0.0.1"]))
    reply = pinned_http.post(f"http://rebound.example.org:{port}/in", {"a": "b"}, b"{}", private=True)
    assert (reply.status, asked[2:]) == (204, ["rebound.example.org"])
    assert receiver.at("/in")[0].headers["host"] == f"rebound.example.org:{port}"


def test_an_answer_that_trickles_in_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinned_http, "ENDS_WITHIN_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:

        def trickle() -> int:
            """An endless header, a byte at a time; how many bytes went out before nobody listened any more."""
            sent = 0
            taken, _ = server.accept()
            with taken, suppress(OSError):
                while sent < 3_000:
                    sent += taken.send(b"X")
                    time.sleep(0.02)
            return sent

        sent = pool.submit(trickle)
        with pytest.raises(pinned_http.Undelivered, match="timeout"):
            pinned_http.post(f"http://127.0.0.1:{server.getsockname()[1]}/", {}, b"{}", private=True)
        assert 0 < sent.result() < 3_000


def test_no_more_of_an_answer_is_read_than_is_kept(receiver: Receiver) -> None:
    receiver.answers["/long"] = (200, {}, b"x" * 1_000_000)
    assert len(pinned_http.post(f"{receiver.url}/long", {}, b"{}", private=True).body) == pinned_http.KEPT_BYTES


def test_a_secret_is_stored_sealed(supplier: Caller, app_engine: Engine) -> None:
    secret = made(supplier, **PUBLIC)["secret"]
    with reading(app_engine) as connection:
        assert secret not in str(connection.execute(select(t.webhook_endpoint)).all())


def test_an_endpoint_is_changed_by_the_version_that_was_read(supplier: Caller, buyer: Caller) -> None:
    endpoint = made(supplier, **PUBLIC, types=["appointment.found"])
    path = f"{PATH}/{endpoint['id']}"
    tag = supplier("GET", path).headers["ETag"]
    changed = supplier("PATCH", path, {"url": "https://new.example/in", "types": None}, headers={"If-Match": tag})
    assert changed.json == body_of(supplier("GET", path)) | {"url": "https://new.example/in", "types": None}
    assert supplier("PATCH", path, {"description": "late"}, headers={"If-Match": tag}).status_code == 412
    assert body_of(supplier("PATCH", path, {"description": "for the CRM"}))["url"] == "https://new.example/in"
    wrong: tuple[dict[str, Any], ...] = ({"url": "gopher://x/"}, {"types": []}, {"secret": "x"})
    for body in wrong:
        assert supplier("PATCH", path, body).status_code in (400, 422)
    assert buyer("PATCH", path, {"description": "mine"}).status_code == 404


def test_an_endpoint_that_was_switched_off_is_told_later_what_it_missed(
    supplier: Caller, buyer: Caller, receiver: Receiver, sender: Sender
) -> None:
    with freeze_time(NOW) as clock:
        agreed(buyer, supplier)
        endpoint = made(supplier, receiver.url, types=["appointment.submitted"])
        off = body_of(supplier("POST", f"{PATH}/{endpoint['id']}/disable"))
        assert (off["disabled_because"], off["version"]) == ("asked", 2)
        assert body_of(supplier("POST", f"{PATH}/{endpoint['id']}/disable"))["version"] == 2
        body_of(supplier("POST", "/v1/appointments", submission()), 201)
        announcing.announce(sender.engine, NOW)
        assert sender.send_due() == 0
        clock.tick(timedelta(minutes=1))
        body_of(supplier("POST", f"{PATH}/{endpoint['id']}/enable"))
        announcing.announce(sender.engine, NOW + timedelta(minutes=1))
        assert sender.send_due() == 1
