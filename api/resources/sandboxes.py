"""`/v1/sandbox`: the test mode, where an integrator plays both sides and moves the clock.

A key that begins with `al_test_` reaches the sandbox's database and nothing else; a live key never reaches that. So no
query has to tell the two apart, and nothing there is billed, numbered, reported or verified with what is real.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from api.auth import PARTIES, visible
from api.databases import sandbox as playground
from api.demo import terms
from api.endpoints import Resource
from api.resources.disputes import decided
from api.resources.keys import shown_once
from api.schemas import sandboxes as schemas
from api.schemas.disputes import DecisionBody, Dispute
from api.units import Answer, Command, Query
from ledger.domain.errors import NotAllowed, Unknown
from ledger.services import dispute_reading, parties, sandboxes
from ledger.store.engine import writing

blueprint = Resource("sandbox", description="The test mode: play both sides, and move the clock.")


@blueprint.command("/sandbox", roles=PARTIES, answers=schemas.OpenedSandbox, status=201)
def open_sandbox(command: Command) -> Answer:
    """Open your sandbox with a live key: a counterpart, an agreement in force, and a test key for each side.

    Once more gives further keys to the same sandbox. What you do with a test key stays there.
    """
    if command.principal.is_test:
        raise NotAllowed("a sandbox is opened with a live key")
    who = parties.organisation(command.connection, str(command.principal.organisation_id))
    definition, agreement = _terms()
    with writing(playground().opened()) as connection:
        opened = sandboxes.open_sandbox(connection, who, definition, agreement, command.now)
        keys = {role: shown_once(connection, issued) for role, issued in opened.keys.items()}
        shown = _shown(connection, opened.row, command.now)
    return Answer({**shown, "keys": keys}, confidential=True)


@blueprint.query("/sandbox", roles=PARTIES, answers=schemas.Sandbox, finds=True)
def show_sandbox(query: Query) -> Answer:
    """Show the sandbox of a test key, with the time there."""
    row = sandboxes.show(query.connection, query.principal.organisation_id)
    return Answer(_described(row, query.now))


@blueprint.command("/sandbox/clock", roles=PARTIES, takes=schemas.ClockBody, answers=schemas.Clock)
def move_sandbox_clock(command: Command) -> Answer:
    """Move the sandbox's clock on: what falls due on the way takes effect at its deadline, as it would have."""
    owner = command.principal.organisation_id
    until = command.body["to"] or command.now + timedelta(**command.body["advance"])
    settled = sandboxes.advance(command.connection, owner, until, command.now)
    row = sandboxes.show(command.connection, owner)
    return Answer({"now": until, "advanced_seconds": row["advanced"], "settled": settled})


@blueprint.command("/sandbox/disputes/<uuid:dispute_id>/decision", roles=PARTIES, takes=DecisionBody, answers=Dispute)
def decide_sandbox_dispute(command: Command, dispute_id: UUID) -> Answer:
    """Let your sandbox's arbiter decide a dispute as you like: by findings, or by a share of the price.

    What `POST /v1/disputes/{id}/decision` is for the operator's arbiter.
    """
    sandboxes.show(command.connection, command.principal.organisation_id)
    whose = partial(visible, command.principal)
    if dispute_reading.one(command.connection, dispute_id, whose, command.now) is None:
        raise Unknown("there is no such dispute")
    return decided(command, dispute_id, sandboxes.ARBITER)


def _shown(connection: Connection, row: Mapping[Any, Any], now: datetime) -> dict[str, Any]:
    return _described(row, sandboxes.now_in(connection, row["organisation_id"], now))


def _described(row: Mapping[Any, Any], now: datetime) -> dict[str, Any]:
    return {
        "organisation": row["organisation"],
        "counterpart": row["counterpart"],
        "definition": row["definition"],
        "agreement": row["agreement_id"],
        "now": now,
        "advanced_seconds": row["advanced"],
    }


def _terms() -> tuple[dict[str, Any], dict[str, Any]]:
    """Terms under which nothing stands in the way of a first try; the sandbox's buyer can draft others."""
    definition = terms.finance_review()
    definition["attendance"]["contact_attempts"] = 0
    definition["intake"] |= {
        "submit_before": {"hours": 0},
        "lead_age": None,
        "consent": {"required": False, "bases": [], "max_age": None, "regions": []},
        "caps": {"day": None, "week": None, "month": None},
    }
    tax = {"category": "S", "rate": 2000}
    return definition, terms.agreement(definition["slug"], [(1, 18_000)], {"budget": 2_500}, tax, None, "2020-01-01")
