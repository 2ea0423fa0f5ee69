"""A prospect submitted anew after his no-show, over HTTP: the first appointment with another slot, not a second one."""

from freezegun import freeze_time

from tests.api.conftest import Caller
from tests.api.terms import agreed, body_of, submission

PATH = "/v1/appointments"
AGAIN = {"starts_at": "2026-10-14T10:00:00Z", "ends_at": "2026-10-14T10:30:00Z"}


def test_a_prospect_submitted_anew_is_answered_with_the_first_appointment(buyer: Caller, supplier: Caller) -> None:
    with freeze_time("2026-10-05T09:00:00Z") as clock:
        agreed(buyer, supplier)
        first = body_of(supplier("POST", PATH, submission()), 201)
        clock.move_to("2026-10-08T10:20:00Z")
        attempt = {"kind": "contact_attempt", "occurred_at": "2026-10-08T10:10:00Z", "content": "called"}
        for _ in range(2):
            body_of(buyer("POST", f"{PATH}/{first['id']}/evidence", attempt), 201)
        body_of(buyer("POST", f"{PATH}/{first['id']}/findings", {"attendance": "prospect_no_show"}))
        anew = submission(reference="S-1002", slot=AGAIN)
        answer = supplier("POST", PATH, anew, key="again")
        shown = body_of(answer)
        assert (shown["id"], shown["reference"], shown["stage"]) == (first["id"], "S-1001", "booked")
        assert [slot["starts_at"] for slot in shown["schedule"]["slots"]] == [
            "2026-10-08T10:00:00Z",
            AGAIN["starts_at"],
        ]
        assert answer.headers["Location"].endswith(first["id"])
        assert body_of(supplier("POST", PATH, anew, key="again")) == shown
        (item,) = body_of(supplier("POST", f"{PATH}/batch", {"items": [anew]}))["items"]
        assert (item["status"], item["problem"]["code"]) == (409, "duplicate_reference")
        assert first["id"] in str(item["problem"])
        (listed,) = body_of(supplier("GET", f"{PATH}?q=S-1002"))["items"]
        assert listed["id"] == first["id"]
