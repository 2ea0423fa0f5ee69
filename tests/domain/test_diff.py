"""Rules of differences: every changed clause, told in a sentence."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.domain.diff import Change, diff
from tests.domain.documents import agreement_document, definition_document

Document = dict[str, Any]


def changes(change: Callable[[Document], object]) -> tuple[Change, ...]:
    document = definition_document()
    change(document)
    return diff(definition_document(), document)


def test_the_same_terms_have_no_difference() -> None:
    assert diff(definition_document(), definition_document()) == ()
    assert changes(lambda d: d.update(dict(reversed(d.items())))) == ()


def test_a_key_that_is_null_says_the_same_as_one_left_out() -> None:
    assert changes(lambda d: d["intake"]["caps"].pop("month")) == ()
    assert diff({"bases": []}, {}) == ()


@pytest.mark.parametrize(
    ("change", "clause", "sentence"),
    [
        (
            lambda d: d["verification"].update(window={"days": 7}),
            "verification.window",
            "The buyer's time to state findings changes from 2 business days to 7 days.",
        ),
        (
            lambda d: d["outcomes"].update(prospect_no_show=1250),
            "outcomes.prospect_no_show",
            "The share for “the prospect did not come” changes from 25 % to 12.5 %.",
        ),
        (
            lambda d: d["outcomes"].pop("attended"),
            "outcomes.attended",
            "The share for “the appointment took place” is gone; it was 100 %.",
        ),
        (
            lambda d: d["clawback"].update(return_cap=None),
            "clawback.return_cap",
            "The cap on returns is gone; it was 15 %.",
        ),
        (
            lambda d: d["intake"].update(channels=["outbound"]),
            "intake.channels",
            "The list of channels changes from “outbound” and “inbound” to “outbound”.",
        ),
        (
            lambda d: d["intake"]["caps"].update(month=200),
            "intake.caps.month",
            "“intake.caps.month” is new: 200.",
        ),
        (
            lambda d: d["criteria"][0].update(value=[20, 250]),
            "criteria.size.value",
            "“criteria.size.value” changes from 10 and 250 to 20 and 250.",
        ),
        (
            lambda d: d["clawback"]["reasons"][1]["remedy"].update(share=2500),
            "clawback.reasons.smaller_company.remedy.share",
            "“clawback.reasons.smaller_company.remedy.share” changes from 50 % to 25 %.",
        ),
        (
            lambda d: d["intake"].update(suppressions=False),
            "intake.suppressions",
            "The use of the suppression list changes from yes to no.",
        ),
        (
            lambda d: d["facts"].update(budget={"type": "decimal"}),
            "facts.budget",
            "The fact “budget” is new: a number with decimals.",
        ),
    ],
)
def test_a_changed_clause_is_told_in_a_sentence(
    change: Callable[[Document], object], clause: str, sentence: str
) -> None:
    (found,) = changes(change)
    assert (found.clause, found.sentence) == (clause, sentence)


def test_a_criterion_is_known_by_its_id_and_not_by_its_place() -> None:
    (found,) = changes(lambda d: d["criteria"].pop(0))
    assert (found.clause, found.pointer, found.after) == ("criteria.size", "/criteria/0", None)
    assert found.sentence == (
        "A required criterion is gone: Ten to 250 employees (size): “Employees” is between 10 and 250, both included; "
        "a statement is enough; a submission without it is refused."
    )


def test_a_reason_to_claim_back_is_told_with_its_remedy() -> None:
    reason = {"code": "late", "label": "The lead was stale", "evidence": "document", "remedy": {"kind": "credit"}}
    (found,) = changes(lambda d: d["clawback"]["reasons"].append(reason))
    assert found.sentence == (
        "A reason to claim back is new: The lead was stale (late): it must be shown by a document; "
        "the amount is credited down to what the claim is worth."
    )


def test_another_order_of_criteria_is_a_change_of_its_own() -> None:
    (found,) = changes(lambda d: d["criteria"].reverse())
    assert (found.clause, found.before, found.after) == (
        *("criteria", ["size", "role", "owner"], ["owner", "role", "size"]),
    )


def test_the_pointer_leads_to_the_newer_value() -> None:
    def change(document: Document) -> None:
        document["criteria"].reverse()
        document["criteria"][2]["label"] = "Another label"

    assert changes(change)[0].pointer == "/criteria/2/label"


def test_true_is_not_one() -> None:
    (found,) = changes(lambda d: d["criteria"][2].update(value=1))
    assert (found.before, found.after) == (True, 1)


def test_agreements_are_told_apart_by_the_same_rules() -> None:
    document = agreement_document()
    document["price"]["tiers"][1]["amount"] = 15000
    document["price"]["tiers"].append({"from": 101, "amount": 14000})
    document["price"]["bonuses"] = {"days": 5}
    document["tax"]["rate"] = 1900
    found = {change.clause: change.sentence for change in diff(agreement_document(), document)}
    assert found == {
        "price.tiers.51.amount": "“price.tiers.51.amount” changes from 16000 to 15000.",
        "price.tiers.101": "“price.tiers.101” is new: from 101, amount 14000.",
        "price.bonuses.days": "“price.bonuses.days” is new: 5.",
        "price.bonuses.owner": "“price.bonuses.owner” is gone; it was 2500.",
        "tax.rate": "“tax.rate” changes from 20 % to 19 %.",
    }
