"""`/v1/definitions/{slug}/draft/dry-run`: a draft replayed over past appointments. Nothing changes.

The replay runs in a snapshot of its own before the command's transaction is opened: nobody waits for it.
"""

from collections.abc import Mapping
from typing import Any

from api.auth import ADMIN, BUYER, Principal
from api.databases import database
from api.endpoints import Resource
from api.schemas import dry_runs as schemas
from api.units import Answer, Command, clock
from ledger.domain.errors import IllegalMove, Malformed
from ledger.services import definition_reading, dry_runs
from ledger.services.dry_runs import DryRun, Effect
from ledger.store.engine import reading

blueprint = Resource("dry_runs", description="What a draft would have changed.")


def _replayed(body: Mapping[str, Any], principal: Principal, path: Mapping[str, Any]) -> dict[str, Any]:
    if body["period"] is not None and (body["from_"] is not None or body["to"] is not None):
        raise Malformed.at("/period", "Name a period, or from and to.")
    with reading(database().engine) as connection:
        head = definition_reading.find(connection, path["reference"], principal, clock())
        if head["draft"] is None:
            raise IllegalMove("there is no draft; the newest version is published", code="no_draft")
        since, until = body["from_"], body["to"]
        if body["period"] is not None:
            zone = head["document"]["time_zone"]
            since, until = body["period"].start(zone), body["period"].end(zone)
        found = dry_runs.dry_run(connection, head["id"], head["draft"], since=since, until=until)
    return {"definition": head["slug"], **rendered(found)}


@blueprint.command(
    "/definitions/<reference>/draft/dry-run",
    roles={ADMIN, BUYER},
    takes=schemas.DryRunBody,
    answers=schemas.DryRun,
    prepare=_replayed,
)
def dry_run_draft(command: Command, reference: str) -> Answer:
    """Replay the draft over past appointments: how many outcomes and how much money each clause would have changed.

    Judged are settled appointments, by the facts and the words on record; those that are open, disputed or were settled
    by a dispute are counted and left as they are, and so are clauses that would have made people act differently
    (`replayed` is false). Money is after minus before. Nothing changes.
    """
    return Answer(command.body)


def rendered(found: DryRun) -> dict[str, Any]:
    """The result as it goes out, the clauses with the largest effect first."""
    clauses = sorted(found.clauses.values(), key=lambda clause: (-abs(clause.effect.money), -clause.effect.outcomes))
    return {
        "version": found.version,
        "currency": found.currency,
        "appointments": found.replayed,
        "left_out": [{"reason": reason, "appointments": count} for reason, count in sorted(found.left_out.items())],
        "before": found.before,
        "after": found.after,
        "together": _effect(found.together),
        "clauses": [
            {"clause": each.clause, "sentence": each.sentence, "replayed": each.replayed, **_effect(each.effect)}
            for each in clauses
        ],
    }


def _effect(effect: Effect) -> dict[str, Any]:
    cells = sorted(effect.matrix.items(), key=lambda cell: (-cell[1][0], cell[0]))
    return {
        "outcomes": effect.outcomes,
        "amounts": effect.amounts,
        "money": effect.money,
        "changes": [
            {"from": before, "to": after, "appointments": count, "money": money}
            for (before, after), (count, money) in cells
        ],
    }
