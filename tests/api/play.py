"""What is played in a sandbox with the keys of both sides."""

from datetime import datetime, timedelta
from typing import Any

from tests.api.conftest import Caller
from tests.api.terms import body_of

CLOCK = "/v1/sandbox/clock"


def booked(sandbox: dict[str, Any], supplier: Caller, reference: str, *, days: int = 1) -> dict[str, Any]:
    """An appointment some days ahead of when the sandbox was opened."""
    start = datetime.fromisoformat(sandbox["now"]) + timedelta(days=days)
    body = {
        "definition": sandbox["definition"],
        "reference": reference,
        "slot": {"starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=30)).isoformat()},
        "prospect": {"name": "Ada Byron", "email": f"{reference}@engine.example", "region": "GB"},
        "channel": "outbound",
        "facts": {"employees": 42, "title": "CFO"},
    }
    taken: dict[str, Any] = body_of(supplier("POST", "/v1/appointments", body), 201)
    return taken


def contested(sandbox: dict[str, Any], supplier: Caller, buyer: Caller) -> str:
    """A no-show that the supplier disputes and the buyer stands by; the id of the dispute, which the arbiter has."""
    appointment = booked(sandbox, supplier, "t-1")
    path = f"/v1/appointments/{appointment['id']}"
    body_of(supplier("POST", CLOCK, {"to": appointment["schedule"]["slots"][0]["ends_at"]}))
    body_of(buyer("POST", f"{path}/findings", {"attendance": "prospect_no_show"}))
    claim = {"reason": "attended_after_all", "claim": {"attendance": "attended"}, "message": "They talked."}
    opened = body_of(supplier("POST", f"{path}/disputes", claim), 201)
    replied = body_of(buyer("POST", f"/v1/disputes/{opened['id']}/reply", {"position": "contest"}))
    return str(replied["id"])
