"""An OpenID provider from the side of who relies on it: the authorization code flow with PKCE, and its ID token.

Owns what is asked of the provider and every check of what it answers: issuer, audience, signature by its published
keys, expiry, nonce. Knows no accounts. Raises `NotProved` for whatever does not prove somebody; nothing of a token
stands in it.
"""

import base64
import hashlib
import hmac
import json
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from http.client import HTTPException
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.error import URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "RS384", "RS512", "PS384", "PS512", "ES384", "ES512")
"""How a token may be signed: by a key of which we hold the public half. Never `none`, never a shared secret."""
SCOPE: Final = "openid email profile"
LEEWAY: Final = timedelta(minutes=1)
TIMEOUT_SECONDS: Final = 10
MOST_BYTES: Final = 1024 * 1024
LONGEST_SUBJECT: Final = 255
SECOND_FACTORS: Final = frozenset({"mfa"})
"""What `amr` says where two factors were asked for (RFC 8176)."""
SECOND_FACTOR_CLASSES: Final = frozenset(
    {"https://refeds.org/profile/mfa", "http://schemas.openid.net/pape/policies/2007/06/multi-factor"}
)
"""The same as `acr`."""
HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class NotProved(Exception):
    """What came proves nobody. Says why, for the log of the installation."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as an installation knows it."""

    issuer: str
    client_id: str
    client_secret: str

    def __post_init__(self) -> None:
        """Raises ValueError for an issuer that could be listened to."""
        if not _is_safe(self.issuer):
            raise ValueError("OIDC_ISSUER must begin with https://")


@dataclass(frozen=True, slots=True)
class Asked:
    """One login on its way: what the answer must bring back, and the secret half of the code challenge."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def anew(cls) -> "Asked":
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))


@dataclass(frozen=True, slots=True)
class Proof:
    """Whom the provider vouches for. `email` is None where it has not verified it."""

    subject: str
    email: str | None
    second_factor: bool
    proved_at: datetime | None


def authorization_url(provider: Provider, asked: Asked, redirect_uri: str, *, again: bool = False) -> str:
    """Where the browser goes to log in; `again` asks for the password although there is a session there."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "scope": SCOPE,
        "state": asked.state,
        "nonce": asked.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **({"max_age": "0"} if again else {}),
    }
    endpoint = _safe(_text(_metadata(provider), "authorization_endpoint"))
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def proof(provider: Provider, asked: Asked, redirect_uri: str, answer: Mapping[str, str], now: datetime) -> Proof:
    """Whom the answer proves, once its code was exchanged."""
    if not hmac.compare_digest(answer.get("state", "").encode(), asked.state.encode()):
        raise NotProved("the state is another one")
    if answer.get("iss", provider.issuer) != provider.issuer:
        raise NotProved("the answer is another issuer's")
    if "code" not in answer:
        raise NotProved("the provider refused")
    metadata = _metadata(provider)
    form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": redirect_uri}
    tokens = _exchanged(provider, metadata, {**form, "code_verifier": asked.verifier})
    keys = _fetched(_text(metadata, "jwks_uri"))
    return checked(provider, _text(tokens, "id_token"), keys, asked.nonce, now)


def checked(provider: Provider, token: str, keys: Mapping[str, Any], nonce: str, now: datetime) -> Proof:
    """Whom an ID token proves."""
    claims = _signed(token, keys)
    audience = claims.get("aud")
    meant_for = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != provider.issuer:
        raise NotProved("the token is another issuer's")
    if provider.client_id not in meant_for or claims.get("azp", provider.client_id) != provider.client_id:
        raise NotProved("the token is for somebody else")
    if len(meant_for) > 1 and "azp" not in claims:
        raise NotProved("the token is for several, and does not say whom it was given to")
    if now >= _instant(claims, "exp") + LEEWAY or _instant(claims, "iat") > now + LEEWAY:
        raise NotProved("the token is over, or not yet good")
    given = claims.get("nonce")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise NotProved("the nonce is another one")
    subject = _text(claims, "sub")
    if len(subject) > LONGEST_SUBJECT:
        raise NotProved("the subject is too long")
    email = claims.get("email")
    verified = isinstance(email, str) and claims.get("email_verified") is True
    methods = claims.get("amr")
    by_two = isinstance(methods, list) and not SECOND_FACTORS.isdisjoint(
        each for each in methods if isinstance(each, str)
    )
    proved_at = min(_instant(claims, "auth_time"), now) if "auth_time" in claims else None
    return Proof(subject, email if verified else None, by_two or claims.get("acr") in SECOND_FACTOR_CLASSES, proved_at)


def _signed(token: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    from joserfc import jwt  # the extra `oidc`
    from joserfc.errors import JoseError

    try:
        return dict(jwt.decode(token, _key_set(keys), algorithms=ALGORITHMS).claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise NotProved(f"the token is not signed as it must be: {type(error).__name__}") from None


def _key_set(keys: Mapping[str, Any]) -> "KeySet":
    """The published keys that can sign: of the others, and of those we do not know, none counts."""
    from joserfc.jwk import KeySet

    usable = [each for each in keys.get("keys", ()) if each.get("kty") in ("RSA", "EC") and each.get("use") != "enc"]
    return KeySet.import_key_set({"keys": usable})


def _metadata(provider: Provider) -> dict[str, Any]:
    found = _fetched(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != provider.issuer:
        raise NotProved("the provider calls itself by another name than OIDC_ISSUER")
    return found


def _exchanged(provider: Provider, metadata: Mapping[str, Any], form: dict[str, str]) -> dict[str, Any]:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    ways = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if "client_secret_basic" in ways:
        pair = f"{quote(provider.client_id, safe='')}:{quote(provider.client_secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
    return _fetched(_text(metadata, "token_endpoint"), urlencode(form).encode(), headers)


class _Nowhere(HTTPRedirectHandler):
    """No answer of a provider leads us elsewhere."""

    def redirect_request(self, *_: Any) -> None:
        return None


@cache
def _opener() -> OpenerDirector:
    return build_opener(_Nowhere, HTTPSHandler(context=ssl.create_default_context()))


def _fetched(url: str, form: bytes | None = None, headers: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    request = Request(_safe(url), form, dict(headers))  # noqa: S310 - its scheme was looked at
    try:
        with _opener().open(request, timeout=TIMEOUT_SECONDS) as answer:
            found = json.loads(answer.read(MOST_BYTES))
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise NotProved(f"the provider does not answer as it should: {type(error).__name__}") from None
    if not isinstance(found, dict):
        raise NotProved("the provider does not answer as it should")
    return found


def _safe(url: str) -> str:
    if not _is_safe(url):
        raise NotProved("the provider's addresses must begin with https://")
    return url


def _is_safe(url: str) -> bool:
    """Nobody can listen: https, or http on this very machine."""
    address = urlsplit(url)
    return address.scheme == "https" or (address.scheme == "http" and address.hostname in HERE)


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise NotProved(f"{name} is missing")
    return value


def _instant(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**33:
        raise NotProved(f"{name} is no time")
    return datetime.fromtimestamp(value, UTC)
