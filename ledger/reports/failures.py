"""Why appointments failed: by the clause that stood against them, and by the source they came from.

Puts together what `trade` counts (refusals by clause, outcomes) and which required criteria were refuted. What has
fallen due is counted as it will be settled; a disqualified appointment counts under its refuted criteria.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import String, cast, func, select

from ledger.domain.lifecycle import CriterionFinding
from ledger.domain.rates import Rate
from ledger.domain.terms import Outcome
from ledger.reports.scope import DIMENSIONS, Scope
from ledger.reports.trade import Tallies
from ledger.store import tables as t

_SOURCE = DIMENSIONS.index("source")
_FINE = frozenset({Outcome.ATTENDED.value, Outcome.DISQUALIFIED.value, "undecided"})


@dataclass(slots=True)
class Failure:
    """One clause. `kind` is `refused` (at submission), `refuted` (a criterion) or `outcome`."""

    kind: str
    clause: str
    by_source: Counter[str | None] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.by_source.total()


@dataclass(frozen=True, slots=True)
class Source:
    """What came from one source. `ruled` is with a verdict and not cancelled, `delivered` qualified and attended."""

    name: str | None
    taken: int
    refused: int
    ruled: int
    delivered: int
    cancelled: int

    @property
    def delivery(self) -> int | None:
        """Delivered out of ruled, in basis points; None where nothing was ruled on."""
        return Rate(self.delivered, self.ruled).basis_points


def failures(scope: Scope, tallies: Tallies) -> list[Failure]:
    """Every clause that stood against something, the most frequent first. `tallies` are divided by source."""
    found: dict[tuple[str, str], Failure] = {}

    def count(kind: str, clause: str, source: str | None, number: int) -> None:
        if number:
            found.setdefault((kind, clause), Failure(kind, clause)).by_source[source] += number

    for key, tally in tallies.items():
        for clause, number in tally.clauses.items():
            count("refused", clause, key[_SOURCE], number)
        for outcome, number in tally.outcomes.items():
            if outcome not in _FINE:
                count("outcome", f"outcomes.{outcome}", key[_SOURCE], number)
    for source, criterion, number in _refuted(scope):
        count("refuted", f"criteria.{criterion}", source, number)
    return sorted(found.values(), key=lambda each: (-each.total, each.kind, each.clause))


def _refuted(scope: Scope) -> Iterable[tuple[str | None, str, int]]:
    """Refuted criteria of what was disqualified, in groups of equal findings."""
    row = t.appointment.c
    findings = cast(row.criteria, String).label("findings")
    for span in scope.spans():
        inside = scope.within(t.appointment, row.starts_at, span)
        marked = select(row.source, findings).where(inside, row.outcome == Outcome.DISQUALIFIED.value)
        groups = marked.subquery()
        columns = (groups.c.source, groups.c.findings)
        for each in scope.connection.execute(select(*columns, func.count().label("number")).group_by(*columns)):
            ruled: Mapping[str, Any] = json.loads(each.findings)
            for name, finding in ruled.items():
                if finding == CriterionFinding.REFUTED.value:
                    yield each.source, name, each.number


def sources(tallies: Tallies) -> list[Source]:
    """What came from where, the largest first."""
    counts: dict[str | None, Counter[str]] = {}
    for key, tally in tallies.items():
        counts.setdefault(key[_SOURCE], Counter()).update(tally.counts)
    found = [
        Source(name, c["taken"], c["refused"], c["ruled"], c["delivered"], c["cancelled"]) for name, c in counts.items()
    ]
    return sorted(found, key=lambda each: (-(each.taken + each.refused), each.name or ""))
