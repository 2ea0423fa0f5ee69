"""schemathesis over a whole application in process: every operation, with keys that may use it and objects that exist.

Owns what is looked for: no 5xx, no status, header, media type or body that the document does not promise, nothing
accepted that it forbids. Whatever is found is told with the request that shows it.
"""

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.specs.openapi.schemas import OpenApiSchema

from tests.api.scene import Scene

PHASES = ("examples", "coverage", "fuzzing", "stateful")
CHECKS: dict[str, Any] = {
    "enabled": True,
    # Its own request goes out with an option that no application in process takes; tests/api/test_tenancy.py does it.
    "ignored_auth": {"enabled": False},
    # Another version (412) or too many bytes (413) may be told before anybody looks at the body.
    "negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429]},
    # A body that follows the schema may still break a rule (422), be over the limit or come too late.
    "positive_data_acceptance": {"enabled": False},
}


def configuration(scene: Scene, *, seed: int, examples: int, deterministic: bool, phases: tuple[str, ...]) -> Any:
    """How to look, and the scene's objects as values of the parameters that name them."""
    known = {name: {"values": [*values]} for name, values in named(scene).items()}
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "suppress-health-check": ["all"],
            "dictionaries": known,
            "parameters": {f"path.{name}": {"dictionary": name, "probability": 0.85} for name in known},
            "generation": {"max-examples": examples, "deterministic": deterministic, "with-security-parameters": False},
            "checks": CHECKS,
            "phases": {name: {"enabled": name in phases} for name in PHASES},
            "continue-on-failure": True,
        }
    )


def named(scene: Scene) -> Mapping[str, list[str]]:
    """Values of path parameters: ids of what there is."""
    ids = scene.ids
    return {
        "appointment_id": [ids[name] for name in ("booked", "awaiting", "contestable", "disputed", "billed")],
        "dispute_id": [ids["dispute"], ids["arbitration"]],
        "document_id": [ids["document"], ids["statement"]],
        "reference": ["north-bank", "acme-calls", ids["north-bank"], "finance-review", "branch-visit", "west-review"],
        "agreement_id": [ids["agreement"], ids["visits"]],
        "number": ["1", "2"],
        "key_id": [ids["buyer_key"], ids["supplier_key"]],
        "payment_id": [ids["payment"]],
        "credit_id": [ids["credit"]],
        "account_id": [ids["account"]],
        "connection": ["acme-room", ids["connection"]],
        "delivery_id": [ids["delivery"]],
        "evidence_id": [ids["evidence"]],
        "run_id": [ids["billing_run"]],
        "line_id": [ids["bank_line"]],
        "file_id": [ids["payment_file"]],
    }


def schema_of(scene: Scene, config: Any) -> OpenApiSchema:
    """The application's document, its requests signed by somebody who may make them: the same request by the same."""
    scene.app.config["PROPAGATE_EXCEPTIONS"] = False
    schema = schemathesis.openapi.from_wsgi("/openapi.json", scene.app, config=config)

    @schema.auth(refresh_interval=None)
    class Keys:
        def get(self, case: Any, context: Any) -> str:
            (needed,) = context.operation.definition.raw.get("security") or [{}]
            who = [name for name in scene.callers if name.removeprefix("other_") in needed.get("key", [])]
            return scene.callers[who[zlib.crc32(repr(case.body).encode()) % len(who)]].secret if who else ""

        def set(self, case: Any, data: str, context: Any) -> None:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}

    return schema


def faults(schema: OpenApiSchema) -> Iterator[str]:
    """Everything that was found, told once per operation and kind."""
    seen = set()
    for event in from_schema(schema).execute():
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            yield f"error in {event.label}: {event.value!r}"
        if not isinstance(event, events.ScenarioFinished):
            continue
        for check in (each for checks in event.recorder.checks.values() for each in checks):
            if check.failure_info is not None:
                failure = check.failure_info.failure
                if (failure.operation, failure.title) not in seen:
                    seen.add((failure.operation, failure.title))
                    yield f"{failure.title} [{failure.operation}]\n{failure.message}\n{check.failure_info.code_sample}"
