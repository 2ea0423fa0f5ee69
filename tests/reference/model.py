"""A small reference model of the rulebook: one buyer's definition and his agreements, in plain integers and timedeltas.

Shares no code with the product. Everything that falls due happens at once (`settle`), which the product may put off.
A command answers whether it is taken. Knows no time zones, business days, caps or evidence.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

H, D = timedelta(hours=1), timedelta(days=1)
SHARES = {
    "attended": 10000,
    "cut_short": 5000,
    "prospect_no_show": 2500,
    "buyer_no_show": 10000,
    "both_absent": 0,
    "access_failure": 2500,
    "cancelled_by_prospect": 0,
    "cancelled_by_buyer": 0,
    "cancelled_by_buyer_late": 5000,
    "cancelled_by_supplier": 0,
    "disqualified": 0,
}
ABSENT = ("prospect_no_show", "buyer_no_show", "both_absent")
BASE, LATER_BASE, LATER_FROM, BONUS = 10001, 7777, 3, 2503
MINIMUM, WAIT = 15, timedelta(minutes=10)
NOTICE, COUNTS, WITHIN, RESCHEDULES = 24 * H, H, 14 * D, 1
FINDINGS, CONTEST, REPLY, CLAWBACK, DUPLICATE = 2 * D, 3 * D, 2 * D, 14 * D, 30 * D
REBOOKING, REBOOKINGS = 5 * D, 1
REASONS = {"contest": {"criterion_met"}, "clawback": {"wrong_person", "smaller_company"}}
PARTIAL = 3333
KINDS = {"invoice": 1, "credit_note": -1}

Findings = tuple[str, int | None, dict[str, str]]


@dataclass(frozen=True)
class Terms:
    """What differs from run to run. `cap` in basis points."""

    silence: str = "accept"
    no_reply: str = "uphold"
    cap: int | None = None


@dataclass
class Part:
    """Money that accrued; a credit is negative."""

    amount: int
    at: datetime
    held: bool = False
    invoiced: bool = False


@dataclass
class Dispute:
    kind: str
    reason: str | None
    claim: Findings
    facts: set[str]
    reply_at: datetime | None
    stood: str


@dataclass
class Appointment:
    supplier: str
    email: str
    owner: bool
    submitted: datetime
    slots: list[datetime]
    number: int
    cancelled: bool = False
    attendance: str = "unknown"
    minutes: int | None = None
    criteria: dict[str, str] = field(default_factory=dict)
    verdict: str = "pending"
    outcome: str | None = None
    share: int | None = None
    position: int | None = None
    first_month: tuple[int, int] | None = None
    findings_at: datetime | None = None
    rebooking_at: datetime | None = None
    contest_at: datetime | None = None
    reschedules: int = 0
    rebookings: int = 0
    dispute: Dispute | None = None
    returned: list[bool] = field(default_factory=list)
    decided: set[str] = field(default_factory=set)
    parts: list[Part] = field(default_factory=list)

    @property
    def starts(self) -> datetime:
        return self.slots[-1]

    @property
    def ends(self) -> datetime:
        return self.starts + H / 2

    @property
    def amount(self) -> int:
        return sum(part.amount for part in self.parts)

    @property
    def held(self) -> int:
        return sum(part.amount for part in self.parts if part.held)

    @property
    def on_paper(self) -> bool:
        return any(part.invoiced for part in self.parts)


def half_up(price: int, share: int) -> int:
    return (2 * price * share + 10000) // 20000


def month(at: datetime) -> tuple[int, int]:
    return at.year, at.month


class Model:
    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.appointments: list[Appointment] = []
        self.taken: dict[tuple[str, tuple[int, int]], int] = {}
        self.documents: dict[tuple[str, str, tuple[int, int]], int] = {}

    def settle(self, now: datetime) -> None:
        """Everything that is due by `now`, in the order of time and submission."""
        while True:
            due = [(at, a.number, a) for a in self.appointments if (at := self._due(a)) is not None and at <= now]
            if not due:
                return
            at, _, a = min(due, key=lambda each: each[:2])
            if a.dispute is not None and a.dispute.reply_at == at:
                self._unanswered(a, at)
            elif a.verdict == "pending":
                self._silent(a, at)
            else:
                a.rebooking_at = None
                self._worth_now(a, at)

    def _due(self, a: Appointment) -> datetime | None:
        running = [a.findings_at if a.verdict == "pending" else a.rebooking_at]
        running += [a.dispute.reply_at] if a.dispute else []
        return min((at for at in running if at is not None), default=None)

    def _silent(self, a: Appointment, at: datetime) -> None:
        silence = self.terms.silence
        if silence == "escalate":
            a.verdict, a.findings_at = "contested", None
            a.dispute = Dispute("escalated", None, ("attended", None, {}), {"attendance"}, None, "pending")
        elif silence == "reject":
            self._rule(a, "deemed", ("unknown", None, {}), at, outcome=None, share=0)
        else:
            self._rule(a, "deemed", ("attended", None, {}), at)

    def _unanswered(self, a: Appointment, at: datetime) -> None:
        assert a.dispute is not None
        a.dispute.reply_at = None
        if self.terms.no_reply != "escalate":
            self._decide(a, a.dispute.claim if self.terms.no_reply == "uphold" else None, at)

    def criteria(self, a: Appointment, stated: dict[str, str]) -> dict[str, str]:
        met = {"size": True, "role": True, "owner": a.owner}
        return {name: "confirmed" if met[name] else "unproven" for name in met} | stated

    def outcome(self, a: Appointment, findings: Findings) -> tuple[str, int | None, dict[str, str]]:
        attendance, minutes, stated = findings
        criteria = self.criteria(a, stated)
        if attendance == "attended" and minutes is None:
            minutes = MINIMUM
        if "refuted" in (criteria["size"], criteria["role"]):
            return "disqualified", minutes, criteria
        if attendance == "attended" and (minutes or 0) < MINIMUM:
            return "cut_short", minutes, criteria
        return attendance, minutes, criteria

    def _price(self, a: Appointment, criteria: dict[str, str], at: datetime) -> int:
        position = a.position or self.taken.get((a.supplier, month(at)), 0) + 1
        return (BASE if position < LATER_FROM else LATER_BASE) + (BONUS if criteria["owner"] == "confirmed" else 0)

    def worth(self, a: Appointment, criteria: dict[str, str], share: int | None, at: datetime) -> int:
        return half_up(self._price(a, criteria, at), share or 0)

    def _worth_now(self, a: Appointment, at: datetime) -> None:
        """The amount becomes what the verdict is worth: held money goes first, then what waits, then the invoiced."""
        target = self.worth(a, a.criteria, a.share, at)
        if target > 0 and a.position is None:
            a.position = self.taken[a.supplier, month(at)] = self.taken.get((a.supplier, month(at)), 0) + 1
            a.first_month = month(at)
        excess = max(0, a.amount - target)
        held = a.held
        fallen = min(held, excess)
        excess -= fallen
        a.parts = [part for part in a.parts if not part.held] + ([Part(held - fallen, at)] if held > fallen else [])
        for part in sorted((p for p in a.parts if not p.invoiced and p.amount > 0), key=lambda p: p.at, reverse=True):
            cut = min(excess, part.amount)
            part.amount, excess = part.amount - cut, excess - cut
        a.parts = [part for part in a.parts if part.amount]
        if excess:
            a.parts.append(Part(-excess, at))
        if target > a.amount:
            a.parts.append(Part(target - a.amount, at))

    def _rule(self, a: Appointment, verdict: str, findings: Findings, at: datetime, **fixed: Any) -> None:
        """A verdict: its facts, what they are worth, the windows that begin; a no-show may wait for its rebooking."""
        found, minutes, criteria = self.outcome(a, findings)
        outcome = fixed.get("outcome", found)
        waits = None
        if outcome == "prospect_no_show" and not fixed.get("final") and a.rebookings < REBOOKINGS:
            fresh = a.outcome != "prospect_no_show" and a.amount == 0
            waits = at + REBOOKING if fresh and verdict != "decided" else a.rebooking_at
        a.verdict, a.attendance, a.minutes, a.criteria, a.outcome = verdict, findings[0], minutes, criteria, outcome
        a.share = fixed["share"] if "share" in fixed else SHARES[outcome]
        a.findings_at, a.rebooking_at = None, waits
        a.contest_at = None if verdict == "decided" else at + CONTEST
        if waits is None:
            self._worth_now(a, at)

    def submit(self, supplier: str, email: str, owner: bool, starts: datetime, now: datetime) -> Appointment | None:
        if now >= starts or any(e.email == email and self._blocks(e, now) for e in self.appointments):
            return None
        a = Appointment(supplier, email, owner, now, [starts], len(self.appointments))
        a.criteria = {"size": "claimed", "role": "claimed", "owner": "claimed"}
        a.findings_at = a.ends + FINDINGS
        self.appointments.append(a)
        return a

    def _blocks(self, earlier: Appointment, now: datetime) -> bool:
        final = earlier.rebooking_at is None and earlier.dispute is None
        ended = earlier.cancelled or (final and earlier.outcome in ABSENT and earlier.amount == 0)
        return not ended and now < earlier.submitted + DUPLICATE

    def find(self, a: Appointment, findings: Findings, now: datetime) -> bool:
        if a.cancelled or now < a.starts or (findings[0] in ABSENT and now < a.starts + WAIT):
            return False
        if a.verdict == "given":
            outcome, _, criteria = self.outcome(a, findings)
            stands = max(a.amount, self.worth(a, a.criteria, a.share, now))
            if a.on_paper or self.worth(a, criteria, SHARES[outcome], now) <= stands:
                return False
        elif a.verdict != "pending":
            return False
        self._rule(a, "given", findings, now)
        return True

    def cancel(self, a: Appointment, by: str, stated_by: str, now: datetime) -> bool:
        if by not in ("prospect", stated_by) or a.cancelled or a.verdict != "pending" or now >= a.starts:
            return False
        a.cancelled = True
        if a.rebookings:
            kept = {name: found for name, found in a.criteria.items() if found in ("confirmed", "refuted")}
            fixed = {"outcome": "prospect_no_show", "share": SHARES["prospect_no_show"], "final": True}
            self._rule(a, "given", ("prospect_no_show", None, kept), now, **fixed)
            return True
        outcome = f"cancelled_by_{by}{'_late' if by == 'buyer' and now >= a.starts - NOTICE else ''}"
        self._rule(a, "given", ("unknown", None, {}), now, outcome=outcome, share=SHARES[outcome])
        return True

    def move(self, a: Appointment, starts: datetime, now: datetime) -> bool:
        """A reschedule, a correction or a rebooking, asked for by the prospect."""
        if a.cancelled or a.dispute is not None or starts <= now:
            return False
        if a.verdict == "pending":
            counts = abs(starts - a.starts) >= COUNTS
            if now >= a.starts:
                return False
            if counts and (a.reschedules >= RESCHEDULES or starts >= a.slots[0] + WITHIN):
                return False
            a.reschedules += counts
        else:
            if a.rebooking_at is None or not now < a.rebooking_at or not starts < a.rebooking_at:
                return False
            a.rebookings += 1
            a.verdict, a.attendance, a.minutes, a.outcome, a.share = "pending", "unknown", None, None, None
            a.rebooking_at = a.contest_at = None
            a.decided.discard("attendance")
        a.slots.append(starts)
        a.findings_at = a.ends + FINDINGS
        return True

    def contestable(self, a: Appointment, now: datetime) -> bool:
        if a.verdict not in ("given", "deemed") or a.contest_at is None or now >= a.contest_at:
            return False
        return (a.share or 0) < 10000 or (a.owner and a.criteria["owner"] == "refuted")

    def open(self, a: Appointment, kind: str, reason: str, claim: Findings, now: datetime) -> bool:
        if a.verdict in ("pending", "contested") or reason not in REASONS[kind]:
            return False
        open_to = {"contest": self.contestable(a, now), "clawback": now < a.ends + CLAWBACK and a.amount > 0}
        if not open_to[kind]:
            return False
        outcome, minutes, criteria = self.outcome(a, claim)
        facts = {name for name in criteria if criteria[name] != a.criteria[name]}
        facts |= {"attendance"} if (claim[0], minutes) != (a.attendance, a.minutes) else set()
        if not facts or facts <= a.decided or "*" in a.decided:
            return False
        if kind == "clawback" and self._capped(a):
            return False
        a.dispute = Dispute(kind, reason, claim, facts, now + REPLY, a.verdict)
        a.verdict = "contested"
        waiting = [part for part in a.parts if not part.invoiced and part.amount > 0]
        lower = min(a.amount, self.worth(a, criteria, SHARES[outcome], now))
        left = min(a.amount - lower, sum(part.amount for part in waiting))
        for part in sorted(waiting, key=lambda p: p.at, reverse=True):
            held = min(left, part.amount)
            if held:
                part.amount, left = part.amount - held, left - held
                a.parts.append(Part(held, now, held=True))
        a.parts = [part for part in a.parts if part.amount]
        return True

    def _capped(self, a: Appointment) -> bool:
        if self.terms.cap is None:
            return False
        same = [e for e in self.appointments if (e.supplier, e.first_month) == (a.supplier, a.first_month)]
        back = sum(any(e.returned) or (e.dispute is not None and e.dispute.kind == "clawback") for e in same)
        return back * 10000 >= self.terms.cap * len(same)

    def reply(self, a: Appointment, position: str, by: str, now: datetime) -> bool:
        d = a.dispute
        if d is None or d.reply_at is None or by != {"contest": "buyer", "clawback": "supplier"}[d.kind]:
            return False
        d.reply_at = None
        return self._decide(a, d.claim, now) if position == "concede" else True

    def withdraw(self, a: Appointment, by: str, now: datetime) -> bool:
        d = a.dispute
        if d is None or by != {"contest": "supplier", "clawback": "buyer"}.get(d.kind):
            return False
        held, a.dispute, a.verdict = a.held, None, d.stood
        a.parts = [part for part in a.parts if not part.held] + ([Part(held, now)] if held else [])
        return True

    def decide(self, a: Appointment, decision: Findings | int, now: datetime) -> bool:
        if a.dispute is None or a.dispute.reply_at is not None:
            return False
        if not isinstance(decision, int):
            return self._decide(a, decision, now)
        a.returned.append(a.dispute.kind == "clawback" and decision < (a.share or 0))
        a.share, a.verdict, a.dispute, a.contest_at, a.rebooking_at = decision, "decided", None, None, None
        a.decided.add("*")
        a.criteria = self.criteria(a, {name: found for name, found in a.criteria.items() if found != "claimed"})
        self._worth_now(a, now)
        return True

    def _decide(self, a: Appointment, findings: Findings | None, at: datetime) -> bool:
        """By findings: the arbiter's, the claim's (conceded or upheld), or what stood."""
        d = a.dispute
        assert d is not None
        claimed = self.outcome(a, d.claim)
        fixed: dict[str, Any] = {}
        if findings is None:
            kept = {name: found for name, found in a.criteria.items() if found in ("confirmed", "refuted")}
            findings = (a.attendance, a.minutes, kept)
            fixed = {"outcome": a.outcome, "share": a.share}
        found = self.outcome(a, findings)
        upheld = d.kind != "escalated" and (found[0], found[2], findings[0]) == (claimed[0], claimed[2], d.claim[0])
        if upheld and d.reason == "smaller_company":
            fixed["share"] = PARTIAL
        a.returned.append(upheld and d.kind == "clawback")
        a.dispute, a.decided = None, a.decided | d.facts
        self._rule(a, "decided", findings, at, **fixed)
        return True

    def bill(self, period: tuple[int, int], end: datetime) -> None:
        for supplier in {a.supplier for a in self.appointments}:
            parts = [part for a in self.appointments if a.supplier == supplier for part in a.parts]
            for kind, sign in KINDS.items():
                due = [p for p in parts if not p.invoiced and not p.held and p.at < end and p.amount * sign > 0]
                if due and (kind, supplier, period) not in self.documents:
                    self.documents[kind, supplier, period] = sum(abs(part.amount) for part in due)
                    for part in due:
                        part.invoiced = True

    def stage(self, a: Appointment, now: datetime) -> str:
        charged = [part for part in a.parts if part.amount > 0 and not part.invoiced]
        if a.dispute is not None:
            return "disputed"
        if a.rebooking_at is not None:
            return "can_be_rebooked"
        if a.verdict == "pending":
            return "booked" if now < a.starts else "awaiting_findings"
        if a.on_paper and not charged:
            return "invoiced" if a.amount else "credited"
        return "contestable" if self.contestable(a, now) else "billable" if a.amount else "not_billable"

    def books(self) -> dict[str, int]:
        """Accounts `accrued` and `held`, the cost, and what is on invoices and credit notes, net."""
        parts = [part for a in self.appointments for part in a.parts]
        nets = {each: sum(net for key, net in self.documents.items() if key[0] == each) for each in KINDS}
        return {
            "cost": sum(part.amount for part in parts),
            "held": sum(part.amount for part in parts if part.held),
            "accrued": sum(part.amount for part in parts if not part.held and not part.invoiced),
        } | nets
