"""Files as evidence: kept byte for byte, handed out as downloads, refused when too large."""

import hashlib
import io
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.acceptance.test_a_month import House, house, submit

__all__ = ["house"]


@pytest.fixture
def identity(house: House) -> str:
    return submit(house, 1, 5)


def upload(house: House, identity: str, content: bytes, **changes: Any) -> TestResponse:
    fields = {"kind": "screenshot", "occurred_at": "2026-10-01T07:00:00Z", "file": (io.BytesIO(content), "a.html")}
    return house.client.post(
        f"/v1/appointments/{identity}/evidence",
        data={**fields, **changes},
        headers={"Authorization": f"Bearer {house.keys['supplier']}"},
        content_type="multipart/form-data",
    )


def downloads(house: House, role: str) -> list[dict[str, Any]]:
    found = house.client.get("/v1/downloads", headers={"Authorization": f"Bearer {house.keys[role]}"}).json or {}
    return list(found["items"])


def test_a_file_is_kept_as_it_came_and_never_shown_as_a_page(house: House, identity: str) -> None:
    content = b"<script>alert(1)</script>"
    kept = upload(house, identity, content)
    assert kept.status_code == 201, kept.text
    found = kept.json or {}
    assert (found["grade"], found["sha256"], found["file_name"]) == ("C", hashlib.sha256(content).hexdigest(), "a.html")
    path = f"/v1/appointments/{identity}/evidence/{found['id']}/content"
    sent = house.client.get(path, headers={"Authorization": f"Bearer {house.keys['buyer']}"})
    assert sent.data == content
    assert sent.mimetype == "application/octet-stream"
    assert sent.headers["Content-Disposition"].startswith("attachment")
    assert [entry["path"] for entry in downloads(house, "buyer")] == [path]
    assert downloads(house, "buyer")[0]["sha256"] == found["sha256"]
    assert downloads(house, "supplier") == [], "what one side took away is not the other's to know"
    assert sent.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_over_ten_mebibytes_is_too_large(house: House, identity: str) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    answer = house.client.post(
        f"/v1/appointments/{identity}/evidence",
        data=head + b"x" * (10 * 1024 * 1024 + 70_000) + b"\r\n--b--\r\n",
        headers={"Authorization": f"Bearer {house.keys['supplier']}"},
        content_type="multipart/form-data; boundary=b",
    )
    assert answer.status_code == 413
    assert house.call("buyer", "GET", f"/v1/appointments/{identity}/evidence")["items"] == []


def test_evidence_of_the_future_is_refused(house: House, identity: str) -> None:
    answer = upload(house, identity, b"x", occurred_at="2027-01-01T00:00:00Z")
    assert (answer.status_code, (answer.json or {})["code"]) == (422, "in_the_future")
