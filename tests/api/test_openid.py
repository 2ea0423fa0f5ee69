"""What an ID token must be for it to prove somebody: each lie and each forgery alone is enough to refuse it."""

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from api.openid import NotProved, Proof, Provider, checked

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
AT = int(NOON.timestamp())
CLIENT = "ledger"
PROVIDER = Provider("https://id.example", CLIENT, "secret")
OWN = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
KEYS = {"keys": [OWN.as_dict(private=False)]}
GOOD: dict[str, Any] = {
    "iss": PROVIDER.issuer,
    "aud": CLIENT,
    "nonce": "once",
    "sub": "rita-1",
    "iat": AT,
    "exp": AT + 300,
    "email": "rita@north-bank.example",
    "email_verified": True,
    "auth_time": AT - 60,
    "amr": ["pwd", "mfa"],
}


def proved(token: str) -> Proof:
    return checked(PROVIDER, token, KEYS, "once", NOON)


def signed(key: RSAKey, claims: dict[str, Any]) -> str:
    said = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "one"}, said, key)


def test_a_good_token_proves_somebody() -> None:
    proof = proved(signed(OWN, GOOD))
    assert (proof.subject, proof.email, proof.second_factor) == ("rita-1", "rita@north-bank.example", True)
    assert proof.proved_at == datetime.fromtimestamp(AT - 60, UTC)


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_counts_only_if_the_provider_has_verified_it(verified: object) -> None:
    assert proved(signed(OWN, {**GOOD, "email_verified": verified})).email is None


def _part(value: dict[str, Any] | bytes) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed_by_nobody(_key: RSAKey, claims: dict[str, Any]) -> str:
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def signed_with_the_public_key_as_a_secret(key: RSAKey, claims: dict[str, Any]) -> str:
    said = f"{_part({'alg': 'HS256', 'kid': 'one'})}.{_part(claims)}"
    return f"{said}.{_part(hmac.digest(key.as_pem(private=False), said.encode(), 'sha256'))}"


def signed_by_another_key(_key: RSAKey, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048))


def changed_afterwards(key: RSAKey, claims: dict[str, Any]) -> str:
    head, _, mark = jwt.encode({"alg": "RS256", "kid": "one"}, {**claims, "sub": "x"}, key).split(".")
    return f"{head}.{_part(claims)}.{mark}"


LIES: dict[str, dict[str, Any]] = {
    "nonce": {"nonce": "another"},
    "no-nonce": {"nonce": None},
    "audience": {"aud": "somebody-else"},
    "party": {"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"},
    "several": {"aud": [CLIENT, "somebody-else"]},
    "issuer": {"iss": "https://evil.example"},
    "expired": {"exp": AT - 120},
    "no-expiry": {"exp": None},
    "not-yet": {"iat": AT + 3600},
    "no-subject": {"sub": None},
}
FORGERIES = (
    signed_by_nobody,
    signed_with_the_public_key_as_a_secret,
    signed_by_another_key,
    changed_afterwards,
)


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_token_that_lies_proves_nobody(lie: dict[str, Any]) -> None:
    with pytest.raises(NotProved):
        proved(signed(OWN, {**GOOD, **lie}))


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.__name__)
def test_a_token_that_the_provider_did_not_sign_proves_nobody(forgery: Any) -> None:
    with pytest.raises(NotProved, match="signed"):
        proved(forgery(OWN, GOOD))
