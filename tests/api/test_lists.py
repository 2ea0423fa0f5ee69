"""Lists narrowed and expanded, resources that need not be sent twice, and keys that tell when they were used."""

import re
from typing import Any

import orjson
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


def test_a_list_writes_an_appointment_as_it_is_on_its_own(
    admin: Caller, buyer: Caller, supplier: Caller, monday: Any
) -> None:
    """Byte for byte, narrowed or not, for every reader; whatever its state, and whoever is not known or was erased."""
    agreed(buyer, supplier)
    company = {"name": "Käse & “Söhne”", "domain": None, "number": "01"}
    nobody = {"name": None, "email": "a@b.example", "phone": None, "company": None, "region": "GB"}
    local = {"starts_at": "2026-10-08T12:00:00.000001+02:00", "ends_at": "2026-10-08T12:30:00.5+02:00"}
    consent = {"basis": "opt_in", "captured_at": "2026-10-01T09:00:00.25+02:00", "reference": None}
    bodies = [
        submission(reference="erased"),
        submission(reference="attended", prospect=nobody, slot=local, source="straße"),
        submission(reference="no-show", prospect={**nobody, "email": "c@d.example", "company": company}),
        submission(reference="due", prospect={**nobody, "email": "e@f.example"}, consent=consent),
        submission(reference="cancelled", prospect={**nobody, "email": "g@h.example", "name": "山田"}),
    ]
    ids = [body_of(supplier("POST", "/v1/appointments", body), 201)["id"] for body in bodies]
    body_of(supplier("POST", f"/v1/appointments/{ids[4]}/cancel", {"by": "supplier", "reason": "ill"}))
    monday.move_to("2026-10-08T10:45:00.000123Z")
    refuted = [{"id": "role", "finding": "refuted", "note": "no"}]
    found = {"attendance": "attended", "minutes": 30, "criteria": refuted, "note": None}
    body_of(buyer("POST", f"/v1/appointments/{ids[1]}/findings", found))
    body_of(buyer("POST", f"/v1/appointments/{ids[2]}/findings", {"attendance": "supplier_fault", "criteria": []}))
    body_of(admin("POST", "/v1/prospects/erase", {"appointment": ids[0]}))
    for at in ("2026-10-08T11:00:00Z", "2027-01-08T11:00:00Z"):
        monday.move_to(at)
        for caller in (admin, buyer, supplier):
            alone = [orjson.loads(caller("GET", f"/v1/appointments/{each}").data) for each in reversed(ids)]
            wanted = orjson.dumps([{key: one[key] for key in one if key != "calendar"} for one in alone])
            for narrowed in ("", "&from=2026-01-01T00:00:00Z"):
                listed = caller("GET", f"/v1/appointments?limit=50{narrowed}").data
                assert listed == b'{"items":' + wanted + b',"next_cursor":null}'
                first = orjson.loads(caller("GET", f"/v1/appointments?limit=2{narrowed}").data)
                rest = caller("GET", f"/v1/appointments?limit=50{narrowed}&cursor={first['next_cursor']}").data
                assert (
                    orjson.dumps(first["items"])[:-1] + b"," + rest[len('{"items":[') :] == listed[len('{"items":') :]
                )
            instants = re.findall(rb'"2026-1[^"]*"', wanted)
            assert all(re.fullmatch(rb'"[-0-9]{10}T[0-9:]{8}(\.\d{6})?Z"|"2026-10"', each) for each in instants)


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
