"""`/v1/disputes`: contests and clawbacks, replies, messages, and the arbiter's decision.

Both parties and the arbiter see a dispute whole: both sides' messages and evidence.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, true

from api import etags
from api.auth import ARBITER, OPERATOR, PARTIES, visible
from api.endpoints import Resource
from api.resources.appointments import actor_of, findings_of, taken_in_hand
from api.resources.evidence import evidence_of, presence_of
from api.schemas import disputes as schemas
from api.schemas import page_of
from api.units import Answer, Command, Query, with_id
from ledger.domain.disputes import Position
from ledger.domain.errors import Unknown, VersionMismatch
from ledger.services import Kept, dispute_reading, disputes, keeping, private
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.store import tables as t

blueprint = Resource("disputes", description="Disputes: contests, clawbacks, contradictions, escalated silence.")

READERS = {*PARTIES, *OPERATOR}


@blueprint.command(
    "/appointments/<uuid:appointment_id>/disputes",
    roles=PARTIES,
    takes=schemas.DisputeBody,
    answers=schemas.Dispute,
    status=201,
)
def open_dispute(command: Command, appointment_id: UUID) -> Answer:
    """Open a dispute: a contest by the supplier, a clawback by the buyer.

    Only what the parties disagree on is held. A clawback above the return cap is refused (422, `return_cap_reached`).
    """
    actor, body = actor_of(command.principal), command.body
    desk, case = taken_in_hand(command, appointment_id, actor)
    with keeping(desk.flush):
        dispute_id = disputes.open_dispute(
            desk, case, body["reason"], findings_of(body["claim"]), body["message"], actor, command.now
        )
    desk.flush()
    return _answer(command, dispute_id, headers=with_id("/v1/disputes", dispute_id))


@blueprint.query("/disputes", roles=READERS, answers=page_of(schemas.DisputeItem), arguments=schemas.DisputeFilters)
def list_disputes(query: Query) -> Answer:
    """List disputes, newest first."""
    filters = {name: value for name, value in query.arguments.items() if name not in ("limit", "cursor")}
    listing = query.listing()
    rows, following = dispute_reading.page(
        query.connection,
        partial(visible, query.principal),
        dispute_reading.Filters(**filters),
        query.now,
        limit=listing.limit,
        after=listing.after(),
    )
    slugs = _slugs(query.connection, rows)
    items = [_rendered(row, slugs, query.now) for row in rows]
    return Answer({"items": items, "next_cursor": None if following is None else listing.cursor_for(following)})


@blueprint.query("/disputes/<uuid:dispute_id>", roles=READERS, answers=schemas.Dispute, versioned=True)
def show_dispute(query: Query, dispute_id: UUID) -> Answer:
    """Show a dispute with both sides' messages and evidence."""
    shown = _whole(query.connection, dispute_id, partial(visible, query.principal), query.now)
    return Answer(shown, version=_version(shown))


@blueprint.command("/disputes/<uuid:dispute_id>/reply", roles=PARTIES, takes=schemas.ReplyBody, answers=schemas.Dispute)
def reply_to_dispute(command: Command, dispute_id: UUID) -> Answer:
    """Concede, which makes the claim true, or contest, which brings it to the arbiter."""
    actor, body = actor_of(command.principal), command.body
    desk, case = _in_hand(command, dispute_id, actor)
    with keeping(desk.flush):
        disputes.reply(desk, case, dispute_id, Position(body["position"]), body["message"], actor, command.now)
    desk.flush()
    return _answer(command, dispute_id)


@blueprint.command(
    "/disputes/<uuid:dispute_id>/messages",
    roles=READERS,
    takes=schemas.MessageBody,
    answers=schemas.Dispute,
    status=201,
)
def write_to_dispute(command: Command, dispute_id: UUID) -> Answer:
    """Write a message, for both sides and the arbiter to read."""
    actor = actor_of(command.principal)
    desk, case = _in_hand(command, dispute_id, actor)
    with keeping(desk.flush):
        disputes.write(desk, case, dispute_id, command.body["message"], actor, command.now)
    desk.flush()
    return _answer(command, dispute_id)


@blueprint.command(
    "/disputes/<uuid:dispute_id>/withdraw", roles=PARTIES, takes=schemas.WithdrawalBody, answers=schemas.Dispute
)
def withdraw_dispute(command: Command, dispute_id: UUID) -> Answer:
    """Withdraw a dispute; the verdict stands as it was."""
    actor = actor_of(command.principal)
    desk, case = _in_hand(command, dispute_id, actor)
    with keeping(desk.flush):
        disputes.withdraw(desk, case, dispute_id, actor, command.now, message=command.body["message"])
    desk.flush()
    return _answer(command, dispute_id)


@blueprint.command(
    "/disputes/<uuid:dispute_id>/decision", roles={ARBITER}, takes=schemas.DecisionBody, answers=schemas.Dispute
)
def decide_dispute(command: Command, dispute_id: UUID) -> Answer:
    """Decide a dispute by findings, or by a share of the price, with a written reason."""
    return decided(command, dispute_id, actor_of(command.principal))


def decided(command: Command, dispute_id: UUID, actor: Actor) -> Answer:
    """The dispute as the actor decides it in the command's body."""
    body = command.body
    desk, case = _in_hand(command, dispute_id, actor)
    decision = body["share"] if body["findings"] is None else findings_of(body["findings"])
    with keeping(desk.flush):
        disputes.decide(desk, case, dispute_id, decision, body["reason"], actor, command.now)
    desk.flush()
    return _answer(command, dispute_id)


def _answer(command: Command, dispute_id: UUID, headers: Mapping[str, str] | None = None) -> Answer:
    shown = _whole(command.connection, dispute_id, lambda _table: true(), command.now)
    return Answer(shown, version=_version(shown), headers=headers or {})


def _in_hand(command: Command, dispute_id: UUID, actor: Actor) -> tuple[Desk, Case]:
    """The dispute's appointment on a desk, settled. Raises `Kept` where `If-Match` names another version."""
    desk = Desk(command.connection, command.now)
    case = disputes.in_hand(desk, dispute_id, actor, command.now)
    expected = command.expected_version
    if expected is not None:
        desk.flush()
        if expected != _version(_whole(command.connection, dispute_id, lambda _table: true(), command.now)):
            raise Kept(VersionMismatch("the dispute has changed since you read it"))
    return desk, case


def _version(shown: Mapping[str, Any]) -> int:
    """What a party would read again before it acts: how the dispute stands, and what was said and shown."""
    stands = (shown["state"], shown["position"], shown["resolution"])
    return etags.version_of(*stands, len(shown["messages"]), len(shown["evidence"]))


def _slugs(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> dict[UUID, str]:
    wanted = {row[side] for row in rows for side in ("supplier_id", "buyer_id")}
    query = select(t.organisation.c.id, t.organisation.c.slug).where(t.organisation.c.id.in_(wanted))
    return {row.id: row.slug for row in connection.execute(query)}


def _whole(connection: Connection, dispute_id: UUID, sees: dispute_reading.Sees, now: datetime) -> dict[str, Any]:
    row = dispute_reading.one(connection, dispute_id, sees, now)
    if row is None:
        raise Unknown("there is no such dispute")
    message, key = t.dispute_message.c, private.key_of(connection, row["appointment_id"])
    messages = connection.execute(
        select(message.party, message.body, message.sent_at)
        .where(message.dispute_id == dispute_id)
        .order_by(message.id)
    )
    return {
        **_rendered(row, _slugs(connection, [row]), now),
        "messages": [{**said, "body": private.opened_text(key, said["body"])} for said in messages.mappings()],
        "evidence": evidence_of(connection, row["appointment_id"]),
        "presence": presence_of(connection, row["appointment_id"], now),
    }


def _rendered(row: Mapping[str, Any], slugs: Mapping[UUID, str], now: datetime) -> dict[str, Any]:
    names = (
        "id", "kind", "state", "opened_by", "reason", "claim", "held", "opened_at", "reply_at",
        "position", "decision_at", "resolution", "upheld", "decision", "decision_reason", "closed_at",
    )  # fmt: skip
    late = row["decision_at"] is not None and now >= row["decision_at"]
    sides = {side: slugs[row[f"{side}_id"]] for side in ("supplier", "buyer")}
    return {**{name: row[name] for name in names}, **sides, "appointment": row["appointment_id"], "late": late}
