import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from api import create_app
from tests.support.applications import SECRET, store_of

OPEN = {"/healthz", "/readyz", "/metrics"}
SIGNED = {"/hooks/{connection}"}
"""Paths whose requests prove themselves: no key, and repeated as often as the sender likes."""
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    url = f"sqlite:///{tmp_path_factory.mktemp('openapi')}/ledger.sqlite"
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
    yield app
    store_of(app).dispose()


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    found = app.test_client().get("/openapi.json").json
    assert isinstance(found, dict)
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert re.fullmatch(r"3\.1\.\d", document["openapi"])
    assert document["info"]["title"]
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for pointer in set(_references(document)):
        target: Any = document
        for part in pointer.removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        assert target, pointer


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for below in node.values():
            yield from _references(below)
    elif isinstance(node, list):
        for below in node:
            yield from _references(below)


def test_every_operation_is_told_in_full(document: dict[str, Any]) -> None:
    seen = set()
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["tags"], where
        assert operation["operationId"] not in seen, where
        seen.add(operation["operationId"])
        needed = {"503"} if path in OPEN | SIGNED else {"400", "401", "403", "429", "503"}
        if path in SIGNED:
            needed |= {"401", "413"}
        elif method != "get":
            needed |= {"409", "412", "413", "415", "422"}
        if "{" in path:
            needed |= {"404"}
        assert needed <= operation["responses"].keys(), where
        assert any(status.startswith("2") for status in operation["responses"]), where
        if path in OPEN | SIGNED:
            assert operation["security"] == [], where
        else:
            (needed_key,) = operation["security"]
            assert needed_key["key"], where


def test_every_path_parameter_is_declared(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        declared = {p["name"] for p in item.get("parameters", []) if p["in"] == "path"}
        assert set(re.findall(r"{(\w+)}", path)) == declared, path


def test_every_post_takes_an_idempotency_key(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if method == "post" and path not in SIGNED:
            references = [parameter.get("$ref") for parameter in operation["parameters"]]
            assert "#/components/parameters/IDEMPOTENCY_KEY" in references, path


def test_refusals_are_documented_as_problems_with_their_codes(document: dict[str, Any]) -> None:
    for name, response in document["components"]["responses"].items():
        assert list(response["content"]) == ["application/problem+json"], name
        problem, told = response["content"]["application/problem+json"]["schema"]["allOf"]
        assert problem["$ref"].endswith("/Problem")
        assert told["properties"]["code"]["enum"], name


def test_no_status_is_left_to_a_catch_all(document: dict[str, Any]) -> None:
    assert [path for path, _, operation in operations(document) if "default" in operation["responses"]] == []


def test_the_document_follows_the_specification(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_bodies_refuse_unknown_fields(document: dict[str, Any]) -> None:
    for _, _, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            reference = content["schema"].get("$ref", "")
            if reference:
                schema = document["components"]["schemas"][reference.rsplit("/", 1)[-1]]
                assert schema["additionalProperties"] is False, reference


def test_every_route_below_v1_is_documented(app: Flask, document: dict[str, Any]) -> None:
    routes = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()}
    assert {route for route in routes if route.startswith("/v1/")} <= document["paths"].keys()


def test_the_page_works_without_any_other_host(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'nonce-([\w-]+)'", policy)
    assert nonce is not None
    assert "unsafe-inline" not in policy.split("style-src")[0]
    scripts = re.findall(r"<script([^>]*)>", page.text)
    assert scripts
    assert all(f'nonce="{nonce.group(1)}"' in attributes for attributes in scripts)
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page.text)
    for link in re.findall(r"""(?:src|href)="(/[^"]+)\"""", page.text):
        with client.get(link) as answer:
            assert answer.status_code == 200, link
    assert client.get("/docs").headers["Content-Security-Policy"] != policy
