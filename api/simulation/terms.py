"""The terms under which a simulation trades: four definitions that differ wherever the rules can differ.

Owns the definitions and agreements of the demonstration's cast. Windows are short, tiers and caps low, so that a few
weeks bring every rule into play.
"""

from typing import Any

from api.demo import terms

REVIEW, ADVICE = "uk-finance-review", "solarberatung"
SECOND_LOOK, WALLBOX = "second-look", "wallbox"
Document = dict[str, Any]

REASONS: list[Document] = [
    {"code": "attended_after_all", "label": "The meeting did take place", "evidence": "document"},
    {"code": "criterion_met", "label": "The refuted criterion was met", "evidence": "attestation"},
]


def _clawback(cap: int | None, **window: int) -> Document:
    return {
        "window": window,
        "anchor": "slot_end",
        "return_cap": cap,
        "reasons": [
            _returned("wrong_person", {"kind": "credit"}, "attestation"),
            _returned("smaller_company", {"kind": "partial", "share": 3333}, "attestation"),
            _returned("out_of_business", {"kind": "replacement", "expires": {"days": 12}}, "attestation"),
            _returned("never_agreed", {"kind": "credit"}, "document"),
        ],
    }


def _returned(code: str, remedy: Document, evidence: str) -> Document:
    return {"code": code, "label": code.replace("_", " "), "evidence": evidence, "remedy": remedy}


def _dispute(no_reply: str, decision: Document | None) -> Document:
    return {
        "contest_window": {"business_days": 3},
        "reply_window": {"days": 2},
        "decision_window": decision,
        "no_reply": no_reply,
        "reasons": REASONS,
        "not_reasons": ["no_sale", "no_time"],
    }


def _attendance(attempts: int) -> Document:
    return {
        "minimum_minutes": 15,
        "wait": {"minutes": 10},
        "contact_attempts": attempts,
        "present": "any",
        "proof_grades": ["A"],
    }


def definitions() -> list[tuple[str, Document]]:
    """The buyer's slug and the definition."""
    review, advice = terms.finance_review(), terms.solar_advice()
    caps = {"day": 3, "week": 7, "month": 10}
    review |= {
        "attendance": _attendance(1),
        "reschedule": review["reschedule"] | {"limit": 1},
        "rebooking": {"within": {"days": 5}, "limit": 1},
        "verification": {"window": {"business_days": 2}, "anchor": "slot_end", "silence": "accept"},
        "dispute": _dispute("uphold", {"business_days": 3}),
        "clawback": _clawback(1500, days=14),
        "intake": review["intake"] | {"caps": caps},
    }
    second = review | {
        "slug": SECOND_LOOK,
        "name": "A second look, two weeks later",
        "attendance": _attendance(0),
        "rebooking": {"within": {"days": 0}, "limit": 0},
        "verification": {"window": {"hours": 30}, "anchor": "delivery", "silence": "evidence_then_accept"},
        "dispute": _dispute("dismiss", {"days": 2}),
        "clawback": _clawback(None, days=10),
        "duplicates": {"keys": ["email"], "window": {"days": 30}, "scope": "supplier"},
        "intake": review["intake"]
        | {"backdated_grace": {"hours": 3}, "submit_before": {"hours": 0}, "caps": dict.fromkeys(caps)},
    }
    advice |= {
        "attendance": _attendance(0),
        "reschedule": advice["reschedule"] | {"limit": 1},
        "rebooking": {"within": {"days": 4}, "limit": 2},
        "verification": {"window": {"days": 1}, "anchor": "slot_end", "silence": "reject"},
        "dispute": _dispute("escalate", {"days": 4}),
        "clawback": _clawback(5000, days=14),
        "duplicates": {"keys": ["email", "phone"], "window": {"days": 60}, "scope": "buyer"},
        "intake": advice["intake"] | {"caps": {"day": 4, "week": None, "month": 9}},
    }
    wallbox = advice | {
        "slug": WALLBOX,
        "name": "Beratung zur Wallbox",
        "verification": {"window": {"hours": 20}, "anchor": "delivery", "silence": "escalate"},
        "dispute": _dispute("uphold", {"days": 3}),
        "clawback": _clawback(None, days=20),
        "duplicates": {"keys": ["phone"], "window": {"days": 60}, "scope": "definition"},
    }
    return [("north-bank", review), ("north-bank", second), ("sonnenwerk", advice), ("sonnenwerk", wallbox)]


def agreements(vat: dict[str, str | None], day: str) -> list[tuple[str, str, Document]]:
    """The supplier's and the buyer's slug and the agreement; self-billing begins on `day`."""
    british, german = {"category": "S", "rate": 2000}, {"category": "S", "rate": 1900}
    small = {"category": "E", "rate": 0, "exemption": "§ 19 UStG"}
    tiers = [(1, 18001), (4, 16500), (9, 9999)]
    review: Document = {"tiers": tiers, "bonuses": {"budget": 2503}}
    flat: Document = {"tiers": [(1, 9333)], "bonuses": {"storage": 1501}}
    stepped: Document = {"tiers": [(1, 9501), (3, 8900)], "bonuses": {}}
    made: list[tuple[str, str, str, Document, Document]] = [
        ("acme-calls", "north-bank", REVIEW, review, british),
        ("beta-leads", "north-bank", REVIEW, review, british),
        ("acme-calls", "north-bank", SECOND_LOOK, {"tiers": [(1, 7777)], "bonuses": {"budget": 999}}, british),
        ("rheinruf", "sonnenwerk", ADVICE, flat, german),
        ("solarkontakt", "sonnenwerk", ADVICE, stepped, small),
        ("solarkontakt", "sonnenwerk", WALLBOX, stepped, small),
        ("rheinruf", "sonnenwerk", WALLBOX, flat, german),
    ]
    found: list[tuple[str, str, Document]] = []
    for supplier, buyer, definition, price, tax in made:
        document = terms.agreement(definition, price["tiers"], price["bonuses"], tax, vat[supplier], day)
        if definition == SECOND_LOOK:
            document["billing"] = {"mode": "statement", "acceptance_window": {"days": 5}, "self_billing": None}
        if (supplier, definition) == ("rheinruf", WALLBOX):
            document["price"]["minimum_per_month"] = 40000
        found.append((supplier, buyer, document))
    return found
