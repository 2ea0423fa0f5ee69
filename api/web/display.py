"""How values read on a page: money, instants in the reader's zone, what is left until a deadline, words for states.

Owns the filters of the templates. Amounts and percentages are those of the printed documents (`invoices.display`).
Refuses to show an instant without saying, on hover, which one it is exactly.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from invoices import display as paper
from invoices.words import OUTCOMES
from ledger.domain.calendar import Period, format_instant
from ledger.domain.journal import AccountKind
from ledger.domain.money import format_plain
from ledger.domain.terms import Silence

STAGES: Final = {
    "disputed": ("Disputed", "disputed"),
    "can_be_rebooked": ("Can be rebooked", "waiting"),
    "booked": ("Booked", "waiting"),
    "awaiting_findings": ("Awaiting findings", "waiting"),
    "credited": ("Credited", "refused"),
    "invoiced": ("Invoiced", "good"),
    "contestable": ("Contestable", "waiting"),
    "billable": ("Billable", "good"),
    "not_billable": ("Not billable", "refused"),
}
"""For each stage its words and the sign that carries its meaning."""

ATTENDANCE: Final = {
    "unknown": "Not stated",
    "attended": "Attended",
    "prospect_no_show": "The prospect did not come",
    "buyer_no_show": "The buyer did not come",
    "both_absent": "Nobody came",
    "supplier_fault": "It failed through the supplier",
    "access_failure": "No access on site",
    "technical_failure": "Technical failure",
}

SILENCE: Final = {
    Silence.ACCEPT: "counts as attended",
    Silence.EVIDENCE_THEN_ACCEPT: "counts by independent evidence, else as attended",
    Silence.REJECT: "counts as worth nothing",
    Silence.ESCALATE: "goes to the arbiter",
}
"""What becomes of an appointment at its deadline: "then it …"."""

DEADLINES: Final = {
    "findings": "Findings until",
    "rebooking": "Can be rebooked until",
    "contest": "Can be contested until",
    "clawback": "Can be clawed back until",
    "reply": "Reply until",
    "decision": "Decision until",
    "replacement": "Replacement until",
    "acceptance": "Acceptance until",
}
DOCUMENT_KINDS: Final = {"invoice": "Invoice", "credit_note": "Credit note", "statement": "Statement"}
RUN_STATES: Final = {"queued": "waiting", "running": "running", "done": "finished", "failed": "stopped"}


def moment(instant: datetime | str, zone: str) -> Markup:
    """ "Mon 5 Oct 2026, 10:00", in the zone, with the exact instant on hover."""
    at = _instant(instant)
    local = at.astimezone(ZoneInfo(zone))
    return _time(at, f"{local:%a} {local.day} {local:%b %Y, %H:%M}")


def clock_time(instant: datetime | str, zone: str) -> Markup:
    """ "10:30", in the zone."""
    at = _instant(instant)
    return _time(at, f"{at.astimezone(ZoneInfo(zone)):%H:%M}")


def day_of(value: date | datetime | str) -> str:
    """ "1 Dec 2026"."""
    return paper.day(date.fromisoformat(value) if isinstance(value, str) else value)


def left(instant: datetime | str, now: datetime) -> str:
    """ "5 h 12 min" until then; "0 min" where it has come."""
    rest = max(_instant(instant) - now, timedelta())
    minutes = -(-int(rest.total_seconds()) // 60)
    days, hours = divmod(minutes // 60, 24)
    if days >= 2:
        return f"{days} days" if days > 6 or not hours else f"{days} days {hours} h"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _instant(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _time(at: datetime, text: str) -> Markup:
    exact = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(format_instant(at), exact, text)


def fact(value: Any) -> str:
    """A claimed fact as people write it."""
    if value is None:
        return "nothing"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def month(period: Period) -> str:
    """ "October 2026"."""
    return paper.month(period.first_day)


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "amount": paper.amount,
    "money": paper.money,
    "percent": paper.percent,
    "plain": format_plain,
    "account": lambda kind: "VAT" if kind == AccountKind.VAT else str(kind).capitalize(),
    "outcome": lambda value: OUTCOMES.get(str(value), str(value)),
    "attendance": lambda value: ATTENDANCE.get(str(value), str(value)),
    "stage": lambda value: STAGES.get(str(value), (str(value), "waiting")),
    "silence": SILENCE.__getitem__,
    "deadline": DEADLINES.__getitem__,
    "document_kind": lambda value: DOCUMENT_KINDS.get(value, value),
    "run_state": lambda value: RUN_STATES.get(value, value),
    "moment": moment,
    "clock_time": clock_time,
    "day": day_of,
    "left": left,
    "fact": fact,
    "month": month,
}
"""The filters of the templates, by the name they have there."""
