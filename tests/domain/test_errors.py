"""Rules of refusals: a stable code, plain words, and nothing about HTTP."""

import pytest

from ledger.domain import errors
from ledger.domain.errors import Conflict, FieldError, Malformed, Refusal, Refused, Violation

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Refusal)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_refusal_has_a_stable_code_and_plain_words(kind: type[Refusal]) -> None:
    refusal = kind()
    assert refusal.code == refusal.code.lower().replace(" ", "_")
    assert refusal.detail.endswith(".")
    assert refusal.code in str(refusal)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (Malformed, Refused)])
def test_a_refusal_may_say_more(kind: type[Refusal]) -> None:
    refusal = kind("The clock has run out.", code="too_late")
    assert (refusal.code, refusal.detail) == ("too_late", "The clock has run out.")


def test_no_two_kinds_share_a_default_code_save_the_general_one() -> None:
    codes = [kind.default_code for kind in KINDS if kind is not Refusal]
    assert len(codes) == len(set(codes))


def test_a_single_violation_is_the_refusal() -> None:
    refusal = Refused.by("clawback.return_cap", "return_cap_reached", "The month's cap is reached.")
    assert (refusal.code, refusal.detail) == ("return_cap_reached", "The month's cap is reached.")
    assert "clawback.return_cap" in str(refusal)


def test_several_violations_keep_the_general_code_unless_one_is_given() -> None:
    violations = [Violation("a", "one", "One."), Violation("b", "two", "Two.")]
    assert Refused(violations).code == "refused"
    assert Refused(violations, code="intake_refused").code == "intake_refused"
    assert Refused(violations).violations == tuple(violations)


def test_a_malformed_document_names_its_places() -> None:
    assert Malformed.at("/slug", "is missing").errors == (FieldError("/slug", "is missing"),)
    assert "/slug: is missing" in str(Malformed.at("/slug", "is missing"))


def test_a_conflict_may_name_what_is_already_there() -> None:
    assert Conflict("Already submitted.", existing_id="0199").existing_id == "0199"
    assert Conflict().existing_id is None
