import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import strict_json
from api.strict_json import loads
from ledger.domain.errors import Malformed

ORDINARY = [
    b"{}",
    b"[]",
    b'"text"',
    b"null",
    b'{"a": [1, 2.5, true, null, "x"], "b": {"a": "a"}}',
    b'{"a":"\\u00e9","b":"\\"quoted\\"","c":":\\\\"}',
    '{"größe": "naïve 😀"}'.encode(),
    b'"\\ud83d\\ude00"',
    b'" \\\\u0000 "',
    b"9223372036854775807",
    b"-9223372036854775808",
    b"[" * strict_json.MAX_DEPTH + b"]" * strict_json.MAX_DEPTH,
    b'["' + b"[" * 100 + b'"]',
]


@pytest.mark.parametrize("raw", ORDINARY)
def test_what_is_in_order_is_read_as_python_reads_it(raw: bytes) -> None:
    assert loads(raw) == json.loads(raw)


REFUSED = {
    "a duplicate key": b'{"a": 1, "a": 2}',
    "a duplicate key, one of them escaped": b'{"a": 1, "\\u0061": 2}',
    "a duplicate key deep inside": b'[{"x": {"k": [], "k" : []}}]',
    "a duplicate key beside an escaped quote": b'{"a": "\\"", "a": "\\""}',
    "NaN": b'{"a": NaN}',
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "an overflowing exponent": b"[1e999]",
    "a negative overflowing exponent": b"[-1e999]",
    "a number past 64 bits": b"[9223372036854775808]",
    "a negative number past 64 bits": b"[-9223372036854775809]",
    "a number past unsigned 64 bits": b"[18446744073709551616]",
    "five thousand digits": b"[" + b"9" * 5000 + b"]",
    "five thousand digits after the point": b"[0." + b"9" * 5000 + b"]",
    "too deep": b"[" * 33 + b"]" * 33,
    "far too deep": b"[" * 500_000,
    "far too deep objects": b'{"a":' * 100_000,
    "invalid UTF-8": b'"\xff"',
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "a lone surrogate": b'"\\ud800"',
    "a lone surrogate in a key": b'{"\\udc00": 1}',
    "NUL": b'"a\\u0000b"',
    "NUL in a key": b'{"\\u0000": 1}',
    "a raw control character": b'"a\nb"',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "two values": b"{} {}",
    "a trailing comma": b"[1,]",
    "a comment": b"[1] // one",
    "single quotes": b"{'a': 1}",
    "a leading zero": b"[01]",
    "a bare point": b"[1.]",
    "nothing": b"",
    "white space": b"  ",
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_in_order_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        loads(raw)


def test_a_refused_body_is_400_with_a_pointer(sqlite_admin: Any) -> None:
    for raw in REFUSED.values():
        answer = _post(sqlite_admin, raw, **{"Content-Type": "application/json"})
        assert answer.status_code == 400, raw[:40]
        assert answer.json["code"] == "malformed"
        assert answer.json["errors"][0]["pointer"] == ""


JSON_TEXTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=3), below, max_size=4),
    max_leaves=12,
)


@given(JSON_TEXTS, st.booleans(), st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")]))
def test_the_fast_path_accepts_only_what_the_exact_path_accepts(
    value: Any, escaped: bool, separators: tuple[str, str]
) -> None:
    try:
        raw = json.dumps(value, ensure_ascii=escaped, separators=separators).encode()
    except UnicodeEncodeError:
        return
    _agree(raw)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", '"', "\\", ":", '":']), st.text(max_size=3)), max_size=4))
def test_the_fast_path_sees_every_duplicate_key(pairs: list[tuple[str, str]]) -> None:
    inside = ",".join(f"{json.dumps(key)}:{json.dumps(value, ensure_ascii=False)}" for key, value in pairs)
    try:
        raw = f"{{{inside}}}".encode()
    except UnicodeEncodeError:
        return
    if len({key for key, _ in pairs}) < len(pairs):
        with pytest.raises(Malformed):
            loads(raw)
    else:
        _agree(raw)


@given(st.binary(max_size=40))
def test_noise_never_breaks_the_parser(raw: bytes) -> None:
    _agree(raw)


def _agree(raw: bytes) -> None:
    assert _outcome(loads, raw) == _outcome(strict_json._exact, raw)


def _outcome(parse: Callable[[bytes], Any], raw: bytes) -> str:
    try:
        return repr(parse(raw))
    except Malformed:
        return "refused"


def _post(admin: Any, data: bytes, **headers: str) -> Any:
    return admin.client.post(
        "/v1/organisations", data=data, headers={"Authorization": f"Bearer {admin.secret}", **headers}
    )


def test_a_body_over_the_limit_is_413(sqlite_admin: Any) -> None:
    answer = _post(sqlite_admin, b'"' + b"x" * 1024 * 1024 + b'"', **{"Content-Type": "application/json"})
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


@pytest.mark.parametrize("beyond", [1, 2, 70_000])
def test_a_body_of_unknown_length_is_not_cut_at_the_limit(sqlite_admin: Any, beyond: int) -> None:
    whole = b'{"role": "admin"}'.ljust(1024 * 1024 + beyond)
    answer = sqlite_admin.client.post(
        "/v1/keys",
        input_stream=BytesIO(whole),
        content_type="application/json",
        headers={"Authorization": f"Bearer {sqlite_admin.secret}", "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_another_content_type_is_415(sqlite_admin: Any, kind: str | None) -> None:
    answer = _post(sqlite_admin, b"{}", **({"Content-Type": kind} if kind else {}))
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_a_compressed_body_is_never_inflated(sqlite_admin: Any, encoding: str) -> None:
    answer = _post(
        sqlite_admin, b"\x1f\x8b" + b"0" * 100, **{"Content-Type": "application/json", "Content-Encoding": encoding}
    )
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_encoding")


def test_a_wrong_body_is_told_only_to_who_may_ask(client: Any, supplier: Any) -> None:
    anonymous = client.post("/v1/organisations", data=b"{", content_type="application/json")
    assert anonymous.status_code == 401
    assert "errors" not in anonymous.json
    wrong_role = _post(supplier, b"{", **{"Content-Type": "application/json"})
    assert wrong_role.status_code == 403
