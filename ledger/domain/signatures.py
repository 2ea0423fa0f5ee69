"""Whether a webhook is from whom it says it is: signatures as each provider makes them, over the bytes as received.

Owns the five schemes, what counts as stale, what a usable secret is, and how we sign what we send. Compares in
constant time, against every secret that is alive. Refuses (401) everything that is not signed by one of them; a
signature that is right but old is told apart, for it is kept without effect.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

from ledger.domain.errors import Unauthenticated


class Provider(StrEnum):
    CAL_COM = "cal_com"
    CALENDLY = "calendly"
    ZOOM = "zoom"
    TWILIO = "twilio"
    STANDARD_WEBHOOKS = "standard_webhooks"


TOLERANCE: Final[Mapping[Provider, timedelta]] = {
    Provider.CALENDLY: timedelta(minutes=3),
    Provider.ZOOM: timedelta(minutes=5),
    Provider.STANDARD_WEBHOOKS: timedelta(minutes=5),
}
"""How far the signed time may be from now, either way. Cal.com and Twilio sign no time."""

HEADERS: Final = (
    "content-type",
    "user-agent",
    "x-cal-signature-256",
    "calendly-webhook-signature",
    "x-zm-signature",
    "x-zm-request-timestamp",
    "x-twilio-signature",
    "i-twilio-idempotency-token",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
)
"""The headers that matter, in lower case: what is kept of a delivery beside its body."""

FORM: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 200
_SW_MARK: Final = "whsec_"
_DIGITS: Final = re.compile(r"[0-9]{1,13}")
_NAME: Final = re.compile(r"[^a-z]")
_SPELLINGS: Final = {_NAME.sub("", provider.value): provider for provider in Provider} | {
    "cal": Provider.CAL_COM,
    "standardwebhook": Provider.STANDARD_WEBHOOKS,
    "zoomus": Provider.ZOOM,
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook as it came. Names of headers in lower case; `url` is the public one that the provider called."""

    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def form(self) -> list[tuple[str, str]]:
        """The fields of a form. Raises ValueError for what is no form in UTF-8."""
        return parse_qsl(
            self.body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict", separator="&"
        )


@dataclass(frozen=True, slots=True)
class Signed:
    """Whose signature is right: the secret that made it, and when, where the provider says so."""

    secret: str
    at: datetime | None
    stale: bool


def provider_of(name: str) -> Provider | None:
    """The provider by any of its spellings: `cal.com`, `Cal_com`, `standard-webhooks`, …"""
    return _SPELLINGS.get(_NAME.sub("", name.lower()))


def is_usable(provider: Provider, secret: str) -> bool:
    """A blank secret signs nothing; one of Standard Webhooks is base64, with or without its `whsec_`."""
    if not secret.strip():
        return False
    return provider is not Provider.STANDARD_WEBHOOKS or bool(_standard_key(secret))


def verify(provider: Provider, secrets: Iterable[str], delivery: Delivery, now: datetime) -> Signed:
    """The delivery's signature, tried against each secret. Raises `Unauthenticated`."""
    at = _signed_at(provider, delivery)
    given = _given(provider, delivery)
    for secret in secrets:
        if not is_usable(provider, secret):
            continue
        right = _EXPECTED[provider](secret, delivery)
        if any(hmac.compare_digest(one.encode(), other.encode()) for one in right for other in given):
            stale = at is not None and abs(now - at) > TOLERANCE[provider]
            return Signed(secret, at, stale)
    raise Unauthenticated("the signature is not right", code="wrong_signature")


def sign(secrets: Iterable[str], identity: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of a webhook of our own, as Standard Webhooks wants them: one signature for each living secret."""
    stamp = str(int(at.timestamp()))
    headers = {"webhook-id": identity, "webhook-timestamp": stamp}
    signed = (each for secret in secrets for each in _standard(secret, Delivery(headers, body, "")))
    return {**headers, "webhook-signature": " ".join(f"v1,{each}" for each in signed)}


def new_secret(randomness: bytes) -> str:
    """A secret of Standard Webhooks from 24 to 64 random bytes."""
    return _SW_MARK + base64.b64encode(randomness).decode()


def zoom_answer(secret: str, token: str) -> str:
    """What Zoom's validation asks for: the token's HMAC. Only for tokens that `is_plain_token` lets through."""
    return _hex(secret, token.encode())


def is_plain_token(token: object) -> bool:
    """Letters, digits, `_` and `-`: a token with a colon could be `v0:time:body`, and its answer a forged event."""
    return isinstance(token, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,128}", token) is not None


def _given(provider: Provider, delivery: Delivery) -> list[str]:
    """The signatures that came with it: several where the sender is changing its secret."""
    header = delivery.headers.get(_SIGNATURE[provider], "")
    if provider is Provider.CALENDLY:
        return _parts(header).get("v1", [])
    if provider is Provider.STANDARD_WEBHOOKS:
        return [part.removeprefix("v1,") for part in header.split(" ")[:20] if part.startswith("v1,")]
    return [header] if header else []


def _signed_at(provider: Provider, delivery: Delivery) -> datetime | None:
    if provider not in TOLERANCE:
        return None
    stamp = _stamp(provider, delivery)
    if not _DIGITS.fullmatch(stamp):
        raise Unauthenticated("the signed time is missing", code="wrong_signature")
    seconds = int(stamp)
    # Some send milliseconds: what would lie beyond the year 5000 is that.
    return datetime.fromtimestamp(seconds / 1000 if seconds > 10**11 else seconds, UTC)


def _stamp(provider: Provider, delivery: Delivery) -> str:
    if provider is Provider.CALENDLY:
        return next(iter(_parts(delivery.headers.get("calendly-webhook-signature", "")).get("t", [])), "")
    return delivery.headers.get("x-zm-request-timestamp" if provider is Provider.ZOOM else "webhook-timestamp", "")


def _parts(header: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in header.split(",")[:20]:
        name, _, value = part.strip().partition("=")
        found.setdefault(name, []).append(value)
    return found


def _hex(secret: str, message: bytes) -> str:
    return hmac.digest(secret.encode(), message, "sha256").hex()


def _cal_com(secret: str, delivery: Delivery) -> list[str]:
    return [_hex(secret, delivery.body)]


def _calendly(secret: str, delivery: Delivery) -> list[str]:
    return [_hex(secret, _stamp(Provider.CALENDLY, delivery).encode() + b"." + delivery.body)]


def _zoom(secret: str, delivery: Delivery) -> list[str]:
    stamp = _stamp(Provider.ZOOM, delivery).encode()
    return ["v0=" + _hex(secret, b"v0:" + stamp + b":" + delivery.body)]


def _standard(secret: str, delivery: Delivery) -> list[str]:
    identity, stamp = delivery.headers.get("webhook-id", ""), _stamp(Provider.STANDARD_WEBHOOKS, delivery)
    if not identity:
        return []
    message = f"{identity}.{stamp}.".encode() + delivery.body
    return [base64.b64encode(hmac.digest(_standard_key(secret), message, "sha256")).decode()]


def _standard_key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.strip().removeprefix(_SW_MARK), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _twilio(secret: str, delivery: Delivery) -> list[str]:
    """HMAC-SHA1 of the URL and the sorted form; of the URL alone where that holds the hash of the body."""
    query = parse_qs(urlsplit(delivery.url).query)
    if "bodySHA256" in query:
        if query["bodySHA256"] != [hashlib.sha256(delivery.body).hexdigest()]:
            return []
        fields = ""
    elif delivery.media_type == FORM:
        try:
            pairs = set(delivery.form())
        except ValueError:
            return []
        fields = "".join(name + value for name, value in sorted(pairs))
    else:
        return []
    signed = (hmac.digest(secret.encode(), (url + fields).encode(), "sha1") for url in _ports(delivery.url))
    return [base64.b64encode(each).decode() for each in signed]


def _ports(url: str) -> list[str]:
    """Twilio signs the default port sometimes and sometimes not."""
    parts = urlsplit(url)
    default = 443 if parts.scheme == "https" else 80
    if parts.port not in (None, default):
        return [url]
    host = parts.netloc.removesuffix(f":{default}")
    return [parts._replace(netloc=netloc).geturl() for netloc in (host, f"{host}:{default}")]


_SIGNATURE: Final = {
    Provider.CAL_COM: "x-cal-signature-256",
    Provider.CALENDLY: "calendly-webhook-signature",
    Provider.ZOOM: "x-zm-signature",
    Provider.TWILIO: "x-twilio-signature",
    Provider.STANDARD_WEBHOOKS: "webhook-signature",
}
_EXPECTED: Final = {
    Provider.CAL_COM: _cal_com,
    Provider.CALENDLY: _calendly,
    Provider.ZOOM: _zoom,
    Provider.TWILIO: _twilio,
    Provider.STANDARD_WEBHOOKS: _standard,
}
