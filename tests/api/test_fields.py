from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError
from marshmallow.fields import Field

from api import fields
from ledger.domain.money import Money
from ledger.domain.terms import Silence

UTC_TEN = datetime(2026, 10, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-10-05T10:00:00Z", UTC_TEN),
        ("2026-10-05t10:00:00z", UTC_TEN),
        ("2026-10-05T12:00:00+02:00", UTC_TEN),
        ("2026-10-05T10:00:00.5Z", UTC_TEN + timedelta(milliseconds=500)),
        ("2026-10-05T10:00:00-00:00", UTC_TEN),
    ],
)
def test_an_instant_is_rfc_3339_with_an_offset(text: str, instant: datetime) -> None:
    loaded = fields.Instant().deserialize(text)
    assert loaded == instant
    assert loaded.tzinfo is UTC


@pytest.mark.parametrize(
    "given",
    [
        "2026-10-05T10:00:00", "2026-10-05", "2026-10-05T10:00Z", "2026-10-05T24:00:00Z", "2026-02-30T10:00:00Z",
        "2026-10-05T10:00:00+25:00", "0001-01-01T00:00:00+14:00", "1759658400", 1759658400, 1.5, None, True, "", "now",
        "２０２６-10-05T10:00:00Z",
    ],
)  # fmt: skip
def test_anything_else_is_no_instant(given: Any) -> None:
    with pytest.raises(ValidationError):
        fields.Instant().deserialize(given)


@pytest.mark.parametrize("given", [True, False, 1.0, "1", None, [1], 2**63, -(2**63) - 1])
def test_a_whole_number_is_nothing_that_resembles_one(given: Any) -> None:
    with pytest.raises(ValidationError):
        fields.Whole().deserialize(given)


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_whole_number_of_64_bits_is_taken(number: int) -> None:
    assert fields.Whole().deserialize(number) == number


def test_money_is_an_amount_beside_its_currency() -> None:
    assert fields.Money().deserialize({"amount": 18000, "currency": "GBP"}) == Money(18000, "GBP")


@pytest.mark.parametrize(
    "given",
    [
        {"amount": 180.0, "currency": "GBP"}, {"amount": "180", "currency": "GBP"}, {"amount": 180},
        {"amount": 180, "currency": "XXX"}, {"amount": 180, "currency": "gbp"}, {"amount": True, "currency": "GBP"},
        {"amount": 180, "currency": "GBP", "rate": 1}, 180, "£180", None,
    ],
)  # fmt: skip
def test_anything_else_is_no_money(given: Any) -> None:
    with pytest.raises(ValidationError):
        fields.Money().deserialize(given)


def test_a_choice_loads_the_member() -> None:
    assert fields.Choice(Silence).deserialize("escalate") is Silence.ESCALATE
    wrong: tuple[Any, ...] = ("ESCALATE", "", 1, None, [])
    for other in wrong:
        with pytest.raises(ValidationError):
            fields.Choice(Silence).deserialize(other)


@pytest.mark.parametrize("given", ["0199A3F0-7C1E-7000-8000-000000000000", "0199a3f0-7c1e-7000-8000-000000000000"])
def test_an_identifier_is_a_uuid_in_its_usual_form(given: str) -> None:
    assert fields.Identifier().deserialize(given) == UUID(given)


@pytest.mark.parametrize(
    "given", ["0199a3f07c1e70008000000000000000", "{0199a3f0-7c1e-7000-8000-000000000000}", "urn:uuid:x", 7, None]
)
def test_anything_else_is_no_identifier(given: Any) -> None:
    with pytest.raises(ValidationError):
        fields.Identifier().deserialize(given)


@pytest.mark.parametrize("given", ["1e3", "01", "1.", ".5", "+1", "1,5", "NaN", "", "1" * 40, 1, 1.5])
def test_a_decimal_is_an_exact_string(given: Any) -> None:
    assert fields.DecimalText().deserialize("-0.50") == "-0.50"
    with pytest.raises(ValidationError):
        fields.DecimalText().deserialize(given)


@pytest.mark.parametrize("given", ["2026-02-30", "20261005", "2026-1-5", "2026-10-05T00:00:00Z", 20261005, None])
def test_a_day_is_a_date_that_exists(given: Any) -> None:
    assert fields.Day().deserialize("2024-02-29").day == 29
    with pytest.raises(ValidationError):
        fields.Day().deserialize(given)


@pytest.mark.parametrize("text", ["a\x00", "a\x1b[31m", "a\nb", "a\u2028b", "  ", "", "x" * 201])
def test_text_has_no_control_characters_and_says_something(text: str) -> None:
    with pytest.raises(ValidationError):
        fields.Text().deserialize(text)


def test_text_of_lines_may_have_lines() -> None:
    assert fields.Text(lines=True).deserialize("a\n\tb\r\n") == "a\n\tb\r\n"


@pytest.mark.parametrize("given", ["GB", "DE", "US", "XK"])
def test_countries_are_iso_3166(given: str) -> None:
    if given == "XK":
        with pytest.raises(ValidationError):
            fields.Country().deserialize(given)
    else:
        assert fields.Country().deserialize(given) == given


@given(st.from_regex(r"[a-z0-9_.+-]{1,9}@([a-z0-9-]{1,9}\.){0,3}(com|local|test|x|c0m|example)", fullmatch=True))
def test_an_address_is_written_as_its_validator_writes_it(given: str) -> None:
    try:
        expected = validate_email(given, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        with pytest.raises(ValidationError):
            fields.Email().deserialize(given)
    else:
        assert fields.Email().deserialize(given) == expected


def test_a_local_time_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError, match="does not exist"):
        fields.local_instant("2026-03-29T01:30", "Europe/London")


def test_a_local_time_that_exists_twice_needs_its_offset() -> None:
    with pytest.raises(ValidationError, match="exists twice"):
        fields.local_instant("2026-10-25T01:30", "Europe/London")
    assert fields.local_instant("2026-10-25T01:30:00+00:00", "Europe/London") == datetime(
        2026, 10, 25, 1, 30, tzinfo=UTC
    )
    assert fields.local_instant("2026-10-25T03:30", "Europe/London") == datetime(2026, 10, 25, 3, 30, tzinfo=UTC)


def test_every_field_has_a_json_schema() -> None:
    own = {
        kind
        for kind in vars(fields).values()
        if isinstance(kind, type) and issubclass(kind, Field) and kind.__module__ == fields.__name__
    }
    assert {kind for kind in own if not any(base in fields.OPENAPI for base in kind.__mro__)} == {
        fields.Money,
        fields.Amount,
    }, "these two say their shape themselves"
