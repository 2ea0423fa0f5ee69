"""Who plays, and what they try: suppliers, buyers and arbiters, honest and cheating.

Owns the moves. Each takes the world and an appointment and is free to be refused; whether it should have been is for
the checks and for the rules. Every choice comes from the world's own random numbers and from what was answered.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from api.demo import cast
from api.simulation import providers, terms
from api.simulation.referee import Booked
from api.simulation.world import CREATED, Subject, World

REBOOKED: Final = 200
CONFLICT: Final = 409
Move = Callable[[World, Subject], None]

ATTENDANCES: Final = (
    "attended",
    "attended",
    *("prospect_no_show",) * 8,
    "buyer_no_show",
    "both_absent",
    "supplier_fault",
    "access_failure",
    "technical_failure",
)
CLAWBACK_REASONS: Final = ("wrong_person", "smaller_company", "out_of_business", "never_agreed", "no_sale", "made_up")
CONTEST_REASONS: Final = ("attended_after_all", "criterion_met", "criterion_met", "no_time", "made_up")
AHEAD: Final = (-90, 30, 200, 60 * 5, 60 * 20, 60 * 30, 60 * 50, 60 * 90, 60 * 120, 60 * 220)
"""Minutes from the submission to the slot."""
MOMENT: Final = timedelta(microseconds=1)


def instant(at: datetime) -> str:
    return at.isoformat()


def british(definition: str) -> bool:
    return definition in (terms.REVIEW, terms.SECOND_LOOK)


def submit(world: World) -> Subject | None:
    """A supplier submits: mostly somebody new, at times somebody known in disguise, or too late, or unfit."""
    random = world.random
    supplier, buyer, definition, starts_at = _occasion(world)
    number = len(world.subjects) + world.commands["submit"]
    country = "GB" if british(definition) else "DE"
    person = cast.prospect(random, country, number % 1000)
    _name, domain = person.pop("company")
    prospect = {**person, "email": person["email"].replace("@", f".{number}@"), "company": {"domain": domain}}
    shared = False
    if world.subjects and random.random() < 0.12:
        known = random.choice(world.subjects[-40:])
        prospect, known.shared, shared = _disguised(world, known.prospect), True, True
    reference = f"{supplier[:1].upper()}-{number}" if random.random() > 0.02 or not world.subjects else _used(world)
    body = {
        "definition": definition,
        "reference": reference,
        "slot": {"starts_at": instant(starts_at), "ends_at": instant(starts_at + timedelta(minutes=30))},
        "prospect": prospect,
        "channel": random.choices(("outbound", "inbound", "carrier-pigeon"), (60, 38, 2))[0],
        "source": random.choice(("linkedin", "trade-fair", "web-form")),
        "lead_created_at": instant(world.now - timedelta(days=random.randint(0, 61))),
        "facts": _facts(world, definition),
        "consent": {"basis": "opt_in", "captured_at": instant(world.now - timedelta(days=random.randint(0, 70)))},
    }
    told = world.ask(supplier, "POST", "/v1/appointments", body)
    if told.status == REBOOKED:
        _rebooked(world, told.body["id"], starts_at)
    else:
        identity = told.body["id"] if told.taken else ""
        booked = Booked(identity, supplier, definition, starts_at)
        world.forbid(world.referee.submitted(world.slots(), booked, told.codes, known=shared))
    if told.status != CREATED:
        world.tell(supplier, "submit", reference, told)
        world.check()
        return None
    subject = Subject(reference, supplier, buyer, definition, told.body["id"], prospect, told.body, world.now)
    subject.shared = shared
    world.subjects.append(subject)
    world.see(subject)
    world.check(subject)
    world.tell(supplier, "submit", reference, told, subject.shown)
    return subject


def _occasion(world: World) -> tuple[str, str, str, datetime]:
    """An offer and a slot: any, or one more where a day, a week or a month may be full."""
    random = world.random
    some = random.choice(world.subjects[-40:]) if world.subjects and random.random() < 0.3 else None
    if some is not None and some.starts_at > world.now:
        return some.supplier, some.buyer, some.definition, some.starts_at
    ahead = timedelta(minutes=random.choice(AHEAD))
    return *random.choice(world.offers), world.now.replace(second=0, microsecond=0) + ahead


def _rebooked(world: World, identity: str, starts_at: datetime) -> None:
    """Somebody who did not come was submitted anew, which is his rebooking."""
    subject = next(each for each in world.subjects if each.identity == identity)
    before = replace(world.slot(subject), can_be_rebooked=True)
    world.forbid(world.referee.moved(world.slots(), before, starts_at, ()))
    world.see(subject)


def _used(world: World) -> str:
    return world.random.choice(world.subjects).reference


def _disguised(world: World, prospect: dict[str, Any]) -> dict[str, Any]:
    """The same person, spelled as somebody who would like to be paid twice spells him."""
    name, at, domain = prospect["email"].partition("@")
    spelled = (f"{name}+again{at}{domain}", prospect["email"].upper(), f" {prospect['email']}".strip())
    national = (prospect["phone"] or "").replace("+44", "0").replace("+49", "0") or None
    return prospect | {
        "email": world.random.choice(spelled),
        "phone": world.random.choice((prospect["phone"], national, None)),
    }


def _facts(world: World, definition: str) -> dict[str, Any]:
    random = world.random
    unfit = random.random() < 0.03
    if british(definition):
        facts: dict[str, Any] = {
            "employees": 5 if unfit else random.randint(10, 250),
            "budget_agreed": random.random() < 0.6,
        }
        if random.random() < 0.8:
            facts["title"] = "CFO"
        return facts
    return {"owner_occupied": not unfit, "monthly_bill": "120.00", "storage": random.random() < 0.6}


def criteria_of(definition: str) -> tuple[str, ...]:
    return ("size", "role", "budget") if british(definition) else ("owner", "bill", "storage")


def findings(world: World, subject: Subject, *, kindly: float) -> dict[str, Any]:
    """What somebody says was the case; `kindly` is how likely it is the best for the supplier."""
    random = world.random
    criteria = criteria_of(subject.definition)
    if random.random() < kindly:
        some = [{"id": name, "finding": "confirmed"} for name in criteria if random.random() < 0.5]
        return {"attendance": "attended", "minutes": random.choice((None, 15, 40)), "criteria": some}
    attendance = random.choice(ATTENDANCES)
    absent = attendance in ("prospect_no_show", "buyer_no_show", "both_absent")
    ruled = [
        {"id": name, "finding": random.choice(("confirmed", "refuted"))} for name in criteria if random.random() < 0.25
    ]
    minutes = None if absent else random.choice((None, 0, 14, 15, 30))
    return {"attendance": attendance, "minutes": minutes, "criteria": ruled}


def find(world: World, subject: Subject) -> None:
    """The buyer's findings: often true, at times another no-show, a criterion refuted, a second time, too late."""
    body = findings(world, subject, kindly=0.4)
    if body["attendance"] == "prospect_no_show" and world.random.random() < 0.9:
        call(world, subject)
    world.act(subject.buyer, "find", subject, f"{subject.path}/findings", body)
    if subject.shown["stage"] == "can_be_rebooked" and world.random.random() < 0.6:
        rebook(world, subject)


def call(world: World, subject: Subject) -> None:
    show(world, subject, subject.buyer, "contact_attempt")


def show(world: World, subject: Subject, who: str, kind: str) -> None:
    """Evidence, which decides nothing by itself, however loud it is."""
    body = {"kind": kind, "occurred_at": instant(world.now), "content": {"says": f"we were there, {who} swears"}}
    world.act(who, "show", subject, f"{subject.path}/evidence", body)


def forge(world: World, subject: Subject) -> None:
    show(world, subject, world.random.choice((subject.supplier, subject.supplier, subject.buyer)), "screenshot")


def cancel(world: World, subject: Subject) -> None:
    who = world.random.choice((subject.supplier, subject.buyer))
    by = world.random.choice(("prospect", "buyer", "supplier"))
    world.act(who, "cancel", subject, f"{subject.path}/cancel", {"by": by, "reason": "no time"})


def move(world: World, subject: Subject) -> None:
    """Another slot: near or far, a correction or a rebooking, while booked or for a second payment."""
    random = world.random
    who = random.choice((subject.supplier, subject.supplier, subject.buyer))
    shift = timedelta(minutes=random.choice((-600, -30, 10, 59, 60, 600, 60 * 24, 60 * 48, 60 * 24 * 9)))
    starts_at = max(subject.starts_at, world.now if random.random() < 0.7 else subject.starts_at) + shift
    asked = random.choice(("prospect", "prospect", "supplier", "buyer"))
    _to(world, subject, who, asked, starts_at)


def rebook(world: World, subject: Subject) -> None:
    """A no-show gets his second slot soon, and at once another one, for which he still has his reschedules."""
    soon = world.now + timedelta(hours=world.random.choice((5, 20, 40)))
    _to(world, subject, subject.supplier, "prospect", soon)
    _to(world, subject, subject.supplier, "prospect", soon + timedelta(hours=2))


def _to(world: World, subject: Subject, who: str, asked: str, starts_at: datetime) -> None:
    """One request for another slot."""
    world.look(subject)
    before = world.slot(subject)
    slot = {"starts_at": instant(starts_at), "ends_at": instant(starts_at + timedelta(minutes=30))}
    body = {"slot": slot, "requested_by": asked}
    told = world.act(who, "reschedule", subject, f"{subject.path}/reschedule", body)
    world.forbid(world.referee.moved(world.slots(), before, starts_at, told.codes))


def contest(world: World, subject: Subject) -> None:
    _open(world, subject, subject.supplier, "contest", world.random.choice(CONTEST_REASONS), kindly=0.85)


def claw_back(world: World, subject: Subject) -> None:
    _open(world, subject, subject.buyer, "clawback", world.random.choice(CLAWBACK_REASONS), kindly=0.1)


def _open(world: World, subject: Subject, who: str, name: str, reason: str, *, kindly: float) -> None:
    body = {"reason": reason, "claim": findings(world, subject, kindly=kindly), "message": "It was not like that."}
    told = world.act(who, name, subject, f"{subject.path}/disputes", body)
    if told.taken:
        subject.disputes.append(told.body["id"])
        if world.random.random() < 0.4:
            show(world, subject, who, "recording")


def disputed(world: World, subject: Subject) -> None:
    """Something about its dispute: mostly what its turn is, at times what it is not."""
    _remember(world, subject)
    if not subject.disputes:
        return
    random = world.random
    path = f"/v1/disputes/{random.choice(subject.disputes[-2:])}"
    waits = any(deadline["kind"] == "reply" for deadline in subject.shown["deadlines"])
    likely = ("concede", "contest", "contest", "withdraw", "write", "wait") if waits else ("decide", "decide", "share")
    choice = random.choice(likely if random.random() < 0.9 else ("decide", "share", "concede", "withdraw", "write"))
    who = random.choice((subject.supplier, subject.buyer))
    match choice:
        case "concede" | "contest":
            world.act(who, f"reply: {choice}", subject, f"{path}/reply", {"position": choice})
        case "withdraw":
            world.act(who, "withdraw", subject, f"{path}/withdraw")
        case "write":
            world.act(who, "write", subject, f"{path}/messages", {"message": "Ask anybody."})
        case "decide" | "share":
            decide(world, subject, path, by_share=choice == "share")


def decide(world: World, subject: Subject, path: str, *, by_share: bool) -> None:
    """The arbiter: findings, or a share."""
    body: dict[str, Any] = {"reason": "On what was shown."}
    if by_share:
        body["share"] = world.random.choice((0, 1, 2500, 4000, 3333, 9999, 10000))
    else:
        body["findings"] = findings(world, subject, kindly=0.5)
    world.act("arbiter", "decide: share" if by_share else "decide", subject, f"{path}/decision", body)


def conclude(world: World, subject: Subject) -> None:
    """The arbiter decides what is still open, unless the other side may yet reply."""
    _remember(world, subject)
    decide(world, subject, f"/v1/disputes/{subject.disputes[-1]}", by_share=world.random.random() < 0.5)


def _remember(world: World, subject: Subject) -> None:
    """Disputes that opened by rule get their row when they are settled: any command does that, a refused one too."""
    refused = world.ask(subject.supplier, "POST", f"{subject.path}/cancel", {"by": "supplier"})
    world.require(refused.status == CONFLICT, f"{subject.reference} is disputed, and yet cancelled")
    told = world.ask("arbiter", "GET", f"/v1/disputes?appointment={subject.identity}&limit=200")
    subject.disputes = [each["id"] for each in reversed(told.body["items"])]


def trespass(world: World, subject: Subject) -> None:
    """Somebody with nothing to do with it: every door answers as if there were none."""
    others = [slug for slug in (*cast.BUYERS, *cast.SUPPLIERS) if slug not in (subject.supplier, subject.buyer)]
    who = world.random.choice(others)
    role = "findings" if who in cast.BUYERS else "cancel"
    body = {"attendance": "attended"} if role == "findings" else {"by": "prospect"}
    told = world.act(who, "trespass", subject, f"{subject.path}/{role}", body)
    read = world.ask(who, "GET", subject.path)
    world.require((told.status, read.status) == (404, 404), f"{who} got {told.status} from {subject.reference}")


HABITS: Final[dict[str, tuple[tuple[Move, int], ...]]] = {
    "booked": (
        (move, 6),
        (cancel, 2),
        (find, 1),
        (forge, 1),
        (contest, 1),
        (providers.book, 1),
        (providers.schedule, 2),
    ),
    "awaiting_findings": (
        (find, 12),
        (forge, 2),
        (cancel, 1),
        (move, 1),
        (call, 2),
        (providers.meet, 3),
        (providers.dial, 1),
        (providers.swear, 1),
        (providers.book, 1),
        (providers.schedule, 1),
    ),
    "can_be_rebooked": (
        (rebook, 5),
        (move, 5),
        (contest, 3),
        (find, 2),
        (claw_back, 1),
        (cancel, 1),
        (providers.meet, 1),
    ),
    "disputed": ((disputed, 12), (forge, 2), (move, 1), (contest, 1), (claw_back, 1), (find, 1), (providers.meet, 1)),
    "contestable": ((contest, 6), (find, 2), (claw_back, 3), (move, 1), (providers.meet, 2), (providers.swear, 1)),
    "billable": ((claw_back, 6), (contest, 1), (find, 2), (move, 1), (providers.meet, 2), (providers.schedule, 1)),
    "invoiced": ((claw_back, 6), (contest, 1), (find, 1), (move, 1), (providers.meet, 1)),
    "credited": ((claw_back, 1), (contest, 1), (move, 1)),
    "not_billable": ((contest, 3), (claw_back, 1), (find, 1), (move, 1)),
}
"""What people try with an appointment at each stage, and how often."""


def play(world: World, subject: Subject) -> None:
    """Somebody does something about it."""
    if world.random.random() < 0.01:
        trespass(world, subject)
        return
    world.look(subject)
    moves = HABITS[subject.shown["stage"]]
    chosen = world.random.choices([each for each, _ in moves], [weight for _, weight in moves])[0]
    chosen(world, subject)
