"""Dry runs: a draft replayed over the past appointments of its definition, in one pass, writing nothing.

Owns the reading of settled appointments, a portion at a time, and the sums: per clause alone and all together, how
many outcomes and how much money would have changed. What is still open or disputed, and what a dispute settled, is
counted and left as it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, select

from ledger.domain.calendar import Period
from ledger.domain.definition import parse_definition
from ledger.domain.diff import Change, alone, diff
from ledger.domain.dry_run import REPLAYED, Judged, Past, Terms, compare, recorded, rejudged
from ledger.domain.errors import Malformed, Refused
from ledger.domain.intake import ConsentGiven, Prospect, Submission
from ledger.domain.lifecycle import CriterionFinding, Finding, Slot, Verdict
from ledger.domain.pricing import base_price
from ledger.domain.terms import Definition, Outcome
from ledger.services import contracts, definitions
from ledger.services.contracts import Pinned
from ledger.store import tables as t

PORTION: Final = 2_000
SETTLED: Final = frozenset({Verdict.GIVEN, Verdict.DEEMED})


@dataclass
class Effect:
    """What one clause, or all of them, would have done; money in minor units."""

    outcomes: int = 0
    amounts: int = 0
    money: int = 0
    matrix: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def add(self, before: Judged, after: Judged) -> None:
        if before == after:
            return
        difference = after.amount - before.amount
        self.money += difference
        self.amounts += difference != 0
        self.outcomes += before.outcome != after.outcome
        cell = self.matrix.setdefault((before.outcome, after.outcome), [0, 0])
        cell[0] += 1
        cell[1] += difference


@dataclass
class Clause:
    """One change of the draft. `replayed` is False where only people could tell what it would have changed."""

    clause: str
    sentence: str
    replayed: bool
    effect: Effect = field(default_factory=Effect)


@dataclass
class DryRun:
    """The result. `before` and `after` are the amounts of what was replayed; `left_out` counts the rest by reason."""

    version: int
    currency: str
    replayed: int = 0
    before: int = 0
    after: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    clauses: dict[str, Clause] = field(default_factory=dict)
    together: Effect = field(default_factory=Effect)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the draft changes of one version that appointments pinned: all of it, and each clause alone."""

    whole: Terms
    clauses: tuple[tuple[str, Terms], ...]
    reach: frozenset[Outcome | None]
    """The recorded outcomes that any of it can touch."""


def dry_run(
    connection: Connection,
    definition_id: UUID,
    number: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> DryRun:
    """Replays draft `number` over the settled appointments whose slot starts in [since, until). Raises `Malformed`."""
    document = definitions.draft_document(connection, definition_id)
    draft = parse_definition(document)
    result = DryRun(number, draft.currency)
    comparisons: dict[int, Comparison] = {}
    taken = _positions(connection, definition_id)
    for row in _rows(connection, definition_id, since, until):
        pinned = contracts.pinned(
            connection, row["agreement_id"], row["agreement_version"], definition_id, row["definition_version"]
        )
        if pinned.definition.currency != draft.currency:
            raise Refused.by("currency", "currency_changed", "agreements price in the currency of the definition")
        reason = _left_out(row, pinned.definition)
        if reason is not None:
            result.left_out[reason] = result.left_out.get(reason, 0) + 1
            continue
        version = row["definition_version"]
        if version not in comparisons:
            comparisons[version] = _comparison(connection, definition_id, version, document, draft, pinned, result)
        result.replayed += 1
        result.before += row["amount"]
        result.after += row["amount"]
        outcome = None if row["outcome"] is None else Outcome(row["outcome"])
        if outcome in comparisons[version].reach:
            _judge(result, comparisons[version], _past(row, pinned, taken), pinned)
    return result


def _judge(result: DryRun, comparison: Comparison, past: Past, pinned: Pinned) -> None:
    before = recorded(past)
    after = rejudged(past, comparison.whole, pinned.agreement)
    result.after += after.amount - before.amount
    result.together.add(before, after)
    for clause, terms in comparison.clauses:
        if past.outcome in terms.reach:
            result.clauses[clause].effect.add(before, rejudged(past, terms, pinned.agreement))


def _comparison(
    connection: Connection,
    definition_id: UUID,
    version: int,
    document: Mapping[str, Any],
    draft: Definition,
    pinned: Pinned,
    result: DryRun,
) -> Comparison:
    was = connection.execute(
        select(t.definition_version.c.document).where(
            t.definition_version.c.definition_id == definition_id, t.definition_version.c.number == version
        )
    ).scalar_one()
    clauses = []
    for change in diff(was, document):
        terms = _alone(was, document, change, pinned.definition)
        found = result.clauses.setdefault(change.clause, Clause(change.clause, change.sentence, terms is not None))
        if terms is not None:
            found.replayed = True
            clauses.append((change.clause, terms))
    whole = compare(pinned.definition, draft)
    return Comparison(whole, tuple(clauses), whole.reach.union(*(terms.reach for _, terms in clauses)))


def _alone(was: Mapping[str, Any], document: Mapping[str, Any], change: Change, pinned: Definition) -> Terms | None:
    """The pinned terms with one change; None where it cannot be replayed, or makes no sense without the others."""
    if not any(change.clause == part or change.clause.startswith(f"{part}.") for part in REPLAYED):
        return None
    try:
        return compare(pinned, parse_definition(alone(was, document, change)))
    except Malformed:
        return None


def _rows(
    connection: Connection, definition_id: UUID, since: datetime | None, until: datetime | None
) -> Iterator[RowMapping]:
    appointment, prospect = t.appointment.c, t.prospect.c
    # Appointments are indexed under their agreement.
    agreements = select(t.agreement.c.id).where(t.agreement.c.definition_id == definition_id)
    conditions: list[ColumnElement[bool]] = [appointment.agreement_id.in_(agreements)]
    if since is not None:
        conditions.append(appointment.starts_at >= since)
    if until is not None:
        conditions.append(appointment.starts_at < until)
    query = (
        select(
            *(appointment[name] for name in _COLUMNS),
            *(prospect[name] for name in ("region", "facts", "consent", "lead_created_at", "erased_at")),
        )
        .outerjoin(t.prospect, prospect.appointment_id == appointment.id)
        .where(and_(*conditions))
        .execution_options(yield_per=PORTION)
    )
    with connection.execute(query) as found:
        yield from found.mappings()


_COLUMNS: Final = (
    *("agreement_id", "agreement_version", "definition_version", "reference", "channel", "submitted_at"),
    *("starts_at", "ends_at", "criteria", "attendance", "minutes", "verdict", "verdict_at", "outcome", "share"),
    *("amount", "position", "rebooking_at", "replaces_id", "replacement_at"),
)


def _left_out(row: RowMapping, pinned: Definition) -> str | None:
    """Why the appointment stays as it is."""
    if row["verdict"] == Verdict.PENDING.value:
        return "open"
    if row["verdict"] == Verdict.CONTESTED.value:
        return "disputed"
    if row["erased_at"] is not None or row["facts"] is None:
        return "erased"
    if row["rebooking_at"] is not None and row["amount"] == 0 and row["share"]:
        return "can_be_rebooked"
    if row["verdict"] not in SETTLED or row["replaces_id"] is not None or row["replacement_at"] is not None:
        return "decided"
    outcome = row["outcome"]
    agreed = row["share"] if outcome is None else pinned.outcomes.get(Outcome(outcome))
    return None if (row["share"] or 0) == (agreed or 0) else "decided"


def _positions(connection: Connection, definition_id: UUID) -> dict[tuple[UUID, int], int]:
    """How many positions of each agreement's months are taken."""
    month = t.month_position.c
    query = (
        select(month.agreement_id, month.month, month.taken)
        .join(t.agreement, t.agreement.c.id == month.agreement_id)
        .where(t.agreement.c.definition_id == definition_id)
    )
    return {(row.agreement_id, row.month): row.taken for row in connection.execute(query)}


def _next(row: RowMapping, pinned: Pinned, taken: Mapping[tuple[UUID, int], int]) -> int:
    """The position that an appointment which was worth nothing would take: the next one of its month."""
    if not pinned.agreement.price.graduated:
        return 1
    month = Period.of(row["verdict_at"], pinned.definition.time_zone).number
    return taken.get((row["agreement_id"], month), 0) + 1


@cache
def _finding(value: str) -> CriterionFinding:
    return CriterionFinding(value)


def _past(row: RowMapping, pinned: Pinned, taken: Mapping[tuple[UUID, int], int]) -> Past:
    consent, slot = row["consent"], Slot(row["starts_at"], row["ends_at"])
    captured_at = None if consent is None else consent.get("captured_at")
    return Past(
        submission=Submission(
            reference=row["reference"],
            slot=slot,
            prospect=Prospect(region=row["region"]),
            channel=row["channel"],
            lead_created_at=row["lead_created_at"],
            facts=row["facts"],
            consent=None
            if consent is None
            else ConsentGiven(consent["basis"], None if captured_at is None else datetime.fromisoformat(captured_at)),
        ),
        submitted_at=row["submitted_at"],
        slot=slot,
        verdict=Verdict(row["verdict"]),
        said_at=row["verdict_at"],
        attendance=Finding(row["attendance"]),
        minutes=row["minutes"],
        criteria={name: _finding(value) for name, value in row["criteria"].items()},
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        share=row["share"] or 0,
        amount=row["amount"],
        base=base_price(pinned.agreement.price, row["position"] or _next(row, pinned, taken)),
    )
