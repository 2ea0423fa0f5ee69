"""What is in order is loaded without marshmallow's machinery, and loads as the schema loads it; nothing else does."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError, fields, post_load

from api.loading import load_of
from api.schemas import Strict, load
from api.schemas.appointments import FindingsBody, SubmissionBody
from api.schemas.parties import OrganisationBody
from ledger.domain.errors import Malformed

BODIES: dict[type[Strict], dict[str, Any]] = {
    SubmissionBody: {
        "definition": "finance-review",
        "reference": "S-1",
        "slot": {"starts_at": "2026-10-05T10:00:00Z", "ends_at": "2026-10-05T12:00:00+01:00"},
        "prospect": {
            "name": "Ada",
            "email": "ada@firm.example",
            "phone": "+442071838750",
            "company": {"name": "Firm", "domain": "firm.example", "number": None},
            "region": "GB-KEN",
        },
        "channel": "outbound",
        "lead_created_at": "2026-09-30T08:00:00Z",
        "facts": {"employees": 42, "owner": True, "title": "CFO"},
        "consent": {"basis": "opt_in", "captured_at": "2026-09-30T08:00:00Z"},
        "calendar": {"provider": "cal_com", "external_id": "uid", "join_url": "https://meet.example/abc"},
    },
    FindingsBody: {
        "attendance": "attended",
        "minutes": 30,
        "criteria": [{"id": "employees", "finding": "confirmed", "note": "a\nb"}, {"id": "b", "finding": "refuted"}],
    },
    OrganisationBody: {
        "slug": "acme-calls",
        "kind": "supplier",
        "legal_name": "Acme Calls Ltd",
        "address": {"line1": "1 High Street", "city": "London", "country": "GB"},
        "vat_registered": True,
        "bank": {"iban": "GB33BUKB20201555555555", "bic": None},
        "time_zone": "Europe/London",
        "email": "billing@acme.example",
    },
}
ODD: tuple[Any, ...] = (
    *(None, "", " ", "x", "X" * 300, "a\u2028b", "b@c", "Ada@Firm.example", "a@b.test", "caf\u00e9@b.example"),
    *("2026-10-05T10:00:00", "2026-10-05T09:00:00Z", 0, -1, 2**63, 1.5, True, [], {}, ["a"], {"a": {}}),
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something in the body can be another thing."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, each in inside for place in ((*path, key), *places(each, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[type[Strict], Any]:
    schema, body = draw(st.sampled_from(sorted(BODIES.items(), key=lambda each: each[0].__name__)))
    body = deepcopy(body)
    for _ in range(draw(st.integers(0, 3))):
        *way, last = draw(st.sampled_from(places(body)))
        inside: Any = body
        for key in way:
            inside = inside[key]
        match draw(st.sampled_from(("other", "other", "gone", "more"))):
            case "other":
                inside[last] = deepcopy(draw(st.sampled_from(ODD)))
            case "gone":
                del inside[last]
            case _ if isinstance(inside, dict):
                inside["more"] = 1
        if not body:
            break
    return schema, body


@pytest.mark.parametrize("schema", BODIES, ids=lambda schema: schema.__name__)
def test_what_is_in_order_is_loaded_quickly(schema: type[Strict]) -> None:
    body = schema()
    assert body.quickly is not None
    assert body.quickly(BODIES[schema]) == body.load(BODIES[schema])


@given(mutated())
def test_what_is_loaded_quickly_is_what_the_schema_loads(given: tuple[type[Strict], Any]) -> None:
    schema, body = given[0](), given[1]
    try:
        whole = schema.load(deepcopy(body))
    except ValidationError:
        with pytest.raises(Malformed):
            load(schema, body)
        assert schema.quickly is not None
        with pytest.raises(ValidationError):
            schema.quickly(body)
    else:
        assert schema.quickly is not None
        assert repr(schema.quickly(body)) == repr(whole) == repr(load(schema, body))


def test_a_schema_that_does_more_than_check_is_left_to_marshmallow() -> None:
    class Doubling(Strict):
        number = fields.Integer(strict=True)

        @post_load
        def double(self, data: dict[str, int], **_: Any) -> dict[str, int]:
            return {"number": 2 * data["number"]}

    assert load_of(Doubling()) is None
    assert load(Doubling(), {"number": 2}) == {"number": 4}
