import re
from typing import Any

import pytest

from tests.api.conftest import Caller


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/v1/organisations", "/openapi.json"])
def test_every_answer_has_a_request_id_and_is_not_sniffed(client: Any, path: str) -> None:
    answer = client.get(path)
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-Id"])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("given", "kept"), [("abc-1.2_3", True), ("x" * 129, False), ("a b", False), ("a<b>", False)])
def test_a_harmless_request_id_of_the_callers_is_kept(client: Any, given: str, kept: bool) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": given})
    assert (answer.headers["X-Request-Id"] == given) is kept


def test_answers_with_personal_data_are_not_cached(admin: Caller) -> None:
    assert admin("GET", "/v1/users").headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("new_app")
def test_metrics_count_by_route_and_never_by_path(admin: Caller) -> None:
    admin("GET", "/v1/organisations/somebody-in-particular")
    admin("GET", "/v1/no/such/path/either")
    shown = admin.client.get("/metrics")
    assert shown.content_type.startswith("text/plain")
    assert 'route="/v1/organisations/<reference>",status="404"} 1.0' in shown.text
    assert "somebody-in-particular" not in shown.text
    assert "no/such" not in shown.text


def test_a_healthy_and_migrated_installation_is_ready(client: Any) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json == {"status": "ready"}
