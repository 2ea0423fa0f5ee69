"""What must be read again, kept so that the database alone does not tell it: secrets, and what is personal.

Owns the sealed form: a pad that SHAKE-256 draws from a key and a nonce, and a mark (HMAC) over both. The standard
library has no cipher; this uses its hash functions alone. Refuses what was sealed under another key or changed since.
Whoever forgets the key has erased what is sealed under it.
"""

import hashlib
import hmac
from typing import Final

from ledger.domain.errors import Unavailable

NONCE_BYTES: Final = 16
_MARK_BYTES: Final = 32


def seal(key: str, purpose: str, text: str, nonce: bytes) -> str:
    """The sealed text in hex. `nonce` is `NONCE_BYTES` of randomness, never used twice."""
    return seal_bytes(key, purpose, text.encode(), nonce).hex()


def unseal(key: str, purpose: str, sealed: str) -> str:
    """The text again. Raises `Unavailable` where the key is another one or the sealed form was changed."""
    try:
        raw = bytes.fromhex(sealed)
    except ValueError:
        raw = b""
    return unseal_bytes(key, purpose, raw).decode()


def seal_bytes(key: str, purpose: str, plain: bytes, nonce: bytes) -> bytes:
    """The sealed bytes: nonce, mark and what hides the plain ones."""
    pad, mark_key = _drawn(key, purpose, nonce, len(plain))
    hidden = _xor(plain, pad)
    return nonce + hmac.digest(mark_key, hidden, "sha256") + hidden


def unseal_bytes(key: str, purpose: str, sealed: bytes) -> bytes:
    """The plain bytes again. Raises `Unavailable` like `unseal`."""
    nonce, mark, hidden = (
        sealed[:NONCE_BYTES],
        sealed[NONCE_BYTES:][:_MARK_BYTES],
        sealed[NONCE_BYTES + _MARK_BYTES :],
    )
    pad, mark_key = _drawn(key, purpose, nonce, len(hidden))
    if not hmac.compare_digest(mark, hmac.digest(mark_key, hidden, "sha256")):
        raise Unavailable("what is sealed cannot be read: its key is another one", code="secret_not_readable")
    return _xor(hidden, pad)


def _xor(data: bytes, pad: bytes) -> bytes:
    return (int.from_bytes(data) ^ int.from_bytes(pad)).to_bytes(len(data))


def _drawn(key: str, purpose: str, nonce: bytes, length: int) -> tuple[bytes, bytes]:
    seed = hmac.digest(key.encode(), b"sealing\n" + purpose.encode() + b"\n" + nonce, "sha256")
    drawn = hashlib.shake_256(seed).digest(length + _MARK_BYTES)
    return drawn[:length], drawn[length:]
