"""The one byte sequence of a document, and its hash.

Owns the canonical form in the manner of RFC 8785: keys sorted by UTF-16 code units, no whitespace, UTF-8, shortest
escapes. Refuses what has no single text: floats, keys that are not strings, lone surrogates, anything beyond JSON.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical(document: Any) -> bytes:
    """The canonical bytes of a JSON value; tuples are arrays. Raises TypeError or ValueError for anything else."""
    text = json.dumps(_ordered(document), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")


def content_hash(document: Any) -> str:
    """`sha256:` and the hex digest of the canonical bytes."""
    return f"sha256:{hashlib.sha256(canonical(document)).hexdigest()}"


def _ordered(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("the keys of a document are strings")
        return {key: _ordered(value[key]) for key in sorted(value, key=_utf_16)}
    if isinstance(value, list | tuple):
        return [_ordered(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _utf_16(key: str) -> bytes:
    return key.encode("utf-16-be")
