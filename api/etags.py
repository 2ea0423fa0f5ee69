"""Versions on the wire: the `ETag` of a resource and what `If-Match` asks of a command.

A tag is the row's version and a digest of the bytes: commands compare the version alone, caches the whole, since
time alone can change what a row looks like (its stage) without changing its version. What has no version of its own
gets a weak tag of its bytes, for caches alone: no command matches it.
"""

import hashlib
import re
from typing import Final

from flask import Request

from ledger.domain.errors import Malformed, VersionMismatch

NO_VERSION: Final = -1
"""What a tag of somebody else's making asks for: no row has it."""

_TAG: Final = re.compile(r'(?:W/)?"(?P<version>[0-9]{1,9})-[0-9a-f]{16}"')
_WEAK: Final = re.compile(r'W/"[0-9a-f]{16}"')
_FOREIGN: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')


def tag(version: int, body: bytes) -> str:
    """The ETag's value without quotes."""
    return f"{version}-{_digest(body)}"


def weak(body: bytes) -> str:
    """The whole ETag of what has no version."""
    return f'W/"{_digest(body)}"'


def version_of(*said: object) -> int:
    """A number that changes with what is said: the version of what has no counter of its own."""
    return int.from_bytes(hashlib.sha256(repr(said).encode()).digest()[:8]) % 10**9


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=8).hexdigest()


def expected_version(request: Request) -> int | None:
    """The version that `If-Match` names; None where it names none or any. Raises `Malformed`."""
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    if found := _TAG.fullmatch(given.strip()):
        return int(found["version"])
    if _WEAK.fullmatch(given.strip()):
        raise VersionMismatch("a weak entity tag matches no version")
    if _FOREIGN.fullmatch(given.strip()):
        return NO_VERSION
    raise Malformed((), "If-Match takes one entity tag as it came in ETag, or *", code="malformed_if_match")
