"""What the numbers tell (rulebook, section 7): rates, costs and data quality out of the counts, for one key each.

Pure arithmetic over `trade.Tally`: money integers, ratios exact. What is measured on nothing is null.
"""

from collections import Counter
from typing import Any, Final

from ledger.domain.rates import SCENARIOS, Costs, Rate, per, scenario
from ledger.reports.trade import Tally

NO_SHOWS: Final = {"by_prospect": "prospect_no_show", "by_buyer": "buyer_no_show", "by_both": "both_absent"}
RATES: Final = {
    "contact": ("conversations", ("dials",)),
    "booking": ("taken", ("conversations",)),
    "refusal": ("refused", ("taken", "refused")),
    "qualification": ("qualified", ("ruled",)),
    "attendance": ("attended", ("ruled",)),
    "cancellation": ("cancelled", ("ruled", "cancelled")),
    "dispute": ("disputed", ("ruled", "cancelled")),
    "overturn": ("overturned", ("disputed",)),
    "silence": ("silent", ("ruled",)),
    "return": ("returned", ("valued",)),
    "conversion": ("sold", ("delivered",)),
}
"""For each rate what is counted, and out of what. `ruled` is who was there settled, by whomever; `delivered` is
qualified and attended; `valued` was worth something at first."""
QUALITY: Final = {
    "duplicates": ("duplicate",),
    "stale_leads": ("lead_too_old",),
    "missing_consent": (
        "consent_missing",
        "consent_basis",
        "consent_age_unknown",
        "consent_from_the_future",
        "consent_too_old",
    ),
    "suppression_hits": ("suppressed",),
}
"""What the codes of refusals say about the data."""


def rates(tally: Tally) -> dict[str, Any]:
    """Every rate, with the no-shows by who missed it."""
    found: dict[str, Any] = {name: _rate(tally, name).as_json() for name in RATES}
    ruled = tally.counts["ruled"]
    found["no_show"] = {who: Rate(tally.counts[what], ruled).as_json() for who, what in NO_SHOWS.items()}
    return found


def supplier(tally: Tally, *, revenue: bool) -> dict[str, Any]:
    """What a supplier's work came to. `revenue` is the buyer's business and left out for suppliers."""
    counts = tally.counts
    names = (
        *("dials", "conversations", "taken", "refused", "appointments", "ruled", "cancelled", "qualified", "attended"),
        *("delivered", "disputed", "overturned", "returned", "sold"),
    )
    return {
        "counts": {name: counts[name] for name in names},
        "rates": rates(tally),
        "outcomes": dict(sorted((+tally.outcomes).items())),
        "refusals_by_clause": dict(sorted(tally.clauses.items())),
        "lead_age": lead_age(tally.lead_hours),
        "amount": tally.amount,
        "cost_per_qualified_attended": per(tally.amount, counts["delivered"]),
        "cost_per_acquisition": per(tally.amount, counts["sold"]),
        "revenue": tally.revenue if revenue else None,
    }


def lead_age(hours: Counter[int]) -> dict[str, int | None]:
    """How old leads were when submitted, and how many that is known of."""
    return {"leads": hours.total()} | ages(hours)


def ages(hours: Counter[int]) -> dict[str, int | None]:
    """The mean, the median and the longest, in whole hours."""
    number, middle, seen = hours.total(), None, 0
    for each in sorted(hours):
        seen += hours[each]
        if middle is None and 2 * seen >= number:
            middle = each
    mean = per(sum(age * times for age, times in hours.items()), number)
    return {"mean_hours": mean, "median_hours": middle, "longest_hours": max(hours, default=None)}


def buyer(tally: Tally) -> dict[str, Any]:
    """The mirror: how a buyer treats what he gets."""
    counts = tally.counts
    said = counts["findings"]
    return {
        "counts": {
            name: counts[name]
            for name in ("ruled", "found", "silent", "findings", "rejections", "disputed", "overturned")
        },
        "rates": {
            "rejection": Rate(counts["rejections"], said).as_json(),
            "silence": _rate(tally, "silence").as_json(),
            "overturn": _rate(tally, "overturn").as_json(),
            "dispute": _rate(tally, "dispute").as_json(),
            "return": _rate(tally, "return").as_json(),
            "late_cancellation": Rate(
                tally.outcomes["cancelled_by_buyer_late"], counts["ruled"] + counts["cancelled"]
            ).as_json(),
            "no_show_by_buyer": Rate(counts["buyer_no_show"], counts["ruled"]).as_json(),
        },
        "hours_to_findings": {"findings": said} | ages(tally.lead_hours),
    }


def quality(tally: Tally) -> dict[str, Any]:
    """What was wrong with the data: of everything submitted, and of what was taken."""
    submitted = tally.counts["taken"] + tally.counts["refused"]
    found = {
        name: Rate(sum(tally.codes[code] for code in codes), submitted).as_json() for name, codes in QUALITY.items()
    }
    found["unreachable_contacts"] = Rate(tally.counts["unreachable"], tally.counts["taken"]).as_json()
    return {"submitted": submitted, "taken": tally.counts["taken"], **found}


def scenarios(tally: Tally, *, per_dial: int | None, per_sale: int | None, revenue: bool) -> dict[str, Any]:
    """Pessimistic, realistic and optimistic unit economics on the measured rates, with both sides' break-even price.

    Without `per_sale`, a sale is worth what the buyer reported on average; suppliers are not told that.
    """
    counts = tally.counts
    if per_sale is None and revenue and tally.revenue:
        per_sale = per(tally.revenue, counts["sold"])
    costs = Costs(per(tally.amount, counts["delivered"]), per_dial, per_sale)
    measured = {
        "contact": _rate(tally, "contact"),
        "booking": _rate(tally, "booking"),
        "delivery": Rate(counts["delivered"], counts["ruled"] + counts["cancelled"]),
        "conversion": _rate(tally, "conversion"),
    }
    return {
        "measured": {name: rate.as_json() for name, rate in measured.items()},
        "cost_per_qualified_attended": costs.price,
        "cost_per_dial": costs.per_dial,
        "value_per_sale": costs.per_sale,
        "scenarios": [scenario(name, measured, costs) for name in SCENARIOS],
    }


def _rate(tally: Tally, name: str) -> Rate:
    counted, out_of = RATES[name]
    if name == "conversion" and not tally.counts["followed"]:
        return Rate(0, 0)  # no buyer has told of a single sale, won or lost: that is no rate of zero
    return Rate(tally.counts[counted], sum(tally.counts[each] for each in out_of))
