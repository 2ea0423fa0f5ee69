"""Why an appointment was billed as it was: everything that happened to it, as one time line.

Owns how events, evidence, messages, ledger entries and documents are put in order and together: each step with the
clauses quoted, the facts, the deadline it kept, those that begin with it, and what it did to the money. Pure; the
words of each event are in `telling.py`. Refuses to tell what it was not given.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ledger.domain import telling, wording
from ledger.domain.calendar import Period
from ledger.domain.journal import EntryKind
from ledger.domain.lifecycle import Appointment, Event, EventKind, Party, Schedule, Verdict, apply
from ledger.domain.prose import Quotation, quoted
from ledger.domain.stage import deadlines
from ledger.domain.telling import Move
from ledger.domain.terms import Agreement, Definition


@dataclass(frozen=True, slots=True)
class Happened:
    """An event; `recorded_at` is None for one that has fallen due and is not written yet."""

    event: Event
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Proof:
    """A piece of evidence, without its content."""

    id: UUID
    kind: str
    grade: str
    party: Party
    actor: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """A message in a dispute."""

    party: Party
    actor: str
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Posted:
    """A ledger entry; transfers are (debit, credit, amount in minor units)."""

    id: UUID
    kind: EntryKind
    effective_at: datetime
    recorded_at: datetime
    transfers: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Billed:
    """The appointment's line on a document; `entry` is the whole document's, None for a statement."""

    document_id: UUID
    number: str
    kind: str
    period: Period
    line: int
    amount: int
    issued_at: datetime
    corrects: str | None
    entry: Posted | None

    @property
    def signed(self) -> int:
        return -self.amount if self.kind == "credit_note" else self.amount


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `amount` and `held` are what stands after it, `change` what it added; `begins` are (kind, instant)."""

    kind: str
    at: datetime
    recorded_at: datetime | None
    sentence: str
    party: Party
    actor: str
    note: str | None = None
    clauses: tuple[Quotation, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    evidence: tuple[Proof, ...] = ()
    kept: datetime | None = None
    begins: tuple[tuple[str, datetime], ...] = ()
    change: int = 0
    amount: int = 0
    held: int = 0
    price: Mapping[str, int] | None = None
    entries: tuple[Posted, ...] = ()
    document: Billed | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one appointment. `claimed` are the supplier's facts by name."""

    definition: Definition
    agreement: Agreement
    claimed: Mapping[str, Any]
    events: Sequence[Happened]
    evidence: Sequence[Proof] = ()
    messages: Sequence[Said] = ()
    entries: Sequence[Posted] = ()
    lines: Sequence[Billed] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """`answer` says in one sentence or two what is owed and why; `steps` how it came to that, oldest first."""

    answer: str
    steps: tuple[Step, ...]


POSTED_BY: Final[Mapping[EntryKind, frozenset[EventKind]]] = {
    EntryKind.ACCRUAL: frozenset(
        {
            EventKind.FOUND,
            EventKind.DEEMED,
            EventKind.CANCELLED,
            EventKind.NO_SHOW_FINAL,
            EventKind.DISPUTE_DECIDED,
        }
    ),
    EntryKind.HOLD: frozenset({EventKind.DISPUTE_OPENED, EventKind.REPLACEMENT_REVIVED}),
}
"""Which events post an entry of this kind; all others follow what ends a dispute or a promise,
or findings by which the appointment replaces another."""
ENDINGS: Final = frozenset(
    {
        EventKind.DISPUTE_DECIDED,
        EventKind.DISPUTE_WITHDRAWN,
        EventKind.REPLACEMENT_ENDED,
        EventKind.FOUND,
        EventKind.CREDITED,
    }
)
WITH_EVIDENCE: Final = frozenset(
    {
        EventKind.FOUND,
        EventKind.DEEMED,
        EventKind.DISPUTE_OPENED,
        EventKind.DISPUTE_REPLIED,
        EventKind.DISPUTE_ESCALATED,
        EventKind.DISPUTE_DECIDED,
    }
)
"""Steps that are judged by what is on record until then."""
DOCUMENTS: Final = {"invoice": "invoice", "credit_note": "credit note", "statement": "statement"}
_BEFORE, _MOVE, _AFTER = range(3)
"""What comes first at one instant: evidence, then what it moved, then what was said of it and billed."""


def explain(record: Record) -> Explanation:
    """The time line, and the answer it leads to."""
    states, told = _moves(record)
    steps = sorted(
        (
            *(((step.at, _MOVE), step) for step in told),
            *(((proof.received_at, _BEFORE), _evidence(proof)) for proof in record.evidence),
            *(((said.at, _AFTER), _message(said)) for said in record.messages),
            *(((line.issued_at, _AFTER), _line(line)) for line in record.lines),
        ),
        key=lambda placed: placed[0],
    )
    return Explanation(_answer(record, states[-1]), tuple(step for _, step in steps))


def _moves(record: Record) -> tuple[list[Appointment], list[Step]]:
    """The states that the events lead through, and the events as steps with the entries they posted."""
    states: list[Appointment] = []
    steps: list[Step] = []
    for happened in record.events:
        before = states[-1] if states else None
        after = apply(before, happened.event)
        states.append(after)
        steps.append(_move(record, happened, before, after))
    posted: dict[int, list[Posted]] = {}
    for entry in record.entries:
        posted.setdefault(_place(entry, record.events), []).append(entry)
    return states, [replace(step, entries=tuple(posted.get(n, ()))) for n, step in enumerate(steps)]


def _place(entry: Posted, events: Sequence[Happened]) -> int:
    """Which event posted it: one at its instant that can post its kind, if possible one recorded with it."""
    kinds = POSTED_BY.get(entry.kind, ENDINGS)
    able = [n for n, each in enumerate(events) if each.event.kind in kinds]
    exact = [n for n in able if events[n].event.effective_at == entry.effective_at]
    together = [n for n in exact or able if events[n].recorded_at == entry.recorded_at]
    return (together or exact or able or [len(events) - 1])[-1]


def _move(record: Record, happened: Happened, before: Appointment | None, after: Appointment) -> Step:
    event, definition = happened.event, record.definition
    told = telling.tell(Move(definition, event, before, after, record.claimed))
    at = event.effective_at
    running = set() if before is None else set(deadlines(definition, before, at))
    change = after.amount - (0 if before is None else before.amount)
    money = event.payload.get("money") or {}
    priced = {name: money[name] for name in ("position", "price", "share") if name in money}
    paths = (*told.clauses, "price") if priced else told.clauses
    proofs = (proof for proof in record.evidence if event.kind in WITH_EVIDENCE and proof.received_at <= at)
    return Step(
        kind=event.kind.value,
        at=at,
        recorded_at=happened.recorded_at,
        sentence=told.sentence,
        party=told.party,
        actor=event.actor,
        note=told.note,
        clauses=tuple(_quoted(record, paths)),
        facts=told.facts,
        evidence=tuple(proofs),
        kept=told.kept,
        begins=tuple(each for each in deadlines(definition, after, at) if each not in running),
        change=change,
        amount=after.amount,
        held=after.held,
        price=priced or None,
    )


def _quoted(record: Record, paths: Iterable[str]) -> Iterator[Quotation]:
    for path in dict.fromkeys(paths):
        found = quoted(record.definition, path, record.agreement)
        if found is not None:
            yield found


def _evidence(proof: Proof) -> Step:
    kind = proof.kind.replace("_", " ")
    whose = {Party.OPERATOR: "an independent source"}.get(proof.party, f"the {proof.party}")
    sentence = f"Evidence came from {whose}: {kind}, grade {proof.grade} ({wording.GRADES[proof.grade]})."
    return Step("evidence", proof.received_at, proof.received_at, sentence, proof.party, proof.actor, evidence=(proof,))


def _message(said: Said) -> Step:
    who = "The arbiter" if said.party is Party.OPERATOR else telling.SIDES[said.party]
    return Step("message", said.at, said.at, f"{who} wrote to the dispute.", said.party, said.actor, note=said.body)


def _line(line: Billed) -> Step:
    month = f"{line.period.first_day:%B %Y}"
    where = f"line {line.line} of {DOCUMENTS[line.kind]} {line.number}"
    sentence = (
        f"Credited with {where}, which corrects {line.corrects}."
        if line.kind == "credit_note"
        else f"Billed with {where}, for {month}."
    )
    entries = () if line.entry is None else (line.entry,)
    return Step(
        "document", line.issued_at, line.issued_at, sentence, Party.OPERATOR, "rule", entries=entries, document=line
    )


def _answer(record: Record, state: Appointment) -> str:
    """What is owed in the end, by whose word, and where it is billed."""
    currency = record.definition.currency
    if state.verdict is Verdict.PENDING:
        return "Nothing is owed yet: what happened has not been stated."
    if state.disputed:
        undisputed = wording.money(state.amount - state.held, currency)
        return (
            f"A dispute is open. Until it is decided, {undisputed} of {wording.money(state.amount, currency)} stands."
        )
    outcome = "" if state.outcome is None else f"“{wording.OUTCOMES[state.outcome]}”"
    if state.amount == 0:
        if state.rebooking_at is not None:
            return f"Nothing is owed yet: {outcome}, and it can still be booked again."
        if state.replaces_id is not None:
            return "Nothing is owed: it replaced another appointment free of charge."
        credited = " What had been billed was credited." if record.lines else ""
        return f"Nothing is owed: {outcome or 'silence is worth nothing here'}, {_whose(state)}.{credited}"
    share, price = wording.percent(state.share or 0), wording.money(state.price or 0, currency)
    of_price = "" if state.price is None else f", {share} of the price of {price}"
    owed = f"{wording.money(state.amount, currency)} is owed: {outcome or 'by decision'}{of_price}, {_whose(state)}."
    return f"{owed} {_where(record.lines)}"


def _whose(state: Appointment) -> str:
    if state.schedule is Schedule.CANCELLED and state.verdict is Verdict.GIVEN:
        return "as it was cancelled"
    decided = state.verdict is Verdict.DECIDED
    return {
        Party.BUYER.value: "as the buyer conceded" if decided else "as the buyer stated",
        Party.SUPPLIER.value: "as the supplier conceded" if decided else "as the supplier stated",
        Party.OPERATOR.value: "as the arbiter decided" if decided else "as the operator stated",
        Party.RULE.value: "as nobody replied in time" if decided else "as the buyer said nothing in time",
    }[state.verdict_by or Party.RULE.value]


def _where(lines: Sequence[Billed]) -> str:
    if not lines:
        return "It has not been billed yet."
    named = wording.listed(f"{DOCUMENTS[line.kind]} {line.number}" for line in lines)
    return f"It is on {named}."
