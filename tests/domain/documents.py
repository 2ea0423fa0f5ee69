"""Terms documents for tests: a UK finance review and the agreement on it, fresh at every call.

Owns one complete, believable pair that publishes without errors. Change what a test is about and leave the rest.
"""

from typing import Any


def definition_document(**changes: Any) -> dict[str, Any]:
    """The definition; `changes` replace whole top-level clauses."""
    document: dict[str, Any] = {
        "slug": "uk-finance-review",
        "name": "Finance review with a UK company",
        "currency": "GBP",
        "time_zone": "Europe/London",
        "calendar": "GB-ENG",
        "effective_from": "2026-01-01T00:00:00Z",
        "facts": {
            "employees": {"type": "integer", "label": "Employees"},
            "title": {"type": "string", "label": "Job title"},
            "owner": {"type": "boolean", "label": "Owns the company"},
        },
        "criteria": criteria(),
        "attendance": {
            "minimum_minutes": 15,
            "wait": {"minutes": 10},
            "contact_attempts": 2,
            "present": "decision_maker",
            "proof_grades": ["A", "B"],
        },
        "outcomes": outcomes(),
        "reschedule": {"limit": 2, "within": {"days": 14}, "counts_from": {"hours": 1}},
        "rebooking": {"within": {"days": 10}, "limit": 1},
        "notice": {"late_within": {"hours": 24}},
        "verification": {"window": {"business_days": 2}, "anchor": "slot_end", "silence": "accept"},
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
            "reasons": clawback_reasons(),
        },
        "duplicates": {"keys": ["email", "phone", "company_number"], "window": {"days": 90}, "scope": "buyer"},
        "intake": {
            "channels": ["outbound", "inbound"],
            "backdated_grace": {"hours": 0},
            "submit_before": {"hours": 2},
            "lead_age": {"days": 60},
            "consent": {
                "required": True,
                "bases": ["opt_in", "legitimate_interest"],
                "max_age": {"days": 180},
                "regions": [{"region": "DE", "required": True, "bases": ["opt_in"], "max_age": {"days": 90}}],
            },
            "caps": {"day": 20, "week": 60, "month": None},
            "suppressions": True,
        },
    }
    return document | changes


def criteria() -> list[dict[str, Any]]:
    return [
        {
            "id": "size",
            "label": "Ten to 250 employees",
            "fact": "employees",
            "operator": "between",
            "value": [10, 250],
            "kind": "required",
            "evidence": "attestation",
            "missing": "reject",
        },
        {
            "id": "role",
            "label": "Heads the finances or the company",
            "fact": "title",
            "operator": "matches",
            "value": "(?i)^(ceo|cfo|owner|finance director)",
            "kind": "required",
            "evidence": "verbal_on_recording",
            "missing": "unproven",
        },
        {
            "id": "owner",
            "label": "Owns the company",
            "fact": "owner",
            "operator": "equals",
            "value": True,
            "kind": "bonus",
            "evidence": "document",
            "missing": "unproven",
        },
    ]


def outcomes() -> dict[str, int]:
    return {
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


def clawback_reasons() -> list[dict[str, Any]]:
    return [
        {
            "code": "wrong_person",
            "label": "It was not the person named",
            "evidence": "verbal_on_recording",
            "remedy": {"kind": "credit"},
        },
        {
            "code": "smaller_company",
            "label": "The company is smaller than claimed",
            "evidence": "document",
            "remedy": {"kind": "partial", "share": 5000},
        },
        {
            "code": "out_of_business",
            "label": "The company has closed down",
            "evidence": "document",
            "remedy": {"kind": "replacement", "expires": {"days": 30}},
        },
    ]


def agreement_document(**changes: Any) -> dict[str, Any]:
    """The agreement on that definition; `changes` replace whole top-level clauses."""
    document: dict[str, Any] = {
        "definition": "uk-finance-review",
        "effective_from": "2026-01-01T00:00:00Z",
        "price": {
            "tiers": [{"from": 1, "amount": 18000}, {"from": 51, "amount": 16000}],
            "bonuses": {"owner": 2500},
            "minimum_per_month": None,
            "deposit": None,
        },
        "tax": {"category": "S", "rate": 2000, "exemption": None},
        "payment": {"days": 30},
        "billing": {
            "mode": "self_billed",
            "acceptance_window": {"days": 10},
            "self_billing": {"from": "2026-01-01", "until": None, "supplier_vat_id": "GB980780684"},
        },
    }
    return document | changes
