"""Who signed a webhook, by what the providers publish about their signatures."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlencode

import pytest

from ledger.domain import sealing
from ledger.domain.errors import Unauthenticated, Unavailable
from ledger.domain.signatures import (
    FORM,
    Delivery,
    Provider,
    is_plain_token,
    is_usable,
    new_secret,
    provider_of,
    sign,
    verify,
)
from tests.support import senders
from tests.support.senders import SECRET, STANDARD_SECRET

NOW = datetime(2026, 3, 10, 10, 5, tzinfo=UTC)
URL = "https://ledger.example/hooks/calls"
BODY = b'{"a": 1}'

SENT: dict[Provider, senders.Sent] = {
    Provider.CAL_COM: senders.from_cal_com(BODY),
    Provider.CALENDLY: senders.from_calendly(BODY, NOW),
    Provider.ZOOM: senders.from_zoom(BODY, NOW),
    Provider.TWILIO: senders.from_twilio({"CallSid": "CA1", "CallStatus": "busy", "Empty": ""}, URL),
    Provider.STANDARD_WEBHOOKS: senders.from_standard(BODY, NOW),
}


def sent(provider: Provider, url: str = URL) -> Delivery:
    body, headers = SENT[provider]
    return Delivery(headers, body, url)


def secret_of(provider: Provider) -> str:
    return STANDARD_SECRET if provider is Provider.STANDARD_WEBHOOKS else SECRET


def is_refused(provider: Provider, delivery: Delivery, *secrets: str, now: datetime = NOW) -> bool:
    try:
        verify(provider, secrets or (secret_of(provider),), delivery, now)
    except Unauthenticated:
        return True
    return False


@pytest.mark.parametrize("provider", list(Provider))
def test_what_the_provider_signed_is_taken(provider: Provider) -> None:
    signed = verify(provider, ["another-one", secret_of(provider)], sent(provider), NOW)
    assert (signed.secret, signed.stale) == (secret_of(provider), False)


@pytest.mark.parametrize("provider", list(Provider))
def test_anything_else_is_refused(provider: Provider) -> None:
    delivery = sent(provider)
    assert is_refused(provider, replace(delivery, body=delivery.body + b" "))
    assert is_refused(provider, delivery, "c29tZXRoaW5nIGVsc2U=")
    assert is_refused(provider, delivery, "", " ")
    for name in delivery.headers.keys() - {"content-type"}:
        left = {key: value for key, value in delivery.headers.items() if key != name}
        assert is_refused(provider, replace(delivery, headers=left)), name
        assert is_refused(provider, replace(delivery, headers={**delivery.headers, name: "x\u00e9"})), name


@pytest.mark.parametrize(
    ("provider", "minutes"), [(Provider.CALENDLY, 3), (Provider.ZOOM, 5), (Provider.STANDARD_WEBHOOKS, 5)]
)
def test_a_right_signature_goes_stale(provider: Provider, minutes: int) -> None:
    for way in (1, -1):
        limit = NOW + way * timedelta(minutes=minutes)
        assert not verify(provider, [secret_of(provider)], sent(provider), limit).stale
        assert verify(provider, [secret_of(provider)], sent(provider), limit + way * timedelta(seconds=1)).stale


def test_cal_com_without_a_secret_says_so_and_is_refused() -> None:
    unsigned = Delivery({"x-cal-signature-256": "no-secret-provided"}, BODY, URL)
    assert is_refused(Provider.CAL_COM, unsigned)
    assert is_refused(Provider.CAL_COM, unsigned, "")
    assert not is_usable(Provider.CAL_COM, "  ")
    assert not is_usable(Provider.STANDARD_WEBHOOKS, "whsec_")


def test_standard_webhooks_published_example() -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,bm9ldHU= v2,x v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    delivery = Delivery(headers, b'{"test": 2432232314}', URL)
    at = datetime.fromtimestamp(1614265330, UTC)
    assert verify(Provider.STANDARD_WEBHOOKS, [STANDARD_SECRET], delivery, at).at == at


def test_what_we_sign_is_what_standard_webhooks_publishes() -> None:
    at, body = datetime.fromtimestamp(1614265330, UTC), b'{"test": 2432232314}'
    headers = sign([STANDARD_SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_a_message_is_signed_with_every_living_secret_and_each_receiver_finds_its_own() -> None:
    secrets = [new_secret(bytes([number]) * 32) for number in range(2)]
    delivery = Delivery(sign(secrets, "evt_1", NOW, BODY), BODY, "")
    assert delivery.headers["webhook-signature"].count("v1,") == 2
    assert [verify(Provider.STANDARD_WEBHOOKS, [each], delivery, NOW).secret for each in secrets] == secrets


def test_twilio_published_example() -> None:
    fields = {"Caller": "+14158675309", "From": "+14158675309", "CallSid": "CA1234567890ABCDE", "Digits": "1234"}
    body = urlencode({**fields, "To": "+18005551212"}).encode()
    headers = {"content-type": FORM, "x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    delivery = Delivery(headers, body, "https://mycompany.com/myapp.php?foo=1&bar=2")
    assert not is_refused(Provider.TWILIO, delivery, "12345")
    assert not is_refused(Provider.TWILIO, replace(delivery, url=delivery.url.replace(".com/", ".com:443/")), "12345")
    assert is_refused(Provider.TWILIO, replace(delivery, url="https://proxy.internal/myapp.php?foo=1&bar=2"), "12345")


def test_twilio_signs_json_by_the_hash_in_its_url() -> None:
    url = f"{URL}?bodySHA256={sha256(BODY).hexdigest()}"
    _, headers = senders.from_twilio({}, url)
    delivery = Delivery({**headers, "content-type": "application/json"}, BODY, url)
    assert not is_refused(Provider.TWILIO, delivery)
    assert is_refused(Provider.TWILIO, replace(delivery, body=b'{"a": 2}'))
    _, bare = senders.from_twilio({}, URL)
    assert is_refused(Provider.TWILIO, Delivery({**bare, "content-type": "application/json"}, BODY, URL))


def test_a_token_that_could_be_a_message_is_no_token() -> None:
    assert is_plain_token("qgg8vlvZRS6UYooatFL8Aw")
    for token in ("v0:1654503849:{}", "", "a b", "a\n", "a" * 129, 7, None):
        assert not is_plain_token(token)


@pytest.mark.parametrize(
    ("spelling", "provider"),
    [
        ("cal.com", Provider.CAL_COM),
        ("calcom", Provider.CAL_COM),
        ("Cal_Com", Provider.CAL_COM),
        ("standard-webhooks", Provider.STANDARD_WEBHOOKS),
        ("zoom", Provider.ZOOM),
        ("teams", None),
    ],
)
def test_providers_go_by_their_usual_spellings(spelling: str, provider: Provider | None) -> None:
    assert provider_of(spelling) is provider


def test_a_sealed_secret_opens_with_its_key_alone() -> None:
    nonce = bytes(range(16))
    sealed = sealing.seal("key", "connection", "s3cret \u00e9", nonce)
    assert "s3cret" not in sealed
    assert sealing.unseal("key", "connection", sealed) == "s3cret \u00e9"
    assert sealing.seal("key", "connection", "s3cret \u00e9", nonce[::-1])[64:] != sealed[64:]
    changed = sealed[:-1] + ("0" if sealed[-1] != "0" else "1")
    for key, purpose, text in (
        ("other", "connection", sealed),
        ("key", "else", sealed),
        ("key", "connection", changed),
    ):
        with pytest.raises(Unavailable):
            sealing.unseal(key, purpose, text)
    with pytest.raises(Unavailable):
        sealing.unseal("key", "connection", "no hex")
