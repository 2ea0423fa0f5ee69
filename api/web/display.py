"""How values read on a page: money, instants in the reader's zone, what is left until a deadline, words for states.

Owns the filters of the templates. Amounts and percentages are those of the printed documents (`invoices.display`).
Refuses to show an instant without saying, on hover, which one it is exactly.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from markupsafe import Markup

from api.languages import gettext, locale, marked, ngettext, spoken
from api.web import retelling, sentences, words
from invoices import display as paper
from invoices.languages import tongue
from invoices.words import OUTCOMES
from ledger.domain.calendar import Period, format_instant
from ledger.domain.money import format_plain
from ledger.domain.terms import Silence

STAGES: Final = {
    "disputed": (marked("Disputed"), "disputed"),
    "can_be_rebooked": (marked("Can be rebooked"), "waiting"),
    "booked": (marked("Booked"), "waiting"),
    "awaiting_findings": (marked("Awaiting findings"), "waiting"),
    "credited": (marked("Credited"), "refused"),
    "invoiced": (marked("Invoiced"), "good"),
    "contestable": (marked("Contestable"), "waiting"),
    "billable": (marked("Billable"), "good"),
    "not_billable": (marked("Not billable"), "refused"),
}
"""For each stage its words and the sign that carries its meaning."""

ATTENDANCE: Final = {
    "unknown": marked("Not stated"),
    "attended": marked("Attended"),
    "prospect_no_show": marked("The prospect did not come"),
    "buyer_no_show": marked("The buyer did not come"),
    "both_absent": marked("Nobody came"),
    "supplier_fault": marked("It failed through the supplier"),
    "access_failure": marked("No access on site"),
    "technical_failure": marked("Technical failure"),
}

SILENCE: Final = {
    Silence.ACCEPT: marked("then it counts as attended"),
    Silence.EVIDENCE_THEN_ACCEPT: marked("then it counts by independent evidence, else as attended"),
    Silence.REJECT: marked("then it counts as worth nothing"),
    Silence.ESCALATE: marked("then it goes to the arbiter"),
}
"""What becomes of an appointment at its deadline."""

DEADLINES: Final = {
    "findings": marked("Findings until"),
    "rebooking": marked("Can be rebooked until"),
    "contest": marked("Can be contested until"),
    "clawback": marked("Can be clawed back until"),
    "reply": marked("Reply until"),
    "decision": marked("Decision until"),
    "replacement": marked("Replacement until"),
    "acceptance": marked("Acceptance until"),
}
DOCUMENT_KINDS: Final = {
    "invoice": marked("Invoice"),
    "credit_note": marked("Credit note"),
    "statement": marked("Statement"),
}
RUN_STATES: Final = {
    "queued": marked("waiting"),
    "running": marked("running"),
    "done": marked("finished"),
    "failed": marked("stopped"),
}
ACCOUNTS: Final = {
    "cost": marked("Cost"),
    "accrued": marked("Accrued"),
    "held": marked("Held"),
    "vat": marked("VAT"),
    "payable": marked("Payable"),
    "settlement": marked("Settlement"),
    "deposit": marked("Deposit"),
}


def moment(instant: datetime | str, zone: str) -> Markup:
    """ "Mon 5 Oct 2026, 10:00", in the zone, with the exact instant on hover."""
    at = _instant(instant)
    return _time(at, format_datetime(at.astimezone(ZoneInfo(zone)), sentences.MOMENTS[spoken()], locale=locale()))


def clock_time(instant: datetime | str, zone: str) -> Markup:
    """ "10:30", in the zone."""
    at = _instant(instant)
    return _time(at, f"{at.astimezone(ZoneInfo(zone)):%H:%M}")


def day_of(value: date | datetime | str) -> str:
    """ "1 Dec 2026"."""
    return paper.day(date.fromisoformat(value) if isinstance(value, str) else value, locale())


def left(instant: datetime | str, now: datetime) -> str:
    """ "5 h 12 min" until then; "0 min" where it has come."""
    rest = max(_instant(instant) - now, timedelta())
    minutes = -(-int(rest.total_seconds()) // 60)
    days, hours = divmod(minutes // 60, 24)
    if days > 6 or (days >= 2 and not hours):
        return ngettext("%(n)s day", "%(n)s days", days)
    if days >= 2:
        return gettext("%(days)s days %(hours)s h", days=days, hours=hours)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return gettext("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes)
    return gettext("%(minutes)s min", minutes=minutes)


def is_near(instant: datetime | str, now: datetime) -> bool:
    """Whether it comes within two days."""
    return _instant(instant) - now < timedelta(days=2)


def _instant(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _time(at: datetime, text: str) -> Markup:
    exact = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(format_instant(at), exact, text)


def fact(value: Any) -> str:
    """A claimed fact as people write it."""
    if value is None:
        return gettext("nothing")
    return (gettext("yes") if value else gettext("no")) if isinstance(value, bool) else str(value)


DOCUMENTS: Final = {
    "invoice": lambda n: ngettext("%(n)s invoice", "%(n)s invoices", n),
    "credit_note": lambda n: ngettext("%(n)s credit note", "%(n)s credit notes", n),
    "statement": lambda n: ngettext("%(n)s statement", "%(n)s statements", n),
}


def documents_of(n: int, kind: str) -> str:
    """ "12 invoices"."""
    return DOCUMENTS[kind](n)


def month(period: Period | str) -> str:
    """ "October 2026"."""
    return paper.month((Period.parse(period) if isinstance(period, str) else period).first_day, locale())


def outcome(value: str) -> str:
    """The outcome in the words of the documents."""
    word = OUTCOMES.get(str(value))
    return str(value) if word is None else tongue(spoken())(word)


def stage(value: str) -> tuple[str, str]:
    """The stage in words, and its sign."""
    words, sign = STAGES.get(str(value), (str(value), "waiting"))
    return gettext(words), sign


def _said(words: Mapping[Any, str], value: str) -> str:
    return gettext(words[value]) if value in words else str(value)


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "amount": lambda minor, currency: paper.amount(minor, currency, locale()),
    "money": lambda minor, currency: paper.money(minor, currency, locale()),
    "percent": lambda basis_points: paper.percent(basis_points, locale()),
    "plain": format_plain,
    "account": partial(_said, ACCOUNTS),
    "outcome": outcome,
    "attendance": partial(_said, ATTENDANCE),
    "stage": stage,
    "silence": partial(_said, SILENCE),
    "deadline": partial(_said, DEADLINES),
    "document_kind": partial(_said, DOCUMENT_KINDS),
    "documents_of": documents_of,
    "run_state": partial(_said, RUN_STATES),
    "moment": moment,
    "clock_time": clock_time,
    "day": day_of,
    "left": left,
    "is_near": is_near,
    "word": words.word,
    "from_party": words.from_party,
    "opened_by": words.opened_by,
    "signed": retelling.signed,
    "told": retelling.told,
    "sentence": words.sentence,
    "fact": fact,
    "month": month,
}
"""The filters of the templates, by the name they have there."""
