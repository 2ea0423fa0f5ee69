"""Rules of "why was I billed this?": every kind of event is told, in words, with the clauses that made it count."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ledger.domain import decisions, disputes, replacements, telling
from ledger.domain.agreement import parse_agreement
from ledger.domain.calendar import Period
from ledger.domain.decisions import fallen_due
from ledger.domain.disputes import DisputeKind, Position
from ledger.domain.explanation import Billed, Happened, Posted, Proof, Record, Said, Step, explain
from ledger.domain.journal import EntryKind
from ledger.domain.lifecycle import Appointment, CriterionFinding, Event, EventKind, Finding, Party, apply
from ledger.domain.outcome import Findings
from ledger.domain.terms import Definition
from tests.domain import states
from tests.domain.documents import agreement_document
from tests.domain.states import ATTENDED, END, MET, NO_SHOW, SLOT, START, SUBMITTED_AT, Document

DAY = timedelta(days=1)
AGREEMENT = parse_agreement(agreement_document())
REFUTED = Findings(Finding.ATTENDED, criteria={"size": CriterionFinding.REFUTED})
ARBITER = Party.OPERATOR


class Story:
    """Events on one appointment, each from the state that the ones before led to."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.events = [decisions.submitted(definition, MET, SLOT, SUBMITTED_AT, "key:s", "sha256:00")]
        self.states = [apply(None, self.events[0])]

    @property
    def state(self) -> Appointment:
        return self.states[-1]

    def then(self, event: Event | None, **money: int) -> "Story":
        assert event is not None
        if money:
            event = event._replace(payload={**event.payload, "money": money})
        self.events.append(event)
        self.states.append(apply(self.state, event))
        return self

    def found(self, findings: Findings = ATTENDED, **money: int) -> "Story":
        return self.then(decisions.found(self.definition, self.state, findings, END, "key:b", 9), **money)

    def due(self, **money: int) -> "Story":
        return self.then(fallen_due(self.definition, self.state), **money)

    def opened(self, kind: DisputeKind, reason: str | None, claim: Findings, **money: int) -> "Story":
        at = max(self.events[-1].effective_at, END) + DAY
        return self.then(disputes.opened(self.definition, self.state, kind, reason, claim, at, "key:x", "d-1"), **money)

    def replied(self, position: Position, by: Party, **money: int) -> "Story":
        at = self.events[-1].effective_at + DAY
        return self.then(disputes.replied(self.definition, self.state, position, by, at, "key:y"), **money)

    def told(self, **more: Any) -> tuple[Step, ...]:
        return explain(self.record(**more)).steps

    def answer(self, **more: Any) -> str:
        return explain(self.record(**more)).answer

    def record(self, **more: Any) -> Record:
        happened = [Happened(event, event.effective_at) for event in self.events]
        claimed = {"employees": 42, "title": "CFO", "owner": True}
        return Record(self.definition, AGREEMENT, claimed, happened, **more)


def attended(definition: Definition | None = None) -> Story:
    return Story(definition or states.terms()).found(position=3, price=20500, share=10000, amount=20500)


def replacing(document: Document) -> None:
    document["clawback"]["reasons"][0] |= {
        "evidence": "attestation",
        "remedy": {"kind": "replacement", "expires": {"days": 30}},
    }


def clawed_back() -> Story:
    story = attended(states.terms(replacing))
    reason = story.definition.clawback.reasons[0].code
    return story.opened(DisputeKind.CLAWBACK, reason, REFUTED, held=20500)


def contested() -> Story:
    return Story(states.terms()).found(REFUTED).opened(DisputeKind.CONTEST, "criterion_met", ATTENDED)


def stories() -> list[Story]:
    """Between them, every kind of event there is."""
    missed = Story(states.terms())
    missed.then(states.rescheduled(missed.definition, missed.state, states.slot_at(START + DAY), START - DAY))
    missed.then(decisions.found(missed.definition, missed.state, NO_SHOW, END + DAY, "key:b", 9))
    missed.then(states.rescheduled(missed.definition, missed.state, states.slot_at(START + 4 * DAY), END + 2 * DAY))
    missed.then(states.cancelled(missed.definition, missed.state, Party.PROSPECT, END + 3 * DAY, Party.SUPPLIER))
    final = Story(states.terms()).found(NO_SHOW).due(position=1, price=20500, share=2500, amount=5125)
    decided = contested().replied(Position.CONTEST, Party.BUYER)
    decided.then(disputes.decided_by_share(decided.definition, decided.state, 4000, END + 9 * DAY, "user:a", "Both."))
    escalated = Story(states.terms()).found(NO_SHOW).opened(DisputeKind.CONTEST, "attended_after_all", ATTENDED)
    escalated.then(disputes.unanswered(escalated.definition, escalated.state, proven=False))
    withdrawn = contested()
    withdrawn.then(disputes.withdrawn(withdrawn.state, withdrawn.states[-2], Party.SUPPLIER, END + 2 * DAY, "key:s"))
    replaced = clawed_back().replied(Position.CONCEDE, Party.SUPPLIER)
    replaced.then(replacements.expired(replaced.state), amount=0, held=0)
    revived = clawed_back().replied(Position.CONCEDE, Party.SUPPLIER)
    revived.then(replacements.kept(revived.state, UUID(int=5), "S-9", END + 5 * DAY), held=0)
    revived.then(replacements.revived(revived.state, "d-2", END + 7 * DAY), held=20500)
    silent = Story(states.terms()).due(position=1, price=20500, share=10000, amount=20500)
    given = attended().then(
        Event(EventKind.CREDITED, END + 40 * DAY, "user:f", {"reason": "agreed by phone"}), amount=18000, credited=2500
    )
    return [given, missed, final, decided, escalated, withdrawn, replaced, revived, silent]


def every_step() -> Iterable[Step]:
    return (step for story in stories() for step in story.told())


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_of_event_has_a_sentence(kind: EventKind) -> None:
    told = [step for step in every_step() if step.kind == kind]
    assert kind in telling.TOLD and told, f"nobody tells what {kind} means: add it to telling.py and to `stories` here"
    for step in told:
        assert re.match(r"[A-Z].* .*\.$", step.sentence), step.sentence
        assert not re.search(r"_|None|key:|user:", step.sentence), step.sentence
        assert step.clauses, f"{kind} rests on a clause"


@pytest.mark.parametrize("kind", DisputeKind)
def test_every_kind_of_dispute_says_who_opened_it_and_why(kind: DisputeKind) -> None:
    if kind is DisputeKind.ESCALATED_SILENCE:
        escalating = states.terms(lambda document: document["verification"].update(silence="escalate"))
        event = fallen_due(escalating, states.booked(escalating))
        assert event is not None
        story = Story(escalating).then(event._replace(payload={**event.payload, "dispute": "d-1"}))
    else:
        story = clawed_back() if kind is DisputeKind.CLAWBACK else contested()
        if kind is DisputeKind.CONTRADICTION:
            story = Story(states.terms()).found(NO_SHOW).opened(kind, None, Findings(Finding.ATTENDED, 22))
    step = story.told()[-1]
    word = {"contest": "supplier contested", "clawback": "buyer claimed", "contradiction": "evidence contradicts"}
    assert word.get(kind.value, "buyer said nothing") in step.sentence
    assert step.party is disputes.OPENER[kind]


def test_a_no_show_that_could_be_booked_again_is_told_with_its_window_and_its_share() -> None:
    story = Story(states.terms()).found(NO_SHOW)
    step = story.told()[-1]
    assert step.sentence == (
        "The buyer stated that the prospect did not come. It counts as “The prospect did not come”: 25 % of the price. "
        "Until Fri 20 Mar 2026, 10:30 it can be booked again, and nothing is owed before."
    )
    assert [clause.path for clause in step.clauses] == [
        "outcomes.prospect_no_show", "attendance.contact_attempts", "rebooking",
    ]  # fmt: skip
    assert step.clauses[0].text == "The prospect did not come: 25 %."
    assert [kind for kind, _ in step.begins] == ["contest", "rebooking"]
    assert step.kept == story.states[0].findings_at
    assert story.answer().startswith("Nothing is owed yet")
    last = story.due(position=1, price=20500, share=2500, amount=5125).told()[-1]
    assert (last.change, last.amount, last.price) == (5125, 5125, {"position": 1, "price": 20500, "share": 2500})
    assert story.answer() == (
        "GBP 51.25 is owed: “The prospect did not come”, 25 % of the price of GBP 205.00, as the buyer stated. "
        "It has not been billed yet."
    )


def test_a_replacement_says_what_it_replaces_and_why_it_is_free() -> None:
    story = Story(states.terms())
    event = decisions.found(story.definition, story.state, ATTENDED, END, "key:b", 0)
    promised = clawed_back().replied(Position.CONCEDE, Party.SUPPLIER).state
    story.then(replacements.replacing(event, UUID(int=4), "S-1", promised))
    step = story.told()[-1]
    assert step.sentence.endswith("It replaces appointment S-1, which was taken back, and so it is free of charge.")
    assert story.answer() == "Nothing is owed: it replaced another appointment free of charge."


def test_silence_that_evidence_speaks_for_says_what_it_shows() -> None:
    terms = states.terms(lambda document: document["verification"].update(silence="evidence_then_accept"))
    story = Story(terms)
    step = story.then(fallen_due(terms, story.state, Findings(Finding.BUYER_NO_SHOW))).told()[-1]
    assert "Independent evidence shows that the buyer did not come. It counts as “The buyer did not come”" in (
        step.sentence
    )


def test_the_facts_are_told_as_claimed_and_then_as_found() -> None:
    first, second = attended().told()
    assert ("Owns the company", "claimed: yes") in first.facts
    assert ("Owns the company", "confirmed") in second.facts
    erased = replace(attended().record(), claimed={})
    assert ("Owns the company", "claimed") in explain(erased).steps[0].facts


def test_a_held_amount_and_its_end_are_told_with_their_entries() -> None:
    story = clawed_back()
    hold = _posted(EntryKind.HOLD, story.events[-1].effective_at)
    accrual = _posted(EntryKind.ACCRUAL, END)
    steps = story.told(entries=[hold, accrual])
    assert [(step.held, [entry.kind for entry in step.entries]) for step in steps[1:]] == [
        (0, [EntryKind.ACCRUAL]),
        (20500, [EntryKind.HOLD]),
    ]
    assert "until it is decided, GBP 0.00 of GBP 205.00 stands".lower() in story.answer().lower()


def test_a_claim_with_a_partial_remedy_says_what_would_remain() -> None:
    opening = attended().opened(DisputeKind.CLAWBACK, "smaller_company", REFUTED, held=10250).told()[-1]
    assert opening.sentence.endswith("If so, 50 % of the price remains owed.")


def test_entries_of_one_instant_go_to_the_event_that_can_have_posted_them() -> None:
    """With no time to reply, a dispute opens and is decided at once."""

    def hurried(document: Document) -> None:
        replacing(document)
        document["dispute"]["reply_window"] = {"hours": 0}

    at_once = states.terms(hurried)
    story = attended(at_once)
    reason = story.definition.clawback.reasons[0].code
    story.opened(DisputeKind.CLAWBACK, reason, REFUTED, held=20500)
    story.then(disputes.unanswered(at_once, story.state, proven=True))
    at = story.events[-1].effective_at
    assert story.events[-2].effective_at == at
    steps = story.told(entries=[_posted(EntryKind.RELEASE, at), _posted(EntryKind.HOLD, at)])
    assert [[entry.kind for entry in step.entries] for step in steps[-2:]] == [[EntryKind.HOLD], [EntryKind.RELEASE]]


def test_evidence_messages_and_documents_stand_where_they_belong() -> None:
    story = contested()
    opened = story.events[-1].effective_at
    proof = Proof(UUID(int=1), "call_recording", "C", Party.SUPPLIER, "key:s", opened)
    late = replace(proof, id=UUID(int=2), received_at=opened + DAY)
    said = Said(Party.SUPPLIER, "key:s", "Listen from minute three.", opened)
    line = Billed(UUID(int=3), "ACME-1", "invoice", Period(2026, 3), 7, 20500, opened + 20 * DAY, None, None)
    steps = story.told(evidence=[late, proof], messages=[said], lines=[line])
    kinds = [step.kind for step in steps]
    assert kinds == ["submitted", "found", "evidence", "dispute_opened", "message", "evidence", "document"]
    assert steps[3].evidence == (proof,)
    assert "grade C (one side's own, in its favour: it decides nothing by itself)" in steps[2].sentence
    assert steps[4].note == "Listen from minute three."
    assert steps[-1].sentence == "Billed with line 7 of invoice ACME-1, for March 2026."


def test_the_answer_names_the_documents_and_what_was_credited() -> None:
    story = attended()
    line = Billed(UUID(int=3), "ACME-1", "invoice", Period(2026, 3), 7, 20500, END + 20 * DAY, None, None)
    assert story.answer(lines=[line]).endswith("as the buyer stated. It is on invoice ACME-1.")
    story = clawed_back().replied(Position.CONCEDE, Party.SUPPLIER)
    story.then(replacements.expired(story.state), amount=0, held=0)
    note = replace(line, number="ACME-CN-1", kind="credit_note", corrects="ACME-1", amount=20500)
    assert story.answer(lines=[line, note]).endswith("What had been billed was credited.")
    assert note.signed == -20500


def _posted(kind: EntryKind, at: datetime) -> Posted:
    return Posted(UUID(int=9), kind, at, at, (("cost", "accrued", 20500),))
