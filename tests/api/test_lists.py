"""Lists narrowed and expanded, resources that need not be sent twice, and keys that tell when they were used."""

from typing import Any

import pytest
from freezegun import freeze_time

from tests.api.conftest import Caller
from tests.api.terms import SLUG, agreed, body_of, submission


@pytest.fixture(autouse=True)
def monday() -> Any:
    with freeze_time("2026-10-05T09:00:00Z") as frozen:
        yield frozen


def names(caller: Caller, path: str, name: str) -> list[Any]:
    return [item[name] for item in body_of(caller("GET", path))["items"]]


def test_lists_are_narrowed_by_what_they_hold(admin: Caller, buyer: Caller, supplier: Caller) -> None:
    agreement = agreed(buyer, supplier)
    assert names(admin, "/v1/organisations?kind=buyer", "slug") == ["north-bank"]
    assert names(admin, "/v1/organisations?q=NORTH", "slug") == ["north-bank"]
    assert names(admin, "/v1/organisations?q=%25", "slug") == []
    assert names(admin, "/v1/keys?role=buyer", "organisation") == ["north-bank"]
    assert names(admin, "/v1/keys?organisation=acme-calls", "role") == ["supplier"]
    assert names(buyer, "/v1/definitions?q=finance&buyer=north-bank", "slug") == [SLUG]
    assert names(supplier, f"/v1/agreements?buyer=north-bank&definition={SLUG}", "id") == [agreement]
    assert names(supplier, "/v1/agreements?supplier=best-leads", "id") == []
    body_of(supplier("POST", "/v1/appointments", submission(channel="carrier-pigeon")), 422)
    assert names(buyer, "/v1/intake-refusals?q=s-10&supplier=acme-calls", "reference") == ["S-1001"]
    assert names(buyer, "/v1/intake-refusals?to=2026-10-05T09:00:00Z", "reference") == []
    for path in ("users?q=a", "connections?q=a", "billing-runs?period=2026-09&state=done", "downloads?q=a"):
        assert names(admin, f"/v1/{path}", "id") == []
    assert body_of(admin("GET", "/v1/invoices?q=NORTH"))["items"] == []
    assert body_of(buyer("GET", "/v1/suppressions?kind=email"))["items"] == []
    body_of(admin("GET", "/v1/organisations?colour=blue"), 400)


def test_an_appointment_comes_with_what_was_asked_for(buyer: Caller, supplier: Caller) -> None:
    agreed(buyer, supplier)
    one = body_of(supplier("POST", "/v1/appointments", submission()), 201)
    path = f"/v1/appointments/{one['id']}"
    plain = supplier("GET", path)
    assert not {"events", "lines"} & body_of(plain).keys()
    full = body_of(supplier("GET", f"{path}?expand=events,lines,prospect"))
    assert full["events"] == body_of(supplier("GET", f"{path}/events"))["items"]
    assert full["lines"] == []
    (listed,) = body_of(buyer("GET", "/v1/appointments?expand=events"))["items"]
    assert listed == {key: value for key, value in full.items() if key not in ("lines", "calendar")}
    body_of(supplier("GET", f"{path}?expand=secrets"), 400)
    assert names(supplier, f"/v1/appointments?definition=north-bank:{SLUG}", "id") == [one["id"]]
    assert names(supplier, f"/v1/appointments?definition=south-bank:{SLUG}", "id") == []


def test_what_has_not_changed_is_not_sent_twice(buyer: Caller, supplier: Caller) -> None:
    agreed(buyer, supplier)
    one = body_of(supplier("POST", "/v1/appointments", submission()), 201)
    for path in (f"/v1/appointments/{one['id']}", f"/v1/appointments/{one['id']}/events"):
        tag = supplier("GET", path).headers["ETag"]
        again = supplier("GET", path, headers={"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")
    weak = {"If-Match": supplier("GET", f"/v1/appointments/{one['id']}/events").headers["ETag"]}
    cancelled = {"by": "supplier", "reason": None}
    body_of(supplier("POST", f"/v1/appointments/{one['id']}/cancel", cancelled, headers=weak), 412)
    for tag, status in (('"1-0123456789abcdef"', 412), ("*", 201)):
        body_of(supplier("POST", "/v1/keys", {"role": "supplier"}, headers={"If-Match": tag}), status)


def test_a_key_tells_to_the_hour_when_it_was_used_last(supplier: Caller, monday: Any) -> None:
    def used() -> list[Any]:
        return names(supplier, "/v1/keys", "last_used_at")

    assert used() == [None]
    assert used() == ["2026-10-05T09:00:00Z"]
    monday.move_to("2026-10-05T09:59:59Z")
    assert used() == used() == ["2026-10-05T09:00:00Z"]
    monday.move_to("2026-10-05T10:00:00Z")
    body_of(supplier("POST", "/v1/activity", {"items": [{"day": "2026-10-05", "dials": 1, "conversations": 0}]}))
    assert used() == ["2026-10-05T10:00:00Z"]
