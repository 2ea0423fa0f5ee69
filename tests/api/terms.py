"""A buyer and a supplier who came to terms, for tests of the resources: callers in, callers and ids out."""

from collections.abc import Mapping
from typing import Any

from tests.domain.documents import agreement_document, definition_document

SLUG = "uk-finance-review"


def body_of(answer: Any, status: int = 200) -> Any:
    """The answer's JSON, once its status is as it should be."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_json()


def drafted(buyer: Any, **changes: Any) -> dict[str, Any]:
    """A definition with its first draft."""
    definition: dict[str, Any] = body_of(buyer("POST", "/v1/definitions", definition_document(**changes)), 201)
    return definition


def published(buyer: Any, *, effective_from: str | None = None, **changes: Any) -> dict[str, Any]:
    """The next version, drafted and published."""
    document = definition_document(**changes)
    slug = document["slug"]
    if buyer("GET", f"/v1/definitions/{slug}").status_code == 404:
        body_of(buyer("POST", "/v1/definitions", document), 201)
    else:
        body_of(buyer("PUT", f"/v1/definitions/{slug}/draft", document))
    when = {} if effective_from is None else {"effective_from": effective_from}
    version: dict[str, Any] = body_of(buyer("POST", f"/v1/definitions/{slug}/publish", when))
    return version


def proposed(buyer: Any, supplier: str = "acme-calls", **changes: Any) -> str:
    """An agreement that nobody has accepted yet; its id."""
    body = {**agreement_document(**changes), "supplier": supplier}
    return str(body_of(buyer("POST", "/v1/agreements", body), 201)["id"])


def accepted(caller: Any, agreement_id: str, version: int = 1, **more: Any) -> dict[str, Any]:
    agreement: dict[str, Any] = body_of(
        caller("POST", f"/v1/agreements/{agreement_id}/accept", {"version": version, **more})
    )
    return agreement


def agreed(buyer: Any, supplier: Any) -> str:
    """An agreement on a published definition, accepted by both sides."""
    published(buyer)
    agreement_id = proposed(buyer)
    accepted(buyer, agreement_id)
    accepted(supplier, agreement_id)
    return agreement_id


def submission(**changes: Any) -> Mapping[str, Any]:
    """A submission that the definition takes, three days ahead of a frozen Monday 5 October 2026."""
    body: dict[str, Any] = {
        "definition": SLUG,
        "reference": "S-1001",
        "slot": {"starts_at": "2026-10-08T10:00:00Z", "ends_at": "2026-10-08T10:30:00Z"},
        "prospect": {"name": "Ada Byron", "email": "ada@engine.example", "region": "GB"},
        "channel": "outbound",
        "lead_created_at": "2026-10-01T09:00:00Z",
        "facts": {"employees": 42, "title": "CFO", "owner": True},
        "consent": {"basis": "opt_in", "captured_at": "2026-10-01T09:00:00Z", "reference": "c-1"},
    }
    return body | changes
