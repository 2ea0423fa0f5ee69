"""Passwords: hashed with argon2id, made where none is given.

Owns the hasher's parameters. Hashing takes tens of milliseconds on purpose, so it happens before a transaction.
"""

import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

GENERATED_BYTES = 15


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()


def make() -> str:
    """A password of 120 random bits."""
    return secrets.token_urlsafe(GENERATED_BYTES)


def hashed(password: str) -> str:
    return _hasher().hash(password)


def matches(kept: str, password: str) -> bool:
    """Whether it is the password that was hashed. Takes as long for a wrong one."""
    try:
        return _hasher().verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with weaker parameters than today's and should be renewed at the next login."""
    return _hasher().check_needs_rehash(kept)
