"""A small reference model of the rulebook: one buyer's definition and his agreements, in plain integers and timedeltas.

Shares no code with the product. Everything that falls due happens at once (`settle`), which the product may put off.
A command answers whether it is taken. Knows no time zones, business days, caps or evidence.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

H, D = timedelta(hours=1), timedelta(days=1)
SHARES = {"attended": 10000, "cut_short": 5000, "prospect_no_show": 2500, "buyer_no_show": 10000}
SHARES |= {"access_failure": 2500, "cancelled_by_buyer_late": 5000, "both_absent": 0, "disqualified": 0}
SHARES |= dict.fromkeys(("cancelled_by_prospect", "cancelled_by_buyer", "cancelled_by_supplier"), 0)
ABSENT = ("prospect_no_show", "buyer_no_show", "both_absent")
BASE, LATER_BASE, LATER_FROM, BONUS = 10001, 7777, 3, 2503
MINIMUM, WAIT, NOTICE = 15, timedelta(minutes=10), 24 * H
COUNTS, WITHIN, RESCHEDULES, REBOOKING, REBOOKINGS = H, 14 * D, 1, 5 * D, 1
FINDINGS, CONTEST, REPLY, CLAWBACK, DUPLICATE = 2 * D, 3 * D, 2 * D, 14 * D, 30 * D
REASONS = {"contest": {"criterion_met"}, "clawback": {"wrong_person", "smaller_company", "out_of_business"}}
PARTIAL, EXPIRES = 3333, 6 * D
KINDS = {"invoice": 1, "credit_note": -1}

Findings = tuple[str, int | None, dict[str, str]]


@dataclass(frozen=True)
class Terms:
    silence: str = "accept"
    no_reply: str = "uphold"
    cap: int | None = None  # basis points


@dataclass
class Part:
    amount: int  # what accrued; a credit is negative
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
    criteria: dict[str, str] = field(default_factory=lambda: dict.fromkeys(("size", "role", "owner"), "claimed"))
    verdict: str = "pending"
    outcome: str | None = None
    share: int | None = None
    position: int | None = None
    first_month: str | None = None
    findings_at: datetime | None = None
    rebooking_at: datetime | None = None
    contest_at: datetime | None = None
    reschedules: int = 0
    counted: datetime | None = None  # the start from which a reschedule is measured; None: the first
    rebookings: int = 0
    dispute: Dispute | None = None
    promise_at: datetime | None = None
    promise: tuple[datetime, datetime] | None = None  # since when and until when; stays known where it is kept
    keeps: "Appointment | None" = None
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


class Model:
    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.appointments: list[Appointment] = []
        self.taken: dict[tuple[str, str], int] = {}
        self.documents: dict[tuple[str, str, tuple[int, int]], int] = {}

    def settle(self, now: datetime) -> None:
        """Everything that is due by `now`, in the order of time and submission."""
        while True:
            due = [(at, a.number, a) for a in self.appointments if (at := self._due(a)) is not None and at <= now]
            if not due:
                return
            at, _, a = min(due, key=lambda each: each[:2])
            if a.dispute is not None and a.dispute.reply_at == at:
                a.dispute.reply_at = None
                if self.terms.no_reply != "escalate":
                    self._decide(a, a.dispute.claim if self.terms.no_reply == "uphold" else None, at)
            elif a.promise_at == at:
                self._expire(a, at)
            elif a.verdict == "pending":
                self._silent(a, at)
            else:
                a.rebooking_at = None
                self._worth_now(a, at)

    def _due(self, a: Appointment) -> datetime | None:
        running = [a.findings_at if a.verdict == "pending" else a.rebooking_at]
        running += [a.promise_at, a.dispute.reply_at if a.dispute else None]
        return min((at for at in running if at is not None), default=None)

    def _silent(self, a: Appointment, at: datetime) -> None:
        if self.terms.silence == "escalate":
            a.verdict, a.findings_at = "contested", None
            a.dispute = Dispute("escalated", None, ("attended", None, {}), {"attendance"}, None, "pending")
        elif self.terms.silence == "reject":
            self._rule(a, "deemed", ("unknown", None, {}), at, outcome=None, share=0)
        else:
            self._rule(a, "deemed", ("attended", None, {}), at)

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

    def worth(self, a: Appointment, criteria: dict[str, str], share: int | None, at: datetime) -> int:
        position = a.position or self.taken.get((a.supplier, f"{at:%Y-%m}"), 0) + 1
        price = (BASE if position < LATER_FROM else LATER_BASE) + (BONUS if criteria["owner"] == "confirmed" else 0)
        return (2 * price * (share or 0) + 10000) // 20000  # rounded half up

    def _worth_now(self, a: Appointment, at: datetime, most: int | None = None) -> None:
        """The amount becomes what the verdict is worth: held money goes first, then what waits, then the invoiced."""
        target = 0 if a.keeps else self.worth(a, a.criteria, a.share, at)
        target = min(target, target if most is None else most)
        if target > 0 and a.position is None:
            a.first_month = f"{at:%Y-%m}"
            a.position = self.taken.get((a.supplier, a.first_month), 0) + 1
            self.taken[a.supplier, a.first_month] = a.position
        excess = self._release(a, at, max(0, a.amount - target))
        for part in sorted((p for p in a.parts if not p.invoiced and p.amount > 0), key=lambda p: p.at, reverse=True):
            cut = min(excess, part.amount)
            part.amount, excess = part.amount - cut, excess - cut
        a.parts = [part for part in a.parts if part.amount] + ([Part(-excess, at)] if excess else [])
        a.parts += [Part(target - a.amount, at)] if target > a.amount else []

    def _release(self, a: Appointment, at: datetime, excess: int = 0) -> int:
        """What is held falls as far as there is an excess, and is released otherwise; what is left of the excess."""
        held = sum(part.amount for part in a.parts if part.held)
        fallen = min(held, excess)
        a.parts = [part for part in a.parts if not part.held] + ([Part(held - fallen, at)] if held > fallen else [])
        return excess - fallen

    def _hold(self, a: Appointment, lower: int, at: datetime) -> None:
        """What has accrued above the lower of two claims, as far as it is not invoiced."""
        waiting = [part for part in a.parts if not part.invoiced and part.amount > 0]
        left = min(a.amount - min(lower, a.amount), sum(part.amount for part in waiting))
        for part in sorted(waiting, key=lambda p: p.at, reverse=True):
            held = min(left, part.amount)
            part.amount, left = part.amount - held, left - held
            a.parts += [Part(held, at, held=True)] if held else []
        a.parts = [part for part in a.parts if part.amount]

    def _replaces(self, a: Appointment, at: datetime) -> Appointment | None:
        """Whose promise this one keeps by being attended now: the one decided first."""
        owed = [(e.promise, e.number, e) for e in self.appointments if e.supplier == a.supplier and e.promise_at]
        found = [each for each in owed if each[2] is not a and each[0] and each[0][0] <= at < each[0][1]]
        return min(found, key=lambda each: (each[0] and each[0][0], each[1]))[2] if found else None

    def _expire(self, a: Appointment, at: datetime) -> None:
        a.promise_at = a.promise = None
        self._worth_now(a, at, a.amount)

    def _revive(self, e: Appointment | None, at: datetime) -> None:
        """What kept its promise fell: the promise is open again for what is left of its time."""
        if e is None or e.promise is None:
            return
        e.promise_at = max(e.promise[1], at)
        e.promise = e.promise[0], e.promise_at
        self._hold(e, self.worth(e, e.criteria, e.share, at), at)
        if e.promise_at == at:
            self._expire(e, at)

    def _rule(self, a: Appointment, verdict: str, findings: Findings, at: datetime, **fixed: Any) -> bool:
        """A verdict: its facts, what they are worth, the windows that begin; a no-show may wait for its rebooking."""
        found, minutes, criteria = self.outcome(a, findings)
        outcome = fixed.get("outcome", found)
        waits = None
        if outcome == "prospect_no_show" and not fixed.get("final") and a.rebookings < REBOOKINGS:
            fresh = a.outcome != "prospect_no_show" and a.amount == 0
            waits = at + REBOOKING if fresh and verdict != "decided" else a.rebooking_at
        becomes = outcome == "attended" != a.outcome and not a.keeps and not fixed.get("promises")
        if becomes and (owed := self._replaces(a, at)):
            a.keeps, owed.promise_at = owed, None
            self._release(owed, at)
        a.verdict, a.attendance, a.minutes, a.criteria, a.outcome = verdict, findings[0], minutes, criteria, outcome
        a.share = fixed["share"] if "share" in fixed else SHARES[outcome]
        a.findings_at, a.rebooking_at, a.contest_at = None, waits, None if verdict == "decided" else at + CONTEST
        if fixed.get("promises"):
            a.promise_at, a.promise = at + EXPIRES, (at, at + EXPIRES)
        elif waits is None:
            self._worth_now(a, at)
        return True

    def submit(self, supplier: str, email: str, owner: bool, starts: datetime, now: datetime) -> Appointment | None:
        """A new appointment, or the no-show that is rebooked by submitting the same person anew; None if refused."""
        again = [e for e in self.appointments if e.email == email and not e.dispute]
        chains = [e for e in again if e.supplier == supplier and e.rebooking_at and now < starts < e.rebooking_at]
        chain = chains[0] if len(chains) == 1 else None
        known = [e for e in self.appointments if e.email == email and e is not chain]
        if now >= starts or any(self._blocks(e, now) for e in known):
            return None
        if chain is not None:
            return chain if self.move(chain, starts, now) else None
        a = Appointment(supplier, email, owner, now, [starts], len(self.appointments))
        a.findings_at = a.ends + FINDINGS
        self.appointments.append(a)
        return a

    def _blocks(self, earlier: Appointment, now: datetime) -> bool:
        waits = earlier.rebooking_at or earlier.dispute or earlier.amount
        ended = earlier.cancelled or (not waits and earlier.outcome in ABSENT)
        return not ended and now < earlier.submitted + DUPLICATE

    def find(self, a: Appointment, findings: Findings, now: datetime) -> bool:
        if a.cancelled or now < a.starts or (findings[0] in ABSENT and now < a.starts + WAIT):
            return False
        if a.verdict == "given":
            outcome, _, criteria = self.outcome(a, findings)
            stands = max(a.amount, self.worth(a, a.criteria, a.share, now))
            if (
                a.keeps
                or any(part.invoiced for part in a.parts)
                or self.worth(a, criteria, SHARES[outcome], now) <= stands
            ):
                return False
        elif a.verdict != "pending":
            return False
        return self._rule(a, "given", findings, now)

    def cancel(self, a: Appointment, by: str, stated_by: str, now: datetime) -> bool:
        if by not in ("prospect", stated_by) or a.cancelled or a.verdict != "pending" or now >= a.starts:
            return False
        a.cancelled = True
        if a.rebookings:
            kept = {name: found for name, found in a.criteria.items() if found in ("confirmed", "refuted")}
            return self._rule(a, "given", ("prospect_no_show", None, kept), now, final=True)
        outcome = f"cancelled_by_{by}{'_late' if by == 'buyer' and now >= a.starts - NOTICE else ''}"
        return self._rule(a, "given", ("unknown", None, {}), now, outcome=outcome, share=SHARES[outcome])

    def move(self, a: Appointment, starts: datetime, now: datetime) -> bool:
        """A reschedule, a correction or a rebooking, asked for by the prospect."""
        if a.cancelled or a.dispute is not None or starts <= now:
            return False
        if a.verdict == "pending":
            counts = abs(starts - (a.counted or a.slots[0])) >= COUNTS
            if now >= a.starts or (counts and (a.reschedules >= RESCHEDULES or starts >= a.slots[0] + WITHIN)):
                return False
            a.reschedules += counts
            a.counted = starts if counts else a.counted
        else:
            if a.rebooking_at is None or not now < a.rebooking_at or not starts < a.rebooking_at:
                return False
            a.rebookings += 1
            a.counted = starts
            a.verdict, a.attendance, a.minutes, a.outcome, a.share = "pending", "unknown", None, None, None
            a.rebooking_at = a.contest_at = None
            a.decided.discard("attendance")
        a.slots.append(starts)
        a.findings_at = a.ends + FINDINGS
        return True

    def contestable(self, a: Appointment, now: datetime) -> bool:
        if a.verdict not in ("given", "deemed") or a.contest_at is None or now >= a.contest_at or a.keeps:
            return False
        return (a.share or 0) < 10000 or (a.owner and a.criteria["owner"] == "refuted")

    def open(self, a: Appointment, kind: str, reason: str, claim: Findings, now: datetime) -> bool:
        if a.verdict in ("pending", "contested") or reason not in REASONS[kind] or a.promise:
            return False
        outcome, minutes, criteria = self.outcome(a, claim)
        owed = a.amount > 0 or (a.keeps is not None and outcome != "attended")
        if not {"contest": self.contestable(a, now), "clawback": now < a.ends + CLAWBACK and owed}[kind]:
            return False
        facts = {name for name in criteria if criteria[name] != a.criteria[name]}
        facts |= {"attendance"} if (claim[0], minutes) != (a.attendance, a.minutes) else set()
        if not facts or facts <= a.decided or "*" in a.decided or (kind == "clawback" and self._capped(a)):
            return False
        worth = self.worth(a, criteria, self._remaining(a, kind, reason, SHARES[outcome]), now)
        if kind == "clawback" and 0 < a.amount < worth:
            return False
        a.dispute = Dispute(kind, reason, claim, facts, now + REPLY, a.verdict)
        a.verdict = "contested"
        self._hold(a, worth, now)
        return True

    def _remaining(self, a: Appointment, kind: str, reason: str | None, share: int) -> int:
        """What a claim leaves of the price: a partial remedy its own share, but never more than there was."""
        return min(PARTIAL, a.share or 0) if (kind, reason) == ("clawback", "smaller_company") else share

    def _capped(self, a: Appointment) -> bool:
        same = [e for e in self.appointments if (e.supplier, e.first_month) == (a.supplier, a.first_month)]
        back = sum(any(e.returned) or (e.dispute is not None and e.dispute.kind == "clawback") for e in same)
        cap = None if a.first_month is None else self.terms.cap
        return cap is not None and back * 10000 >= cap * len(same)

    def reply(self, a: Appointment, position: str, by: str, now: datetime) -> bool:
        d = a.dispute
        if d is None or d.reply_at is None or by != {"contest": "buyer", "clawback": "supplier"}[d.kind]:
            return False
        d.reply_at = None
        return self._decide(a, d.claim, now) if position == "concede" else True

    def withdraw(self, a: Appointment, by: str, now: datetime) -> bool:
        if a.dispute is None or by != {"contest": "supplier", "clawback": "buyer"}.get(a.dispute.kind):
            return False
        a.verdict, a.dispute = a.dispute.stood, None
        self._release(a, now)
        return True

    def decide(self, a: Appointment, decision: Findings | int, now: datetime) -> bool:
        if a.dispute is None or a.dispute.reply_at is not None:
            return False
        if not isinstance(decision, int):
            return self._decide(a, decision, now)
        lowered = decision < (a.share or 0)
        a.returned.append(a.dispute.kind == "clawback" and lowered)
        fallen = a.keeps if lowered else None
        a.share, a.verdict, a.dispute, a.contest_at, a.rebooking_at = decision, "decided", None, None, None
        a.keeps = None if fallen else a.keeps
        a.decided.add("*")
        a.criteria = self.criteria(a, {name: found for name, found in a.criteria.items() if found != "claimed"})
        self._worth_now(a, now)
        self._revive(fallen, now)
        return True

    def _decide(self, a: Appointment, findings: Findings | None, at: datetime) -> bool:
        """By findings: the arbiter's, the claim's (conceded or upheld), or what stood."""
        d = a.dispute
        assert d is not None
        fixed: dict[str, Any] = {}
        if findings is None:
            kept = {name: found for name, found in a.criteria.items() if found in ("confirmed", "refuted")}
            findings = (a.attendance, a.minutes, kept)
            fixed = {"outcome": a.outcome, "share": a.share}
        found = self.outcome(a, findings)
        as_claimed = (findings[0], *found[::2]) == (d.claim[0], *self.outcome(a, d.claim)[::2])
        upheld = as_claimed and d.kind != "escalated"
        if upheld:
            fixed["share"] = self._remaining(a, d.kind, d.reason, SHARES[found[0]])
            fixed["promises"] = d.reason == "out_of_business" and not a.keeps
        a.returned.append(upheld and d.kind == "clawback")
        fallen = a.keeps if found[0] != "attended" else None
        a.dispute, a.decided, a.keeps = None, a.decided | d.facts, None if fallen else a.keeps
        self._rule(a, "decided", findings, at, **fixed)
        self._revive(fallen, at)
        return True

    def bill(self, period: tuple[int, int], end: datetime) -> None:
        for kind, sign in KINDS.items():
            for supplier in {a.supplier for a in self.appointments}:
                parts = [part for a in self.appointments if a.supplier == supplier for part in a.parts]
                due = [p for p in parts if not p.invoiced and not p.held and p.at < end and p.amount * sign > 0]
                if due and (kind, supplier, period) not in self.documents:
                    self.documents[kind, supplier, period] = sum(abs(part.amount) for part in due)
                    for part in due:
                        part.invoiced = True

    def stage(self, a: Appointment, now: datetime) -> str:
        if a.dispute is not None:
            return "disputed"
        if a.rebooking_at is not None:
            return "can_be_rebooked"
        if a.verdict == "pending":
            return "booked" if now < a.starts else "awaiting_findings"
        on_paper = [part.invoiced for part in a.parts if part.invoiced or part.amount > 0]
        if on_paper and all(on_paper):
            return "invoiced" if a.amount else "credited"
        return "contestable" if self.contestable(a, now) else "billable" if a.amount else "not_billable"

    def books(self) -> dict[str, int]:
        """Accounts `accrued` and `held`, the cost, and what is on invoices and credit notes, net."""
        parts = [part for a in self.appointments for part in a.parts]
        return {
            "cost": sum(part.amount for part in parts),
            "held": sum(part.amount for part in parts if part.held),
            "accrued": sum(part.amount for part in parts if not part.held and not part.invoiced),
        } | {each: sum(net for key, net in self.documents.items() if key[0] == each) for each in KINDS}
