"""Secrets that must be read again (to compute a signature), kept so that the database alone does not tell them.

Owns the sealed form: a pad that SHAKE-256 draws from the installation's key and a nonce, and a mark (HMAC) over
both. The standard library has no cipher; this uses its hash functions alone. Refuses what was sealed under another
key or changed since.
"""

import hashlib
import hmac
from typing import Final

from ledger.domain.errors import Unavailable

NONCE_BYTES: Final = 16
_MARK_BYTES: Final = 32


def seal(key: str, purpose: str, text: str, nonce: bytes) -> str:
    """The sealed text in hex. `nonce` is `NONCE_BYTES` of randomness, never used twice."""
    plain = text.encode()
    pad, mark_key = _drawn(key, purpose, nonce, len(plain))
    hidden = bytes(a ^ b for a, b in zip(plain, pad, strict=True))
    return (nonce + hmac.digest(mark_key, hidden, "sha256") + hidden).hex()


def unseal(key: str, purpose: str, sealed: str) -> str:
    """The text again. Raises `Unavailable` where the key is another one or the sealed form was changed."""
    try:
        raw = bytes.fromhex(sealed)
    except ValueError:
        raw = b""
    nonce, mark, hidden = raw[:NONCE_BYTES], raw[NONCE_BYTES:][:_MARK_BYTES], raw[NONCE_BYTES + _MARK_BYTES :]
    pad, mark_key = _drawn(key, purpose, nonce, len(hidden))
    if not hmac.compare_digest(mark, hmac.digest(mark_key, hidden, "sha256")):
        raise Unavailable("a stored secret cannot be read: SECRET_KEY is another one", code="secret_not_readable")
    return bytes(a ^ b for a, b in zip(hidden, pad, strict=True)).decode()


def _drawn(key: str, purpose: str, nonce: bytes, length: int) -> tuple[bytes, bytes]:
    seed = hmac.digest(key.encode(), b"sealing\n" + purpose.encode() + b"\n" + nonce, "sha256")
    drawn = hashlib.shake_256(seed).digest(length + _MARK_BYTES)
    return drawn[:length], drawn[length:]
