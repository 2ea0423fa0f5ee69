"""Request bodies as JSON, read once and strictly, before any schema sees them.

Refuses duplicate keys, NaN and infinities, numbers past 64 bits, nesting past `MAX_DEPTH`, invalid UTF-8, lone
surrogates and NUL (`Malformed`); other content types and encodings (`UnsupportedType`); bodies over the limit
(`TooLarge`). The fast path proves an ordinary body clean in one pass; whatever it cannot prove, the exact path
reads again and explains.
"""

import json
import re
from typing import Any, Final, NoReturn, Protocol

import orjson
from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from api.refusals import TooLarge, UnsupportedType
from ledger.domain.errors import Malformed

MAX_DEPTH: Final = 32
MAX_INTEGER: Final = 2**63 - 1
MIN_INTEGER: Final = -(2**63)
MAX_DIGITS: Final = 40
"""Characters of a number that has a point or an exponent."""

_CONTENT_TYPES: Final = frozenset({"application/json", "application/merge-patch+json"})
_UNPROVEN: Final = -1
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Reader(Protocol):
    """Turns a request's body into the value that its schema checks; None for an empty body where it is `optional`."""

    def __call__(self, request: Request, limit: int, /, *, optional: bool = False) -> Any: ...


def body_of(request: Request, limit: int) -> bytes:
    """The raw body, at most `limit` bytes. Compressed bodies are refused: nothing is inflated here."""
    refuse_encoded(request)
    # One more than allowed: a chunked body that goes past the limit is cut there, not refused.
    request.max_content_length = limit + 1
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raw = None
    if raw is None or len(raw) > limit:
        raise TooLarge(f"the body may have {limit} bytes at the most")
    return raw


def refuse_encoded(request: Request) -> None:
    """Raises `UnsupportedType` for a compressed body."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedType("send the body uncompressed", code="unsupported_encoding")


def read(request: Request, limit: int, *, optional: bool = False) -> Any:
    """The request's JSON value; None for an empty body where it is `optional`."""
    raw = body_of(request, limit)
    if optional and not raw:
        return None
    if request.mimetype not in _CONTENT_TYPES:
        raise UnsupportedType("send the body as application/json")
    if not raw:
        raise Malformed.at("", "a JSON body is needed")
    return loads(raw)


def loads(raw: bytes) -> Any:
    """One JSON text in UTF-8. Raises `Malformed` with what is wrong."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _exact(raw)
    # Every quote is structural where none is escaped, so a duplicate key shows as two quotes too many.
    if b'\\"' in raw or b"\\u0000" in raw or raw.count(b'"') != 2 * _strings(value, 1):
        return _exact(raw)
    return value


def _strings(value: Any, depth: int) -> int:
    """How many keys and strings the value holds; negative where something in it needs the exact path."""
    kind = type(value)
    if kind is str:
        return 1
    if kind is dict:
        children = value.values()
        count: int = len(value)
    elif kind is list:
        children = value
        count = 0
    elif kind is int:
        return 0 if MIN_INTEGER <= value <= MAX_INTEGER else _UNPROVEN
    else:
        return _UNPROVEN if kind is float else 0
    if depth > MAX_DEPTH:
        return _UNPROVEN
    for child in children:
        if type(child) is str:
            count += 1
        else:
            inside = _strings(child, depth + 1)
            if inside < 0:
                return _UNPROVEN
            count += inside
    return count


def _exact(raw: bytes) -> Any:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"byte {error.start} is not UTF-8") from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_too_deep(text):
        raise _malformed(f"it is nested deeper than {MAX_DEPTH} levels")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise _malformed(f"{error.msg} (line {error.lineno}, column {error.colno})") from None
    if "\\u" in text:
        _check_strings(value)
    return value


def _is_too_deep(text: str) -> bool:
    """Whether brackets outside strings nest past the limit; an unclosed string ends the look."""
    depth = 0
    for token in _TOKENS.finditer(text):
        sign = token.group()[0]
        if sign in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif sign in "]}":
            depth -= 1
    return False


_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|$)|[\[{\]}]', re.DOTALL)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # None is the point
        raise _malformed(f"the key {twice!r} appears twice in one object")
    return found


def _integer(digits: str) -> int:
    if len(digits) <= 20:
        value = int(digits)
        if MIN_INTEGER <= value <= MAX_INTEGER:
            return value
    raise _malformed("a whole number does not fit into 64 bits")


def _float(text: str) -> float:
    if len(text) <= MAX_DIGITS:
        value = float(text)
        if value not in (float("inf"), float("-inf")):
            return value
    raise _malformed("a number does not fit into 64 bits")


def _constant(name: str) -> NoReturn:
    raise _malformed(f"{name} is not a JSON number")


def _check_strings(value: Any) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        if type(item) is str:
            if "\0" in item:
                raise _malformed("a string contains the character NUL")
            if _LONE_SURROGATE.search(item):
                raise _malformed("a string contains half of a surrogate pair")
        elif type(item) is dict:
            pending += item.keys()
            pending += item.values()
        elif type(item) is list:
            pending += item


def _malformed(detail: str) -> Malformed:
    return Malformed.at("", detail)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
