"""What the editor of a new definition begins with: terms that most contracts have, for both sides to change.

Owns no rule. The windows and shares are those of section 2's examples; criteria are the buyer's to add.
"""

from typing import Any, Final

from ledger.domain.calendar import is_calendar

_CURRENCIES: Final = {"GB": "GBP", "CH": "CHF", "US": "USD", "JP": "JPY", "KW": "KWD"}
_OUTCOMES: Final = {
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


def first_draft(time_zone: str, country: str | None) -> dict[str, Any]:
    """A draft for a buyer of this zone and country."""
    return {
        "slug": "",
        "name": "",
        "currency": _CURRENCIES.get(country or "", "EUR"),
        "time_zone": time_zone,
        "calendar": country if country and is_calendar(country) else "",
        "effective_from": None,
        "facts": {"decision_maker": {"type": "boolean", "label": "Decides on the purchase"}},
        "criteria": [
            {
                "id": "decides",
                "label": "Decides on the purchase",
                "fact": "decision_maker",
                "operator": "equals",
                "value": True,
                "kind": "required",
                "evidence": "attestation",
                "missing": "reject",
            }
        ],
        "attendance": {
            "minimum_minutes": 10,
            "wait": {"minutes": 10},
            "contact_attempts": 2,
            "present": "decision_maker",
            "proof_grades": ["A"],
        },
        "outcomes": dict(_OUTCOMES),
        "reschedule": {"limit": 2, "within": {"days": 14}, "counts_from": {"hours": 1}},
        "rebooking": {"within": {"days": 10}, "limit": 1},
        "notice": {"late_within": {"hours": 24}},
        "verification": {"window": {"business_days": 2}, "anchor": "slot_end", "silence": "accept"},
        "dispute": {
            "contest_window": {"business_days": 5},
            "reply_window": {"business_days": 5},
            "decision_window": {"business_days": 10},
            "no_reply": "uphold",
            "reasons": [{"code": "attended", "label": "The meeting did take place", "evidence": "document"}],
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
                }
            ],
        },
        "duplicates": {"keys": ["email", "phone"], "window": {"days": 90}, "scope": "buyer"},
        "intake": {
            "channels": ["outbound"],
            "backdated_grace": {"hours": 0},
            "submit_before": {"hours": 2},
            "lead_age": None,
            "consent": {"required": True, "bases": ["opt_in"], "max_age": None, "regions": []},
            "caps": {"day": None, "week": None, "month": None},
            "suppressions": True,
        },
    }
