"""`/v1/appointments/{id}/explanation`: why it was billed as it was, for both parties to read."""

from typing import Any
from uuid import UUID

from api.auth import OPERATOR, PARTIES
from api.endpoints import Resource
from api.schemas import explanations as schemas
from api.units import Answer, Query
from ledger.domain.errors import Unknown
from ledger.domain.explanation import Posted, Step
from ledger.services import explanations
from ledger.services.explanations import Explained

blueprint = Resource("explanations", description="Why an appointment was billed as it was, step by step.")


@blueprint.query(
    "/appointments/<uuid:appointment_id>/explanation", roles={*PARTIES, *OPERATOR}, answers=schemas.Explanation
)
def explain_appointment(query: Query, appointment_id: UUID) -> Answer:
    """Explain an appointment: every step with clause, facts, evidence, deadline, actor and ledger entry.

    What has fallen due is told as settled. Clauses are quoted from the version that the appointment pinned. The other
    side's people are told as their party, without names.
    """
    found = explanations.of_appointment(query.connection, appointment_id, query.principal, query.now)
    if found is None:
        raise Unknown("there is no such appointment")
    pinned = found.case.pinned
    return Answer(
        {
            "appointment": appointment_id,
            "reference": found.case.reference,
            "definition": {
                "slug": pinned.definition.slug,
                "version": pinned.definition_version,
                "hash": pinned.definition_hash,
            },
            "currency": pinned.definition.currency,
            "answer": found.explanation.answer,
            "steps": [_step(found, step) for step in found.explanation.steps],
        }
    )


def _step(found: Explained, step: Step) -> dict[str, Any]:
    who, price = found.people.get(step.actor), step.price or {}
    return {
        "kind": step.kind,
        "at": step.at,
        "recorded_at": step.recorded_at,
        "sentence": step.sentence,
        "actor": {
            "party": step.party if who is None else who.party,
            "organisation": None if who is None else who.organisation,
            "name": None if who is None else who.name,
        },
        "note": step.note,
        "clauses": [
            {"path": clause.path, "number": clause.number, "heading": clause.heading, "text": clause.text}
            for clause in step.clauses
        ],
        "facts": [{"label": label, "said": said} for label, said in step.facts],
        "evidence": [
            {
                "id": proof.id,
                "kind": proof.kind,
                "grade": proof.grade,
                "party": proof.party,
                "received_at": proof.received_at,
            }
            for proof in step.evidence
        ],
        "deadline": step.kept,
        "begins": [{"kind": kind, "at": at} for kind, at in step.begins],
        "money": {
            "change": step.change,
            "amount": step.amount,
            "held": step.held,
            **{name: price.get(name) for name in ("position", "price", "share")},
        },
        "entries": [_entry(entry) for entry in step.entries],
        "document": _document(step),
    }


def _entry(entry: Posted) -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.kind,
        "effective_at": entry.effective_at,
        "recorded_at": entry.recorded_at,
        "transfers": [
            {"debit": debit, "credit": credit, "amount": amount} for debit, credit, amount in entry.transfers
        ],
    }


def _document(step: Step) -> dict[str, Any] | None:
    line = step.document
    if line is None:
        return None
    return {
        "id": line.document_id,
        "number": line.number,
        "kind": line.kind,
        "period": str(line.period),
        "line": line.line,
        "amount": line.signed,
    }
