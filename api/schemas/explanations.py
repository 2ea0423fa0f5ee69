"""Explanations on the wire: the time line of an appointment, each step with what it rests on."""

from typing import Any

from marshmallow import fields as plain

from api import fields
from api.schemas import Strict

SENTENCE: dict[str, Any] = {"longest": 5000}


class Quotation(Strict):
    """A clause in the words that both sides signed; `path` as refusals and the difference name it."""

    path = fields.Text(required=True)
    number = fields.Whole(required=True)
    heading = fields.Text(required=True)
    text = fields.Text(required=True, **SENTENCE)


class StatedFact(Strict):
    """One fact and what was said of it."""

    label = fields.Text(required=True)
    said = fields.Text(required=True)


class ProofItem(Strict):
    """A piece of evidence that was on record by then."""

    id = fields.Identifier(required=True)
    kind = fields.Text(required=True)
    grade = fields.Choice(("A", "B", "C"), required=True)
    party = fields.Text(required=True)
    received_at = fields.Instant(required=True)


class StepDeadline(Strict):
    """A deadline that begins to run with the step."""

    kind = fields.Text(required=True)
    at = fields.Instant(required=True)


class ActorOfStep(Strict):
    """Who acted: the party, and the name of one's own people alone."""

    party = fields.Choice(("prospect", "buyer", "supplier", "operator", "rule"), required=True)
    organisation = fields.Text(required=True, allow_none=True)
    name = fields.Text(required=True, allow_none=True)


class StepMoney(Strict):
    """Minor units: what the step added, what stands after it, what of that is held."""

    change = fields.Whole(required=True)
    amount = fields.Whole(required=True)
    held = fields.Whole(required=True)
    position = fields.Whole(required=True, allow_none=True)
    price = fields.Whole(required=True, allow_none=True)
    share = fields.Whole(required=True, allow_none=True)


class MovedMoney(Strict):
    """One transfer between two accounts."""

    debit = fields.Text(required=True)
    credit = fields.Text(required=True)
    amount = fields.Whole(required=True)


class PostedEntry(Strict):
    """A ledger entry. With a document's step it is the whole document's."""

    id = fields.Identifier(required=True)
    kind = fields.Text(required=True)
    effective_at = fields.Instant(required=True)
    recorded_at = fields.Instant(required=True)
    transfers = plain.List(plain.Nested(MovedMoney), required=True)


class LineOfDocument(Strict):
    """The appointment's line on a document; negative on a credit note."""

    id = fields.Identifier(required=True)
    number = fields.Text(required=True)
    kind = fields.Choice(("invoice", "credit_note", "statement"), required=True)
    period = fields.Text(required=True, longest=7)
    line = fields.Whole(required=True)
    amount = fields.Whole(required=True)


class Step(Strict):
    """One step. `recorded_at` is null for what has fallen due and is not written yet."""

    kind = fields.Text(required=True)
    at = fields.Instant(required=True)
    recorded_at = fields.Instant(required=True, allow_none=True)
    sentence = fields.Text(required=True, **SENTENCE)
    actor = plain.Nested(ActorOfStep, required=True)
    note = fields.Text(required=True, allow_none=True, lines=True, **SENTENCE)
    clauses = plain.List(plain.Nested(Quotation), required=True)
    facts = plain.List(plain.Nested(StatedFact), required=True)
    evidence = plain.List(plain.Nested(ProofItem), required=True)
    deadline = fields.Instant(
        required=True, allow_none=True, metadata={"description": "What the step had to keep, or took effect at"}
    )
    begins = plain.List(plain.Nested(StepDeadline), required=True)
    money = plain.Nested(StepMoney, required=True)
    entries = plain.List(plain.Nested(PostedEntry), required=True)
    document = plain.Nested(LineOfDocument, required=True, allow_none=True)


class VersionExplained(Strict):
    """The terms that the clauses are quoted from."""

    slug = fields.Slug(required=True)
    version = fields.Whole(required=True)
    hash = fields.Text(required=True)


class Explanation(Strict):
    """Why an appointment was billed as it was: the answer, and how it came to that, oldest first."""

    appointment = fields.Identifier(required=True)
    reference = fields.Text(required=True)
    definition = plain.Nested(VersionExplained, required=True)
    currency = fields.Currency(required=True)
    answer = fields.Text(required=True, **SENTENCE)
    steps = plain.List(plain.Nested(Step), required=True)
