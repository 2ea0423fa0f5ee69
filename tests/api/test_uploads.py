from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from marshmallow import fields as plain

from api import fields, uploads
from api.auth import ADMIN
from api.endpoints import Resource
from api.schemas import Strict
from api.units import Answer, Command
from api.uploads import Upload
from tests.api.conftest import Caller

Send = Callable[..., Any]


class ExhibitBody(Strict):
    """Something with a file."""

    kind = fields.Text(required=True)
    content = plain.Raw(required=True)


@pytest.fixture
def send(new_app: Flask, admin: Caller) -> Send:
    blueprint = Resource("exhibits", description="For tests.")

    @blueprint.command(
        "/exhibits", roles={ADMIN}, takes=ExhibitBody, status=201, limit=100_000, reads=uploads.json_or_form
    )
    def add_exhibit(command: Command) -> Answer:
        """Say what came."""
        content = command.body["content"]
        if not isinstance(content, Upload):
            return Answer({"json": content})
        return Answer({"name": content.file_name, "type": content.media_type, "size": len(content.content)})

    new_app.register_blueprint(blueprint)

    def post(data: Any, key: str | None = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {admin.secret}", **headers}
        if key is not None:
            sent["Idempotency-Key"] = key
        return admin.client.post("/v1/exhibits", data=data, content_type="multipart/form-data", headers=sent)

    return post


def photo(content: bytes = b"\x89PNG\x00\xff", name: str = "a.png") -> tuple[BytesIO, str, str]:
    return BytesIO(content), name, "image/png"


def test_json_and_a_form_with_a_file_are_both_taken(send: Send, admin: Caller) -> None:
    assert admin("POST", "/v1/exhibits", {"kind": "note", "content": {"a": 1}}).json == {"json": {"a": 1}}
    for name in ("file", "content"):
        answer = send({"kind": "photo", name: photo()})
        assert (answer.status_code, answer.json) == (201, {"name": "a.png", "type": "image/png", "size": 6})
    assert send({"kind": "note", "content": "in words"}).json == {"json": "in words"}


def test_the_same_file_again_is_the_same_command_and_another_is_not(send: Send) -> None:
    first = send({"kind": "photo", "file": photo()}, key="one")
    assert send({"kind": "photo", "file": photo()}, key="one").data == first.data
    assert first.status_code == 201
    assert send({"kind": "photo", "file": photo(b"other!")}, key="one").status_code == 422


def test_a_form_is_as_strict_as_json(send: Send) -> None:
    for data in (
        {"kind": "photo"},
        {"kind": "photo", "file": photo(), "content": "both"},
        {"kind": "photo", "file": photo(), "more": photo()},
        {"kind": ["photo", "again"], "file": photo()},
        {"kind": "photo", "file": [photo(), photo()]},
        {"kind": "photo", "file": photo(), "price": "1"},
        {"kind": "a\0b", "file": photo()},
    ):
        answer = send(data)
        assert (answer.status_code, answer.json["code"]) == (400, "malformed"), data


def test_a_form_over_a_limit_is_413(send: Send) -> None:
    assert send({"kind": "photo", "file": photo(b"x" * 100_001)}).status_code == 413
    assert send({"kind": "x" * 70_000, "file": photo()}).status_code == 413
    assert send({f"part-{number}": "x" for number in range(25)}).status_code == 413


def test_a_compressed_form_is_never_inflated(send: Send) -> None:
    assert send({"kind": "photo", "file": photo()}, **{"Content-Encoding": "gzip"}).status_code == 415


def test_without_being_asked_for_forms_are_not_taken(send: Send, admin: Caller) -> None:
    answer = admin.client.post("/v1/keys", data={"role": "admin"}, headers={"Authorization": f"Bearer {admin.secret}"})
    assert answer.status_code == 415
