"""The terms of the demonstration: a finance review with UK companies, and advice on solar roofs at home in Germany.

Owns two definitions and the four agreements on them, as the documents that the API takes.
"""

from typing import Any

OUTCOMES: dict[str, int] = {
    "attended": 10000,
    "cut_short": 5000,
    "prospect_no_show": 2500,
    "buyer_no_show": 10000,
    "both_absent": 0,
    "supplier_fault": 0,
    "access_failure": 2500,
    "technical_failure": 0,
    "cancelled_by_prospect": 0,
    "cancelled_by_buyer": 0,
    "cancelled_by_buyer_late": 5000,
    "cancelled_by_supplier": 0,
    "disqualified": 0,
}


def _criterion(identity: str, label: str, fact: str, operator: str, value: Any, **more: str) -> dict[str, Any]:
    return {
        "id": identity,
        "label": label,
        "fact": fact,
        "operator": operator,
        "value": value,
        "kind": "required",
        "evidence": "attestation",
        "missing": "reject",
        **more,
    }


def _common(**changes: Any) -> dict[str, Any]:
    return {
        "effective_from": None,
        "outcomes": OUTCOMES,
        "reschedule": {"limit": 2, "within": {"days": 14}, "counts_from": {"hours": 1}},
        "notice": {"late_within": {"hours": 24}},
        "dispute": {
            "contest_window": {"business_days": 5},
            "reply_window": {"business_days": 5},
            "decision_window": {"business_days": 10},
            "no_reply": "uphold",
            "reasons": [
                {"code": "attended_after_all", "label": "The meeting did take place", "evidence": "document"},
                {"code": "criterion_met", "label": "The refuted criterion was met", "evidence": "attestation"},
            ],
            "not_reasons": ["no_sale", "no_time"],
        },
        "clawback": {
            "window": {"days": 30},
            "anchor": "slot_end",
            "return_cap": 1500,
            "reasons": [
                {
                    "code": "wrong_person",
                    "label": "It was not the person named",
                    "evidence": "verbal_on_recording",
                    "remedy": {"kind": "credit"},
                },
                {
                    "code": "out_of_business",
                    "label": "The company has closed down",
                    "evidence": "document",
                    "remedy": {"kind": "replacement", "expires": {"days": 30}},
                },
            ],
        },
        **changes,
    }


def _intake(**changes: Any) -> dict[str, Any]:
    return {
        "channels": ["outbound", "inbound"],
        "backdated_grace": {"hours": 0},
        "submit_before": {"hours": 2},
        "lead_age": {"days": 60},
        "consent": {
            "required": True,
            "bases": ["opt_in", "legitimate_interest"],
            "max_age": {"days": 180},
            "regions": [],
        },
        "caps": {"day": 20, "week": 60, "month": None},
        "suppressions": True,
        **changes,
    }


def finance_review() -> dict[str, Any]:
    return _common(
        slug="uk-finance-review",
        name="Finance review with a UK company",
        currency="GBP",
        time_zone="Europe/London",
        calendar="GB-ENG",
        facts={
            "employees": {"type": "integer", "label": "Employees"},
            "title": {"type": "string", "label": "Job title"},
            "budget_agreed": {"type": "boolean", "label": "A budget is agreed"},
        },
        criteria=[
            _criterion("size", "Ten to 250 employees", "employees", "between", [10, 250]),
            _criterion(
                "role",
                "Heads the finances or the company",
                "title",
                "matches",
                "(?i)^(ceo|cfo|owner|finance director)",
                evidence="verbal_on_recording",
                missing="unproven",
            ),
            _criterion(
                "budget", "A budget is agreed", "budget_agreed", "equals", True, kind="bonus", missing="unproven"
            ),
        ],
        attendance={
            "minimum_minutes": 15,
            "wait": {"minutes": 10},
            "contact_attempts": 2,
            "present": "decision_maker",
            "proof_grades": ["A"],
        },
        rebooking={"within": {"days": 10}, "limit": 1},
        verification={"window": {"business_days": 2}, "anchor": "slot_end", "silence": "accept"},
        duplicates={"keys": ["email", "phone"], "window": {"days": 90}, "scope": "buyer"},
        intake=_intake(),
    )


def solar_advice() -> dict[str, Any]:
    return _common(
        slug="solarberatung",
        name="Solarberatung beim Eigentümer",
        currency="EUR",
        time_zone="Europe/Berlin",
        calendar="DE",
        facts={
            "owner_occupied": {"type": "boolean", "label": "Bewohnt das eigene Haus"},
            "monthly_bill": {"type": "decimal", "label": "Stromkosten im Monat, EUR"},
            "storage": {"type": "boolean", "label": "Interesse an einem Speicher"},
        },
        criteria=[
            _criterion("owner", "Bewohnt das eigene Haus", "owner_occupied", "equals", True),
            _criterion("bill", "Stromkosten ab 80 EUR im Monat", "monthly_bill", "at_least", "80"),
            _criterion(
                "storage", "Interesse an einem Speicher", "storage", "equals", True, kind="bonus", missing="unproven"
            ),
        ],
        attendance={
            "minimum_minutes": 20,
            "wait": {"minutes": 15},
            "contact_attempts": 2,
            "present": "any",
            "proof_grades": ["A"],
        },
        rebooking={"within": {"days": 14}, "limit": 1},
        verification={"window": {"hours": 48}, "anchor": "slot_end", "silence": "accept"},
        duplicates={"keys": ["email", "phone"], "window": {"days": 180}, "scope": "definition"},
        intake=_intake(
            consent={"required": True, "bases": ["opt_in"], "max_age": {"days": 90}, "regions": []},
            caps={"day": 12, "week": None, "month": None},
        ),
    )


def agreement(
    definition: str,
    tiers: list[tuple[int, int]],
    bonuses: dict[str, int],
    tax: dict[str, Any],
    supplier_vat_id: str | None,
    start: str,
) -> dict[str, Any]:
    """Tiers are (from position, minor units); `start` is the first day of self-billing."""
    return {
        "definition": definition,
        "effective_from": None,
        "price": {
            "tiers": [{"from": first, "amount": amount} for first, amount in tiers],
            "bonuses": bonuses,
            "minimum_per_month": None,
            "deposit": None,
        },
        "tax": {"exemption": None, **tax},
        "payment": {"days": 30},
        "billing": {
            "mode": "self_billed",
            "acceptance_window": {"days": 10},
            "self_billing": {"from": start, "until": None, "supplier_vat_id": supplier_vat_id},
        },
    }
