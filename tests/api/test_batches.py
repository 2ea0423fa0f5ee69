"""Many submissions in one request: as a list, and as a stream of lines without a limit."""

import json
from typing import Any

from freezegun import freeze_time

from api import ndjson
from tests.api.conftest import Caller
from tests.api.terms import agreed, body_of, submission

PATH = "/v1/appointments/batch"


def test_a_stream_of_lines_is_answered_line_by_line_and_once(
    client: Any, buyer: Caller, supplier: Caller, monkeypatch: Any
) -> None:
    monkeypatch.setattr(ndjson, "CHUNK", 2)
    with freeze_time("2026-10-05T09:00:00Z"):
        agreed(buyer, supplier)
        sent = [json.dumps(_numbered(number)).encode() for number in range(3)]
        lines = [*sent[:2], b"", b'{"a": 1, "a": 2}', b"\xff", sent[2], sent[0]]
        first = _stream(client, supplier, lines)
        assert first.status_code == 200
        results = [json.loads(line) for line in first.get_data().splitlines()]
        assert [result["index"] for result in results] == [0, 1, 2, 3, 4, 5]
        assert [result["status"] for result in results] == [201, 201, 400, 400, 201, 409]
        assert results[4]["appointment"]["reference"] == "N-2"
        assert _stream(client, supplier, lines).get_data() == first.get_data()
        assert _stream(client, supplier, sent[:1]).status_code == 422
        assert _stream(client, supplier, []).status_code == 400
        assert len(body_of(supplier("GET", "/v1/appointments"))["items"]) == 3


def test_only_a_supplier_streams(client: Any, buyer: Caller) -> None:
    assert _stream(client, buyer, [b"{}"]).status_code == 403


def _numbered(number: int) -> dict[str, Any]:
    one = submission(reference=f"N-{number}")
    return {**one, "prospect": {"name": "A prospect", "email": f"n{number}@example.com"}}


def _stream(client: Any, caller: Caller, lines: list[bytes]) -> Any:
    headers = {"Authorization": f"Bearer {caller.secret}", "Idempotency-Key": "stream"}
    return client.post(PATH, data=b"\n".join(lines), content_type=ndjson.MEDIA_TYPE, headers=headers)
