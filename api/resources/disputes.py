"""`/v1/disputes`: contests and clawbacks, replies, messages, and the arbiter's decision.

Both parties and the arbiter see a dispute whole: both sides' messages and evidence.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, select, true

from api.auth import ARBITER, OPERATOR, PARTIES, visible
from api.endpoints import Resource
from api.resources.appointments import actor_of, findings_of, taken_in_hand
from api.resources.evidence import evidence_of, presence_of
from api.schemas import disputes as schemas
from api.schemas import page_of
from api.units import Answer, Command, Query, with_id
from ledger.domain.disputes import Position
from ledger.domain.errors import Unknown
from ledger.services import disputes, keeping
from ledger.services.desk import Desk
from ledger.store import tables as t

blueprint = Resource("disputes", description="Disputes: contests, clawbacks, contradictions, escalated silence.")

READERS = {*PARTIES, *OPERATOR}
SUPPLIER = t.organisation.alias("supplier")
BUYER = t.organisation.alias("buyer")


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
    dispute, arguments = t.dispute.c, query.arguments
    conditions: list[ColumnElement[bool]] = [true()]
    if "state" in arguments:
        conditions.append(dispute.state == arguments["state"])
    if "kind" in arguments:
        conditions.append(dispute.kind == arguments["kind"])
    if "appointment" in arguments:
        conditions.append(dispute.appointment_id == arguments["appointment"])
    listed = _disputes().where(visible(query.principal, t.dispute), and_(*conditions))
    return query.page(listed, [dispute.id], lambda row: _rendered(row, query.now))


@blueprint.query("/disputes/<uuid:dispute_id>", roles=READERS, answers=schemas.Dispute)
def show_dispute(query: Query, dispute_id: UUID) -> Answer:
    """Show a dispute with both sides' messages and evidence."""
    return Answer(_whole(query.connection, dispute_id, visible(query.principal, t.dispute), query.now))


@blueprint.command("/disputes/<uuid:dispute_id>/reply", roles=PARTIES, takes=schemas.ReplyBody, answers=schemas.Dispute)
def reply_to_dispute(command: Command, dispute_id: UUID) -> Answer:
    """Concede, which makes the claim true, or contest, which brings it to the arbiter."""
    actor, body = actor_of(command.principal), command.body
    desk = Desk(command.connection, command.now)
    case = disputes.in_hand(desk, dispute_id, actor, command.now)
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
    desk = Desk(command.connection, command.now)
    case = disputes.in_hand(desk, dispute_id, actor, command.now)
    with keeping(desk.flush):
        disputes.write(desk, case, dispute_id, command.body["message"], actor, command.now)
    desk.flush()
    return _answer(command, dispute_id)


@blueprint.command("/disputes/<uuid:dispute_id>/withdraw", roles=PARTIES, answers=schemas.Dispute)
def withdraw_dispute(command: Command, dispute_id: UUID) -> Answer:
    """Withdraw a dispute; the verdict stands as it was."""
    actor = actor_of(command.principal)
    desk = Desk(command.connection, command.now)
    case = disputes.in_hand(desk, dispute_id, actor, command.now)
    with keeping(desk.flush):
        disputes.withdraw(desk, case, dispute_id, actor, command.now)
    desk.flush()
    return _answer(command, dispute_id)


@blueprint.command(
    "/disputes/<uuid:dispute_id>/decision", roles={ARBITER}, takes=schemas.DecisionBody, answers=schemas.Dispute
)
def decide_dispute(command: Command, dispute_id: UUID) -> Answer:
    """Decide a dispute by findings, or by a share of the price, with a written reason."""
    actor, body = actor_of(command.principal), command.body
    desk = Desk(command.connection, command.now)
    case = disputes.in_hand(desk, dispute_id, actor, command.now)
    decision = body["share"] if body["findings"] is None else findings_of(body["findings"])
    with keeping(desk.flush):
        disputes.decide(desk, case, dispute_id, decision, body["reason"], actor, command.now)
    desk.flush()
    return _answer(command, dispute_id)


def _answer(command: Command, dispute_id: UUID, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(_whole(command.connection, dispute_id, true(), command.now), headers=headers or {})


def _disputes() -> Select[Any]:
    dispute = t.dispute.c
    return (
        select(t.dispute, SUPPLIER.c.slug.label("supplier"), BUYER.c.slug.label("buyer"))
        .join_from(t.dispute, SUPPLIER, SUPPLIER.c.id == dispute.supplier_id)
        .join(BUYER, BUYER.c.id == dispute.buyer_id)
    )


def _whole(connection: Connection, dispute_id: UUID, sees: ColumnElement[bool], now: datetime) -> dict[str, Any]:
    row = connection.execute(_disputes().where(t.dispute.c.id == dispute_id, sees)).mappings().one_or_none()
    if row is None:
        raise Unknown("there is no such dispute")
    message = t.dispute_message.c
    messages = connection.execute(
        select(message.party, message.body, message.sent_at)
        .where(message.dispute_id == dispute_id)
        .order_by(message.id)
    )
    return {
        **_rendered(row, now),
        "messages": [dict(said) for said in messages.mappings()],
        "evidence": evidence_of(connection, row["appointment_id"]),
        "presence": presence_of(connection, row["appointment_id"], now),
    }


def _rendered(row: Mapping[Any, Any], now: datetime) -> dict[str, Any]:
    names = (
        "id", "supplier", "buyer", "kind", "state", "opened_by", "reason", "claim", "held", "opened_at", "reply_at",
        "position", "decision_at", "resolution", "upheld", "decision", "decision_reason", "closed_at",
    )  # fmt: skip
    late = row["decision_at"] is not None and now >= row["decision_at"]
    return {**{name: row[name] for name in names}, "appointment": row["appointment_id"], "late": late}
